"""Tables and trees as HTML, for notebooks. Pure: from plain values to text in which nothing is left unescaped."""

from __future__ import annotations

from html import escape

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .display import Tree

_CELL = (
    "text-align:left;padding:2px 10px 2px 0;white-space:nowrap;max-width:24em;overflow:hidden;text-overflow:ellipsis"
)
_NOTE = "opacity:.65;font-size:90%"


def table(names: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", note: str = "") -> str:
    """A table with a header; a note below it.

    >>> table(["key"], [["<a>"]]).count("&lt;a&gt;")
    2
    """
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in names)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    caption = f'<div style="font-weight:bold">{escape(title)}</div>' if title else ""
    below = f'<div style="{_NOTE}">{escape(note)}</div>' if note else ""
    return f'<div style="overflow-x:auto">{caption}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}</div>'


def _cell(text: str) -> str:
    """The whole text is shown when the pointer rests on it."""
    return f'<td style="{_CELL}" title="{escape(text)}">{escape(text)}</td>'


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
    return f'<pre style="margin:0">{escape(text)}</pre>' if "\n" in text else escape(text)
