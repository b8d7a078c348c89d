"""Lazy, immutable query sets: built step by step, run when their rows are asked for."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING, Generic, R
from .fields import Field, ForeignKey
from .lookups import ID, Compiler, Q, field_named, unknown_field
from .relations import Relation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Optional, Union

    from .database import Database

CELL = 40  #: widest cell of a printed table
ROWS = 20  #: rows of a printed table, and of a repr


class QuerySet(Generic[R]):
    """Rows of a registry that meet conditions, in an order.

    Each method gives a new query set; nothing is read before rows are asked for (by iteration, ``list``, ``len``,
    ``first``, ``to_dicts``, ``print``, ...).

    >>> runs = ln.Run.filter(params__learning_rate=0.01).order_by("-started_at")  # doctest: +SKIP
    >>> runs.first().params  # doctest: +SKIP
    """

    def __init__(self, model: type[R], database: Database, make: Callable[[type[R], tuple[Any, ...]], R]) -> None:
        self._model: Any = model
        self._database = database
        self._make = make
        self._hidden = Q()
        self._where = Q()
        self._ids: list[tuple[str, list[Any]]] = []
        self._order: tuple[str, ...] = ("id",)
        self._limit: Optional[int] = None
        self._offset = 0
        self._rows: Optional[list[R]] = None

    def _changed(self, **attributes: object) -> QuerySet[R]:
        other: QuerySet[R] = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _rows=None, **attributes)
        return other

    # -- building

    def filter(self, *conditions: Q, **lookups: object) -> QuerySet[R]:
        """The rows of this query set that also meet all these conditions."""
        return self._narrowed(Q(*conditions, **lookups))

    def exclude(self, *conditions: Q, **lookups: object) -> QuerySet[R]:
        """The rows that do not meet all these conditions together."""
        return self._narrowed(~Q(*conditions, **lookups))

    def _narrowed(self, q: Q) -> QuerySet[R]:
        if self._limit is not None or self._offset:
            raise errors.InvalidArgument("A slice cannot be filtered any more: filter first, then slice.")
        Compiler(self._database).where(self._model, "t0", q)  # a wrong name is an error here, not at the first read
        return self._changed(_where=Q(self._where, q) if self._where else q)

    def hiding(self, shown: Q) -> QuerySet[R]:
        """Only what meets this condition, which nobody wrote: it is not told in errors."""
        return self._changed(_hidden=shown)

    def within(self, ids: str, params: list[Any]) -> QuerySet[R]:
        """Only rows whose id is given by this select; for other parts of the library."""
        return self._changed(_ids=[*self._ids, (ids, params)])

    def order_by(self, *names: str) -> QuerySet[R]:
        """In the order of these fields; ``-name`` is descending. Ties are in the order of creation."""
        for name in names:
            field = field_named(self._model, name.lstrip("-")) if "__" not in name else None
            if isinstance(field, Relation):
                raise errors.FieldError(f"Rows cannot be ordered by {name!r}, which is many rows for each.")
            if field is None:
                raise unknown_field(self._model, name)
        return self._changed(_order=names or ("id",))

    def all(self) -> QuerySet[R]:
        """The same query set, to be read anew."""
        return self._changed()

    # -- reading

    def _sql(self, select: str) -> tuple[str, list[Any]]:
        table = self._model.__table__
        where, params = Compiler(self._database).where(self._model, "t0", Q(self._hidden, self._where))
        for ids, values in self._ids:
            where += f" AND t0.id IN (SELECT {ids})"
            params += values
        sql = f"SELECT {select} FROM {table.name} t0 WHERE {where}"
        return sql, params

    def _ordered(self, reverse: bool = False) -> str:
        parts = []
        for name in self._order:
            descending = name.startswith("-") is not reverse
            field = field_named(self._model, name.lstrip("-"))
            column = f"t0.{field.column}" if isinstance(field, Field) else "t0.id"
            if isinstance(field, Field) and field.null:
                parts.append(f"{column} IS {'NOT ' if descending else ''}NULL")
            parts.append(column + (" DESC" if descending else ""))
        if self._order[-1].lstrip("-") != "id":
            parts.append("t0.id" + (" DESC" if self._order[0].startswith("-") is not reverse else ""))
        return f" ORDER BY {', '.join(parts)}"

    def _cut(self) -> str:
        if self._limit is None and not self._offset:
            return ""
        return f" LIMIT {-1 if self._limit is None else self._limit} OFFSET {self._offset}"

    def _columns(self) -> str:
        return ", ".join(f"t0.{column}" for column in self._model.__table__.columns)

    def iterator(self) -> Iterator[R]:
        """Rows one after the other, in constant memory."""
        sql, params = self._sql(self._columns())
        for row in self._database.iterate(sql + self._ordered() + self._cut(), params):
            yield self._make(self._model, row)

    def _fetched(self) -> list[R]:
        if self._rows is None:
            sql, params = self._sql(self._columns())
            rows = self._database.read(sql + self._ordered() + self._cut(), params)
            self._rows = [self._make(self._model, row) for row in rows]
        return self._rows

    def __iter__(self) -> Iterator[R]:
        return iter(self._fetched())

    def __len__(self) -> int:
        return len(self._fetched())

    def __bool__(self) -> bool:
        return self.exists()

    def __getitem__(self, index: Union[int, slice]) -> Any:
        if isinstance(index, slice):
            return self._sliced(index)
        if index < 0:
            return self._fetched()[index]
        rows = list(self._sliced(slice(index, index + 1)))
        if not rows:
            raise IndexError(f"There is no row {index}: the query found {self.count()}.")
        return rows[0]

    def _sliced(self, index: slice) -> Any:
        start, stop, step = index.start or 0, index.stop, index.step
        if start < 0 or (stop is not None and stop < 0) or step not in (None, 1):
            return self._fetched()[index]
        limit = None if stop is None else max(0, stop - start)
        if self._limit is not None:
            rest = max(0, self._limit - start)
            limit = rest if limit is None else min(limit, rest)
        return self._changed(_offset=self._offset + start, _limit=limit)

    def count(self) -> int:
        """How many rows there are."""
        if self._rows is not None:
            return len(self._rows)
        sql, params = self._sql("t0.id" if self._cut() else "count(*)")
        if self._cut():
            sql = f"SELECT count(*) FROM ({sql}{self._cut()}) AS cut"
        found = self._database.one(sql, params)
        return int(found[0]) if found else 0

    def exists(self) -> bool:
        """Whether there is any row."""
        sql, params = self._sql("1")
        return self._database.one(sql + (self._cut() or " LIMIT 1"), params) is not None

    def first(self) -> Optional[R]:
        """The first row in this order, or None."""
        return next(iter(self._changed(_limit=1 if self._limit is None else min(1, self._limit))), None)

    def last(self) -> Optional[R]:
        """The last row in this order, or None."""
        if self._cut():
            return self._fetched()[-1] if self._fetched() else None
        sql, params = self._sql(self._columns())
        row = self._database.one(sql + self._ordered(reverse=True) + " LIMIT 1", params)
        return None if row is None else self._make(self._model, row)

    def one_or_none(self) -> Optional[R]:
        """The only row, or None; `MultipleResults` if there are several."""
        rows = list(self._changed(_limit=2 if self._limit is None else min(2, self._limit)))
        if len(rows) > 1:
            raise errors.MultipleResults(
                f"{self.count()} rows of {self._model.__name__} match {self.described()}: add a condition, or use "
                "first() or last()."
            )
        return rows[0] if rows else None

    def one(self) -> R:
        """The only row; `DoesNotExist` if there is none, `MultipleResults` if there are several."""
        row = self.one_or_none()
        if row is None:
            raise errors.DoesNotExist(f"No {self._model.__name__} matches {self.described()}.")
        return row

    def described(self) -> str:
        """The conditions as they were written."""
        return described(self._where) or "no condition"

    # -- plain values

    def values_list(self, *names: str, flat: bool = False) -> list[Any]:
        """Tuples of these fields' values; with ``flat=True`` the values of the one field."""
        fields = [field_named(self._model, name) for name in names]
        wrong = [name for name, field in zip(names, fields) if isinstance(field, Relation)]
        if wrong or not names or (flat and len(names) > 1):
            raise errors.FieldError(f"values_list needs names of fields, one with flat=True; got {names!r}.")
        columns = [field for field in fields if isinstance(field, Field)]
        sql, params = self._sql(", ".join(f"t0.{field.column}" for field in columns))
        rows = self._database.read(sql + self._ordered() + self._cut(), params)
        made = [tuple(_value(field, cell) for field, cell in zip(columns, row)) for row in rows]
        return [row[0] for row in made] if flat else made

    def to_list(self, name: Optional[str] = None) -> list[Any]:
        """The rows, or the values of one field."""
        return list(self) if name is None else self.values_list(name, flat=True)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dicts of their fields' values; a related row is its id."""
        fields = [ID, *(f for f in self._model.__table__.fields.values() if not f.hidden)]
        names = [field.column for field in fields]
        return [dict(zip(names, row)) for row in self.values_list(*names)]

    def __repr__(self) -> str:
        total = self.count()
        rows = ", ".join(repr(row) for row in self[:ROWS])
        cut = f", ... {total - ROWS:,} more" if total > ROWS else ""
        return f"<QuerySet [{rows}{cut}]>"

    def __str__(self) -> str:
        total = self.count()
        table = text_table(self[:ROWS].to_dicts())
        return f"{table}\n... {total - ROWS:,} of {total:,} rows are not shown" if total > ROWS else table


def _value(field: Field[Any], cell: Any) -> Any:
    return cell if isinstance(field, ForeignKey) else field.from_db(cell)


def described(q: Q) -> str:
    """A condition as one writes it."""
    parts = [described(child) if isinstance(child, Q) else f"{child[0]}={child[1]!r}" for child in q.children]
    text = (", " if q.operator == "AND" else " or ").join(part for part in parts if part)
    return f"not ({text})" if q.negated else text


def text_table(rows: list[dict[str, Any]]) -> str:
    """Rows as an aligned table; columns without any value are left out."""
    if not rows:
        return "(no rows)"
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells)


def _cell(value: object) -> str:
    text = "" if value is None else value.strftime("%Y-%m-%d %H:%M:%S") if hasattr(value, "strftime") else str(value)
    text = "".join(char if char.isprintable() else "·" for char in text)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"
