"""Frames as Parquet and Feather: what the file alone would lose is kept in a small layout, or refused."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq

from . import layouts
from .layouts import RENAME, UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_VERSION = int(pd.__version__.split(".", 1)[0])


def load_parquet(path: str) -> pd.DataFrame:
    """The frame in a file."""
    return pd.read_parquet(path)


def load_feather(path: str) -> pd.DataFrame:
    """The frame in a file."""
    return pd.read_feather(path)


def to_parquet(frame: pd.DataFrame, path: Any) -> Any:
    """Write a frame, into a file or a buffer; gives its layout, if it needs one."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="The DataFrame has non-str index name"
        )  # which is kept beside the file
        _checked(frame).to_parquet(path)
    return _layout(frame, pq.read_schema(path))


def to_feather(frame: pd.DataFrame, path: str) -> Any:
    """Write a frame; gives its layout, if it needs one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The DataFrame has non-str index name")
        _checked(frame).to_feather(path)
    return _layout(frame, _schema_of_feather(path))


def read_parquet(path: str, layout: Any) -> pd.DataFrame:
    """The frame as it was saved."""
    return _completed(
        load_parquet(path), layout, pq.read_schema(path), lambda names: pq.read_table(path, columns=names)
    )


def read_feather(path: str, layout: Any) -> pd.DataFrame:
    """The frame as it was saved."""
    schema = _schema_of_feather(path)
    return _completed(load_feather(path), layout, schema, lambda names: pf.read_table(path, columns=names))


def _schema_of_feather(path: str) -> pa.Schema:
    with pa.OSFile(path) as file, pa.ipc.open_file(file) as reader:
        return reader.schema


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame to write; raises `UnfitError` if its columns could not be written, or be given back with their names."""
    columns = frame.columns
    if columns.has_duplicates:
        twice = columns[columns.duplicated()][0]
        raise UnfitError(f"two columns are named {twice!r}", "save it as .csv, or rename one")
    odd = layouts.odd_names(columns)
    if odd and not _come_back(columns):
        raise UnfitError(odd, RENAME)
    for label, dtype in zip(columns, frame.dtypes):
        if isinstance(dtype, pd.SparseDtype):
            raise UnfitError(f"column {label!r} is {dtype}", layouts.DENSE)
    if frame.attrs and not layouts.attrs_of(frame):  # which pandas cannot write, or changes
        frame = frame.copy(deep=False)
        frame.attrs = {}
    return frame


def _come_back(columns: pd.Index[Any]) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what would not come back is refused
            found = pa.Table.from_pandas(pd.DataFrame(columns=columns)).to_pandas().columns
    except (ValueError, TypeError, NotImplementedError):
        return False
    return bool(columns.equals(found) and columns.dtype == found.dtype)


# -- layouts
#
# {"columns": [[which, kind], ...], "index": [[which level, kind], ...], "names": those of the index if they are lost,
# "attrs": if they are lost}: only of fields that pandas would read as another type. Kinds are those of text formats, of
# objects some more, and "arrow" of what is kept as Arrow has it.


def _layout(frame: pd.DataFrame, schema: pa.Schema) -> Any:
    """The layout of a frame that was written with this schema; raises `UnfitError` for what would not come back."""
    back, types, width = schema.empty_table().to_pandas(), schema.types, frame.shape[1]
    columns, index = [], []
    for at, (was, found) in enumerate(zip(frame.dtypes, back.dtypes)):
        if was != found or _is_object(was):
            kind = _lost_kind(frame.iloc[:, at], types[at], f"column {frame.columns[at]!r}")
            columns += [] if kind is None else [[at, kind]]
    for at in range(len(types) - width):  # an index that counts the rows is no field
        level = layouts.as_series(frame.index.get_level_values(at))
        if level.dtype != back.index.get_level_values(at).dtype or _is_object(level.dtype):
            kind = _lost_kind(level, types[width + at], layouts.index_title(frame.index.names[at]))
            index += [] if kind is None else [[at, kind]]
    told = (schema.pandas_metadata or {}).get("attributes") or {}  # of earlier versions of pandas than 2.1 nothing
    attrs = {} if told == frame.attrs else layouts.attrs_of(frame)
    names: Any = list(frame.index.names)
    if names == list(back.index.names):
        return {"columns": columns, "index": index, "names": None, **attrs} if columns or index or attrs else None
    for name in names:
        layouts.check_index_name(name)
    return {"columns": columns, "index": index, "names": names, **attrs}


def _is_object(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind == "O"


def _lost_kind(values: pd.Series, written: pa.DataType, what: str) -> Any:
    """The kind of a field that would come back as another one; None where nothing, or nothing that counts, is lost."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        inner = dtype.categories.dtype
        kept = pa.types.is_dictionary(written) and _is_read_as(inner, written.value_type)
        return None if kept and len(values) else layouts.kind_of(values, what)  # without rows, Parquet writes none
    if _is_object(dtype):
        return _kind_of_objects(values, written, what)
    if hasattr(dtype, "pyarrow_dtype"):
        if dtype.pyarrow_dtype != written:
            raise UnfitError(f"{what} is {dtype}, which would come back as {written}", f"make {written}[pyarrow] of it")
        return "arrow"
    # as seconds, which Parquet does not have, and nullable numbers in the index
    return layouts.kind_of(values, what) if layouts.is_simple(dtype) else None


def _kind_of_objects(values: pd.Series, written: pa.DataType, what: str) -> Any:
    if _is_plain(written):
        return None
    cells = values[values.notna()].tolist()
    lost, remedy = _lost(cells, written)
    if lost:
        raise UnfitError(f"{what} holds {lost}", remedy)
    types = pa.types
    for fits, name in (
        (types.is_boolean, "boolean"),
        (types.is_integer, "integer"),
        (types.is_floating, "floating"),
        (types.is_timestamp, "Timestamp" if _are(cells, pd.Timestamp) else "datetime"),
        (types.is_duration, "Timedelta" if _are(cells, pd.Timedelta) else "timedelta"),
    ):
        if fits(written):
            return layouts.kind_of_objects(name, values)
    return None


def _is_read_as(dtype: Any, written: pa.DataType) -> bool:
    """Whether categories of this type are made of what was written, which pandas does not describe."""
    in_zone = isinstance(dtype, pd.DatetimeTZDtype)  # which pyarrow forgets
    return not in_zone and bool(pa.array([], written).to_pandas().dtype == dtype)


def _are(cells: list[Any], kind: type) -> bool:
    return all(isinstance(cell, kind) for cell in cells)


def _is_plain(written: pa.DataType) -> bool:
    """Whether objects that pyarrow takes for this type come back as they were."""
    types = pa.types
    return any(fits(written) for fits in (types.is_string, types.is_large_string, types.is_null, types.is_time))


_FINE = ("", "")
_EXACT = 2**53  #: up to here floats are whole numbers


def _lost(cells: list[Any], written: pa.DataType) -> tuple[str, str]:
    """What of cells pyarrow changed without a word when it wrote them as this type, and the remedy; they are not missing."""
    types = pa.types
    if types.is_list(written) or types.is_large_list(written):
        return _lost_in_lists(cells, written.value_type)
    if types.is_struct(written):
        return _lost_in_dicts(cells, list(written))
    if types.is_binary(written) and not _are(cells, bytes):
        return ("texts beside bytes", "") if any(isinstance(cell, str) for cell in cells) else _FINE
    if types.is_date(written) and any(isinstance(cell, dt.datetime) for cell in cells):
        return layouts.MIXED_DATES, layouts.MOMENTS
    if types.is_timestamp(written):
        return _lost_of_moments(cells, written), layouts.MOMENTS
    if types.is_duration(written) and written.unit != "ns" and any(getattr(cell, "nanoseconds", 0) for cell in cells):
        return "objects of durations with nanoseconds", "make durations of all, as by pd.to_timedelta()"
    return _FINE


def _lost_of_moments(cells: list[Any], written: pa.DataType) -> str:
    if any(isinstance(cell, dt.date) and not isinstance(cell, dt.datetime) for cell in cells):
        return layouts.MIXED_DATES
    if written.unit != "ns" and any(getattr(cell, "nanosecond", 0) for cell in cells):
        return "objects of moments with nanoseconds"
    if len({str(getattr(cell, "tzinfo", None)) for cell in cells}) > 1:
        return "moments of several zones"
    if _VERSION < 2 and any(not 1677 < getattr(cell, "year", 2000) < 2262 for cell in cells):
        return "moments of years that this version of pandas cannot read"
    return ""


def _lost_in_lists(cells: list[Any], inner: pa.DataType) -> tuple[str, str]:
    if any(isinstance(cell, AbstractSet) for cell in cells):
        return "sets, which would come back as arrays", "make sorted lists of them"
    if _is_plain(inner) or pa.types.is_floating(inner) or pa.types.is_boolean(inner):
        return _FINE
    lists = [cell for cell in cells if not (isinstance(cell, np.ndarray) and cell.dtype.kind in "biuf")]
    if pa.types.is_integer(inner):
        if all({int}.issuperset(map(type, cell)) for cell in lists):
            return _FINE
        lists = cells  # a missing value makes floats of the numbers in all of them
    return _lost_within((value for each in lists for value in each), inner)


def _lost_in_dicts(cells: list[Any], fields: list[pa.Field]) -> tuple[str, str]:
    names = {field.name for field in fields}
    if any(set(cell) != names for cell in cells if isinstance(cell, dict)):
        return (
            "dicts with different keys",
            "give all of them the same keys, or make texts of them, as by map(json.dumps)",
        )
    found = (_lost_within((cell[field.name] for cell in cells), field.type) for field in fields)
    return next((lost for lost in found if lost[0]), _FINE)


def _lost_within(values: Iterable[Any], written: pa.DataType) -> tuple[str, str]:
    """As ``_lost``, of the values in lists and dicts, where missing ones make floats of whole numbers."""
    every = list(values)
    cells = [value for value in every if not _is_missing(value)]
    if pa.types.is_integer(written):
        large = len(cells) < len(every) and any(abs(int(value)) > _EXACT for value in cells)
        return ("large whole numbers beside missing ones, within lists or dicts", "") if large else _FINE
    return _lost(cells, written)


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)


# -- reading


def _completed(
    frame: pd.DataFrame, layout: Any, schema: pa.Schema, read: Callable[[list[str]], pa.Table]
) -> pd.DataFrame:
    """The frame with the fields of the layout as they were."""
    width, fields = frame.shape[1], schema.names
    places = dict(layout["columns"])
    places.update({width + at: kind for at, kind in layout["index"]})
    table = read([fields[at] for at in places])
    found = {at: _restored(table.column(which), kind) for which, (at, kind) in enumerate(places.items())}
    for at, _ in layout["columns"]:
        frame.isetitem(at, found[at].set_axis(frame.index))
    names = layout["names"] or list(frame.index.names)
    if layout["index"]:
        levels = [frame.index.get_level_values(at) for at in range(frame.index.nlevels)]
        frame.index = layouts.index_of([found.get(width + at, level) for at, level in enumerate(levels)], names)
    frame.index.names = names
    frame.attrs.update(layout.get("attrs", {}))
    return frame


_MADE = {"Timestamp": pd.Timestamp, "Timedelta": pd.Timedelta, "floating": float}


def _restored(column: pa.ChunkedArray, kind: Any) -> pd.Series:
    if isinstance(kind, list):
        return pd.Series(_categories(column, kind))
    if kind == "arrow":
        return pd.Series(pd.arrays.ArrowExtensionArray(column))
    if not kind.startswith("object "):
        return pd.Series(layouts.restored(column.to_pandas(integer_object_nulls=True), kind))
    base, _, missing = kind[7:].partition("?")
    made, gone = _MADE.get(base), None if missing else np.nan
    found: Any = np.empty(len(column), dtype=object)
    found[:] = [gone if cell is None else made(cell) if made else cell for cell in column.to_pylist()]
    return pd.Series(found, dtype=object)


def _categories(column: pa.ChunkedArray, kind: list[Any]) -> pd.Categorical:
    """Categories, of which each value is looked at once; whole numbers never become floats."""
    if pa.types.is_null(column.type):  # whose only category would be the missing value
        column = column.cast("string")
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks() if column.num_chunks else None
    if whole is None:
        whole = pa.DictionaryArray.from_arrays(pa.array([], "int32"), pa.array([], column.type.value_type))
    values, base = whole.dictionary.to_pandas(), layouts.base_of(kind)
    if base.startswith("timedelta64") and values.dtype.kind == "i":  # as Parquet keeps those of categories
        values = pd.Series(values.to_numpy().astype(base))
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return layouts.categories_of(values, codes, kind)
