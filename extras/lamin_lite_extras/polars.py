"""Data frames of polars, saved and loaded as Parquet, Feather, CSV and TSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable


class FrameSerializer:
    """Reads and writes data frames in one format; its suffixes are read by others unless polars wrote the file."""

    types = ("polars.dataframe.frame.DataFrame",)
    otype = "polars.DataFrame"

    def __init__(self, suffix: str, load: Callable[[str], pl.DataFrame], save: Callable[..., object]) -> None:
        self.name = f"polars {suffix}"
        self.suffixes = (suffix,)
        self._load = load
        self._save = save

    def load(self, path: str) -> pl.DataFrame:
        """The frame in the file."""
        return self._load(path)

    def save(self, obj: pl.DataFrame, path: str) -> None:
        """Write the frame into the file."""
        self._save(obj, path)

    def observations(self, obj: pl.DataFrame) -> int:
        """The number of rows."""
        return int(obj.height)


def register(ext: Any) -> None:
    """Let data frames be saved and loaded."""
    for serializer in (
        FrameSerializer(".parquet", pl.read_parquet, lambda frame, path: frame.write_parquet(path)),
        FrameSerializer(".feather", pl.read_ipc, lambda frame, path: frame.write_ipc(path)),
        FrameSerializer(".csv", pl.read_csv, lambda frame, path: frame.write_csv(path)),
        FrameSerializer(".tsv", _read_tsv, lambda frame, path: frame.write_csv(path, separator="\t")),
    ):
        ext.register_serializer(serializer, save_only=True)


def _read_tsv(path: str) -> pl.DataFrame:
    return pl.read_csv(path, separator="\t")
