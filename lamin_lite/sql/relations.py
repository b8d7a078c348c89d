"""Relations to many rows, and the typed index by which params are found."""

from __future__ import annotations

from .. import errors
from ..base import canon
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Optional

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
        """The condition for ``params__a__b__lookup=value``."""
        names, lookup = list(path), "exact"
        if len(names) > 1 and names[-1] in _OPERATORS:
            lookup = names.pop()
        if names == ["has_key"] or lookup == "has_key":
            names, lookup, value = [*names[: len(path) - 1], str(value)], "isnull", False
        if not names:
            raise errors.FieldError(f"{self.field} needs a name: {self.field}__name={value!r}.")
        tests = _tests(lookup, value)
        ids: list[str] = []
        params: list[Any] = []
        for test, values in tests:
            ids.append(f"SELECT owner_id FROM {self.through} WHERE path IN (?, ?) AND {test}")
            params += [canon.SEPARATOR.join(names), "__".join(names), *values]
        rechecked = [] if lookup == "isnull" else self._rechecked(database, names, lookup, value)
        if rechecked:
            ids.append("VALUES " + ", ".join(["(?)"] * len(rechecked)))
            params += rechecked
        if lookup == "isnull":
            return self._missing(alias, names, bool(value))
        return f"{alias}.id IN ({' UNION ALL '.join(ids)})", params

    def _missing(self, alias: str, names: list[str], missing: bool) -> SQL:
        path = canon.SEPARATOR.join(names)
        below = path + canon.SEPARATOR
        ids = f"SELECT owner_id FROM {self.through} WHERE path = ? AND kind <> 'null' OR path >= ? AND path < ?"
        return f"{alias}.id {'NOT ' if missing else ''}IN ({ids})", [path, below, below + "\U0010ffff"]

    def _rechecked(self, database: Database, names: list[str], lookup: str, value: object) -> list[int]:
        """Ids whose value the index holds in part only, and that match when the whole value is read."""
        path = canon.SEPARATOR.join(names)
        sql = (
            f"SELECT id, {self.field} FROM {self.owner} WHERE id IN (SELECT owner_id FROM {self.through} "
            "WHERE path = '' AND kind = 'more' UNION SELECT owner_id FROM "
            f"{self.through} WHERE path = ? AND kind IN ('long', 'odd', 'big'))"
        )
        params = [path]
        if lookup == "exact" and isinstance(value, (dict, list)):
            sql += f" OR id IN (SELECT owner_id FROM {self.through} WHERE path >= ? AND path < ?)"
            params += [path + canon.SEPARATOR, path + canon.SEPARATOR + "\U0010ffff"]
        elif lookup in ("exact", "in"):
            sql = sql.replace("'long', 'odd', 'big'", "'-'")  # these kinds hold a digest or every digit: exact
        rows = database.read(sql, params)
        return [owner for owner, text in rows if matches(_at(canon.loads(text), names), lookup, value)]


def _tests(lookup: str, value: Any) -> list[SQL]:
    if lookup == "in":
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            raise errors.FieldError(f"__in needs a list of values; got {value!r}.")
        return [test for item in value for test in _tests("exact", item)] or [("1 = 0", [])]
    if lookup == "exact":
        kind, number, text = canon.typed(value)
        if kind in ("dict", "list") and value:
            return [("1 = 0", [])]  # found by reading the whole value
        column, wanted = ("number", number) if number is not None else ("text", text)
        return [("kind = ?", [kind])] if wanted is None else [(f"kind = ? AND {column} = ?", [kind, wanted])]
    if lookup in _NUMBERS:
        return [_ordered(lookup, value)]
    if lookup == "isnull":
        return []
    if not isinstance(value, str):
        raise errors.FieldError(f"__{lookup} needs a text; got {value!r}.")
    tests: dict[str, SQL] = {
        "startswith": ("substr(text, 1, ?) = ?", [len(value), value]),
        "endswith": ("substr(text, ?) = ?", [-len(value), value]),
        "contains": ("instr(text, ?) > 0", [value]),
        "icontains": ("instr(lower(text), ?) > 0", [value.lower()]),
    }
    text, params = tests[lookup]
    return [(f"kind = 'text' AND {text}", params)]


def _ordered(lookup: str, value: object) -> SQL:
    kind, number, text = canon.typed(value)
    if kind == "number":
        return f"kind IN ('number', 'infinite') AND number {_NUMBERS[lookup]} ?", [number]
    if kind == "text":
        return f"kind = 'text' AND text {_NUMBERS[lookup]} ?", [text]
    raise errors.FieldError(f"__{lookup} needs a number or a text; got {value!r}.")


_ABSENT = object()


def _at(value: Any, names: list[str]) -> Any:
    for name in names:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return _ABSENT
    return value


def matches(found: Any, lookup: str, wanted: Any) -> bool:
    """Whether a value meets a lookup: the same answer as the index gives, for what the index does not hold."""
    if found is _ABSENT:
        return False
    if lookup == "in":
        return any(matches(found, "exact", item) for item in wanted)
    if lookup == "exact":
        return same(found, wanted)
    if lookup in _NUMBERS:
        return _ordered_match(found, lookup, wanted)
    if not isinstance(found, str):
        return False
    if lookup == "icontains":
        return wanted.lower() in found.lower()
    return bool(
        {"contains": found.__contains__, "startswith": found.startswith, "endswith": found.endswith}[lookup](wanted)
    )


def same(one: Any, other: Any) -> bool:
    """Equality of params: a bool is no number, NaN equals NaN."""
    if isinstance(one, (dict, list)) or isinstance(other, (dict, list)):
        return type(one) is type(other) and canon.dumps(one) == canon.dumps(other)
    return canon.typed(one) == canon.typed(other)


def _ordered_match(found: Any, lookup: str, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(found, str) != isinstance(wanted, str):
        return False
    if not isinstance(found, (int, float, str)):
        return False
    order = {"gt": found > wanted, "gte": found >= wanted, "lt": found < wanted, "lte": found <= wanted}
    return bool(order[lookup])
