"""Arrays of numpy, saved and loaded as ``.npy``; never as pickles, so that arrays of objects are refused."""

from __future__ import annotations

from typing import Any

import numpy as np


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
        return self._checked(lambda: np.load(path, allow_pickle=False))

    def save(self, obj: Any, path: str) -> None:
        """Write the array into the file."""
        self._checked(lambda: np.save(path, obj, allow_pickle=False))

    def observations(self, obj: Any) -> int | None:
        """The length of the first axis."""
        return int(obj.shape[0]) if obj.ndim else None

    def _checked(self, call: Any) -> Any:
        try:
            return call()
        except ValueError as error:
            if "allow_pickle" not in str(error):
                raise
            msg = (
                "An array of Python objects would be a pickle, which can run code: convert it, as by array.astype(str)."
            )
            raise self._errors.InvalidArgument(msg) from error


class ArchiveSerializer:
    """Several arrays by name: a file of ``numpy.savez``, which is read as a dict."""

    name = "numpy .npz"
    suffixes = (".npz",)
    types = ()

    def load(self, path: str) -> dict[str, Any]:
        """The arrays in the file, by name."""
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}

    def save(self, obj: Any, path: str) -> None:
        """Write the arrays of a dict into the file."""
        np.savez(path, **obj)


def register(ext: Any) -> None:
    """Let arrays be saved and loaded."""
    ext.register_serializer(ArraySerializer(ext.errors))
    ext.register_serializer(ArchiveSerializer())
