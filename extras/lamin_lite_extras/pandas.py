"""Data frames of pandas: read and written as Parquet and Feather, written as CSV, TSV and JSON; rows as a frame.

Reading ``.csv``, ``.tsv`` and ``.json`` is left to the core, which gives rows and plain values without pandas.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_TYPES = ("pandas.core.frame.DataFrame", "pandas.DataFrame")  # the second is what pandas 3 calls it


class FrameSerializer:
    """Reads and writes data frames in one format.

    ``load`` takes a path and gives the frame, ``save`` takes the frame and a path.
    """

    types = _TYPES
    otype = "DataFrame"

    def __init__(
        self, suffix: str, load: Callable[[str], pd.DataFrame], save: Callable[[pd.DataFrame, str], object]
    ) -> None:
        self.name = f"pandas {suffix}"
        self.suffixes = (suffix,)
        self._load = load
        self._save = save

    def load(self, path: str) -> pd.DataFrame:
        """The frame in the file."""
        return self._load(path)

    def save(self, obj: Any, path: str) -> None:
        """Write the frame into the file."""
        self._save(obj, path)

    def observations(self, obj: Any) -> int:
        """The number of rows."""
        return len(obj)


def register(ext: Any) -> None:
    """Let data frames be saved and loaded."""
    ext.register_serializer(FrameSerializer(".parquet", _needs_pyarrow(ext, pd.read_parquet), _to_parquet(ext)))
    ext.register_serializer(FrameSerializer(".feather", _needs_pyarrow(ext, pd.read_feather), _to_feather(ext)))
    for suffix, separator in ((".csv", ","), (".csv.gz", ","), (".tsv", "\t"), (".tsv.gz", "\t")):
        ext.register_serializer(FrameSerializer(suffix, _read_text(separator), _to_text(separator)), save_only=True)
    ext.register_serializer(FrameSerializer(".json", _read_json, _to_json), save_only=True)


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
    return _needs_pyarrow(ext, lambda frame, path: frame.to_parquet(path))


def _to_feather(ext: Any) -> Callable[[pd.DataFrame, str], object]:
    return _needs_pyarrow(ext, lambda frame, path: frame.to_feather(path))


def _counts(index: pd.Index[Any]) -> bool:
    """Whether an index only counts the rows: written, it would come back as a column without a name."""
    return isinstance(index, pd.RangeIndex) and index.name is None and index.equals(pd.RangeIndex(len(index)))


def _to_text(separator: str) -> Callable[[pd.DataFrame, str], object]:
    return lambda frame, path: frame.to_csv(path, sep=separator, index=not _counts(frame.index))


def _read_text(separator: str) -> Callable[[str], pd.DataFrame]:
    """A first column whose header is empty is the index, which had no name."""

    def load(path: str) -> pd.DataFrame:
        header = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False)
        unnamed = header.shape[1] > 1 and header.iloc[0, 0] == ""
        frame = pd.read_csv(path, sep=separator, index_col=0 if unnamed else None)
        return frame.rename_axis(index=None) if unnamed else frame

    return load


def _to_json(frame: pd.DataFrame, path: str) -> None:
    rows = frame if _counts(frame.index) else frame.reset_index()
    rows.to_json(path, orient="records", date_format="iso", double_precision=15)


def _read_json(path: str) -> pd.DataFrame:
    """The rows; pandas' own reader guesses dates, and rounds."""
    with open(path, encoding="utf-8") as file:
        return pd.DataFrame(json.load(file))


def frame(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> pd.DataFrame:
    """Rows as a data frame with these columns, also if there are none; its index is ``id``."""
    made = pd.DataFrame.from_records(list(rows), columns=list(dict.fromkeys(names)))
    return made.set_index("id")


def from_columns(columns: Mapping[str, Sequence[Any]], index: Sequence[Any], name: str) -> pd.DataFrame:
    """A data frame with these columns, and an index of that name."""
    return pd.DataFrame(dict(columns), index=pd.Index(index, name=name))
