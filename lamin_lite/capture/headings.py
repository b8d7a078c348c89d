"""The first heading of a notebook, which is its title: found as Markdown has headings, told as plain text."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Optional

__all__ = ["Heading", "as_markdown", "first_heading", "plain"]

MOST_READ, MOST_KEPT = 1000, 500  #: characters of a heading, and of what it says; all of it may be escaped
_PUNCTUATION = r"[!-/:-@\[-`{-~]"
#: what is no markup whatever it holds: escapes, code, formulas, addresses; and what marks its place
_HELD = (
    rf"\\(?P<escaped>{_PUNCTUATION})"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|(?P<formula>\$(?!\s)(?:[^$\\]|\\.)+(?<!\s)\$(?!\d))"
    r"|<(?P<address>(?:https?|mailto):[^<>\s]*)>"
    r"|(?P<place>\0)"
)
_MARKUP = (
    (r"</?[A-Za-z][^<>]*>|<!--.*?-->", ""),
    (r"!\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])", r"\1"),
    (r"\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])", r"\1"),
    *((rf"(?<![\w*])\*{{{n}}}(?=[^\s*])(.+?)(?<=[^\s*])\*{{{n}}}(?!\*)", r"\1") for n in (3, 2, 1)),
    *((rf"(?<![\w_])_{{{n}}}(?=[^\s_])(.+?)(?<=[^\s_])_{{{n}}}(?![\w_])", r"\1") for n in (3, 2, 1)),
    (r"~~(?=[^\s~])(.+?)(?<=[^\s~])~~", r"\1"),
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
    """Return a line of Markdown without its marks; what has none comes back as it is, but for its end if it is too long.

    Example::

        >>> plain("Real `code` **title** [link](http://x)")
        'Real code title link'
    """
    text = _ended(text[:MOST_READ].strip())
    return _unmarked(text)[:MOST_KEPT].strip()


def as_markdown(title: str) -> str:
    r"""Return a line of Markdown that says this, to the letter: what would be marks is escaped.

    Example::

        >>> as_markdown("The __init__ method")
        'The \\_\\_init\\_\\_ method'
    """
    import re

    return title if plain(title) == title else re.sub(r"[\\`*_~\[\]<>#$]", r"\\\g<0>", title)


def _unmarked(text: str) -> str:
    import re

    if not _patterns:
        _patterns.extend((re.compile(pattern), kept) for pattern, kept in _MARKUP)
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        kept = next(
            found[name] for name in ("escaped", "code", "formula", "address", "place") if found[name] is not None
        )
        held.append(kept[1:-1] if found["code"] and kept[:1] == kept[-1:] == " " else kept)
        return f"\0{len(held) - 1}\0"

    text = re.sub(_HELD, hold, text)
    for pattern, kept in _patterns:
        text = pattern.sub(kept, text)
    return re.sub("\0([0-9]+)\0", lambda found: held[int(found[1])], text)


def _ended(text: str) -> str:
    """The text without marks at the end, which are none of it if a space stands before them."""
    without = text.rstrip("#")
    return without.rstrip() if without != text and (not without or without.endswith((" ", "\t"))) else text


def _heading_in(lines: list[str]) -> Optional[Heading]:
    start: Optional[int] = None  # of the paragraph that goes on; -1 in a list, a quote and the like
    after = 0  # what is passed over
    for number, line in enumerate(lines):
        stripped = line.strip()
        if number < after:
            continue
        after = _end_of_verbatim(lines, number)
        if after or not stripped:
            start = None
            continue
        found = _marked(number, line, stripped) or _underlined(lines, start, number, stripped)
        if found is not None:
            return found
        start = (-1 if _is_block(line, stripped) else number) if start is None else start
    return None


def _end_of_verbatim(lines: list[str], first: int) -> int:
    """The line after the code, the formula or the comment that begins in this one; 0 if none does."""
    opening = lines[first].strip()
    later = (lines[number].strip() for number in range(first + 1, len(lines)))
    if opening.startswith(("```", "~~~")):
        rest = opening.lstrip(opening[0])
        fence = opening[: len(opening) - len(rest)]
        if opening[0] == "`" and "`" in rest:  # code within a line
            return 0
        ends = (set(line) == {fence[0]} and line.startswith(fence) for line in later)
    elif opening.startswith(("<!--", "$$")):
        begin, end = ("<!--", "-->") if opening[0] == "<" else ("$$", "$$")
        if end in opening[len(begin) :]:
            return first + 1
        ends = (end in line for line in later)
    else:
        return 0
    return next((number + 1 for number, is_end in enumerate(ends, first + 1) if is_end), len(lines))


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
    text = " ".join(line.strip() for line in lines[start : min(number, start + MOST_READ)])
    return Heading(start, number + 1, 1 if stripped[0] == "=" else 2, text)


def _is_block(line: str, stripped: str) -> bool:
    """Whether a line begins something else than a paragraph."""
    head = stripped.split(None, 1)[0]
    number = head[:-1].isdigit() and head[-1] in ".)"
    rule = len(stripped) > 2 and set(stripped) <= set("-*_ ")
    return line.startswith(("    ", "\t")) or stripped[0] in "><|" or head in ("-", "*", "+") or number or rule
