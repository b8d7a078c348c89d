"""Whether a notebook, run from top to bottom, would do what the kernel did; and the notebook that holds what it did."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from .notebook import code_cells, is_skipped, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, Optional

    Ran = tuple[int, str, Optional[str]]
    Notebook = dict[str, Any]

__all__ = ["executed", "order_problem", "with_executed", "without_later"]

MOST_NAMED = 5


def order_problem(ran: Iterable[Ran], notebook: dict[str, Any]) -> Optional[str]:
    """Return one sentence that names the cells by which kernel and notebook differ; None if they do not.

    Args:
        ran: count, text and id (if the front end gave one) of each cell that was run, in this order.
        notebook: as it lies on the disk.

    A cell that was run several times counts by its last time, one of comments that was passed over not at all. A text
    that the notebook does not hold is held against it only if the cell has an id: others are put in by programs that run
    whole notebooks.

    Example::

        >>> order_problem([(1, "y = x", None), (2, "x = 1", None)], notebook)
        'The notebook, run from top to bottom, would not do the same: [2] ran out of order.'
    """
    cells = code_cells(notebook)
    ran = [(count, text.strip(), cell_id) for count, text, cell_id in ran]
    places, edited = _places(ran, cells)
    rising, texts = _longest_rise(list(places)), {text for _, text, _ in ran}
    late = [count for place, count in places.items() if place not in rising]
    skipped = [
        text_of(cell).strip().split("\n")[0]
        for place, cell in enumerate(cells[: max(places, default=0)])
        if place not in places and text_of(cell).strip() not in texts and not is_skipped(cell) and _does_something(cell)
    ]
    parts = []
    if late:
        parts.append(f"{_named([f'[{count}]' for count in late])} ran out of order")
    if skipped:
        parts.append(f"{_named([repr(line[:40]) for line in skipped])} did not run")
    if edited:
        parts.append(f"{_named([f'[{count}]' for count in edited])} ran code that the saved notebook does not hold")
    return f"The notebook, run from top to bottom, would not do the same: {'; '.join(parts)}." if parts else None


def _does_something(cell: dict[str, Any]) -> bool:
    """Whether a cell has more than comments."""
    lines = (line.strip() for line in text_of(cell).splitlines())
    return any(line and not line.startswith("#") for line in lines)


def executed(ran: Iterable[Ran]) -> Notebook:
    """Return a notebook of the cells that were run, in this order; one with an id, as it ran last.

    Example::

        >>> [cell["source"] for cell in executed([(1, "x = 1", "a"), (2, "x", None), (3, "x = 2", "a")])["cells"]]
        ['x', 'x = 2']
    """
    texts: dict[object, str] = {}
    for count, text, cell_id in ran:
        texts.pop(cell_id, None)
        texts[cell_id or count] = text
    return {"cells": [_code(text) for text in texts.values()]}


def with_executed(ran: Iterable[Ran], notebook: Notebook, later: Callable[[int], bool]) -> tuple[Notebook, list[int]]:
    """Return the notebook with the cells as they were run, and the counts of those that it does not hold so.

    Args:
        ran: count, text and id of each cell that was run, in this order. Those without an id are passed over; an empty
            one is of a cell of a front end whose id was not heard.
        notebook: as it lies on the disk.
        later: whether the cell with this count ran after that was saved. If it did not, and is not there, it was removed.

    A cell that is new stands after the one that ran before it.
    """
    made = _Executed(notebook["cells"], [each for each in ran if each[2] is not None])
    counts = [count for count, text, cell_id in made.last if made.take(text, cell_id or "", later(count))]
    return {**notebook, "cells": made.cells}, counts


def without_later(notebook: Notebook, ran: Iterable[Ran], before: Iterable[dict[str, Any]]) -> Notebook:
    """Return the notebook with the code that ran or was there before, and not what was written since.

    Args:
        notebook: as it lies on the disk.
        ran: count, text and id of each cell that was run; all of them stay as they are.
        before: the cells with code that it had then; one of them that did not run gets back its text.

    Blank cells and those with text stay.
    """
    by_id = {cell["id"]: text_of(cell) for cell in before if cell.get("id")}
    ran = list(ran)
    ran_ids, texts = {cell_id for *_, cell_id in ran if cell_id}, {text.strip() for _, text, _ in ran}
    texts |= {text_of(cell).strip() for cell in before}
    kept = []
    for cell in notebook["cells"]:
        text, cell_id = text_of(cell), cell.get("id")
        if cell.get("cell_type") != "code" or not text.strip() or text.strip() in texts or cell_id in ran_ids:
            kept.append(cell)
        elif cell_id in by_id:
            kept.append({**cell, "source": by_id[cell_id]})
    return {**notebook, "cells": kept}


class _Executed:
    """The cells of a notebook, which become those that ran."""

    def __init__(self, cells: list[dict[str, Any]], ran: list[Ran]) -> None:
        self.cells = list(cells) if code_cells({"cells": cells}) else _without_code(cells)
        self.last = list({cell_id or count: (count, text, cell_id) for count, text, cell_id in ran}.values())
        self.last.sort(key=lambda each: each[0])
        self._ran: set[object] = {text.strip() for _, text, _ in self.last} | {
            cell_id for *_, cell_id in self.last if cell_id
        }
        self._next = next(
            (place for place, cell in enumerate(self.cells) if cell.get("cell_type") == "code"), len(self.cells)
        )

    def take(self, text: str, cell_id: str, is_later: bool) -> bool:
        """Go on by one cell; whether the cells did not hold it."""
        place = self._place(lambda cell: bool(cell_id) and cell.get("id") == cell_id)
        if place is not None and text_of(self.cells[place]).strip() != text.strip():
            self.cells[place] = {**self.cells[place], **_code(text)}
            self._next = place + 1
            return True
        if place is None:
            place = self._place(lambda cell: cell.get("cell_type") == "code" and text_of(cell).strip() == text.strip())
        if place is not None:
            self._next = place + 1
        elif is_later:
            self.cells[self._next : self._end(cell_id)] = [{**_code(text), "id": cell_id}]
            self._next += 1
        return place is None and is_later

    def _place(self, is_it: Callable[[dict[str, Any]], bool]) -> Optional[int]:
        return next((place for place, cell in enumerate(self.cells) if is_it(cell)), None)

    def _end(self, cell_id: str) -> int:
        """Where what a cell replaces ends: if ids do not tell, one in its place that did not run is its earlier text."""
        cell = self.cells[self._next] if self._next < len(self.cells) else {}
        replaces = cell.get("cell_type") == "code" and not (cell_id and cell.get("id"))
        return self._next + (replaces and not {text_of(cell).strip(), cell.get("id")} & self._ran)


def _without_code(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """But for blank cells, with which a front end begins a new file."""
    return [cell for cell in cells if cell.get("cell_type") != "code"]


def _code(text: str) -> dict[str, Any]:
    return {"cell_type": "code", "source": text}


def _named(names: Sequence[str]) -> str:
    rest = len(names) - MOST_NAMED
    shown = [*names[:MOST_NAMED], f"{rest} more"] if rest > 0 else list(names)
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _places(ran: list[Ran], cells: list[dict[str, Any]]) -> tuple[dict[int, int], list[int]]:
    """Return the counts by the place of the cell, in the order of the counts; and the counts of what was edited.

    Of cells with the same text only an id tells which one ran; without it they are left out.
    """
    texts = [text_of(cell).strip() for cell in cells]
    by_id = {cell["id"]: place for place, cell in enumerate(cells) if cell.get("id")}
    places: dict[int, int] = {}
    edited: dict[str, int] = {}
    for count, text, cell_id in ran:
        place = by_id.get(cell_id or "")
        if place is None and texts.count(text) == 1:
            place = texts.index(text)
        if place is not None:
            places.pop(place, None)
            places[place] = count
        if cell_id:
            edited.pop(cell_id, None)
            if text not in texts or (place is not None and texts[place] != text):
                edited[cell_id] = count
    return places, list(edited.values())


def _longest_rise(places: list[int]) -> set[int]:
    """Return a longest part of the sequence that rises."""
    from bisect import bisect_left

    ends: list[int] = []  # the least end of a rise of each length
    chains: list[tuple[int, Any]] = []
    for place in places:
        at = bisect_left(ends, place)
        chain = (place, chains[at - 1] if at else None)
        ends[at : at + 1], chains[at : at + 1] = [place], [chain]
    found: set[int] = set()
    rest: Any = chains[-1] if chains else None
    while rest is not None:
        found.add(rest[0])
        rest = rest[1]
    return found
