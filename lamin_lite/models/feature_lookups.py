"""Conditions on features in queries: ``temperature__gt=21``, compiled to SQL over the tables of values.

Each dtype is tested as a field of its type is, so that lookups mean the same for both.
"""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import BoolField, Field, TextField, TimeField
from ..sql.lookups import Q
from .base import TRASH
from .dtypes import Dtype, label_field
from .feature_values import TABLES, RealField

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional

    from ..sql.database import Database
    from ..sql.lookups import Compiler

    SQL = tuple[str, list[Any]]


class _Whole(RealField):
    """An int feature in a condition: compared with any number."""

    type_name = "a whole number"

    def to_db(self, value: Any) -> Any:
        """Numbers beyond 64 bits as the float beyond all that are kept."""
        if not isinstance(value, int) or -(2**63) <= value < 2**63:
            return value
        return float("inf") if value > 0 else float("-inf")


class _Real(RealField):
    """A float feature in a condition."""

    def to_db(self, value: Any) -> Any:
        return float(str(value)) if isinstance(value, int) and abs(value) >= 2**63 else value


class _Bool(BoolField["bool"]):
    def to_db(self, value: Any) -> Any:
        return None if value is None else int(value)


class _Date(TimeField["Any"]):
    type_name = "a date, or ISO 8601 text"

    def check(self, value: object) -> Any:
        from .cells import _date

        try:
            return None if value is None else super().check(_moment(_date(value, True)[1]))
        except (TypeError, ValueError, OverflowError):
            raise self.wrong(value) from None


def _moment(micros: Optional[int]) -> Any:
    from ..base import clock

    return clock.to_datetime(micros or 0)


#: kind -> its field in conditions, and its column
_TESTS: dict[str, tuple[type[Field[Any]], str]] = {
    "str": (TextField, "text"),
    "int": (_Whole, "whole"),
    "float": (_Real, "number"),
    "bool": (_Bool, "whole"),
    "date": (_Date, "whole"),
    "datetime": (TimeField, "whole"),
}


def compiled(compiler: Compiler, model: Any, alias: str, path: Sequence[str], value: object) -> SQL:
    """The condition ``name__lookup=value`` on a feature; `FieldError` for a name that is neither field nor feature."""
    values = TABLES.get(model.__table__.name)
    found = None if values is None else _feature(compiler.database, path[0])
    if values is None or found is None:
        raise lookups.unknown_field(model, path[0], [] if values is None else _names(compiler.database))
    test = _Test(compiler, values.name, path[0], int(found[0]), Dtype(found[1]))
    text, params = test.ids(list(path[1:]), value)
    return f"{alias}.id {text}", params


def _feature(database: Database, name: str) -> Optional[tuple[Any, ...]]:
    sql = "SELECT id, dtype FROM feature WHERE name = ? AND branch_id <> ? AND dtype IS NOT NULL"
    return database.one(sql, [name, TRASH])


def _names(database: Database) -> list[str]:
    return [
        row[0] for row in database.read("SELECT name FROM feature WHERE branch_id <> ? AND dtype IS NOT NULL", [TRASH])
    ]


class _Test:
    """A condition on one feature."""

    def __init__(self, compiler: Compiler, values: str, name: str, feature_id: int, dtype: Any) -> None:
        self.compiler = compiler
        self.values = values
        self.name = name
        self.dtype = dtype
        self.alias = compiler.alias()
        self.source = f"SELECT {self.alias}.owner_id FROM {values} {self.alias} WHERE {self.alias}.feature_id = ?"
        self.feature_id = feature_id

    def ids(self, rest: list[str], value: object) -> SQL:
        """``IN (...)`` or ``NOT IN (...)`` of the owners that meet the condition."""
        if value is None and rest in ([], ["exact"]):
            rest, value = ["isnull"], True
        if rest == ["isnull"]:
            known = f"({self.source} AND {self.alias}.kind <> 'null')"
            return f"{'NOT ' if value else ''}IN {known}", [self.feature_id]
        if self.dtype.kind == "dict" and rest[-1:] == ["isnull"]:
            text, params = self._inside(rest, False)
            return f"{'NOT ' if value else ''}IN ({self.source} AND {text})", [self.feature_id, *params]
        if self.dtype.many and isinstance(value, (list, tuple)) and rest in ([], ["exact"]):
            return self._whole_list(value)
        if self.dtype.many and rest == ["contains"]:
            rest = []
        text, params = self._item(rest, value)
        return f"IN ({self.source} AND {text})", [self.feature_id, *params]

    def _whole_list(self, items: Sequence[object]) -> SQL:
        """Owners whose list is this one."""
        if len(items) > 100:
            raise errors.FieldError(f"{self.name} is compared with a list of {len(items)} items; at most 100 can be.")
        parts, params = [], []
        for place, item in enumerate(items):
            text, values = self._item([], item)
            parts.append(f"{self.alias}.owner_id IN ({self.source} AND {self.alias}.place = {place} AND {text})")
            params += [self.feature_id, *values]
        kind = "'empty'" if not items else f"{self.alias}.kind"
        parts.append(f"{self.alias}.kind = {kind} AND {self.alias}.place = {max(0, len(items) - 1)}")
        parts.append(f"{self.alias}.owner_id NOT IN ({self.source} AND {self.alias}.place > {max(0, len(items) - 1)})")
        params.append(self.feature_id)
        return f"IN ({self.source} AND {' AND '.join(parts)})", [self.feature_id, *params]

    def _item(self, rest: list[str], value: object) -> SQL:
        if self.dtype.kind == "row":
            return self._row(rest, value)
        if self.dtype.kind == "dict":
            return self._inside(rest, value)
        return self._plain(rest, value)

    def _plain(self, rest: list[str], value: object) -> SQL:
        make, column = _TESTS[self.dtype.kind]
        field = make()
        field.name = self.name
        if self.dtype.kind == "float" and isinstance(value, float) and value != value and rest in ([], ["exact"]):
            return f"{self.alias}.kind = 'nan'", []
        field.column = f"{self.alias}.{column}"
        if self.dtype.kind == "str":
            return self._text(field, rest, value)
        return self._tested(field, rest, value)

    def _tested(self, field: Field[Any], rest: list[str], value: object) -> SQL:
        source = f"{self.values} {self.alias} WHERE {self.alias}.feature_id = {self.feature_id}"
        text, params = self.compiler.test(field, field.column, [self.name, *rest], value, source=source)
        return f"{field.column} IS NOT NULL AND {text}", params

    def _text(self, field: Field[Any], rest: list[str], value: object) -> SQL:
        """The index has the first characters: they narrow, and the whole text decides."""
        from .cells import SHORT

        narrow: SQL = ("", [])
        if rest in ([], ["exact"], ["startswith"]) and isinstance(value, str):
            narrow = self._tested(field, rest if len(value) < SHORT else ["startswith"], value[:SHORT])
            if len(value) < SHORT:
                return narrow
        elif rest == ["in"]:
            value = items = lookups._listed(value)
            if all(isinstance(item, str) and len(item) < SHORT for item in items):
                return self._tested(field, rest, items)
        field.column = f"coalesce({self.alias}.rest, {self.alias}.text)"
        text, params = self._tested(field, rest, value)
        return (f"{narrow[0]} AND {text}" if narrow[0] else text), [*narrow[1], *params]

    def _row(self, rest: list[str], value: object) -> SQL:
        """The rows that are values, found by their name or uid, or by conditions on their fields."""
        target, at = self.dtype.target, f"{self.alias}.whole IS NOT NULL AND {self.alias}.whole"
        label, look = label_field(target), self.compiler
        if rest in ([], ["exact"], ["in"]):
            given = lookups._listed(value) if rest == ["in"] else [value]
            ids = [lookups.row_id(target, self.name, item) for item in given if isinstance(item, target)]
            texts = [self._label_text(item) for item in given if not isinstance(item, target)]
            condition = Q(id__in=ids) | Q(**{f"{label}__in": texts}) | Q(uid__in=texts)
        elif rest[0] in lookups.LOOKUPS:
            condition = Q(**{"__".join([label, *rest]): value})
        else:
            condition = Q(**{"__".join(rest): value})
        inner = look.alias()
        text, params = look.where(target, inner, condition)
        return f"{at} IN (SELECT {inner}.id FROM {target.__table__.name} {inner} WHERE {text})", params

    def _label_text(self, value: object) -> str:
        if isinstance(value, str):
            return value
        raise errors.FieldError(
            f"{self.name}={value!r} is of type {type(value).__name__}, but the feature holds {self.dtype.registry}s: pass a "
            "saved one, or its name."
        )

    def _inside(self, rest: list[str], value: object) -> SQL:
        """A look into dicts: each is read, as they are not indexed."""
        from ..base import canon

        lookup, names = ("exact", rest) if not rest or rest[-1] not in _DICT_LOOKUPS else (rest[-1], rest[:-1])
        wanted = _wanted(self.name, lookup, value)
        _meets("", [], lookup, wanted)  # a wrong pattern is an error also where there is no value
        if self.compiler.dry:
            return "1 = 1", []
        sql = f"SELECT owner_id, rest FROM {self.values} WHERE feature_id = ? AND rest IS NOT NULL"
        rows = self.compiler.database.iterate(sql, [self.feature_id])
        owners = [owner for owner, text in rows if _meets(canon.loads(text), names, lookup, wanted)]
        return self.compiler.one_of(f"{self.alias}.owner_id", owners)


_DICT_LOOKUPS = frozenset({"isnull", *lookups.LOOKUPS})


def _wanted(name: str, lookup: str, value: object) -> Any:
    """What is looked for in dicts, in JSON's types."""
    from ..base import canon

    if lookup in ("in", "range"):
        items = [canon.plain(item, lambda _: None, []) for item in lookups._listed(value)]
        if lookup == "range" and len(items) != 2:
            raise errors.FieldError(f"{name}__range needs the least and the greatest value; got {value!r}.")
        return items
    return canon.plain(value, lambda _: None, [])


def _meets(held: Any, names: list[str], lookup: str, wanted: Any) -> bool:
    from ..sql.relations import matches

    for name in names:
        if not isinstance(held, dict) or name not in held:
            return False
        held = held[name]
    return held is not None if lookup == "isnull" else matches(held, lookup, wanted)
