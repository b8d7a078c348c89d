"""Data frames of pandas: read and written as Parquet and Feather, written as CSV, TSV and JSON; rows as a frame.

Reading ``.csv``, ``.tsv`` and ``.json`` is left to the core, which gives rows and plain values without pandas. Of a frame
that is saved as such a file its layout is kept: which fields are the index, and of which type each of them is.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_TYPES = ("pandas.core.frame.DataFrame", "pandas.DataFrame")  # the second is what pandas 3 calls it
_VERSION = tuple(int(part) for part in pd.__version__.split(".")[:2])
_CATEGORIES = 10_000  #: that a layout lists; it is kept in the database


class _UnfitError(ValueError):
    """What of a frame a format cannot give back; without a ``remedy`` of its own the serializer adds that of the format."""

    def __init__(self, said: str, remedy: str = "") -> None:
        super().__init__(said)
        self.remedy = remedy


class FrameSerializer:
    """Reads and writes data frames in one format.

    ``load`` takes a path and gives the frame, ``save`` takes the frame and a path. What pandas refuses to write is told in
    one sentence that ends with the ``remedy``.
    """

    types = _TYPES
    otype = "DataFrame"

    def __init__(
        self,
        ext: Any,
        suffix: str,
        load: Callable[[str], pd.DataFrame],
        save: Callable[[pd.DataFrame, str], Any],
        remedy: str = "save it as .parquet, which keeps more, or convert what is odd, as by astype(str)",
    ) -> None:
        self.name = f"pandas {suffix}"
        self.suffixes = (suffix,)
        self._errors = ext.errors
        self._load = load
        self._save = save
        self._remedy = remedy

    def load(self, path: str) -> pd.DataFrame:
        """The frame in the file."""
        return self._load(path)

    def save(self, obj: Any, path: str) -> Any:
        """Write the frame into the file; gives its layout, where the file alone does not tell it."""
        try:
            return self._save(obj, path)
        except (ValueError, TypeError, NotImplementedError) as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            remedy = getattr(error, "remedy", "") or self._remedy
            msg = f"This DataFrame cannot be saved as {self.suffixes[0]}: {said[0].rstrip('.')}; {remedy}."
            raise self._errors.InvalidArgument(msg) from (None if isinstance(error, _UnfitError) else error)

    def observations(self, obj: Any) -> int:
        """The number of rows."""
        return len(obj)


class TextSerializer(FrameSerializer):
    """Reads and writes data frames in a format that alone does not tell types and index: ``read`` takes the layout too."""

    def __init__(
        self,
        ext: Any,
        suffix: str,
        load: Callable[[str], pd.DataFrame],
        save: Callable[[pd.DataFrame, str], Any],
        read: Callable[[str, Any], pd.DataFrame],
    ) -> None:
        super().__init__(ext, suffix, load, save)
        self._read = read

    def load_as(self, path: str, layout: Any) -> pd.DataFrame:
        """The frame as it was saved."""
        return self._read(path, layout)


def register(ext: Any) -> None:
    """Let data frames be saved and loaded."""
    rename = "rename or convert what it names, as by astype(str)"
    ext.register_serializer(
        FrameSerializer(ext, ".parquet", _needs_pyarrow(ext, pd.read_parquet), _to_parquet(ext), rename)
    )
    ext.register_serializer(FrameSerializer(ext, ".feather", _needs_pyarrow(ext, pd.read_feather), _to_feather(ext)))
    for suffix, separator in ((".csv", ","), (".csv.gz", ","), (".tsv", "\t"), (".tsv.gz", "\t")):
        text = _guess_text(separator), _to_text(separator), _read_text(separator)
        ext.register_serializer(TextSerializer(ext, suffix, *text), save_only=True)
    ext.register_serializer(TextSerializer(ext, ".json", _guess_json, _to_json, _read_json), save_only=True)


def _needs_pyarrow(ext: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, with one sentence where the library that it needs is not installed, or too old to be safe."""

    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            import pyarrow as pa
        except ImportError:
            pa = None
        version = () if pa is None else tuple(int(part) for part in pa.__version__.split(".")[:3] if part.isdigit())
        if version < (14, 0, 1):  # earlier ones can be made to run code that a file brings along
            msg = "Parquet and Feather need pyarrow 14.0.1 or later: pip install 'lamin-lite[pandas]'."
            raise ext.errors.MissingExtra(msg)
        return call(*args, **kwargs)

    return checked


def _to_parquet(ext: Any) -> Callable[[pd.DataFrame, str], object]:
    return _needs_pyarrow(ext, lambda frame, path: _checked(frame).to_parquet(path))


def _to_feather(ext: Any) -> Callable[[pd.DataFrame, str], object]:
    return _needs_pyarrow(ext, lambda frame, path: _checked(frame).to_feather(path))


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame; raises `_UnfitError` if pyarrow writes the names of its columns, but cannot give them back."""
    odd = _odd_names(frame.columns)
    if odd and not frame.columns.has_duplicates and not _come_back(frame.columns):
        raise _UnfitError(odd, _RENAME)
    return frame


def _come_back(columns: pd.Index[Any]) -> bool:
    import pyarrow as pa

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what would not come back is refused
            found = pa.Table.from_pandas(pd.DataFrame(columns=columns)).to_pandas().columns
    except (ValueError, TypeError, NotImplementedError):
        return False
    return bool(columns.equals(found) and columns.dtype == found.dtype)


# -- layouts: what a frame is beside its texts
#
# {"index": [[name, kind], ...], "columns": [[kind, how many beside each other], ...], "labels": dtype of the names,
# "title": name of the columns, "rows": how many; of CSV also "missing": the text that stands for missing values, of JSON
# "names" where no row tells them}. A kind is the name of a dtype, or "object" and what the objects are; with "?" where
# values are missing, "?None" where they are None. Of categories it is a list: "category", the kind of the categories,
# whether they have an order, and the categories where they are more than those that occur.


def _layout(frame: pd.DataFrame) -> dict[str, Any]:
    """The layout of a frame; raises `_UnfitError` for what would not come back."""
    columns = frame.columns
    if isinstance(columns, pd.MultiIndex):
        raise _UnfitError("its columns have several levels")
    odd = _odd_names(columns)
    if odd:
        raise _UnfitError(odd, _RENAME)
    kinds = [_kind(frame.iloc[:, at], f"column {label!r}") for at, label in enumerate(columns)]
    levels = [] if _counts(frame.index) else [frame.index.get_level_values(at) for at in range(frame.index.nlevels)]
    index = [[level.name, _kind(_series(level), f"index {level.name or ''}".strip())] for level in levels]
    if any(isinstance(kind, list) and _may_miss(kind) and not _is_text(kind) for _, kind in index):
        raise _UnfitError("its index has missing values among categories that are no texts")  # written as floats
    for name in (columns.name, *(name for name, _ in index)):
        if not (name is None or isinstance(name, str) or type(name) is int):
            raise _UnfitError(f"the index has the name {name!r}, which is no text")
    return {
        "index": index,
        "columns": [[kind, len(list(same))] for kind, same in itertools.groupby(kinds)],
        "labels": str(columns.dtype),
        "title": columns.name,
        "rows": len(frame),
    }


def _odd_names(columns: pd.Index[Any]) -> str:
    """What is odd about the names of columns: neither texts nor whole numbers of the usual types."""
    name = str(columns.dtype)
    if name not in ("object", "str", "string", "int64") or pd.api.types.pandas_dtype(name) != columns.dtype:
        return f"the names of its columns are of type {name}"
    if name != "int64" and not all(isinstance(label, str) for label in columns):
        return "the names of its columns are neither all texts nor all whole numbers"
    return ""


_RENAME = "make texts of them, as by df.columns = [str(name) for name in df.columns]"


def _series(index: pd.Index[Any]) -> pd.Series:
    """An index as a column of its own type, which pandas 3 would guess of objects."""
    return pd.Series(index, dtype=index.dtype, index=range(len(index)))


def _kinds(layout: Any) -> list[Any]:
    """The kinds of all fields: those of the index, then the columns."""
    return [kind for _, kind in layout["index"]] + [kind for kind, many in layout["columns"] for _ in range(many)]


_OBJECTS = ("string", "boolean", "integer", "floating", "date", "empty")  #: what objects may be, as pandas infers it


def _kind(values: pd.Series, what: str) -> Any:
    dtype, gone = values.dtype, values.isna()
    missing = "?" if gone.any() else ""
    if isinstance(dtype, pd.CategoricalDtype):
        return _kind_of_categories(values, what)
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        inferred = pd.api.types.infer_dtype(values[~gone])
        if inferred not in _OBJECTS:
            raise _UnfitError(f"{what} holds objects ({inferred})")
        only_none = missing and all(value is None for value in values[gone])
        return f"object {inferred}{missing}{'None' if only_none else ''}"
    name = str(dtype)
    if not _is_simple(dtype) or pd.api.types.pandas_dtype(name) != dtype:
        raise _UnfitError(f"{what} is {name}")
    _check_times(values[~gone], what)
    return name + missing


_LONGEST = np.timedelta64(106_751, "D")  #: that pandas reads from text: as many days as its nanoseconds can count


def _check_times(values: pd.Series, what: str) -> None:
    """Raise `_UnfitError` for durations and moments whose texts do not tell all of them, or cannot be read."""
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind == "m":
        days = values.to_numpy().astype("timedelta64[D]")
        if ((days >= _LONGEST) | (days <= -_LONGEST)).any():
            raise _UnfitError(f"{what} holds durations of more than {_LONGEST.astype(int):,} days")
    if isinstance(dtype, pd.DatetimeTZDtype):
        here, utc = (moments.dt.tz_localize(None).to_numpy() for moments in (values, values.dt.tz_convert("UTC")))
        if ((here - utc) % np.timedelta64(60, "s") != np.timedelta64(0, "s")).any():  # pandas writes whole minutes
            raise _UnfitError(f"{what} holds moments whose distance from UTC is no whole minutes, as before 1900")


def _is_simple(dtype: Any) -> bool:
    """Whether texts of such values can be read again."""
    kind = getattr(dtype, "kind", "")
    if isinstance(dtype, (pd.StringDtype, pd.DatetimeTZDtype)) or (isinstance(dtype, np.dtype) and kind in "buiMm"):
        return True
    if isinstance(dtype, np.dtype):
        return kind == "f" and dtype.itemsize <= 8
    return str(dtype) in ("boolean", *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)), *_FLOATS)


_FLOATS = ("Float32", "Float64")


def _kind_of_categories(values: pd.Series, what: str) -> Any:
    dtype: Any = values.dtype
    inner = _kind(_series(dtype.categories), what)
    occurring = values.cat.remove_unused_categories().cat.categories
    usual = len(occurring) == len(dtype.categories) and list(dtype.categories) == sorted(dtype.categories)
    kept = None
    if not usual:
        if len(dtype.categories) > _CATEGORIES:
            raise _UnfitError(f"{what} has {len(dtype.categories):,} categories, of which some do not occur")
        kept = _plain(_series(dtype.categories), inner)
    return ["category", inner + ("?" if values.isna().any() else ""), bool(dtype.ordered), kept]


def _base(kind: Any) -> str:
    """The kind of the values without what is missing among them."""
    text: str = kind[1] if isinstance(kind, list) else kind
    return text.partition("?")[0]


def _may_miss(kind: Any) -> bool:
    return "?" in (kind[1] if isinstance(kind, list) else kind)


def _is_text(kind: Any) -> bool:
    return _base(kind).partition("[")[0] in ("object string", "string", "str")


# -- values as JSON has them, and back


def _plain(values: pd.Series, kind: Any) -> list[Any]:
    """The values of a column in JSON's types."""
    base, known = _base(kind), values.notna().tolist()
    convert = _TO_JSON.get(base) or _TO_JSON.get(base.partition("64[")[0], _as_it_is)
    if convert is _as_it_is and all(known):
        found: list[Any] = values.tolist()
    else:
        found = [convert(value) if is_known else None for value, is_known in zip(values.astype(object), known)]
    if any(isinstance(value, float) and math.isinf(value) for value in found):
        raise _UnfitError("it holds infinities, which JSON has no form for")
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
    "date": dt.date.fromisoformat,
    "empty": str,
}


def _restored(raw: pd.Series, kind: Any) -> Any:
    """The values of a field from texts, or from JSON's types."""
    if isinstance(kind, list):
        return _restored_categories(raw, kind)
    base, _, missing = kind.partition("?")
    if str(raw.dtype) == base:
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
    _, _, ordered, kept = kind
    known = raw.notna()
    values = _index(_restored(raw[known].reset_index(drop=True), _base(kind)))
    categories: Any = values.unique().sort_values()
    if kept is not None:
        categories = _restored(pd.Series(kept, dtype=object), _base(kind))
    codes = np.full(len(raw), -1)
    codes[known.to_numpy()] = _index(categories).get_indexer(values)
    return pd.Categorical.from_codes(codes, categories=_index(categories), ordered=ordered)


def _moments(raw: pd.Series, dtype: Any) -> Any:
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


def _index(field: Any) -> pd.Index[Any]:
    """A field as an index, also of its own type."""
    series = pd.Series(field)
    return pd.Index(series, dtype=series.dtype, name=None)


def _frame(fields: list[Any], labels: Sequence[Any], layout: Any) -> pd.DataFrame:
    """The frame of restored fields, with the index and the names of its columns."""
    levels, rows = layout["index"], layout["rows"]
    index: Any = pd.RangeIndex(rows)
    if len(levels) == 1:
        index = _index(fields[0]).rename(levels[0][0])
    elif levels:
        index = pd.MultiIndex.from_arrays(list(map(_index, fields[: len(levels)])), names=[name for name, _ in levels])
    made = pd.DataFrame({at: pd.Series(field) for at, field in enumerate(fields[len(levels) :])}, index=range(rows))
    made.index = index
    if layout["labels"] == "int64":
        labels = [int(label) for label in labels]
    made.columns = pd.Index(labels, dtype=layout["labels"], name=layout["title"])
    return made


def _counts(index: pd.Index[Any]) -> bool:
    """Whether an index only counts the rows: it is not written."""
    return isinstance(index, pd.RangeIndex) and index.name is None and index.equals(pd.RangeIndex(len(index)))


# -- CSV and TSV


def _to_text(separator: str) -> Callable[[pd.DataFrame, str], Any]:
    def save(frame: pd.DataFrame, path: str) -> Any:
        layout = _layout(frame)
        levels = [frame.index.get_level_values(at) for at in range(len(layout["index"]))]
        fields = [*levels, *(frame.iloc[:, at] for at in range(frame.shape[1]))]
        texts = [(set(field.dropna()), kind) for field, kind in zip(fields, _kinds(layout)) if _is_text(kind)]
        named = {str(name) for name in (*frame.columns, *frame.index.names) if name is not None}
        _check_texts(itertools.chain(named, *(found for found, _ in texts)))
        layout["missing"] = _mark([found for found, kind in texts if _may_miss(kind)])
        # Python's writer leaves a lone carriage return unquoted before 3.13, and readers end the line there
        returns = any("\r" in text for text in itertools.chain(named, *(found for found, _ in texts)))
        quoting = {"quoting": 2} if returns else {}
        frame.to_csv(path, sep=separator, index=bool(levels), na_rep=layout["missing"], lineterminator="\n", **quoting)
        return layout

    return save


def _check_texts(texts: Iterable[str]) -> None:
    for text in texts:
        if "\0" in text:
            raise _UnfitError("it holds the character NUL, which many readers of CSV cannot read")
        if text.startswith("\ufeff"):
            raise _UnfitError("a text begins with a byte order mark, which readers take away")


def _mark(texts: list[set[str]]) -> str:
    """What stands for a missing value: nothing, if no column has empty texts as well."""
    marks = ("", "NA", "NULL", "<missing>")
    free = (mark for mark in marks if not any(mark in found for found in texts))
    found = next(free, None)
    if found is None:
        raise _UnfitError("it holds empty texts, missing values, and all that could stand for these")
    return found


_NATIVE = frozenset(  # not uint64, of which pandas 3.1 reads large ones as 0
    ["float32", "float64", "int64", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32))]
)


def _read_text(separator: str) -> Callable[[str, Any], pd.DataFrame]:
    def read(path: str, layout: Any) -> pd.DataFrame:
        kinds, missing = _kinds(layout), layout["missing"]
        if not kinds:
            return _frame([], [], layout)
        exact: Any = {"sep": separator, "skip_blank_lines": False}  # white space alone is a text, too
        if _VERSION < (3, 1):  # later ones always read what was written
            exact["float_precision"] = "round_trip"
        header = pd.read_csv(path, header=None, nrows=1, dtype=object, na_filter=False, **exact)
        found = pd.read_csv(
            path,
            header=0,
            names=list(range(len(kinds))),
            index_col=False,
            dtype={at: _base(kind) if _is_native(kind) else object for at, kind in enumerate(kinds)},
            keep_default_na=False,
            na_values={at: [missing] for at, kind in enumerate(kinds) if _may_miss(kind)},
            **exact,
        )
        fields = [_restored(found[at], kind) for at, kind in enumerate(kinds)]
        return _frame(fields, header.iloc[0].tolist()[len(layout["index"]) :], layout)

    return read


def _is_native(kind: Any) -> bool:
    return not isinstance(kind, list) and _base(kind) in _NATIVE


def _guess_text(separator: str) -> Callable[[str], pd.DataFrame]:
    """Of a file whose layout nobody kept: a first column whose header is empty is the index, which had no name."""

    def load(path: str) -> pd.DataFrame:
        header = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False)
        unnamed = header.shape[1] > 1 and header.iloc[0, 0] == ""
        frame = pd.read_csv(path, sep=separator, index_col=0 if unnamed else None)
        return frame.rename_axis(index=None) if unnamed else frame

    return load


# -- JSON


def _to_json(frame: pd.DataFrame, path: str) -> Any:
    layout = _layout(frame)
    names = [*_names_of_levels(frame, layout), *map(str, frame.columns)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise _UnfitError(f"two fields are named {twice!r}, and one would be lost")
    levels = [_series(frame.index.get_level_values(at)) for at in range(len(layout["index"]))]
    fields = [*levels, *(frame.iloc[:, at] for at in range(frame.shape[1]))]
    columns = [_plain(field, kind) for field, kind in zip(fields, _kinds(layout))]
    rows = [dict(zip(names, row)) for row in zip(*columns)] if columns else [{}] * len(frame)
    if not rows:
        layout["names"] = names
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(rows, separators=(",", ":")))  # json.dump is many times slower
    return layout


def _names_of_levels(frame: pd.DataFrame, layout: Any) -> list[str]:
    """Names of the fields that hold the index."""
    single = len(layout["index"]) == 1 and "index" not in frame.columns
    unnamed = ["index"] if single else [f"level_{at}" for at in range(len(layout["index"]))]
    return [str(unnamed[at] if name is None else name) for at, (name, _) in enumerate(layout["index"])]


def _read_json(path: str, layout: Any) -> pd.DataFrame:
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)
    names = list(rows[0]) if rows else layout["names"]
    raw = [pd.Series([row[name] for row in rows], dtype=object) for name in names]
    fields = [_restored(each, kind) for each, kind in zip(raw, _kinds(layout))]
    return _frame(fields, names[len(layout["index"]) :], layout)


def _guess_json(path: str) -> pd.DataFrame:
    """The rows of a file whose layout nobody kept; pandas' own reader guesses dates, and rounds."""
    with open(path, encoding="utf-8") as file:
        return pd.DataFrame(json.load(file))


def frame(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> pd.DataFrame:
    """Rows as a data frame with these columns, also if there are none; its index is ``id``."""
    made = pd.DataFrame.from_records(list(rows), columns=list(dict.fromkeys(names)))
    return made.set_index("id")


def from_columns(columns: Mapping[str, Sequence[Any]], index: Sequence[Any], name: str) -> pd.DataFrame:
    """A data frame with these columns, and an index of that name."""
    return pd.DataFrame(dict(columns), index=pd.Index(index, name=name))
