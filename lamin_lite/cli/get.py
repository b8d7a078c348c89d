"""``get``: the fields of one row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base import display
from . import finding, output

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("get results/summary.json", "get run 5kQ2 --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row."""
    finding.add_arguments(parser)
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print its fields, aligned."""
    instance, row = finding.of(arguments)
    (facts,) = output.facts(instance, [row])
    if arguments.json:
        output.document(facts)
    else:
        display.show(output.field_list(facts))
    return 0
