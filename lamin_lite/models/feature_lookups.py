"""Conditions on features in queries: ``temperature__gt=21``, compiled to SQL over the tables of values.

Each dtype is tested as a field of its type is, so that lookups mean the same for both.
"""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql import dates, lookups, probes
from ..sql.fields import BoolField, Field, IntField, TextField, TimeField
from ..sql.lookups import Q
from ..sql.probes import Probe, Test
from ..sql.query import QuerySet
from ..sql.relations import inside
from .base import TRASH
from .dtypes import Dtype, label_field
from .feature_values import TABLES, RealField, back_from_trash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional

    from ..sql.database import Database
    from ..sql.lookups import Compiler

    SQL = tuple[str, list[Any]]


class _Whole(IntField["int"]):
    """An int feature in a condition: compared with any number, of which lookups take the whole one that means the same."""

    def to_db(self, value: Any) -> Any:
        """Numbers beyond 64 bits as the float beyond all that are kept."""
        return value if _is_kept(value) else _INFINITE if value > 0 else -_INFINITE


class _Real(RealField):
    """A float feature in a condition."""

    def to_db(self, value: Any) -> Any:
        return float(str(value)) if isinstance(value, int) and not _is_kept(value) else value


_INFINITE = float("inf")


def _is_kept(value: object) -> bool:
    """Whether nothing is a number beyond 64 bits; of another type it is wrong, and an error."""
    return not isinstance(value, (int, float)) or -(2**63) <= value < 2**63


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and value != value


def _as_whole(value: Any) -> Any:
    """An infinity as a whole number beyond all that are kept; other floats are left to the lookup."""
    infinite = isinstance(value, float) and value in (_INFINITE, -_INFINITE)
    return (2**64 if value > 0 else -(2**64)) if infinite else value


class _Bool(BoolField["bool"]):
    def to_db(self, value: Any) -> Any:
        return None if value is None else int(value)


_PARTS_OF_DATETIMES = frozenset(["hour", "minute", "second"])


class _Date(TimeField["Any"]):
    type_name = "a date, or ISO 8601 text"

    def _parsed(self, value: object) -> Any:
        from .cells import _date

        try:
            return _moment(_date(value, True)[1])
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
    plain = _test(compiler, model, path[0], "")
    if plain is None:
        raise _unknown(compiler.database, model, path[0])
    rest = list(path[1:])
    others = _without_none(rest, value)
    if others is not None:
        either = Q(**{f"{path[0]}__in": others}) | Q(**{f"{path[0]}__isnull": True})
        return compiler.where(model, alias, either)
    asked = plain.asked(rest, value) if compiler.walk and alias == "t0" else None
    if asked is not None:
        return asked
    test = _Test(compiler, plain.values, plain.name, plain.feature_id, plain.dtype, compiler.alias())
    text, params = test.ids(rest, value)
    return f"{alias}.id {text}", params


def _without_none(rest: Sequence[str], value: object) -> Optional[list[object]]:
    """The other values, where ``in`` also asks for owners without a value; None where it does not."""
    if rest != ["in"] or not hasattr(value, "__iter__") or isinstance(value, QuerySet):
        return None
    items = list(value)
    others = [item for item in items if item is not None]
    return others if len(others) < len(items) else None


def probe(compiler: Compiler, model: Any, path: Sequence[str], value: object) -> Optional[Probe]:
    """The rows that meet ``name__lookup=value`` as a set that can be listed or asked; None where it is not one."""
    test = _test(compiler, model, path[0], "")
    if test is None or _without_none(path[1:], value) is not None:
        return None
    return test.probe(list(path[1:]), value)


def _test(compiler: Compiler, model: Any, name: str, alias: str) -> Optional[_Test]:
    values = TABLES.get(model.__table__.name)
    found = None if values is None else _feature(compiler.database, name)
    if values is None or found is None:
        return None
    return _Test(compiler, values.name, name, int(found[0]), Dtype(found[1]), alias)


def _unknown(database: Database, model: Any, name: str) -> errors.FieldError:
    if model.__table__.name in TABLES:
        back = back_from_trash(database, name)
        if back:
            return errors.FieldError(
                f"{model.__name__} has no field {name!r}, and the feature of this name is in the trash: {back}."
            )
        return lookups.unknown_field(model, name, _names(database))
    if _feature(database, name) is None:
        return lookups.unknown_field(model, name)
    return errors.FieldError(
        f"{model.__name__} has no field {name!r}, and the feature of this name has values of artifacts, runs and records "
        "only."
    )


def is_feature(database: Database, model: Any, name: str) -> bool:
    """Whether rows of this registry may have a value of a feature of this name."""
    return model.__table__.name in TABLES and _feature(database, name) is not None


def _feature(database: Database, name: str) -> Optional[tuple[Any, ...]]:
    sql = "SELECT id, dtype FROM feature WHERE name = ? AND branch_id <> ? AND dtype IS NOT NULL"
    return database.one(sql, [name, TRASH])


def _names(database: Database) -> list[str]:
    return [
        row[0] for row in database.read("SELECT name FROM feature WHERE branch_id <> ? AND dtype IS NOT NULL", [TRASH])
    ]


class _Test:
    """A condition on one feature, about rows of the table of values that is known as ``alias``, or not renamed."""

    def __init__(self, compiler: Compiler, values: str, name: str, feature_id: int, dtype: Dtype, alias: str) -> None:
        self.compiler = compiler
        self.values = values
        self.name = name
        self.dtype = dtype
        self.at = f"{alias}." if alias else ""
        self.rows = f"{values} {alias} WHERE {self.at}feature_id"
        self.source = f"SELECT {self.at}owner_id FROM {self.rows} = ?"
        self.feature_id = feature_id

    def probe(self, rest: list[str], value: object) -> Optional[Probe]:
        """The condition as a set; None for one about more than one value of an owner, or about none."""
        whole_list = self.dtype.many and isinstance(value, (list, tuple)) and rest in ([], ["exact"])
        if rest == ["isnull"] and value is False:
            return self._probe(Test(self._known, [], by_value=True))
        if value is None or rest == ["isnull"] or self.dtype.kind == "dict" or whole_list:
            return None
        if self.dtype.many and rest == ["contains"]:
            rest = []
        text, params = self._item(rest, value)
        indexed = self._by_index(rest, text)
        single = indexed and rest in ([], ["exact"]) and " IN (" not in text and "coalesce" not in text
        return self._probe(Test(f"({text})", params, by_value=indexed, in_order=single and not self.dtype.many), single)

    def _probe(self, test: Test, single: bool = False) -> Probe:
        # to find the values of one owner, the database would read all that are in a range
        asked = "feature_id" if single else "(feature_id + 0)"
        return Probe(self.values, [self.feature_id], [test], key="feature_id", asked=asked)

    def _by_index(self, rest: list[str], text: str) -> bool:
        """Whether an index leads from the value to the owners."""
        if self.dtype.kind == "row":
            return True
        known = not rest or rest[0] in ("exact", "in", "startswith", "gt", "gte", "lt", "lte", "range")
        return known and not text.lstrip("(").startswith("kind") and not text.startswith("coalesce")

    @property
    def _known(self) -> str:
        """Whether there is a value; where only None has no cell in the column, its index tells."""
        column = "whole" if self.dtype.kind == "row" else _TESTS.get(self.dtype.kind, (None, ""))[1]
        if not column or self.dtype.kind == "float" or self.dtype.many:
            return f"{self.at}kind <> 'null'"
        return f"{self.at}{column} IS NOT NULL"

    def asked(self, rest: list[str], value: object) -> Optional[SQL]:
        """The condition on ``t0.id``, to ask one row after the other; None where few rows meet it, or it is no set."""
        if value is None and rest in ([], ["exact"]):
            rest, value = ["isnull"], True
        missing = rest == ["isnull"] and value is True
        found = self.probe(rest, False if missing else value)
        if found is None or found.size(self.compiler.database, probes.FEW) <= probes.FEW:
            return None
        text, params = found.holds("t0.id")
        return (f"NOT ({text})" if missing else text), params

    def ids(self, rest: list[str], value: object) -> SQL:
        """``IN (...)`` or ``NOT IN (...)`` of the owners that meet the condition."""
        if value is None and rest in ([], ["exact"]):
            rest, value = ["isnull"], True
        if rest[-1:] == ["isnull"] and not isinstance(value, bool):
            raise errors.FieldError(f"{self.name}__{'__'.join(rest)} is True or False; got {value!r}.")
        if rest == ["isnull"]:
            return f"{'NOT ' if value else ''}IN ({self.source} AND {self._known})", [self.feature_id]
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
            parts.append(f"{self.at}owner_id IN ({self.source} AND {self.at}place = {place} AND {text})")
            params += [self.feature_id, *values]
        kind = "'empty'" if not items else f"{self.at}kind"
        parts.append(f"{self.at}kind = {kind} AND {self.at}place = {max(0, len(items) - 1)}")
        parts.append(f"{self.at}owner_id NOT IN ({self.source} AND {self.at}place > {max(0, len(items) - 1)})")
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
        field.column = f"{self.at}{column}"
        if self.dtype.kind == "str":
            return self._text(field, rest, value)
        if self.dtype.kind in ("int", "float"):
            return self._number(field, rest, value)
        if self.dtype.kind == "date" and rest and rest[0] in _PARTS_OF_DATETIMES:
            raise lookups.unknown_lookup("__".join([self.name, *rest]), rest[0], dates.PARTS - _PARTS_OF_DATETIMES)
        return self._tested(field, rest, value)

    def _number(self, field: Field[Any], rest: list[str], value: Any) -> SQL:
        """NaN is equal to itself and has no order, as in params; databases do not agree about it."""
        many = rest in (["in"], ["range"]) and hasattr(value, "__iter__") and not isinstance(value, (str, bytes))
        is_float = self.dtype.kind == "float"
        items = [item if is_float else _as_whole(item) for item in (value if many else [value])]
        nan = any(map(_is_nan, items))
        if many and rest == ["in"]:
            items = [item for item in items if not _is_nan(item) and (is_float or _is_kept(item))]
        elif nan:
            items = [0 if _is_nan(item) else item for item in items]  # only to see that the rest is right
        text, params = self._tested(field, rest, items if many else items[0])
        if not nan:
            return text, params
        is_nan = f"{self.at}kind = 'nan'" if is_float and rest in ([], ["exact"], ["in"]) else "1 = 0"
        return (f"({is_nan} OR ({text}))", params) if rest == ["in"] else (is_nan, [])

    def _tested(self, field: Field[Any], rest: list[str], value: object) -> SQL:
        column = _TESTS[self.dtype.kind][1]
        source = f"{self.rows} = {self.feature_id} AND {self.at}{column} IS NOT NULL"
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
            value = items = lookups._listed(value, f"{self.name}__in")
            if all(isinstance(item, str) and len(item) < SHORT for item in items):
                return self._tested(field, rest, items)
        field.column = f"coalesce({self.at}rest, {self.at}text)"
        text, params = self._tested(field, rest, value)
        return (f"{narrow[0]} AND {text}" if narrow[0] else text), [*narrow[1], *params]

    def _row(self, rest: list[str], value: object) -> SQL:
        """The rows that are values, found by their name or uid, or by conditions on their fields."""
        target, look = self.dtype.target, self.compiler
        label = label_field(target)
        if rest in ([], ["exact"], ["in"]):
            given = lookups._listed(value, f"{self.name}__in") if rest == ["in"] else [value]
            ids = [look.row_id(target, self.name, item) for item in given if isinstance(item, target)]
            texts = [self._label_text(item) for item in given if not isinstance(item, target)]
            condition = Q(id__in=ids)
            if texts:
                condition = Q(**{f"{label}__in": texts}) | Q(uid__in=texts) | condition
        elif rest[0] in lookups.LOOKUPS:
            condition = Q(**{"__".join([label, *rest]): value})
        else:
            condition = Q(**{"__".join(rest): value})
        inner = look.alias()
        text, params = look.where(target, inner, condition)
        few = None if look.dry else look.few(target.__table__.name, inner, text, params)
        if few is not None:
            return f"{self.at}whole {few}", []
        return f"{self.at}whole IN (SELECT {inner}.id FROM {target.__table__.name} {inner} WHERE {text})", params

    def _label_text(self, value: object) -> str:
        if isinstance(value, str):
            return value
        raise errors.FieldError(
            f"{self.name}={value!r} is of type {type(value).__name__}, but the feature holds {self.dtype.registry}s: pass a "
            "saved one, or its name."
        )

    def _inside(self, rest: list[str], value: object) -> SQL:
        """A look into dicts, as into a param of that name: each is read, as they are not indexed."""
        from ..base import canon

        path = [self.name, *rest]
        test, _ = inside(self.compiler.database, "__".join(path), path, value)
        if self.compiler.dry:
            return "1 = 1", []
        sql = f"SELECT owner_id, rest FROM {self.values} WHERE feature_id = ? AND rest IS NOT NULL"
        rows = self.compiler.database.iterate(sql, [self.feature_id])
        owners = [owner for owner, text in rows if test({self.name: canon.loads(text)})]
        return self.compiler.one_of(f"{self.at}owner_id", owners)
