"""What refers to a row, and how a row is removed for good.

A row takes with it what is a part of it: the labels that it bears, its params, what it made itself. What refers to
it from outside stops the removal. With force, references that may be empty are emptied; those that may not be, stop
it still.
"""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import ForeignKey
from . import related

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..sql.database import Transaction
    from .base import SQLRecord

BY_RUN = "by_run_id"  #: who made a link: of interest only as long as the run is there
#: rows of tables that are parts of a row of another: (its table, table of the parts, column, which of them)
PARTS: list[tuple[str, str, str, str]] = [
    ("run", "run_param", "owner_id", ""),
    ("run", "run_artifact", "run_id", ""),
    ("run", "run_collection", "run_id", ""),
    ("artifact", "run_artifact", "artifact_id", "role <> 'input'"),
    ("artifact", "environment_seen", "artifact_id", ""),
    ("collection", "run_collection", "collection_id", "role <> 'input'"),
    ("collection", "collection_artifact", "collection_id", ""),
]
#: links without which the row that has them would be another one
NEEDED = {("collection_artifact", "artifact_id"), ("replica", "storage_id")}


class Reference:
    """Rows of one table that refer to a row by one column."""

    __slots__ = ("column", "count", "is_link", "optional", "role", "table")

    def __init__(self, table: str, column: str, count: int, *, optional: bool, is_link: bool) -> None:
        self.table = table
        self.column = column
        self.count = count
        self.optional = optional  #: whether the referring row can do without
        self.is_link = is_link  #: whether the referring row is nothing but the link

    def __str__(self) -> str:
        return f"{self.count:,} {self._bearer()}{'' if self.count == 1 else 's'} (as {self.column[:-3]})"

    def _bearer(self) -> str:
        """The name of what refers, on the other side of a table of links."""
        name = self.table
        if self.is_link:
            table = next(each for each in related.all_tables if each.name == self.table)
            ends = [field for field in table.fields.values() if isinstance(field, ForeignKey)]
            name = next((end.to for end in ends if end.column not in (self.column, BY_RUN)), name)
        return str(getattr(lookups.models.get(name), "__name__", name)).lower()


def remove(tx: Transaction, row: SQLRecord, *, force: bool) -> None:
    """Remove a saved row and its parts; `Conflict` names with counts what stands in the way."""
    name, number = row.__table__.name, row._saved_id()
    for of, table, column, which in PARTS:
        if of == name:
            tx.execute(f"DELETE FROM {table} WHERE {column} = ?{f' AND {which}' if which else ''}", [number])
    found = [*_references(tx, name, number), *_values_of_features(tx, row)]
    blocking = [each for each in found if not (force and each.optional)]
    if blocking:
        raise _refusal(row, found, blocking)
    for each in found:
        if each.is_link:
            tx.execute(f"DELETE FROM {each.table} WHERE {each.column} = ?", [number])
        else:
            tx.execute(f"UPDATE {each.table} SET {each.column} = NULL WHERE {each.column} = ?", [number])
    tx.execute(f"DELETE FROM {name} WHERE id = ?", [number])


def _references(tx: Transaction, name: str, number: int) -> Iterator[Reference]:
    """What refers to a row, after the labels that it bears itself were taken away."""
    for table in related.all_tables:
        bearer = related.bearers.get(table.name)
        for field in table.fields.values():
            if not isinstance(field, ForeignKey) or field.to != name:
                continue
            if field.column in (bearer, "owner_id"):  # labels that it bears, values that it has
                tx.execute(f"DELETE FROM {table.name} WHERE {field.column} = ?", [number])
            elif bearer is not None and field.column == BY_RUN:
                tx.execute(f"UPDATE {table.name} SET {BY_RUN} = NULL WHERE {BY_RUN} = ?", [number])
            else:
                yield from _counted(tx, table, field, name, number)


def _values_of_features(tx: Transaction, row: SQLRecord) -> Iterator[Reference]:
    """Features of which the row is a value, and those that take rows of this type."""
    kind, number = f"cat[{type(row).__name__}", row._saved_id()
    dtypes = [text + end for text in (kind, f"list[{kind}") for end in ("]%", "[%")]
    for table in related.all_tables:
        if not table.name.endswith("_value") or "feature" not in table.fields:
            continue
        found = tx.one(
            f"SELECT count(*) FROM {table.name} v JOIN feature f ON f.id = v.feature_id WHERE v.kind = 'row' "
            f"AND v.whole = ? AND ({' OR '.join(['f.dtype LIKE ?'] * len(dtypes))})",
            [number, *dtypes],
        )
        if found is not None and found[0]:
            yield Reference(table.name[: -len("_value")], "value_id", int(found[0]), optional=False, is_link=False)
    within = tx.one("SELECT count(*) FROM feature WHERE dtype LIKE ?", [f"%{kind}[{row.uid}]%"])
    if within is not None and within[0]:
        yield Reference("feature", "dtype_id", int(within[0]), optional=False, is_link=False)


def _counted(tx: Transaction, table: Any, field: ForeignKey[Any], name: str, number: int) -> Iterator[Reference]:
    itself = " AND id <> ?" if table.name == name else ""
    sql = f"SELECT count(*) FROM {table.name} WHERE {field.column} = ?{itself}"
    found = tx.one(sql, [number, number] if itself else [number])
    if found is not None and found[0]:
        is_link = table.name not in lookups.models
        optional = field.null or (is_link and (table.name, field.column) not in NEEDED)
        yield Reference(table.name, field.column, int(found[0]), optional=optional, is_link=is_link)


def _refusal(row: SQLRecord, found: list[Reference], blocking: list[Reference]) -> errors.Conflict:
    title = f"{type(row).__name__} {row._values.get('key') or row._values.get('name') or row.uid} ({row.uid})"
    text = f"{title} cannot be removed for good: {', '.join(map(str, found))} refer to it. "
    needing = [each for each in blocking if not each.optional]
    if needing:
        return errors.Conflict(
            f"{text}Remove {', '.join(sorted({each._bearer() + 's' for each in needing}))} first, which cannot be without "
            "it; or leave it in the trash."
        )
    return errors.Conflict(
        f"{text}Leave it in the trash; or remove it from there too by delete(permanent=True, force=True)."
    )
