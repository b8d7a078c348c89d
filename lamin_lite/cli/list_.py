"""``list``: the rows of a registry that meet conditions, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..base import display
from ..errors import InvalidArgument
from ..models import Feature
from ..models.base import ARCHIVE, TRASH
from ..sql.lookups import Q, is_field, unknown_field
from . import finding, given, output, registries
from .program import Usage

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance
    from ..sql.query import QuerySet

LIMIT = 20
EXAMPLES = (
    "list artifacts",
    "list runs --filter status=errored params__learning_rate__gt=0.01 --order-by -started_at",
    "list artifacts --filter projects='My project' temperature__gt=20 --include temperature run__params__learning_rate",
    "list transforms --filter key__contains=ingest --limit 0 --json",
)
NOTES = """
Filters are the lookups of `filter()` in Python: `field=value`, `field__lookup=value`, also across relations, into params
(`params__name__lookup=value`) and by features (`feature=value`). A value is JSON if it parses, else text; `null`, `true`
and `["a", "b"]` are JSON. A related row is named by its key, name or uid: `transform=a.py`. All filters must hold; a name
that is given again may be about another related row: `projects=A projects=B` is what is in both. In a terminal the table
is made to fit: texts are cut (`…`), and columns that have no room are left out and named.
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
        "--order-by",
        metavar="FIELD",
        action="append",
        default=[],
        help="-FIELD: descending; several are divided by commas; without it the newest come first",
    )
    parser.add_argument(
        "--include",
        metavar="NAME",
        nargs="+",
        action="extend",
        default=[],
        help="more columns: names of features, params__NAME, fields of related rows such as projects__name",
    )
    hidden = parser.add_mutually_exclusive_group()
    hidden.add_argument("--trash", action="store_true", help="what is in the trash instead")
    hidden.add_argument("--archive", action="store_true", help="what is in the archive instead")
    finding.add_common(parser)


def limit(text: str) -> int:
    """A whole number, for ``argparse``."""
    import argparse

    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows, such as {LIMIT}, or 0 for all")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Print the table, and where it is cut say so."""
    instance, model = finding.opened(arguments.instance), arguments.registry
    found = _found(instance, arguments)
    page = found[: arguments.limit] if arguments.limit else found
    rows = output.facts(instance, list(page))
    total = found.count() if len(rows) == arguments.limit else len(rows)
    _include(instance, model, page, rows, arguments.include)
    name = registries.name(model)
    if arguments.json:
        output.document({"registry": name, "total": total, "rows": rows})
        return 0
    if rows:
        output.show_table(rows, output.columns_of(name), arguments.include)
    _say(arguments, len(rows), total)
    return 0


def _found(instance: Instance, arguments: argparse.Namespace) -> QuerySet[Any]:
    model = arguments.registry
    conditions = given.conditions(instance, model, arguments.filter)
    if arguments.trash or arguments.archive:
        if "branch" not in model.__table__.fields:
            option = "--trash" if arguments.trash else "--archive"
            raise InvalidArgument(f"{registries.plural(model)} have no trash and no archive: leave {option} out.")
        conditions.append(Q(branch_id=TRASH if arguments.trash else ARCHIVE))
    order = [name for text in arguments.order_by for name in text.split(",")] or ["-id"]
    if "" in order:
        raise Usage("--order-by needs names of fields")
    rows = registries.manager(instance, model).filter()
    for call in _calls([name for name, _ in arguments.filter], conditions):
        rows = rows.filter(*call)
    return rows.order_by(*order)


def _calls(names: list[str], conditions: list[Q]) -> list[list[Q]]:
    """What is asked at once, of one related row: a name that is given again asks anew, as projects=A projects=B does."""
    calls: list[list[Q]] = [conditions[len(names) :]]
    for at, name in enumerate(names):
        again = names[:at].count(name)
        calls += [[]] if again == len(calls) else []
        calls[again].append(conditions[at])
    return calls


def _include(instance: Instance, model: Any, page: QuerySet[Any], rows: list[dict[str, Any]], names: list[str]) -> None:
    """Add what was asked for beyond the fields."""
    paths = [name for name in names if is_field(model, name.split("__")[0])]
    features = [name for name in names if name not in paths]
    manager = registries.manager(instance, Feature)
    for name in features:
        if not manager.filter(name=name, is_type=False).exists():
            raise unknown_field(model, name, manager.filter(is_type=False).values_list("name", flat=True))
    if names and rows:
        more = {row["uid"]: row for row in page.to_dicts(include=paths, features=features or None)}
        for row in rows:
            row.update({name: more.get(row["uid"], {}).get(name) for name in names if name not in row})


def _say(arguments: argparse.Namespace, shown: int, total: int) -> None:
    where = " in the trash" if arguments.trash else " in the archive" if arguments.archive else ""
    many = f"{registries.plural(arguments.registry)}{where}"
    if not shown:
        display.info(f"no {many}" + (" match" if arguments.filter else ""))
    elif total > shown:
        display.info(f"{shown:,} of {total:,} {many}: --limit 0 shows all")
