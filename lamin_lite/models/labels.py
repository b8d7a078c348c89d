"""Registries that people fill to give their data meaning: projects, records, ulabels.

Names are unique within a type. Saving a name that is there gives the row that is there.
"""

from __future__ import annotations

from .. import errors
from ..base import display
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import BoolField, ForeignKey, JsonField, TextField
from ..sql.relations import Relation
from ..sql.schema import Index
from . import session
from .base import TRASH, Stamped, query
from .feature_values import Features
from .related import Links

if TYPE_CHECKING:
    import sys
    from typing import Any, Optional

    from ..sql.database import Transaction
    from .run import Run
    from .session import Store

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

UNIQUE_NAME = (
    Index("name_in_type", "coalesce(type_id, 0), name", unique=True, where=f"branch_id <> {TRASH}"),
    Index("name", "name"),
)
SIMILAR_AMONG = 1_000  #: names that a new one is compared with


class Named(Stamped):
    """A row with a name, within a type or none.

    ``is_type=True`` makes it a type, which other rows name as their ``type``.
    """

    name: TextField[Optional[str]] = TextField(null=True, fold=True)
    description: TextField[Optional[str]] = TextField(null=True)
    is_type: BoolField[bool] = BoolField(default=False)
    run: ForeignKey[Optional[Run]] = ForeignKey("run", null=True)

    def _start(self, store: Store, values: dict[str, Any]) -> None:
        super()._start(store, values)
        if "run" not in values:
            self.run = session.current_run(store)

    def save(self) -> Self:
        """Write the row or its changes; of a name that is there already, this becomes the row that is there."""
        with self._store.database.write(f"save {type(self).__name__}") as tx:
            known = self._known(tx) if self.id is None else None
            if known is None:
                self._check(tx)
                self._write(tx)
            else:
                self._values, self._related = query(type(self), self._store).filter(id=known).one()._values, {}
        return self

    def _known(self, tx: Transaction) -> Optional[int]:
        if self._values["name"] is None:
            return None
        row = tx.one(
            f"SELECT id FROM {self.__table__.name} WHERE name = ? AND coalesce(type_id, 0) = ? AND branch_id <> ?",
            [self._values["name"], self._values["type_id"] or 0, TRASH],
        )
        return None if row is None else int(row[0])

    def _moving(self, tx: Transaction, branch_id: int) -> None:
        known = None if branch_id == TRASH or self._values["branch_id"] != TRASH else self._known(tx)
        if known is not None:
            taken = query(type(self), self._store).filter(id=known).one()
            raise errors.Conflict(
                f"{type(self).__name__} {self.uid} cannot be restored: its name {self.name!r} is taken by {taken.uid}. "
                "Rename that one, or move it to the trash first."
            )

    def _check(self, tx: Transaction) -> None:
        """Refuse what can have no meaning, before anything is written."""
        name = self._values["name"]
        if name is not None and not name.strip():
            raise errors.InvalidArgument(f"The name {name!r} of a {type(self).__name__} is empty: give it one.")
        kind: Any = self._values["type_id"] and getattr(self, "type")  # noqa: B009 - a field of the subclasses
        if kind and not kind.is_type:
            raise errors.InvalidArgument(
                f"{kind.name!r} is no type: make it one with is_type=True before {name!r} is made of that type."
            )
        if self.id is None and name is not None:
            self._hint_at_similar(tx, name)

    def _hint_at_similar(self, tx: Transaction, name: str) -> None:
        rows = tx.read(
            f"SELECT name FROM {self.__table__.name} WHERE name IS NOT NULL AND coalesce(type_id, 0) = ? "
            f"AND branch_id <> ? ORDER BY id DESC LIMIT {SIMILAR_AMONG}",
            [self._values["type_id"] or 0, TRASH],
        )
        near = lookups.nearest(name, [str(row[0]) for row in rows], cutoff=0.85)
        if near is not None:
            display.info(f"made {type(self).__name__} {name!r}; there is a similar name: {near!r}")

    def __str__(self) -> str:
        return self.name or self.uid


class Project(Named, table="project"):
    """What work is done for. Everything that is made in a run of ``ln.track(project=...)`` is linked to it.

    ``name``, ``description``, ``abbr``, ``url``: text. ``start_date``, ``end_date``: ISO 8601 text.

    >>> project = ln.Project(name="My project").save()  # doctest: +SKIP
    >>> project.artifacts.count()  # doctest: +SKIP
    """

    __indexes__ = UNIQUE_NAME
    abbr: TextField[Optional[str]] = TextField(null=True)
    url: TextField[Optional[str]] = TextField(null=True)
    start_date: TextField[Optional[str]] = TextField(null=True)
    end_date: TextField[Optional[str]] = TextField(null=True)
    type: ForeignKey[Optional[Project]] = ForeignKey("project", null=True)

    artifacts = Links("artifact", back=True)
    collections = Links("collection", back=True)
    transforms = Links("transform", back=True)
    runs = Links("run", back=True)
    records = Links("record", back=True)
    features = Links("feature", back=True)
    parents = Links("project", table="project_parent", near="child_id", far="parent_id")
    children = Links("project", table="project_parent", near="parent_id", far="child_id")


class Record(Named, table="record"):
    """A thing that data is about: an experiment, a sample, a patient; of a type that is a record itself.

    ``reference``, ``reference_type``: its id elsewhere. ``extra_data``: a dict of JSON's types.

    >>> kind = ln.Record(name="Experiment", is_type=True).save()  # doctest: +SKIP
    >>> ln.Record(name="Experiment1", type=kind).save()  # doctest: +SKIP
    """

    __indexes__ = UNIQUE_NAME
    uid_length = 16
    reference: TextField[Optional[str]] = TextField(null=True)
    reference_type: TextField[Optional[str]] = TextField(null=True)
    extra_data: JsonField[Optional[dict[str, Any]]] = JsonField(null=True)
    type: ForeignKey[Optional[Record]] = ForeignKey("record", null=True)

    features = Features()
    records = Relation("record", "record", "type_id", "id")
    projects = Links("project")
    ulabels = Links("ulabel")
    artifacts = Links("artifact", back=True)
    collections = Links("collection", back=True)
    transforms = Links("transform", back=True)
    runs = Links("run", back=True)
    parents = Links("record", table="record_parent", near="child_id", far="parent_id")
    children = Links("record", table="record_parent", near="parent_id", far="child_id")


class ULabel(Named, table="ulabel"):
    """A label of one's own choice, for anything.

    >>> label = ln.ULabel(name="checked").save()  # doctest: +SKIP
    >>> artifact.ulabels.add(label)  # doctest: +SKIP
    """

    __indexes__ = UNIQUE_NAME
    uid_length = 8
    reference: TextField[Optional[str]] = TextField(null=True)
    reference_type: TextField[Optional[str]] = TextField(null=True)
    type: ForeignKey[Optional[ULabel]] = ForeignKey("ulabel", null=True)

    artifacts = Links("artifact", back=True)
    collections = Links("collection", back=True)
    transforms = Links("transform", back=True)
    runs = Links("run", back=True)
    records = Links("record", back=True)
    parents = Links("ulabel", table="ulabel_parent", near="child_id", far="parent_id")
    children = Links("ulabel", table="ulabel_parent", near="parent_id", far="child_id")
