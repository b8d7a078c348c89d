"""Many rows saved at once: all or none."""

from __future__ import annotations

from .. import errors
from ..base import fsio
from ..base._typing import TYPE_CHECKING, R
from . import saving, session
from .artifact import Artifact
from .base import SQLRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def save(rows: Iterable[R]) -> list[R]:
    """Save all these rows, of one or several registries, in one transaction: all or none. The rows themselves.

    The bytes of artifacts are kept first; their rows are then written together with the others, in the given order.

    >>> ln.save([ln.Record(name=f"sample {number}") for number in range(1_000)])  # doctest: +SKIP
    """
    listed: list[Any] = list(rows)
    if not listed:
        return listed
    store = _store_of(listed)
    store.database.check_writable()
    before = [dict(row._values) for row in listed]
    try:
        kept = {id(row): saving._keep(store, row, row._source or "", row._copy) for row in listed if _has_bytes(row)}
        with store.database.write(f"save {len(listed)} rows") as tx:
            for row in listed:
                if id(row) in kept and row.id is None and saving._still_there(store, kept[id(row)]):
                    saving.register(row, kept[id(row)], tx)
                elif type(row).save is SQLRecord.save:
                    row._write(tx)  # without a savepoint of its own
                else:
                    row.save()
    except BaseException:
        for row, values in zip(listed, before):
            row._values = values  # what was not written can be saved again
        raise
    _tidy(listed)
    return listed


def _has_bytes(row: Any) -> bool:
    return isinstance(row, Artifact) and row._source is not None and row.id is None


def _store_of(rows: list[Any]) -> Any:
    for row in rows:
        if not isinstance(row, SQLRecord):
            raise errors.InvalidArgument(f"save() takes rows such as artifacts and records; got {row!r}.")
        if not session.same(row._store, rows[0]._store):
            raise errors.InvalidArgument("save() takes rows of one instance; these are of several.")
    return rows[0]._store


def _tidy(rows: list[Any]) -> None:
    import os

    for row in filter(lambda row: isinstance(row, Artifact), rows):
        if row._source is not None and row._temporary:
            fsio.remove_folder(os.path.dirname(row._source))
        row._source = None
