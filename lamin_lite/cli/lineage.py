"""``lineage``: print what a record came from, and what was made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import finding

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A record, and in which directions."""
    finding.add_arguments(parser)
    parser.add_argument("--no-children", action="store_true", help="leave out what was made from it")


def run(arguments: argparse.Namespace) -> int:
    """Print the trees."""
    row = finding.record(finding.opened(arguments.instance), arguments.record)
    row.view_lineage(with_children=not arguments.no_children)
    return 0
