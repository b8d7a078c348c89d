"""Rows: what all registries have in common."""

from __future__ import annotations

from .. import errors
from ..base import clock, uids
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import BoolField, Field, ForeignKey, JsonField, TextField, TimeField
from ..sql.lookups import Q
from ..sql.query import QuerySet
from ..sql.relations import Relation
from ..sql.schema import Index, Table
from . import changes, cycles, late, locks, session
from .registry import ARCHIVE, MAIN, TRASH, Manager, got, query
from .related import Links, RelatedSet, link_projects_of_run

if TYPE_CHECKING:
    import sys
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any, ClassVar, Optional, Union

    from ..sql.database import Database, Transaction
    from ..sql.finding import Lookup
    from .session import Store

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

__all__ = ["ARCHIVE", "MAIN", "TRASH", "Manager", "SQLRecord", "Stamped", "get_or_create", "query"]

BRANCHES = {"main": MAIN, "archive": ARCHIVE, "trash": TRASH}
EVERYBODYS = 1  #: id of the space ``all``
MAIN_STORAGE = 1  #: id of the storage of the instance itself


class SQLRecord:
    """A row of a registry; `ln.Artifact`, `ln.Run` and the others derive from it."""

    __table__: ClassVar[Table]
    __relations__: ClassVar[dict[str, Relation]]
    __indexes__: ClassVar[tuple[Index, ...]] = ()
    __found_by__: ClassVar[str] = (
        ""  #: the field that a text given for a row most likely is; else what rows are known by
    )
    __searched_by__: ClassVar[tuple[str, ...]] = ()  #: relations to one row by whose name rows are searched, too
    __shown_first__: ClassVar[tuple[str, ...]] = ()  #: what a printed table shows before, and after, the other fields
    __shown_last__: ClassVar[tuple[str, ...]] = ()
    uid_length: ClassVar[int] = 12
    _unnamed: ClassVar[str] = ""  #: the field whose value may be given without its name
    _blank: ClassVar[dict[str, Any]]  #: the values of a new row
    _store: Store
    _values: dict[str, Any]
    _related: dict[str, Any]
    _is_removed: bool = False  #: whether it was removed for good

    uid: TextField[str] = TextField(unique=True, frozen=True)
    describe = late.describe

    def __init_subclass__(cls, table: Optional[str] = None, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if table is None:
            return
        members: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            members.update(vars(base))
        fields = [member for member in members.values() if isinstance(member, Field)]
        fields.sort(key=lambda field: (field.name != "uid", _LAST.get(field.column, 0)))
        cls.__table__ = Table(table, fields, cls.__indexes__)
        cls._blank = {"id": None, **{field.column: field.default for field in fields}}
        cls.__relations__ = {name: member for name, member in members.items() if isinstance(member, Relation)}
        for relation in cls.__relations__.values():
            relation.bind(table)
        lookups.models[table] = cls

    def __init__(self, *args: object, **values: object) -> None:
        if len(args) == 1 and self._unnamed and self._unnamed not in values:
            values[self._unnamed] = args[0]
        elif args:
            name = self._unnamed or next(each for each in _MEANT if each in self.__table__.fields)
            raise errors.InvalidArgument(
                f"{type(self).__name__}() takes its arguments by name{f', all but {name}' if self._unnamed else ''}: "
                f"{name}={args[0]!r}."
            )
        self._start(session.current_store(), values)

    def _start(self, store: Store, values: dict[str, Any]) -> None:
        fields, blank = self.__table__.fields, {**self._blank, **self._defaults()}
        self.__dict__.update(_store=store, _related={}, _values=blank)
        for name, value in values.items():
            if name not in fields or fields[name].hidden:
                raise _unknown_argument(type(self), name)
            object.__setattr__(self, name, value)

    def _defaults(self) -> dict[str, Any]:
        return {"uid": uids.random_uid(self.uid_length)}

    @classmethod
    def _from_row(cls, store: Store, row: tuple[Any, ...]) -> Self:
        record = object.__new__(cls)
        values = dict(zip(cls.__table__.columns, row))
        record.__dict__.update(_store=store, _related={}, _values=values)
        for field in cls.__table__.converted:
            values[field.name] = field.from_db(values[field.name])
        values[changes.KEPT] = row
        return record

    def __setattr__(self, name: str, value: Any) -> None:
        if name[0] != "_":
            known = getattr(type(self), name, self)
            if known is self:
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{_hint(type(self), name)}")
            if callable(known):
                raise errors.InvalidArgument(
                    f"{name} is a method of {type(self).__name__}, to be called: it cannot be set to {value!r}."
                )
        object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs of it; related rows are read there."""
        return {**self.__dict__, "_related": {}}

    # -- identity

    @property
    def id(self) -> Optional[int]:
        """Number of the row in this database: local, never an identity. None before it is saved."""
        number: Optional[int] = self._values["id"]
        return number

    @property
    def pk(self) -> Optional[int]:
        """The same as `id`."""
        return self.id

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SQLRecord) or type(self) is not type(other):
            return NotImplemented
        return self.uid == other.uid and session.same(self._store, other._store)

    def __hash__(self) -> int:
        return hash((type(self), self.uid))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={_shown(name, value)}' for name, value in self._cells())})"

    def _repr_html_(self) -> str:
        from ..base import markup
        from ..sql.tables import line

        return markup.facts(type(self).__name__, [(name, line(value)) for name, value in self._cells()])

    def _cells(self) -> Iterator[tuple[str, Any]]:
        """The fields that say something."""
        fields = self.__table__.fields
        for name, value in self._shown():
            usual = isinstance(fields[name], BoolField) and value == fields[name].usual
            if value is not None and not usual and not isinstance(fields[name], (ForeignKey, JsonField)):
                yield name, value

    def _shown(self) -> Iterator[tuple[str, Any]]:
        """Fields and their values as people read them; of a related row its id."""
        for field in self.__table__.fields.values():
            if not field.hidden:
                yield field.name, self._values[field.column]

    # -- related rows

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_id") and name in self.__table__.columns:
            return self._values[name]
        if name[0] == "_":  # asked by copy, pickle or a notebook: nobody reads a hint
            raise AttributeError(name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{_hint(type(self), name)}")

    def _related_row(self, field: ForeignKey[Any]) -> Any:
        number = self._values[field.column]
        if number is None:
            return None
        known = self._related.get(field.name)
        if known is None or known.id != number:
            target = lookups.models[field.to]
            target._before_query(self._store)
            known = self._related[field.name] = query(target, self._store).filter(id=number).one()
        return known

    def _set_related_row(self, field: ForeignKey[Any], row: Optional[SQLRecord]) -> None:
        if row is None:
            self._values[field.column] = None
            self._related.pop(field.name, None)
            return
        target = lookups.models[field.to]
        if not isinstance(row, target):
            raise field.wrong(row)
        self.check_same_instance(row)
        if row.id is None:
            raise errors.InvalidArgument(f"{row!r} is not saved yet: call .save() on it first.")
        self._values[field.column] = row.id
        self._related[field.name] = row

    def _related_rows(self, relation: Relation) -> QuerySet[Any]:
        target = lookups.models[relation.to]
        target._before_query(self._store)
        number = -1 if self.id is None else self.id
        rows: QuerySet[Any] = query(target, self._store).hiding(target._default_conditions(Q()))
        if relation.is_column and not relation.having:  # as a condition, which indexes of several columns answer
            return rows.meeting(Q(**{relation.near[: -len("_id")]: number}))
        rows = rows.within(*relation.far_ids(number))
        return RelatedSet.of(self, relation, rows) if isinstance(relation, Links) else rows

    def check_same_instance(self, other: SQLRecord) -> None:
        """Raise unless the other row is of the same instance."""
        if not session.same(other._store, self._store):
            raise errors.InvalidArgument(
                f"{type(other).__name__} {other.uid} is of the instance {other._store.root}, {type(self).__name__} "
                f"{self.uid} of {self._store.root}: rows of two instances cannot be linked."
            )

    # -- saving

    def save(self) -> Self:
        """Write the row, or what was changed of it, to the database; the row itself, with its id.

        Of a row that is there only the fields are written that were changed through this object, so that what others
        changed meanwhile stays, and is taken over. Raises `Conflict` if it is locked or was removed for good.
        """
        with changes.undoing([self]), self._store.database.write(f"save {type(self).__name__}") as tx:
            new = self._save(tx)
        if new:
            self._tell()
        return self

    def _tell(self) -> None:
        """Say what its user may want to know of a row that was new."""

    def _save(self, tx: Transaction) -> bool:
        """Write the row, or what was changed of it; whether it is new."""
        new = self.id is None
        self._catch_up(tx)
        self._write(tx)
        return new

    def _catch_up(self, tx: Transaction) -> None:
        """Know what others changed of a row that is there, before it is judged what is written."""
        if self.id is not None:
            changes.catch_up(tx, self)

    def _write(self, tx: Transaction) -> None:
        """Write a new row, or what was changed of one that has caught up with the database."""
        if self.id is None:
            self._check_it_was_not_removed()
            self._stamp()
            cells = self.__table__.cells(self._values)
            self._values["id"] = tx.insert(self.__table__.name, dict(zip(self.__table__.written, cells)))
            self._values[changes.KEPT] = (self.id, *cells)
            self._inserted(tx, [self])
            return
        self._settle_space()
        moves = "branch" in self.__table__.fields and self._values["branch_id"] != changes.was(self, "branch_id")
        if moves:
            self._moving(tx, self._values["branch_id"])
        changed = changes.write(tx, self)
        cycles.check_fields(tx, self, changed)
        self._written(tx, changed)
        if moves:
            self._moved(tx)
            self._catch_up(tx)

    def _written(self, tx: Transaction, cells: Mapping[str, Any]) -> None:
        """What else is written when these cells of a row that is there were."""

    @classmethod
    def _inserted(cls, tx: Transaction, rows: Sequence[Any]) -> None:
        """What else is written with new rows."""
        if "run" in cls.__table__.fields and "projects" in cls.__relations__:
            for row in rows:
                if row._values["run_id"] is not None:
                    link_projects_of_run(tx, cls.__relations__["projects"], row._saved_id(), row._values["run_id"])

    def _stamp(self, moment: Optional[datetime] = None, user_id: Optional[int] = None) -> None:
        """Give a new row what nobody gave it: its moment, its maker, its space."""
        fields, values, now = self.__table__.fields, self._values, moment or clock.to_datetime(clock.now())
        self._settle_space()
        if "updated_at" in fields:
            values["updated_at"] = now
        if "created_at" in fields and values["created_at"] is None:
            values["created_at"] = now
        if "created_by" in fields and values["created_by_id"] is None:
            values["created_by_id"] = user_id or self._store.user_id

    def _settle_space(self) -> None:
        """Where nobody named a space: that of the run that makes it, else everybody's."""
        values = self._values
        if "space" not in self.__table__.fields or values["space_id"] is not None:
            return
        run_id = values.get("run_id")
        found = run_id and self._store.database.one("SELECT space_id FROM run WHERE id = ?", [run_id])
        values["space_id"] = int(found[0]) if found else EVERYBODYS

    @classmethod
    def _set_fields(cls, tx: Transaction, rows: Sequence[Any], given: Mapping[str, object]) -> None:
        """Set fields of rows that this transaction has just read."""
        changes.set_fields(tx, rows, given)

    def refresh(self) -> Self:
        """Read the row anew."""
        fresh = query(type(self), self._store).filter(id=self.id).one()
        self._values, self._related = fresh._values, {}
        return self

    # -- queries

    @classmethod
    def filter(cls, /, *conditions: Q, **lookups_: object) -> QuerySet[Self]:
        """The rows that meet all these conditions, without trash and archive unless ``branch`` is named.

        Keywords are ``field=value`` or ``field__lookup=value``, also across relations: ``transform__key="a.py"``.
        """
        return Manager(cls, session.current_store()).filter(*conditions, **lookups_)

    @classmethod
    def all(cls) -> QuerySet[Self]:
        """All rows, without trash and archive."""
        return cls.filter()

    @classmethod
    def exclude(cls, /, *conditions: Q, **lookups_: object) -> QuerySet[Self]:
        """The rows that do not meet all these conditions together, without trash and archive."""
        return cls.filter().exclude(*conditions, **lookups_)

    @classmethod
    def order_by(cls, *names: str) -> QuerySet[Self]:
        """All rows in the order of these fields; ``-name`` is descending."""
        return cls.filter().order_by(*names)

    @classmethod
    def search(cls, text: str, limit: Optional[int] = 20) -> QuerySet[Self]:
        """The rows that are most like a text, the best first; typos are forgiven."""
        return cls.filter().search(text, limit)

    @classmethod
    def lookup(cls) -> Lookup:
        """The rows by their names, as attributes that an editor completes."""
        return cls.filter().lookup()

    @classmethod
    def count(cls) -> int:
        """How many rows there are, without trash and archive."""
        return cls.filter().count()

    @classmethod
    def exists(cls) -> bool:
        """Whether there is any row."""
        return cls.filter().exists()

    @classmethod
    def to_dicts(
        cls, include: Sequence[str] = (), features: Union[bool, Sequence[Any], None] = None
    ) -> list[dict[str, Any]]:
        """All rows as dicts; see the method of query sets."""
        return cls.filter().to_dicts(include, features)

    @classmethod
    def to_dataframe(cls, **options: Any) -> Any:
        """The rows as a data frame of pandas, newest first; see the method of query sets."""
        return cls.filter().to_dataframe(**options)

    @classmethod
    def get(cls, /, uid: Union[str, int, None] = None, **lookups_: object) -> Self:
        """The one row with this uid (or its start, or its id), or that meets the conditions.

        Of several versions it is the latest. Raises `DoesNotExist` or `MultipleResults`.
        """
        return Manager(cls, session.current_store()).get(uid, **lookups_)

    @classmethod
    def _got(cls, rows: QuerySet[Self], uid: Union[str, int, None], asked: dict[str, object]) -> Self:
        """The row of a query set that its ``get`` means."""
        return got(rows, uid, asked)

    @classmethod
    def _before_query(cls, store: Store) -> None:
        """What is to be done before anybody looks."""

    @classmethod
    def _default_conditions(cls, asked: Q) -> Q:
        """What rows must meet to be shown, where the conditions that somebody wrote do not ask for others."""
        if "branch" in cls.__table__.fields and not {"branch", "branch_id"} & asked.names():
            return Q(branch_id__gt=ARCHIVE)
        return Q()

    @classmethod
    def _preferred(cls, rows: QuerySet[Self]) -> Self:
        """The row that ``get`` means."""
        return rows.one()

    @classmethod
    def _rewritten(cls, database: Database, path: Sequence[str], value: object) -> Optional[Q]:
        """What a lookup that names no column means; None for one that does."""
        if path[0] != "branch" or list(path[1:]) not in ([], ["in"]) or "branch" not in cls.__table__.fields:
            return None
        if len(path) > 1:
            return cls._of_branches(database, lookups._listed(value, "branch__in"))
        if value is None:
            return Q()  # of all branches
        if not isinstance(value, str):
            return None
        if value in BRANCHES:
            return Q(branch_id=BRANCHES[value])
        names = [str(row[0]) for row in database.read("SELECT name FROM branch ORDER BY id DESC")]
        if value not in names:
            raise errors.DoesNotExist(f"There is no branch {value!r}: there are {', '.join(names)}; None means all.")
        return Q(branch__name=value)

    @classmethod
    def _of_branches(cls, database: Database, branches: Sequence[object]) -> Optional[Q]:
        """The same of any of several branches, given by their names or otherwise."""
        if None in branches:
            return Q()
        if not any(isinstance(each, str) for each in branches):
            return None
        found = Q()
        for each in branches:
            found |= cls._rewritten(database, ["branch"], each) or Q(branch=each)
        return found

    # -- life cycle

    def delete(self, *, permanent: bool = False, force: bool = False) -> None:
        """Move the row to the trash: hidden from queries, brought back by `restore`.

        ``permanent=True`` removes it for good, with what is a part of it. Raises `Conflict` if other rows refer to
        it; ``force=True`` takes it out of those that can be without it. Stored bytes are left for ``gc``.
        """
        for name, flag in (("permanent", permanent), ("force", force)):
            if not isinstance(flag, bool):
                raise errors.InvalidArgument(f"delete() takes True or False for {name}; got {flag!r}.")
        if not permanent:
            if force:
                raise errors.InvalidArgument("force=True has a meaning only with permanent=True.")
            self._move(TRASH)
            return
        self._saved_id()
        with self._store.database.write(f"remove {type(self).__name__}") as tx:
            locks.check(tx, self)
            self._removing(tx)
            from . import removal

            removal.remove(tx, self, force=force)
            self._removed(tx)
        self._values["id"], self._is_removed = None, True

    def archive(self) -> Self:
        """Put the row aside: hidden from queries like the trash, but kept on purpose; `restore` brings it back."""
        self._move(ARCHIVE)
        return self

    def restore(self) -> Self:
        """Bring the row back from the trash or the archive; `Conflict` if its key or name is taken meanwhile."""
        if self._saved_id() and self._values.get("branch_id", MAIN) <= ARCHIVE:
            self._move(MAIN)
        return self

    def _move(self, branch_id: int) -> None:
        if "branch" not in self.__table__.fields:
            raise errors.InvalidArgument(
                f"A {type(self).__name__} has no trash and no archive: delete(permanent=True) removes one that nothing "
                "refers to."
            )
        if self._saved_id() and self._values["branch_id"] == branch_id:
            return
        with self._store.database.write(f"move {type(self).__name__}") as tx:
            locks.check(tx, self)
            self._moving(tx, branch_id)
            tx.update(self.__table__.name, self._saved_id(), {"branch_id": branch_id, "updated_at": clock.now()})
            self._moved(tx)
        self.refresh()

    def _moving(self, tx: Transaction, branch_id: int) -> None:
        """What must hold before the row moves to another branch."""

    def _moved(self, tx: Transaction) -> None:
        """What else changes when the row has moved to another branch."""

    def _removing(self, tx: Transaction) -> None:
        """What must hold before the row is removed for good."""

    def _removed(self, tx: Transaction) -> None:
        """What else changes when the row is gone."""

    def _saved_id(self) -> int:
        self._check_it_was_not_removed()
        if self.id is None:
            raise errors.InvalidArgument(f"{self!r} is not saved yet: call .save() first.")
        return self.id

    def _check_it_was_not_removed(self) -> None:
        if self._is_removed:
            raise errors.Conflict(f"{type(self).__name__} {self.uid} was removed for good: make a new one.")


def _hint(cls: type[SQLRecord], name: str) -> str:
    near = lookups.nearest(name, [each for each in dir(cls) if not each.startswith("_")])
    return f": did you mean {near!r}?" if near else "."


def _unknown_argument(cls: type[SQLRecord], name: str) -> errors.InvalidArgument:
    names = [field.name for field in cls.__table__.fields.values() if not field.hidden]
    return errors.InvalidArgument(f"{cls.__name__}() has no argument {name!r}: {lookups.advice(name, names)}")


def _shown(name: str, value: Any) -> str:
    from ..sql import tables

    if hasattr(value, "strftime"):
        return tables.moment(value) + (" UTC" if hasattr(value, "hour") else "")
    return repr(f"{value[: tables.HASH]}…" if name == "hash" else value)


def get_or_create(store: Store, table: str, unique: dict[str, Any], others: dict[str, Any]) -> int:
    """Id of the row with these unique values, made if it is not there."""
    where = " AND ".join(f"{column} = ?" for column in unique)
    sql, params = f"SELECT id FROM {table} WHERE {where}", list(unique.values())
    found = store.database.one(sql, params)
    if found is None:
        with store.database.write(f"register {table}", durable=False) as tx:
            tx.insert_new(table, {**others, **unique})
            found = tx.one(sql, params)
    if found is None:
        raise errors.Conflict(f"The row of {table} with {unique!r} was removed while it was made: try again.")
    return int(found[0])


class Stamped(SQLRecord):
    """Fields of registries whose rows people make: who, when, in which branch and space."""

    created_at: TimeField[datetime] = TimeField()
    updated_at: TimeField[datetime] = TimeField(hidden=True)
    is_locked = locks.LockField(default=False)
    branch: ForeignKey[Any] = ForeignKey("branch", usual=MAIN)
    space: ForeignKey[Any] = ForeignKey("space", usual=EVERYBODYS)
    created_by: ForeignKey[Any] = ForeignKey("users")

    def _defaults(self) -> dict[str, Any]:
        return {**super()._defaults(), "branch_id": MAIN}


#: what is most likely meant by a value without a name
_MEANT = ("name", "key", "root", "handle", "uid")

#: columns of many registries, which come after the own ones, in this order
_LAST = {
    column: place
    for place, column in enumerate(
        "version_tag is_latest is_locked is_type created_at updated_at branch_id space_id storage_id transform_id "
        "report_id environment_id run_id created_by_id type_id initiated_by_run_id".split(),
        start=1,
    )
}
