"""Collections: artifacts in an order, as one thing with versions."""

from __future__ import annotations

from .. import errors
from ..base import clock
from ..base._typing import TYPE_CHECKING, R
from ..sql import lookups
from ..sql.fields import ForeignKey, IntField, TextField, TimeField
from ..sql.query import QuerySet
from ..sql.relations import Relation
from ..sql.schema import Index
from . import changes, keys, late, session
from .base import query
from .places import table
from .related import Links, link_projects_of_run
from .versions import LATEST, Versioned, version_indexes

if TYPE_CHECKING:
    import sys
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any, NoReturn, Optional, Union

    from ..sql.database import Row, Transaction
    from .artifact import Artifact
    from .run import Run
    from .transform import Transform

    if sys.version_info >= (3, 11):
        from typing import Never, Self
    else:
        from typing_extensions import Never, Self

#: which artifacts a collection has, and where
COLLECTION_ARTIFACT = table(
    "collection_artifact",
    {"collection": ForeignKey("collection"), "artifact": ForeignKey("artifact"), "place": IntField()},
    [Index("place", "collection_id, place", unique=True), Index("link", "artifact_id, collection_id", unique=True)],
)

#: which collections a run read and made
RUN_COLLECTION = table(
    "run_collection",
    {"run": ForeignKey("run"), "collection": ForeignKey("collection"), "role": TextField(), "created_at": TimeField()},
    [Index("link", "run_id, collection_id, role", unique=True)],
)

TABLES = (COLLECTION_ARTIFACT, RUN_COLLECTION)


class _Ordered(QuerySet[R]):
    """The artifacts of a collection, in its order unless another one is asked for."""

    _collection_id: int
    _owner: Collection

    def _fixed(self, *_: object) -> NoReturn:
        """No change: the artifacts of a collection stay what they are."""
        raise _fixed(self._owner)

    add = remove = set = clear = _fixed

    @property
    def _place(self) -> str:
        of_this = f"artifact_id = t0.id AND collection_id = {int(self._collection_id)}"
        return self._ranking or f"(SELECT place FROM collection_artifact WHERE {of_this})"


class _Members(Relation):
    """The artifacts of a collection: fixed, and in an order; also those in the trash."""

    hides = False
    place = "place"

    def __get__(self, row: Any, owner: Optional[type] = None) -> Any:
        if row is None:
            return self
        target = lookups.models[self.to]
        known = query(target, row._store)
        found: Any = _Ordered(target, known._database, known._make)
        found = found.within(*self.far_ids(row._saved_id()))
        found._collection_id, found._owner = row._saved_id(), row
        return found

    def __set__(self, row: Any, value: object) -> None:
        raise _fixed(row)


def _fixed(collection: Collection) -> errors.Conflict:
    return errors.Conflict(
        f"The artifacts of the collection {collection.overview} ({collection.uid}) are fixed: collection.append(artifact)"
        ".save() makes a new version with one more, ln.Collection(artifacts, revises=collection).save() any other."
    )


class Collection(Versioned, table="collection"):
    """Artifacts in an order, under one key, in versions. What a version holds never changes.

    ``artifacts``: saved artifacts, each once. ``key``: under which people find it; its latest version is what
    ``Collection.get(key=...)`` gives. ``description``, ``reference``, ``reference_type``: text. ``run``: the run that
    made it; without it the current run, with ``False`` none. ``revises``: the collection whose next version this is.

    ``uid``: 16 characters that stay, 4 that count versions. ``hash``: SHA-256 over the uids and hashes of its
    artifacts in their order.

    >>> collection = ln.Collection([one, two], key="study").save()  # doctest: +SKIP
    >>> collection.append(three).save().version  # doctest: +SKIP
    '0001'
    """

    __indexes__ = version_indexes("key")
    uid_length = 20
    stem_length = 16
    found_out = Versioned.found_out | {"hash"}
    description: TextField[Optional[str]] = TextField(null=True)
    hash: TextField[str] = TextField(frozen=True)
    reference: TextField[Optional[str]] = TextField(null=True)
    reference_type: TextField[Optional[str]] = TextField(null=True)
    run: ForeignKey[Optional[Run]] = ForeignKey("run", null=True)

    artifacts = _Members("artifact", "collection_artifact", "collection_id", "artifact_id")
    projects = Links("project")
    records = Links("record")
    ulabels = Links("ulabel")
    input_of_runs = Relation("run", "run_collection", "collection_id", "run_id", {"role": ("input",)})
    output_of_runs = Relation("run", "run_collection", "collection_id", "run_id", {"role": ("created", "recreated")})
    recreating_runs = Relation("run", "run_collection", "collection_id", "run_id", {"role": ("recreated",)})

    _new: tuple[Artifact, ...] = ()  #: until it is saved: its artifacts
    _made_by: Optional[Run] = None

    def __init__(
        self,
        artifacts: Union[Artifact, Iterable[Artifact], None] = None,
        *more: Never,
        key: Optional[str] = None,
        description: Optional[str] = None,
        run: Union[Run, bool, None] = None,
        **others: Any,
    ) -> None:
        if more and all(isinstance(row, lookups.models["artifact"]) for row in (artifacts, *more)):
            raise errors.InvalidArgument(
                "Collection() takes its artifacts as a list: ln.Collection([one, two], key='study')."
            )
        self._check_alone(more, "the artifacts")
        super().__init__(description=description, **others)
        if self._revises is not None:
            key = self._revises.key if key is None else key
            self._values["description"] = self._revises.description if description is None else description
        self._made_by = session.current_run(self._store) if run is None or run is True else run or None
        self.run = self._made_by
        self._new = self._checked(artifacts)
        if key is None and not (description or "").strip() and self._revises is None:
            raise errors.InvalidArgument(
                "A Collection needs a key to be found by, such as key='study'; or a description."
            )
        self._values["key"] = None if key is None else keys.checked(key)
        from ..base import hashing

        self._values["hash"] = hashing.of_bytes("\n".join(f"{row.uid} {row.hash}" for row in self._new).encode())

    def _checked(self, artifacts: object) -> tuple[Artifact, ...]:
        kind = lookups.models["artifact"]
        if isinstance(artifacts, kind):
            artifacts = [artifacts]
        if artifacts is None or isinstance(artifacts, (str, bytes)) or not hasattr(artifacts, "__iter__"):
            raise errors.InvalidArgument(
                f"Collection() needs saved artifacts, as in ln.Collection([one, two], key='study'); got {artifacts!r}."
            )
        rows = tuple(artifacts)
        if not rows:
            raise errors.InvalidArgument("A Collection of no artifacts has no meaning: give it at least one.")
        seen: set[Artifact] = set()
        for row in rows:
            if not isinstance(row, kind):
                raise errors.InvalidArgument(
                    f"Collection() takes saved artifacts; {row!r} is of type {type(row).__name__}."
                )
            self.check_same_instance(row)
            row._saved_id()
            if row in seen:
                raise errors.InvalidArgument(
                    f"The artifact {row.overview} ({row.uid}) is there twice: a collection has each once."
                )
            seen.add(row)
        return rows

    @property
    def transform(self) -> Optional[Transform]:
        """The transform whose run made it first; None without a run. In queries it is ``run__transform``."""
        return None if self.run is None else self.run.transform

    # -- saving

    def save(self) -> Self:
        """Write the row and what it holds, or changes of key, description and version.

        The same artifacts again under the same key are the collection that is there, and the current run is linked as
        one that recreated it. Others under the same key are a new version.
        """
        if self.id is not None:
            return super().save()
        with changes.undoing([self]), self._store.database.write("save collection") as tx:
            self._save_new(tx)
        self._revises, self._new = None, ()
        return self

    def _save_new(self, tx: Transaction) -> None:
        self._check_it_was_not_removed()
        if not self._new:
            raise errors.Conflict(
                f"The artifacts of {self.overview} are not known any more: make a new Collection of them."
            )
        latest = self._followed(tx) or self._namesake(tx)
        if latest is not None and self._is_same(latest, self.hash):
            self._become(tx, int(latest[3]), ("description", "reference", "reference_type"))
            role = "recreated"
        else:
            if latest is not None:
                self._become_next(tx, str(latest[1]))
            self._write(tx)
            places = ((self.id, row.id, place) for place, row in enumerate(self._new))
            tx.execute_many(
                "INSERT INTO collection_artifact (collection_id, artifact_id, place) VALUES (?, ?, ?)", places
            )
            role = "created"
        if self._made_by is not None:
            _link(tx, self._made_by, self, role)
            relation = self.__relations__["projects"]
            link_projects_of_run(tx, relation, self._saved_id(), self._made_by._saved_id())

    def _namesake(self, tx: Transaction) -> Optional[Row]:
        columns = f"{LATEST} FROM collection WHERE"
        values = self._values
        if values["key"] is not None:
            return tx.one(
                f"{columns} key = ? AND branch_id = ? AND is_latest = ?", [values["key"], values["branch_id"], True]
            )
        return tx.one(
            f"{columns} key IS NULL AND hash = ? AND branch_id = ? AND is_latest = ? AND description = ?",
            [values["hash"], values["branch_id"], True, values["description"]],
        )

    def append(self, *artifacts: Artifact) -> Collection:
        """The next version, with these artifacts at its end; not saved yet. This version stays as it is."""
        with session.using(self._store):
            return Collection([*self.artifacts, *artifacts], revises=self)

    # -- reading

    def cache(self, *, is_run_input: Union[Run, bool, None] = None) -> list[Path]:
        """Paths on this machine with the bytes of each artifact, in order; recorded as inputs of the current run."""
        paths: list[Path] = [artifact.cache(is_run_input=False) for artifact in self.artifacts]
        self._read_by(is_run_input)
        return paths

    def load(self, *, is_run_input: Union[Run, bool, None] = None) -> list[Any]:
        """The content of each artifact as a Python object, in order; recorded as inputs of the current run."""
        values = [artifact.load(is_run_input=False) for artifact in self.artifacts]
        self._read_by(is_run_input)
        return values

    def _read_by(self, is_run_input: Union[Run, bool, None]) -> None:
        run = session.current_run(self._store) if is_run_input is None or is_run_input is True else is_run_input
        if not run or not self._store.database.writable:
            return
        self.check_same_instance(run)
        with self._store.database.write("link input", durable=False) as tx:
            if tx.one("SELECT 1 FROM run_collection WHERE run_id = ? AND collection_id = ?", [run.id, self.id]) is None:
                _link(tx, run, self, "input")
            tx.execute(
                "INSERT INTO run_artifact (run_id, artifact_id, role, created_at) "
                "SELECT ?, artifact_id, 'input', ? FROM collection_artifact WHERE collection_id = ? "
                "AND artifact_id NOT IN (SELECT artifact_id FROM run_artifact WHERE run_id = ?) ON CONFLICT DO NOTHING",
                [run.id, clock.now(), self.id, run.id],
            )

    @property
    def overview(self) -> str:
        """One line for a tree or list."""
        return f"{self.key or self.description or self.uid}"

    describe = late.describe

    def _write(self, tx: Transaction) -> None:
        if self._values["key"] is not None:
            self._values["key"] = keys.checked(self._values["key"])
        super()._write(tx)

    def __str__(self) -> str:
        return self.overview


def _link(tx: Transaction, run: Run, collection: Collection, role: str) -> None:
    known = "SELECT 1 FROM run_collection WHERE run_id = ? AND collection_id = ? AND role <> 'input'"
    if role != "recreated" or tx.one(known, [run.id, collection.id]) is None:
        row = {"run_id": run.id, "collection_id": collection.id, "role": role, "created_at": clock.now()}
        tx.insert_new("run_collection", row)
