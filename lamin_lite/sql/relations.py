"""Relations to many rows, and the typed index by which params are found."""

from __future__ import annotations

from itertools import islice

from .. import errors
from ..base import canon
from ..base._typing import TYPE_CHECKING
from .fields import reference
from .probes import FEW, Probe, Test, counted
from .schema import SQLITE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Callable, Optional

    from .database import Database

    SQL = tuple[str, list[Any]]


class Relation:
    """Many rows of another table, through a table of links or through their own column.

    ``through`` is the table that holds both ids, ``near`` and ``far`` its columns, ``having`` what its rows must
    be, as column and allowed values. On a row it is a query set of the other rows.
    """

    hides = True  #: whether rows of the other side that are in the trash, or hidden otherwise, are left out
    place = ""  #: the column of ``through`` that gives the rows of the other side their order, if there is one

    def __init__(
        self, to: str, through: str, near: str, far: str, having: Optional[dict[str, Sequence[str]]] = None
    ) -> None:
        self.to = to
        self.through = through
        self.near = near
        self.far = far
        self.having = having or {}

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def bind(self, owner: str) -> None:
        """Settle what depends on the table of the registry that has the relation."""

    def __get__(self, row: Any, owner: Optional[type] = None) -> Any:
        return self if row is None else row._related_rows(self)

    def __set__(self, row: Any, value: object) -> None:
        raise self.not_set(row, value)

    def not_set(self, row: object, value: object) -> errors.InvalidArgument:
        """The error for who assigns to it."""
        return errors.InvalidArgument(
            f"{type(row).__name__}.{self.name} cannot be set to {value!r}: it follows from what those rows say."
        )

    @property
    def is_column(self) -> bool:
        """Whether the rows of the other side themselves say, in a column, to which row they belong."""
        return self.through == self.to and self.far == "id"

    def far_ids(self, near_id: int) -> SQL:
        """The select of the ids on the other side for one row on this side."""
        tests, params = self.tests(self.through)
        where = " AND ".join([*tests, f"{self.near} = ?"])
        return f"{self.far} FROM {self.through} WHERE {where}", [*params, near_id]

    def tests(self, alias: str) -> tuple[list[str], list[Any]]:
        """What a row of the table with both ids, known as ``alias``, must be."""
        tests = [f"{alias}.{name} IN ({', '.join('?' * len(values))})" for name, values in self.having.items()]
        if self.is_column:  # of others it is never empty
            tests.append(f"{alias}.{self.near} IS NOT NULL")
        return tests, [value for values in self.having.values() for value in values]


_NUMBERS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_TEXTS = frozenset("contains icontains startswith istartswith endswith iendswith iexact regex iregex".split())
_OPERATORS = frozenset(["exact", "in", "isnull", "has_key", "range", *_TEXTS, *_NUMBERS])
_AFTER = chr(ord(canon.SEPARATOR) + 1)
_MANY = 500  #: values that are passed as parameters; more go through a temporary table


class ParamsIndex(Relation):
    """The typed leaves of a JSON field, in a table of (owner, path, kind, number, text)."""

    def __init__(self, owner: str, field: str, through: str) -> None:
        super().__init__(owner, through, "owner_id", "owner_id")
        self.owner = owner
        self.field = field

    def rows(self, owner_id: int, value: object) -> list[tuple[Any, ...]]:
        """The rows of the index for a value; what goes beyond the limit is marked by a row of kind ``more``."""
        rows = [(owner_id, *leaf) for leaf in islice(canon.leaves(value), canon.MAX_LEAVES + 1)]
        if len(rows) > canon.MAX_LEAVES:
            rows[-1] = (owner_id, "", "more", None, None)
        return rows

    def compile(
        self,
        database: Database,
        alias: str,
        path: Sequence[str],
        value: object,
        *,
        dry: bool = False,
        walk: bool = False,
    ) -> SQL:
        """The condition for ``params__a__b__lookup=value``: ``b`` in ``a``, or one param named ``a__b``.

        ``dry``: only to see whether it is right, without looking into the database. ``walk``: rows are read one after
        the other, so that many are rather asked than listed.
        """
        look, lookup = self._look(database, path, value, dry)
        if lookup in ("isnull", "has_key"):
            text, params = look.present(f"{alias}.id", null_too=lookup == "has_key", walk=walk)
            return (f"NOT ({text})" if lookup == "isnull" and value else text), params
        probe = look.matching(lookup, _wanted(look.asked, lookup, value))
        if walk and probe.size(database, FEW) > FEW:
            return probe.holds(f"{alias}.id")
        ids, params = probe.ids()
        return f"{alias}.id IN ({ids})", params

    def probe(self, database: Database, path: Sequence[str], value: object) -> Optional[Probe]:
        """The rows that meet ``params__a__b__lookup=value`` as a set that can be listed or asked, where it is one."""
        look, lookup = self._look(database, path, value, False)
        if lookup in ("isnull", "has_key"):
            return None
        return look.matching(lookup, _wanted(look.asked, lookup, value))

    def _look(self, database: Database, path: Sequence[str], value: object, dry: bool) -> tuple[_Look, str]:
        asked = "__".join([self.field, *path])
        variants, lookup = _parsed(asked, path, value)
        return _Look(self, database, asked, variants, dry), lookup


def _parsed(asked: str, path: Sequence[str], value: object) -> tuple[list[list[str]], str]:
    """The one or two paths that ``field__a__b__lookup=value`` means, and the lookup; ``asked`` is all of the name."""
    names, lookup = list(path), "exact"
    if names and names[-1] == "has_key":
        names, lookup = [*names[:-1], str(value)], "has_key"
    elif len(names) > 1 and names[-1] in _OPERATORS:
        lookup = names.pop()
    if not names:
        raise errors.FieldError(f"{asked} needs a name: {asked}__name={value!r}.")
    if lookup == "isnull" and not isinstance(value, bool):
        raise errors.FieldError(f"{asked} is True or False; got {value!r}.")
    return _variants(names), lookup


def _variants(names: list[str]) -> list[list[str]]:
    """What the names in ``a__b`` may lead to: ``b`` in ``a``, or what is named ``a__b``."""
    return [names, ["__".join(names)]] if len(names) > 1 else [names]


def value_at(value: Any, names: list[str]) -> Any:
    """What a condition with these names finds in a JSON value, the first of the two; None where there is nothing."""
    found = (_at(value, variant) for variant in _variants(names))
    return next((one for one in found if one is not _ABSENT), None)


def inside(database: Database, asked: str, path: Sequence[str], value: object) -> tuple[Callable[[Any], bool], bool]:
    """What tells whether a JSON value without an index meets ``a__b__lookup=value``; and whether it must not.

    ``asked``: all of the name as it was written, for errors.
    """
    variants, lookup = _parsed(asked, path, value)
    if lookup in ("isnull", "has_key"):
        return lambda held: _any_at(held, variants, lambda found: lookup == "has_key" or found is not None), (
            lookup == "isnull" and value is True
        )
    wanted = _wanted(asked, lookup, value)
    if lookup in ("regex", "iregex"):
        compiled_pattern(asked, lookup, wanted)
    elif lookup not in ("exact", "in"):
        _tests(asked, lookup, wanted, database)  # what cannot be compared is an error, as it is for params
    return lambda held: _any_at(held, variants, lambda found: matches(found, lookup, wanted)), False


def _any_at(value: Any, variants: list[list[str]], test: Callable[[Any], bool]) -> bool:
    values = (_at(value, names) for names in variants)
    return any(found is not _ABSENT and test(found) for found in values)


class _Look:
    """One look into the index of a field, under one or two paths."""

    def __init__(
        self, index: ParamsIndex, database: Database, asked: str, variants: list[list[str]], dry: bool
    ) -> None:
        self.asked = asked  #: the name of the condition as it was written, for errors
        self._index = index
        self._database = database
        self._variants = variants
        self._paths = [canon.path(names) for names in variants]
        self._dry = dry

    def matching(self, lookup: str, wanted: Any) -> Probe:
        """The ids whose value meets a lookup."""
        if lookup in ("regex", "iregex"):
            tests = self._patterns(lookup, wanted)
        else:
            tests = _tests(self.asked, lookup, wanted, self._database)
        lists = self._rechecked(
            _partly_indexed(lookup, wanted),
            lambda found: matches(found, lookup, wanted),
            below=_looks_into(wanted),
            also=self._held(wanted) if lookup == "contains" and not _looks_into(wanted) else None,
        )
        return Probe(self._index.through, self._paths, tests, lists)

    def _held(self, wanted: Any) -> tuple[list[str], list[Any]]:
        """Selects of the ids that may have this in a list, or as a name in a dict."""
        start = f"SELECT owner_id FROM {self._index.through} WHERE"
        kind, number, text = canon.typed(wanted)
        column = " AND number = ?" if number is not None else " AND text = ?" if text is not None else ""
        value = [item for item in (number, text) if item is not None]
        edges = self._below()
        owners = [f"{start} path >= ? AND path < ? AND kind = ?{column}" for _ in self._paths]
        params = [item for at in range(0, len(edges), 2) for item in (*edges[at : at + 2], kind, *value)]
        for names in self._variants if isinstance(wanted, str) else ():
            path = canon.path([*names, wanted])
            owners += [f"{start} path = ?", f"{start} path >= ? AND path < ?"]
            params += [path, path + canon.SEPARATOR, path + _AFTER]
        return owners, params

    def _patterns(self, lookup: str, wanted: Any) -> list[Test]:
        """The texts at the paths that match a regular expression, which is Python's on each database."""
        found = compiled_pattern(self.asked, lookup, wanted)
        if self._dry:
            return []
        marks = ", ".join("?" * len(self._paths))
        sql = f"SELECT DISTINCT text FROM {self._index.through} WHERE path IN ({marks}) AND kind = 'text'"
        texts = [text for (text,) in self._database.iterate(sql, self._paths) if found(text)]
        return _exact(texts, self._database)

    def present(self, column: str, *, null_too: bool, walk: bool) -> SQL:
        """The condition that the id in a column has a value there; None counts as one only if it is asked for."""
        known = "" if null_too else " AND kind <> 'null'"
        tests = [f"path = ?{known}"] * len(self._paths) + ["path >= ? AND path < ?"] * len(self._paths)
        params: list[Any] = [*self._paths, *self._below()]
        lists = self._rechecked((), lambda found: null_too or found is not None)
        ids = " UNION ALL ".join(
            [*(f"SELECT owner_id FROM {self._index.through} WHERE {test}" for test in tests), *lists]
        )
        if not walk or counted(self._database, (ids, params), FEW) <= FEW:
            return f"{column} IN ({ids})", params
        own = f"EXISTS (SELECT 1 FROM {self._index.through} WHERE owner_id = {column} AND"
        return " OR ".join([*(f"{own} {test})" for test in tests), *(f"{column} IN ({one})" for one in lists)]), params

    def _below(self) -> list[str]:
        ends = (canon.SEPARATOR, _AFTER)
        return [path + end for path in self._paths for end in ends]

    def _rechecked(
        self,
        kinds: Sequence[str],
        test: Callable[[Any], bool],
        *,
        below: bool = False,
        also: Optional[tuple[list[str], list[Any]]] = None,
    ) -> list[str]:
        """The select of the ids whose value the index holds in part only, and that pass when it is read as a whole."""
        if self._dry:
            return []
        owners, params = self._candidates(kinds, below)
        if also is not None:
            owners, params = owners + also[0], params + also[1]
        sql = f"SELECT id, {self._index.field} FROM {self._index.owner} WHERE id IN ({' UNION ALL '.join(owners)})"
        read = self._database.read(sql, params)
        found = [owner for owner, text in read if _any_at(canon.loads(text), self._variants, test)]
        if len(found) > _MANY:
            return [f"SELECT value AS owner_id FROM {self._database.listed(found)}"]
        listed = ", ".join(map(str, found))
        return [f"SELECT id AS owner_id FROM {self._index.owner} WHERE id IN ({listed})"] if found else []

    def _candidates(self, kinds: Sequence[str], below: bool) -> tuple[list[str], list[Any]]:
        through = self._index.through
        owners = [f"SELECT owner_id FROM {through} WHERE path = '' AND kind = 'more'"]
        params: list[Any] = []
        if kinds:
            marks = ", ".join("?" * len(self._paths))
            kinds_ = ", ".join(f"'{kind}'" for kind in kinds)
            owners.append(f"SELECT owner_id FROM {through} WHERE path IN ({marks}) AND kind IN ({kinds_})")
            params += self._paths
        if below:
            owners += [f"SELECT owner_id FROM {through} WHERE path >= ? AND path < ?" for _ in self._paths]
            params += self._below()
        return owners, params


def _wanted(asked: str, lookup: str, value: Any) -> Any:
    """The value in the form in which params are kept."""
    if lookup not in ("in", "range"):
        return canon.plain(value, reference, [])
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        raise errors.FieldError(f"{asked} needs a list of values; got {value!r}.")
    items = [canon.plain(item, reference, []) for item in value]
    if lookup == "range" and len(items) != 2:
        raise errors.FieldError(f"{asked} needs the least and the greatest value; got {value!r}.")
    return items


def _looks_into(wanted: Any) -> bool:
    """Whether a dict or list is looked for, which is found by reading the whole value."""
    items = wanted if isinstance(wanted, list) else ()
    return isinstance(wanted, (dict, list)) or any(isinstance(item, (dict, list)) for item in items)


def _partly_indexed(lookup: str, wanted: Any) -> Sequence[str]:
    """The kinds of leaves that the index cannot answer for: it holds a digest, or text of digits."""
    if lookup in ("exact", "in"):
        return ()
    bounds = wanted if lookup == "range" else [wanted]
    if (lookup == "range" or lookup in _NUMBERS) and not all(canon.storable(b) for b in bounds if isinstance(b, str)):
        return ("text", "long", "odd")
    return ("long", "odd", "big")


def _tests(asked: str, lookup: str, wanted: Any, database: Database) -> list[Test]:
    if lookup in ("exact", "in"):
        return _exact([wanted] if lookup == "exact" else wanted, database)
    if lookup in _NUMBERS:
        return _ordered(asked, lookup, wanted)
    if lookup == "range":
        pairs = zip(_ordered(asked, "gte", wanted[0]), _ordered(asked, "lte", wanted[1]))
        return [Test(f"{a.text} AND {b.text}", a.params + b.params, by_value=True) for a, b in pairs]
    if not isinstance(wanted, str):
        if lookup == "contains":
            return []  # found by reading the whole value
        raise errors.FieldError(f"{asked} needs a text; got {wanted!r}.")
    if not canon.storable(wanted):
        return []  # occurs in no text of the index
    text, params = _text_test(lookup, wanted)
    return [Test(f"kind = 'text' AND {text}", params, by_value=lookup == "startswith")]


def _text_test(lookup: str, wanted: str) -> SQL:
    column = "text"
    if lookup[0] == "i":
        column, wanted, lookup = SQLITE.folded("text"), wanted.casefold(), lookup[1:]
    after = successor(wanted)
    if lookup == "exact":
        return f"{column} = ?", [wanted]
    if lookup == "contains":
        return f"{SQLITE.position(column)} > 0", [wanted]
    if lookup == "endswith":
        return (f"{SQLITE.ending(column, len(wanted))} = ?", [wanted]) if wanted else ("1 = 1", [])
    if after is None:  # empty, or nothing but the last character that there is
        return f"substr({column}, 1, {len(wanted)}) = ?", [wanted]
    return f"{column} >= ? AND {column} < ?", [wanted, after]


def successor(text: str) -> Optional[str]:
    """The least text that is greater than all that start with this one."""
    while text:
        code = ord(text[-1]) + 1
        if code <= 0x10FFFF:
            return text[:-1] + chr(0xE000 if 0xD800 <= code < 0xE000 else code)
        text = text[:-1]
    return None


def compiled_pattern(asked: str, lookup: str, pattern: object) -> Callable[[str], bool]:
    """What tells whether a text matches a regular expression of Python's, anywhere in it."""
    import re

    try:
        found = re.compile(pattern, re.IGNORECASE if lookup == "iregex" else 0) if isinstance(pattern, str) else None
    except (re.error, RecursionError, OverflowError) as error:
        raise errors.FieldError(f"{asked}={pattern!r} is no regular expression: {error}.") from None
    if found is None:
        raise errors.FieldError(f"{asked} needs a regular expression as text; got {pattern!r}.")
    search = found.search
    return lambda text: search(text) is not None


def _exact(wanted: list[Any], database: Database) -> list[Test]:
    """One condition a kind, so that the index answers, however many values there are."""
    kinds: dict[tuple[str, str], list[Any]] = {}
    for item in wanted:
        kind, number, text = canon.typed(item)
        if kind in ("dict", "list") and item:
            continue  # found by reading the whole value
        column = "number" if number is not None else "text" if text is not None else ""
        kinds.setdefault((kind, column), []).append(number if number is not None else text)
    tests: list[Test] = []
    for (kind, column), values in kinds.items():
        if not column:
            tests.append(Test("kind = ? AND number IS NULL", [kind], in_order=True))
        elif len(values) > _MANY:
            listed = database.listed(values)
            tests.append(Test(f"kind = ? AND {column} IN (SELECT value FROM {listed})", [kind], by_value=True))
        else:
            one = len(values) == 1
            marks = "= ?" if one else f"IN ({', '.join('?' * len(values))})"
            tests.append(Test(f"kind = ? AND {column} {marks}", [kind, *values], by_value=True, in_order=one))
    return tests


def _ordered(asked: str, lookup: str, wanted: object) -> list[Test]:
    kind, number, text = canon.typed(wanted)
    sign = _NUMBERS[lookup]
    if isinstance(wanted, str):
        storable = canon.storable(wanted)
        return [Test(f"kind = 'text' AND text {sign} ?", [wanted], by_value=True)] if storable else []
    if kind == "nan":
        return []
    if kind not in ("number", "infinite", "big"):
        raise errors.FieldError(f"{asked} needs a number or a text; got {wanted!r}.")
    if kind == "big":  # beyond all numbers of the kind ``number``
        number = float("inf") if not str(text).startswith("-") else float("-inf")
    elif kind == "infinite":
        number = float("inf") if wanted == float("inf") else float("-inf")
    edge = (1.0 if wanted == float("inf") else -1.0) if kind == "infinite" else 0.0
    return [
        Test(f"kind = 'number' AND number {sign} ?", [number], by_value=True),
        Test(f"kind = 'infinite' AND number {sign} ?", [edge], by_value=True),
    ]


_ABSENT = object()


def _at(value: Any, names: list[str]) -> Any:
    for name in names:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name in _positions(name, len(value)):
            value = value[int(name)]
        else:
            return _ABSENT
    return value


def _positions(name: str, length: int) -> tuple[str, ...]:
    """The name, if it is a position in a list of this length, written as the index writes it."""
    known = name.isascii() and name.isdecimal() and str(int(name)) == name and int(name) < length
    return (name,) if known else ()


def matches(found: Any, lookup: str, wanted: Any) -> bool:
    """Whether a value meets a lookup: the same answer as the index gives, for what the index does not hold."""
    if lookup == "in":
        return any(same(found, item) for item in wanted)
    if lookup == "exact":
        return same(found, wanted)
    if lookup in _NUMBERS:
        return _ordered_match(found, lookup, wanted)
    if lookup == "range":
        return _ordered_match(found, "gte", wanted[0]) and _ordered_match(found, "lte", wanted[1])
    if lookup == "contains" and not isinstance(found, str):
        return _holds(found, wanted)
    if not isinstance(found, str) or not isinstance(wanted, str):
        return False
    if lookup in ("regex", "iregex"):
        return compiled_pattern("value", lookup, wanted)(found)
    if lookup[0] == "i":
        found, wanted, lookup = found.casefold(), wanted.casefold(), lookup[1:]
    if lookup == "exact":
        return bool(found == wanted)
    return bool(
        {"contains": found.__contains__, "startswith": found.startswith, "endswith": found.endswith}[lookup](wanted)
    )


def _holds(found: Any, wanted: Any) -> bool:
    """As Python's ``in``: an item of a list, a name of a dict; of a dict that is looked for all items."""
    if isinstance(found, list):
        return any(same(item, wanted) for item in found)
    if not isinstance(found, dict):
        return False
    if isinstance(wanted, dict):
        return all(name in found and same(found[name], item) for name, item in wanted.items())
    return isinstance(wanted, str) and wanted in found


def same(one: Any, other: Any) -> bool:
    """Equality of params: a bool is no number, an int equals the float of its value, NaN equals NaN."""
    return identity(one) == identity(other)


def identity(value: Any) -> tuple[Any, ...]:
    """What equal params have in common, and can be put in a set."""
    if isinstance(value, dict):
        return "dict", frozenset((name, identity(item)) for name, item in value.items())
    if isinstance(value, list):
        return ("list", *map(identity, value))
    return canon.typed(value)


def _ordered_match(found: Any, lookup: str, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(found, str) != isinstance(wanted, str):
        return False
    if not isinstance(found, (int, float, str)):
        return False
    order = {"gt": found > wanted, "gte": found >= wanted, "lt": found < wanted, "lte": found <= wanted}
    return bool(order[lookup])
