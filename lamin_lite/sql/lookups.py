"""From keyword lookups such as ``transform__key__startswith="a"`` to SQL.

Pure: names come from the tables' own descriptors, values travel as parameters only, so nothing that a user writes
becomes SQL. Every condition is true or false, never NULL, so that it can be negated.
"""

from __future__ import annotations

from .. import errors
from ..base import canon, display
from ..base._typing import TYPE_CHECKING
from .fields import DateField, Field, ForeignKey, IntField, JsonField, TextField, TimeField
from .relations import ParamsIndex, Relation, compiled_pattern, inside, successor
from .schema import SQLITE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import Any, Protocol, Union

    from .database import Database
    from .probes import Probe
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
    "exact iexact contains icontains startswith istartswith endswith iendswith gt gte lt lte in range isnull regex "
    "iregex".split()
)
PATTERNS = frozenset(["regex", "iregex"])
FEW = 50  #: rows on the other side of a foreign key that are named, so that an index of several columns answers
MANY = 500  #: values that ``in`` passes as parameters; SQLite before 3.32 takes no more than 999
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_INFINITE, _GREATEST = float("inf"), 2**63 - 1
_FOLDED = {"iexact", "icontains", "istartswith", "iendswith"}


class Q:
    """A condition that can be combined: ``Q(key="a") | ~Q(size__gt=3)``."""

    __slots__ = ("children", "negated", "operator")

    def __init__(self, *args: Q, **lookups: object) -> None:
        for arg in args:
            if not isinstance(arg, Q):
                raise errors.InvalidArgument(
                    f"{arg!r} is no condition: write one by name, such as key='a.csv', or combine them by ln.Q."
                )
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

    def names(self) -> set[str]:
        """The names of fields and relations that the condition starts from."""
        found: set[str] = set()
        for child in self.children:
            found |= child.names() if isinstance(child, Q) else {child[0].split("__")[0]}
        return found


class Compiler:
    """Turns conditions into SQL for one query; counts aliases, knows where values may be looked up.

    ``dry``: only to see whether they are right; what it gives is not to be run. ``walk``: only the first rows are
    wanted, so that many are rather asked one by one than listed.
    """

    def __init__(self, database: Database, *, dry: bool = False) -> None:
        self.database = database
        self.dry = dry
        self.walk = False
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
        for child in _together(model, q) if q.operator == "AND" else q.children:
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
        if not is_field(model, name):
            return other_names(self, model, alias, path, value)
        field = field_named(model, name)
        if isinstance(field, Relation):
            return self._related(field, alias, rest, value)
        if isinstance(field, ForeignKey):
            return self._foreign(field, alias, rest, value)
        source = f"{model.__table__.name} {alias}"
        if isinstance(field, JsonField) and rest != ["isnull"]:
            index = model.__relations__.get(f"{name}_index")
            if isinstance(index, ParamsIndex) and (rest or value is not None):
                return index.compile(self.database, alias, rest, value, dry=self.dry, walk=self.walk and alias == "t0")
            if rest:
                return self._inside(field, f"{alias}.{field.column}", rest, value, source)
        column = f"{alias}.{field.column}"
        return self.test(field, column, path, value, source=source)

    def _inside(self, field: Field[Any], column: str, rest: Sequence[str], value: object, source: str) -> SQL:
        """A condition on what a JSON value holds that has no index: each different one is read."""
        test, negated = inside(self.database, field.name, rest, value)
        if self.dry:
            return "1 = 1", []
        rows = self.database.iterate(f"SELECT DISTINCT {column} FROM {source} WHERE {column} IS NOT NULL")
        text, params = self.one_of(column, [held for (held,) in rows if test(canon.loads(held))])
        return (f"NOT ({text})" if negated else text), params

    def test(
        self, field: Field[Any], column: str, path: Sequence[str], value: object, *, source: str | None = None
    ) -> SQL:
        """A plain value against a column; the path is the name of the field and the lookup, if any.

        ``source``: what follows FROM to read the whole column; regular expressions need it.
        """
        rest = path[1:]
        parts = _parts_of(field)
        if rest and rest[0] in parts:
            return self._part(field, column, path, value)
        if len(rest) > 1 or (rest and rest[0] not in LOOKUPS):
            raise unknown_lookup("__".join(path), rest[0], parts)
        lookup = rest[0] if rest else "exact"
        if lookup in PATTERNS and source is not None:
            return self._pattern(field, column, lookup, value, source)
        if lookup == "in":
            given = _listed(value, f"{field.name}__in")
            wanted = [_db(field, _whole(field, lookup, item)) for item in given if not _is_between(field, item)]
            return self.one_of(column, [item for item in wanted if _can_be(item)])
        return condition(field, column, lookup, value)

    def _part(self, field: Field[Any], column: str, path: Sequence[str], value: object) -> SQL:
        from . import dates

        part, lookup = path[1], path[2] if len(path) > 2 else "exact"
        if len(path) > 3 or lookup not in dates.LOOKUPS:
            raise unknown_lookup("__".join(path), path[-1])
        compared = dates.condition if isinstance(field, TimeField) else dates.of_day
        return compared(field.name, column, part, lookup, value)

    def _pattern(self, field: Field[Any], column: str, lookup: str, value: object, source: str) -> SQL:
        """The texts of the column that match, as the regular expressions of databases differ."""
        if not isinstance(field, TextField):
            raise errors.FieldError(f"{field.name}__{lookup} needs a text field; {field.name} is {field.type_name}.")
        matches = compiled_pattern(field.name, lookup, value)
        if self.dry:
            return "1 = 1", []
        rows = self.database.iterate(f"SELECT DISTINCT {column} FROM {source}")
        return self.one_of(column, [text for (text,) in rows if text is not None and matches(text)])

    def one_of(self, column: str, values: list[Any]) -> SQL:
        """``column IN (values)``, however many there are; None among them is a row without a value."""
        wanted = [value for value in values if value is not None]
        if len(wanted) < len(values):
            text, params = self.one_of(column, wanted)
            return f"({column} IS NULL OR {text})", params
        if not wanted:
            return "1 = 0", []
        if len(wanted) > MANY and self.dry:
            return "1 = 1", []
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
            return self.one_of(
                column, [row_id(target, field.name, item) for item in _listed(value, f"{field.name}__in")]
            )
        inner = self.alias()
        text, params = self.lookup(target, inner, rest, value)
        known = f"{column} IS NOT NULL AND " if field.null else ""
        ids = None if self.dry else self.few(field.to, inner, text, params)
        if ids is not None:
            return f"{known}{column} {ids}", []
        return f"{known}{column} IN (SELECT {inner}.id FROM {field.to} {inner} WHERE {text})", params

    def few(self, table: str, alias: str, text: str, params: list[Any]) -> str | None:
        """``= id`` or ``IN (ids)`` where few rows meet a condition: an index then also gives the order."""
        rows = self.database.read(f"SELECT {alias}.id FROM {table} {alias} WHERE {text} LIMIT {FEW + 1}", params)
        if len(rows) > FEW:
            return None
        ids = [int(row[0]) for row in rows] or [0]
        return f"= {ids[0]}" if len(ids) == 1 else f"IN ({', '.join(map(str, ids))})"

    def _related(self, relation: Relation, alias: str, rest: Sequence[str], value: object) -> SQL:
        source, params = relation.ids()
        if rest == ["isnull"]:
            if not isinstance(value, bool):
                raise errors.FieldError(f"{relation.name}__isnull is True or False; got {value!r}.")
            negate = "NOT " if value else ""
            return f"{negate}{alias}.id IN (SELECT {source})", params
        target = models[relation.to]
        if not rest or rest in (["exact"], ["in"]):
            items = _listed(value, f"{relation.name}__in") if rest == ["in"] else [value]
            text, values = self.one_of(relation.far, [row_id(target, relation.name, item) for item in items])
        else:
            inner = self.alias()
            text, values = self.lookup(target, inner, rest, value)
            text = f"{relation.far} IN (SELECT {inner}.id FROM {relation.to} {inner} WHERE {text})"
        joint = "AND" if " WHERE " in source else "WHERE"
        return f"{alias}.id IN (SELECT {source} {joint} {text})", [*params, *values]


def _together(model: Model, q: Q) -> list[Union[Q, tuple[str, object]]]:
    """What must all hold, with year and month of a moment as one range, which an index answers."""
    fields = model.__table__.fields
    moments = {
        child[0]: child[1]
        for child in q.children
        if isinstance(child, tuple) and isinstance(fields.get(child[0].split("__")[0]), TimeField)
    }
    if len(moments) < 2:
        return q.children
    from . import dates

    rest = [child for child in q.children if isinstance(child, Q) or child[0] not in moments]
    return [*rest, *dates.together(moments).items()]


def _parts_of(field: Field[Any]) -> Collection[str]:
    """The parts of a moment or a day that a lookup may name."""
    if not isinstance(field, (TimeField, DateField)):
        return ()
    from . import dates

    return dates.PARTS if isinstance(field, TimeField) else dates.PARTS_OF_DAYS


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


def is_field(model: Model, name: str) -> bool:
    """Whether there is a field or relation of this name."""
    fields = model.__table__.fields
    if name in ("id", "pk") or name in fields or (name.endswith("_id") and name[:-3] in fields):
        return True
    relation = model.__relations__.get(name)
    return relation is not None and not isinstance(relation, ParamsIndex)


def _no_other_names(compiler: Compiler, model: Model, alias: str, path: Sequence[str], value: object) -> SQL:  # noqa: ARG001
    raise unknown_field(model, path[0])


#: slot: what a condition may begin with besides fields, which are asked first; `models` puts the features here
other_names: Callable[[Compiler, Model, str, Sequence[str], object], SQL] = _no_other_names


def _no_other_probe(compiler: Compiler, model: Model, path: Sequence[str], value: object) -> Probe | None:  # noqa: ARG001
    return None


#: slot: such a condition as a set that an index knows, where it is one
other_probe: Callable[[Compiler, Model, Sequence[str], object], Probe | None] = _no_other_probe


def _id_of(field: Field[Any]) -> Field[Any]:
    plain = _Id(null=field.null)
    plain.name = plain.column = field.column
    return plain


class _Id(Field["Any"]):
    """The id of a row."""

    sql = "INTEGER"
    type_name = "the id of a row, a whole number"

    def check(self, value: object) -> Any:
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise self.wrong(value)
        return value


ID: Field[Any] = _Id()
ID.name = ID.column = "id"


def unknown_field(model: Model, name: str, features: Iterable[str] = ()) -> errors.FieldError:
    """The error for a name that is no field, and none of the features that there are."""
    names = [field.name for field in model.__table__.fields.values() if not field.hidden]
    names += [name for name, relation in model.__relations__.items() if not isinstance(relation, ParamsIndex)]
    names += features
    title = getattr(model, "__name__", model.__table__.name)
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near else f"it has {', '.join(sorted(names))}."
    return errors.FieldError(f"{title} has no field {'or feature ' if features else ''}{name!r}: {hint}")


def unknown_lookup(path: str, name: str, more: Iterable[str] = ()) -> errors.FieldError:
    """The error for a lookup that does not exist."""
    known = LOOKUPS.union(more)
    return errors.FieldError(f"{name!r} in {path!r} is no lookup: {advice(name, known)}")


def advice(name: str, known: Collection[str]) -> str:
    """What to say of a name that is not among the known ones: the nearest of them, else all."""
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}."


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
    title, column = target.__name__, target.__found_by__ or label_name(target)
    raise errors.FieldError(
        f"{name}={value!r} is no {title}: pass a saved {title}, or look for a field of it, as in {name}__{column}={value!r}."
    )


def label_name(model: Any) -> str:
    """The field by which people know the rows of a registry."""
    fields = model.__table__.fields
    return next(name for name in ("key", "handle", "name", "root", "uid") if name in fields)


def condition(field: Field[Any], column: str, lookup: str, value: object) -> SQL:
    """``column lookup value`` as SQL that is never NULL."""
    if lookup == "isnull":
        if not isinstance(value, bool):
            raise errors.FieldError(f"{field.name}__isnull is True or False; got {value!r}.")
        return (f"{column} IS NULL" if value else f"{column} IS NOT NULL"), []
    if value is None and lookup != "exact":
        raise errors.FieldError(f"{field.name}__{lookup} needs a value: for empty ones use {field.name}__isnull=True.")
    if lookup == "range":
        low, high = _bounds(field, value)
        low, high = _db(field, _whole(field, "gte", low)), _db(field, _whole(field, "lte", high))
        if _can_be(low) and _can_be(high):
            return _known(field, column, f"{column} BETWEEN ? AND ?", [low, high])
        (above, least), (below, most) = _beside("gte", low), _beside("lte", high)
        return _known(field, column, f"{column} {above} ? AND {column} {below} ?", [least, most])
    if lookup in ("exact", *_COMPARE):
        if lookup == "exact" and _is_between(field, value):
            return "1 = 0", []
        wanted = _db(field, _whole(field, lookup, value))
        if not _can_be(wanted):
            if lookup == "exact":
                return "1 = 0", []
            sign, wanted = _beside(lookup, wanted)
            return _known(field, column, f"{column} {sign} ?", [wanted])
        if lookup == "exact":
            composed = _composed(field, wanted)
            if composed != wanted:
                return f"{column} IS NOT NULL AND {column} IN (?, ?)", [wanted, composed]
            return _equals(column, wanted, field.null)
        if isinstance(field, _Id) and field.column != "id":  # no index: nearly all rows are in a branch > 0
            return _known(field, column, f"({column} + 0) {_COMPARE[lookup]} ?", [wanted])
        return _known(field, column, f"{column} {_COMPARE[lookup]} ?", [wanted])
    return _text_condition(field, column, lookup, value)


def _is_between(field: Field[Any], value: object) -> bool:
    """Whether a number lies between whole ones, so that none equals it."""
    return isinstance(field, IntField) and isinstance(value, float) and not value.is_integer()


def _whole(field: Field[Any], lookup: str, value: Any) -> Any:
    """The whole number that means the same in a comparison, such as 1000 for 1e3 and, for what is greater, 1 for 1.5."""
    if not isinstance(field, IntField) or not isinstance(value, float) or value != value:
        return value
    if value in (_INFINITE, -_INFINITE):
        return _GREATEST if value > 0 else -_GREATEST
    return int(value // 1) if lookup in ("gt", "lte") else -int(-value // 1)


def _can_be(value: object) -> bool:
    """Whether any row can have this value: no text of a database has a NUL or a lone surrogate."""
    return not isinstance(value, str) or canon.storable(value)


def _beside(lookup: str, text: Any) -> tuple[str, Any]:
    """The same comparison with a text that a database takes, where this one may have what none takes.

    No text of a row lies between the two: a NUL comes before all that can follow, surrogates lie between U+D7FF and
    U+E000.
    """
    if _can_be(text):
        return _COMPARE[lookup], text
    greater = lookup in ("gt", "gte")
    at = next(place for place in range(len(text)) if not canon.storable(text[place]))
    if text[at] == "\0":
        return (">" if greater else "<="), text[:at]
    return (">=" if greater else "<"), text[:at] + "\ue000"


def _db(field: Field[Any], value: object) -> Any:
    if isinstance(field, TimeField) and value is not None:
        _notice_local_time(field, value)
    return field.to_db(field.check(value))


_noticed: list[str] = []  # that a time was taken for local time is said once a process


def _notice_local_time(field: Field[Any], value: object) -> None:
    moment = str(value)
    zoned = (
        getattr(value, "tzinfo", None) is not None
        or moment[-1:] in ("Z", "z")
        or (isinstance(value, str) and ("+" in moment[10:] or "-" in moment[10:]))
    )
    if not zoned and not _noticed:
        field.check(value)  # what is no time is an error, and no notice
        _noticed.append(moment)
        display.info(f"{field.name} is compared with {moment!r}, which names no time zone: it is taken as local time")


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
    bounds = list(value) if hasattr(value, "__iter__") and not isinstance(value, (str, bytes)) else []
    if len(bounds) != 2 or None in bounds:
        raise errors.FieldError(f"{field.name}__range needs the least and the greatest value; got {value!r}.")
    return bounds


def _listed(value: object, name: str) -> list[Any]:
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise errors.FieldError(f"{name} needs a list, tuple, set or query set of values, such as {name}=[{value!r}].")
    return list(value)


def _text_condition(field: Field[Any], column: str, lookup: str, value: object) -> SQL:
    if not isinstance(field, TextField) or not isinstance(value, str):
        raise errors.FieldError(f"{field.name}__{lookup} needs a text field and a text; got {value!r}.")
    if lookup in _FOLDED:
        value = value.casefold()
        column = f"{column}_fold" if field.fold else SQLITE.folded(column)
        lookup = lookup[1:]
    if not _can_be(value):
        return "1 = 0", []
    if lookup == "exact":
        return _equals(column, value, field.null)
    return _known(field, column, *TEXT_TESTS[lookup](column, value))


def _startswith(column: str, value: str) -> SQL:
    after = successor(value)
    if after is None:  # empty, or nothing but the last character that there is
        return f"substr({column}, 1, {len(value)}) = ?", [value]
    return f"{column} >= ? AND {column} < ?", [value, after]


def _endswith(column: str, value: str) -> SQL:
    return (f"{SQLITE.ending(column, len(value))} = ?" if value else "1 = 1"), [value] if value else []


def _contains(column: str, value: str) -> SQL:
    return f"{SQLITE.position(column)} > 0", [value]


TEXT_TESTS: dict[str, Callable[[str, str], SQL]] = {
    "startswith": _startswith,
    "endswith": _endswith,
    "contains": _contains,
}
