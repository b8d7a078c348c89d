"""Whether a notebook, run from top to bottom, would do what the kernel did."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from .notebook import code_cells, is_skipped, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Optional

    Ran = tuple[int, str, Optional[str]]

__all__ = ["order_problem"]

MOST_NAMED = 5


def order_problem(ran: Iterable[Ran], notebook: dict[str, Any]) -> Optional[str]:
    """Return one sentence that names the cells by which kernel and notebook differ; None if they do not.

    Args:
        ran: count, text and id (if the front end gave one) of each cell that was run, in this order.
        notebook: as it lies on the disk.

    A cell that was run several times counts by its last time. A text that the notebook does not hold is held against
    it only if the cell has an id: others are put in by programs that run whole notebooks.

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
        if place not in places and text_of(cell).strip() not in texts and not is_skipped(cell)
    ]
    parts = []
    if late:
        parts.append(f"{_named([f'[{count}]' for count in late])} ran out of order")
    if skipped:
        parts.append(f"{_named([repr(line[:40]) for line in skipped])} did not run")
    if edited:
        parts.append(f"{_named([f'[{count}]' for count in edited])} ran code that the saved notebook does not hold")
    return f"The notebook, run from top to bottom, would not do the same: {'; '.join(parts)}." if parts else None


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
