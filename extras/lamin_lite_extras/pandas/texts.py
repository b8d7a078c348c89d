"""Frames as texts: CSV, TSV and JSON, beside which a layout is kept."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from .layouts import (
    UnfitError,
    as_series,
    base_of,
    frame_of,
    index_of,
    is_text,
    kinds_of,
    layout_of,
    may_miss,
    plain,
    restored,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_VERSION = tuple(int(part) for part in pd.__version__.split(".")[:2])


# -- CSV and TSV


def to_text(separator: str) -> Callable[[pd.DataFrame, str], Any]:
    """Writes a frame and gives its layout; raises `UnfitError` for what would not come back."""

    def save(frame: pd.DataFrame, path: str) -> Any:
        layout = layout_of(frame)
        levels = [frame.index.get_level_values(at) for at in range(len(layout["index"]))]
        fields = [*levels, *(frame.iloc[:, at] for at in range(frame.shape[1]))]
        texts = [(set(field.dropna()), kind) for field, kind in zip(fields, kinds_of(layout)) if is_text(kind)]
        named = {str(name) for name in (*frame.columns, *frame.index.names) if name is not None}
        _check_texts(itertools.chain(named, *(found for found, _ in texts)))
        layout["missing"] = _mark([found for found, kind in texts if may_miss(kind)])
        # one text stands for what is missing in all columns, and may be a text like others in some
        if any(layout["missing"] in found for found, kind in texts if not may_miss(kind)):
            layout["ambiguous"] = True
        # Python's writer leaves a lone carriage return unquoted before 3.13, and readers end the line there
        returns = any("\r" in text for text in itertools.chain(named, *(found for found, _ in texts)))
        quoting = {"quoting": 2} if returns else {}
        written = _with_durations(frame, levels)
        written.to_csv(
            path, sep=separator, index=bool(levels), na_rep=layout["missing"], lineterminator="\n", **quoting
        )
        return layout

    return save


def _with_durations(frame: pd.DataFrame, levels: list[Any]) -> pd.DataFrame:
    """The frame with durations as its index where that has categories of them, of which pandas before 2 cuts the texts."""
    kinds = [getattr(getattr(level, "categories", level), "dtype", None) for level in levels]
    if not any(kind != level.dtype and getattr(kind, "kind", "") == "m" for kind, level in zip(kinds, levels)):
        return frame
    index = index_of([level.astype(kind) for level, kind in zip(levels, kinds)], list(frame.index.names))
    return frame.set_axis(index, axis="index")


def _check_texts(texts: Iterable[str]) -> None:
    for text in texts:
        if "\0" in text:
            raise UnfitError("it holds the character NUL, which many readers of CSV cannot read")
        if text.startswith("\ufeff"):
            raise UnfitError("a text begins with a byte order mark, which readers take away")


def _mark(texts: list[set[str]]) -> str:
    """What stands for a missing value: nothing, if no column has empty texts as well."""
    marks = ("", "NA", "NULL", "<missing>")
    free = (mark for mark in marks if not any(mark in found for found in texts))
    found = next(free, None)
    if found is None:
        raise UnfitError("it holds empty texts, missing values, and all that could stand for these")
    return found


_NATIVE = frozenset(  # not uint64, of which pandas 3.1 reads large ones as 0
    ["float32", "float64", "int64", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32))]
)


def read_text(separator: str) -> Callable[[str, Any], pd.DataFrame]:
    """Reads a frame as its layout says."""

    def read(path: str, layout: Any) -> pd.DataFrame:
        kinds, missing = kinds_of(layout), layout["missing"]
        if not kinds:
            return frame_of([], [], layout)
        exact: Any = {"sep": separator, "skip_blank_lines": False}  # white space alone is a text, too
        if _VERSION < (3, 1):  # later ones always read what was written
            exact["float_precision"] = "round_trip"
        header = pd.read_csv(path, header=None, nrows=1, dtype=object, na_filter=False, **exact)
        found = pd.read_csv(
            path,
            header=0,
            names=list(range(len(kinds))),
            index_col=False,
            dtype={at: base_of(kind) if _is_native(kind) else object for at, kind in enumerate(kinds)},
            keep_default_na=False,
            na_values={at: [missing] for at, kind in enumerate(kinds) if may_miss(kind)},
            **exact,
        )
        fields = [restored(found[at], kind) for at, kind in enumerate(kinds)]
        return frame_of(fields, header.iloc[0].tolist()[len(layout["index"]) :], layout)

    return read


_ARROW = {  #: how Arrow calls the types that its reader of CSV can read as pandas wrote them
    **dict.fromkeys(("object string", "string", "str", "timedelta64"), "string"),
    **dict.fromkeys(("bool", "boolean", "object boolean"), "bool"),
    **{name: name for sign in ("", "u") for name in (f"{sign}int{bits}" for bits in (8, 16, 32, 64))},
    **dict.fromkeys(("float16", "float32"), "float"),
    **dict.fromkeys(("float64", "object floating"), "double"),
    "object integer": "int64",
    "object date": "date32",
    **{f"datetime64[{unit}]": f"timestamp[{unit}]" for unit in ("s", "ms", "us", "ns")},
}


def described(layout: Any) -> dict[str, Any]:
    """What opens the file in parts needs of its layout; see ``Serializer`` of the core."""
    bases = [base_of(kind).lower() for kind in kinds_of(layout)]  # as nullable types differ only in that
    return {
        "types": [_ARROW.get(base) or _ARROW.get(base.partition("[")[0], "") for base in bases],
        "missing": layout["missing"],
        "texts_miss": not layout.get("ambiguous", False),
        "quotes_miss": True,  # as pandas quotes what would be an empty line
    }


def _is_native(kind: Any) -> bool:
    return not isinstance(kind, list) and base_of(kind) in _NATIVE


def guess_text(separator: str) -> Callable[[str], pd.DataFrame]:
    """Of a file whose layout nobody kept: a first column whose header is empty is the index, which had no name."""

    def load(path: str) -> pd.DataFrame:
        header = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False)
        unnamed = header.shape[1] > 1 and header.iloc[0, 0] == ""
        frame = pd.read_csv(path, sep=separator, index_col=0 if unnamed else None)
        return frame.rename_axis(index=None) if unnamed else frame

    return load


# -- JSON


def to_json(frame: pd.DataFrame, path: str) -> Any:
    """Write a frame as a list of rows, and give its layout; raises `UnfitError` for what would not come back."""
    layout = layout_of(frame)
    names = [*_names_of_levels(frame, layout), *map(str, frame.columns)]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnfitError(f"two fields are named {twice!r}, and one would be lost", "save it as .csv, or rename one")
    levels = [as_series(frame.index.get_level_values(at)) for at in range(len(layout["index"]))]
    fields = [*levels, *(frame.iloc[:, at] for at in range(frame.shape[1]))]
    columns = [plain(field, kind) for field, kind in zip(fields, kinds_of(layout))]
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


def read_json(path: str, layout: Any) -> pd.DataFrame:
    """The frame as it was saved."""
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)
    names = list(rows[0]) if rows else layout["names"]
    raw = [pd.Series([row[name] for row in rows], dtype=object) for name in names]
    fields = [restored(each, kind) for each, kind in zip(raw, kinds_of(layout))]
    return frame_of(fields, names[len(layout["index"]) :], layout)


def guess_json(path: str) -> pd.DataFrame:
    """The rows of a file whose layout nobody kept; pandas' own reader guesses dates, and rounds."""
    with open(path, encoding="utf-8") as file:
        return pd.DataFrame(json.load(file))
