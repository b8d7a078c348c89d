"""Text in pictures: what may be shown, how wide it is, and how it is shortened. Pure.

Fonts differ from machine to machine, so widths are those of a wide one (DejaVu Sans): elsewhere there is room left.
"""

from __future__ import annotations

import math
import unicodedata

_JOINERS = "\u200c\u200d"  # invisible, but they make words of some scripts, and one emoji of several
_WIDTHS = {  # of characters, in hundredths of the size of the font
    28: "ijlI'|",
    34: " .,:;/\\",
    40: "ft!()[]-r",
    50: '_"sz?',
    58: "ckvxy`",
    64: "abdeghnopqu0123456789JL·…*^$",
    70: "ABCEFKPRSTVXYZ{}",
    80: "DGHNOQUw&#+=<>~",
    96: "mMW@%",
}
_WIDTH = {char: width / 100 for width, chars in _WIDTHS.items() for char in chars}


def clean(text: str) -> str:
    r"""The text without what would break a line, a document or its direction.

    >>> clean("a\x1b[31m\nb")
    'a·[31m·b'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_clean(char) for char in text)


def _clean(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    return " " if unicodedata.category(char) == "Zs" else "·"


def width(text: str, size: float) -> float:
    """How wide a text is in a font of this size."""
    return size * math.fsum(map(_char_width, text))


def _char_width(char: str) -> float:
    known = _WIDTH.get(char)
    if known is not None:
        return known
    if char in _JOINERS or unicodedata.category(char) in ("Mn", "Me"):
        return 0.0
    return 1.25 if ord(char) >= 0x1F000 else 1.02 if unicodedata.east_asian_width(char) in "WF" else 0.7


def fitted(text: str, room: float, size: float, *, keep_end: bool = False) -> str:
    """The text, shortened to a width; at its start where the end says more, as in paths.

    >>> fitted("results/2026/summary.json", 100, 12, keep_end=True)
    '…/summary.json'
    """
    if width(text, size) <= room:
        return text
    parts, room = _letters(text), room - width("…", size)
    kept: list[str] = []
    for part in reversed(parts) if keep_end else parts:
        room -= width(part, size)
        if room < 0:
            break
        kept.append(part)
    if not keep_end:
        return "".join(kept).rstrip() + "…"
    end = "".join(reversed(kept))
    slash = end.find("/")
    return "…" + (end[slash:] if 0 <= slash < len(end) // 2 else end)


def _letters(text: str) -> list[str]:
    """What is one letter to the eye: with its accents, or an emoji of several."""
    parts: list[str] = []
    for char in text:
        joins = char in _JOINERS or unicodedata.category(char) in ("Mn", "Me") or 0x1F3FB <= ord(char) <= 0x1F3FF
        if parts and (joins or parts[-1][-1] in _JOINERS):
            parts[-1] += char
        else:
            parts.append(char)
    return parts
