"""The first heading of a notebook, which is its title: found as Markdown has headings, told as plain text."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Optional

__all__ = ["Heading", "first_heading", "plain"]

_MARKUP = (
    (r"(`+)(.+?)(?<!`)\1(?!`)", r"\2"),
    (r"!?\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])", r"\1"),
    (r"<((?:https?|mailto):[^<>\s]*)>", r"\1"),
    (r"</?[A-Za-z][^<>]*>|<!--.*?-->", ""),
    (r"(?<!\\)(\*{1,3}|~~)(?=[^\s*~])(.+?)(?<=[^\s*~\\])\1", r"\2"),
    (r"(?<![\w\\])(_{1,3})(?=[^\s_])(.+?)(?<=[^\s_\\])\1(?!\w)", r"\2"),
    (r"\\([!-/:-@\[-`{-~])", r"\1"),
)
_patterns: list[tuple[Any, str]] = []


class Heading:
    """Where the first heading is, and what it says."""

    def __init__(self, first: int, end: int, level: int, text: str) -> None:
        self.cell = 0  #: number of its text
        self.first, self.end = first, end  #: its lines
        self.marks = "#" * level
        self.text = plain(text)


def first_heading(texts: Iterable[Optional[str]]) -> Optional[Heading]:
    """Return the first heading in the texts of cells; None stands for a cell that is no Markdown."""
    for number, text in enumerate(texts):
        found = None if text is None else _heading_in(text.split("\n"))
        if found is not None:
            found.cell = number
            return found
    return None


def plain(text: str) -> str:
    """Return a line of Markdown without its marks; what has none comes back as it is.

    Example::

        >>> plain("Real `code` **title** [link](http://x)")
        'Real code title link'
    """
    before = None
    while text != before:  # what comes out is a heading again, and must say the same
        before, text = text, _ended(_unmarked(text).strip())
    return text


def _unmarked(text: str) -> str:
    if not _patterns:
        import re

        _patterns.extend((re.compile(pattern), kept) for pattern, kept in _MARKUP)
    for pattern, kept in _patterns:
        text = pattern.sub(kept, text)
    return text


def _ended(text: str) -> str:
    """The text without marks at the end, which are none of it if a space stands before them."""
    without = text.rstrip("#")
    return without.rstrip() if without != text and (not without or without.endswith((" ", "\t"))) else text


def _heading_in(lines: list[str]) -> Optional[Heading]:
    fence = ""
    start: Optional[int] = None  # of the paragraph that goes on; -1 in a list, a quote and the like
    for number, line in enumerate(lines):
        stripped = line.strip()
        if fence:
            fence = "" if stripped.startswith(fence) else fence
        elif stripped.startswith(("```", "~~~")):
            fence, start = stripped[:3], None
        elif not stripped:
            start = None
        else:
            found = _marked(number, line, stripped) or _underlined(lines, start, number, stripped)
            if found is not None:
                return found
            start = (-1 if _is_block(line, stripped) else number) if start is None else start
    return None


def _marked(number: int, line: str, stripped: str) -> Optional[Heading]:
    """The heading that a line like ``## text`` is."""
    if not stripped.startswith("#") or line.startswith(("    ", "\t")):
        return None
    rest = stripped.lstrip("#")
    level = len(stripped) - len(rest)
    return Heading(number, number + 1, level, rest) if level <= 6 and rest[:1] in ("", " ", "\t") else None


def _underlined(lines: list[str], start: Optional[int], number: int, stripped: str) -> Optional[Heading]:
    """The heading that a paragraph is by a line of ``=`` or ``-`` below it."""
    if start is None or start < 0 or set(stripped) not in ({"="}, {"-"}) or lines[number].startswith(("    ", "\t")):
        return None
    text = " ".join(line.strip() for line in lines[start:number])
    return Heading(start, number + 1, 1 if stripped[0] == "=" else 2, text)


def _is_block(line: str, stripped: str) -> bool:
    """Whether a line begins something else than a paragraph."""
    head = stripped.split(None, 1)[0]
    number = head[:-1].isdigit() and head[-1] in ".)"
    rule = len(stripped) > 2 and set(stripped) <= set("-*_ ")
    return line.startswith(("    ", "\t")) or stripped[0] in "><|" or head in ("-", "*", "+") or number or rule
