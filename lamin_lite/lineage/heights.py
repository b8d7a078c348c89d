"""How high each box of a column stands, such that edges are straight and nothing overlaps. Pure.

Each box wants to stand where its neighbours are on average. A column at a time, the places that come nearest to that
are found exactly (isotonic regression: pool those that would overlap). Frames tie columns together; after each sweep
everything is moved apart until no frame overlaps anything: once all upwards, once all downwards, and the mean of both.
Sums are those of ``math.fsum``, the same on every Python: what ``sum`` makes of floats changed with 3.12.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .columns import Columns

    Sides = Sequence[Sequence[Sequence[tuple[int, int]]]]

BOX_GAP, LINE_GAP, FRAME_GAP = 14.0, 8.0, 14.0  #: between two boxes; beside a line that passes; outside of a frame
FRAME_TOP, FRAME_BOTTOM = 30.0, 14.0  #: between a frame and its boxes; its title stands at the top
SWEEPS = 28
ONE_SIDED = 4  #: of them look to one side only, to get from a heap to a shape
WORK = 250_000  #: boxes visited in all sweeps
SNAP = 26.0  #: a line that is off by less is made straight, if there is room


def placed(
    columns: Columns, rows: Sequence[Sequence[int]], heights: Sequence[float]
) -> tuple[list[float], dict[int, tuple[float, float]]]:
    """The middle of each box, and top and bottom of the frame of each group."""
    return _Heights(columns, rows, heights).placed()


class _Heights:
    """Heights that are improved in place; never is one box nearer to the next than it may be."""

    def __init__(self, columns: Columns, rows: Sequence[Sequence[int]], heights: Sequence[float]) -> None:
        self.columns, self.rows = columns, rows
        count = len(columns.column)
        self.half = [*(height / 2 for height in heights), *[0.0] * (count - len(heights))]
        self.frames = {group: count + 2 * at for at, group in enumerate(sorted(columns.spans))}
        self.members: dict[int, list[int]] = {group: [] for group in self.frames}
        for box, group in enumerate(columns.group):
            if group is not None:
                self.members[group].append(box)
        self.y = [0.0] * (count + 2 * len(self.frames))
        self.above: list[list[tuple[int, float]]] = [[] for _ in self.y]  # variable and least distance
        self.below: list[list[tuple[int, float]]] = [[] for _ in self.y]
        self.gaps = [self._gaps(row) for row in rows]  # least distance between each box of a column and the next
        self.order = self._order()

    # -- what must be kept apart

    def _gaps(self, row: Sequence[int]) -> list[float]:
        gaps, sum_ = [], 0.0
        for upper, lower, distance in self._steps(row):
            self.above[lower].append((upper, distance))
            self.below[upper].append((lower, distance))
            sum_ += distance
            if lower < len(self.half):  # a box, no edge of a frame
                if lower != row[0]:
                    gaps.append(sum_)
                sum_ = 0.0
        return gaps

    def _steps(self, row: Sequence[int]) -> Iterator[tuple[int, int, float]]:
        """From top to bottom through boxes and edges of frames: this, the next, and the least distance."""
        last, half, group = -1, 0.0, None
        for box in row:
            there = self.columns.group[box]
            gap = BOX_GAP if min(box, last) < self.columns.count > max(box, last) else LINE_GAP
            if there != group:
                if group is not None:
                    yield last, self.frames[group] + 1, half + FRAME_BOTTOM
                    last, half, gap = self.frames[group] + 1, 0.0, FRAME_GAP
                if there is not None:
                    if last >= 0:
                        yield last, self.frames[there], half + FRAME_GAP
                    last, half, gap = self.frames[there], 0.0, FRAME_TOP
                group = there
            if last >= 0:
                yield last, box, half + gap + self.half[box]
            last, half = box, self.half[box]
        if group is not None:
            yield last, self.frames[group] + 1, half + FRAME_BOTTOM

    def _order(self) -> list[int]:
        """Boxes and edges of frames, such that each comes after all that must be above it."""
        missing = [len(each) for each in self.above]
        order = [box for box, count in enumerate(missing) if not count]
        for box in order:
            for lower, _ in self.below[box]:
                missing[lower] -= 1
                if not missing[lower]:
                    order.append(lower)
        return order

    # -- sweeps

    def placed(self) -> tuple[list[float], dict[int, tuple[float, float]]]:
        """The result, after all sweeps."""
        self._move_apart()
        before, after = self.columns.before, self.columns.after
        count = max(6, min(SWEEPS, WORK // max(1, len(self.y))))
        for sweep in range(count):
            to_right = sweep % 2 == 0
            if sweep < ONE_SIDED:
                self._sweep(to_right, (before if to_right else after,))
            else:
                self._sweep(to_right, (before, after))
        for sweep in range(3):
            self._snap(to_right=sweep % 2 == 0)
        self._tighten_frames()
        count = len(self.half)
        return self.y[:count], {group: (self.y[at], self.y[at + 1]) for group, at in self.frames.items()}

    def _sweep(self, to_right: bool, sides: Sides) -> None:
        for column in self._to(to_right):
            row, wishes, weights = self.rows[column], [], []
            for box in row:
                near = [each for side in sides for each in side[box]]
                weight = sum(each for _, each in near)
                wishes.append(math.fsum(self.y[each] * share for each, share in near) / weight if near else self.y[box])
                weights.append(weight or 0.05)
            for box, y in zip(row, _pooled(wishes, weights, self.gaps[column])):
                self.y[box] = y
        if self.frames:
            self._tighten_frames()
            self._move_apart()

    def _to(self, to_right: bool) -> range:
        return range(len(self.rows)) if to_right else range(len(self.rows) - 1, -1, -1)

    def _move_apart(self) -> None:
        """The mean of two solutions is one too: all below what must be above, and all above what must be below."""
        low, high = list(self.y), list(self.y)
        for box in self.order:
            for upper, distance in self.above[box]:
                low[box] = max(low[box], low[upper] + distance)
        for box in reversed(self.order):
            for lower, distance in self.below[box]:
                high[box] = min(high[box], high[lower] - distance)
        self.y = [(one + other) / 2 for one, other in zip(low, high)]

    def _tighten_frames(self) -> None:
        for group, top in self.frames.items():
            boxes = self.members[group]
            self.y[top] = min(self.y[box] - self.half[box] for box in boxes) - FRAME_TOP
            self.y[top + 1] = max(self.y[box] + self.half[box] for box in boxes) + FRAME_BOTTOM

    def _snap(self, *, to_right: bool) -> None:
        """Move boxes by a little to the height of a neighbour where the sweep comes from, lines that pass first."""
        side = self.columns.before if to_right else self.columns.after
        for column in self._to(to_right):
            for box in sorted(self.rows[column], key=lambda box: box < self.columns.count):
                near = side[box]
                if not near:
                    continue
                y = self.y[box]
                target = min(((-weight, abs(self.y[each] - y), self.y[each]) for each, weight in near))[2]
                if 0 < abs(target - y) < SNAP:
                    top = max((self.y[each] + distance for each, distance in self.above[box]), default=target)
                    end = min((self.y[each] - distance for each, distance in self.below[box]), default=target)
                    self.y[box] = min(max(target, top), end) if top <= end else y


def _pooled(wishes: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The heights nearest to the wishes (least squares) that keep the gaps."""
    shift, shifts = 0.0, [0.0]
    for gap in gaps:
        shift += gap
        shifts.append(shift)
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for wish, weight, moved in zip(wishes, weights, shifts):
        mean, count = wish - moved, 1
        while pools and pools[-1][0] >= mean:
            other, more, members = pools.pop()
            mean = (mean * weight + other * more) / (weight + more)
            weight, count = weight + more, count + members  # noqa: PLW2901 the pool, from here on
        pools.append((mean, weight, count))
    means = (mean for mean, _, count in pools for _ in range(count))
    return [mean + moved for mean, moved in zip(means, shifts)]
