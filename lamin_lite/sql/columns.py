"""Columns named from a registry, also across its foreign keys: ``transform__key``, ``created_by__handle``."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from . import lookups
from .fields import Field, ForeignKey, JsonField
from .lookups import field_named, is_field, label_name, models, nearest, unknown_field
from .relations import identity, value_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional

    from .database import Database

READ, ORDER = "be read", "be an order"  #: what is done with a column, for errors
_INSTEAD = {
    READ: "to_dicts(include=[{0!r}]) reads its values",
    ORDER: "rows cannot be ordered by it; sort to_dicts(features=True) in Python",
}


class Column:
    """A column of a query: its SQL, its field, and the names to follow inside its JSON."""

    __slots__ = ("field", "folder", "inside", "joined", "sql")

    def __init__(self, sql: str, field: Field[Any], inside: Sequence[str], joined: bool, folder: str) -> None:
        self.sql = sql
        self.field = field
        self.inside = list(inside)
        self.joined = joined
        self.folder = folder

    def value(self, cell: Any) -> Any:
        """The value of what the database gave: a related row is its id, a name that is not in the JSON is None."""
        if isinstance(self.field, ForeignKey):
            return cell
        value = self.field.read(cell, self.folder)
        return value_at(value, self.inside) if self.inside else value


class Columns:
    """The columns that a query names, with the joins that they need."""

    def __init__(self, model: Any, database: Database) -> None:
        self._model = model
        self._database = database
        self._alias = "t0"
        self._joins: dict[tuple[str, ...], tuple[str, str]] = {}

    @property
    def joins(self) -> str:
        """The joins of all columns that were named; none of them changes the number of rows."""
        return "".join(text for _, text in self._joins.values())

    def named(self, name: str, *, doing: str = READ) -> Column:
        """The column of this name; `FieldError` names the nearest, or what else there is for many rows."""
        model, alias, path = self._model, self._alias, name.split("__")
        for at, part in enumerate(path):
            if not is_field(model, part):
                raise no_field(self._database, model, part, _INSTEAD[doing])
            field = field_named(model, part)
            if not isinstance(field, Field):
                raise errors.FieldError(
                    f"{name!r} cannot {doing}, as there are many {part} for each row: see to_dicts(include=[{name!r}])."
                )
            rest = path[at + 1 :]
            if not rest or isinstance(field, JsonField):
                by_value = doing == ORDER and field.is_kept_otherwise
                sql = _place(self._database, model, field, alias) if by_value else f"{alias}.{field.column}"
                return Column(sql, field, rest, alias != self._alias, self._database.folder)
            if not isinstance(field, ForeignKey):
                raise self._not_further(name, part, rest[0])
            alias, model = self._joined(alias, field, tuple(path[: at + 1])), models[field.to]
        raise unknown_field(self._model, name)

    def _joined(self, alias: str, field: ForeignKey[Any], path: tuple[str, ...]) -> str:
        if path not in self._joins:
            inner = f"{self._alias}j{len(self._joins)}"
            text = f" LEFT JOIN {field.to} {inner} ON {inner}.id = {alias}.{field.column}"
            self._joins[path] = (inner, text)
        return self._joins[path][0]

    def _not_further(self, name: str, part: str, rest: str) -> errors.FieldError:
        near = nearest(name, self._model.__table__.fields)
        hint = f"did you mean {near!r}?" if near else f"{part} has no {rest!r}."
        return errors.FieldError(f"{self._model.__name__} has no field {name!r}: {hint}")


def no_field(database: Database, model: Any, name: str, instead: str) -> errors.FieldError:
    """The error for a name that is no field where only fields can be; of a feature it tells what is done instead."""
    if not lookups.is_other(database, model, name):
        return unknown_field(model, name)
    return errors.FieldError(f"{name!r} is a feature, no field of {model.__name__}: {instead.format(name)}.")


def once(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Of the rows with the same values the first; of a JSON value counts what the column reads of it."""
    rows = list(dict.fromkeys(rows))
    if not any(column.inside for column in columns):
        return rows
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for row in rows:
        cells = zip(columns, row)
        found.setdefault(tuple(identity(column.value(cell)) if column.inside else cell for column, cell in cells), row)
    return [*found.values()]


def _place(database: Database, model: Any, field: Field[Any], alias: str) -> str:
    """The place of a row among the few of its registry, in the order of the values as people know them."""
    from .finding import in_order

    rows = database.read(f"SELECT id, {field.column} FROM {model.__table__.name}")
    rows.sort(key=lambda row: (field.read(row[1], database.folder), row[0]))
    return in_order(f"{alias}.id", [number for number, _ in rows])


def labels(database: Any, model: Any, ids: Sequence[Optional[int]]) -> dict[int, Any]:
    """What people call the rows with these ids: one query for all of them."""
    from .lookups import Compiler

    wanted = sorted({number for number in ids if number is not None})
    text, params = Compiler(database).one_of("id", wanted)
    field = model.__table__.fields[label_name(model)]
    rows = database.read(f"SELECT id, {field.column}, uid FROM {model.__table__.name} WHERE {text}", params)
    return {number: field.read(label, database.folder) or uid for number, label, uid in rows}
