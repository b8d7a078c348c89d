"""Rows that somebody locked: they stay as they are until somebody unlocks them."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql.fields import BoolField
from .registry import called

if TYPE_CHECKING:
    from typing import Any

    from ..sql.database import Transaction
    from .base import SQLRecord


UNLOCKS = "ends its lock"  #: among the values of a row, so that it comes back with them if its save fails


class LockField(BoolField["bool"]):
    """Whether the row is locked. Only who sets it to False unlocks: not who saves what was read before it was locked."""

    def __set__(self, row: Any, value: bool) -> None:
        super().__set__(row, value)
        row._values[UNLOCKS] = value is False and row.id is not None


def check(tx: Transaction, row: SQLRecord) -> None:
    """Raise `Conflict` if a saved row is locked, unless this very change unlocks it."""
    if row.id is None or row._values.get(UNLOCKS) or "is_locked" not in row.__table__.fields:
        return
    found = tx.one(f"SELECT is_locked FROM {row.__table__.name} WHERE id = ?", [row.id])
    if found is not None and found[0]:
        raise refusal(row)


def refusal(row: SQLRecord) -> errors.Conflict:
    """The error for a change of a row that is locked."""
    return errors.Conflict(f"{called(row)} is locked: set its is_locked to False and save it, then change it.")
