"""Sizes, times, calls: values as people read them. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Optional

from ..base import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VALUE = 32  #: characters of one param's value in a call


def size(count: Optional[int]) -> str:
    """Bytes in powers of 1000.

    >>> size(10_123)
    '10.1 KB'
    """
    if count is None:
        return ""
    amount, unit = float(count), "B"
    for larger in ("KB", "MB", "GB", "TB", "PB"):
        if amount < 999.95:
            break
        amount, unit = amount / 1000, larger
    return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"


def duration(micros: int) -> str:
    """A time span.

    >>> duration(3_725_000_000)
    '1 h 2 min'
    """
    seconds = max(0, micros) / 1e6
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def minute(micros: Optional[int]) -> str:
    """A moment, to the minute.

    >>> minute(0)
    '1970-01-01 00:00 UTC'
    """
    return "" if micros is None else clock.to_datetime(micros).strftime("%Y-%m-%d %H:%M UTC")


def plain(value: object) -> str:
    """The text without what would break a line or steer a terminal."""
    return "".join(char if char.isprintable() else "·" for char in str(value))


def shortened(text: str, width: int) -> str:
    """At most this many characters."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def value(param: Any, names: Optional[Mapping[str, str]] = None) -> str:
    """A param's value; saved rows by their titles, also within lists, where ``names`` (uid -> title) are given.

    >>> value(["Artifact[u1]", 2], {"u1": "a.csv"})
    '[a.csv, 2]'
    """
    text = json.dumps(param, ensure_ascii=False)
    return plain(text if not any(f'"{kind}[' in text for kind in _ROWS) else _with_titles(param, names))


_ROWS = ("Artifact", "Run", "Transform", "Collection")


def _with_titles(param: Any, names: Optional[Mapping[str, str]]) -> str:
    """A value that holds rows, as JSON but for these."""
    if isinstance(param, list):
        return f"[{', '.join(_with_titles(each, names) for each in param)}]"
    if isinstance(param, dict):
        pairs = (f"{json.dumps(name, ensure_ascii=False)}: {_with_titles(held, names)}" for name, held in param.items())
        return f"{{{', '.join(pairs)}}}"
    row = row_of(param)
    if row is None:
        return json.dumps(param, ensure_ascii=False)
    return str(param) if names is None else names.get(row[1], "…")


def row_of(param: Any) -> Optional[tuple[str, str]]:
    """Registry and uid of the saved row that a param is.

    >>> row_of("Artifact[u1]")
    ('Artifact', 'u1')
    """
    kind, _, uid = param[:-1].partition("[") if isinstance(param, str) and param.endswith("]") else ("", "", "")
    return (kind, uid) if kind in _ROWS else None


def rows_in(param: Any) -> Iterator[tuple[str, str]]:
    """The same of all that a param holds."""
    if isinstance(param, (dict, list)):
        for each in param.values() if isinstance(param, dict) else param:
            yield from rows_in(each)
    else:
        row = row_of(param)
        if row is not None:
            yield row


def arguments(params: Optional[Mapping[str, Any]], width: int, names: Optional[Mapping[str, str]] = None) -> str:
    """Params as in a call, cut to a width.

    >>> arguments({"rows": 2, "key": "a.csv"}, 40)
    'rows=2, key="a.csv"'
    """
    parts = [f"{plain(name)}={shortened(value(param, names), VALUE)}" for name, param in (params or {}).items()]
    return shortened(", ".join(parts), width)
