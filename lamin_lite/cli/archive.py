"""``archive``: put a row aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import finding, output, registries

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("archive results/2025.csv", "list artifacts --archive")
NOTES = """
A name in the archive is not free for another row, one in the trash is.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row."""
    finding.add_arguments(parser)
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Put it aside, and say how it comes back."""
    instance, row = finding.of(arguments)
    row.archive()
    sentence = f"{registries.called(row)} is in the archive: `{finding.again('restore', row)}` brings it back"
    output.done(instance, row, "archived", sentence, as_json=arguments.json)
    return 0
