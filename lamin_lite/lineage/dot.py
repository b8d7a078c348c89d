"""A picture as DOT text, for Graphviz and what reads its format. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from . import svg, theme
from .labels import clean, fitted
from .picture import is_several

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .picture import Box, Frame, Picture

_STYLES = {"artifact": "note", "run": "box", "transform": "component"}


def drawn(picture: Picture, *, base_url: Optional[str] = None) -> str:
    """A directed graph from left to right; a frame is a cluster. ``base_url`` as in SVG."""
    base = None if base_url is None else svg.checked_base(base_url)
    return "\n".join(_lines(picture, base)) + "\n"


def _lines(picture: Picture, base: Optional[str]) -> Iterator[str]:
    names = {box.uid: f"n{at}" for at, box in enumerate(picture.boxes)}
    yield f"digraph {quoted(picture.title)} {{"
    yield '  graph [rankdir=LR, bgcolor=transparent, fontname="Helvetica", fontsize=11, nodesep=0.2, ranksep=0.6]'
    yield '  node [fontname="Helvetica", fontsize=11, height=0.4, margin="0.15,0.07"]'
    yield f'  edge [color="{theme.LINE}", arrowsize=0.7]'
    for box in picture.boxes:
        if box.frame is None:
            yield f"  {_node(names[box.uid], box, base)}"
    for at, frame in enumerate(picture.frames):
        yield f"  subgraph cluster_{at} {{"
        yield f"    label={quoted(fitted(frame.title, theme.ROOM, 14))}; labeljust=l; style=rounded; {_border(frame)}"
        yield from (f"    {_node(names[box.uid], box, base)}" for box in picture.boxes if box.frame == frame.uid)
        yield "  }"
    for link in picture.links:
        style = " [style=dashed]" if link.role in theme.DASHED_ROLES else ""
        yield f"  {names[link.source]} -> {names[link.target]}{style}"
    yield from (f"  // {clean(note)}" for note in picture.notes)
    yield "}"


def _border(frame: Frame) -> str:
    if frame.is_root:
        return f'penwidth=2.5; color="{theme.COLOURS[theme.look_of(frame)].border}"'
    return f'color="{theme.LINE}"'


def _node(name: str, box: Box, base: Optional[str]) -> str:
    look = theme.look_of(box)
    colours, styles = theme.COLOURS[look], ["filled"]
    styles += (["rounded"] if box.kind == "run" else []) + (["dashed"] if look in theme.DASHED else [])
    facts = "\n".join(f"{name}: {value}" for name, value in box.details)
    values = {
        "label": quoted("\n".join(theme.label_of(box))),
        "tooltip": quoted(facts or box.title),
        "shape": _STYLES.get(box.kind, "box"),
        "style": quoted(",".join(styles)),
        "fillcolor": quoted(colours.ground),
        "color": quoted(colours.border),
        "fontcolor": quoted(colours.words),
        **({"penwidth": "2.5"} if box.is_root else {}),
        **({} if base is None or is_several(box.uid) else {"URL": quoted(svg.address(base, box))}),
    }
    return f"{name} [{', '.join(f'{name}={value}' for name, value in values.items())}]"


def quoted(text: str) -> str:
    r"""A quoted string; its backslashes and entities mean themselves.

    >>> print(quoted('a "b" &amp;'))
    "a \"b\" &amp;amp;"
    """
    lines = (clean(line).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"') for line in text.split("\n"))
    return '"' + "\\n".join(lines) + '"'
