"""What somebody changed of a row: a save writes that, and leaves alone what others changed meanwhile.

A row remembers the cells that it was read or last written with, as the tuple that came from the database. What
differs from them was changed through this row; all else is as the database has it.
"""

from __future__ import annotations

from .. import errors
from ..base import clock
from ..base._typing import TYPE_CHECKING
from . import locks
from .registry import called

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Any

    from ..sql.database import Transaction
    from .base import SQLRecord

#: among the values of a row, which are put back if its save fails: the cells, as the database had them last
KEPT = "kept cells"

#: fields that no registry judges, and from which nothing else follows: many rows get them in one statement
PLAIN = frozenset(
    "description reference reference_type entrypoint cli_args status exit_code started_at finished_at extra_data "
    "is_locked space run report environment".split()
)


class undoing:
    """Rows are what they were if what is done with them fails: what was not written can be saved again.

    That is also what a new row knows until it is written, such as its source, and the version that it follows.
    """

    def __init__(self, rows: Iterable[SQLRecord]) -> None:
        self._before = [(row, {**row.__dict__, "_values": dict(row._values)}) for row in rows]

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for row, state in self._before:
                row.__dict__.clear()
                row.__dict__.update(state)


def of(row: SQLRecord) -> dict[str, Any]:
    """The cells that differ from those that are kept, by their columns."""
    table = row.__table__
    return table.changes(table.cells(row._values), row._values[KEPT])


def was(row: SQLRecord, column: str) -> Any:
    """The cell of this column as it is kept."""
    return row._values[KEPT][row.__table__.columns.index(column)]


def wrote(row: SQLRecord, cells: Mapping[str, Any]) -> None:
    """Take over what a statement has just written to these columns of a saved row."""
    for field in row.__table__.fields.values():
        if field.column in cells:
            row._values[field.column] = field.from_db(cells[field.column])
    _keep(row, cells)


def _keep(row: SQLRecord, cells: Mapping[str, Any]) -> None:
    known = zip(row.__table__.columns, row._values[KEPT])
    row._values[KEPT] = tuple([cells.get(column, old) for column, old in known])


def catch_up(tx: Transaction, row: SQLRecord) -> None:
    """Take over what others changed of a saved row since it was read; what was changed here stays, to be written.

    So all that a save judges is judged by what will be there. Raises `Conflict` for a row that is gone.
    """
    table, values = row.__table__, row._values
    now = tx.one(f"SELECT {', '.join(table.columns)} FROM {table.name} WHERE id = ?", [row.id])
    if now is None:
        raise errors.Conflict(f"{called(row)} was removed for good meanwhile: make a new one.")
    kept = values[KEPT]
    if now == kept[: len(now)]:
        return
    mine = of(row)
    if values.get(locks.UNLOCKS):
        mine["is_locked"] = False
    theirs = {column: cell for column, cell, old in zip(table.columns, now, kept) if cell != old and column not in mine}
    wrote(row, theirs)
    values[KEPT] = now


def write(tx: Transaction, row: SQLRecord) -> dict[str, Any]:
    """Write what was changed of a saved row that has caught up; the cells, none if nothing was changed."""
    found = _to_write(row, clock.now())
    if found:
        tx.update(row.__table__.name, row._saved_id(), found)
        _keep(row, found)  # the values stay the objects that somebody may hold
        if "updated_at" in found:
            row._values["updated_at"] = clock.to_datetime(found["updated_at"])
    row._values.pop(locks.UNLOCKS, None)
    return found


def _to_write(row: SQLRecord, now: int) -> dict[str, Any]:
    found = of(row)
    if found and "is_locked" in row.__table__.columns and was(row, "is_locked") and found.get("is_locked", True):
        raise locks.refusal(row)
    if found and "updated_at" in row.__table__.columns:
        found["updated_at"] = now
    return found


def set_fields(tx: Transaction, rows: Sequence[Any], given: Mapping[str, object]) -> None:
    """Set fields of rows that this transaction has just read, and write what it changes."""
    for row in rows:
        for name, value in given.items():
            setattr(row, name, value)
        row._settle_space()
    if not PLAIN.issuperset(given):
        for row in rows:
            row.save()
        return
    now = clock.now()
    changed: dict[tuple[str, ...], list[list[Any]]] = {}
    for row in rows:
        found = _to_write(row, now)
        if found:
            changed.setdefault(tuple(found), []).append([*found.values(), row.id])
    for columns, params in changed.items():
        pairs = ", ".join(f"{column} = ?" for column in columns)
        tx.execute_many(f"UPDATE {rows[0].__table__.name} SET {pairs} WHERE id = ?", params)
