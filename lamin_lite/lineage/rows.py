"""In which order the boxes of a column stand, such that few edges cross. Pure.

Sweeps over the columns, to the right and to the left: each box goes where its neighbours are on average; the best of
all sweeps is kept. The boxes of a group stay together, and where two groups share columns, one is above the other in
all of them, so that a frame can be drawn around each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .columns import Columns

    Rows = list[list[int]]

SWEEPS = 24
WORK = 300_000  #: boxes and edges visited in all sweeps; a large graph gets fewer of them
PATIENCE = 6  #: sweeps without a better result
SWAPS = 6_000  #: boxes and edges up to which neighbours are also swapped one by one


def ordered(columns: Columns) -> Rows:
    """The boxes of each column from top to bottom."""
    rows = _Ordering(columns)
    rows.sweep(_first(columns))
    return rows.best


def _first(columns: Columns) -> Rows:
    """Boxes in the order in which they are reached from the left, so that what belongs together starts together."""
    seen: set[int] = set()
    rows: Rows = [[] for _ in columns.rows]
    for start in (box for row in columns.rows for box in row):
        stack = [start]
        while stack:
            box = stack.pop()
            if box in seen:
                continue
            seen.add(box)
            rows[columns.column[box]].append(box)
            stack += [each for each, _ in reversed(columns.after[box])]
    return rows


class _Ordering:
    """The rows as they are, and the best so far."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.place = [0] * len(columns.column)
        self.links = sum(map(len, columns.after))
        self.best: Rows = []
        self.fewest = -1

    def sweep(self, rows: Rows) -> None:
        size = len(self.place) + self.links
        self.rows = rows
        self._settle(range(len(rows)), None)
        self._keep()
        failures = 0
        for sweep in range(max(4, min(SWEEPS, WORK // max(1, size)))):
            to_right = sweep % 2 == 0
            order = range(len(rows)) if to_right else range(len(rows) - 1, -1, -1)
            self._settle(order, self.columns.before if to_right else self.columns.after)
            if size <= SWAPS:
                self._swap_neighbours()
            failures = 0 if self._keep() else failures + 1
            if failures > PATIENCE or not self.fewest:
                break

    def _settle(self, order: Sequence[int], sides: Sequence[Sequence[tuple[int, int]]] | None) -> None:
        """Arrange the columns one after the other by the neighbours on one side."""
        rank = self._ranks()
        for column in order:
            row = self.rows[column]
            aims = {box: float(self.place[box]) for box in row}
            for box in row:
                near = sides[box] if sides is not None else ()
                if near:
                    aims[box] = sum(self.place[each] for each, _ in near) / len(near)
            self.rows[column] = self._arranged(row, aims, rank)
            self._place(column)

    def _place(self, column: int) -> None:
        for at, box in enumerate(self.rows[column]):
            self.place[box] = at

    def _ranks(self) -> dict[int, float]:
        """Where each group is on average; it decides which of two groups is above the other, in all columns."""
        sums: dict[int, list[float]] = {}
        for row in self.rows:
            for at, box in enumerate(row):
                group = self.columns.group[box]
                if group is not None:
                    sums.setdefault(group, []).append((at + 0.5) / len(row))
        means = {group: math.fsum(places) / len(places) for group, places in sums.items()}
        return {group: float(at) for at, group in enumerate(sorted(means, key=lambda group: (means[group], group)))}

    def _arranged(self, row: list[int], aims: dict[int, float], rank: dict[int, float]) -> list[int]:
        if not rank:
            return sorted(row, key=aims.__getitem__)
        blocks: dict[int, list[int]] = {}
        items: list[tuple[float, int, list[int]]] = []  # aim, place, boxes
        for box in row:
            group = self.columns.group[box]
            if group is None:
                items.append((aims[box], self.place[box], [box]))
            else:
                blocks.setdefault(group, []).append(box)
        for block in blocks.values():
            block.sort(key=aims.__getitem__)
            items.append((math.fsum(aims[box] for box in block) / len(block), self.place[block[0]], block))
        items.sort(key=lambda item: item[:2])
        in_rank = iter(sorted(blocks, key=rank.__getitem__))
        found: list[int] = []
        for _, _, boxes in items:  # the places of the groups stay, which group takes which is a matter of their rank
            found += boxes if self.columns.group[boxes[0]] is None else blocks[next(in_rank)]
        return found

    def _swap_neighbours(self) -> None:
        """Swap boxes one above the other, of the same group or of none, as long as it saves crossings."""
        for row in self.rows:
            for at in range(len(row) - 1):
                upper, lower = row[at], row[at + 1]
                if self.columns.group[upper] != self.columns.group[lower]:
                    continue
                if self._between(upper, lower) > self._between(lower, upper):
                    row[at], row[at + 1] = lower, upper
                    self.place[lower], self.place[upper] = at, at + 1

    def _between(self, upper: int, lower: int) -> int:
        """Crossings of the edges of two boxes, the first above the second."""
        place = self.place
        return sum(
            place[high] > place[low]
            for side in (self.columns.before, self.columns.after)
            for high, _ in side[upper]
            for low, _ in side[lower]
        )

    def _keep(self) -> bool:
        count = self._crossings()
        if self.fewest < 0 or count < self.fewest:
            self.best, self.fewest = [list(row) for row in self.rows], count
            return True
        return False

    def _crossings(self) -> int:
        return sum(self._crossings_after(row) for row in self.rows)

    def _crossings_after(self, row: list[int]) -> int:
        """Pairs of edges to the next column that cross, counted by a tree of sums."""
        ends = [end for box in row for end in sorted(self.place[each] for each, _ in self.columns.after[box])]
        size = max(ends, default=-1) + 1
        tree, count = [0] * (size + 1), 0
        for seen, end in enumerate(ends):
            at, before = end + 1, 0
            while at > 0:
                before += tree[at]
                at -= at & -at
            count += seen - before
            at = end + 1
            while at <= size:
                tree[at] += 1
                at += at & -at
        return count
