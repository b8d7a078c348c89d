"""Relations to many rows, and the typed index by which params are found."""

from __future__ import annotations

from .. import errors
from ..base import canon
from ..base._typing import TYPE_CHECKING
from .schema import SQLITE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Callable, Optional

    from .database import Database

    SQL = tuple[str, list[Any]]


class Relation:
    """Many rows of another table, through a table of links or through their own column.

    ``through`` is the table that holds both ids, ``near`` and ``far`` its columns, ``having`` what its rows must
    be, as column and allowed values. On a row it is a query set of the other rows.
    """

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

    def ids(self) -> SQL:
        """``<near> FROM <through> [WHERE ...]`` and its parameters: the ids on this side that have any."""
        return self._select(self.near)

    def far_ids(self, near_id: int) -> SQL:
        """The select of the ids on the other side for one row on this side."""
        text, params = self._select(self.far)
        return f"{text} {'AND' if self.having else 'WHERE'} {self.near} = ?", [*params, near_id]

    def _select(self, column: str) -> SQL:
        tests = [f"{name} IN ({', '.join('?' * len(values))})" for name, values in self.having.items()]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return f"{column} FROM {self.through}{where}", [value for values in self.having.values() for value in values]


_NUMBERS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_OPERATORS = frozenset(
    ["exact", "in", "isnull", "startswith", "contains", "endswith", "icontains", "has_key", *_NUMBERS]
)
_MANY = 500  #: values that are passed as parameters; more go through a temporary table


class ParamsIndex(Relation):
    """The typed leaves of a JSON field, in a table of (owner, path, kind, number, text)."""

    def __init__(self, owner: str, field: str, through: str) -> None:
        super().__init__(owner, through, "owner_id", "owner_id")
        self.owner = owner
        self.field = field

    def rows(self, owner_id: int, value: object) -> Iterator[tuple[Any, ...]]:
        """The rows of the index for a value; what goes beyond the limit is marked by a row of kind ``more``."""
        for number, leaf in enumerate(canon.leaves(value)):
            if number == canon.MAX_LEAVES:
                yield (owner_id, "", "more", None, None)
                return
            yield (owner_id, *leaf)

    def compile(self, database: Database, alias: str, path: Sequence[str], value: object) -> SQL:
        """The condition for ``params__a__b__lookup=value``: ``b`` in ``a``, or one param named ``a__b``."""
        names, lookup = list(path), "exact"
        if names and names[-1] == "has_key":
            names, lookup = [*names[:-1], str(value)], "has_key"
        elif len(names) > 1 and names[-1] in _OPERATORS:
            lookup = names.pop()
        if not names:
            raise errors.FieldError(f"{self.field} needs a name: {self.field}__name={value!r}.")
        look = _Look(self, database, [names, ["__".join(names)]] if len(names) > 1 else [names])
        if lookup in ("isnull", "has_key"):
            ids, params = look.present(null_too=lookup == "has_key")
            return f"{alias}.id {'NOT ' if lookup == 'isnull' and value else ''}IN ({ids})", params
        ids, params = look.matching(lookup, _wanted(lookup, value))
        return f"{alias}.id IN ({ids})", params


class _Look:
    """One look into the index of a field, under one or two paths."""

    def __init__(self, index: ParamsIndex, database: Database, variants: list[list[str]]) -> None:
        self._index = index
        self._database = database
        self._variants = variants
        self._paths = [canon.path(names) for names in variants]

    def matching(self, lookup: str, wanted: Any) -> SQL:
        """The select of the ids whose value meets a lookup."""
        at = f"SELECT owner_id FROM {self._index.through} WHERE path IN ({', '.join('?' * len(self._paths))})"
        ids: list[str] = []
        params: list[Any] = []
        for test, values in _tests(lookup, wanted, self._database):
            ids.append(f"{at} AND {test}")
            params += [*self._paths, *values]
        partly = self._rechecked(
            _partly_indexed(lookup, wanted), lambda found: matches(found, lookup, wanted), below=_looks_into(wanted)
        )
        return " UNION ALL ".join([*ids, *partly]) or "SELECT 0", params

    def present(self, *, null_too: bool) -> SQL:
        """The select of the ids that have a value there; None counts as one only if it is asked for."""
        known = "" if null_too else " AND kind <> 'null'"
        ids = [f"SELECT owner_id FROM {self._index.through} WHERE path = ?{known}" for _ in self._paths]
        ids += [f"SELECT owner_id FROM {self._index.through} WHERE path >= ? AND path < ?" for _ in self._paths]
        ids += self._rechecked((), lambda found: null_too or found is not None)
        return " UNION ALL ".join(ids), [*self._paths, *self._below()]

    def _below(self) -> list[str]:
        ends = (canon.SEPARATOR, chr(ord(canon.SEPARATOR) + 1))
        return [path + end for path in self._paths for end in ends]

    def _rechecked(self, kinds: Sequence[str], test: Callable[[Any], bool], *, below: bool = False) -> list[str]:
        """The select of the ids whose value the index holds in part only, and that pass when it is read as a whole."""
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
        sql = f"SELECT id, {self._index.field} FROM {self._index.owner} WHERE id IN ({' UNION ALL '.join(owners)})"
        found = [owner for owner, text in self._database.read(sql, params) if self._passes(canon.loads(text), test)]
        if len(found) > _MANY:
            return [f"SELECT value FROM {self._database.listed(found)}"]
        return [f"SELECT id FROM {self._index.owner} WHERE id IN ({', '.join(map(str, found))})"] if found else []

    def _passes(self, value: Any, test: Callable[[Any], bool]) -> bool:
        values = (_at(value, names) for names in self._variants)
        return any(found is not _ABSENT and test(found) for found in values)


def _wanted(lookup: str, value: Any) -> Any:
    """The value in the form in which params are kept."""
    if lookup != "in":
        return canon.plain(value, _reference, [])
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        raise errors.FieldError(f"__in needs a list of values; got {value!r}.")
    return [canon.plain(item, _reference, []) for item in value]


def _reference(value: object) -> Optional[str]:
    """The text that stands for a saved row."""
    saved = getattr(value, "_values", None) if hasattr(value, "_store") else None
    return f"{type(value).__name__}[{saved['uid']}]" if isinstance(saved, dict) and saved.get("id") else None


def _looks_into(wanted: Any) -> bool:
    """Whether a dict or list is looked for, which is found by reading the whole value."""
    items = wanted if isinstance(wanted, list) else []
    return isinstance(wanted, (dict, list)) or any(isinstance(item, (dict, list)) for item in items)


def _partly_indexed(lookup: str, wanted: Any) -> Sequence[str]:
    """The kinds of leaves that the index cannot answer for: it holds a digest, or text of digits."""
    if lookup in ("exact", "in"):
        return ()
    if lookup in _NUMBERS and isinstance(wanted, str) and not canon.storable(wanted):
        return ("text", "long", "odd")
    return ("long", "odd", "big")


def _tests(lookup: str, wanted: Any, database: Database) -> list[SQL]:
    if lookup == "exact":
        return _exact([wanted], database)
    if lookup == "in":
        return _exact(wanted, database)
    if lookup in _NUMBERS:
        return _ordered(lookup, wanted)
    if not isinstance(wanted, str):
        raise errors.FieldError(f"__{lookup} needs a text; got {wanted!r}.")
    if not canon.storable(wanted):
        return []  # occurs in no text of the index
    tests: dict[str, SQL] = {
        "startswith": ("substr(text, 1, ?) = ?", [len(wanted), wanted]),
        "endswith": ("substr(text, ?) = ?", [-len(wanted), wanted]) if wanted else ("1 = 1", []),
        "contains": (f"{SQLITE.position('text')} > 0", [wanted]),
        "icontains": (f"{SQLITE.position(SQLITE.folded('text'))} > 0", [wanted.casefold()]),
    }
    text, params = tests[lookup]
    return [(f"kind = 'text' AND {text}", params)]


def _exact(wanted: list[Any], database: Database) -> list[SQL]:
    """One condition a kind, so that the index answers, however many values there are."""
    kinds: dict[tuple[str, str], list[Any]] = {}
    for item in wanted:
        kind, number, text = canon.typed(item)
        if kind in ("dict", "list") and item:
            continue  # found by reading the whole value
        column = "number" if number is not None else "text" if text is not None else ""
        kinds.setdefault((kind, column), []).append(number if number is not None else text)
    tests: list[SQL] = []
    for (kind, column), values in kinds.items():
        if not column:
            tests.append(("kind = ?", [kind]))
        elif len(values) > _MANY:
            tests.append((f"kind = ? AND {column} IN (SELECT value FROM {database.listed(values)})", [kind]))
        else:
            tests.append((f"kind = ? AND {column} IN ({', '.join('?' * len(values))})", [kind, *values]))
    return tests


def _ordered(lookup: str, wanted: object) -> list[SQL]:
    kind, number, text = canon.typed(wanted)
    sign = _NUMBERS[lookup]
    if isinstance(wanted, str):
        return [(f"kind = 'text' AND text {sign} ?", [wanted])] if canon.storable(wanted) else []
    if kind == "nan":
        return []
    if kind not in ("number", "infinite", "big"):
        raise errors.FieldError(f"__{lookup} needs a number or a text; got {wanted!r}.")
    if kind == "big":  # beyond all numbers of the kind ``number``
        number = float("inf") if not str(text).startswith("-") else float("-inf")
    elif kind == "infinite":
        number = float("inf") if wanted == float("inf") else float("-inf")
    edge = (1.0 if wanted == float("inf") else -1.0) if kind == "infinite" else 0.0
    return [(f"kind = 'number' AND number {sign} ?", [number]), (f"kind = 'infinite' AND number {sign} ?", [edge])]


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
    if not isinstance(found, str):
        return False
    if lookup == "icontains":
        return wanted.casefold() in found.casefold()
    return bool(
        {"contains": found.__contains__, "startswith": found.startswith, "endswith": found.endswith}[lookup](wanted)
    )


def same(one: Any, other: Any) -> bool:
    """Equality of params: a bool is no number, an int equals the float of its value, NaN equals NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return False
    return canon.typed(one) == canon.typed(other)


def _ordered_match(found: Any, lookup: str, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(found, str) != isinstance(wanted, str):
        return False
    if not isinstance(found, (int, float, str)):
        return False
    order = {"gt": found > wanted, "gte": found >= wanted, "lt": found < wanted, "lte": found <= wanted}
    return bool(order[lookup])
