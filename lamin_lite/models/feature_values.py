"""The values of features: tables of them, and ``row.features``."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import Field, ForeignKey, IntField, TextField
from ..sql.query import QuerySet
from ..sql.schema import Index
from . import locks
from .base import TRASH, Stamped, query
from .dtypes import SCALARS, Dtype, label_field, registries
from .places import table
from .registry import restoring

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, NoReturn, Optional, Union, overload

    from ..sql.database import Database, Transaction
    from ..sql.schema import Table
    from .base import SQLRecord
    from .cells import Cell
    from .feature import Feature
    from .session import Store

    Checked = Sequence[tuple[Feature, list[Cell]]]


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

    if TYPE_CHECKING:

        @overload
        def __get__(self, row: None, owner: type) -> Features: ...
        @overload
        def __get__(self, row: SQLRecord, owner: type) -> FeatureValues: ...

    def __get__(self, row: Optional[SQLRecord], owner: Optional[type] = None) -> Union[Features, FeatureValues]:
        return self if row is None else FeatureValues(row)

    def __set__(self, row: SQLRecord, value: object) -> NoReturn:
        raise errors.InvalidArgument(
            f"{type(row).__name__}.features cannot be set to {value!r}: use .features.set_values({{...}}), or "
            ".features.add_values({...}) to keep the others."
        )


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
        return values_of(self._store.database, self._row.__table__.name, [self._row.id]).get(self._row.id, {})

    def add_values(self, values: Mapping[Any, object]) -> None:
        """Set these values; other features keep theirs, a value that one of these had is replaced.

        Nothing is written unless all are right: one `ValidationError` tells everything that is wrong.
        """
        self._change("add", checked(self._store, a_dict("features", values)), [])

    def set_values(self, values: Mapping[Any, object]) -> None:
        """Set exactly these values: features that are not named lose theirs."""
        self._change("set", checked(self._store, a_dict("features", values)), None)

    def remove_values(self, names: Union[str, Feature, Iterable[Union[str, Feature]]]) -> None:
        """Take the values of these features away; a feature without a value stays without one."""
        wanted = [names] if isinstance(names, str) or hasattr(names, "is_null") else names
        if not hasattr(wanted, "__iter__"):
            raise errors.InvalidArgument(f"remove_values({names!r}): pass the name of a feature, or a list of names.")
        known, problems = known_features(self._store, wanted)
        if problems:
            raise failed(problems)
        self._change("remove", [], [feature._saved_id() for feature in known.values()])

    def _change(self, verb: str, found: Checked, gone: Optional[list[int]]) -> None:
        row_id, name = self._row._saved_id(), TABLES[self._row.__table__.name].name
        with self._store.database.write(f"{verb} features") as tx:
            locks.check(tx, self._row)
            if gone is None:
                tx.execute(f"DELETE FROM {name} WHERE owner_id = ?", [row_id])
            for number in gone or ():
                tx.execute(f"DELETE FROM {name} WHERE owner_id = ? AND feature_id = ?", [row_id, number])
            write(tx, self._row, found)

    def __getitem__(self, feature: Union[str, Feature]) -> Any:
        """The value of a feature, else its default, else None; `ValidationError` for a name that is no feature."""
        name, values = _name(feature), self.get_values()
        if values.get(name) is not None:
            return values[name]
        known, problems = known_features(self._store, [name])
        if problems:
            raise failed(problems)
        return known[name].default

    def __setitem__(self, feature: Union[str, Feature], value: object) -> None:
        """The same as `add_values` with one value."""
        self.add_values({feature: value})

    def __contains__(self, feature: object) -> bool:
        return _name(feature) in self.get_values()

    def __iter__(self) -> Iterator[str]:
        return iter(self.get_values())

    def __len__(self) -> int:
        return len(self.get_values())

    def __repr__(self) -> str:
        return f"<features {self.get_values()!r}>"


class Featured(Stamped):
    """A row of which features have values; a new one takes them as ``features={...}``, which are saved with it."""

    features = Features()

    _said: Optional[dict[str, object]] = None  #: what a new row was given
    _checked: Checked = ()  #: the same, ready to be written

    def _start(self, store: Store, values: dict[str, Any]) -> None:
        said = values.pop("features", None)
        super()._start(store, values)
        self._said = None if said is None else a_dict("features", said)

    def _write_given(self, tx: Transaction) -> None:
        """Write the values that it was given, which `check_given` found right."""
        if self._checked:
            locks.check(tx, self)
            write(tx, self, self._checked)


# -- checking and writing

EXAMPLES = {"features": "{'temperature': 21.5}", "params": "{'learning_rate': 0.01}"}


def a_dict(title: str, values: Any) -> dict[str, object]:
    """The params or features that were given, by name; if they are no dict, one sentence says how to give them."""
    if not hasattr(values, "items") or isinstance(values, type):
        given = repr(values)
        given = f"{given} " if len(given) <= 60 and "\n" not in given else ""
        raise errors.InvalidArgument(
            f"{title} need a dict of names and values, such as {EXAMPLES[title]}; got {given}of type {type(values).__name__}."
        )
    return {_name(name): value for name, value in values.items()}


def checked(store: Store, values: Optional[Mapping[Any, object]], problems: Optional[list[str]] = None) -> Checked:
    """The features that are named, with the cells of their values; one `ValidationError` tells all that is wrong.

    Who gives a list of ``problems`` gets them in it, to tell them with others.
    """
    if values is None:
        return []
    said = a_dict("features", values)
    known, wrong = known_features(store, said)
    found = _cells(known, said, wrong)
    if problems is not None:
        problems += wrong
    elif wrong:
        raise failed(wrong)
    return found


def check_given(rows: Sequence[Any]) -> None:
    """Check the values that new rows were given, before anything is written; one error tells all that is wrong."""
    new = [row for row in rows if isinstance(row, Featured) and row.id is None and row._said]
    if not new:
        return
    every = {name: value for row in reversed(new) for name, value in (row._said or {}).items()}
    known, problems = known_features(new[0]._store, every)
    for row in new:
        wrong: list[str] = []
        row._checked = _cells(known, row._said or {}, wrong)
        title = row._values.get("key") or row._values.get("name") or row.uid
        problems += wrong if len(rows) == 1 else [f"{title}: {text}" for text in wrong]
    if problems:
        raise failed(problems)


def _cells(known: dict[str, Feature], values: Mapping[str, object], problems: list[str]) -> Checked:
    from .cells import cells_of

    said = [(known[name], value) for name, value in values.items() if name in known]
    return [(feature, cells_of(feature, _masked(feature, value), problems)) for feature, value in said]


def _masked(feature: Feature, value: object) -> object:
    """The value without secrets, as nothing that is kept has any."""
    from ..base import redact

    if not any(kind in str(feature._values["dtype"]) for kind in ("str", "dict")):
        return value
    kept: dict[str, object] = redact.redact_params({feature.name: value})[0]
    return kept[str(feature.name)]


def secrets_of(values: Optional[Mapping[Any, object]]) -> set[str]:
    """The secrets among the values of features, for whoever masks them elsewhere."""
    from ..base import redact

    return redact.redact_params({} if values is None else a_dict("features", values))[1]


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
    problems = [_in_trash(store, name) or _unknown(name, value, names_) for name, value in unknown.items()]
    problems += [f"{name} is a type of features, which has no values." for name, row in known.items() if row.is_type]
    return {name: row for name, row in known.items() if not row.is_type}, problems


def _in_trash(store: Store, name: str) -> str:
    back = back_from_trash(store.database, name)
    return back and f"The feature {name!r} is in the trash: {back}."


def back_from_trash(database: Database, name: str) -> str:
    """How the feature of this name comes back that was put into the trash last; nothing where there is none."""
    sql = "SELECT uid FROM feature WHERE name = ? AND branch_id = ? ORDER BY updated_at DESC, id DESC LIMIT 1"
    row = database.one(sql, [name, TRASH])
    return "" if row is None else restoring(lookups.models["feature"], row[0])


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


def values_of(database: Database, owner: str, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The values of many rows of a registry, by id and name; rows without any are left out."""
    from .cells import value_of

    if owner not in TABLES:
        return {}
    rows = [
        row for at in range(0, len(ids), lookups.MANY) for row in _rows(database, owner, ids[at : at + lookups.MANY])
    ]
    labels = _labels(database, [(row[2], row[4]) for row in rows if row[3] == "row"])
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


def default_of(feature: Feature) -> Any:
    """The default of a feature, as `values_of` gives values that were set."""
    from .cells import EMPTY, cells_of, value_of

    dtype, kept = Dtype(feature._values["dtype"]), feature.default_value
    if dtype.kind == "row":
        items = kept if dtype.many else [kept]
        rows = query(dtype.target, feature._store).filter(uid__in=items)
        names = {uid: label or uid for uid, label in rows.values_list("uid", label_field(dtype.target))}
        values = [names.get(item, item) for item in items]
    else:
        values = [value_of(cell) for cell in cells_of(feature, kept, []) if cell != EMPTY]
    return values if dtype.many else values[0] if values else kept


def _rows(database: Database, owner: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    return database.read(
        f"SELECT v.owner_id, f.name, f.dtype, v.kind, v.whole, v.number, v.text, v.rest FROM {TABLES[owner].name} v "
        f"JOIN feature f ON f.id = v.feature_id WHERE v.owner_id IN ({', '.join('?' * len(ids))}) AND f.branch_id > ? "
        "ORDER BY v.owner_id, v.place",
        [*ids, TRASH],
    )


def _labels(database: Database, wanted: list[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """The names of rows that are values, by registry and id."""
    found: dict[tuple[str, int], str] = {}
    ids: dict[str, set[int]] = {}
    for dtype, number in wanted:
        ids.setdefault(Dtype(dtype).registry, set()).add(number)
        found[Dtype(dtype).registry, number] = "(removed)"
    for registry, numbers in ids.items():
        target = registries()[registry]
        rows: QuerySet[Any] = QuerySet(target, database, _no_row).filter(id__in=sorted(numbers))
        found.update(
            {
                (registry, number): label or uid
                for number, label, uid in rows.values_list("id", label_field(target), "uid")
            }
        )
    return found


def _no_row(model: type[Any], row: tuple[Any, ...]) -> Any:
    """For queries of which only plain values are read."""
    raise AssertionError((model, row))
