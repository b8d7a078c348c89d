"""What refers to a row, and how a row is removed for good.

A row takes with it what is a part of it: the labels that it bears, its params, what it made itself. What refers to
it from outside stops the removal. With force, references that may be empty are emptied; those that may not be, and those
of locked rows, stop it still.
"""

from __future__ import annotations

from .. import errors
from ..base import canon
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import ForeignKey
from ..sql.schema import SQLITE
from . import related
from .registry import called

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ..sql.database import Transaction
    from ..sql.schema import Table
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


NAMED = 3  #: rows of each kind that a refusal names


class Reference:
    """Rows that refer to a row by one column; ``source`` selects them from ``r``, by the values ``params``.

    ``role``: what the row is for them. ``remedy``: what is to be done first where they cannot do without; else they are to
    be removed.
    """

    __slots__ = ("bearer", "column", "count", "is_link", "optional", "params", "remedy", "role", "source", "table")

    def __init__(
        self, table: str, column: str, bearer: str, source: str, params: list[Any], *, role: str = "", remedy: str = ""
    ) -> None:
        self.table = table
        self.column = column
        self.bearer = bearer  #: table of what refers: for a link what is on its other side
        self.source = source
        self.params = params
        self.role = role or column[:-3]
        self.remedy = remedy
        self.count = 0
        self.is_link = table not in lookups.models  #: whether the referring row is nothing but the link
        self.optional = False  #: whether the referring row can do without

    def counted(self, tx: Transaction) -> bool:
        """Count the rows, each once however often it refers; whether there are any."""
        what = "DISTINCT r.id" if self.bearer in lookups.models else "*"
        found = tx.one(f"SELECT count({what}) FROM {self.source}", self.params)
        self.count = int(found[0]) if found else 0
        return self.count > 0

    @property
    def noun(self) -> str:
        """What these rows are called."""
        return str(getattr(lookups.models.get(self.bearer), "__name__", self.bearer)).lower()

    def locked(self, tx: Transaction) -> list[str]:
        """The uids of locked rows that it changes, one more than are named; links change no row."""
        if (self.is_link and not self.table.endswith("_value")) or not _has_locks(self.bearer):
            return []
        sql = f"SELECT DISTINCT r.uid FROM {self.source} AND r.is_locked = ? ORDER BY r.uid LIMIT {NAMED + 1}"
        return [str(uid) for (uid,) in tx.read(sql, [*self.params, True])]

    def described(self, tx: Transaction) -> str:
        """How many there are, in which role, and the uids of the first."""
        words = [] if self.is_link else [f"as {self.role}"]
        if self.bearer in lookups.models:
            rows = tx.read(f"SELECT DISTINCT r.uid FROM {self.source} ORDER BY r.uid LIMIT {NAMED}", self.params)
            words.append(", ".join(str(row[0]) for row in rows) + (", ..." if self.count > NAMED else ""))
        return f"{self.count:,} {self.noun}{'' if self.count == 1 else 's'} ({': '.join(words) or 'links'})"


def _has_locks(table: str) -> bool:
    return table in lookups.models and "is_locked" in lookups.models[table].__table__.fields


def remove(tx: Transaction, row: SQLRecord, *, force: bool) -> None:
    """Remove a saved row and its parts; `Conflict` names with counts what stands in the way."""
    name, number = row.__table__.name, row._saved_id()
    for of, table, column, which in PARTS:
        if of == name:
            tx.execute(f"DELETE FROM {table} WHERE {column} = ?{f' AND {which}' if which else ''}", [number])
    found = [*_references(tx, name, number), *_values_of_features(tx, row)]
    blocking = [each for each in found if not (force and each.optional)]
    if blocking:
        raise _refusal(tx, row, found, blocking)
    _check_locks(tx, row, found)
    for each in found:
        if each.is_link:
            tx.execute(f"DELETE FROM {each.table} WHERE {each.column} = ?", [number])
        else:
            tx.execute(f"UPDATE {each.table} SET {each.column} = NULL WHERE {each.column} = ?", [number])
    tx.execute(f"DELETE FROM {name} WHERE id = ?", [number])


def _check_locks(tx: Transaction, row: SQLRecord, found: list[Reference]) -> None:
    """Raise `Conflict` where a reference is a field, or a value of a feature, of a row that is locked."""
    for each in found:
        locked = each.locked(tx)
        if locked:
            names = ", ".join(locked[:NAMED]) + (", ..." if len(locked) > NAMED else "")
            raise errors.Conflict(
                f"{called(row)} cannot be removed for good: {each.noun} {names} would be without it, and is locked. Set its "
                "is_locked to False and save it first."
            )


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
                reference = _by_column(table, field, number)
                if reference.counted(tx):
                    yield reference


def _values_of_features(tx: Transaction, row: SQLRecord) -> Iterator[Reference]:
    """Rows of which it is the value of a feature, features of which it is the default, and those that take its members."""
    kind = f"cat[{type(row).__name__}"
    dtypes = [text + end for text in (kind, f"list[{kind}") for end in ("]%", "[%")]
    tables = [table.name for table in related.all_tables if table.name.endswith("_value") and "feature" in table.fields]
    used = [(name, number, table) for table in tables for name, number in _features_in(tx, table, dtypes, row)]
    found = [_by_value(table, number, name, row) for name, number, table in sorted(used)]
    has_type = _has_type("r", dtypes)
    is_default = f"feature r WHERE {has_type} AND {SQLITE.position('r.default_value')} > 0"
    another = "give those features another default first, or none"
    named = [*dtypes, canon.dumps(row.uid)]
    found += [
        Reference("feature", "default_id", "feature", is_default, named, remedy=another),
        Reference("feature", "dtype_id", "feature", "feature r WHERE r.dtype LIKE ?", [f"%{kind}[{row.uid}]%"]),
    ]
    yield from (each for each in found if each.counted(tx))


def _has_type(alias: str, dtypes: list[str]) -> str:
    return "(" + " OR ".join([f"{alias}.dtype LIKE ?"] * len(dtypes)) + ")"


def _features_in(tx: Transaction, table: str, dtypes: list[str], row: SQLRecord) -> list[tuple[Any, ...]]:
    """Name and id of the features of these types of which the row is a value: one query, which an index answers."""
    return tx.read(
        f"SELECT f.name, f.id FROM feature f WHERE {_has_type('f', dtypes)} AND EXISTS "
        f"(SELECT 1 FROM {table} v WHERE v.feature_id = f.id AND v.kind = 'row' AND v.whole = ?)",
        [*dtypes, row._saved_id()],
    )


def _by_value(table: str, feature_id: int, feature: str, row: SQLRecord) -> Reference:
    """The rows of a registry of which the row is the value, or in the list of values, of a feature."""
    owner = table[: -len("_value")]
    source = f"{owner} r JOIN {table} v ON v.owner_id = r.id WHERE v.feature_id = ? AND v.kind = 'row' AND v.whole = ?"
    remedy = f"take it from them first by row.features.remove_values({feature!r}), or set another value"
    params = [feature_id, row._saved_id()]
    return Reference(owner, "value_id", owner, source, params, role=f"value of {feature!r}", remedy=remedy)


def _by_column(table: Table, field: ForeignKey[Any], number: int) -> Reference:
    """The rows of a table that refer to the row with this id by this column."""
    name, column = table.name, field.column
    if name in lookups.models:
        itself = f" AND r.id <> {int(number)}" if field.to == name else ""
        reference = Reference(name, column, name, f"{name} r WHERE r.{column} = ?{itself}", [number])
    else:
        ends = [end for end in table.fields.values() if isinstance(end, ForeignKey)]
        other = next((end for end in ends if end.column not in (column, BY_RUN)), None)
        bearer, join = (
            (name, "") if other is None else (other.to, f"{other.to} r JOIN {name} l ON l.{other.column} = r.id")
        )
        reference = Reference(name, column, bearer, f"{join or f'{name} l'} WHERE l.{column} = ?", [number])
    reference.optional = field.null or (reference.is_link and (name, column) not in NEEDED)
    return reference


def _refusal(tx: Transaction, row: SQLRecord, found: list[Reference], blocking: list[Reference]) -> errors.Conflict:
    refer = "refers" if sum(each.count for each in found) == 1 else "refer"
    text = (
        f"{called(row)} cannot be removed for good: {', '.join(each.described(tx) for each in found)} {refer} to it. "
    )
    needing = [each for each in blocking if not each.optional]
    trash = "leave it in the trash" if "branch" in row.__table__.fields else "leave it as it is"
    if needing:
        others = ", ".join(sorted({f"{each.noun}s" for each in needing if not each.remedy}))
        remove = [f"remove those {others} first, which cannot be without it"] if others else []
        what = "; ".join([*remove, *dict.fromkeys(each.remedy for each in needing if each.remedy)])
        return errors.Conflict(f"{text}{what[0].upper()}{what[1:]}; or {trash}.")
    return errors.Conflict(
        f"{text}Either {trash}, or take it out of them by removing it with force: delete(permanent=True, force=True) in "
        "Python, `delete --permanent --force` on the command line."
    )
