"""Registries of where and who: storages, users, spaces, branches; and the tables that have no registry."""

from __future__ import annotations

import os

from .. import errors
from ..base import paths
from ..base._typing import TYPE_CHECKING
from ..ext import ext
from ..sql import lookups
from ..sql.fields import BoolField, Field, ForeignKey, IntField, TextField, TimeField
from ..sql.lookups import Compiler, Q
from ..sql.relations import Relation, matches
from ..sql.schema import SQLITE, Index, Table
from . import changes, similar
from .base import SQLRecord, Stamped, query

if TYPE_CHECKING:
    import sys
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any, ClassVar, Optional

    from ..sql.database import Database, Transaction
    from ..sql.schema import Dialect

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self


class _Known(SQLRecord):
    """A row that is known by a text of its own, its name or handle, and which many refer to: it has no trash."""

    def _save(self, tx: Transaction) -> bool:
        """Write the row or its changes, or become the one that has this name already; whether it is new."""
        self._catch_up(tx)
        field, kind = lookups.label_name(type(self)), type(self).__name__
        name = self._values[field]
        if not isinstance(name, str) or not name.strip():
            raise errors.InvalidArgument(f"A {kind} needs a {field}; got {name!r}.")
        known = query(type(self), self._store).filter(**{field: name}).one_or_none()
        if known is None or known.id == self.id:
            return super()._save(tx)
        if self.id is not None:
            raise errors.Conflict(
                f"{kind} {self.uid} cannot be called {name!r}, which is the {field} of {known.uid}: use another one."
            )
        self._values, self._related = known._values, {}
        return False


class _Place(_Known):
    """Where rows belong; it is removed once nothing refers to it."""

    kept: ClassVar[frozenset[str]] = frozenset()  #: names that every instance has
    name: TextField[str] = TextField(unique=True)
    description: TextField[Optional[str]] = TextField(null=True)
    created_at: TimeField[datetime] = TimeField()
    updated_at: TimeField[Optional[datetime]] = TimeField(null=True, hidden=True)
    created_by: ForeignKey[Optional[User]] = ForeignKey("users", null=True)

    def _tell(self) -> None:
        similar.hint(self)

    def _write(self, tx: Transaction) -> None:
        before = None if self.id is None else changes.was(self, "name")
        if before in self.kept and before != self.name:
            raise errors.Conflict(
                f"The {type(self).__name__.lower()} {before!r} is in every instance: it keeps its name."
            )
        super()._write(tx)

    def _removing(self, tx: Transaction) -> None:  # noqa: ARG002 - as the others
        if self.name in self.kept:
            raise errors.Conflict(f"The {type(self).__name__.lower()} {self.name!r} is in every instance: it stays.")


class User(_Known, table="users"):
    """A person who ran something: the login name of the operating system.

    ``uid``: 8 characters. ``handle``: login name. ``name``: full name, if known.
    """

    uid_length = 8
    handle: TextField[str] = TextField(unique=True)
    name: TextField[Optional[str]] = TextField(null=True)
    created_at: TimeField[datetime] = TimeField()

    created_artifacts = Relation("artifact", "artifact", "created_by_id", "id")
    created_collections = Relation("collection", "collection", "created_by_id", "id")
    created_transforms = Relation("transform", "transform", "created_by_id", "id")
    created_runs = Relation("run", "run", "created_by_id", "id")
    created_records = Relation("record", "record", "created_by_id", "id")
    created_ulabels = Relation("ulabel", "ulabel", "created_by_id", "id")
    created_features = Relation("feature", "feature", "created_by_id", "id")
    created_projects = Relation("project", "project", "created_by_id", "id")


class Space(_Place, table="space"):
    """A part of the instance that people may share or keep to themselves; ``all`` is everybody's.

    ``name``, ``description``: text. ``track(space=...)`` puts into it what a run makes.
    """

    kept = frozenset(["all"])


class Branch(_Place, table="branch"):
    """A state of rows: ``main``, ``archive`` and ``trash`` are always there.

    ``name``, ``description``: text.
    """

    kept = frozenset(["main", "archive", "trash"])


class _RootField(TextField[str]):
    """A folder, or a URL; kept relative where it lies inside the instance, so that moving the whole loses nothing.

    People give and get the absolute path; a new row knows what it was given.
    """

    def __get__(self, row: Any, owner: Optional[type] = None) -> Any:
        if row is None:
            return self
        root = row._values[self.name]
        return self.read(root, row._store.database.folder) if changes.KEPT in row._values else root

    def __set__(self, row: Any, value: Any) -> None:
        given = self.check(value)
        row._values[self.name] = row._store.stored_root(given) if given and changes.KEPT in row._values else given

    def read(self, cell: Any, folder: str) -> Any:
        return None if cell is None else paths.placed(cell, folder)

    def meets(self, root: str, lookup: str, value: Any) -> bool:
        """Whether an absolute root meets a lookup, that of a text; a whole one may be given as it is to `Storage`."""
        if lookup in ("exact", "in"):
            return root in [_whole(one) for one in ([value] if lookup == "exact" else value)]
        return matches(root, lookup, list(value) if lookup == "range" else value)


def _whole(root: Any) -> Any:
    return os.path.abspath(root) if root and "://" not in root else root


class Storage(Stamped, table="storage"):
    """A place that keeps data: a folder, or a URL.

    ``root``: absolute path or URL; where it lies inside the instance it is moved with it. ``path``: the same, as it is known
    now, should others have relocated the storage. ``type``: ``local`` or the scheme of the URL.
    """

    root: TextField[str] = _RootField(unique=True)
    description: TextField[Optional[str]] = TextField(null=True)
    type: TextField[str] = TextField(default="local")
    region: TextField[Optional[str]] = TextField(null=True)
    instance_uid: TextField[Optional[str]] = TextField(null=True)
    artifacts = Relation("artifact", "artifact", "storage_id", "id")

    def _shown(self) -> Iterator[tuple[str, Any]]:
        for name, value in super()._shown():
            yield name, self.root if name == "root" else value

    @classmethod
    def _rewritten(cls, database: Database, path: Sequence[str], value: object) -> Optional[Q]:
        """A condition on the root is asked of the absolute ones, as there are few storages."""
        if path[0] != "root" or path[1:] == ["isnull"]:
            return super()._rewritten(database, path, value)
        field: Any = cls.__table__.fields["root"]
        Compiler(database, dry=True).test(field, field.column, path, value, source=cls.__table__.name)
        lookup = path[1] if len(path) > 1 else "exact"
        rows = database.read(f"SELECT id, root FROM {cls.__table__.name}")
        roots = ((number, field.read(root, database.folder)) for number, root in rows)
        return Q(id__in=[number for number, root in roots if field.meets(root, lookup, value)])

    def save(self) -> Self:
        """Register the storage: checks that it is there, and marks it with its uid.

        Registering a root again gives the storage that is there. Raises `UnknownStorage` unless the folder is there, and
        `StorageError` if it cannot be marked, or has a mark that cannot be read; one that this user may only read needs
        none, it is known by its path.
        """
        return super().save()

    def _save(self, tx: Transaction) -> bool:
        if self.id is not None:
            return super()._save(tx)
        root = self._checked_root()
        self.root = self._store.stored_root(root)
        known = query(Storage, self._store).filter(root=root).one_or_none()
        if known is not None:
            self._values, self._related = known._values, {}
            return False
        if "://" not in root:
            self._settle_mark(root)
        return super()._save(tx)

    def _checked_root(self) -> str:
        """The root on this machine; the type of the storage is known then."""
        if not self.root:
            raise errors.InvalidArgument("A Storage needs a root: ln.Storage(root='/data/shared').")
        if "://" in self.root:
            ext.storage_for_root(self.root)  # an unknown scheme is an error here, not at the first use
            self.type = self.root.partition("://")[0]
            return self.root
        root = os.path.abspath(self.root)
        if not os.path.isdir(root):
            raise errors.UnknownStorage(f"The storage root {root!r} is no folder on this machine: make it first.")
        return root

    def _settle_mark(self, root: str) -> None:
        """Mark the folder; one that another instance uses as a storage too has its uid already."""
        from ..storage.marks import claim

        marked = claim(root, self.uid, self._store.uid)
        if marked is None:
            return
        known = query(Storage, self._store).filter(uid=marked).one_or_none()
        if known is not None:
            raise errors.Conflict(
                f"{root} is the storage {marked}, which is registered as {known.path}: if it was moved, say so with "
                f"ln.Storage.get({marked!r}).relocate({root!r})."
            )
        self.uid, self.instance_uid = marked, self._store.uid

    def _removing(self, tx: Transaction) -> None:  # noqa: ARG002 - as the others
        if self._is_main:
            raise errors.Conflict(f"The storage {self.path} holds the database: it stays.")

    def _moving(self, tx: Transaction, branch_id: int) -> None:  # noqa: ARG002 - as the others
        if self._is_main:
            raise errors.Conflict(f"The storage {self.path} is the main one: it stays.")

    @property
    def _is_main(self) -> bool:
        return bool(self._values["root"] == ".")

    @property
    def path(self) -> str:
        """Absolute root on this machine."""
        return dict(self._store.storage_roots())[self._saved_id()]

    def relocate(self, root: str) -> Self:
        """Say that the storage was moved; the new root must hold the mark that it was given.

        All that have the instance open use the new root from now on. Raises `UnknownStorage` if the mark is not there, and
        `Conflict` for the storage that holds the database: that moves with the folder of the instance.
        """
        if self._is_main:
            raise errors.Conflict(f"The storage {self.path} is the main one: move the whole folder of the instance.")
        there = os.path.abspath(root)
        from ..storage.marks import check_marker

        check_marker(there, self.uid, self.instance_uid is not None)
        with changes.undoing([self]):
            self.root = there
            return super().save()


def table(name: str, fields: dict[str, Field[Any]], indexes: Iterable[Index] = ()) -> Table:
    """A table that has no registry."""
    for each, field in fields.items():
        field.__set_name__(object, each)
    return Table(name, fields.values(), indexes)


#: processes that ran something: what decides later whether a run is still alive
PROCESS = table(
    "process",
    {
        "uid": TextField(unique=True),
        "host": TextField(null=True),
        "boot_id": TextField(null=True),
        "pid_ns": TextField(null=True),
        "pid": IntField(),
        "start_time": IntField(null=True),
        "python": TextField(null=True),
        "executable": TextField(null=True),
        "platform": TextField(null=True),
        "cwd": TextField(null=True),
        "created_at": TimeField(),
        "ended_at": TimeField(null=True),
    },
)

#: which bytes lie where: managed ones under the name of their digest, others in place under their own
REPLICA = table(
    "replica",
    {
        "hash": TextField(),
        "storage": ForeignKey("storage"),
        "name": TextField(),
        "size": IntField(),
        "managed": BoolField(),
        "mtime_ns": IntField(null=True),
        "created_at": TimeField(),
    },
    [Index("place", "storage_id, name, hash", unique=True), Index("hash", "hash")],
)

#: which artifacts a run read and wrote
RUN_ARTIFACT = table(
    "run_artifact",
    {
        "run": ForeignKey("run"),
        "artifact": ForeignKey("artifact"),
        "role": TextField(),
        "created_at": TimeField(),
    },
    [Index("link", "run_id, artifact_id, role", unique=True)],
)

#: environments seen, by what tells cheaply that nothing changed
ENVIRONMENT_SEEN = table(
    "environment_seen", {"fingerprint": TextField(unique=True), "artifact": ForeignKey("artifact")}
)

#: the highest version of a family that was removed for good, so that no other content is ever given its uid
REMOVED_VERSION = table("removed_version", {"stem": TextField(unique=True), "uid": TextField()})


class _ParamTable(Table):
    """The typed leaves of params. No id of its own: rows are only found by owner or by value."""

    __slots__ = ()

    def statements(self, dialect: Dialect = SQLITE) -> Iterator[str]:
        whole, text, real = (dialect.types[name] for name in ("INTEGER", "TEXT", "REAL"))
        yield (
            f"CREATE TABLE IF NOT EXISTS run_param (owner_id {whole} NOT NULL{dialect.reference('run')}, "
            f"path {text} NOT NULL, kind {text} NOT NULL, number {real}, text {text}, "
            f"PRIMARY KEY (owner_id, path)){dialect.by_key}"
        )
        yield Index("number", "path, kind, number, owner_id").sql("run_param")
        yield Index("text", "path, kind, text, owner_id", where="text IS NOT NULL").sql("run_param")


RUN_PARAM = _ParamTable("run_param", [])

TABLES_WITHOUT_REGISTRY = (PROCESS, REPLICA, RUN_ARTIFACT, RUN_PARAM, ENVIRONMENT_SEEN, REMOVED_VERSION)
