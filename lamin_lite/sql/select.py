"""The statements of a query set: which rows, in which order, how many; and how an index is made use of."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from . import lookups, walks
from .columns import ORDER, Columns
from .fields import JsonField
from .lookups import Compiler, Q
from .probes import planned
from .relations import ParamsIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Optional

    from .columns import Column
    from .database import Database
    from .probes import Probe

FIRST = 1_000  #: rows from the beginning for which it is worth to walk in order


class Select:
    """One reading of rows. ``order``: names, ``-`` before one is descending; rows without a value come last."""

    def __init__(
        self,
        model: Any,
        database: Database,
        conditions: Q,
        ids: Sequence[tuple[str, list[Any]]] = (),
        *,
        order: Sequence[str] = ("id",),
        place: str = "",
        limit: Optional[int] = None,
        offset: int = 0,
        reverse: bool = False,
    ) -> None:
        self._model = model
        self._database = database
        self._compiler = Compiler(database)
        self._columns = Columns(model, database)
        self._order = order
        self._place = place  # an expression of ours that gives the order before any name does
        self._limit = limit
        self._offset = offset
        self._reverse = reverse
        self._few = False
        self._ahead = False
        self._driver = ""  # a select of ids before the table, if it gives them in the order that is wanted
        self._where, self._params = self._conditions(conditions, ids)

    def _conditions(self, q: Q, ids: Sequence[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
        probes: list[Probe] = []
        rest = self._apart(q, probes)
        walk = self._compiler.walk = self._limit is not None and self._limit + self._offset <= FIRST
        where, params = self._compiler.where(self._model, "t0", rest)
        for text, values in ids:
            where += f" AND t0.id IN (SELECT {text})"
            params = [*params, *values]
        if probes:
            by_id = not self._place and self._order[0].lstrip("-") in ("id", "pk")
            alone = walks.is_met_by_most(rest) and not ids
            plan = planned(self._database, probes, walk=walk, by_id=by_id, alone=alone)
            self._few = plan.few
            if plan.driver:  # the database is not to choose another order: it does not know how few there are
                self._driver = f"({plan.driver}) d CROSS JOIN "
                return f"{where} AND t0.id = d.owner_id", [*plan.params, *params]
            where, params = f"{where} AND ({plan.text})", [*params, *plan.params]
        elif walk and not self._place:
            order = self._columns.named(self._order[0].lstrip("-"))
            self._ahead = len(self._order) == 1 and walks.may_be_many(self._model, rest, order)
        return where, params

    def _apart(self, q: Q, probes: list[Probe]) -> Q:
        """What is left of a condition when the sets that an index knows are taken out of it."""
        if q.negated or (q.operator != "AND" and len(q.children) > 1):
            return q
        rest = Q()
        rest.apart = q.apart
        for child in q.children:
            if isinstance(child, Q):
                left = self._apart(child, probes)
                rest.children += [left] if left.children or not child.children else []
                continue
            probe = self._probe(*child)
            if probe is None:
                rest.children.append(child)
            else:
                probes.append(probe)
        return rest

    def _probe(self, name: str, value: object) -> Optional[Probe]:
        path = name.split("__")
        if not lookups.is_field(self._model, path[0]):
            return lookups.other_probe(self._compiler, self._model, path, value)
        index = self._model.__relations__.get(f"{path[0]}_index")
        if len(path) == 1 or path[1:] == ["isnull"] or not isinstance(index, ParamsIndex):
            return None
        field = self._model.__table__.fields.get(path[0])
        return index.probe(self._database, path[1:], value) if isinstance(field, JsonField) else None

    def column(self, name: str) -> Column:
        """A column to be read."""
        return self._columns.named(name)

    def rows(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """The rows, as tuples of these columns in SQL."""
        wanted = None if self._limit is None else self._limit + self._offset
        first = self._first_nullable()
        if self._ahead and wanted and not (first and self._reverse):
            rows = self._database.read(*self._beginning(columns, wanted, first))
            if len(rows) == wanted:
                return rows[self._offset :]
        if first is None or self._few or wanted is None or wanted > FIRST:
            return self._database.read(*self._statement(columns))
        found: list[tuple[Any, ...]] = []
        # An index gives the order of the values, but not that of whether there is one: so each in turn.
        for test in (f"{first} IS NULL", f"{first} IS NOT NULL")[:: 1 if self._reverse else -1]:
            if len(found) < wanted:
                found += self._database.read(*self._part(columns, test, wanted - len(found)))
        return found[self._offset :]

    def _first_nullable(self) -> Optional[str]:
        if self._place:
            return None
        column = self._columns.named(self._order[0].lstrip("-"))
        return column.sql if column.field.null and not column.joined else None

    def _beginning(self, columns: Sequence[str], wanted: int, first: Optional[str]) -> tuple[str, list[Any]]:
        """The rows that are wanted among the first ones of all, where no index is asked."""
        known = f" WHERE {first} IS NOT NULL" if first else ""
        order = self._ordered(nulls_told=True)
        rows = f"(SELECT * FROM {self._tables}{known}{order} LIMIT {walks.ahead(wanted)})"
        sql = (
            f"SELECT {', '.join(columns)} FROM {rows} t0{self._columns.joins} WHERE {self._where}{order} LIMIT {wanted}"
        )
        return sql, self._params

    def _part(self, columns: Sequence[str], test: str, limit: int) -> tuple[str, list[Any]]:
        order = self._ordered(nulls_told=True)
        sql = f"{self._from(columns)} WHERE ({self._where}) AND {test}{order} LIMIT {limit}"
        return sql, self._params

    def _statement(self, columns: Sequence[str]) -> tuple[str, list[Any]]:
        order = self._ordered()
        sql = f"{self._from(columns)} WHERE {self._where}{order}{self._cut()}"
        return sql, self._params

    def _from(self, columns: Sequence[str]) -> str:
        return f"SELECT {', '.join(columns)} FROM {self._tables}{self._columns.joins}"

    @property
    def _tables(self) -> str:
        return f"{self._driver}{self._model.__table__.name} t0"

    def _ordered(self, *, nulls_told: bool = False) -> str:
        parts: list[str] = []
        if self._place:
            parts.append(f"{self._place}{' DESC' if self._reverse else ''}")
        for at, name in enumerate(self._order):
            down = name.startswith("-") is not self._reverse
            column = self._columns.named(name.lstrip("-"), doing=ORDER)
            if (column.field.null or column.joined) and not (nulls_told and at == 0):
                parts.append(f"{column.sql} IS NULL{' DESC' if self._reverse else ''}")
            parts.append(f"{self._unindexed(column)}{' DESC' if down else ''}")
        if self._order[-1].lstrip("-") not in ("id", "pk"):
            down = self._order[0].startswith("-") is not self._reverse
            parts.append(f"t0.id{' DESC' if down else ''}")
        return f" ORDER BY {', '.join(parts)}"

    def _unindexed(self, column: Column) -> str:
        """Few rows are sorted: to walk all rows in this order would be dearer."""
        if column.sql == "t0.id" and self._driver:
            return "d.owner_id"
        if not self._few or column.joined or column.field.null or column.field.column == "id":
            return column.sql
        return f"({column.sql} || '')" if column.field.sql == "TEXT" else f"({column.sql} + 0)"

    def _cut(self) -> str:
        if self._limit is not None:
            return f" LIMIT {self._limit} OFFSET {self._offset}"
        return f" LIMIT {2**62} OFFSET {self._offset}" if self._offset else ""

    def source(self, columns: str) -> tuple[str, list[Any]]:
        """The select of all rows, in no order."""
        return f"SELECT {columns} FROM {self._tables} WHERE {self._where}", self._params

    def iterate(self, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """The rows one after the other."""
        yield from self._database.iterate(*self._statement(columns))

    def count(self) -> int:
        """How many there are."""
        source = f"FROM {self._tables} WHERE {self._where}"
        cut = self._cut()
        sql = f"SELECT count(*) FROM (SELECT t0.id {source}{cut}) AS cut" if cut else f"SELECT count(*) {source}"
        found = self._database.one(sql, self._params)
        return int(found[0]) if found else 0

    def exists(self) -> bool:
        """Whether there is any."""
        source = f"FROM {self._tables} WHERE {self._where}"
        return self._database.one(f"SELECT 1 {source}{self._cut() or ' LIMIT 1'}", self._params) is not None
