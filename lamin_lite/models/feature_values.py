"""The values of features: tables of them, ``row.features``, and conditions on them in queries."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import BoolField, Field, ForeignKey, IntField, TextField, TimeField
from ..sql.lookups import Q
from ..sql.schema import Index
from .base import TRASH, query
from .dtypes import SCALARS
from .places import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Optional, Union

    from ..sql.database import Database, Transaction
    from ..sql.lookups import Compiler
    from ..sql.schema import Table
    from .base import SQLRecord
    from .cells import Cell
    from .feature import Feature
    from .session import Store

    Checked = Sequence[tuple[Feature, list[Cell]]]
    SQL = tuple[str, list[Any]]


class RealField(Field["float"]):
    """A floating point number."""

    sql = "REAL"
    type_name = "a number"

    def check(self, value: object) -> Any:  # noqa: D102
        if value is not None and (not isinstance(value, (int, float)) or isinstance(value, bool)):
            raise self.wrong(value)
        return value


class LongField(IntField["int"]):
    """A whole number of 64 bits."""

    sql = "BIGINT"


def _values_table(owner: str) -> Table:
    fields: dict[str, Field[Any]] = {
        "owner": ForeignKey(owner),
        "feature": ForeignKey("feature"),
        "place": IntField(),
        "kind": TextField(),
        "whole": LongField(null=True),
        "number": RealField(null=True),
        "text": TextField(null=True),
        "rest": TextField(null=True),
    }
    indexes = [
        Index(column, f"feature_id, {column}, owner_id", where=f"{column} IS NOT NULL")
        for column in ("whole", "number", "text")
    ]
    return table(f"{owner}_value", fields, [*indexes, Index("place", "owner_id, feature_id, place", unique=True)])


#: table of a registry -> table of the values that its rows have
TABLES = {owner: _values_table(owner) for owner in ("run", "artifact", "record")}
_COLUMNS = "owner_id, feature_id, place, kind, whole, number, text, rest"


class Features:
    """The attribute ``features`` of a registry: on a row its `FeatureValues`."""

    def __get__(self, row: Any, owner: Optional[type] = None) -> Any:
        return self if row is None else FeatureValues(row)


class FeatureValues:
    """The values of features that a row has, by name.

    >>> run.features.add_values({"s3_folder": "s3://my-bucket", "experiment": "Experiment1"})  # doctest: +SKIP
    >>> run.features["experiment"]  # doctest: +SKIP
    'Experiment1'
    """

    def __init__(self, row: SQLRecord) -> None:
        self._row = row
        self._store = row._store

    def get_values(self) -> dict[str, Any]:
        """All values by name, in the order of the names: rows as their names, lists as lists."""
        if self._row.id is None:
            return {}
        return values_of(self._store, self._row.__table__.name, [self._row.id]).get(self._row.id, {})

    def add_values(self, values: Mapping[Any, object]) -> None:
        """Set these values; other features keep theirs, a value that one of these had is replaced.

        Nothing is written unless all are right: one `ValidationError` tells everything that is wrong.
        """
        self._change("add", checked(self._store, values), [])

    def set_values(self, values: Mapping[Any, object]) -> None:
        """Set exactly these values: features that are not named lose theirs."""
        self._change("set", checked(self._store, values), None)

    def remove_values(self, names: Union[str, Feature, Iterable[Union[str, Feature]]]) -> None:
        """Take the values of these features away; a feature without a value stays without one."""
        wanted = [names] if isinstance(names, str) or hasattr(names, "is_null") else list(names)
        known, problems = known_features(self._store, wanted)
        if problems:
            raise failed(problems)
        self._change("remove", [], [feature._saved_id() for feature in known.values()])

    def _change(self, verb: str, found: Checked, gone: Optional[list[int]]) -> None:
        row_id, name = self._row._saved_id(), TABLES[self._row.__table__.name].name
        with self._store.database.write(f"{verb} features") as tx:
            if gone is None:
                tx.execute(f"DELETE FROM {name} WHERE owner_id = ?", [row_id])
            for number in gone or ():
                tx.execute(f"DELETE FROM {name} WHERE owner_id = ? AND feature_id = ?", [row_id, number])
            write(tx, self._row, found)

    def __getitem__(self, name: str) -> Any:
        """The value of a feature, else its default, else None; `ValidationError` for a name that is no feature."""
        values = self.get_values()
        if values.get(name) is not None:
            return values[name]
        known, problems = known_features(self._store, [name])
        if problems:
            raise failed(problems)
        return known[name].default

    def __contains__(self, name: object) -> bool:
        return name in self.get_values()

    def __iter__(self) -> Iterator[str]:
        return iter(self.get_values())

    def __len__(self) -> int:
        return len(self.get_values())

    def __repr__(self) -> str:
        return f"<features {self.get_values()!r}>"


# -- checking and writing


def checked(store: Store, values: Optional[Mapping[Any, object]]) -> Checked:
    """The features that are named, with the cells of their values; one `ValidationError` tells all that is wrong."""
    from .cells import cells_of

    if values is None:
        return []
    if not hasattr(values, "items"):
        raise errors.InvalidArgument(
            f"features={values!r} is of type {type(values).__name__}: pass a dict of names and values."
        )
    known, problems = known_features(store, values)
    found = []
    for name, value in values.items():
        feature = known.get(_name(name))
        if feature is not None:
            found.append((feature, cells_of(feature, _masked(_name(name), value), problems)))
    if problems:
        raise failed(problems)
    return found


def _masked(name: str, value: object) -> object:
    """The value without secrets, as nothing that is kept has any."""
    from ..base import redact

    if not isinstance(value, (str, dict, list, tuple, set)):
        return value
    kept: dict[str, object] = redact.redact_params({name: value})[0]
    return kept[name]


def _name(feature: object) -> str:
    return str(getattr(feature, "name", feature)) if hasattr(feature, "is_null") else str(feature)


def known_features(store: Store, names: Iterable[object]) -> tuple[dict[str, Feature], list[str]]:
    """The features with these names, and what is wrong with the other names; of a mapping the values give hints."""
    rows = query(lookups.models["feature"], store).filter(branch_id__gt=TRASH)
    values: Any = names if hasattr(names, "items") else dict.fromkeys(names)
    wanted = {_name(name): value for name, value in values.items()}
    known = {row.name: row for row in rows.filter(name__in=list(wanted))} if wanted else {}
    unknown = {name: value for name, value in wanted.items() if name not in known}
    names_ = rows.values_list("name", flat=True) if unknown else []
    problems = [_unknown(name, value, names_) for name, value in unknown.items()]
    problems += [f"{name} is a type of features, which has no values." for name, row in known.items() if row.is_type]
    return {name: row for name, row in known.items() if not row.is_type}, problems


def _unknown(name: str, value: Any, names: list[str]) -> str:
    many = isinstance(value, list) and bool(value)
    kind = type(value[0] if many else value)
    fits = f"ln.{kind.__name__}" if hasattr(kind, "__table__") else kind.__name__ if kind.__name__ in SCALARS else "..."
    near = lookups.nearest(name, names)
    hint = f"did you mean {near!r}? Or make it" if near else "make it"
    return f"There is no feature {name!r}: {hint} with ln.Feature(name={name!r}, dtype={f'list[{fits}]' if many else fits}).save()."


def failed(problems: list[str]) -> errors.ValidationError:
    """One error for all that is wrong."""
    if len(problems) == 1:
        return errors.ValidationError(problems[0])
    return errors.ValidationError(
        "\n- ".join([f"{len(problems)} things are wrong, so nothing was written:", *problems])
    )


def write(tx: Transaction, row: SQLRecord, found: Checked) -> None:
    """Write checked values of a saved row; a value that a feature had is replaced."""
    row_id, name = row._saved_id(), TABLES[row.__table__.name].name
    cells: list[tuple[Any, ...]] = []
    for feature, made in found:
        tx.execute(f"DELETE FROM {name} WHERE owner_id = ? AND feature_id = ?", [row_id, feature.id])
        cells += [(row_id, feature.id, place, *cell) for place, cell in enumerate(made)]
    if cells:
        tx.execute_many(f"INSERT INTO {name} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", cells)


# -- reading


def values_of(store: Store, owner: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The values of many rows of a registry, by id and name; rows without any are left out."""
    from .cells import value_of
    from .dtypes import Dtype

    rows = [row for at in range(0, len(ids), lookups.MANY) for row in _rows(store, owner, ids[at : at + lookups.MANY])]
    labels = _labels(store, [(row[2], row[4]) for row in rows if row[3] == "row"])
    found: dict[int, dict[str, Any]] = {}
    for owner_id, title, dtype, *cell in sorted(rows, key=lambda row: (row[0], row[1])):
        kind = Dtype(dtype)
        held = labels[kind.registry, cell[1]] if cell[0] == "row" else value_of((cell[0], *cell[1:]))
        values = found.setdefault(owner_id, {})
        if not kind.many or cell[0] == "null":
            values[title] = held
        elif cell[0] == "empty":
            values[title] = []
        else:
            values.setdefault(title, []).append(held)
    return found


def _rows(store: Store, owner: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    return store.database.read(
        f"SELECT v.owner_id, f.name, f.dtype, v.kind, v.whole, v.number, v.text, v.rest FROM {TABLES[owner].name} v "
        f"JOIN feature f ON f.id = v.feature_id WHERE v.owner_id IN ({', '.join('?' * len(ids))}) AND f.branch_id > ? "
        "ORDER BY v.owner_id, v.place",
        [*ids, TRASH],
    )


def _labels(store: Store, wanted: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The names of rows that are values, by registry and id."""
    from .dtypes import Dtype, label_field, registries

    found: dict[tuple[str, int], str] = {}
    ids: dict[str, set[int]] = {}
    for dtype, number in wanted:
        ids.setdefault(Dtype(dtype).registry, set()).add(number)
        found[Dtype(dtype).registry, number] = "(removed)"
    for registry, numbers in ids.items():
        target = registries()[registry]
        rows = query(target, store).filter(id__in=sorted(numbers)).values_list("id", label_field(target), "uid")
        found.update({(registry, number): label or uid for number, label, uid in rows})
    return found


# -- conditions


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
    from .dtypes import Dtype

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
    return [row[0] for row in database.read("SELECT name FROM feature WHERE branch_id <> ?", [TRASH])]


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
        text, params = self.compiler.test(field, field.column, [self.name, *rest], value)
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
        from .dtypes import label_field

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

        lookup = rest[-1] if rest and rest[-1] in _DICT_LOOKUPS else "exact"
        names = rest[:-1] if rest and rest[-1] in _DICT_LOOKUPS else rest
        sql = f"SELECT owner_id, rest FROM {self.values} WHERE feature_id = ? AND rest IS NOT NULL"
        rows = self.compiler.database.read(sql, [self.feature_id])
        owners = [owner for owner, text in rows if _meets(canon.loads(text), names, lookup, value)]
        return self.compiler.one_of(f"{self.alias}.owner_id", owners)


_DICT_LOOKUPS = frozenset(
    ["exact", "in", "isnull", "gt", "gte", "lt", "lte", "contains", "icontains", "startswith", "endswith"]
)


def _meets(held: Any, names: list[str], lookup: str, wanted: Any) -> bool:
    from ..sql.relations import matches

    for name in names:
        if not isinstance(held, dict) or name not in held:
            return False
        held = held[name]
    if lookup == "isnull":
        return held is not None
    return matches(held, lookup, wanted)


lookups.other_names = compiled
