"""``describe``: print all that is known of a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import finding

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A record."""
    finding.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the tree."""
    finding.record(finding.opened(arguments.instance), arguments.record).describe()
    return 0
