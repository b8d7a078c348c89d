"""Text in pictures: what may be shown, how wide it is, and how it is shortened. Pure.

Fonts differ from machine to machine, so widths are those of a wide one (DejaVu Sans): elsewhere there is room left.
"""

from __future__ import annotations

import math
import unicodedata

_JOINERS = "\u200c\u200d"  # invisible, but they make words of some scripts, and one emoji of several
_WIDTHS = {  # of characters, in hundredths of the size of the font
    30: "'IJijl",
    34: " ,./:;\\|·",
    40: "!()-[]ft",
    46: '"r',
    53: "*?_`sz",
    60: "FLPckvxy",
    64: "$0123456789ESTYabdeghnopqu{}",
    70: "ABCKRVXZ",
    79: "&DGHNOQU",
    84: "#+<=>^w~",
    90: "M",
    100: "%@Wm…",
}
_BOLD = {  # of the same in bold letters
    35: " 'ijl",
    38: ",./IJ\\|·",
    42: "-:;",
    46: "!()[]f",
    50: "_`rt",
    53: '"*',
    60: "?csz",
    66: "Lvxy",
    70: "$0123456789EFTaeko",
    74: "CPSYZbdghnpqu{}",
    78: "ABKRVX",
    85: "#+<=>DGHNOQU^~",
    93: "&w",
    101: "%@M…",
    111: "Wm",
}
_LETTER = 0.7, 0.8  #: of any other letter, and in bold
_WIDTH, _BOLD_WIDTH = (
    {char: width / 100 for width, chars in widths.items() for char in chars} for widths in (_WIDTHS, _BOLD)
)


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


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is in a font of this size."""
    return size * math.fsum(_char_width(char, bold) for char in text)


def _char_width(char: str, bold: bool) -> float:
    known = (_BOLD_WIDTH if bold else _WIDTH).get(char)
    if known is not None:
        return known
    if char in _JOINERS or unicodedata.category(char) in ("Mn", "Me"):
        return 0.0
    return 1.25 if ord(char) >= 0x1F000 else 1.02 if unicodedata.east_asian_width(char) in "WF" else _LETTER[bold]


def fitted(text: str, room: float, size: float, *, keep_end: bool = False, bold: bool = False) -> str:
    """The text, shortened to a width; at its start where the end says more, as in paths.

    >>> fitted("results/2026/summary.json", 104, 12, keep_end=True)
    '…/summary.json'
    """
    if width(text, size, bold=bold) <= room:
        return text
    parts, room = _letters(text), room - width("…", size, bold=bold)
    kept: list[str] = []
    for part in reversed(parts) if keep_end else parts:
        room -= width(part, size, bold=bold)
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
