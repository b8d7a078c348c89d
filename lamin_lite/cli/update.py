"""``update``: other values for fields of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import finding, given, output, registries

if TYPE_CHECKING:
    import argparse

EXAMPLES = (
    "update project 'My project' url=https://example.org description='What we do'",
    "update artifact a.csv key=raw/a.csv version=v1",
    "update record Experiment1 description=null",
)
NOTES = """
A value is JSON if it parses, else text; `null` empties a field. What was recorded of the past (hashes, sizes, times,
links of runs) cannot be changed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row and its new values."""
    registries.add_argument(parser)
    finding.add_what(parser)
    parser.add_argument("fields", metavar="FIELD=VALUE", type=given.pair, nargs="+", help="what to change")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Change all of it, or nothing."""
    instance, model = finding.opened(arguments.instance), arguments.registry
    row = finding.record(instance, arguments.what, model)
    values = given.changes(instance, model, arguments.fields)
    with instance.database.write("update"):
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    sentence = f"changed {', '.join(values)} of {registries.called(row)}"
    output.done(instance, row, "updated", sentence, as_json=arguments.json)
    return 0
