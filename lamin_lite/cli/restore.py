"""``restore``: bring a row back from the trash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import finding, output, registries

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("restore a.csv", "list artifacts --trash")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row in the trash."""
    finding.add_arguments(parser)
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Bring it back."""
    instance = finding.opened(arguments.instance)
    row = finding.record(instance, arguments.what, arguments.registry, trashed=True)
    row.restore()
    output.done(instance, row, "restored", f"{registries.called(row)} is back", as_json=arguments.json)
    return 0
