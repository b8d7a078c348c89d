"""A picture as Mermaid text, which GitHub, GitLab and many editors draw. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import theme
from .labels import clean, fitted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .picture import Box, Picture

#: what Mermaid, its Markdown or the HTML of its labels would read as something else than itself
_SPECIAL = frozenset('"#&<>`*_~%;@')
_SPLIT = "\\$"  #: with what follows they mean something even as entities, unless there is a space, if an empty one
_SPACE = "#8203;"


def drawn(picture: Picture) -> str:
    """A flow chart from left to right; a frame is a subgraph.

    Its labels are shortened, and made of entities where a character means something to Mermaid.
    """
    return "\n".join(_lines(picture)) + "\n"


def _lines(picture: Picture) -> Iterator[str]:
    names = {box.uid: f"n{at}" for at, box in enumerate(picture.boxes)}
    yield "flowchart LR"
    yield f"  accTitle: {escaped(picture.title)}"
    for box in picture.boxes:
        if box.frame is None:
            yield f"  {_node(names[box.uid], box)}"
    for at, frame in enumerate(picture.frames):
        yield f'  subgraph g{at}["{escaped(fitted(frame.title, theme.ROOM, 14))}"]'
        yield "    direction LR"
        yield from (f"    {_node(names[box.uid], box)}" for box in picture.boxes if box.frame == frame.uid)
        yield "  end"
    for link in picture.links:
        arrow = "-.->" if link.role in theme.DASHED_ROLES else "-->"
        yield f"  {names[link.source]} {arrow} {names[link.target]}"
    for at, frame in enumerate(picture.frames):
        border = f"{theme.COLOURS[theme.look_of(frame)].border},stroke-width:3px" if frame.is_root else theme.LINE
        yield f"  style g{at} fill:{theme.LINE}18,stroke:{border}"
    looks = {theme.look_of(box) for box in picture.boxes}
    for look, (ground, border, words) in theme.COLOURS.items():
        if look in looks:
            dashes = ",stroke-dasharray:4 3" if look in theme.DASHED else ""
            yield f"  classDef {look} fill:{ground},stroke:{border},color:{words}{dashes}"
    for name in (names[box.uid] for box in picture.boxes if box.is_root):
        yield f"  style {name} stroke-width:3px"
    yield from (f"  %% {note}" for note in picture.notes)


def _node(name: str, box: Box) -> str:
    label = "<br/>".join(escaped(line) for line in theme.label_of(box))
    left, right = ("([", "])") if box.kind == "run" else ("[[", "]]") if box.kind == "transform" else ("[", "]")
    return f'{name}{left}"{label}"{right}:::{theme.look_of(box)}'


def escaped(text: str) -> str:
    """Text for a quoted label.

    >>> escaped('say "hi"')
    'say #quot;hi#quot;'
    """
    plain = clean(text)
    special = _SPECIAL
    if "style" in plain or "classDef" in plain:  # a colon and an entity behind these words lose their last character
        special |= {":"}
    mark = _end_of_marker(plain)
    return "".join(_part(char, at, plain, char in special or at == mark) for at, char in enumerate(plain))


def _part(char: str, at: int, text: str, is_special: bool) -> str:
    if char in _SPLIT or (char == ":" and text.startswith(":fa-", at)):
        return f"#{ord(char)};{_SPACE}"
    if not is_special or (char == "_" and text[at - 1 : at].isalnum() and text[at + 1 : at + 2].isalnum()):
        return char
    return "#quot;" if char == '"' else f"#{ord(char)};"


def _end_of_marker(text: str) -> int:
    """Where a text begins like a list of Markdown: the place of the mark before its first space, else -1."""
    word = text.partition(" ")[0]
    is_marker = " " in text and (word in ("-", "+") or (word[:-1].isdigit() and word[-1] in ".)"))
    return len(word) - 1 if is_marker else -1
