"""``restore``: bring a row back from the trash or the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import finding, output, registries

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("restore a.csv", "list artifacts --trash")
NOTES = """
A row whose key or name another one has taken meanwhile stays where it is, and that one is named.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row in the trash or the archive."""
    finding.add_arguments(parser)
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Bring it back."""
    instance, row = finding.of(arguments, finding.PUT_AWAY)
    row.restore()
    output.done(instance, row, "restored", f"{registries.called(row)} is back", as_json=arguments.json)
    return 0
