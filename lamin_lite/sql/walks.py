"""Whether it is worth to look through the beginning of an order before an index is asked.

A database without statistics believes that few rows have a value that an index knows. Where most have it, as all runs
are of one person, it would read and sort them all to give the first. The conditions of which that is to be feared are
told here by their fields.
"""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from .fields import ForeignKey, TextField, TimeField
from .lookups import Q

if TYPE_CHECKING:
    from typing import Any

    from .columns import Column
    from .schema import Table

LEAST = 200  #: rows that are looked through at the beginning of an order
EACH = 10  #: of them for each row that is wanted


def ahead(wanted: int) -> int:
    """Rows to look through for so many that are wanted."""
    return max(LEAST, EACH * wanted)


def is_met_by_most(q: Q) -> bool:
    """Whether a condition asks for nothing but what is not hidden."""
    return not q.negated and all(
        is_met_by_most(child) if isinstance(child, Q) else child[0] == "branch_id__gt" for child in q.children
    )


def may_be_many(model: Any, q: Q, order: Column) -> bool:
    """Whether an index leads to rows that are perhaps many, and that are not in this order there, while another has it."""
    table, column = model.__table__, order.field.column
    if order.joined or order.inside or (column != "id" and column not in _led(table)):
        return False
    return any(_may_be_many(table, name.split("__"), column) for name in _asked(q))


def _asked(q: Q) -> list[str]:
    """The lookups that must all hold."""
    if q.negated or (q.operator != "AND" and len(q.children) > 1):
        return []
    return [name for child in q.children for name in (_asked(child) if isinstance(child, Q) else [child[0]])]


def _may_be_many(table: Table, path: list[str], order: str) -> bool:
    field, lookup = table.fields.get(path[0]), path[1:]
    if field is None or field.column == order:
        return False
    if isinstance(field, TimeField):
        return bool(lookup) and lookup != ["exact"] and field.column in _led(table)
    if isinstance(field, ForeignKey) or (isinstance(field, TextField) and field.choices):
        joint = any(index.columns.startswith(f"{field.column}, {order}") for index in table.indexes)
        return bool(lookup) or (order != "id" and not joint)
    return False


def _led(table: Table) -> set[str]:
    """The columns in whose order an index gives all rows."""
    led = {index.columns.split(",")[0] for index in table.indexes if index.where is None}
    return led | {field.column for field in table.fields.values() if field.unique}
