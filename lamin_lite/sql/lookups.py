"""From keyword lookups such as ``transform__key__startswith="a"`` to SQL.

Pure: names come from the tables' own descriptors, values travel as parameters only, so nothing that a user writes
becomes SQL. Every condition is true or false, never NULL, so that it can be negated.
"""

from __future__ import annotations

from .. import errors
from ..base import canon
from ..base._typing import TYPE_CHECKING
from .comparing import ID, IdField, can_be, condition, equals, is_between, kept
from .fields import DateField, Field, ForeignKey, JsonField, TextField, TimeField
from .relations import ParamsIndex, Relation, compiled_pattern, inside

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
    Child = Union["Q", tuple[str, object]]

#: registries by the name of their table; filled as they are defined
models: dict[str, Any] = {}

LOOKUPS = frozenset(
    "exact iexact contains icontains startswith istartswith endswith iendswith gt gte lt lte in range isnull regex "
    "iregex".split()
)
PATTERNS = frozenset(["regex", "iregex"])
PLAIN = frozenset("exact gt gte lt lte in range isnull".split())  #: the lookups of a field that holds no text
FEW = 50  #: rows on the other side of a foreign key that are named, so that an index of several columns answers
MANY = 500  #: values that ``in`` passes as parameters; SQLite before 3.32 takes no more than 999
DEEPEST = 60  #: conditions inside of conditions, and relations followed
WIDE = 200  #: conditions that are joined side by side; SQLite takes a tree of 1,000


class Q:
    """A condition that can be combined: ``Q(key="a") | ~Q(size__gt=3)``.

    What is said in one ``Q``, or joined by ``&``, of a relation to many rows is said of one of these rows. An empty one
    says nothing, and so does its opposite: a loop of ``q |= ...`` that had nothing to join excludes nothing.
    """

    __slots__ = ("apart", "children", "negated", "operator")

    def __init__(self, /, *args: Q, **lookups: object) -> None:
        for arg in args:
            _check(arg)
        self.operator = "AND"
        self.negated = False
        self.apart = False  #: whether each child speaks for itself: those of several calls of filter()
        self.children: list[Child] = [child for arg in args for child in arg._spliced("AND")]
        self.children += [(name, _listed_once(value)) for name, value in lookups.items()]

    def _spliced(self, operator: str) -> list[Child]:
        """What this is among conditions that are joined by an operator: chains of one operator are flat."""
        same = self.operator == operator or len(self.children) == 1
        return self.children if same and not self.negated and not self.apart else [self]

    def _combined(self, other: Q, operator: str) -> Q:
        _check(other)
        found = self._like(self)
        found.operator, found.negated, found.apart = operator, False, False
        said = (one for one in (self, other) if one.children)  # of an empty one the operator means nothing
        found.children = [child for one in said for child in one._spliced(operator)]
        return found

    def _like(self, other: Q) -> Q:
        found: Q = object.__new__(type(self))
        found.operator, found.negated, found.apart = other.operator, other.negated, other.apart
        found.children = other.children
        return found

    def __and__(self, other: Q) -> Q:
        return self._combined(other, "AND")

    def __or__(self, other: Q) -> Q:
        return self._combined(other, "OR")

    def __invert__(self) -> Q:
        if not self.children:
            return self._like(self)
        only = self.children[0] if len(self.children) == 1 else None
        found = self._like(only if isinstance(only, Q) else self)
        found.negated = not self.negated if found.children is self.children else found.negated is self.negated
        return found

    def __bool__(self) -> bool:
        return bool(self.children)

    def __repr__(self) -> str:
        return described(self) or "no condition"

    def names(self) -> set[str]:
        """The names of fields and relations that the condition starts from."""
        found: set[str] = set()
        for child in self.children:
            found |= child.names() if isinstance(child, Q) else {child[0].split("__")[0]}
        return found


def each_apart(*conditions: Q) -> Q:
    """All of these conditions, each of which may speak of another row on the other side of a relation."""
    found = Q()
    found.apart = True
    for one in conditions:
        found.children += one.children if one.apart and not one.negated else [one] if one.children else []
    return found


def described(q: Q) -> str:
    """A condition as one writes it."""
    text = (", " if q.operator == "AND" else " or ").join(
        f"({part})" if joined else part for part, joined in (_described_part(child, q) for child in q.children) if part
    )
    return f"not ({text})" if q.negated else text


def _described_part(child: Child, within: Q) -> tuple[str, bool]:
    """One of several conditions, and whether it is joined otherwise than they are."""
    if not isinstance(child, Q):
        return f"{child[0]}={child[1]!r}", False
    return described(child), not child.negated and len(child.children) > 1 and child.operator != within.operator


def _check(arg: object) -> None:
    if not isinstance(arg, Q):
        raise errors.InvalidArgument(
            f"{arg!r} is no condition: write one by name, such as key='a.csv', or combine them by ln.Q."
        )


def _listed_once(value: object) -> object:
    """The values of an iterator as a list: a condition is looked at more than once."""
    return list(value) if hasattr(value, "__next__") and hasattr(value, "__iter__") else value


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
        self._depth = 0

    def alias(self) -> str:
        """A fresh name for a table in a sub-query."""
        self._aliases += 1
        return f"t{self._aliases}"

    def where(self, model: Model, alias: str, q: Q) -> SQL:
        """The condition as SQL over the table known as ``alias``."""
        if not q.children:
            return "1 = 1", []
        parts, params = [], []
        for child in _together(model, q):
            text, values = (
                self._inner(model, alias, child)
                if isinstance(child, Q)
                else self.lookup(model, alias, child[0].split("__"), child[1])
            )
            parts.append(f"({text})")
            params += values
        text = _joined(q.operator, parts)
        return (text if not q.negated else f"NOT {text}" if len(parts) == 1 else f"NOT ({text})"), params

    def _inner(self, model: Model, alias: str, q: Q) -> SQL:
        """A condition inside of another one, or about a related row."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise errors.FieldError(
                f"Conditions are nested more than {DEEPEST} deep, by ~, & and | in turns or by relations that are followed: "
                "ask step by step, as in filter(id__in=rows.to_list('id'))."
            )
        found = self.where(model, alias, q)
        self._depth -= 1
        return found

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
        test, negated = inside(self.database, "__".join([field.name, *rest]), rest, value)
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
            raise _not_a_lookup(field, path)
        lookup = rest[0] if rest else "exact"
        if lookup in PATTERNS and source is not None:
            return self._pattern(field, column, lookup, value, source)
        if lookup == "in":
            given = _listed(value, f"{field.name}__in")
            return self.one_of(column, [kept(field, item) for item in given if not is_between(field, item)])
        return condition(field, column, lookup, value)

    def _part(self, field: Field[Any], column: str, path: Sequence[str], value: object) -> SQL:
        from . import dates

        part, lookup = path[1], path[2] if len(path) > 2 else "exact"
        if len(path) > 3 or lookup not in dates.LOOKUPS:
            raise unknown_lookup("__".join(path), path[-1], of=dates.LOOKUPS)
        compared = dates.condition if isinstance(field, TimeField) else dates.of_day
        return compared(field.name, column, part, lookup, value)

    def _pattern(self, field: Field[Any], column: str, lookup: str, value: object, source: str) -> SQL:
        """The texts of the column that match, as the regular expressions of databases differ."""
        if not isinstance(field, TextField):
            raise errors.FieldError(f"{field.name}__{lookup} needs a text field; {field.name} is {field.type_name}.")
        matches = compiled_pattern(f"{field.name}__{lookup}", lookup, value)
        if self.dry:
            return "1 = 1", []
        rows = self.database.iterate(f"SELECT DISTINCT {column} FROM {source}")
        return self.one_of(column, [text for (text,) in rows if text is not None and matches(text)])

    def one_of(self, column: str, values: list[Any]) -> SQL:
        """``column IN (values)``, however many there are; None among them is a row without a value."""
        wanted = [value for value in values if value is not None and can_be(value)]
        if None in values:
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
            wanted = None if value is None else self.row_id(target, field.name, value)
            return equals(column, wanted) if can_be(wanted) else ("1 = 0", [])
        if rest == ["in"]:
            items = _listed(value, f"{field.name}__in")
            wanted_ids = [None if item is None else self.row_id(target, field.name, item) for item in items]
            return self.one_of(column, wanted_ids)
        inner = self.alias()
        text, params = self._inner(target, inner, _only("__".join(rest), value))
        known = f"{column} IS NOT NULL AND " if field.null else ""
        ids = None if self.dry else self.few(field.to, inner, text, params)
        if ids is not None:
            return f"{known}{column} {ids}", []
        return f"{known}{column} IN (SELECT {inner}.id FROM {field.to} {inner} WHERE {text})", params

    def row_id(self, target: Any, name: str, value: object) -> int:
        """The id of a row given as a value for a relation; an id says nothing of the rows of another instance."""
        if isinstance(value, target):
            row: Any = value
            if not row._store.database.is_same(self.database):
                raise errors.InvalidArgument(
                    f"{name} is given the {type(row).__name__} {row.uid} of the instance {row._store.root}, but rows in "
                    f"{self.database.path} are asked for: rows of two instances cannot be compared, but by their fields, "
                    f"as in {name}__uid={row.uid!r}."
                )
            if row._values.get("id") is None:
                raise errors.InvalidArgument(f"{row!r} is not saved yet: call .save() before it is used in a query.")
            return int(row._values["id"])
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise _no_row(target, name, value)

    def few(self, table: str, alias: str, text: str, params: list[Any]) -> str | None:
        """``= id`` or ``IN (ids)`` where few rows meet a condition: an index then also gives the order."""
        rows = self.database.read(f"SELECT {alias}.id FROM {table} {alias} WHERE {text} LIMIT {FEW + 1}", params)
        if len(rows) > FEW:
            return None
        ids = [int(row[0]) for row in rows] or [0]
        return f"= {ids[0]}" if len(ids) == 1 else f"IN ({', '.join(map(str, ids))})"

    def _related(self, relation: Relation, alias: str, rest: Sequence[str], value: object) -> SQL:
        """A condition on rows of another registry of which there may be many: that there is one which is shown."""
        target, asked = models[relation.to], Q()
        if isinstance(value, _Same):
            asked.children = value.asked(self, relation, target)
        elif rest != ["isnull"]:
            asked = _only(*_of_row(self, relation, target, rest, value))
        elif not isinstance(value, bool):
            raise errors.FieldError(f"{relation.name}__isnull is True or False; got {value!r}.")
        near, rows, params = self._near(relation, target, asked)
        if rest == ["isnull"] and value:  # asked for each row, as an index answers it, rather than listing all others
            return f"NOT EXISTS (SELECT 1 FROM {rows} AND {near} = {alias}.id)", params
        return f"{alias}.id IN (SELECT {near} FROM {rows})", params

    def _near(self, relation: Relation, target: Any, asked: Q) -> tuple[str, str, list[Any]]:
        """The column of the ids on this side, and the tables and conditions of the rows that are asked for there.

        What is in the trash, or is hidden otherwise, is seen only where it is named, as by the query set of the row.
        """
        named = bool(asked.names() & {"id", "pk"})
        hidden = Q() if named or not relation.hides else target._default_conditions(asked)
        link = inner = self.alias()
        near, far, rows = f"{link}.{relation.near}", f"{link}.{relation.far}", f"{relation.through} {link}"
        tests, params = relation.tests(link)
        only = asked.children[0] if named and len(asked.children) == 1 else None
        if isinstance(only, tuple):
            text, values = self.test(ID, far, only[0].split("__"), only[1])
        else:
            if not relation.is_column:
                inner = self.alias()
                rows += f" JOIN {relation.to} {inner} ON {inner}.id = {far}"
            text, values = self._inner(target, inner, Q(hidden, asked))
        return near, f"{rows} WHERE {' AND '.join([*tests, text])}", [*params, *values]


class _Same:
    """Conditions on one and the same row on the other side of a relation, whose names begin with the way to it."""

    __slots__ = ("_conditions", "_length")

    def __init__(self, conditions: Iterable[Child], length: int) -> None:
        self._conditions = conditions
        self._length = length

    def asked(self, compiler: Compiler, relation: Relation, target: Any) -> list[Child]:
        """The conditions as they are asked of the row itself."""
        return [self._of_row(compiler, relation, target, one) for one in self._conditions]

    def _of_row(self, compiler: Compiler, relation: Relation, target: Any, one: Child) -> Child:
        if not isinstance(one, Q):
            return _of_row(compiler, relation, target, one[0].split("__")[self._length :], one[1])
        found = one._like(one)
        found.children = [self._of_row(compiler, relation, target, child) for child in one.children]
        return found


def _of_row(
    compiler: Compiler, relation: Relation, target: Any, rest: Sequence[str], value: object
) -> tuple[str, object]:
    """``relation__rest=value`` as a condition on a row on the other side."""
    if rest and list(rest) not in (["exact"], ["in"]):
        return "__".join(rest), value
    many = list(rest) == ["in"]
    items = _listed(value, f"{relation.name}__in") if many else [value]
    if any(item is None for item in items):
        raise errors.FieldError(
            f"{relation.name}{'__in' if many else ''}={value!r} names no row: ask for those without any by "
            f"{relation.name}__isnull=True."
        )
    ids = [compiler.row_id(target, relation.name, item) for item in items]
    return ("id__in", ids) if many else ("id", ids[0])


def _only(name: str, value: object) -> Q:
    found = Q()
    found.children = [(name, value)]
    return found


def _together(model: Model, q: Q) -> list[Child]:
    """The conditions, of those that must all hold the ones about one related row, or one span of time, as one."""
    if q.operator != "AND" or q.apart or len(q.children) < 2:
        return q.children
    ways: dict[tuple[str, ...], list[Child]] = {}
    found: list[Child] = []
    for child in _one_span(model, q):
        way = _way(model, child)
        if way:
            ways.setdefault(way, []).append(child)
        else:
            found.append(child)
    for way, about in ways.items():
        found += about if len(about) == 1 else [("__".join(way), _Same(about, len(way)))]
    return found


def _way(model: Model, child: Child) -> tuple[str, ...]:
    """The names that lead to the relation to many rows of which a condition asks for one; empty if it does not."""
    if isinstance(child, Q):
        ways = set() if child.negated or child.apart else {_way(model, one) for one in child.children}
        return ways.pop() if len(ways) == 1 else ()
    names = child[0].split("__")
    for at, name in enumerate(names):
        field = field_named(model, name) if is_field(model, name) else None
        if isinstance(field, Relation):
            return () if names[at + 1 :] == ["isnull"] else tuple(names[: at + 1])
        if not isinstance(field, ForeignKey):
            return ()
        model = models[field.to]
    return ()


def _joined(operator: str, parts: list[str]) -> str:
    """The parts side by side, in a tree that stays flat however many there are."""
    joint = f" {operator} "
    while len(parts) > WIDE:
        parts = [f"({joint.join(parts[at : at + WIDE])})" for at in range(0, len(parts), WIDE)]
    return joint.join(parts)


def _one_span(model: Model, q: Q) -> list[Child]:
    """What must all hold, with year and month of a moment as one range, which an index answers."""
    fields = model.__table__.fields
    moments = {
        child[0]: child[1]
        for child in q.children
        if isinstance(child, tuple) and isinstance(fields.get(child[0].split("__")[0]), TimeField)
    }
    if len(moments) < 2 or len(moments) < sum(isinstance(one, tuple) and one[0] in moments for one in q.children):
        return q.children  # one that is said twice stays twice
    from . import dates

    rest = [child for child in q.children if isinstance(child, Q) or child[0] not in moments]
    return [*rest, *dates.together(moments)]


def _not_a_lookup(field: Field[Any], path: Sequence[str]) -> errors.FieldError:
    """The error for what follows the name of a field, and is no lookup of it."""
    if path[1] in LOOKUPS:
        return errors.FieldError(f"{'__'.join(path)!r} goes on after the lookup {path[1]!r}: nothing can follow it.")
    known = LOOKUPS if isinstance(field, TextField) else PLAIN
    return unknown_lookup("__".join(path), path[1], _parts_of(field), of=known)


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


def _no_other_name(database: Database, model: Model, name: str) -> bool:  # noqa: ARG001
    return False


#: slot: whether rows have a feature of this name, so that errors do not say that there is none
is_other: Callable[[Database, Model, str], bool] = _no_other_name


def _id_of(field: Field[Any]) -> Field[Any]:
    plain = IdField(null=field.null)
    plain.name = plain.column = field.column
    return plain


def unknown_field(model: Model, name: str, features: Iterable[str] = ()) -> errors.FieldError:
    """The error for a name that is no field, and none of the features that there are."""
    names = [field.name for field in model.__table__.fields.values() if not field.hidden]
    names += [name for name, relation in model.__relations__.items() if not isinstance(relation, ParamsIndex)]
    names += features
    title = getattr(model, "__name__", model.__table__.name)
    near = nearest(name, names)
    hint = f"did you mean {near!r}?" if near else f"it has {', '.join(sorted(names))}."
    return errors.FieldError(f"{title} has no field {'or feature ' if features else ''}{name!r}: {hint}")


def unknown_lookup(path: str, name: str, more: Iterable[str] = (), *, of: frozenset[str] = PLAIN) -> errors.FieldError:
    """The error for a lookup that does not exist where there are ``of`` and ``more``."""
    known = of.union(more)
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


def _no_row(target: Any, name: str, value: object) -> errors.FieldError:
    """The error for a value that is neither a row of this registry nor an id."""
    if isinstance(value, tuple(models.values())):
        return errors.FieldError(
            f"{name} is given the {type(value).__name__} {value!r}, but takes saved {target.__name__}s, or conditions on "
            f"their fields such as {name}__{label_name(target)}='...'."
        )
    title, column = target.__name__, target.__found_by__ or label_name(target)
    return errors.FieldError(
        f"{name}={value!r} is no {title}: pass a saved {title}, or look for a field of it, as in {name}__{column}={value!r}."
    )


def label_name(model: Any) -> str:
    """The field by which people know the rows of a registry."""
    fields = model.__table__.fields
    return next(name for name in ("key", "handle", "name", "root", "uid") if name in fields)


def _listed(value: object, name: str) -> list[Any]:
    """The values that are given to ``in``; `FieldError` for one alone."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise errors.FieldError(f"{name} needs a list, tuple, set or query set of values, such as {name}=[{value!r}].")
    return list(value)
