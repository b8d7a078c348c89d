"""No row stands above itself: as its own type, parent or initiator, directly or over other rows."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import ForeignKey
from .registry import called, query

if TYPE_CHECKING:
    from collections.abc import Container
    from typing import Any

    from ..sql.database import Transaction


def check_fields(tx: Transaction, row: Any, columns: Container[str]) -> None:
    """Refuse what these columns of a saved row name in its own registry, if that leads back to the row."""
    table = row.__table__
    for field in table.fields.values():
        if isinstance(field, ForeignKey) and field.to == table.name and field.column in columns:
            step = f"SELECT t.{field.column} FROM {table.name} t JOIN reached ON t.id = reached.id"
            _check(tx, row, row._values[field.column], step, f"as its {field.name}")


def check_link(tx: Transaction, row: Any, relation: Any, number: int) -> None:
    """Refuse to link a row to another one of its registry that is linked to it already the other way round."""
    if relation.to == row.__table__.name:
        far, near, links = relation.far, relation.near, relation.through
        step = f"SELECT l.{far} FROM {links} l JOIN reached ON l.{near} = reached.id"
        _check(tx, row, number, step, f"among its {relation.name}")


def _check(tx: Transaction, row: Any, other: Any, step: str, how: str) -> None:
    if other is None:
        return
    found = tx.one(
        f"WITH RECURSIVE reached(id) AS (SELECT id FROM {row.__table__.name} WHERE id = ? UNION {step}) "
        "SELECT 1 FROM reached WHERE id = ?",
        [other, row.id],
    )
    if found is not None:
        there = query(lookups.models[row.__table__.name], row._store).filter(id=other).one()
        whom = "itself" if other == row.id else called(there)
        raise errors.InvalidArgument(
            f"{called(row)} cannot have {whom} {how}, as it would be above itself: choose another row, or undo first what "
            "leads back to it."
        )
