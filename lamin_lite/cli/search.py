"""``search``: rows whose key, name or description is like a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..base import display
from . import finding, list_, output, registries

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("search summary", "search expriment --registry record --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A text, and where to look."""
    parser.add_argument("text", metavar="TEXT", help="part of a name; small mistakes in it are forgiven")
    parser.add_argument("--registry", metavar="REGISTRY", type=registries.named, help="look only in this one")
    parser.add_argument(
        "--limit", metavar="N", type=list_.limit, default=20, help="at most so many rows (%(default)s); 0: all"
    )
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what is found, the best first."""
    instance = finding.opened(arguments.instance)
    among = [arguments.registry] if arguments.registry else [*registries.known().values()]
    most = arguments.limit or None
    rows = [
        row
        for model in among
        for row in registries.manager(instance, model).filter().search(arguments.text, limit=most)
    ]
    wanted = arguments.text.casefold()
    rows.sort(key=lambda row: _distance(registries.title(row).casefold(), wanted))
    shown = [_line(row) for row in rows[:most]]
    if arguments.json:
        output.document({"text": arguments.text, "rows": shown})
        return 0
    if shown:
        output.show_table(shown, ["registry", "uid", "title", "description"])
    else:
        display.info("nothing is like that")
    return 0


def _distance(title: str, wanted: str) -> int:
    """Of several registries the exact ones first; within one the order is that of the registry."""
    return 0 if title == wanted else 1 if title.startswith(wanted) else 2 if wanted in title else 3


def _line(row: Any) -> dict[str, Any]:
    description = getattr(row, "description", None) if "description" in row.__table__.fields else None
    return {
        "registry": registries.name(type(row)),
        "uid": row.uid,
        "title": registries.title(row),
        "description": description,
    }
