"""Data frames of pandas: read and written as Parquet and Feather, written as CSV, TSV and JSON; rows as a frame.

Reading ``.csv``, ``.tsv`` and ``.json`` is left to the core, which gives rows and plain values without pandas. Of a frame
its layout is kept where the file alone does not tell it: which fields are the index, and of which type each of them is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from . import texts
from .layouts import CONVERT, UnfitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

_TYPES = ("pandas.core.frame.DataFrame", "pandas.DataFrame")  # the second is what pandas 3 calls it
_PARQUET = f"save it as .parquet, which keeps more, or {CONVERT}"


class FrameSerializer:
    """Reads and writes data frames in one format.

    ``load`` takes a path and gives the frame, ``save`` takes the frame and a path and gives its layout, ``read`` takes the
    layout too. What pandas refuses to write is told in one sentence that ends with the remedy.
    """

    types = _TYPES
    otype = "DataFrame"

    def __init__(
        self,
        ext: Any,
        suffix: str,
        load: Callable[[str], pd.DataFrame],
        save: Callable[[pd.DataFrame, str], Any],
        read: Callable[[str, Any], pd.DataFrame],
    ) -> None:
        self.name = f"pandas {suffix}"
        self.suffixes = (suffix,)
        self._errors = ext.errors
        self._load = load
        self._save = save
        self._read = read

    def load(self, path: str) -> pd.DataFrame:
        """The frame in the file."""
        return self._load(path)

    def load_as(self, path: str, layout: Any) -> pd.DataFrame:
        """The frame as it was saved."""
        return self._read(path, layout)

    def save(self, obj: Any, path: str) -> Any:
        """Write the frame into the file; gives its layout, where the file alone does not tell it."""
        try:
            return self._save(obj, path)
        except (ValueError, TypeError, NotImplementedError, OverflowError) as error:
            said, remedy = _told(error, self.suffixes[0])
            msg = f"This DataFrame cannot be saved as {self.suffixes[0]}: {said.rstrip('.')}; {remedy}."
            raise self._errors.InvalidArgument(msg) from (None if isinstance(error, UnfitError) else error)

    def observations(self, obj: Any) -> int:
        """The number of rows."""
        return len(obj)


class TextSerializer(FrameSerializer):
    """Reads and writes data frames in a format that alone does not tell types and index, and is opened with its layout."""

    def described(self, layout: Any) -> dict[str, Any]:
        """The layout, for what opens the file in parts."""
        return texts.described(layout)


def _told(error: Exception, suffix: str) -> tuple[str, str]:
    """What a refusal says, and a remedy that is none only where no other format keeps the frame."""
    if isinstance(error, UnfitError):
        fits = suffix not in (".parquet", ".feather") and (error.part is None or _is_kept_by_parquet(error.part))
        return str(error), error.remedy or (_PARQUET if fits else CONVERT)
    if isinstance(error, UnicodeEncodeError):
        return (
            "it holds half a character (a lone surrogate), which UTF-8 has no form for",
            "replace it, or save it as .json",
        )
    if isinstance(error, OverflowError) and "int too" in str(error):
        return (
            "it holds whole numbers of more than 64 bits",
            "save it as .csv, or make texts of them, as by astype(str)",
        )
    lines = [str(each).strip().partition("\n")[0].rstrip(".") for each in error.args]
    by_pyarrow = suffix == ".parquet" or type(error).__module__.startswith(
        "pyarrow"
    )  # which writes both of its formats
    remedy = f"rename it, or {CONVERT}" if by_pyarrow else _PARQUET
    return "; ".join(filter(None, lines)) or type(error).__name__, remedy


def _is_kept_by_parquet(part: pd.DataFrame) -> bool:
    import io

    try:
        from . import arrow

        arrow.to_parquet(part, io.BytesIO())
    except ImportError:  # without pyarrow nobody can tell
        return True
    except Exception:
        return False
    return True


def register(ext: Any) -> None:
    """Let data frames be saved and loaded."""
    for name in ("parquet", "feather"):
        calls = (_of_pyarrow(ext, f"{verb}_{name}") for verb in ("load", "to", "read"))
        ext.register_serializer(FrameSerializer(ext, f".{name}", *calls))
    for suffix, separator in ((".csv", ","), (".csv.gz", ","), (".tsv", "\t"), (".tsv.gz", "\t")):
        code = texts.guess_text(separator), texts.to_text(separator), texts.read_text(separator)
        ext.register_serializer(TextSerializer(ext, suffix, *code), save_only=True)
    json = FrameSerializer(ext, ".json", texts.guess_json, texts.to_json, texts.read_json)
    ext.register_serializer(json, save_only=True)


def _of_pyarrow(ext: Any, name: str) -> Callable[..., Any]:
    """The function, with one sentence where the library that it needs is not installed, or too old to be safe."""

    def checked(*args: Any) -> Any:
        return getattr(_arrow(ext), name)(*args)

    return checked


def _arrow(ext: Any) -> ModuleType:
    try:
        import pyarrow as pa
    except ImportError:
        pa = None
    version = () if pa is None else tuple(int(part) for part in pa.__version__.split(".")[:3] if part.isdigit())
    if version < (14, 0, 1):  # earlier ones can be made to run code that a file brings along
        msg = "Parquet and Feather need pyarrow 14.0.1 or later: pip install 'lamin-lite[pandas]'."
        raise ext.errors.MissingExtra(msg)
    from . import arrow

    return arrow


def frame(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> pd.DataFrame:
    """Rows as a data frame with these columns, also if there are none; its index is ``id``."""
    made = pd.DataFrame.from_records(list(rows), columns=list(dict.fromkeys(names)))
    return made.set_index("id")


def from_columns(columns: Mapping[str, Sequence[Any]], index: Sequence[Any], name: str) -> pd.DataFrame:
    """A data frame with these columns, and an index of that name."""
    return pd.DataFrame(dict(columns), index=pd.Index(index, name=name))
