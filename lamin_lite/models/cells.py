"""Values of features, from Python to the cells that are kept, and back.

A value is one cell, a list one cell an item. ``whole`` holds int, bool, dates (microseconds since 1970) and ids of
rows, ``number`` holds float, ``text`` the first characters of a text, ``rest`` the whole of a longer one or of a dict.
"""

from __future__ import annotations

from .. import errors
from ..base import canon, clock
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from ..sql.lookups import Q
from .base import TRASH, SQLRecord, query
from .dtypes import Dtype, label_field, preferred
from .registry import called, restoring

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional

    from ..sql.query import QuerySet
    from .feature import Feature
    from .session import Store

    #: kind, whole, number, text, rest
    Cell = tuple[str, Optional[int], Optional[float], Optional[str], Optional[str]]

SHORT = 200  #: characters of a text that are indexed
LISTED = 10  #: labels that an error lists
NULL: Cell = ("null", None, None, None, None)
EMPTY: Cell = ("empty", None, None, None, None)


class Problem(Exception):
    """Why a value cannot be kept."""


def cells_of(feature: Feature, value: object, problems: list[str]) -> list[Cell]:
    """The cells of a value; what is wrong with it is added to ``problems``."""
    name, dtype = str(feature.name), Dtype(feature._values["dtype"] or "")
    if value is None and feature.default_value is not None:
        name, value = f"The default of {name}", feature.default_value
    if value is None:
        if not feature.nullable:
            problems.append(f"{name}=None, but the feature is not nullable: give it a value {dtype.words}.")
        return [NULL]
    items: list[object] = [value]
    if dtype.many:
        items = _items(feature, value, dtype, problems)
    cells = []
    for at, item in enumerate(items):
        try:
            cells.append(_cell(feature, f"{name}[{at}]" if dtype.many else name, dtype, item))
        except Problem as problem:
            problems.append(str(problem))
    return cells or [EMPTY]


def _items(feature: Feature, value: object, dtype: Dtype, problems: list[str]) -> list[object]:
    if isinstance(value, (list, tuple)):
        return list(value)
    if feature.coerce:
        return sorted(value, key=repr) if isinstance(value, (set, frozenset)) else [value]
    problems.append(
        f"{feature.name}={value!r} is of type {type(value).__name__}, but the feature is {dtype.named(feature._store)}: "
        "pass a list."
    )
    return []


def _cell(feature: Feature, name: str, dtype: Dtype, value: Any) -> Cell:
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    if dtype.kind == "row":
        return ("row", _row_id(feature, name, dtype, value), None, None, None)
    try:
        return _FORMS[dtype.kind](value, feature.coerce)
    except errors.InvalidArgument as error:
        raise Problem(f"{name}: {error}") from None
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise Problem(_wrong(feature, name, dtype, value)) from None


def _wrong(feature: Feature, name: str, dtype: Dtype, value: object) -> str:
    said = f"{name}={value!r} is of type {type(value).__name__}, but the feature is {dtype.named(feature._store)}"
    if dtype.kind in ("date", "datetime") and isinstance(value, str):
        return f"{name}={value!r} is no {dtype.kind} in ISO 8601 form, such as {_EXAMPLES[dtype.kind]!r}."
    if feature.coerce or not _converts(dtype, value):
        return f"{said}: pass a value {dtype.words}."
    return f"{said}: pass a value {dtype.words}, or make the feature with coerce=True."


_EXAMPLES = {"date": "2026-01-31", "datetime": "2026-01-31T12:00:00+00:00"}


def _converts(dtype: Dtype, value: object) -> bool:
    try:
        _FORMS[dtype.kind](value, True)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


# -- one form a kind


def _int(value: Any, coerce: bool) -> Cell:
    if coerce and isinstance(value, (str, bool)):
        value = int(value)
    if coerce and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    if not -(2**63) <= value < 2**63:
        raise errors.InvalidArgument(
            f"{_shortened(value)} is no whole number from -2**63 to 2**63 - 1, which is what is kept: make the feature a str."
        )
    return ("int", int(value), None, None, None)


def _shortened(value: int) -> str:
    """A whole number for a sentence; of very many digits Python makes no text."""
    return str(value) if value.bit_length() <= 256 else f"A number of {value.bit_length()} bits"


def _float(value: Any, coerce: bool) -> Cell:
    if coerce and isinstance(value, (str, bool)):
        value = float(value)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError
    number = float(value)
    return ("nan", None, None, None, None) if number != number else ("float", None, number, None, None)


_WORDS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


def _bool(value: Any, coerce: bool) -> Cell:
    if coerce and isinstance(value, str) and value.strip().lower() in _WORDS:
        value = _WORDS[value.strip().lower()]
    if coerce and not isinstance(value, bool) and isinstance(value, (int, float)) and value in (0, 1):
        value = bool(value)
    if not isinstance(value, bool):
        raise TypeError
    return ("bool", int(value), None, None, None)


def _str(value: Any, coerce: bool) -> Cell:
    if coerce and not isinstance(value, str) and not isinstance(value, (dict, list, tuple, SQLRecord)):
        value = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if not isinstance(value, str):
        raise TypeError
    if not canon.storable(value):
        raise errors.InvalidArgument(
            f"{value!r} holds a NUL or a lone surrogate, which no database keeps: leave it out."
        )
    return ("str", None, None, *split_text(str.__str__(value)))


def split_text(text: str) -> tuple[str, Optional[str]]:
    """What is indexed of a text, and where that is not all, the whole."""
    return text[:SHORT], (text if len(text) > SHORT else None)


def _date(value: Any, coerce: bool) -> Cell:
    from datetime import date, datetime, timezone

    if isinstance(value, str):
        value = clock.day_of(value)
    if isinstance(value, datetime):
        if not coerce:
            raise TypeError
        value = value.date()
    if not isinstance(value, date):
        raise TypeError
    midnight = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    return ("date", clock.from_datetime(midnight), None, None, None)


def _datetime(value: Any, coerce: bool) -> Cell:
    from datetime import date, datetime

    if isinstance(value, str):
        value = clock.moment_of(value)
    if coerce and isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - midnight of local time
    if not isinstance(value, datetime):
        raise TypeError
    return ("datetime", clock.from_datetime(value), None, None, None)


def _dict(value: Any, coerce: bool) -> Cell:  # noqa: ARG001 - nothing else becomes a dict
    if not isinstance(value, dict):
        raise TypeError
    odd: list[str] = []
    plain = canon.plain(value, lambda _: None, odd)
    if odd:
        raise errors.InvalidArgument(f"{', '.join(odd)} has no form in JSON: turn it into text or numbers first.")
    return ("dict", None, None, None, canon.dumps(plain))


_FORMS: dict[str, Callable[[Any, bool], Cell]] = {
    "int": _int,
    "float": _float,
    "bool": _bool,
    "str": _str,
    "date": _date,
    "datetime": _datetime,
    "dict": _dict,
}


# -- rows as values


def _row_id(feature: Feature, name: str, dtype: Dtype, value: object) -> int:
    target = dtype.target
    allowed = _allowed(feature._store, dtype)
    if isinstance(value, target):
        return _given_row(feature, name, dtype, value, allowed)
    if not isinstance(value, str):
        raise Problem(_wrong_row(feature, name, dtype, value))
    found = list(allowed.filter(uid=value)[:1]) or preferred(_named(allowed, target, value), 2)
    if not found:
        raise Problem(_no_label(feature, name, dtype, value, allowed))
    if len(found) > 1:
        raise Problem(
            f"{name}={value!r}: several {dtype.registry}s have this {label_field(target)}; pass the row itself, "
            "or its uid."
        )
    return int(found[0].id)


def _given_row(feature: Feature, name: str, dtype: Dtype, value: Any, allowed: QuerySet[Any]) -> int:
    feature.check_same_instance(value)
    if value.id is None:
        raise Problem(f"{name}={value!r} is not saved yet: call .save() on it first.")
    if not allowed.filter(id=value.id).exists():
        raise Problem(_no_member(feature, name, dtype, value, allowed))
    return int(value.id)


def _wrong_row(feature: Feature, name: str, dtype: Dtype, value: object) -> str:
    what = f"the {label_field(dtype.target)} of a {dtype.registry}"
    return (
        f"{name}={value!r} is of type {type(value).__name__}, but the feature is "
        f"{dtype.named(feature._store)}: pass {what}, or the saved row."
    )


def _allowed(store: Store, dtype: Dtype) -> QuerySet[Any]:
    """The rows that are values of the dtype."""
    rows = _of_dtype(store, dtype)
    return rows.filter(branch_id__gt=TRASH) if "branch" in dtype.target.__table__.fields else rows


def _of_dtype(store: Store, dtype: Dtype) -> QuerySet[Any]:
    """The rows that are values of the dtype, or would be, were they not in the trash."""
    rows = query(dtype.target, store)
    if dtype.within:
        rows = rows.filter(is_type=False, type_id__in=_types_within(store, dtype))
    return rows


def _types_within(store: Store, dtype: Dtype) -> list[int]:
    """The ids of the type and of the types below it."""
    rows = query(dtype.target, store)
    found = rows.filter(uid=dtype.within).values_list("id", flat=True)
    below = found
    while below:
        below = rows.filter(is_type=True, type_id__in=below).exclude(id__in=found).values_list("id", flat=True)
        found = [*found, *below]
    return found


def _named(rows: QuerySet[Any], target: Any, name: str) -> QuerySet[Any]:
    rows = rows.filter(**{label_field(target): name})
    return rows.filter(Q(is_latest=True)) if "is_latest" in target.__table__.fields else rows


def _no_member(feature: Feature, name: str, dtype: Dtype, row: Any, allowed: QuerySet[Any]) -> str:
    """What is wrong with a saved row that is no value of the dtype, as the database knows it now."""
    if _in_trash(feature._store, dtype, row.uid) is not None:
        return _put_away(name, dtype, row, row.uid)
    rows = query(dtype.target, feature._store)
    now = rows.filter(id=row.id).one_or_none()
    if now is None or not dtype.within:
        return f"{name}={called(row)} was removed for good: make a new one."
    kind, its = rows.filter(uid=dtype.within).one_or_none(), now.type
    wanted, has = ("" if each is None else repr(each.name) for each in (kind, its))
    if wanted == has and kind is not None and its is not None:  # two types that have one name
        wanted, has = called(kind), called(its)
    is_ = "is a type" if now.is_type else f"is of type {has}" if has else "has no type"
    listed, _ = _listed(allowed, label_field(dtype.target))
    return f"{name}={called(now)} {is_}, but the feature takes members of {wanted or dtype.within}: there are {listed}."


def _put_away(name: str, dtype: Dtype, meant: object, uid: str) -> str:
    return f"{name}={str(meant)!r} is in the trash: {restoring(dtype.target, uid)}."


def _no_label(feature: Feature, name: str, dtype: Dtype, value: str, allowed: QuerySet[Any]) -> str:
    """What is wrong with a text that names no value of the dtype."""
    in_trash = _in_trash(feature._store, dtype, value)
    if in_trash is not None:
        return _put_away(name, dtype, value, in_trash.uid)
    field, of_type, make = label_field(dtype.target), "", ""
    if dtype.within:
        kind = query(dtype.target, feature._store).filter(uid=dtype.within).one_or_none()
        if kind is not None:
            of_type = f" of type {kind.name!r}"
            make = f", type=ln.{dtype.registry}.get(name={kind.name!r}, is_type=True)"
    listed, known = _listed(allowed, field)
    near = lookups.nearest(value, known)
    hint = f"did you mean {near!r}? There are {listed}." if near else f"there are {listed}."
    made = f" Make it with ln.{dtype.registry}({field}={value!r}{make}).save()." if field == "name" else ""
    return f"{name}={value!r} is no {dtype.registry}{of_type}: {hint}{made}"


def _listed(allowed: QuerySet[Any], field: str) -> tuple[str, list[str]]:
    """What some of the allowed rows are called, as a sentence lists them; and what more of them are."""
    known = [each for each in allowed.order_by("-id")[:1000].values_list(field, flat=True) if each]
    listed = ", ".join(repr(each) for each in sorted(known[:LISTED])) + (", ..." if len(known) > LISTED else "")
    return listed or "none", known


def _in_trash(store: Store, dtype: Dtype, value: str) -> Optional[Any]:
    """The row that is meant, if it would be a value of the dtype outside of the trash."""
    if "branch" not in dtype.target.__table__.fields:
        return None
    rows = _of_dtype(store, dtype).filter(branch_id=TRASH)
    return rows.filter(uid=value).first() or _named(rows, dtype.target, value).last()


# -- back to Python


def value_of(cell: Cell) -> Any:
    """The value of a cell; of a row it is the id."""
    kind, whole, number, text, rest = cell
    if kind == "str":
        return text if rest is None else rest
    if kind == "float":
        return None if number is None else float(number)
    if kind == "nan":
        return float("nan")
    if kind == "dict":
        return canon.loads(rest or "{}")
    if kind in ("date", "datetime"):
        moment = clock.to_datetime(whole or 0)
        return moment.date() if kind == "date" else moment
    return bool(whole) if kind == "bool" else whole
