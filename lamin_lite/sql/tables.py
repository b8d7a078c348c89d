"""Rows as a table of text that fits the width of the terminal."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional

CELL = 40  #: widest cell
LEAST = 6  #: a column that must be narrower is left out
HASH = 8  #: characters of a digest that are shown
_GAP = 2


def text_table(rows: Sequence[dict[str, Any]], width: Optional[int] = None) -> str:
    """Rows as an aligned table; columns without any value are left out, and those that do not fit are named."""
    if not rows:
        return "(no rows)"
    names = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    cells = [names, *([cell(row[name], name) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    if width is not None:
        _shrink(widths, width)
    lines = [_line(line, widths) for line in cells]
    if len(widths) < len(names):
        lines.append(f"... not shown: {', '.join(names[len(widths) :])}")
    return "\n".join(lines)


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    return (" " * _GAP).join(_cut(text, width).ljust(width) for text, width in zip(line, widths)).rstrip()


def _shrink(widths: list[int], width: int) -> None:
    """Make the widest columns narrower until all fit, and drop the last ones when that is not enough."""
    while len(widths) > 1 and sum(min(one, 2 * LEAST) + _GAP for one in widths) - _GAP > width:
        widths.pop()
    while sum(widths) + _GAP * (len(widths) - 1) > width and max(widths) > LEAST:
        widths[widths.index(max(widths))] -= 1


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def cell(value: object, name: str = "") -> str:
    """A value as one line of printable characters."""
    text = "" if value is None else value.strftime("%Y-%m-%d %H:%M:%S") if hasattr(value, "strftime") else str(value)
    text = "".join(char if char.isprintable() else "·" for char in text)
    return _cut(text, HASH + 1 if name == "hash" else CELL)


def terminal_width() -> int:
    """Characters in a line of the terminal; a generous line where there is none."""
    import shutil

    return shutil.get_terminal_size((160, 24)).columns
