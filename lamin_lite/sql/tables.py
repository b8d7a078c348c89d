"""Rows as a table of text that fits the width of the terminal."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional

CELL = 40  #: widest cell
LONGEST = 1_000  #: characters of what has a line of its own
LEAST = 12  #: what a column of texts keeps before a column is left out
HASH = 8  #: characters of a digest that are shown
#: columns whose texts are paths: their ends say more than their starts
PATHS = frozenset("key path root transform artifact storage environment report".split())
_GAP = 2


def text_table(rows: Sequence[dict[str, Any]], width: Optional[int] = None) -> str:
    """Rows as an aligned table; columns without any value are left out, and those that do not fit are named."""
    if not rows:
        return "(no rows)"
    names = with_values(rows)
    columns = [[name, *(cell(row[name], name) for row in rows)] for name in names]
    natural = [max(map(text_width, column)) for column in columns]
    widths = list(natural)
    if width is not None:
        texts = [name != "uid" and any(isinstance(row[name], (str, dict, list)) for row in rows) for name in names]
        widths = _fitted(natural, [min(LEAST, one) if text else one for one, text in zip(natural, texts)], width)
    numbers = [all(type(row[name]) in (int, float, type(None)) for row in rows) for name in names]
    cells = [
        [_padded(text, width, name, right) for text in column]
        for name, column, width, right in zip(names, columns, widths, numbers)
    ]
    lines = [(" " * _GAP).join(line).rstrip() for line in zip(*cells)]
    if len(widths) < len(names):
        lines.append(f"... not shown: {', '.join(names[len(widths) :])}")
    return "\n".join(lines)


def html_table(rows: Sequence[dict[str, Any]], title: str = "", note: str = "") -> str:
    """Rows as a table of HTML, with the same columns and cells; a notebook finds the room for them."""
    from ..base import markup

    names = with_values(rows)
    cells = [[(cell(row[name], name), line(row[name])) for name in names] for row in rows]
    return markup.table(names or ["no rows"], cells, title, note)


def with_values(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The columns that say something; of no rows none."""
    return [name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)]


def _fitted(natural: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """The widths of the columns that fit, from the first on: texts are made narrower, the widest first."""
    fits = len(natural)
    while fits > 1 and sum(least[:fits]) + _GAP * (fits - 1) > width:
        fits -= 1
    widths, room = list(natural[:fits]), width - _GAP * (fits - 1)
    while sum(widths) > room:
        wide = [at for at in range(fits) if widths[at] > least[at]]
        if not wide:
            break
        widths[max(wide, key=lambda at: widths[at])] -= 1
    return widths


def _padded(text: str, width: int, name: str, right: bool) -> str:
    text = cut(text, width, name)
    space = " " * (width - text_width(text))
    return space + text if right else text + space


def cut(text: str, width: int, name: str = "") -> str:
    """At most so many columns of a terminal; what is in a column of paths is cut at its start, if it can be after a slash.

    >>> cut("results/2026/summary.json", 16), cut("results/2026/summary.json", 16, "key")
    ('results/2026/su…', '…/summary.json')
    """
    if text_width(text) <= width:
        return text
    at_start = name.rpartition("__")[2] in PATHS
    text = text[-(width - 1) :] if at_start and width > 1 else text[: width - 1]
    while text_width(text) >= width:
        text = text[1:] if at_start else text[:-1]
    if not at_start:
        return text + "…"
    slash = text.find("/")
    return "…" + (text[slash:] if 0 <= slash < len(text) // 2 else text)


def text_width(text: str) -> int:
    """Columns that a terminal takes: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def cell(value: object, name: str = "") -> str:
    """A value as one short line of printable characters."""
    return cut(line(value), HASH + 1 if name == "hash" else CELL, name)


def line(value: object) -> str:
    """A value as one line of printable characters, whole unless it is very long."""
    text = "" if value is None else moment(value) if hasattr(value, "strftime") else str(value)
    return cut("".join(char if char.isprintable() else "·" for char in text[: LONGEST + 1]), LONGEST)


def moment(value: Any) -> str:
    """A moment to the second, or a day.

    >>> from datetime import date
    >>> moment(date(2026, 1, 31))
    '2026-01-31'
    """
    return str(value.strftime("%Y-%m-%d %H:%M:%S") if hasattr(value, "hour") else value)


def terminal_width() -> int:
    """Characters in a line of the terminal; a generous line where there is none."""
    import shutil

    return shutil.get_terminal_size((160, 24)).columns
