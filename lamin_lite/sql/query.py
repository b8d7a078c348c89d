"""Lazy, immutable query sets: built step by step, run when their rows are asked for."""

from __future__ import annotations

from .. import errors
from ..base import display
from ..base._typing import TYPE_CHECKING, Generic, R, T
from .columns import ORDER, Columns, labels, no_field, once
from .comparing import ID
from .fields import ForeignKey
from .lookups import Compiler, Q, each_apart, field_named, is_field, label_name, models
from .relations import Relation
from .select import Select

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Optional, Union

    from .database import Database, Transaction
    from .finding import Lookup

ROWS = 20  #: rows of a printed table, and of a repr
BATCH = 250  #: rows that are held at once while many are changed, or gone through
KEPT = 1_000  #: rows that a query set keeps when it is gone through; of more it keeps the ids
MOST = 2**61  #: rows that a slice skips or takes at most; databases count in 64 bits
FRAME_ROWS = 100  #: rows of a data frame, unless another limit is given
_SET_INSTEAD = "set it on each row by row.features.add_values({{{0!r}: ...}})"  #: for a feature


def _no_frames(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> Any:  # noqa: ARG001
    raise errors.MissingExtra("to_dataframe() needs pandas: pip install 'lamin-lite[pandas]'.")


def _no_features(database: Database, table: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:  # noqa: ARG001
    return {}


#: slot: values of features by id of their row and name; `models` puts those of its registry here
feature_values: Callable[[Database, str, Sequence[int]], dict[int, dict[str, Any]]] = _no_features
#: slot: makes a data frame of rows, whose index is ``id``; `models` puts what the extra offers here
make_frame: Callable[[Sequence[dict[str, Any]], Sequence[str]], Any] = _no_frames


class QuerySet(Generic[R]):
    """Rows of a registry that meet conditions, in an order.

    Each method gives a new query set; nothing is read before rows are asked for (by iteration, ``list``, ``len``,
    ``first``, ``to_dicts``, ``print``, ...).

    >>> runs = ln.Run.filter(params__learning_rate=0.01).order_by("-started_at")  # doctest: +SKIP
    >>> runs.first().params  # doctest: +SKIP
    """

    _ranking = ""  #: an expression of ours that gives the order where no other one is asked for

    def __init__(self, model: type[R], database: Database, make: Callable[[type[R], tuple[Any, ...]], R]) -> None:
        self._model: Any = model
        self._database = database
        self._make = make
        self._hidden = Q()
        self._given = Q()
        self._where = Q()
        self._ids: list[tuple[str, list[Any]]] = []
        self._order: tuple[str, ...] = ()
        self._distinct = False
        self._limit: Optional[int] = None
        self._offset = 0
        self._held: Union[list[R], array[int], None] = None  #: the rows that were read; of many their ids

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_database": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In another process it asks the database of the instance there."""
        self.__dict__.update(state, _database=state["_make"].database)

    def _changed(self, **attributes: object) -> QuerySet[R]:
        return self._turned(type(self), attributes)

    def _turned(self, kind: type[T], attributes: dict[str, object]) -> T:
        """The same, to be read anew, as a query set of this kind with these attributes."""
        other = object.__new__(kind)
        other.__dict__.update(self.__dict__, _held=None)
        other.__dict__.update(attributes)
        return other

    # -- building

    def filter(self, /, *conditions: Q, **lookups: object) -> QuerySet[R]:
        """The rows of this query set that also meet all these conditions."""
        return self._narrowed(Q(*conditions, **lookups))

    def exclude(self, /, *conditions: Q, **lookups: object) -> QuerySet[R]:
        """The rows that do not meet all these conditions together."""
        return self._narrowed(~Q(*conditions, **lookups))

    def _narrowed(self, q: Q) -> QuerySet[R]:
        self._check_not_cut("filtered", "filter")
        Compiler(self._database, dry=True).where(
            self._model, "t0", q
        )  # a wrong name is an error here, not at the first read
        where = each_apart(self._where, q)
        hidden = self._model._default_conditions(where) if self._hidden else self._hidden
        return self._changed(_where=where, _hidden=hidden)  # what a condition names is not hidden

    def hiding(self, shown: Q) -> QuerySet[R]:
        """Only what meets this condition, which nobody wrote: it is not told in errors."""
        return self._changed(_hidden=shown)

    def meeting(self, given: Q) -> QuerySet[R]:
        """Only what meets this condition, which nobody wrote either, and which stays whatever they ask for."""
        return self._changed(_given=given)

    def within(self, ids: str, params: list[Any]) -> QuerySet[R]:
        """Only rows whose id is given by this select; for other parts of the library."""
        return self._changed(_ids=[*self._ids, (ids, params)])

    def order_by(self, *names: str) -> QuerySet[R]:
        """In the order of these fields, also of related rows (``transform__key``); ``-name`` is descending.

        Rows without a value come last. Ties are in the order of creation.
        """
        self._check_not_cut("ordered", "order")
        columns = Columns(self._model, self._database)
        for name in names:
            if not isinstance(name, str):
                raise errors.FieldError(f"order_by() needs names of fields; got {name!r}.")
            if columns.named(name.lstrip("-"), doing=ORDER).inside:
                raise errors.FieldError(
                    f"Rows cannot be ordered by {name!r}: it is inside of a value; sort them in Python."
                )
        return self._changed(_order=names)

    def distinct(self) -> QuerySet[R]:
        """Each row, and in `values` and `values_list` each combination of values, once."""
        self._check_not_cut("made distinct", "call distinct()")
        return self._changed(_distinct=True)

    def search(self, text: str, limit: Optional[int] = ROWS) -> QuerySet[R]:
        """The rows whose key, name, description or uid is most like a text, the best first; typos are forgiven.

        ``limit``: at most so many; with None all, of which 10,000 can be ranked.

        >>> ln.Artifact.search("datset").first()  # doctest: +SKIP
        """
        from .finding import in_order, ranked

        _check_limit(limit)
        found = ranked(self, text, limit)
        only = ", ".join(map(str, found)) or "NULL"
        rows = self._changed(_order=(), _ranking=in_order("t0.id", found))
        return rows.within(f"id FROM {self._model.__table__.name} WHERE id IN ({only})", [])

    def lookup(self) -> Lookup:
        """The rows by their names, as attributes that an editor completes: ``ln.Project.lookup().my_project``."""
        from .finding import Lookup

        self._check_not_cut("looked up by names", "call lookup()")
        return Lookup(self)

    def all(self) -> QuerySet[R]:
        """The same query set, to be read anew."""
        return self._changed()

    # -- reading

    def _select(self, *, reverse: bool = False, limit: Optional[int] = None, all_rows: bool = False) -> Select:
        if limit is not None:
            limit = limit if self._limit is None else min(limit, self._limit)
        return Select(
            self._model,
            self._database,
            each_apart(self._hidden, self._given, self._where),
            self._ids,
            order=self._order or ("id",),
            place="" if self._order else self._place,
            limit=None if all_rows else self._limit if limit is None else limit,
            offset=0 if all_rows else self._offset,
            reverse=reverse,
        )

    def _sql(self, columns: str) -> tuple[str, list[Any]]:
        """The select of what is to be read of all rows, in no order; for other parts of the library."""
        self._check_not_cut("searched", "search")
        return self._select().source(columns)

    @property
    def _place(self) -> str:
        """The expression that gives the order where none is asked for, if there is one."""
        return self._ranking

    @property
    def _is_cut(self) -> bool:
        return self._limit is not None or self._offset > 0

    def _check_not_cut(self, done: str, do: str) -> None:
        """Raise for a slice: which rows it holds is settled."""
        if self._is_cut:
            raise errors.InvalidArgument(f"A slice cannot be {done} any more: {do} first, then slice.")

    def _columns(self) -> list[str]:
        return [f"t0.{column}" for column in self._model.__table__.columns]

    def iterator(self) -> Iterator[R]:
        """Rows one after the other, in constant memory, as the database gives them: what changes meanwhile may be seen."""
        for row in self._select().iterate(self._columns()):
            yield self._make(self._model, row)

    def _read(self) -> Union[list[R], array[int]]:
        """The rows, read once; of more than are kept their ids, by which a few rows at a time are read."""
        if self._held is None:
            rows = self._select(limit=KEPT + 1).rows(self._columns())
            self._held = self._ids_now() if len(rows) > KEPT else [self._make(self._model, row) for row in rows]
        if not self._held and self._where.children:
            from .misspelt import tell

            tell(self._model, self._database, self._where)
        return self._held

    def __iter__(self) -> Iterator[R]:
        return self._each_of(self._read())

    def __reversed__(self) -> Iterator[R]:
        return self._each_of(self._read()[::-1])

    def _each_of(self, held: Union[list[R], array[int]]) -> Iterator[R]:
        return iter(held) if isinstance(held, list) else self._with_ids(held)

    def __len__(self) -> int:
        return len(self._read())

    def __bool__(self) -> bool:
        return self.exists()

    def __getitem__(self, index: Union[int, slice]) -> Any:
        if isinstance(index, slice):
            return self._sliced(index)
        if isinstance(index, bool) or not isinstance(index, int):
            raise errors.InvalidArgument(f"Rows are taken by whole numbers and slices, such as rows[0]; got {index!r}.")
        many = self.count() if index < 0 or self._held is not None else None
        at = index + many if many is not None and index < 0 else index
        rows = list(self._sliced(slice(at, at + 1))) if at >= 0 and (many is None or at < many) else []
        if rows:
            return rows[0]
        if many is not None and 0 <= at < many:
            raise IndexError(f"Row {index} was removed since these rows were read: all() reads them anew.")
        raise IndexError(f"There is no row {index}: the query found {self.count()}.")

    def _sliced(self, index: slice) -> Any:
        if index.step not in (None, 1):
            return list(self)[index]
        for end in (index.start, index.stop):
            if end is not None and not hasattr(end, "__index__"):
                raise errors.InvalidArgument(f"Rows are sliced by whole numbers, such as rows[:10]; got {end!r}.")
        start, stop = min(index.start or 0, MOST), index.stop
        if start < 0 or (stop is not None and stop < 0):
            start, stop, _ = slice(start, stop).indices(self.count())
        limit = None if stop is None else min(max(0, stop - start), MOST)
        if self._limit is not None:
            rest = max(0, self._limit - start)
            limit = rest if limit is None else min(limit, rest)
        held = None if self._held is None else self._held[start : None if limit is None else start + limit]
        return self._changed(_offset=min(self._offset + start, MOST), _limit=limit, _held=held)

    def count(self) -> int:
        """How many rows there are; of rows that were read, how many were read."""
        return self._select().count() if self._held is None else len(self._held)

    def exists(self) -> bool:
        """Whether there is any row."""
        return self._select(limit=1).exists() if self._held is None else len(self._held) > 0

    def first(self) -> Optional[R]:
        """The first row in this order, or None."""
        return next(iter(self[:1]), None)

    def last(self) -> Optional[R]:
        """The last row in this order, or None."""
        if self._is_cut or self._held is not None:
            return next(iter(self[-1:]), None)
        rows = self._select(reverse=True, limit=1).rows(self._columns())
        return self._make(self._model, rows[0]) if rows else None

    def get(self, /, uid: Union[str, int, None] = None, **lookups: object) -> R:
        """The one of these rows with this uid (or its start, or its id), or that meets the conditions.

        Of several versions it is the latest. Raises `DoesNotExist` or `MultipleResults`.

        >>> artifact.projects.get(name="My project")  # doctest: +SKIP
        """
        row: R = self._model._got(self, uid, lookups)
        return row

    def one_or_none(self) -> Optional[R]:
        """The only row, or None; `MultipleResults` if there are several."""
        rows = list(self[:2])
        if len(rows) > 1:
            told = (
                f" match {self.described()}: add a condition"
                if self._where.children
                else ": add a condition that one of them meets"
            )
            raise errors.MultipleResults(
                f"{self.count()} rows of {self._model.__name__}{told}, or use first() or last()."
            )
        return rows[0] if rows else None

    def one(self) -> R:
        """The only row; `DoesNotExist` if there is none, `MultipleResults` if there are several."""
        row = self.one_or_none()
        if row is None:
            name = self._model.__name__
            raise errors.DoesNotExist(
                f"No {name} matches {self.described()}." if self._where.children else f"There is no {name} here."
            )
        return row

    def described(self) -> str:
        """The conditions as they were written."""
        return repr(self._where)

    # -- plain values

    def values_list(self, *names: str, flat: bool = False) -> list[Any]:
        """Tuples of these fields' values, also of related rows (``transform__key``); ``flat=True``: of the one field."""
        if not names or (flat and len(names) > 1) or not all(isinstance(name, str) for name in names):
            raise errors.FieldError(f"values_list needs names of fields, one with flat=True; got {names!r}.")
        select = self._select(all_rows=self._distinct)
        columns = [select.column(name) for name in names]
        rows = select.rows([column.sql for column in columns])
        if self._distinct:
            end = None if self._limit is None else self._offset + self._limit
            rows = once(columns, rows)[self._offset : end]
        made = [tuple(column.value(cell) for column, cell in zip(columns, row)) for row in rows]
        return [row[0] for row in made] if flat else made

    def values(self, *names: str) -> list[dict[str, Any]]:
        """Dicts of these fields' values, of all fields without names."""
        if not names:
            return self.to_dicts()
        return [dict(zip(names, row)) for row in self.values_list(*names)]

    def to_list(self, name: Optional[str] = None) -> list[Any]:
        """The rows, or the values of one field."""
        return list(self) if name is None else self.values_list(name, flat=True)

    def to_dicts(
        self, include: Sequence[str] = (), features: Union[bool, Sequence[Any], None] = None
    ) -> list[dict[str, Any]]:
        """The rows as dicts of their fields' values; a related row is its id.

        ``include``: fields of related rows as well: one value for ``created_by__handle``, a list for ``projects__name``;
        and values of features by their names. ``features``: the values of these features as well (names, or the features
        themselves), or with True of all that any of the rows has; None where a row has none. A feature never takes the
        place of a field.
        """
        from . import include as include_

        include, named = include_.divided(self._database, self._model, include)
        many = [path for path in include if include_.is_many(self._model, path)]
        columns = list(dict.fromkeys([*self._names(), *(path for path in include if path not in many)]))
        rows = [dict(zip(columns, row)) for row in self.values_list(*columns)]
        for path in many:
            found = include_.values(self._database, self._model, path, [row["id"] for row in rows])
            for row in rows:
                row[path] = found.get(row["id"], [])
        for names in (named, include_.feature_names(self._database, features)):
            if names != []:
                self._add_features(rows, names)
        return rows

    def _add_features(self, rows: list[dict[str, Any]], names: Optional[Sequence[str]]) -> None:
        found = feature_values(self._database, self._model.__table__.name, [row["id"] for row in rows])
        if names is None:
            names = sorted({name for values in found.values() for name in values})
        for row in rows:
            values = found.get(row["id"], {})
            for name in names:
                row.setdefault(name, values.get(name))

    def _names(self) -> list[str]:
        fields = self._model.__table__.fields.values()
        return [ID.column, *(field.column for field in fields if not field.hidden)]

    def to_dataframe(
        self,
        include: Sequence[str] = (),
        features: Union[bool, Sequence[Any], None] = None,
        limit: Optional[int] = FRAME_ROWS,
        order_by: Optional[str] = "-id",
    ) -> Any:
        """The rows as a data frame of pandas, newest first, its index the ids; a notice says if it is cut.

        ``include``, ``features``: as for `to_dicts`. ``limit=None``: all rows. ``order_by``: unless the rows have an order already.
        Raises `MissingExtra` where pandas is not installed; `to_dicts` needs nothing.
        """
        _check_limit(limit)
        rows = self.order_by(order_by) if order_by and not (self._order or self._place or self._is_cut) else self
        shown = rows if limit is None else rows[:limit]
        from .include import feature_names

        include = [include] if isinstance(include, str) else list(include)
        names = feature_names(self._database, features)
        found = shown.to_dicts(include, names is None or names)
        valued = [name for row in found for name in row] if names is None else names
        frame = make_frame(found, [*self._names(), *include, *valued])
        total = 0 if limit is None else self.count()
        if limit is not None and total > limit:
            display.warning(f"{limit:,} of {total:,} rows are in the data frame: limit=None gives all")
        return frame

    # -- changing

    def update(self, /, **values: object) -> int:
        """Set fields of all these rows, in one transaction; how many rows there were.

        Each row is saved as by its own ``save()``, so that what a row refuses is refused here.

        >>> ln.Run.filter(status="errored").update(description="disk was full")  # doctest: +SKIP
        """
        fields = self._model.__table__.fields
        for name in values:
            if not is_field(self._model, name):
                raise no_field(self._database, self._model, name, _SET_INSTEAD)
            field = field_named(self._model, name)
            if isinstance(field, Relation) or name not in fields or field.frozen or field.hidden or name == "branch":
                raise errors.FieldError(f"{name!r} of {self._model.__name__} cannot be set by update().")

        if not values:
            return self.count()

        return self._each(f"update {self._model.__name__}", lambda tx, rows: self._model._set_fields(tx, rows, values))

    def delete(self, *, permanent: bool = False, force: bool = False) -> int:
        """Move all these rows to the trash, or remove them for good; all or none. How many there were.

        ``permanent``, ``force``: as for the ``delete()`` of one row. Rows that refer to each other are removed together.
        """

        def delete(tx: Transaction, rows: list[Any]) -> None:  # noqa: ARG001 - as for update()
            for row in rows:
                row.delete(permanent=permanent, force=force)

        doing = f"delete {self._model.__name__}"
        return self._remove(doing, force) if permanent is True else self._each(doing, delete)

    def _remove(self, doing: str, force: bool) -> int:
        """Remove these rows for good; how many there were.

        What refers is mostly younger than what it refers to, so the youngest go first. What others of these rows stand in
        the way of is tried again when those are gone, from the other end.
        """
        from array import array

        with self._database.write(doing):
            ids = left = array("q", sorted(self._ids_now(), reverse=True))
            while left:
                refused, why = array("q"), None
                for row in self._with_ids(left):
                    try:
                        row.delete(permanent=True, force=force)
                    except errors.Conflict as error:
                        refused.append(row.id)
                        why = why or error
                if why is not None and len(refused) == len(left):
                    raise why
                left = refused[::-1]
        self._held = None
        return len(ids)

    def _each(self, doing: str, change: Callable[[Transaction, list[Any]], None]) -> int:
        """Change the rows that there are now, in this order, in one transaction; how many there were.

        The ids are read first, as a change may decide which other rows meet the conditions; the rows in small batches,
        so that memory does not grow with them.
        """
        with self._database.write(doing) as tx:
            ids = self._ids_now()
            for rows in self._batches(ids):
                change(tx, rows)
        self._held = None
        return len(ids)

    def _ids_now(self) -> array[int]:
        from array import array

        return array("q", (number for (number,) in self._select().iterate(["t0.id"])))

    def _with_ids(self, ids: array[int]) -> Iterator[Any]:
        """The rows with these ids, without those that were removed meanwhile."""
        for rows in self._batches(ids):
            yield from rows
            rows.clear()  # before the next ones are read

    def _batches(self, ids: array[int]) -> Iterator[list[Any]]:
        """The same, a few at a time."""
        for start in range(0, len(ids), BATCH):
            batch = list(ids[start : start + BATCH])
            text, params = Compiler(self._database).one_of("t0.id", batch)
            sql = f"SELECT {', '.join(self._columns())} FROM {self._model.__table__.name} t0 WHERE {text}"
            found = {row[0]: row for row in self._database.read(sql, params)}
            yield [self._make(self._model, found.pop(number)) for number in batch if number in found]

    # -- shown

    def __repr__(self) -> str:
        total = self.count()
        rows = ", ".join(repr(row) for row in self[:ROWS])
        cut = f", ... {total - ROWS:,} more" if total > ROWS else ""
        return f"<QuerySet [{rows}{cut}]>"

    def __str__(self) -> str:
        from .tables import terminal_width, text_table

        rows, cut = self._page()
        table = text_table(rows, terminal_width())
        return f"{table}\n... {cut}" if cut else table

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        from .tables import html_table

        rows, cut = self._page()
        return html_table(rows, note=cut)

    def _page(self) -> tuple[list[dict[str, Any]], str]:
        """The rows that are shown, and what is said of the others."""
        total = self.count()
        cut = f"{total - ROWS:,} of {total:,} rows are not shown" if total > ROWS else ""
        return self[:ROWS]._labelled(), cut

    def _labelled(self) -> list[dict[str, Any]]:
        """The rows as a table shows them: related ones by what people call them, one query for each relation."""
        rows: list[dict[str, Any]] = [dict(row._shown()) for row in self]
        shown, fields = {}, self._model.__table__.fields
        for name in rows[0] if rows else ():
            column = [row[name] for row in rows]
            if all(value is None or value == fields[name].usual for value in column):
                continue
            if isinstance(fields[name], ForeignKey):
                known = labels(self._database, models[fields[name].to], column)
                column = [known.get(value) for value in column]
            shown[name] = column
        first = [name for name in ("uid", label_name(self._model), *self._model.__shown_first__) if name in shown]
        order = dict.fromkeys([*first, *(name for name in shown if name not in self._model.__shown_last__), *shown])
        return [{name: shown[name][at] for name in order} for at in range(len(rows))]


def _check_limit(limit: object) -> None:
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 0):
        raise errors.InvalidArgument(f"limit={limit!r} must be a whole number from 0 on, or None for all rows.")
