"""Which transform a source is: found again, renamed, a new version, or new. Never a question.

1. A pinned uid (``ln.track("abc...")``) names the family, whatever the file is called.
   So does the path of a file that was loaded from a family, or given a key of its own: it goes on as that one, under
   its key.
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
from ..base import clock, display, paths, redact, settings, uids
from ..base._typing import TYPE_CHECKING
from ..models import Run, Transform, changes, keys, session
from ..models.base import query
from ..models.related import link_projects_of_run
from . import checkouts, links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Optional

    from ..instance import Instance
    from ..sql.database import Row, Transaction

    Source = dict[str, Optional[str]]

STEM = 12
_LIVE = "branch_id > 0 AND is_latest = 1"
_COLUMNS = "SELECT uid, stem, key, origin, id FROM transform WHERE"
of_cell: Optional[Callable[[Instance, Any], Optional[Transform]]] = None  # slot, filled by `kernel`
_known: dict[tuple[object, ...], Transform] = {}  # what this process resolved already


def key_of(store: Instance, source: Source) -> str:
    """The key that a source has: of a package, relative to the development directory, or the file's name."""
    if source["package_path"]:
        return f"pypackages/{source['package_path']}"
    path = source["path"]
    if path is None:
        return {"interactive": "interactive.py", "notebook": "interactive.ipynb"}.get(
            source["kind"] or "", "function.py"
        )
    home = store.settings.dev_dir
    inside = None if home is None else paths.below(path, home)
    return paths.as_text(inside or os.path.basename(path))


def _kind_of(source: Source) -> str:
    if source["kind"] == "notebook":
        return "interactive" if source["path"] is None else "notebook"
    if source["kind"] == "interactive" and source["text"] is None:
        return "interactive"  # a prompt, or standard input
    return "function" if source["kind"] == "function" else "script"


def checked_stem(uid: str) -> str:
    """The stem of a pinned uid, given with or without the version."""
    if isinstance(uid, str) and len(uid) in (STEM, STEM + uids.VERSION_LENGTH) and uids.is_base62(uid):
        return uid[:STEM]
    raise errors.InvalidArgument(
        f"The uid {uid!r} must have {STEM} letters and digits: take it from an earlier run, or use the fresh one "
        f"{uids.random_uid(STEM)!r}."
    )


def wished(key: Optional[str], kind: Optional[str]) -> dict[str, Optional[str]]:
    """The key and the kind that somebody asks for, checked to be such."""
    if kind is not None:
        Transform.__table__.fields["kind"].check(kind)
    return {"key": None if key is None else keys.checked(key), "kind": kind}


def saved(store: Instance, transform: object) -> Transform:
    """The transform that somebody hands over, checked to be a saved one of this instance."""
    if not isinstance(transform, Transform):
        raise errors.InvalidArgument(
            f"transform={transform!r} must be the uid of a transform, as a text, or a saved Transform."
        )
    transform._saved_id()
    if not session.same(transform._store, store):
        raise errors.InvalidArgument(
            f"{transform!r} is of the instance {transform._store.root}, and runs are kept in {store.root}: pass its uid, "
            f"{transform.stem_uid!r}."
        )
    return transform


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
    the space with ``space_id``, or everybody's. A given ``key`` is that of the file from now on.
    """
    told = (source["path"], source["hash"], source["description"], uid, key)
    known_as = (store.uid, store.database.path, *told, store.settings.dev_dir)
    if known_as in _known and _is_live(store, _known[known_as]):
        links.keep(store, _known[known_as], source)
        return _known[known_as], False
    if source.get("doubt"):
        display.warning(str(source["doubt"]))
    repeated = _repeated(store, source)
    if repeated is not None:
        _known[known_as] = repeated
        return repeated, False
    wish = _Wish(store, source, uid, key, kind)
    wish.space_id = space_id
    row = wish.found(store.database)
    version = None if row is None else wish.version(store.database, str(row[1]))
    if row is not None and version is not None and str(row[2]) == wish.key and str(row[3]) == wish.origin:
        transform, new = _by_id(store, version), False
        _retitle(transform, source, secrets)
    else:
        with store.database.write("save transform") as tx:
            transform, new = wish.made(tx, secrets)
    if source["path"] is not None and (key is not None or wish.is_locked):
        belongs(transform, source["path"])
    _known[known_as] = transform
    links.keep(store, transform, source)
    return transform, new


def _repeated(store: Instance, source: Source) -> Optional[Transform]:
    """The transform of the run that this process repeats, if this is its source, wherever the copy lies."""
    uid = settings.repeated()[0]
    if uid is None:
        return None
    run = query(Run, store).filter(uid=uid).one_or_none()
    return run.transform if run is not None and run.transform.hash == source["hash"] else None


def _is_live(store: Instance, transform: Transform) -> bool:
    """Whether it was not put away, removed or renamed since."""
    sql = "SELECT 1 FROM transform WHERE id = ? AND uid = ? AND key = ? AND branch_id > 0"
    return store.database.one(sql, [transform.id, transform.uid, transform.key]) is not None


def _by_id(store: Instance, number: int) -> Transform:
    return query(Transform, store).filter(id=number).one()


def _retitle(transform: Transform, source: Source, secrets: Iterable[str]) -> None:
    """Take over the title of a notebook, which is no part of its source."""
    title = _title(source, secrets)
    if transform.kind == "notebook" and title not in (None, transform.description) and not transform.is_locked:
        with transform._store.database.write("retitle transform", durable=False) as tx:
            tx.execute("UPDATE transform SET description = ? WHERE id = ?", [title, transform.id])
        changes.wrote(transform, {"description": title})


def _title(source: Source, secrets: Iterable[str]) -> Optional[str]:
    title = source["description"]
    return None if title is None else redact.mask_values(redact.redact_text(title), secrets)


def is_known(store: Instance, path: str) -> bool:
    """Whether a transform is known by the path of its file."""
    origin = _Wish(store, {"path": path, "kind": "notebook", "package_path": None}, None, None, None).origin
    if checkouts.stem_at(store, checkouts.origin_of(store, path)) is not None:
        return True
    return store.database.one(f"SELECT 1 FROM transform WHERE origin = ? AND {_LIVE}", [origin]) is not None


def belongs(transform: Transform, path: str) -> None:
    """Let the file at a path be of the family of a transform, where its path alone does not say so."""
    store: Instance = transform._store  # type: ignore[assignment]
    origin = checkouts.origin_of(store, path)
    named = key_of(store, {"path": os.path.realpath(path), "package_path": None}) == transform.key
    if checkouts.tell(store, origin, None if named and transform.origin == origin else transform.stem_uid):
        _known.clear()


def registered(
    store: Instance,
    path: str,
    *,
    key: Optional[str] = None,
    kind: Optional[str] = None,
    description: Optional[str] = None,
    space_id: Optional[int] = None,
) -> tuple[Transform, Optional[Transform]]:
    """The transform of a file that does not run, and what it was before, if it is not new.

    Also its next runs have this ``key``; ``kind`` and ``description`` are also those of a version that is there.

    Raises `InvalidArgument` for a folder, and for a ``description`` of a notebook that has a title.
    """
    from ..capture.source import source_of_file

    if os.path.isdir(path):
        raise errors.InvalidArgument(f"{path} is a folder: a transform is made of one file.")
    source = source_of_file(os.path.abspath(path))
    if source["text"] is None and source["kind"] == "notebook":
        raise errors.InvalidArgument(f"{path} is no notebook that can be read: mend the file first.")
    if source["text"] is None:
        raise errors.Unreadable(f"{path} cannot be read by this user.")
    if description is not None and source["description"] not in (None, description):
        raise errors.InvalidArgument(
            f"{path} has the title {source['description']!r}, which is its description: change the title, or leave the "
            "description out."
        )
    source["description"] = source["description"] if description is None else description
    secrets, wish = settings.secret_values(), wished(key, kind)
    before = _Wish(store, source, None, **wish).known()
    transform, new = resolve(store, source, secrets=secrets, space_id=space_id, **wish)
    before = None if new else before or _by_id(store, transform._saved_id())
    told = {"kind": kind, "description": None if description is None else _title(source, secrets)}
    new_values = {name: value for name, value in told.items() if value not in (None, getattr(transform, name))}
    for name, value in new_values.items():
        setattr(transform, name, value)
    if new_values:
        transform.save()
    return transform, before


_OF_RUN = (
    "WITH RECURSIVE own(id) AS (SELECT id FROM run WHERE id = ? UNION SELECT r.id FROM run r JOIN own o "
    "ON r.initiated_by_run_id = o.id) SELECT id FROM own"
)


def settle(
    store: Instance,
    run: Run,
    source: Source,
    *,
    new: bool,
    uid: Optional[str] = None,
    key: Optional[str] = None,
    kind: Optional[str] = None,
    secrets: Iterable[str] = (),
) -> bool:
    """Let a run, and its steps, belong to the source that it turned out to have while it went on.

    ``new``: its transform was made for it. Then that one is rewritten if it is of the same family, so that a notebook
    which is saved now and then gets one version a run; or removed, if another one takes its place. Returns what is
    ``new`` now.
    """
    before = run.transform
    wish = _Wish(store, source, uid, key, kind)
    wish.space_id, wish.was = before._values["space_id"], before.stem_uid
    _known.clear()
    with store.database.write("settle transform") as tx:
        others = f"SELECT 1 FROM run WHERE transform_id = ? AND id NOT IN ({_OF_RUN})"
        own = new and tx.one(others, [before.id, run.id]) is None and not _is_locked(tx, before.stem_uid)
        row = wish.found(tx)
        version = None if row is None else wish.version(tx, str(row[1]))
        if own and row is not None and version is None and int(row[4]) == before.id:
            wish.rewrite(tx, row, before, secrets)
            return True
        after, made = wish.made(tx, secrets)
        tx.execute(
            f"UPDATE run SET transform_id = ? WHERE transform_id = ? AND id IN ({_OF_RUN})",
            [after.id, before.id, run.id],
        )
        link_projects_of_run(tx, Transform.__relations__["projects"], after._saved_id(), run._saved_id())
        is_removed = own and after.id != before.id and _is_removed(store, before)
    changes.wrote(run, {"transform_id": after.id})
    run._related["transform"] = after
    _retitle(after, source, secrets)
    if after.id == before.id:
        return new
    if is_removed:
        before._values["id"], before._is_removed = None, True
    return made


def _is_removed(store: Instance, transform: Transform) -> bool:
    """Remove a transform within a transaction that may still be undone; False if something but runs refers to it."""
    try:
        _by_id(store, transform._saved_id()).delete(permanent=True)
    except errors.Conflict:
        return False
    return True


def _is_locked(tx: Transaction, stem: str) -> bool:
    """Whether somebody locked a version of a family: the key and the path are those of all of them."""
    return tx.one("SELECT 1 FROM transform WHERE stem = ? AND is_locked = ?", [stem, True]) is not None


class _Wish:
    """What a source asks for, looked up in a database or within a transaction of it."""

    def __init__(
        self, store: Instance, source: Source, uid: Optional[str], key: Optional[str], kind: Optional[str]
    ) -> None:
        self.store = store
        self.source = source
        self.space_id: Optional[int] = None
        self.was: Optional[str] = None  # the family that it was of when its run started
        self.is_locked = False  # the family keeps its key and path, whatever those of the file are
        self.stem = None if uid is None else checked_stem(uid)
        self.key = key or key_of(store, source)
        self.is_key_found = key is None
        self.kind = kind or _kind_of(source)
        self.origin = self._origin()

    def _origin(self) -> str:
        if self.stem is not None:
            return f"uid:{self.stem}"
        path = self.source["path"]
        if path is None or self.source["package_path"]:
            return ""
        return checkouts.origin_of(self.store, path)

    def found(self, reader: Reader) -> Optional[Row]:
        """uid, stem, key, origin and id of the latest version of the family."""
        row = self._checked_out(reader)
        if row is not None:
            return row
        if self.stem is not None:
            return reader.one(f"{_COLUMNS} stem = ? AND {_LIVE}", [self.stem])
        row = reader.one(f"{_COLUMNS} key = ? AND origin = ? AND {_LIVE}", [self.key, self.origin])
        if row is not None or not self.origin:
            return row
        row = reader.one(f"{_COLUMNS} origin = ? AND {_LIVE}", [self.origin])
        return row if row is not None else self._moved(reader)

    def _checked_out(self, reader: Reader) -> Optional[Row]:
        """The family that the file was loaded from: its key stays, and its place while there is a file."""
        path = self.source["path"]
        stem = None if path is None else checkouts.stem_at(self.store, checkouts.origin_of(self.store, path))
        if stem is None or self.stem not in (None, stem):
            return None
        row = reader.one(f"{_COLUMNS} stem = ? AND {_LIVE}", [stem])
        if row is None:
            return None
        if self.is_key_found and row[2]:
            self.key = str(row[2])
        origin = str(row[3])
        if self.stem is None and (origin.startswith("uid:") or checkouts.is_there(self.store, origin)):
            self.origin = origin
        return row

    def _moved(self, reader: Reader) -> Optional[Row]:
        was = reader.one(f"{_COLUMNS} stem = ? AND {_LIVE}", [self.was]) if self.was else None
        if was is not None and was[3] and not checkouts.is_there(self.store, str(was[3])):
            return was
        same_source = f"stem IN (SELECT stem FROM transform WHERE hash = ?) AND origin NOT LIKE 'uid:%' AND {_LIVE}"
        namesakes = reader.read(f"{_COLUMNS} key = ? AND origin NOT LIKE 'uid:%' AND {_LIVE}", [self.key])
        twins = reader.read(f"{_COLUMNS} {same_source}", [self.source["hash"]]) if self.source["text"] else []
        stems = {row[1] for row in twins}
        for row in [row for row in namesakes if row[1] in stems] + namesakes + twins:
            if row[3] and not checkouts.is_there(self.store, str(row[3])):
                return row
        return next((row for row in namesakes if row[1] in stems), None)

    def version(self, reader: Reader, stem: str) -> Optional[int]:
        """Id of the newest version with this source."""
        digest = self.source["hash"]
        same = "IS NULL" if digest is None else "= ?"
        sql = f"SELECT id FROM transform WHERE stem = ? AND hash {same} ORDER BY uid DESC LIMIT 1"
        row = reader.one(sql, [stem] if digest is None else [stem, digest])
        return None if row is None else int(row[0])

    def known(self) -> Optional[Transform]:
        """The newest version with this source, as it is."""
        row = self.found(self.store.database)
        number = None if row is None else self.version(self.store.database, str(row[1]))
        return None if number is None else _by_id(self.store, number)

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
        if self.source["path"] is None and self.is_key_found and self.stem is not None:
            self.key = key
            return  # it is not known what the file is called this time
        exists = origin and not origin.startswith("uid:") and checkouts.is_there(self.store, origin)
        if key == self.key and exists and self.stem is None:
            return  # a copy elsewhere: the first place stays the one that is remembered
        if _is_locked(tx, str(row[1])):
            if key != self.key and not self.is_key_found and self.was is None:
                display.warning(f"transform {row[0]} is locked, and keeps its key {key}: unlock it for {self.key}")
            self.is_locked, self.key, self.origin = True, key, origin
            return
        if key != self.key:
            display.info(f"renaming transform {key} to {self.key}")
        tx.execute(
            "UPDATE transform SET key = ?, key_fold = ?, origin = ?, updated_at = ? WHERE stem = ?",
            [self.key, self.key.casefold(), self.origin, clock.now(), row[1]],
        )
        if origin != self.origin and not exists and checkouts.tell(self.store, origin, None):
            _known.clear()  # what is written to the old path later is another file

    def _warn_of_namesake(self, tx: Transaction) -> None:
        other = tx.one(f"SELECT uid, origin FROM transform WHERE key = ? AND {_LIVE}", [self.key])
        if other is None:
            return
        remedy = "Set a development directory to tell them apart by their paths."
        if not self.is_key_found or self.store.settings.dev_dir is not None:
            remedy = (
                f"Give one of them another key, or go on with that transform by `ln.track({str(other[0])[:STEM]!r})`."
            )
        display.warning(
            f"Two files are called {self.key}: {self.origin}, which is now a transform of its own, and {other[1]} "
            f"({other[0]}). {remedy}"
        )

    def _stored(self, secrets: Iterable[str]) -> dict[str, Optional[str]]:
        text = self.source["text"]
        masked = None if text is None else redact.mask_values(redact.redact_source(text)[0], secrets)
        return {"source_code": masked, "hash": self.source["hash"], "description": _title(self.source, secrets)}

    def rewrite(self, tx: Transaction, family: Row, transform: Transform, secrets: Iterable[str]) -> None:
        """Give a version another source, and its family the name that the file has now."""
        self._rename(tx, family)
        row = {**self._stored(secrets), **links.dropped(self.store, transform), "updated_at": clock.now()}
        pairs = ", ".join(f"{column} = ?" for column in row)
        tx.execute(f"UPDATE transform SET {pairs} WHERE id = ?", [*row.values(), transform.id])
        changes.wrote(transform, {**row, "key": self.key})

    def _new(self, tx: Transaction, latest: Optional[Row], secrets: Iterable[str]) -> Transform:
        transform = self.store.Transform(key=self.key, kind=self.kind, run=None)
        values = transform._values
        values.update(self._stored(secrets), origin=self.origin, space_id=self.space_id)
        stem = self.stem if latest is None else str(latest[1])
        if stem is not None:  # without a latest one not always the first: the family may be in the trash, or removed
            transform._become_next(tx, stem)
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
