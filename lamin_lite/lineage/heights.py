"""How high each box of a column stands, such that edges are straight and nothing overlaps. Pure.

Each box wants to stand where its neighbours are on average. A column at a time, the places that come nearest to that
are found exactly (isotonic regression: pool those that would overlap). What is in a frame is placed first, as if there
were nothing else, so that a frame is never higher than its boxes and the lines through it need; then the whole frame
is one block that crosses several columns. These tie columns together; after each sweep everything is moved apart until
nothing overlaps: once all upwards, once all downwards, and the mean of both. In the last sweeps frames are walls for a
column, and move on their own, which comes to rest.
Sums are those of ``math.fsum``, the same on every Python: what ``sum`` makes of floats changed with 3.12.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .columns import Columns

    Sides = Sequence[Sequence[Sequence["Link"]]]

BOX_GAP, LINE_GAP, FRAME_GAP = 14.0, 8.0, 14.0  #: between two boxes; beside a line that passes; outside of a frame
FRAME_TOP, FRAME_BOTTOM = 30.0, 14.0  #: between a frame and its boxes; its title stands at the top
SWEEPS = 28
ONE_SIDED = 4  #: of them look to one side only, to get from a heap to a shape
SETTLING = 8  #: more of them, where there are frames, in which these are walls
WALL = 1e9  #: weight of what does not move
WORK = 250_000  #: items visited in all sweeps
SNAP = 26.0  #: a line that is off by less is made straight, if there is room


class Link(NamedTuple):
    """A neighbour of an item; it is straight if the item stands ``shift`` below the middle of the neighbour."""

    item: int
    weight: int
    shift: float = 0.0


class Item(NamedTuple):
    """What is placed as one: a box, a line that passes a column, or a frame with all that is in it.

    ``before``, ``after``: its neighbours on the left and on the right.
    """

    kind: str
    half: float
    before: list[Link]
    after: list[Link]


def placed(
    columns: Columns, rows: Sequence[Sequence[int]], heights: Sequence[float]
) -> tuple[list[float], dict[int, tuple[float, float]]]:
    """The middle of each box, and top and bottom of the frame of each group."""
    count = len(columns.column)
    half = [*(height / 2 for height in heights), *[0.0] * (count - len(heights))]
    number = {group: count + at for at, group in enumerate(sorted(columns.spans))}  # of each frame, behind all boxes
    owner = [box if group is None else number[group] for box, group in enumerate(columns.group)]
    y, frame_half = [0.0] * count, dict.fromkeys(number.values(), 0.0)
    for group, frame in number.items():
        frame_half[frame] = _fill(columns, rows, half, group, y)
    items = _items(columns, owner, [*half, *frame_half.values()], y)
    middles = _Heights(items, [list(dict.fromkeys(owner[box] for box in row)) for row in rows]).placed()
    frames = {
        group: (middles[frame] - frame_half[frame], middles[frame] + frame_half[frame])
        for group, frame in number.items()
    }
    return [middles[own] + (0.0 if own == box else y[box]) for box, own in enumerate(owner)], frames


def _fill(columns: Columns, rows: Sequence[Sequence[int]], half: Sequence[float], group: int, y: list[float]) -> float:
    """Place what is in a frame, relative to its middle; half the height that this takes.

    Empty boxes that only keep its place in a column take none.
    """
    count = columns.count
    own = [[box for box in row if columns.group[box] == group and (box < count or columns.before[box])] for row in rows]
    numbers = {box: at for at, box in enumerate(box for row in own for box in row)}

    def within(links: Sequence[tuple[int, int]]) -> list[Link]:
        return [Link(numbers[each], weight) for each, weight in links if each in numbers]

    items = [
        Item(_kind(columns, box), half[box], within(columns.before[box]), within(columns.after[box])) for box in numbers
    ]
    middles = _Heights(items, [[numbers[box] for box in row] for row in own]).placed()
    top = min(middle - item.half for middle, item in zip(middles, items)) - FRAME_TOP
    bottom = max(middle + item.half for middle, item in zip(middles, items)) + FRAME_BOTTOM
    for box, at in numbers.items():
        y[box] = middles[at] - (top + bottom) / 2
    return (bottom - top) / 2


def _items(columns: Columns, owner: Sequence[int], half: Sequence[float], y: Sequence[float]) -> list[Item]:
    """Boxes and frames with the neighbours that they have outside of themselves; what is in a frame has none."""
    items = [
        Item("frame" if number >= len(owner) else _kind(columns, number), each, [], [])
        for number, each in enumerate(half)
    ]
    for box, own in enumerate(owner):
        for links, found in ((columns.before, items[own].before), (columns.after, items[own].after)):
            found += [Link(owner[each], weight, y[each] - y[box]) for each, weight in links[box] if owner[each] != own]
    return items


def _kind(columns: Columns, box: int) -> str:
    return "box" if box < columns.count else "line"


def _distance(upper: Item, lower: Item) -> float:
    """The least one between two middles."""
    kinds = (upper.kind, lower.kind)
    gap = FRAME_GAP if "frame" in kinds else LINE_GAP if "line" in kinds else BOX_GAP
    return upper.half + gap + lower.half


class _Heights:
    """Heights that are improved in place; after each step nothing is nearer to the next than it may be."""

    def __init__(self, items: Sequence[Item], rows: Sequence[Sequence[int]]) -> None:
        self.items, self.rows = items, rows
        self.y = [0.0] * len(items)
        self.above: list[list[tuple[int, float]]] = [[] for _ in items]  # item and least distance
        self.below: list[list[tuple[int, float]]] = [[] for _ in items]
        self.gaps = [self._gaps(row) for row in rows]  # least distance between each item of a column and the next
        self.order = self._order()
        self.frames = [[item for item in row if items[item].kind == "frame"] for row in rows]

    def _gaps(self, row: Sequence[int]) -> list[float]:
        gaps = []
        for upper, lower in zip(row, row[1:]):
            gaps.append(_distance(self.items[upper], self.items[lower]))
            self.above[lower].append((upper, gaps[-1]))
            self.below[upper].append((lower, gaps[-1]))
        return gaps

    def _order(self) -> list[int]:
        """The items, such that each comes after all that must be above it."""
        missing = [len(each) for each in self.above]
        order = [item for item, count in enumerate(missing) if not count]
        for item in order:
            for lower, _ in self.below[item]:
                missing[lower] -= 1
                if not missing[lower]:
                    order.append(lower)
        return order

    # -- sweeps

    def placed(self) -> list[float]:
        """The result, after all sweeps."""
        self._move_apart()
        before, after = [item.before for item in self.items], [item.after for item in self.items]
        count = max(6, min(SWEEPS, WORK // max(1, len(self.y))))
        for sweep in range(count):
            to_right = sweep % 2 == 0
            self._sweep(to_right, (before, after) if sweep >= ONE_SIDED else (before if to_right else after,))
            if any(self.frames):
                self._move_apart()
        if any(self.frames):
            for sweep in range(SETTLING):
                self._sweep(sweep % 2 == 0, (before, after), settles=True)
            self._move_apart()
        for sweep in range(3):
            self._snap(to_right=sweep % 2 == 0)
        return self.y

    def _sweep(self, to_right: bool, sides: Sides, *, settles: bool = False) -> None:
        for column in self._to(to_right):
            row, frames = self.rows[column], self.frames[column] if settles else ()
            aims = [(self.y[item], WALL) if item in frames else self._aim(item, sides) for item in row]
            for item, y in zip(row, _pooled(aims, self.gaps[column])):
                self.y[item] = y
            for frame in frames:
                self.y[frame] = self._between(frame, self._aim(frame, sides)[0])

    def _aim(self, item: int, sides: Sides) -> tuple[float, float]:
        """Where an item wants to stand, and how much."""
        near = [each for side in sides for each in side[item]]
        weight = sum(each.weight for each in near)
        if not near:
            return self.y[item], 0.05
        return math.fsum((self.y[each.item] + each.shift) * each.weight for each in near) / weight, weight

    def _between(self, item: int, wish: float) -> float:
        """The height nearest to a wish that keeps the distances to what is above and below; as it is, if there is none."""
        top = max((self.y[each] + distance for each, distance in self.above[item]), default=wish)
        end = min((self.y[each] - distance for each, distance in self.below[item]), default=wish)
        return min(max(wish, top), end) if top <= end else self.y[item]

    def _to(self, to_right: bool) -> range:
        return range(len(self.rows)) if to_right else range(len(self.rows) - 1, -1, -1)

    def _move_apart(self) -> None:
        """The mean of two solutions is one too: all below what must be above, and all above what must be below."""
        low, high = list(self.y), list(self.y)
        for item in self.order:
            for upper, distance in self.above[item]:
                low[item] = max(low[item], low[upper] + distance)
        for item in reversed(self.order):
            for lower, distance in self.below[item]:
                high[item] = min(high[item], high[lower] - distance)
        self.y = [(one + other) / 2 for one, other in zip(low, high)]

    def _snap(self, *, to_right: bool) -> None:
        """Move items by a little to the height of a neighbour where the sweep comes from, lines that pass first."""
        for column in self._to(to_right):
            for item in sorted(self.rows[column], key=lambda item: self.items[item].kind != "line"):
                near = self.items[item].before if to_right else self.items[item].after
                if not near:
                    continue
                y = self.y[item]
                wishes = ((each.weight, self.y[each.item] + each.shift) for each in near)
                target = min((-weight, abs(wish - y), wish) for weight, wish in wishes)[2]
                if 0 < abs(target - y) < SNAP:
                    self.y[item] = self._between(item, target)


def _pooled(aims: Sequence[tuple[float, float]], gaps: Sequence[float]) -> list[float]:
    """The heights nearest to what is aimed at (least squares, by weight) that keep the gaps."""
    shift, shifts = 0.0, [0.0]
    for gap in gaps:
        shift += gap
        shifts.append(shift)
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for (wish, weight), moved in zip(aims, shifts):
        mean, count = wish - moved, 1
        while pools and pools[-1][0] >= mean:
            other, more, members = pools.pop()
            mean = (mean * weight + other * more) / (weight + more)
            weight, count = weight + more, count + members  # noqa: PLW2901 the pool, from here on
        pools.append((mean, weight, count))
    means = (mean for mean, _, members in pools for _ in range(members))
    return [mean + moved for mean, moved in zip(means, shifts)]
