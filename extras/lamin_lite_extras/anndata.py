"""Annotated matrices (AnnData), saved and loaded as ``.h5ad`` and ``.anndata.zarr``, and opened on disk."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any

import anndata as ad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_METADATA = (".zarray", ".zmetadata", "zarr.json")  # files of a Zarr store that name codecs


class MatrixSerializer:
    """Reads and writes annotated matrices in one format."""

    types = ("anndata._core.anndata.AnnData",)
    otype = "AnnData"

    def __init__(
        self, suffix: str, load: Callable[[str], ad.AnnData], save: Callable[[ad.AnnData, str], object]
    ) -> None:
        self.name = f"anndata {suffix}"
        self.suffixes = (suffix,)
        self._load = load
        self._save = save

    def load(self, path: str) -> ad.AnnData:
        """The matrix in the file or folder."""
        return self._load(path)

    def save(self, obj: ad.AnnData, path: str) -> None:
        """Write the matrix."""
        self._save(obj, path)

    def observations(self, obj: ad.AnnData) -> int:
        """The number of observations, the rows of ``X``."""
        return int(obj.n_obs)

    def observations_in(self, path: str) -> int:
        """The number of observations in a file, of which only the index is looked at."""
        return _length(path)


def register(ext: Any) -> None:
    """Let annotated matrices be saved, loaded and opened."""
    read_zarr, open_zarr = _safe(ext, _read_zarr), _safe(ext, _open_zarr)
    ext.register_serializer(MatrixSerializer(".h5ad", ad.read_h5ad, lambda matrix, path: matrix.write_h5ad(path)))
    ext.register_serializer(MatrixSerializer(".anndata.zarr", read_zarr, _write_zarr))
    ext.register_serializer(MatrixSerializer(".zarr", read_zarr, _write_zarr), save_only=True)
    ext.register_opener(".h5ad", lambda path: ad.read_h5ad(path, backed="r"))
    for suffix in (".anndata.zarr", ".zarr"):
        ext.register_opener(suffix, open_zarr)


def _length(path: str) -> int:
    import h5py

    with h5py.File(path, "r") as file:
        table = file["obs"]
        return len(table[table.attrs["_index"]] if isinstance(table, h5py.Group) else table)


def _write_zarr(matrix: ad.AnnData, path: str) -> None:
    with warnings.catch_warnings():  # of the format that a later version will write: both are read
        warnings.filterwarnings("ignore", message="Writing zarr v2", category=UserWarning)
        matrix.write_zarr(path)


def _read_zarr(path: str) -> ad.AnnData:
    return ad.read_zarr(path)


def _open_zarr(path: str) -> Any:
    """The matrix with its data on disk, where this version of anndata can (from 0.12 on, with xarray); else read."""
    try:
        from anndata.experimental import read_lazy

        return read_lazy(path)
    except ImportError:
        return ad.read_zarr(path)


def _safe(ext: Any, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """The reader, for stores without pickles: Zarr unpickles by codec, which can run code that a file brings along."""

    def checked(path: str) -> Any:
        for file in _metadata_of(path):
            with open(file, encoding="utf-8", errors="replace") as handle:
                if _names_pickle(json.load(handle)):
                    msg = f"{path} holds pickles ({os.path.relpath(file, path)}), which can run code: it is not read."
                    raise ext.errors.InvalidArgument(msg)
        return read(path)

    return checked


def _metadata_of(path: str) -> Iterator[str]:
    for folder, _, files in os.walk(path):
        yield from (os.path.join(folder, file) for file in files if file in _METADATA)


def _names_pickle(value: Any) -> bool:
    """Whether a codec of this name occurs anywhere in the metadata of arrays; attributes are free text."""
    if isinstance(value, dict):
        codec = value.get("id", value.get("name"))
        named = isinstance(codec, str) and codec.rpartition(".")[2].lower() == "pickle"
        return named or any(_names_pickle(each) for key, each in value.items() if key != "attributes")
    return isinstance(value, list) and any(map(_names_pickle, value))


def from_columns(
    measured: Mapping[str, Sequence[Any]], others: Mapping[str, Sequence[Any]], index: Sequence[Any], name: str
) -> ad.AnnData:
    """A matrix with the measured columns as variables, and the others as annotations of the observations."""
    import numpy as np
    import pandas as pd

    observations = pd.DataFrame(dict(others), index=pd.Index(index, name=name))
    variables = pd.DataFrame(index=pd.Index(list(measured), name="gene"))
    return ad.AnnData(np.array(list(measured.values()), dtype="float32").T, obs=observations, var=variables)
