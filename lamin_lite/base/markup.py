"""Tables and trees as HTML, for notebooks. Pure: from plain values to text in which nothing is left unescaped."""

from __future__ import annotations

from html import escape

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .display import Tree

_LINE = "text-align:left;padding:2px 10px 2px 0;"
_CELL = f"{_LINE}white-space:nowrap;max-width:32em;overflow:hidden;text-overflow:ellipsis"
_WHOLE = f"{_LINE}overflow-wrap:anywhere"
_NOTE = "opacity:.65;font-size:90%"
_CODE = "margin:0;font-family:monospace;line-height:1.3;white-space:pre"  # some front ends have styles of their own


def table(names: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]], title: str = "", note: str = "") -> str:
    """A table with a header; a note below it. Of each cell what is shown, and the whole text of it.

    >>> table(["key"], [[("<a…", "<a>")]]).count("&lt;a")
    2
    """
    return _table(names, ((_cell(*each) for each in row) for row in rows), title, note)


def facts(title: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values, a line each; nothing is cut.

    >>> "<td" in facts("Artifact", [("key", "a.csv")])
    True
    """
    rows = ((f'<td style="{_LINE}">{escape(name)}</td>', _whole(value)) for name, value in pairs)
    return _table([title, ""], rows)


def _table(names: Sequence[str], rows: Iterable[Iterable[str]], title: str = "", note: str = "") -> str:
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in names)
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    caption = f'<div style="font-weight:bold">{escape(title)}</div>' if title else ""
    below = f'<div style="{_NOTE}">{escape(note)}</div>' if note else ""
    return f'<div style="overflow-x:auto">{caption}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>'


def _cell(text: str, whole: str) -> str:
    """The whole text is shown when the pointer rests on it."""
    return f'<td style="{_CELL}" title="{escape(whole)}">{escape(text)}</td>'


def _whole(text: str) -> str:
    return f'<td style="{_WHOLE}">{escape(text)}</td>'


def tree(branch: Tree) -> str:
    """A tree whose branches can be closed.

    >>> tree(("run", ["uid: a"]))
    '<details open><summary>run</summary><ul style="list-style:none;margin:0 0 0 1.2em;padding:0"><li>uid: a</li></ul></details>'
    """
    title, below = branch
    items = "".join(f"<li>{_line(each) if isinstance(each, str) else tree(each)}</li>" for each in below)
    if not items:
        return _line(title)
    return f'<details open><summary>{_line(title)}</summary><ul style="list-style:none;margin:0 0 0 1.2em;padding:0">{items}</ul></details>'


def _line(text: str) -> str:
    """Several lines keep their breaks and their spaces, as code has them."""
    return f'<pre style="{_CODE}">{escape(text)}</pre>' if "\n" in text else escape(text)
