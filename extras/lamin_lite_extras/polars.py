"""Data frames of polars, saved and loaded as Parquet, Feather, CSV and TSV."""

from __future__ import annotations

import inspect
import itertools
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable


class FrameSerializer:
    """Reads and writes data frames in one format; its suffixes are read by others unless polars wrote the file."""

    types = ("polars.dataframe.frame.DataFrame",)
    otype = "polars.DataFrame"

    def __init__(self, ext: Any, suffix: str, load: Callable[..., pl.DataFrame], save: Callable[..., object]) -> None:
        self.name = f"polars {suffix}"
        self.suffixes = (suffix,)
        self._errors = ext.errors
        self._load = load
        self._save = save

    def load(self, path: str) -> pl.DataFrame:
        """The frame in the file."""
        return self._load(path)

    def save(self, obj: pl.DataFrame, path: str) -> object:
        """Write the frame into the file; raises ``InvalidArgument`` for what would not come back."""
        return self._save(obj, path)

    def observations(self, obj: pl.DataFrame) -> int:
        """The number of rows."""
        return int(obj.height)

    def _refused(self, problem: str) -> Exception:
        msg = f"This polars.DataFrame cannot be saved as {self.suffixes[0]}: {problem}."
        error: Exception = self._errors.InvalidArgument(msg)
        return error


class BinarySerializer(FrameSerializer):
    """Reads and writes Parquet and Feather, which tell the types themselves."""

    def save(self, obj: pl.DataFrame, path: str) -> None:
        """Write the frame into the file; raises ``InvalidArgument`` for what would not come back."""
        odd = next((name for name, kind in obj.schema.items() if _holds_objects(kind)), None)
        if odd is not None:
            raise self._refused(f"column {odd!r} holds Python objects; convert it, as by map_elements(str)")
        try:
            self._save(obj, path)
            found = self._load(path, n_rows=0).schema
        except BaseException as error:
            if not _is_of_polars(error):
                raise
            first = str(error).strip().partition("\n")[0].rstrip(".")
            raise self._refused(f"{first}; convert it, as by cast(pl.String)") from error
        for name, kind in obj.schema.items():
            if found[name] != kind:
                raise self._refused(
                    f"column {name!r} is {kind}, which this version of polars would give back as {found[name]}; convert it, "
                    "as by cast(), or use a later one"
                )


def _holds_objects(kind: Any) -> bool:
    inner = [getattr(kind, "inner", None), *(field.dtype for field in getattr(kind, "fields", ()))]
    return kind == pl.Object or any(_holds_objects(each) for each in inner if each is not None)


def _is_of_polars(error: BaseException) -> bool:
    """Whether polars cannot write something; of some types its older versions panic."""
    if type(error).__name__ == "PanicException":
        return True
    return isinstance(error, Exception) and not isinstance(error, (OSError, MemoryError))


class TextSerializer(FrameSerializer):
    """Reads and writes CSV and TSV, beside which the types of the columns are kept, and their names where a header loses them."""

    def __init__(self, ext: Any, suffix: str, separator: str) -> None:
        super().__init__(ext, suffix, lambda path: pl.read_csv(path, separator=separator), self._written)
        self._separator = separator

    def load_as(self, path: str, layout: Any) -> pl.DataFrame:
        """The frame as it was saved."""
        known = _types()
        types = [known[name] for name, many in layout["types"] for _ in range(many)]
        known_by = inspect.signature(pl.read_csv).parameters
        by_position = "schema_overrides" if "schema_overrides" in known_by else "dtypes"
        frame = pl.read_csv(path, separator=self._separator, **{by_position: list(map(_read_as, types))})
        frame.columns = layout["names"] or frame.columns
        return frame.with_columns(_converted(name, kind) for name, kind in zip(frame.columns, types))

    def described(self, layout: Any) -> dict[str, Any]:
        """The layout, for what opens the file in parts."""
        types = [_in_arrow(name) for name, many in layout["types"] for _ in range(many)]
        return {"types": types, "missing": "", "texts_miss": True, "quotes_miss": False}

    def _written(self, frame: pl.DataFrame, path: str) -> object:
        problem = _problem(frame)
        if problem:
            raise self._refused(f"{problem}; save it as .parquet")
        frame.write_csv(path, separator=self._separator)
        types = [[name, len(list(same))] for name, same in itertools.groupby(map(str, frame.dtypes))]
        lost = any(mark in name for name in frame.columns for mark in '"\r\n')
        return {"types": types, "names": frame.columns if lost else None}


def _text() -> Any:
    return getattr(pl, "String", None) or pl.Utf8  # what 0.20 calls it


def _types() -> dict[str, Any]:
    """The types that texts can be read as, by name."""
    bits = ("8", "16", "32", "64")
    names = ["Boolean", "Date", "Float32", "Float64", *(f"{sign}Int{size}" for sign in ("", "U") for size in bits)]
    types: list[Any] = [_text(), *(getattr(pl, name) for name in names), *(pl.Datetime(unit) for unit in _UNITS)]
    return {str(each): each for each in types}


def _in_arrow(name: str) -> str:
    """How Arrow calls a type."""
    unit = next((unit for unit in _UNITS if f"'{unit}'" in name), "")
    others = {"Float32": "float", "Float64": "double", "Boolean": "bool", "Date": "date32", str(_text()): "string"}
    return f"timestamp[{unit}]" if unit else others.get(name) or name.lower()


def _read_as(kind: Any) -> Any:
    """The type as which texts are read first: not all can be read as what they are by each version."""
    small = (pl.Int8, pl.Int16, pl.UInt8, pl.UInt16)
    return _text() if isinstance(kind, pl.Datetime) or kind == pl.Date else pl.Int64 if kind in small else kind


def _converted(name: str, kind: Any) -> pl.Expr:
    if isinstance(kind, pl.Datetime):
        return pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit=kind.time_unit)
    return pl.col(name).str.to_date("%Y-%m-%d") if kind == pl.Date else pl.col(name).cast(kind)


_UNITS: Any = ("ms", "us", "ns")


def _problem(frame: pl.DataFrame) -> str:
    """What of the frame would not come back."""
    known = _types()
    odd = next((f"column {name!r} is {kind}" for name, kind in frame.schema.items() if str(kind) not in known), "")
    if odd or not frame.width:
        return odd or "it has no columns"
    texts = [each for each in frame.get_columns() if str(each.dtype) == str(_text())]
    if frame.width == 1 and frame.to_series().null_count():
        return "its only column has missing values, which are empty lines"
    if '"' in pl.DataFrame({"a": ["\r"]}).write_csv():
        return ""
    odd_texts = any(each.str.contains(r"\r|^\s|\s$").any() for each in texts)
    if odd_texts or any(name.split() != [name] for name in frame.columns):
        return "a text begins or ends with white space or has a carriage return, which this version of polars does not keep"
    return ""


def register(ext: Any) -> None:
    """Let data frames be saved and loaded."""
    for serializer in (
        BinarySerializer(ext, ".parquet", pl.read_parquet, lambda frame, path: frame.write_parquet(path)),
        BinarySerializer(ext, ".feather", pl.read_ipc, lambda frame, path: frame.write_ipc(path)),
        TextSerializer(ext, ".csv", ","),
        TextSerializer(ext, ".tsv", "\t"),
    ):
        ext.register_serializer(serializer, save_only=True)
