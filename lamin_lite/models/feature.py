"""Features: what may be said of artifacts, runs and records, each with a name and a dtype."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.fields import BoolField, ForeignKey, JsonField, TextField
from ..sql.lookups import Q
from ..sql.relations import Relation
from ..sql.schema import Index
from . import cells, dtypes, feature_values
from .base import TRASH, query
from .labels import Named
from .related import Links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, NoReturn, Optional

    from ..sql.database import Database, Transaction
    from ..sql.lookups import Compiler
    from ..sql.probes import Probe
    from .session import Store

OWNERS = ("run", "artifact", "record")  #: tables of the registries whose rows have features


class Predicate(Q):
    """A condition on the value of a feature, for `filter`: ``ln.Artifact.filter(temperature > 21)``.

    Combined by ``&``, ``|`` and ``~``. It has no truth value, so that ``if feature == 3:`` is an error.
    """

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise errors.NoTruthValue(
            f"{self!r} is a condition, not True or False: pass it to filter(), combine conditions by & | ~, and "
            "read a value by row.features['name']."
        )


class _DtypeField(TextField["Optional[str]"]):
    """The dtype: kept with the uid of a type, read with its name; given as a Python type, a row or text."""

    type_name = "a dtype"

    def __get__(self, row: Any, owner: Optional[type] = None) -> Any:
        if row is None:
            return self
        text = row._values[self.name]
        return None if text is None else dtypes.Dtype(text).named(row._store)

    def check(self, value: object) -> Any:
        return None if value is None else dtypes.text_of(value)


class _SynonymsField(TextField["Optional[str]"]):
    """Other names, kept as one text with ``|`` between them; also given as a list."""

    type_name = "text with '|' between the names, or a list of them"

    def check(self, value: object) -> Any:
        if isinstance(value, (list, tuple)) and all(isinstance(one, str) and "|" not in one for one in value):
            value = "|".join(value) or None
        return super().check(value)


class Feature(Named, table="feature"):
    """Something that has a value for an artifact, a run or a record, checked when it is set and found by `filter`.

    ``name``: unique. ``dtype``: ``str``, ``int``, ``float``, ``bool``, ``date``, ``datetime``, ``dict``, a registry
    (``ln.ULabel``), a type (the saved row of ``ln.Record(name="Experiment", is_type=True)``), or ``list[...]`` of one.
    ``nullable``: whether None is a value. ``default``: the value where none was set. ``coerce``: whether ``"3"`` is
    taken for 3. ``unit``, ``description``: free text. ``synonyms``: other names by which `search` finds it, as a list
    or with ``|`` between them. ``type``: a feature made with ``is_type=True``, to group by.

    Compared with a value it is a condition: ``feature == 3``, ``feature > 3``, ``feature.in_([1, 2])``.

    >>> ln.Feature(name="temperature", dtype=float, unit="°C").save()  # doctest: +SKIP
    >>> artifact.features.add_values({"temperature": 21.5})  # doctest: +SKIP
    >>> ln.Artifact.filter(temperature__gt=21)  # doctest: +SKIP
    """

    __indexes__ = (
        Index("name", "name", unique=True, where=f"branch_id <> {TRASH}"),
        Index("any_name", "name"),
        Index("of_run", "run_id", where="run_id IS NOT NULL"),
    )
    dtype = _DtypeField(null=True, frozen=True)
    unit: TextField[Optional[str]] = TextField(null=True)
    synonyms = _SynonymsField(null=True)
    nullable: BoolField[bool] = BoolField(default=True)
    coerce: BoolField[bool] = BoolField(default=False)
    default_value: JsonField[Any] = JsonField(null=True)
    type: ForeignKey[Optional[Feature]] = ForeignKey("feature", null=True)

    features = Relation("feature", "feature", "type_id", "id")
    projects = Links("project")

    def _start(self, store: Store, values: dict[str, Any]) -> None:
        default = values.pop("default", None)
        super()._start(store, values)
        self._given += ("default_value",) if default is not None else ()
        self._check_name()
        given = values.get("dtype")
        if isinstance(given, Named):
            self.check_same_instance(given)
        if self._values["dtype"] is not None:
            self._values["dtype"] = dtypes.resolved(store, self._values["dtype"])
        elif not self.is_type:
            raise errors.InvalidArgument(f"Feature({self.name!r}) needs a dtype, such as dtype=str or dtype=float.")
        self.default = default

    def _check_name(self) -> None:
        name = self._values["name"]
        if not name or not name.strip():
            raise errors.InvalidArgument("A Feature needs a name: ln.Feature(name='temperature', dtype=float).")
        if "__" in name or name.endswith("_"):
            parts = "_".join(part for part in name.split("_") if part) or "temperature"
            raise errors.InvalidArgument(
                f"A Feature cannot be named {name!r}: in queries '__' divides the name from a lookup. Try "
                f"{'my_' + parts if _fields_named(parts) else parts!r}."
            )
        taken = _fields_named(name)
        if taken:
            raise errors.InvalidArgument(
                f"A Feature cannot be named {name!r}, which is a field of {' and '.join(taken)}: queries could not tell "
                f"them apart. Try {'my_' + name!r}."
            )

    def _shown(self) -> Iterator[tuple[str, Any]]:
        for name, value in super()._shown():
            yield name, self.dtype if name == "dtype" else self.default if name == "default_value" else value

    def _check(self) -> None:
        self._check_name()
        super()._check()

    def _known(self, tx: Transaction) -> Optional[int]:
        row = tx.one("SELECT id FROM feature WHERE name = ? AND branch_id <> ?", [self.name, TRASH])
        return None if row is None else int(row[0])

    def _become(self, tx: Transaction, known: int) -> None:
        row = tx.one("SELECT dtype FROM feature WHERE id = ?", [known])
        dtype = row and row[0]
        if dtype != self._values["dtype"]:
            there, wished = dtype and dtypes.Dtype(dtype).named(self._store), self.dtype
            if there == wished:  # two types that have one name
                there, wished = dtype, self._values["dtype"]
            there = "a type of features" if there is None else f"of dtype {there}"
            raise errors.ValidationError(
                f"The feature {self.name!r} is there and is {there}, not {wished or 'a type'}: use another name, or "
                f"move that one to the trash with ln.Feature.get(name={self.name!r}).delete()."
            )
        super()._become(tx, known)

    @property
    def default(self) -> Any:
        """The value that counts where none was set, as it would be read if it were set: a row as its name; or None."""
        return None if self.default_value is None else feature_values.default_of(self)

    @default.setter
    def default(self, value: object) -> None:
        if value is None:
            self.default_value = None
            return
        if self._values["dtype"] is None:
            raise errors.InvalidArgument(f"{self.name!r} is a type of features, which has no default.")
        problems: list[str] = []
        found = cells.cells_of(self, value, problems)
        if problems:
            raise errors.ValidationError(" ".join(["The default does not fit.", *problems]))
        self.default_value = self._plain(found)

    def _plain(self, found: list[cells.Cell]) -> Any:
        """The default in JSON's types, rows as their uids: what gives the same cells again."""
        dtype = dtypes.Dtype(self._values["dtype"])
        if dtype.kind == "row":
            rows = query(dtype.target, self._store).filter(id__in=[cell[1] for cell in found])
            uids = dict(rows.values_list("id", "uid"))
            plain = [uids[cell[1]] for cell in found if cell != cells.EMPTY]
        else:
            plain = [_plain_item(cells.value_of(cell)) for cell in found if cell != cells.EMPTY]
        return plain if dtype.many else plain[0]

    # -- conditions

    def __hash__(self) -> int:
        return super().__hash__()

    def _that(self, lookup: str, value: object) -> Predicate:
        return Predicate(**{f"{self.name}__{lookup}" if lookup else str(self.name): value})

    def __eq__(self, other: object) -> Any:
        """With another feature: whether both are the same. With a value: a condition for `filter`."""
        if isinstance(other, Feature):
            return super().__eq__(other)
        return self.is_null() if other is None else self._that("", other)

    def __ne__(self, other: object) -> Any:
        """With a value: a condition that there is a value and that it is another one."""
        if isinstance(other, Feature):
            return not super().__eq__(other)
        return self.is_null(False) if other is None else Predicate(self.is_null(False), ~self._that("", other))

    def __gt__(self, other: object) -> Predicate:
        return self._that("gt", other)

    def __ge__(self, other: object) -> Predicate:
        return self._that("gte", other)

    def __lt__(self, other: object) -> Predicate:
        return self._that("lt", other)

    def __le__(self, other: object) -> Predicate:
        return self._that("lte", other)

    def in_(self, values: Iterable[object]) -> Predicate:
        """The value is one of these."""
        return self._that("in", values)

    def is_null(self, value: bool = True) -> Predicate:
        """There is no value, or it is None; with ``False`` the contrary."""
        return self._that("isnull", value)

    def startswith(self, text: str) -> Predicate:
        """The text, or the name of the row, starts with this; case counts."""
        return self._that("startswith", text)

    def endswith(self, text: str) -> Predicate:
        """The text, or the name of the row, ends with this; case counts."""
        return self._that("endswith", text)

    def contains(self, item: object) -> Predicate:
        """The text has this in it (case counts), or the list has this item."""
        return self._that("contains", item)

    def between(self, least: object, greatest: object) -> Predicate:
        """The value lies between these, or is one of them."""
        return self._that("range", (least, greatest))


def _fields_named(name: str) -> list[str]:
    """The registries with features that have a field of this name."""
    registries = [lookups.models[table] for table in OWNERS]
    return [
        each.__name__
        for each in registries
        if lookups.is_field(each, name) or (name == "version" and hasattr(each, name))
    ]


def _plain_item(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _compiled(compiler: Compiler, model: Any, alias: str, path: Sequence[str], value: object) -> tuple[str, list[Any]]:
    """The condition ``name__lookup=value`` on a feature; the code for it is loaded with the first one."""
    from .feature_lookups import compiled

    return compiled(compiler, model, alias, path, value)


def _probe(compiler: Compiler, model: Any, path: Sequence[str], value: object) -> Optional[Probe]:
    """The same as a set that an index knows, where it is one."""
    from .feature_lookups import probe

    return probe(compiler, model, path, value)


def _is_feature(database: Database, model: Any, name: str) -> bool:
    """Whether rows of this registry may have a value of a feature of this name."""
    from .feature_lookups import is_feature

    return is_feature(database, model, name)


lookups.is_other = _is_feature
lookups.other_names = _compiled
lookups.other_probe = _probe
