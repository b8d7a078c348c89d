"""Layouts: what a frame is beside its texts, found when it is saved, and given back to it when it is read."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CATEGORIES = 10_000  #: that a layout lists; it is kept in the database
_ATTRS = 100_000  #: characters of ``attrs`` that a layout keeps
RENAME = "make texts of them, as by df.columns = [str(name) for name in df.columns]"
CONVERT = "convert what is odd, as by astype(str)"
MOMENTS = "make moments of all, as by pd.to_datetime()"
DENSE = "make it dense, as by .sparse.to_dense()"
MIXED_DATES = "dates beside moments"  #: of which some would lose their time of day


class UnfitError(ValueError):
    """What of a frame a format cannot give back; without a ``remedy`` of its own the serializer adds that of the format.

    ``part`` is the part of the frame that does not fit, where one is known: another format may keep it, or not.
    """

    def __init__(self, said: str, remedy: str = "", part: pd.DataFrame | None = None) -> None:
        super().__init__(said)
        self.remedy = remedy
        self.part = part


# -- layouts of text formats
#
# {"index": [[name, kind], ...], "columns": [[kind, how many beside each other], ...], "labels": dtype of the names,
# "title": name of the columns, "rows": how many; "attrs" where there are any; of CSV also "missing": the text that stands for missing values, of JSON
# "names" where no row tells them}. A kind is the name of a dtype, or "object" and what the objects are; with "?" where
# values are missing, "?None" where they are None. Of categories it is a list: "category", the kind of the categories,
# whether they have an order, and the categories where they are more than those that occur.


def layout_of(frame: pd.DataFrame) -> dict[str, Any]:
    """The layout of a frame; raises `UnfitError` for what would not come back."""
    columns = frame.columns
    if isinstance(columns, pd.MultiIndex):
        raise UnfitError("its columns have several levels", part=pd.DataFrame(columns=columns))
    odd = odd_names(columns)
    if odd:
        raise UnfitError(odd, RENAME)
    kinds = [_kind_as_text(frame.iloc[:, at], f"column {label!r}") for at, label in enumerate(columns)]
    levels = [] if counts(frame.index) else [frame.index.get_level_values(at) for at in range(frame.index.nlevels)]
    index = [[level.name, _kind_as_text(as_series(level), index_title(level.name))] for level in levels]
    if any(isinstance(kind, list) and may_miss(kind) and not is_text(kind) for _, kind in index):
        raise UnfitError("its index has missing values among categories that are no texts")  # written as floats
    for name in (columns.name, *(name for name, _ in index)):
        check_index_name(name)
    return {
        "index": index,
        "columns": [[kind, len(list(same))] for kind, same in itertools.groupby(kinds)],
        "labels": str(columns.dtype),
        "title": columns.name,
        "rows": len(frame),
        **attrs_of(frame),
    }


def attrs_of(frame: pd.DataFrame) -> dict[str, Any]:
    """``{"attrs": ...}``, if the frame has any, and JSON keeps them; what else is there nobody has promised to keep."""
    try:
        text = json.dumps(frame.attrs)
    except (TypeError, ValueError, RecursionError):
        return {}
    kept = json.loads(text) if 2 < len(text) <= _ATTRS else None
    return {"attrs": kept} if kept == frame.attrs else {}


def check_index_name(name: Any) -> None:
    """Raise `UnfitError` for what a layout cannot keep of the name of an index."""
    if not (name is None or isinstance(name, str) or type(name) is int):
        raise UnfitError(
            f"the index has the name {name!r}, which is no text", "rename it, as by df.rename_axis('name')"
        )


def index_title(name: Any) -> str:
    """How messages call a level of the index."""
    return "the index" if name in (None, "") else f"the index {name!r}"


def _kind_as_text(values: pd.Series, what: str) -> Any:
    """The kind of a field; raises `UnfitError`, which knows the field, if texts of it could not be read again."""
    try:
        kind = kind_of(values, what)
        inner = as_series(values.cat.categories) if isinstance(values.dtype, pd.CategoricalDtype) else values
        _check_times(inner[inner.notna()], what)
    except UnfitError as error:
        error.part = values.set_axis(range(len(values))).to_frame("a")
        raise
    return kind


def odd_names(columns: pd.Index[Any]) -> str:
    """What is odd about the names of columns: neither texts nor whole numbers of the usual types."""
    name = str(columns.dtype)
    if name not in ("object", "str", "string", "int64") or pd.api.types.pandas_dtype(name) != columns.dtype:
        return f"the names of its columns are of type {name}"
    if name != "int64" and not all(isinstance(label, str) for label in columns):
        return "the names of its columns are neither all texts nor all whole numbers"
    return ""


def as_series(index: pd.Index[Any]) -> pd.Series:
    """An index as a column of its own type, which pandas 3 would guess of objects."""
    return pd.Series(index, dtype=index.dtype, index=range(len(index)))


def kinds_of(layout: Any) -> list[Any]:
    """The kinds of all fields: those of the index, then the columns."""
    return [kind for _, kind in layout["index"]] + [kind for kind, many in layout["columns"] for _ in range(many)]


_OBJECTS = ("string", "boolean", "integer", "floating", "date", "empty")  #: what objects may be, as pandas infers it


def kind_of(values: pd.Series, what: str) -> Any:
    """The kind of a field; raises `UnfitError` if there is none for its values."""
    dtype, gone = values.dtype, values.isna()
    if isinstance(dtype, pd.CategoricalDtype):
        return _kind_of_categories(values, what)
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        inferred = pd.api.types.infer_dtype(values[~gone])
        if inferred not in _OBJECTS:
            raise UnfitError(f"{what} holds objects ({inferred})")
        if inferred == "date" and any(isinstance(value, dt.datetime) for value in values[~gone]):
            raise UnfitError(f"{what} holds {MIXED_DATES}", MOMENTS)
        return kind_of_objects(inferred, values)
    if not is_simple(dtype):
        raise UnfitError(f"{what} is {dtype}", DENSE if isinstance(dtype, pd.SparseDtype) else "")
    return _name_of(dtype) + ("?" if gone.any() else "")


def kind_of_objects(name: str, values: pd.Series) -> str:
    """The kind of objects that are all what the name says, or missing."""
    gone = values.isna()
    only_none = all(value is None for value in values[gone])
    return f"object {name}" + ("" if not gone.any() else "?None" if only_none else "?")


_LONGEST = np.timedelta64(106_751, "D")  #: that pandas reads from text: as many days as its nanoseconds can count


def _check_times(values: pd.Series, what: str) -> None:
    """Raise `UnfitError` for durations and moments whose texts do not tell all of them, or cannot be read."""
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind == "m":
        days = values.to_numpy().astype("timedelta64[D]")
        if ((days >= _LONGEST) | (days <= -_LONGEST)).any():
            raise UnfitError(f"{what} holds durations of more than {_LONGEST.astype(int):,} days")
    if isinstance(dtype, pd.DatetimeTZDtype):
        here, utc = (moments.dt.tz_localize(None).to_numpy() for moments in (values, values.dt.tz_convert("UTC")))
        if ((here - utc) % np.timedelta64(60, "s") != np.timedelta64(0, "s")).any():  # pandas writes whole minutes
            raise UnfitError(f"{what} holds moments whose distance from UTC is no whole minutes, as before 1900")


def is_simple(dtype: Any) -> bool:
    """Whether texts of such values can be read again, as the type that its name means."""
    return _is_known(dtype) and bool(pd.api.types.pandas_dtype(_name_of(dtype)) == dtype)


def _name_of(dtype: Any) -> str:
    """What pandas calls a type; of texts that Arrow keeps, with that."""
    name = str(dtype)
    return f"{name}[{dtype.storage}]" if name == "string" and pd.api.types.pandas_dtype(name) != dtype else name


def _is_known(dtype: Any) -> bool:
    kind = getattr(dtype, "kind", "")
    if isinstance(dtype, (pd.StringDtype, pd.DatetimeTZDtype)) or (isinstance(dtype, np.dtype) and kind in "buiMm"):
        return True
    if isinstance(dtype, np.dtype):
        return kind == "f" and dtype.itemsize <= 8
    return str(dtype) in ("boolean", *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)), *_FLOATS)


_FLOATS = ("Float32", "Float64")


def _kind_of_categories(values: pd.Series, what: str) -> Any:
    dtype: Any = values.dtype
    inner = kind_of(as_series(dtype.categories), what)
    occurring = values.cat.remove_unused_categories().cat.categories
    usual = len(occurring) == len(dtype.categories) and list(dtype.categories) == sorted(dtype.categories)
    kept = None
    if not usual:
        if len(dtype.categories) > _CATEGORIES:
            said = f"{what} has {len(dtype.categories):,} categories, of which some do not occur or stand in no order"
            raise UnfitError(said)
        kept = plain(as_series(dtype.categories), inner)
    return ["category", inner + ("?" if values.isna().any() else ""), bool(dtype.ordered), kept]


def base_of(kind: Any) -> str:
    """The kind of the values without what is missing among them."""
    text: str = kind[1] if isinstance(kind, list) else kind
    return text.partition("?")[0]


def may_miss(kind: Any) -> bool:
    """Whether values are missing in the field."""
    return "?" in (kind[1] if isinstance(kind, list) else kind)


def is_text(kind: Any) -> bool:
    """Whether the field holds texts, or categories of texts."""
    return base_of(kind).partition("[")[0] in ("object string", "string", "str")


# -- values as JSON has them, and back


def plain(values: pd.Series, kind: Any) -> list[Any]:
    """The values of a column in JSON's types."""
    base, known = base_of(kind), values.notna().tolist()
    convert = _TO_JSON.get(base) or _TO_JSON.get(base.partition("64[")[0], _as_it_is)
    if convert is _as_it_is and all(known):
        found: list[Any] = values.tolist()
    else:
        found = [convert(value) if is_known else None for value, is_known in zip(values.astype(object), known)]
    if any(isinstance(value, float) and math.isinf(value) for value in found):
        raise UnfitError("it holds infinities, which JSON has no form for")
    return found


def _as_it_is(value: Any) -> Any:
    return value


def _iso(value: Any) -> str:
    return str(value.isoformat())


_TO_JSON: dict[str, Callable[[Any], Any]] = {
    "object boolean": bool,
    "object integer": int,
    "object floating": float,
    "object date": _iso,
    "datetime": _iso,
    "timedelta": str,
}
_BOOLS = {"True": True, "False": False, True: True, False: False}
_FROM_TEXT: dict[str, Callable[[Any], Any]] = {
    "string": str,
    "boolean": _BOOLS.__getitem__,
    "integer": int,
    "floating": float,
    "date": lambda value: value if isinstance(value, dt.date) else dt.date.fromisoformat(value),
    "empty": str,
}


def restored(raw: pd.Series, kind: Any) -> Any:
    """The values of a field from texts, or from JSON's types."""
    if isinstance(kind, list):
        return _restored_categories(raw, kind)
    base, _, missing = kind.partition("?")
    if _name_of(raw.dtype) == base:
        return raw  # as it was read
    known = raw.notna().tolist()
    if base.startswith("object "):
        convert, gone = _FROM_TEXT[base[7:]], None if missing else np.nan
        found: Any = np.empty(len(raw), dtype=object)
        found[:] = [convert(value) if is_known else gone for value, is_known in zip(raw, known)]
        return pd.Series(found, dtype=object)
    dtype = pd.api.types.pandas_dtype(base)
    if base.startswith("datetime64"):
        return _moments(raw, dtype)
    if base.startswith("timedelta64"):
        return pd.to_timedelta(raw).astype(dtype)
    convert = _FROM_TEXT[_family(dtype)]
    gone = np.nan if isinstance(dtype, np.dtype) else None
    items = [convert(value) if is_known else gone for value, is_known in zip(raw, known)]
    return pd.Series(items, dtype=dtype)


def _family(dtype: Any) -> str:
    for test, name in (
        (pd.api.types.is_bool_dtype, "boolean"),
        (pd.api.types.is_integer_dtype, "integer"),
        (pd.api.types.is_float_dtype, "floating"),
    ):
        if test(dtype):
            return name
    return "string"


def _restored_categories(raw: pd.Series, kind: list[Any]) -> pd.Categorical:
    known = raw.notna()
    codes = np.full(len(raw), -1)
    codes[known.to_numpy()] = np.arange(known.sum())
    return categories_of(raw[known].reset_index(drop=True), codes, kind)


def categories_of(values: pd.Series, codes: Any, kind: list[Any]) -> pd.Categorical:
    """Categories of a kind, from raw values and for each row which of these it has, -1 where it has none."""
    _, _, ordered, kept = kind
    found = as_index(restored(values, base_of(kind)))
    categories = found.unique().sort_values()
    if kept is not None:
        categories = as_index(restored(pd.Series(kept, dtype=object), base_of(kind)))
    places: Any = np.append(categories.get_indexer(found), -1)  # the last one is that of the code -1
    return pd.Categorical.from_codes(places[codes], categories=categories, ordered=ordered)


def _moments(raw: pd.Series, dtype: Any) -> Any:
    if getattr(raw.dtype, "kind", "") == "M":  # read from a format that has them
        in_utc = isinstance(dtype, pd.DatetimeTZDtype) and isinstance(raw.dtype, np.dtype)
        return (raw.dt.tz_localize("UTC") if in_utc else raw).astype(dtype)
    if isinstance(dtype, np.dtype):
        return pd.Series(raw.fillna("NaT").to_numpy().astype("str").astype(dtype))
    # by hand, as pandas' own reader counts in nanoseconds, which end with the years 1677 and 2262
    texts, unit = raw.fillna("NaT+00:00"), f"datetime64[{dtype.unit}]"
    minutes = texts.str[-6:].map(_minutes).to_numpy().astype("timedelta64[m]")
    moments = pd.Series((texts.str[:-6].to_numpy().astype("str").astype(unit) - minutes).astype(unit))
    return moments.dt.tz_localize("UTC").astype(dtype)


def _minutes(text: str) -> int:
    """How far a clock is ahead of UTC, as in ``+01:00``."""
    return (-1 if text[0] == "-" else 1) * (int(text[1:3]) * 60 + int(text[4:]))


def as_index(field: Any) -> pd.Index[Any]:
    """A field as an index, also of its own type."""
    series = pd.Series(field)
    return pd.Index(series, dtype=series.dtype).rename(None)


def index_of(levels: list[Any], names: list[Any]) -> pd.Index[Any]:
    """The index of some levels."""
    if len(levels) == 1:
        return as_index(levels[0]).rename(names[0])
    return pd.MultiIndex.from_arrays(list(map(as_index, levels)), names=names)


def frame_of(fields: list[Any], labels: Sequence[Any], layout: Any) -> pd.DataFrame:
    """The frame of restored fields, with the index and the names of its columns."""
    levels, rows = layout["index"], layout["rows"]
    index = index_of(fields[: len(levels)], [name for name, _ in levels]) if levels else pd.RangeIndex(rows)
    made = pd.DataFrame({at: pd.Series(field) for at, field in enumerate(fields[len(levels) :])}, index=range(rows))
    made.index = index
    if layout["labels"] == "int64":
        labels = [int(label) for label in labels]
    made.columns = pd.Index(labels, dtype=layout["labels"], name=layout["title"])
    made.attrs.update(layout.get("attrs", {}))
    return made


def counts(index: pd.Index[Any]) -> bool:
    """Whether an index only counts the rows: it is not written."""
    return isinstance(index, pd.RangeIndex) and index.name is None and index.equals(pd.RangeIndex(len(index)))
