"""A picture as SVG: one element, no script, no reference to anything outside, legible on light and dark grounds. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import errors
from . import theme
from .labels import clean, fitted, width
from .layout import arranged
from .picture import is_several, picture_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .layout import Layout, Point, Rect
    from .picture import Box, Frame, Link, Picture
    from .values import Data

TITLE, NOTE = 12.5, 10.5  #: sizes of fonts
HEIGHT, NARROWEST, WIDEST, SIDE = 42.0, 96.0, 226.0, 12.0  #: of boxes
ARROW = 7.0
SCROLLED = 2600.0  #: width up to which it is no trouble to scroll a picture sideways
NEARER = (None, 8, 6, 5, 4, 3)  #: depths that are tried for wider ones
CORNER = 9.0  #: the folded corner of a file
ROLES = {"input": "input", "created": "created", "recreated": "recreated", "again": "again", "run": "of"}
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escaped(text: str) -> str:
    """Text that may stand in an element or an attribute of XML.

    >>> escaped('<a b="c">')
    '&lt;a b=&quot;c&quot;&gt;'
    """
    return clean(text).translate(_ESCAPES)


def drawn(picture: Picture, *, base_url: Optional[str] = None, for_page: bool = False) -> str:
    """The picture. ``base_url``: where rows can be looked at; each box links to ``<base_url>/<kind>/<uid>`` then.

    ``for_page``: the elements are marked for the page that `html` makes around it. Raises `InvalidArgument` for an
    address that is none.
    """
    base = None if base_url is None else checked_base(base_url)
    return _Drawing(picture, base, for_page=for_page).text()


def for_notebook(graph: Data) -> str:
    """The picture in its own size, for a cell that scrolls, and of so much of the graph that scrolling is no trouble.

    Shrunk to the width of a notebook, nobody could read it. If the graph is a part already, all of that is drawn:
    whoever asked for so much gets it.
    """
    for depth in (None,) if graph.cuts else NEARER:
        drawing = _Drawing(picture_of(graph, depth=depth), None)
        if drawing.layout.width <= SCROLLED:
            break
    return drawing.text(' style="max-width:none"')  # some front ends shrink what has no width of its own


def checked_base(url: str) -> str:
    """The address without the slash at its end, if it is one that a browser opens and does not execute."""
    if not (url.startswith(("http://", "https://", "/")) and url.isprintable()):
        raise errors.InvalidArgument(
            f"{url!r} is no address to link to: give one that starts with https:// or http://."
        )
    return url.rstrip("/")


class _Drawing:
    """A picture with its layout."""

    def __init__(self, picture: Picture, base: Optional[str], *, for_page: bool = False) -> None:
        self.picture, self.base, self.for_page = picture, base, for_page
        places = {box.uid: at for at, box in enumerate(picture.boxes)}
        frames = {frame.uid: at for at, frame in enumerate(picture.frames)}
        self.ends = [(places[link.source], places[link.target]) for link in picture.links]
        self.layout: Layout = arranged(
            [(_width(box), HEIGHT) for box in picture.boxes],
            self.ends,
            [None if box.frame is None else frames[box.frame] for box in picture.boxes],
            [at for at, link in enumerate(picture.links) if link.role == "recreated"],
        )

    def text(self, attributes: str = "") -> str:
        """The document; its element may have more attributes."""
        return "\n".join(self._lines(attributes)) + "\n"

    def _lines(self, attributes: str) -> Iterator[str]:
        """Frames behind edges behind boxes."""
        wide, high = self.layout.width, self.layout.height
        left = max((_cut_width(box.before) - at.x for box, at in self._placed()), default=0.0)
        right = max((at.x + at.width + _cut_width(box.after) - wide for box, at in self._placed()), default=0.0)
        left, wide = max(0.0, left), wide + max(0.0, right)
        notes = [(note, high + 18 + 20 * at) for at, note in enumerate(self.picture.notes)]
        wide = max([wide, *(width(note, NOTE) + 28 for note in self.picture.notes)])
        high, wide = high + 20 * len(notes) + (6 if notes else 0), wide + left
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="lineage-picture" viewBox="{_n(-left)} 0 {_n(wide)} {_n(high)}" '
            f'width="{_n(wide)}" height="{_n(high)}" role="{"group" if self.for_page else "img"}" '
            f'aria-label="{escaped(self.picture.title)}"{attributes}>'
        )
        yield f"<title>{escaped(self.picture.title)}</title>"
        yield f"<style>{_style()}</style>"
        yield '<g class="all">'
        for at, frame in enumerate(self.picture.frames):
            yield _frame(frame, self.layout.frames[at])
        for at, link in enumerate(self.picture.links):
            yield from self._edge(at, link)
        for at, (box, rect) in enumerate(self._placed()):
            yield from self._box(at, box, rect)
        for at, frame in enumerate(self.picture.frames):
            yield _frame_title(frame, self.layout.frames[at])
        for note, y in notes:
            yield _label("note", note, 8, y, width(note, NOTE) + 12)
        yield "</g>"
        yield "</svg>"

    def _placed(self) -> Iterator[tuple[Box, Rect]]:
        return zip(self.picture.boxes, self.layout.boxes)

    def _edge(self, at: int, link: Link) -> Iterator[str]:
        points, turned = self.layout.routes[at], self.layout.turned[at]
        if not points:
            return
        data = f' data-from="{self.ends[at][0]}" data-to="{self.ends[at][1]}"' if self.for_page else ""
        yield f'<g class="edge {ROLES.get(link.role, "input")}"{data}><path d="{_curve(points, turned)}"/>{_arrow(points, turned)}</g>'

    def _box(self, at: int, box: Box, rect: Rect) -> Iterator[str]:
        look = theme.look_of(box)
        kinds = f"box {look}" + (" root" if box.is_root else "") + (" more" if box.several else "")
        data = f' data-box="{at}" tabindex="0" role="button" aria-label="{_name(box)}"' if self.for_page else ""
        link = None if self.base is None or is_several(box.uid) else address(self.base, box)
        if link is not None:
            yield f'<a href="{escaped(link)}">'
        yield f'<g class="{kinds}"{data}>{_tooltip(box.title, box.details)}'
        yield from _shape(box, rect)
        x, room = rect.x + SIDE, rect.width - 2 * SIDE
        keep_end = box.kind != "run" and not box.several
        title = fitted(clean(box.title), room, TITLE, keep_end=keep_end, bold=box.is_root)
        note = fitted(clean(box.note), room, NOTE)
        yield f'<text class="title" x="{_n(x)}" y="{_n(rect.y + (18 if note else 26))}">{escaped(title)}</text>'
        if note:
            yield f'<text class="note" x="{_n(x)}" y="{_n(rect.y + 33)}">{escaped(note)}</text>'
        yield "</g>" + ("</a>" if link is not None else "")
        yield from _cuts(box, rect)


def address(base: str, box: Box) -> str:
    """Where the row of a box can be looked at."""
    from urllib.parse import quote

    return f"{base}/{quote(box.kind, safe='')}/{quote(box.uid, safe='')}"


def _name(box: Box) -> str:
    return escaped(", ".join(part for part in (box.kind, box.title, box.note) if part))


def _width(box: Box) -> float:
    title = width(clean(box.title), TITLE, bold=box.is_root)
    widest = WIDEST * 1.1 if box.is_root else WIDEST  # bold letters are so much wider
    return max(NARROWEST, min(widest, max(title, width(clean(box.note), NOTE)) + 2 * SIDE + 2))


def _shape(box: Box, rect: Rect) -> Iterator[str]:
    """A file with a folded corner, a run with round ends, a transform with a double edge; several as a pile."""
    x, y, wide, high = rect
    if box.is_root:
        yield _outline("halo", rect, 4, 18 if box.kind == "run" else 7)
    if box.several:
        yield _outline("shape", rect._replace(x=x + 4, y=y + 4), 0, 14 if box.kind == "run" else 3)
    if box.kind == "artifact":
        right, low = x + wide, y + high
        yield (
            f'<path class="shape" d="M{_n(x)} {_n(y)}H{_n(right - CORNER)}L{_n(right)} {_n(y + CORNER)}V{_n(low)}H{_n(x)}Z"/>'
            f'<path class="corner" d="M{_n(right - CORNER)} {_n(y)}V{_n(y + CORNER)}H{_n(right)}"/>'
        )
        return
    yield _outline("shape", rect, 0, 14 if box.kind == "run" else 3)
    if box.kind == "transform":
        yield f'<path class="corner" d="M{_n(x + 5)} {_n(y)}V{_n(y + high)}"/>'


def _cuts(box: Box, rect: Rect) -> Iterator[str]:
    """How many neighbours on either side are not drawn."""
    y = rect.y + rect.height - 2
    if box.before:
        wide = _cut_width(box.before)
        yield _label("cut", f"+{box.before:,}", rect.x - wide + 4, y, wide - 8)
    if box.after:
        yield _label("cut", f"+{box.after:,}", rect.x + rect.width + 4, y, _cut_width(box.after) - 8)


def _cut_width(count: int) -> float:
    """The room beside a box for the count of what is not drawn there."""
    return width(f"+{count:,}", NOTE) + 20 if count else 0.0


def _frame(frame: Frame, rect: Rect) -> str:
    """Around boxes; with two borders if it is what was asked for."""
    borders = "".join(_outline("halo", rect, away, 10 + away) for away in (0, 4)) if frame.is_root else ""
    kinds = f"frame {theme.look_of(frame)} root" if frame.is_root else "frame"
    return f'<g class="{kinds}">{_tooltip(frame.title, frame.details)}{_outline("ground", rect, 0, 10)}{borders}</g>'


def _outline(kind: str, rect: Rect, away: float, round_by: float) -> str:
    """A rectangle with round corners, so far around another."""
    x, y, wide, high = rect
    return (
        f'<rect class="{kind}" x="{_n(x - away)}" y="{_n(y - away)}" '
        f'width="{_n(wide + 2 * away)}" height="{_n(high + 2 * away)}" rx="{_n(round_by)}"/>'
    )


def _frame_title(frame: Frame, rect: Rect) -> str:
    title = fitted(frame.title, rect.width - 32, NOTE, bold=frame.is_root)
    kinds = "frame-title asked" if frame.is_root else "frame-title"
    return _label(kinds, title, rect.x + 10, rect.y + 15, width(title, NOTE, bold=frame.is_root) + 12)


def _label(kind: str, text: str, x: float, y: float, wide: float) -> str:
    """Words with a ground of their own; ``y`` is their base line."""
    return (
        f'<g class="label {kind}"><rect x="{_n(x)}" y="{_n(y - 11)}" width="{_n(wide)}" height="16" rx="8"/>'
        f'<text x="{_n(x + 6)}" y="{_n(y + 0.5)}">{escaped(text)}</text></g>'
    )


def _tooltip(title: str, details: Sequence[tuple[str, str]]) -> str:
    lines = [title, *(f"{name}: {line}" for name, value in details for line in value.split("\n"))]
    return f"<title>{chr(10).join(map(escaped, lines))}</title>"


def _curve(points: Sequence[Point], turned: bool) -> str:
    """Curves between the columns, straight lines across them; short of the end by the tip of the arrow."""
    ends = list(points)
    if turned:
        ends[0] = ends[0][0] + ARROW - 1, ends[0][1]
    else:
        ends[-1] = ends[-1][0] - ARROW + 1, ends[-1][1]
    (x, y), path = ends[0], [f"M{_n(ends[0][0])} {_n(ends[0][1])}"]
    for at, (to_x, to_y) in enumerate(ends[1:]):
        if to_y == y:
            path.append(f"H{_n(to_x)}")
        elif at % 2:
            path.append(f"L{_n(to_x)} {_n(to_y)}")
        else:
            middle = _n((x + to_x) / 2)
            path.append(f"C{middle} {_n(y)} {middle} {_n(to_y)} {_n(to_x)} {_n(to_y)}")
        x, y = to_x, to_y
    return "".join(path)


def _arrow(points: Sequence[Point], turned: bool) -> str:
    (x, y), back = (points[0], ARROW) if turned else (points[-1], -ARROW)
    return f'<path class="tip" d="M{_n(x)} {_n(y)}l{_n(back)} -3.5v7z"/>'


def _style() -> str:
    """All rules begin with the class of the picture, as a page with several pictures has one style for all."""
    rules: list[tuple[str, dict[str, Any]]] = [
        ("text", {"font-family": theme.FONT, "font-size": f"{TITLE}px"}),
        (".note, .label text", {"font-size": f"{NOTE}px"}),
        (".shape", {"stroke-width": "1.3"}),
        (".corner", {"fill": "none", "stroke-width": "1"}),
        (".root .title", {"font-weight": "bold"}),
        (".root .shape", {"stroke-width": "2.2"}),
        (".halo", {"fill": "none", "stroke-width": "1.5", "stroke-opacity": "0.55"}),
        (".trashed .title", {"text-decoration": "line-through"}),
        (".edge path", {"fill": "none", "stroke": theme.LINE, "stroke-width": "1.4"}),
        (".edge.recreated path, .edge.again path, .edge.of path", {"stroke-dasharray": "5 4"}),
        (".edge .tip", {"fill": theme.LINE, "stroke": "none"}),
        (".asked text", {"font-weight": "bold"}),
        (".frame .ground", {"fill": theme.LINE, "fill-opacity": "0.09", "stroke": theme.LINE, "stroke-opacity": "0.6"}),
        (".label rect", {"fill": theme.NOTE_GROUND}),
        (".label text", {"fill": theme.NOTE_WORDS}),
    ]
    for name, colours in theme.COLOURS.items():
        dashes = {"stroke-dasharray": "4 3"} if name in theme.DASHED else {}
        rules += [
            (f".{name} .shape", {"fill": colours.ground, "stroke": colours.border, **dashes}),
            (f".{name} .corner, .{name} .halo", {"stroke": colours.border}),
            (f".{name} text", {"fill": colours.words}),
        ]
    return "".join(
        ",".join(f".lineage-picture {each}" for each in selectors.split(", "))
        + "{" + ";".join(f"{name}:{value}" for name, value in rule.items()) + "}"
        for selectors, rule in rules
    )  # fmt: skip


def _n(value: float) -> str:
    """A number, short."""
    return f"{value:.1f}".removesuffix(".0") if value % 1 else str(int(value))
