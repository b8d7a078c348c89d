"""``describe``: all that is known of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import LaminLiteError
from ..sql.relations import ParamsIndex
from . import finding, output

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance

EXAMPLES = ("describe my_script.py", "describe artifact results/summary.json --json")
MOST = 100  #: related rows of one kind in the JSON document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row."""
    finding.add_arguments(parser)
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the tree, or its fields and related rows as JSON."""
    instance, row = finding.of(arguments)
    if arguments.json:
        output.document(_document(instance, row))
    else:
        row.describe()
    return 0


def _document(instance: Instance, row: Any) -> dict[str, Any]:
    (facts,) = output.facts(instance, [row])
    if hasattr(type(row), "path"):
        facts["path"] = _path(row)
    values: Any = row.features if hasattr(type(row), "features") else None
    if hasattr(values, "get_values"):
        facts["features"] = values.get_values()
    related = {}
    for name, relation in row.__relations__.items():
        if isinstance(relation, ParamsIndex):
            continue
        rows = getattr(row, name)
        related[name] = {"total": rows.count(), "rows": [output.brief(each) for each in rows[:MOST]]}
    return {**facts, "related": related}


def _path(row: Any) -> Any:
    try:
        return str(row.path)
    except (LaminLiteError, OSError):  # the bytes are not there: `describe` in words says why
        return None
