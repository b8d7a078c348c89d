"""Where the boxes, edges and frames of a drawing go. Pure, and the same for the same graph.

In the manner of Sugiyama: columns (`columns`), the order within them (`rows`), heights (`heights`); here the widths,
the ways of the edges, and the frames around groups.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from .columns import Columns
from .heights import placed
from .rows import ordered

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    Point = tuple[float, float]

NARROWEST, WIDEST = 48.0, 140.0  #: between two columns
STEEP = 0.09  #: how much of the rise of an edge is added to the room between the columns
FRAME_SIDE = 16.0  #: between a frame and its boxes
PARALLEL = 9.0  #: between two edges of the same boxes
MARGIN = 8.0


class Rect(NamedTuple):
    """A rectangle; ``x`` and ``y`` are its left upper corner."""

    x: float
    y: float
    width: float
    height: float


class Layout(NamedTuple):
    """A drawing without its text.

    ``routes``: of each edge its points from left to right: from the first to the second is a curve, to the third a
    straight line, and so on in turns. ``turned``: the edges that point to the left. ``frames``: by group.
    """

    boxes: Sequence[Rect]
    routes: Sequence[Sequence[Point]]
    turned: Sequence[bool]
    frames: Mapping[int, Rect]
    width: float
    height: float


def arranged(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    groups: Optional[Sequence[Optional[int]]] = None,
    weak: Collection[int] = (),
) -> Layout:
    """Lay out boxes of these widths and heights; the boxes of a column become as wide as the widest.

    ``groups``: of each box the number of the frame that it is in. ``weak``: places of edges that are turned sooner
    than others where edges run in a circle. An edge from a box to itself gets no points.

    >>> [box.x for box in arranged([(90, 40), (90, 40)], [(0, 1)]).boxes]
    [8.0, 146.0]
    """
    columns = Columns(len(sizes), edges, groups or [None] * len(sizes), weak)
    rows = ordered(columns)
    middles, frames = placed(columns, rows, [height for _, height in sizes])
    widths = [max((sizes[box][0] for box in row if box < len(sizes)), default=0.0) for row in rows]
    lefts = _lefts(columns, middles, widths)
    top = min(
        [*(y - height / 2 for y, (_, height) in zip(middles, sizes)), *middles, *(y for y, _ in frames.values())],
        default=0,
    )
    middles = [y - top + MARGIN for y in middles]
    boxes = [
        Rect(lefts[columns.column[box]], middles[box] - height / 2, widths[columns.column[box]], height)
        for box, (_, height) in enumerate(sizes)
    ]
    framed = {}
    for group, (upper, lower) in frames.items():
        first, last = columns.spans[group]
        left = lefts[first] - FRAME_SIDE
        framed[group] = Rect(left, upper - top + MARGIN, lefts[last] + widths[last] + FRAME_SIDE - left, lower - upper)
    routes = _routes(columns, edges, middles, lefts, widths)
    return _trimmed(Layout(boxes, routes, columns.turned, framed, 0, 0))


def _lefts(columns: Columns, middles: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The left end of each column; columns between which edges rise far stand further apart."""
    lefts, x = [], 0.0
    for row, width in zip(columns.rows, widths):
        lefts.append(x)
        rise = max((abs(middles[box] - middles[each]) for box in row for each, _ in columns.after[box]), default=0.0)
        x += width + min(WIDEST, NARROWEST + STEEP * rise)
    return lefts


def _routes(
    columns: Columns,
    edges: Sequence[tuple[int, int]],
    middles: Sequence[float],
    lefts: Sequence[float],
    widths: Sequence[float],
) -> list[list[Point]]:
    beside: dict[tuple[int, int], list[int]] = {}
    for at, (source, target) in enumerate(edges):
        beside.setdefault((min(source, target), max(source, target)), []).append(at)
    routes = []
    for at, (chain, (source, target)) in enumerate(zip(columns.chains, edges)):
        same = beside[min(source, target), max(source, target)]
        off = (same.index(at) - (len(same) - 1) / 2) * PARALLEL
        points: list[Point] = []
        for box in chain:
            # beside each other where they share a box; where they pass one, each has a line of its own
            column, y = columns.column[box], middles[box] + (off if box < columns.count else 0.0)
            points += [(lefts[column], y), (lefts[column] + widths[column], y)]
        routes.append(points[1:-1])
    return routes


def _trimmed(layout: Layout) -> Layout:
    """The same with its left upper corner at the margin, and with its size."""
    rects = [*layout.boxes, *layout.frames.values()]
    left = min((rect.x for rect in rects), default=0.0) - MARGIN

    def moved(rect: Rect) -> Rect:
        return rect._replace(x=rect.x - left)

    lowest = [y for route in layout.routes for _, y in route]
    return layout._replace(
        boxes=[moved(box) for box in layout.boxes],
        routes=[[(x - left, y) for x, y in route] for route in layout.routes],
        frames={group: moved(frame) for group, frame in layout.frames.items()},
        width=max((rect.x + rect.width for rect in rects), default=0.0) - left + MARGIN,
        height=max([*(rect.y + rect.height for rect in rects), *lowest], default=0.0) + MARGIN,
    )
