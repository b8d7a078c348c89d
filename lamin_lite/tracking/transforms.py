"""Which transform a source is: found again, renamed, a new version, or new. Never a question.

1. A pinned uid (``ln.track("abc...")``) names the family, whatever the file is called.
2. Else the family of this key whose file is at this path; the path is relative where it lies in the instance.
3. Else the family of a file of this key, or with this very source, that is no longer where it was: it was moved or
   renamed.
4. Else the family of this key with this very source: a copy elsewhere means the same.
5. Else a new one. Two files of one name stay two transforms, told apart by their paths.

Within the family the run belongs to the version with this source; if there is none, to a new version.
"""

from __future__ import annotations

import os

from .. import errors
from ..base import clock, display, redact, uids
from ..base._typing import TYPE_CHECKING
from ..models import Transform
from ..models.base import query

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Optional

    from ..instance import Instance
    from ..sql.database import Row, Transaction

    Source = dict[str, Optional[str]]

STEM = 12
_LIVE = "branch_id > 0 AND is_latest = 1"
_COLUMNS = "SELECT uid, stem, key, origin, id FROM transform WHERE"
_known: dict[tuple[object, ...], Transform] = {}  # what this process resolved already


def key_of(store: Instance, source: Source) -> str:
    """The key that a source has: of a package, relative to the development directory, or the file's name."""
    if source["package_path"]:
        return f"pypackages/{source['package_path']}"
    path = source["path"]
    if path is None:
        return "interactive.py" if source["kind"] == "interactive" else "function.py"
    home = store.settings.dev_dir
    if home is not None and os.path.realpath(path).startswith(os.path.realpath(home) + os.sep):
        return os.path.relpath(os.path.realpath(path), os.path.realpath(home)).replace(os.sep, "/")
    return os.path.basename(path)


def checked_stem(uid: str) -> str:
    """The stem of a pinned uid, given with or without the version."""
    if isinstance(uid, str) and len(uid) in (STEM, STEM + uids.VERSION_LENGTH) and uids.is_base62(uid):
        return uid[:STEM]
    raise errors.InvalidArgument(
        f"The uid {uid!r} must have {STEM} letters and digits: take it from an earlier run, or use the fresh one "
        f"{uids.random_uid(STEM)!r}."
    )


def resolve(
    store: Instance,
    source: Source,
    *,
    uid: Optional[str] = None,
    key: Optional[str] = None,
    kind: Optional[str] = None,
    secrets: Iterable[str] = (),
    space_id: Optional[int] = None,
) -> tuple[Transform, bool]:
    """The transform of a source, and whether it is new; found in memory where this process had it before.

    ``secrets`` are masked in the source that is stored; its hash stays that of the true bytes. A new one is put into
    the space with ``space_id``, or everybody's.
    """
    known_as = (store.uid, store.database.path, source["path"], source["hash"], uid, key, store.settings.dev_dir)
    if known_as in _known and _is_live(store, _known[known_as]):
        return _known[known_as], False
    wish = _Wish(store, source, uid, key, kind)
    wish.space_id = space_id
    row = wish.found(store.database)
    version = None if row is None else wish.version(store.database, str(row[1]))
    if row is not None and version is not None and str(row[2]) == wish.key and str(row[3]) == wish.origin:
        transform, new = _by_id(store, version), False
    else:
        with store.database.write("save transform") as tx:
            transform, new = wish.made(tx, secrets)
    _known[known_as] = transform
    return transform, new


def _is_live(store: Instance, transform: Transform) -> bool:
    """Whether it was not put away or removed since."""
    sql = "SELECT 1 FROM transform WHERE id = ? AND uid = ? AND branch_id > 0"
    return store.database.one(sql, [transform.id, transform.uid]) is not None


def _by_id(store: Instance, number: int) -> Transform:
    return query(Transform, store).filter(id=number).one()


class _Wish:
    """What a source asks for, looked up in a database or within a transaction of it."""

    def __init__(
        self, store: Instance, source: Source, uid: Optional[str], key: Optional[str], kind: Optional[str]
    ) -> None:
        self.store = store
        self.source = source
        self.space_id: Optional[int] = None
        self.stem = None if uid is None else checked_stem(uid)
        self.key = key or key_of(store, source)
        self.kind = kind or ("script" if source["kind"] != "function" else "function")
        self.origin = self._origin()

    def _origin(self) -> str:
        if self.stem is not None:
            return f"uid:{self.stem}"
        path = self.source["path"]
        if path is None or self.source["package_path"]:
            return ""
        inside = self.store.root.rstrip(os.sep) + os.sep
        real = os.path.realpath(path)
        return (
            "./" + os.path.relpath(real, self.store.root)
            if real.startswith(os.path.realpath(inside) + os.sep)
            else real
        )

    def found(self, reader: Reader) -> Optional[Row]:
        """uid, stem, key, origin and id of the latest version of the family."""
        if self.stem is not None:
            return reader.one(f"{_COLUMNS} stem = ? AND {_LIVE}", [self.stem])
        row = reader.one(f"{_COLUMNS} key = ? AND origin = ? AND {_LIVE}", [self.key, self.origin])
        if row is not None or not self.origin:
            return row
        row = reader.one(f"{_COLUMNS} origin = ? AND {_LIVE}", [self.origin])
        return row if row is not None else self._moved(reader)

    def _moved(self, reader: Reader) -> Optional[Row]:
        same_source = f"stem IN (SELECT stem FROM transform WHERE hash = ?) AND origin NOT LIKE 'uid:%' AND {_LIVE}"
        namesakes = reader.read(f"{_COLUMNS} key = ? AND origin NOT LIKE 'uid:%' AND {_LIVE}", [self.key])
        twins = reader.read(f"{_COLUMNS} {same_source}", [self.source["hash"]]) if self.source["text"] else []
        stems = {row[1] for row in twins}
        for row in [row for row in namesakes if row[1] in stems] + namesakes + twins:
            if row[3] and not os.path.exists(os.path.join(self.store.root, str(row[3]))):
                return row
        return next((row for row in namesakes if row[1] in stems), None)

    def version(self, reader: Reader, stem: str) -> Optional[int]:
        """Id of the newest version with this source."""
        digest = self.source["hash"]
        same = "IS NULL" if digest is None else "= ?"
        sql = f"SELECT id FROM transform WHERE stem = ? AND hash {same} ORDER BY uid DESC LIMIT 1"
        row = reader.one(sql, [stem] if digest is None else [stem, digest])
        return None if row is None else int(row[0])

    def made(self, tx: Transaction, secrets: Iterable[str]) -> tuple[Transform, bool]:
        """The transform, as this transaction leaves it."""
        row = self.found(tx)
        if row is not None:
            self._rename(tx, row)
            number = self.version(tx, str(row[1]))
            if number is not None:
                return _by_id(self.store, number), False
        elif self.stem is None and self.origin:
            self._warn_of_namesake(tx)
        return self._new(tx, row, secrets), True

    def _rename(self, tx: Transaction, row: Row) -> None:
        key, origin = str(row[2]), str(row[3])
        if self.stem is not None and origin != self.origin:
            self.origin = origin  # pinned after it was made: it keeps its path
        if key == self.key and origin == self.origin:
            return
        exists = origin and not origin.startswith("uid:") and os.path.exists(os.path.join(self.store.root, origin))
        if key == self.key and exists and self.stem is None:
            return  # a copy elsewhere: the first place stays the one that is remembered
        if key != self.key:
            display.info(f"renaming transform {key} to {self.key}")
        tx.execute(
            "UPDATE transform SET key = ?, key_fold = ?, origin = ?, updated_at = ? WHERE stem = ?",
            [self.key, self.key.casefold(), self.origin, clock.now(), row[1]],
        )

    def _warn_of_namesake(self, tx: Transaction) -> None:
        other = tx.one(f"SELECT uid, origin FROM transform WHERE key = ? AND {_LIVE}", [self.key])
        if other is not None:
            display.warning(
                f"Two files are called {self.key}: {self.origin}, which is now a transform of its own, and {other[1]} "
                f"({other[0]}). Set a development directory to tell them apart by their paths."
            )

    def _new(self, tx: Transaction, latest: Optional[Row], secrets: Iterable[str]) -> Transform:
        transform = self.store.Transform(key=self.key, kind=self.kind)
        values = transform._values
        text = self.source["text"]
        masked = None if text is None else redact.mask_values(redact.redact_source(text)[0], secrets)
        values.update(source_code=masked, hash=self.source["hash"], origin=self.origin, space_id=self.space_id)
        values["description"] = self.source["description"]
        if latest is not None:
            transform._become_next(tx, latest)
        elif self.stem is not None:
            values["stem"], values["uid"] = self.stem, self.stem + uids.FIRST_VERSION
        transform._write(tx)
        return transform


if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Reader(Protocol):
        """A database, or a transaction of it."""

        def read(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
            """All rows."""

        def one(self, sql: str, params: Sequence[object] = ()) -> Optional[Row]:
            """The first row, or None."""
