"""From keyword lookups such as ``transform__key__startswith="a"`` to SQL.

Pure: names come from the tables' own descriptors, values travel as parameters only, so nothing that a user writes
becomes SQL. Every condition is true or false, never NULL, so that it can be negated.
"""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from .fields import Field, ForeignKey, JsonField, TextField
from .relations import ParamsIndex, Relation
from .schema import SQLITE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Protocol, Union

    from .database import Database
    from .schema import Table

    class Model(Protocol):
        """What a query must know of a registry."""

        __table__: Table
        __relations__: dict[str, Relation]

        def _rewritten(self, database: Database, path: Sequence[str], value: object) -> Q | None:
            """What a lookup that names no column means; None for one that does."""

    SQL = tuple[str, list[Any]]

#: registries by the name of their table; filled as they are defined
models: dict[str, Any] = {}

LOOKUPS = frozenset(
    "exact iexact contains icontains startswith istartswith endswith iendswith gt gte lt lte in range isnull".split()
)
MANY = 500  #: values that ``in`` passes as parameters; SQLite before 3.32 takes no more than 999
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FOLDED = {"iexact", "icontains", "istartswith", "iendswith"}


class Q:
    """A condition that can be combined: ``Q(key="a") | ~Q(size__gt=3)``."""

    __slots__ = ("children", "negated", "operator")

    def __init__(self, *args: Q, **lookups: object) -> None:
        self.operator = "AND"
        self.negated = False
        self.children: list[Union[Q, tuple[str, object]]] = [*args, *lookups.items()]

    def _combined(self, other: Q, operator: str) -> Q:
        q = Q(self, other)
        q.operator = operator
        return q

    def __and__(self, other: Q) -> Q:
        return self._combined(other, "AND")

    def __or__(self, other: Q) -> Q:
        return self._combined(other, "OR")

    def __invert__(self) -> Q:
        q = Q(self)
        q.negated = True
        return q

    def __bool__(self) -> bool:
        return bool(self.children)


class Compiler:
    """Turns conditions into SQL for one query; counts aliases, knows where values may be looked up."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._aliases = 0

    def alias(self) -> str:
        """A fresh name for a table in a sub-query."""
        self._aliases += 1
        return f"t{self._aliases}"

    def where(self, model: Model, alias: str, q: Q) -> SQL:
        """The condition as SQL over the table known as ``alias``."""
        if not q.children:
            return SQLITE.true(not q.negated) + " = 1", []
        parts, params = [], []
        for child in q.children:
            text, values = (
                self.where(model, alias, child)
                if isinstance(child, Q)
                else self.lookup(model, alias, child[0].split("__"), child[1])
            )
            parts.append(text)
            params += values
        text = f" {q.operator} ".join(f"({part})" for part in parts)
        return (f"NOT ({text})" if q.negated else text), params

    def lookup(self, model: Model, alias: str, path: Sequence[str], value: object) -> SQL:
        """One ``a__b__lookup=value``."""
        name, rest = path[0], path[1:]
        instead = model._rewritten(self.database, path, value)
        if instead is not None:
            return self.where(model, alias, instead)
        field = field_named(model, name)
        if isinstance(field, Relation):
            return self._related(field, alias, rest, value)
        if isinstance(field, ForeignKey):
            return self._foreign(field, alias, rest, value)
        if isinstance(field, JsonField):
            index = model.__relations__.get(f"{name}_index")
            if isinstance(index, ParamsIndex) and (rest or value is not None):
                return index.compile(self.database, alias, rest, value)
        if len(rest) > 1 or (rest and rest[0] not in LOOKUPS):
            raise unknown_lookup("__".join(path), rest[0])
        column, lookup = f"{alias}.{field.column}", rest[0] if rest else "exact"
        if lookup == "in":
            return self.one_of(column, [_db(field, item) for item in _listed(value)])
        return condition(field, column, lookup, value)

    def one_of(self, column: str, values: list[Any]) -> SQL:
        """``column IN (values)``, however many there are."""
        wanted = [value for value in values if value is not None]
        if not wanted:
            return "1 = 0", []
        if len(wanted) > MANY:
            return f"{column} IS NOT NULL AND {column} IN (SELECT value FROM {self.database.listed(wanted)})", []
        return f"{column} IS NOT NULL AND {column} IN ({', '.join('?' * len(wanted))})", wanted

    def _foreign(self, field: ForeignKey[Any], alias: str, rest: Sequence[str], value: object) -> SQL:
        column = f"{alias}.{field.column}"
        if rest == ["isnull"]:
            return condition(field, column, "isnull", value)
        target = models[field.to]
        if not rest or rest == ["exact"]:
            return _equals(column, None if value is None else row_id(target, field.name, value))
        if rest == ["in"]:
            return self.one_of(column, [row_id(target, field.name, item) for item in _listed(value)])
        inner = self.alias()
        text, params = self.lookup(target, inner, rest, value)
        known = f"{column} IS NOT NULL AND " if field.null else ""
        return f"{known}{column} IN (SELECT {inner}.id FROM {field.to} {inner} WHERE {text})", params

    def _related(self, relation: Relation, alias: str, rest: Sequence[str], value: object) -> SQL:
        source, params = relation.ids()
        if rest == ["isnull"]:
            negate = "NOT " if value else ""
            return f"{negate}{alias}.id IN (SELECT {source})", params
        target = models[relation.to]
        if not rest or rest in (["exact"], ["in"]):
            items = _listed(value) if rest == ["in"] else [value]
            text, values = self.one_of(relation.far, [row_id(target, relation.name, item) for item in items])
        else:
            inner = self.alias()
            text, values = self.lookup(target, inner, rest, value)
            text = f"{relation.far} IN (SELECT {inner}.id FROM {relation.to} {inner} WHERE {text})"
        joint = "AND" if " WHERE " in source else "WHERE"
        return f"{alias}.id IN (SELECT {source} {joint} {text})", [*params, *values]


def field_named(model: Model, name: str) -> Field[Any] | Relation:
    """The field or relation of this name; `FieldError` names the nearest."""
    table = model.__table__
    if name in ("id", "pk"):
        return ID
    if name in table.fields:
        return table.fields[name]
    if name.endswith("_id") and name[:-3] in table.fields:
        return _id_of(table.fields[name[:-3]])
    relation = model.__relations__.get(name)
    if relation is None or isinstance(relation, ParamsIndex):
        raise unknown_field(model, name)
    return relation


def _id_of(field: Field[Any]) -> Field[Any]:
    plain: Field[Any] = Field(null=field.null)
    plain.name = plain.column = field.column
    plain.check = _anything  # type: ignore[method-assign]
    return plain


def _anything(value: object) -> Any:
    return value


ID: Field[Any] = Field()
ID.name = ID.column = "id"
ID.check = _anything  # type: ignore[method-assign]


def unknown_field(model: Model, name: str) -> errors.FieldError:
    """The error for a name that is no field."""
    names = [field.name for field in model.__table__.fields.values() if not field.hidden]
    names += [name for name, relation in model.__relations__.items() if not isinstance(relation, ParamsIndex)]
    title = getattr(model, "__name__", model.__table__.name)
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near else f"it has {', '.join(sorted(names))}."
    return errors.FieldError(f"{title} has no field {name!r}: {hint}")


def unknown_lookup(path: str, name: str) -> errors.FieldError:
    """The error for a lookup that does not exist."""
    near = nearest(name, LOOKUPS)
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(LOOKUPS))}."
    return errors.FieldError(f"{name!r} in {path!r} is no lookup: {hint}")


def nearest(word: str, words: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The word that is most like this one, if any is."""
    import difflib

    found = difflib.get_close_matches(word, list(words), 1, cutoff)
    return found[0] if found else None


def row_id(target: Any, name: str, value: object) -> int:
    """The id of a row given as a value for a relation."""
    if isinstance(value, target):
        found: Any = value._values.get("id")
        if found is None:
            raise errors.InvalidArgument(f"{value!r} is not saved yet: call .save() before it is used in a query.")
        return int(found)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    title = target.__name__
    column = "key" if "key" in target.__table__.fields else "name" if "name" in target.__table__.fields else "uid"
    raise errors.FieldError(
        f"{name}={value!r} is no {title}: pass a saved {title}, or look for a field of it, as in {name}__{column}={value!r}."
    )


def condition(field: Field[Any], column: str, lookup: str, value: object) -> SQL:
    """``column lookup value`` as SQL that is never NULL."""
    if lookup == "isnull":
        return (f"{column} IS NULL" if value else f"{column} IS NOT NULL"), []
    if value is None and lookup != "exact":
        raise errors.FieldError(f"{field.name}__{lookup} needs a value: for empty ones use {field.name}__isnull=True.")
    if lookup == "range":
        low, high = _bounds(field, value)
        return _known(field, column, f"{column} BETWEEN ? AND ?", [_db(field, low), _db(field, high)])
    if lookup in ("exact", *_COMPARE):
        wanted = _db(field, value)
        if lookup == "exact":
            composed = _composed(field, wanted)
            if composed != wanted:
                return f"{column} IS NOT NULL AND {column} IN (?, ?)", [wanted, composed]
            return _equals(column, wanted, field.null)
        return _known(field, column, f"{column} {_COMPARE[lookup]} ?", [wanted])
    return _text_condition(field, column, lookup, value)


def _db(field: Field[Any], value: object) -> Any:
    return field.to_db(field.check(value))


def _equals(column: str, value: object, null: bool = True) -> SQL:
    if value is None:
        return f"{column} IS NULL", []
    return (f"{column} IS NOT NULL AND {column} = ?" if null else f"{column} = ?"), [value]


def _known(field: Field[Any], column: str, text: str, params: list[Any]) -> SQL:
    return (f"{column} IS NOT NULL AND {text}" if field.null else text), params


def _composed(field: Field[Any], value: Any) -> Any:
    """The composed form in which keys and names are kept: macOS gives names in the other one."""
    if not field.fold or not isinstance(value, str) or value.isascii():
        return value
    import unicodedata

    return unicodedata.normalize("NFC", value)


def _bounds(field: Field[Any], value: object) -> list[Any]:
    bounds = _listed(value)
    if len(bounds) != 2 or None in bounds:
        raise errors.FieldError(f"{field.name}__range needs the least and the greatest value; got {value!r}.")
    return bounds


def _listed(value: object) -> list[Any]:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise errors.FieldError(f"{value!r} must be a list, tuple, set or query set of values.")
    return list(value)


def _text_condition(field: Field[Any], column: str, lookup: str, value: object) -> SQL:
    if not isinstance(field, TextField) or not isinstance(value, str):
        raise errors.FieldError(f"{field.name}__{lookup} needs a text field and a text; got {value!r}.")
    if lookup in _FOLDED:
        value = value.casefold()
        column = f"{column}_fold" if field.fold else SQLITE.folded(column)
        lookup = lookup[1:]
    if lookup == "exact":
        return _equals(column, value, field.null)
    return _known(field, column, *TEXT_TESTS[lookup](column, value))


def _startswith(column: str, value: str) -> SQL:
    after = _successor(value)
    if after is None:  # empty, or nothing but the last character that there is
        return f"substr({column}, 1, {len(value)}) = ?", [value]
    return f"{column} >= ? AND {column} < ?", [value, after]


def _successor(text: str) -> str | None:
    """The least text that is greater than all that start with this one."""
    while text:
        code = ord(text[-1]) + 1
        if code <= 0x10FFFF:
            return text[:-1] + chr(0xE000 if 0xD800 <= code < 0xE000 else code)
        text = text[:-1]
    return None


def _endswith(column: str, value: str) -> SQL:
    return (f"substr({column}, -{len(value)}) = ?" if value else "1 = 1"), [value] if value else []


def _contains(column: str, value: str) -> SQL:
    return f"{SQLITE.position(column)} > 0", [value]


TEXT_TESTS: dict[str, Callable[[str, str], SQL]] = {
    "startswith": _startswith,
    "endswith": _endswith,
    "contains": _contains,
}
