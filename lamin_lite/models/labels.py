"""Registries that people fill to give their data meaning: projects, records, ulabels.

Names are unique within a type. Saving a name that is there gives the row that is there.
"""

from __future__ import annotations

from .. import errors
from ..base import display
from ..base._typing import TYPE_CHECKING
from ..sql.fields import BoolField, DateField, ForeignKey, JsonField, TextField
from ..sql.relations import Relation
from ..sql.schema import Index
from . import changes, session, similar
from .base import ARCHIVE, TRASH, Stamped, query
from .feature_values import Featured, check_given
from .related import Links, link_projects_of_run

if TYPE_CHECKING:
    import sys
    from datetime import date
    from typing import Any, ClassVar, Optional

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
    Index("of_run", "run_id", where="run_id IS NOT NULL"),
)


class Named(Stamped):
    """A row with a name, within a type or none.

    ``is_type=True`` makes it a type, which other rows name as their ``type``.
    """

    _may_be_nameless: ClassVar[bool] = False
    name: TextField[Optional[str]] = TextField(null=True, fold=True)
    description: TextField[Optional[str]] = TextField(null=True)
    is_type: BoolField[bool] = BoolField(default=False)
    run: ForeignKey[Optional[Run]] = ForeignKey("run", null=True)

    _given: tuple[str, ...] = ()  #: what was said of a new row

    def _start(self, store: Store, values: dict[str, Any]) -> None:
        self._given = tuple(values)
        super()._start(store, values)
        if "run" not in values:
            self.run = session.current_run(store)

    def save(self) -> Self:
        """Write the row or its changes; of a name that is there already, this becomes the row that is there.

        That one is linked to the projects of the current run, too, and keeps what else is said of it.
        """
        check_given([self])
        return super().save()

    def _tell(self) -> None:
        similar.hint(self)

    def _save(self, tx: Transaction) -> bool:
        """Write the row, or become the one that is there; whether it is new."""
        self._catch_up(tx)
        known = None if self._values["branch_id"] == TRASH else self._known(tx)
        if known is not None and self.id is None:
            self._become(tx, known)
            return False
        if known not in (None, self.id):
            taken = query(type(self), self._store).filter(id=known).one()
            raise errors.Conflict(
                f"{type(self).__name__} {self.uid} cannot be called {self.name!r}, which is the name of {taken.uid}: use "
                "another name, or move that one to the trash first."
            )
        new = self.id is None
        self._check()
        if not new and not self.is_type and changes.was(self, "is_type"):
            self._check_nothing_is_of_it(tx)
        self._write(tx)
        return new

    def _become(self, tx: Transaction, known: int) -> None:
        said, run_id = self._values, self._values["run_id"]
        self._values, self._related = query(type(self), self._store).filter(id=known).one()._values, {}
        if run_id is not None and "projects" in self.__relations__:
            link_projects_of_run(tx, self.__relations__["projects"], known, run_id)
        columns = {name: field.column for name, field in self.__table__.fields.items() if name in self._given}
        kept = [name for name, at in columns.items() if said[at] not in (None, self._values[at]) and name != "run"]
        if self._values["branch_id"] <= ARCHIVE:
            display.warning(
                f"{type(self).__name__} {self.name!r} was there already, in the archive, and stays hidden: "
                f"ln.{type(self).__name__}.get({self.uid!r}, branch='archive').restore() brings it back"
            )
        if kept:
            display.warning(
                f"{type(self).__name__} {self.name!r} was there already and stays as it was: set {', '.join(kept)} of "
                f"{self.uid} and save it again, if that is to change"
            )

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
        if known not in (None, self.id):  # its own: another process restored it meanwhile
            taken = query(type(self), self._store).filter(id=known).one()
            raise errors.Conflict(
                f"{type(self).__name__} {self.uid} cannot be restored: its name {self.name!r} is taken by {taken.uid}. "
                "Rename that one, or move it to the trash first."
            )

    def _check(self) -> None:
        """Refuse what can have no meaning, before anything is written."""
        name = self._values["name"]
        if name is None and not self._may_be_nameless:
            raise errors.InvalidArgument(f"A {type(self).__name__} needs a name: give it one by name='...'.")
        if name is not None and not name.strip():
            raise errors.InvalidArgument(f"The name {name!r} of a {type(self).__name__} is empty: give it one.")
        kind: Any = self._values["type_id"] and getattr(self, "type")  # noqa: B009 - a field of the subclasses
        if kind and not kind.is_type:
            raise errors.InvalidArgument(
                f"{kind.name!r} is no type: make it one with is_type=True before {name!r} is made of that type."
            )

    def _check_nothing_is_of_it(self, tx: Transaction) -> None:
        """Refuse to let it be a type no longer while rows are of that type, or values of a feature."""
        kind, among = type(self).__name__, self.__table__.name
        member = tx.one(f"SELECT uid, name FROM {among} WHERE type_id = ? ORDER BY branch_id DESC LIMIT 1", [self.id])
        one = f"cat[{kind}[{self.uid}]]"
        feature = tx.one(
            "SELECT uid, name FROM feature WHERE (dtype = ? OR dtype = ?) AND branch_id <> ? LIMIT 1",
            [one, f"list[{one}]", TRASH],
        )
        if member is None and feature is None:
            return
        if member is not None:
            why = f"{kind} {member[1] or member[0]!r} is of that type: give it, and others like it, another type"
        else:
            why = f"the feature {feature[1]!r} has it as its dtype: remove that one"  # type: ignore[index]
        raise errors.Conflict(f"{kind} {self.name!r} must stay a type, as {why} first.")

    def __str__(self) -> str:
        return self.name or self.uid


class Project(Named, table="project"):
    """What work is done for. What is made in a run of ``ln.track(project=...)`` is linked to it.

    ``name``, ``description``, ``abbr``, ``url``: text. ``start_date``, ``end_date``: dates, or text such as
    ``"2026-01-31"``.

    >>> project = ln.Project(name="My project").save()  # doctest: +SKIP
    >>> project.artifacts.count()  # doctest: +SKIP
    """

    __indexes__ = UNIQUE_NAME
    abbr: TextField[Optional[str]] = TextField(null=True)
    url: TextField[Optional[str]] = TextField(null=True)
    start_date: DateField[Optional[date]] = DateField(null=True)
    end_date: DateField[Optional[date]] = DateField(null=True)
    type: ForeignKey[Optional[Project]] = ForeignKey("project", null=True)

    artifacts = Links("artifact", back=True)
    collections = Links("collection", back=True)
    transforms = Links("transform", back=True)
    runs = Links("run", back=True)
    records = Links("record", back=True)
    features = Links("feature", back=True)
    ulabels = Links("ulabel", back=True)
    parents = Links("project", table="project_parent", near="child_id", far="parent_id")
    children = Links("project", table="project_parent", near="parent_id", far="child_id")


class Record(Featured, Named, table="record"):
    """A thing that data is about: an experiment, a sample, a patient; of a type that is a record itself.

    ``reference``, ``reference_type``: its id elsewhere. ``extra_data``: a dict of JSON's types. ``features``: values of
    features by name, all checked before anything is written.

    >>> kind = ln.Record(name="Experiment", is_type=True).save()  # doctest: +SKIP
    >>> ln.Record(name="Experiment1", type=kind).save()  # doctest: +SKIP
    """

    __indexes__ = UNIQUE_NAME
    _may_be_nameless = True  # a sample may be known by its reference, or by its uid only
    uid_length = 16
    reference: TextField[Optional[str]] = TextField(null=True)
    reference_type: TextField[Optional[str]] = TextField(null=True)
    extra_data: JsonField[Optional[dict[str, Any]]] = JsonField(null=True, named=True)
    type: ForeignKey[Optional[Record]] = ForeignKey("record", null=True)

    records = Relation("record", "record", "type_id", "id")
    projects = Links("project")
    ulabels = Links("ulabel")
    artifacts = Links("artifact", back=True)
    collections = Links("collection", back=True)
    transforms = Links("transform", back=True)
    runs = Links("run", back=True)
    parents = Links("record", table="record_parent", near="child_id", far="parent_id")
    children = Links("record", table="record_parent", near="parent_id", far="child_id")

    def _save(self, tx: Transaction) -> bool:
        unsaved = self.id is None
        new = super()._save(tx)
        if unsaved:
            self._write_given(tx)
        return new


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
    projects = Links("project")
    parents = Links("ulabel", table="ulabel_parent", near="child_id", far="parent_id")
    children = Links("ulabel", table="ulabel_parent", near="parent_id", far="child_id")
