"""Rows on the other side of a relation: a query set, and where links are kept, what changes them."""

from __future__ import annotations

from .. import errors
from ..base import clock
from ..base._typing import TYPE_CHECKING, R
from ..sql.fields import ForeignKey, TimeField
from ..sql.query import QuerySet
from ..sql.relations import Relation
from ..sql.schema import Index, Table
from . import cycles
from .registry import ARCHIVE, called, query

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, NoReturn, Optional

    from ..sql.database import Transaction
    from .base import SQLRecord

#: tables of links, by name; filled as the registries are defined
link_tables: dict[str, Table] = {}
#: which column of a table of links names the row that bears the links, and takes them along when it is removed
bearers: dict[str, str] = {}
#: slot: every table of the schema; filled by the package when all are defined
all_tables: list[Table] = []


class Links(Relation):
    """Many rows of another registry, by a table of links of its own; found from both sides.

    ``back=True`` is the far side of the same table. ``near``, ``far``: columns, where both sides are one registry.
    """

    def __init__(self, to: str, *, back: bool = False, table: str = "", near: str = "", far: str = "") -> None:
        super().__init__(to, table, near, far)
        self._back = back

    def bind(self, owner: str) -> None:
        """Settle the table and its columns, now that the registry has a name."""
        here, there = (self.to, owner) if self._back else (owner, self.to)
        self.through = self.through or f"{here}_{there}"
        self.near = self.near or f"{owner}_id"
        self.far = self.far or f"{self.to}_id"
        bearers.setdefault(self.through, self.far if self._back else self.near)
        if self.through not in link_tables:
            link_tables[self.through] = self._table(owner)

    def not_set(self, row: object, value: object) -> errors.InvalidArgument:
        """The error for who assigns to it, and the method that was meant."""
        return errors.InvalidArgument(
            f"{type(row).__name__}.{self.name} cannot be set to {value!r}: use .{self.name}.set([...]), or "
            f".{self.name}.add(...) to keep the others."
        )

    def _table(self, owner: str) -> Table:
        fields: dict[str, Any] = {
            self.near[:-3]: ForeignKey(owner),
            self.far[:-3]: ForeignKey(self.to),
            "by_run": ForeignKey("run", null=True),
            "created_at": TimeField(),
        }
        for name, field in fields.items():
            field.__set_name__(object, name)
        unique = Index("link", f"{self.near}, {self.far}", unique=True)
        return Table(self.through, fields.values(), [unique])


class _Part(QuerySet[R]):
    """Some of the rows that are linked to a row, or all in another order: what is read, not what changes links."""

    _row: SQLRecord
    _relation: Links

    def _refused(self, *_: object, **__: object) -> NoReturn:
        """No change of links: it is not clear whether those to the other rows are meant, too."""
        whole = f"{type(self._row).__name__.lower()}.{self._relation.name}"
        raise errors.InvalidArgument(
            f"Links are changed by {whole} itself, not by what was filtered, ordered or cut of it: to take those to some "
            f"rows away, call {whole}.remove(*{whole}.filter(...))."
        )

    add = remove = set = clear = _refused


class RelatedSet(QuerySet[R]):
    """The rows that are linked to a row: a query set that can also add and remove links.

    What is asked of it further (`filter`, `order_by`, a slice) is a query set that cannot: the links are all of the row.
    """

    _row: SQLRecord
    _relation: Links

    @classmethod
    def of(cls, row: SQLRecord, relation: Links, rows: QuerySet[R]) -> RelatedSet[R]:
        """The rows of a query set, as those that the row has by the relation."""
        return rows._turned(cls, {"_row": row, "_relation": relation})

    def _changed(self, **attributes: object) -> QuerySet[R]:
        return self._turned(_Part, attributes)

    def all(self) -> RelatedSet[R]:
        """The same rows, to be read anew; links are changed by it as well."""
        return self._turned(RelatedSet, {})

    def add(self, *rows: R) -> None:
        """Link these saved rows; those that are linked already stay."""
        self._change(lambda tx: self._insert(tx, self._ids_of(rows)))

    def remove(self, *rows: R) -> None:
        """Take the links to these rows away; the rows stay."""
        self._change(lambda tx: self._delete(tx, self._ids_of(rows)))

    def set(self, rows: Iterable[R]) -> None:
        """Link exactly these rows."""
        if not hasattr(rows, "__iter__"):
            raise errors.InvalidArgument(f"{self._relation.name}.set() takes a list of rows; got {rows!r}.")
        wanted = self._ids_of(tuple(rows))

        def change(tx: Transaction) -> None:
            self._delete(tx, None)
            self._insert(tx, wanted)

        self._change(change)

    def clear(self) -> None:
        """Take all links away; the rows stay."""
        self._change(lambda tx: self._delete(tx, None))

    def _change(self, change: Any) -> None:
        row = self._row
        row._saved_id()
        with row._store.database.write(f"change {self._relation.name}") as tx:
            change(tx)
        self._held = None  # what was read before is not what is linked now

    def _ids_of(self, rows: tuple[Any, ...]) -> list[int]:
        target = self._model
        for row in rows:
            if not isinstance(row, target):
                several = ": pass its items one by one, as in add(*rows)" if isinstance(row, (list, tuple)) else ""
                raise errors.InvalidArgument(
                    f"{self._relation.name} takes saved {target.__name__}s; {row!r} is of type {type(row).__name__}{several}."
                )
            self._row.check_same_instance(row)
        return [row._saved_id() for row in rows]

    def _insert(self, tx: Transaction, ids: list[int]) -> None:
        number, relation = self._row._saved_id(), self._relation
        for each in ids:
            self._check_is_not_put_away(tx, each)
            cycles.check_link(tx, self._row, relation, each)
            row = {relation.near: number, relation.far: each, "by_run_id": None, "created_at": clock.now()}
            tx.insert_new(relation.through, row)

    def _check_is_not_put_away(self, tx: Transaction, number: int) -> None:
        """Refuse a row that no query would show among the linked ones."""
        table = self._model.__table__
        if "branch" not in table.fields:
            return
        put_away = tx.one(f"SELECT branch_id FROM {table.name} WHERE id = ? AND branch_id <= ?", [number, ARCHIVE])
        if put_away is not None:
            row: Any = query(self._model, self._row._store).filter(id=number).one()
            where = "archive" if put_away[0] == ARCHIVE else "trash"
            raise errors.InvalidArgument(f"{called(row)} is in the {where}: restore() it before it is linked.")

    def _delete(self, tx: Transaction, ids: Optional[list[int]]) -> None:
        sql = f"DELETE FROM {self._relation.through} WHERE {self._relation.near} = ?"
        if ids is None:
            tx.execute(sql, [self._row.id])
        for number in ids or ():
            tx.execute(f"{sql} AND {self._relation.far} = ?", [self._row.id, number])


def label_run(
    tx: Transaction, run_id: int, transform_id: int, projects: Iterable[int], parent_id: Optional[int]
) -> None:
    """Link a new run, and its transform, to these projects and to those of the run that started it."""
    now, found = clock.now(), 0
    for number in projects:
        row = {"run_id": run_id, "project_id": number, "by_run_id": run_id, "created_at": now}
        found += tx.insert_new("run_project", row)
    if parent_id is not None:
        found += tx.execute(
            "INSERT INTO run_project (run_id, project_id, by_run_id, created_at) "
            "SELECT ?, project_id, ?, ? FROM run_project WHERE run_id = ? ON CONFLICT DO NOTHING",
            [run_id, run_id, now, parent_id],
        )
    if found:
        tx.execute(
            "INSERT INTO transform_project (transform_id, project_id, by_run_id, created_at) "
            "SELECT ?, project_id, ?, ? FROM run_project WHERE run_id = ? ON CONFLICT DO NOTHING",
            [transform_id, run_id, now, run_id],
        )


def link_projects_of_run(tx: Transaction, relation: Relation, row_id: int, run_id: int) -> None:
    """Link a new row to the projects of the run that made it."""
    tx.execute(
        f"INSERT INTO {relation.through} ({relation.near}, {relation.far}, by_run_id, created_at) "
        "SELECT ?, project_id, ?, ? FROM run_project WHERE run_id = ? ON CONFLICT DO NOTHING",
        [row_id, run_id, clock.now(), run_id],
    )
