"""Arrays of numpy, saved and loaded as ``.npy``; never as pickles, so that arrays of objects are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


class ArraySerializer:
    """One array a file."""

    name = "numpy .npy"
    suffixes = (".npy",)
    types = ("numpy.ndarray",)
    otype = "ndarray"

    def __init__(self, errors: Any) -> None:
        self._errors = errors

    def load(self, path: str) -> Any:
        """The array in the file."""
        return _read(self._errors, self.name, path, b"\x93NUMPY", lambda file: np.load(file, allow_pickle=False))

    def save(self, obj: Any, path: str) -> None:
        """Write the array into the file."""
        if isinstance(obj, np.ma.MaskedArray):
            msg = "A masked array would lose its mask as .npy: save array.filled() and np.ma.getmaskarray(array)."
            raise self._errors.InvalidArgument(msg)
        if type(obj) not in (np.ndarray, np.memmap):  # of other subclasses only the numbers are written
            kind = f"{type(obj).__module__}.{type(obj).__qualname__}"
            msg = f"A {kind} would come back from .npy as a plain array: save np.asarray(array)."
            raise self._errors.InvalidArgument(msg)
        if obj.dtype.hasobject:
            raise _pickled(self._errors)
        np.save(path, obj, allow_pickle=False)

    def observations(self, obj: Any) -> int | None:
        """The length of the first axis."""
        return int(obj.shape[0]) if obj.ndim else None


class ArchiveSerializer:
    """Several arrays by name: a file of ``numpy.savez``, which is read as a dict."""

    name = "numpy .npz"
    suffixes = (".npz",)
    types = ()

    def __init__(self, errors: Any) -> None:
        self._errors = errors

    def load(self, path: str) -> dict[str, Any]:
        """The arrays in the file, by name."""

        def read(file: BinaryIO) -> dict[str, Any]:
            with np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}

        return dict(_read(self._errors, self.name, path, b"PK", read))

    def save(self, obj: Any, path: str) -> None:
        """Write the arrays of a dict into the file."""
        np.savez(path, **obj)


def _read(errors: Any, name: str, path: str, magic: bytes, read: Callable[[BinaryIO], Any]) -> Any:
    """What is read; raises ``InvalidArgument`` for pickles, and for a file that is broken or another one."""
    said = f"{path!r} cannot be read as {name}: it {{}}; `artifact.cache()` gives the path to read it otherwise."
    with open(path, "rb") as file:
        if file.read(len(magic)) != magic:  # which numpy takes for a pickle
            raise errors.InvalidArgument(said.format("does not begin as such a file does"))
        file.seek(0)
        try:
            return read(file)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # of a broken zip file almost any
            if "allow_pickle" in str(error):
                raise _pickled(errors) from error
            first = str(error).strip().partition("\n")[0].rstrip(".")
            raise errors.InvalidArgument(said.format(f"is broken ({first})")) from error


def _pickled(errors: Any) -> Exception:
    msg = "An array of Python objects would be a pickle, which can run code: convert it, as by array.astype(str)."
    error: Exception = errors.InvalidArgument(msg)
    return error


def register(ext: Any) -> None:
    """Let arrays be saved and loaded."""
    ext.register_serializer(ArraySerializer(ext.errors))
    ext.register_serializer(ArchiveSerializer(ext.errors))
