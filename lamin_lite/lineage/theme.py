"""Colours of pictures. Boxes bring their own ground, so that they are legible on a light and on a dark one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .labels import clean, fitted

if TYPE_CHECKING:
    from .picture import Box, Frame


ROOM = 340.0  #: for a line of a label, in pixels
DASHED_ROLES = frozenset({"recreated", "again", "run"})  #: of links that lineage does not follow


class Colours(NamedTuple):
    """Of a box: its ground, its border, its words."""

    ground: str
    border: str
    words: str


#: by kind, and by what is news of a node
COLOURS = {
    "artifact": Colours("#e6f0fb", "#3a7fc1", "#12293f"),
    "run": Colours("#e8f5e9", "#3d8b40", "#143016"),
    "transform": Colours("#f2eafb", "#7d4fc0", "#2b1745"),
    "older": Colours("#eceff2", "#9aa5b1", "#535d68"),
    "trashed": Colours("#eceff2", "#9aa5b1", "#535d68"),
    "errored": Colours("#fde8e8", "#c93636", "#6b1414"),
    "aborted": Colours("#fff0d6", "#b97a13", "#573804"),
    "started": Colours("#e1f5f8", "#1f8496", "#0d3b43"),
    "scheduled": Colours("#eceff2", "#7a8490", "#39434d"),
}
DASHED = ("trashed", "started", "scheduled")  #: not there any more, or not yet
LINE, NOTE_GROUND, NOTE_WORDS = "#7a838d", "#e4e7eb", "#333b44"  #: of edges and frames; of their labels
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
MEANINGS = {
    "artifact": "artifact",
    "run": "run",
    "transform": "transform",
    "older": "older version",
    "trashed": "in the trash",
    "errored": "errored",
    "aborted": "aborted",
    "started": "still running",
    "scheduled": "scheduled",
}


def label_of(box: Box) -> list[str]:
    """The lines of a label, in formats whose programs lay them out: title, note, and how much was left out beside it."""
    title = fitted(clean(box.title), ROOM, 14, keep_end=box.kind != "run" and not box.several)
    cut = " · ".join(f"+{count:,} {side}" for count, side in ((box.before, "before"), (box.after, "after")) if count)
    return [line for line in (title, fitted(clean(box.note), ROOM, 14), cut) if line]


def look_of(box: Box | Frame) -> str:
    """Which of the colours a box has, or the frame of a run.

    >>> from .picture import Box
    >>> look_of(Box("u", "run", "main()", "", "errored", ()))
    'errored'
    """
    return box.tone if box.tone in COLOURS else box.kind if box.kind in COLOURS else "artifact"
