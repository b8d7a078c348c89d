"""Columns named from a registry, also across its foreign keys: ``transform__key``, ``created_by__handle``."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from .fields import Field, ForeignKey, JsonField
from .lookups import field_named, label_name, models, nearest, unknown_field
from .relations import identity, value_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional


class Column:
    """A column of a query: its SQL, its field, and the names to follow inside its JSON."""

    __slots__ = ("field", "inside", "joined", "sql")

    def __init__(self, sql: str, field: Field[Any], inside: Sequence[str], joined: bool) -> None:
        self.sql = sql
        self.field = field
        self.inside = list(inside)
        self.joined = joined

    def value(self, cell: Any) -> Any:
        """The value of what the database gave: a related row is its id, a name that is not in the JSON is None."""
        if isinstance(self.field, ForeignKey):
            return cell
        value = self.field.from_db(cell)
        return value_at(value, self.inside) if self.inside else value


class Columns:
    """The columns that a query names, with the joins that they need."""

    def __init__(self, model: Any, alias: str = "t0") -> None:
        self._model = model
        self._alias = alias
        self._joins: dict[tuple[str, ...], tuple[str, str]] = {}

    @property
    def joins(self) -> str:
        """The joins of all columns that were named; none of them changes the number of rows."""
        return "".join(text for _, text in self._joins.values())

    def named(self, name: str, *, doing: str = "be read") -> Column:
        """The column of this name; `FieldError` names the nearest, or what else there is for many rows."""
        model, alias, path = self._model, self._alias, name.split("__")
        for at, part in enumerate(path):
            field = field_named(model, part)
            if not isinstance(field, Field):
                raise errors.FieldError(
                    f"{name!r} cannot {doing}, as there are many {part} for each row: see to_dicts(include=[{name!r}])."
                )
            rest = path[at + 1 :]
            if not rest or isinstance(field, JsonField):
                return Column(f"{alias}.{field.column}", field, rest, alias != self._alias)
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


def labels(database: Any, model: Any, ids: Sequence[Optional[int]]) -> dict[int, Any]:
    """What people call the rows with these ids: one query for all of them."""
    from .lookups import Compiler

    wanted = sorted({number for number in ids if number is not None})
    text, params = Compiler(database).one_of("id", wanted)
    rows = database.read(f"SELECT id, {label_name(model)}, uid FROM {model.__table__.name} WHERE {text}", params)
    return {number: label or uid for number, label, uid in rows}
