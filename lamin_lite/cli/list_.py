"""``list``: the rows of a registry that meet conditions, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..base import display
from ..errors import InvalidArgument
from ..models.base import TRASH
from . import finding, given, output, registries

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance
    from ..sql.query import QuerySet

LIMIT = 20
EXAMPLES = (
    "list artifacts",
    "list runs --filter status=errored params__learning_rate__gt=0.01 --order-by -started_at",
    "list transforms --filter key__contains=ingest --limit 0 --json",
)
NOTES = """
Filters are the lookups of `filter()` in Python: `field=value`, `field__lookup=value`, also across relations. A value is
JSON if it parses, else text; `null`, `true` and `["a", "b"]` are JSON. All filters must hold.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which rows, in which order."""
    registries.add_argument(parser)
    parser.add_argument(
        "--filter",
        metavar="NAME=VALUE",
        type=given.pair,
        nargs="+",
        action="extend",
        default=[],
        help="a condition, such as status=errored or transform__key__contains=ingest",
    )
    parser.add_argument(
        "--limit", metavar="N", type=limit, default=LIMIT, help="at most so many rows (%(default)s); 0: all"
    )
    parser.add_argument(
        "--order-by", metavar="FIELD", default="-id", help="-FIELD: descending; without it the newest come first"
    )
    parser.add_argument("--trash", action="store_true", help="what is in the trash instead")
    finding.add_common(parser)


def limit(text: str) -> int:
    """A whole number, for ``argparse``."""
    import argparse

    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows, such as {LIMIT}, or 0 for all")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Print the table, and where it is cut say so."""
    instance = finding.opened(arguments.instance)
    found = _rows(instance, arguments)
    shown = list(found[: arguments.limit] if arguments.limit else found)
    total = found.count() if len(shown) == arguments.limit else len(shown)
    rows = output.facts(instance, shown)
    name = registries.name(arguments.registry)
    if arguments.json:
        output.document({"registry": name, "total": total, "rows": rows})
        return 0
    if rows:
        display.show(output.table(rows, output.columns_of(name)))
    many = registries.plural(arguments.registry)
    where = " in the trash" if arguments.trash else ""
    if not rows:
        display.info(f"no {many}{where}" + (" match" if arguments.filter else ""))
    elif total > len(rows):
        display.info(f"{len(rows):,} of {total:,} {many}{where}: --limit 0 shows all")
    return 0


def _rows(instance: Instance, arguments: argparse.Namespace) -> QuerySet[Any]:
    manager = registries.manager(instance, arguments.registry)
    conditions = given.conditions(manager, arguments.filter)
    if arguments.trash and "branch" not in arguments.registry.__table__.fields:
        raise InvalidArgument(f"{registries.plural(arguments.registry)} do not go to the trash: leave --trash out.")
    if arguments.trash:
        conditions["branch_id"] = TRASH
    return manager.filter(**conditions).order_by(arguments.order_by)
