"""Annotated matrices (AnnData), saved and loaded as ``.h5ad`` and ``.anndata.zarr``, and opened on disk."""

from __future__ import annotations

import itertools
import json
import os
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anndata as ad

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_METADATA = (".zarray", ".zmetadata", "zarr.json")  # files of a Zarr store that name codecs


class MatrixSerializer:
    """Reads and writes annotated matrices in one format; what would not come back is refused with the remedy."""

    types = ("anndata._core.anndata.AnnData",)
    otype = "AnnData"

    def __init__(
        self, ext: Any, suffix: str, load: Callable[[str], ad.AnnData], save: Callable[[ad.AnnData, str], object]
    ) -> None:
        self.name = f"anndata {suffix}"
        self.suffixes = (suffix,)
        self._errors = ext.errors
        self._load = load
        self._save = save

    def load(self, path: str) -> ad.AnnData:
        """The matrix in the file or folder."""
        return self._load(path)

    def save(self, obj: ad.AnnData, path: str) -> None:
        """Write the matrix; raises ``InvalidArgument`` for what would not come back."""
        problem, cause = next(_problems_of(obj), ""), None
        if not problem:
            try:
                self._save(obj, path)
            except (OSError, MemoryError):
                raise
            except Exception as error:  # of what the library has no form for almost any
                problem, cause = f"{_told(error)}; convert it, as by astype(str), or leave it out", error
        if problem:
            raise self._errors.InvalidArgument(
                f"This AnnData cannot be saved as {self.suffixes[0]}: {problem}."
            ) from cause

    def observations(self, obj: ad.AnnData) -> int:
        """The number of observations, the rows of ``X``."""
        return int(obj.n_obs)

    def observations_in(self, path: str) -> int:
        """The number of observations in a file, of which only the index is looked at."""
        return _length(path)


def register(ext: Any) -> None:
    """Let annotated matrices be saved, loaded and opened."""
    read_zarr, open_zarr = _safe(ext, _read_zarr), _safe(ext, _open_zarr)
    ext.register_serializer(MatrixSerializer(ext, ".h5ad", ad.read_h5ad, _write_h5ad))
    ext.register_serializer(MatrixSerializer(ext, ".anndata.zarr", read_zarr, _write_zarr))
    ext.register_serializer(MatrixSerializer(ext, ".zarr", read_zarr, _write_zarr), save_only=True)
    ext.register_opener(".h5ad", lambda path: ad.read_h5ad(path, backed="r"))
    for suffix in (".anndata.zarr", ".zarr"):
        ext.register_opener(suffix, open_zarr)


def _length(path: str) -> int:
    import h5py

    with h5py.File(path, "r") as file:
        table = file["obs"]
        return len(table[table.attrs["_index"]] if isinstance(table, h5py.Group) else table)


def _write_h5ad(matrix: ad.AnnData, path: str) -> None:
    """Write a matrix; the method of the matrix would move one that is open on disk to the new file."""
    try:
        from anndata.io import write_h5ad
    except ImportError:  # before 0.11
        from anndata._io import write_h5ad

        if any(type(part).__module__.startswith("zarr") for part in (matrix.X, *matrix.layers.values())):
            matrix = matrix.to_memory()  # which these versions cannot copy
    write_h5ad(path, matrix)


def _write_zarr(matrix: ad.AnnData, path: str) -> None:
    with warnings.catch_warnings():  # of the format that a later version will write: both are read
        warnings.filterwarnings("ignore", message="Writing zarr v2", category=UserWarning)
        matrix.write_zarr(path)


def _read_zarr(path: str) -> ad.AnnData:
    return ad.read_zarr(path)


_IN_MEMORY = ("obs", "var", "obsm", "varm", "obsp", "varp", "uns")  # as of a matrix that is opened as .h5ad


def _open_zarr(path: str) -> Any:
    """The matrix with ``X``, the layers and ``raw.X`` on disk; all else is read."""
    import zarr

    read_elem = _elements().read_elem
    group = zarr.open_group(path, mode="r")
    if group.attrs.get("encoding-type") != "anndata":  # of a version before 0.8, or of nobody
        return ad.read_zarr(path)
    parts = {name: read_elem(group[name]) for name in _IN_MEMORY if name in group}
    raw, layers = group.get("raw", {}), group.get("layers", {})
    return ad.AnnData(
        X=_on_disk(group["X"]) if "X" in group else None,
        layers={name: _on_disk(layers[name]) for name in layers},
        raw={name: _on_disk(raw[name]) if name == "X" else read_elem(raw[name]) for name in raw} or None,
        **parts,
    )


def _on_disk(part: Any) -> Any:
    """An array of a store, of which parts can be read."""
    is_sparse = str(part.attrs.get("encoding-type")).endswith("_matrix")
    return _elements().sparse_dataset(part) if is_sparse else part


def _elements() -> Any:
    """What reads single elements of a store."""
    try:
        from anndata import io
    except ImportError:  # before 0.11
        from anndata import experimental as io
    return io


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


# -- what would not come back
#
# Of what the library refuses itself, it tells; but some of it writes as texts, or without its mask, and says nothing.

_TEXTS = "make texts of all, as by astype(str), or leave it out"


def _problems_of(matrix: ad.AnnData) -> Iterator[str]:
    """What of the matrix would come back as something else, or could not be read again; with the remedy."""
    for where, table in _tables_of(matrix):
        yield from _problems_of_table(where, table, named=True)
    mappings = ("obsm", "varm", "obsp", "varp", "layers", "uns")
    for where in mappings:
        yield from _problems_within(where, getattr(matrix, where))
    if not matrix.isbacked:
        yield from _problems_within("X", matrix.X)


def _tables_of(matrix: ad.AnnData) -> list[tuple[str, Any]]:
    raw = [] if matrix.raw is None else [("raw.var", matrix.raw.var)]
    return [("obs", matrix.obs), ("var", matrix.var), *raw]


def _problems_within(where: str, value: Any) -> Iterator[str]:
    """What of a value, and of all within it, would come back as something else."""
    import numpy as np
    import pandas as pd

    if isinstance(value, Mapping):
        for key, held in value.items():
            yield from _problems_of_key(where, key)
            yield from _problems_within(f"{where}[{key!r}]", held)
    elif isinstance(value, ad.AnnData):
        yield from (f"{where}: {problem}" for problem in _problems_of(value))
    elif isinstance(value, pd.DataFrame):
        yield from _problems_of_table(where, value, named=False)
    elif isinstance(value, pd.Categorical):
        yield from _problems_of_texts(where, value.categories)
    elif isinstance(value, np.ma.MaskedArray):
        yield f"{where} would lose its mask; save array.filled() and np.ma.getmaskarray(array)"
    elif isinstance(value, np.ndarray):
        for name in value.dtype.names or ():
            yield from _problems_within(f"{where}[{name!r}]", value[name])
        if value.dtype.kind == "O":
            yield from _problems_of_texts(where, value.ravel())
    elif isinstance(value, list):
        yield from _problems_of_list(where, value)


def _problems_of_key(where: str, key: Any) -> Iterator[str]:
    if not isinstance(key, str):
        yield f"the key {key!r} in {where} is no text; make a text of it"
    elif "/" in key or key in ("", ".", ".."):
        yield f"the key {key!r} in {where} names another place in the file; rename it"


def _problems_of_table(where: str, table: Any, *, named: bool) -> Iterator[str]:
    """What of a table would not come back; one with ``named`` rows has an index of texts, and may miss texts."""
    index = table.index
    if named and not all(isinstance(name, str) for name in index):
        yield f"{where}_names are not all texts; make texts of them, as by {where}.index.astype(str)"
    elif index.dtype.kind == "O":
        yield from _problems_of_texts(f"the index of {where}", index)
    for at, name in enumerate(table.columns):
        column, title = table.iloc[:, at], f"column {name!r} of {where}"
        if name in ("", "."):
            yield f"the name of {title} names another place in the file; rename it"
        if str(column.dtype) == "category":
            yield from _problems_of_texts(title, column.cat.categories)
        elif column.dtype.kind == "O":
            known = column[column.notna()]
            yield from _problems_of_texts(title, known)
            if len(known) < len(column) and not (named and len(known)):  # else they are written as categories
                yield f"{title} has missing values, which would become texts; make categories, as by astype('category')"


def _problems_of_texts(where: str, values: Any) -> Iterator[str]:
    """Objects are all written as texts."""
    if getattr(values.dtype, "kind", "") == "O":
        odd = next((type(value).__name__ for value in values if not isinstance(value, str)), "")
        if odd:
            yield f"{where} holds objects that are no texts ({odd}); {_TEXTS}"


def _problems_of_list(where: str, value: list[Any]) -> Iterator[str]:
    """A list is written as an array, in which all have one type."""
    held = set(map(_family, _leaves(value)))
    if len(held) > 1 or None in held:
        yield f"{where} is a list of mixed types, or of such as no array has; make texts of all, or leave it out"


def _leaves(value: list[Any]) -> Iterator[Any]:
    return itertools.chain.from_iterable(_leaves(each) if isinstance(each, list) else (each,) for each in value)


def _family(value: Any) -> Any:
    import numpy as np

    families: tuple[Any, ...] = (str, (bool, np.bool_), (int, float, complex, np.number), np.ndarray)
    return next((number for number, kinds in enumerate(families) if isinstance(value, kinds)), None)


def _told(error: Exception) -> str:
    """What the library says in one line, and where in the matrix it was."""
    said = "\n".join([str(error), *getattr(error, "__notes__", ())]).strip()
    place = re.search(r"writing key '(.+?)' of .* to (/\S*)", said)
    unknown = re.search(r"No method registered for writing <class '(.+?)'>", said)
    first = f"there is no form for {unknown[1]}" if unknown else said.partition("\n")[0].rstrip(".")
    first = first or type(error).__name__
    where = f"{place[2].strip('/')} {place[1]!r}".strip() if place else ""
    return f"{where}: {first}" if where else first


def from_columns(
    measured: Mapping[str, Sequence[Any]], others: Mapping[str, Sequence[Any]], index: Sequence[Any], name: str
) -> ad.AnnData:
    """A matrix with the measured columns as variables, and the others as annotations of the observations."""
    import numpy as np
    import pandas as pd

    observations = pd.DataFrame(dict(others), index=pd.Index(index, name=name))
    variables = pd.DataFrame(index=pd.Index(list(measured), name="gene"))
    return ad.AnnData(np.array(list(measured.values()), dtype="float32").T, obs=observations, var=variables)
