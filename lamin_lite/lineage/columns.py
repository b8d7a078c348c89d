"""Which column each box of a drawing is in. Pure: numbers in, numbers out.

Edges point from left to right; where they run in a circle, some are turned for the drawing. An edge over several
columns becomes a chain of empty boxes, one a column, so that the steps after this one see short edges only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    Pair = tuple[int, int]

TIGHTENINGS = 4  #: rounds in which boxes move towards those that they are linked with


class Columns:
    """Boxes ``0 … count - 1``, and empty ones behind them, in columns.

    ``column`` and ``group`` of each box; ``before`` and ``after``: its neighbours in the columns beside it, with the
    weight that a straight line to them has; ``rows``: the boxes of each column; ``chains``: of each edge its boxes from
    left to right; ``turned``: whether the edge points to the left.
    """

    def __init__(
        self, count: int, edges: Sequence[Pair], groups: Sequence[Optional[int]], weak: Collection[int]
    ) -> None:
        self.count = count
        order = _order(count, [edge for at, edge in enumerate(edges) if at not in weak])
        self.turned = [order[source] > order[target] for source, target in edges]
        straight = [
            (target, source) if turned else (source, target) for (source, target), turned in zip(edges, self.turned)
        ]
        self.column = _columns(count, straight, order)
        self.group = list(groups)
        self.spans = self._spans()
        self.before: list[list[tuple[int, int]]] = [[] for _ in range(count)]
        self.after: list[list[tuple[int, int]]] = [[] for _ in range(count)]
        self.chains = [self._chain(source, target) if source != target else [] for source, target in straight]
        self._fill_spans()
        self.rows: list[list[int]] = [[] for _ in range(max(self.column, default=-1) + 1)]
        for box, column in enumerate(self.column):
            self.rows[column].append(box)

    def _spans(self) -> dict[int, tuple[int, int]]:
        """The first and the last column of each group."""
        spans: dict[int, tuple[int, int]] = {}
        for group, column in zip(self.group, self.column):
            if group is not None:
                first, last = spans.get(group, (column, column))
                spans[group] = min(first, column), max(last, column)
        return spans

    def _chain(self, source: int, target: int) -> list[int]:
        between = range(self.column[source] + 1, self.column[target])
        chain = [source, *(self._empty(column, self._passes(source, target, column)) for column in between), target]
        for left, right in zip(chain, chain[1:]):
            weight = 1 + 2 * (left >= self.count) + 2 * (right >= self.count)
            self.after[left].append((right, weight))
            self.before[right].append((left, weight))
        return chain

    def _empty(self, column: int, group: Optional[int]) -> int:
        self.column.append(column)
        self.group.append(group)
        self.before.append([])
        self.after.append([])
        return len(self.column) - 1

    def _passes(self, source: int, target: int, column: int) -> Optional[int]:
        """The group in which an edge runs at a column: that of an end, as long as its frame reaches."""
        for end in (target, source):
            group = self.group[end]
            if group is not None and self.spans[group][0] <= column <= self.spans[group][1]:
                return group
        return None

    def _fill_spans(self) -> None:
        """Keep a place for the frame of a group in each column that it crosses."""
        there = {(group, column) for group, column in zip(self.group, self.column)}
        for group, (first, last) in self.spans.items():
            for column in range(first, last + 1):
                if (group, column) not in there:
                    self._empty(column, group)


def _order(count: int, edges: Iterable[Pair]) -> list[int]:
    """A place for each box such that as good as all edges lead to a later one; in circles those that come back do not.

    Depth first from the boxes that nothing leads to, in their order, then from the others.
    """
    after: list[list[int]] = [[] for _ in range(count)]
    is_led_to = [False] * count
    for source, target in edges:
        after[source].append(target)
        is_led_to[target] = True
    seen, ended = [False] * count, []
    for root in sorted(range(count), key=lambda box: is_led_to[box]):
        stack = [] if seen[root] else [(root, iter(after[root]))]
        seen[root] = True
        while stack:
            box, rest = stack[-1]
            for each in rest:
                if not seen[each]:
                    seen[each] = True
                    stack.append((each, iter(after[each])))
                    break
            else:
                ended.append(box)
                stack.pop()
    order = [0] * count
    for place, box in enumerate(reversed(ended)):
        order[box] = place
    return order


def _columns(count: int, edges: Iterable[Pair], order: Sequence[int]) -> list[int]:
    """The longest way from the left, then each box as near as can be to where most of its edges go."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        if source != target:
            after[source].append(target)
            before[target].append(source)
    column = [0] * count
    boxes = sorted(range(count), key=lambda box: order[box])
    for box in boxes:
        column[box] = max((column[each] + 1 for each in before[box]), default=0)
    for _ in range(TIGHTENINGS):
        for box in reversed(boxes):
            if len(after[box]) > len(before[box]):
                column[box] = min(column[each] for each in after[box]) - 1
        for box in boxes:
            if before[box] and len(before[box]) >= len(after[box]):
                column[box] = max(column[each] for each in before[box]) + 1
    used = {each: place for place, each in enumerate(sorted(set(column)))}
    return [used[each] for each in column]
