"""Many rows saved at once: all or none."""

from __future__ import annotations

from .. import errors
from ..base import clock
from ..base._typing import TYPE_CHECKING, R
from . import changes, saving, session
from .artifact import Artifact
from .base import SQLRecord
from .feature_values import check_given
from .labels import Named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Optional

    from ..sql.database import Transaction


def save(rows: Iterable[R]) -> list[R]:
    """Save all these rows, of one or several registries, in one transaction: all or none. The rows themselves.

    The bytes of artifacts are kept first; their rows are then written together with the others, in the given order.

    >>> ln.save([ln.Record(name=f"sample {number}") for number in range(1_000)])  # doctest: +SKIP
    """
    if isinstance(rows, SQLRecord) or not hasattr(rows, "__iter__"):
        hint = "[row] for a single one, or row.save()" if isinstance(rows, SQLRecord) else "ln.save([row, row])"
        raise errors.InvalidArgument(f"save() takes a list of rows, as in {hint}; got {rows!r}.")
    listed: list[Any] = list(rows)
    if not listed:
        return listed
    store = _store_of(listed)
    store.database.check_writable()
    check_given(listed)
    with changes.undoing(listed):
        kept = {id(row): saving._keep(store, row, row._source or "", row._copy) for row in listed if _has_bytes(row)}
        _ = store.user_id  # known once it was read outside of a transaction
        with store.database.write(f"save {len(listed)} rows") as tx:
            for group in _groups(listed):
                if _are_plain(group):
                    _insert(tx, group)
                else:
                    for row in group:
                        _write(tx, store, row, kept.get(id(row)))
    for row in listed:
        if isinstance(row, Artifact):
            saving.settle(row)
    return listed


def _groups(rows: list[Any]) -> Iterator[list[Any]]:
    """Rows of one registry that follow each other, each once."""
    group: dict[int, Any] = {}
    kind: Any = None
    for row in rows:
        if group and type(row) is not kind:
            yield [*group.values()]
            group = {}
        kind = type(row)
        group[id(row)] = row
    yield [*group.values()]


def _are_plain(rows: list[Any]) -> bool:
    """Whether all are new, and nothing is to be looked up before they are written."""
    model = type(rows[0])
    looks_up = model.save is not SQLRecord.save or model._save is not SQLRecord._save
    return not looks_up and all(row._values["id"] is None for row in rows)


def _insert(tx: Transaction, rows: list[Any]) -> None:
    """Write new rows of one registry, each kind of row in one statement."""
    model, now, user_id = type(rows[0]), clock.to_datetime(clock.now()), rows[0]._store.user_id
    table = model.__table__
    for row, number in zip(rows, tx.new_ids(table.name, len(rows))):
        row._check_it_was_not_removed()
        row._stamp(now, user_id)
        row._values["id"] = number
        row._values[changes.KEPT] = (number, *table.cells(row._values))
    tx.insert_many(table.name, ("id", *table.written), (row._values[changes.KEPT] for row in rows))
    model._inserted(tx, rows)


def _write(tx: Transaction, store: Any, row: Any, kept: Optional[saving.Content]) -> None:
    if kept is not None and row.id is None and saving._still_there(store, kept):
        saving.register(row, kept, tx)
    elif type(row).save in (SQLRecord.save, Named.save):
        row._save(tx)  # without a savepoint of its own, and a hint at each similar name
    else:
        row.save()


def _has_bytes(row: Any) -> bool:
    return isinstance(row, Artifact) and row._source is not None and row.id is None


def _store_of(rows: list[Any]) -> Any:
    for row in rows:
        if not isinstance(row, SQLRecord):
            raise errors.InvalidArgument(f"save() takes rows such as artifacts and records; got {row!r}.")
        if not session.same(row._store, rows[0]._store):
            raise errors.InvalidArgument("save() takes rows of one instance; these are of several.")
    return rows[0]._store
