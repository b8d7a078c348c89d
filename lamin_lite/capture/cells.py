r"""What the cells of a notebook were and gave, as the kernel executed them, and the notebook made of that.

While a kernel runs, each thing that happens is a line of JSON in a growing file, so that a killed kernel's report is
what it had come to. At the end, `report` folds them: what a front end would show, but for what is too much.
"""

from __future__ import annotations

import os
from _thread import get_ident

from ..base import names, redact
from ..base._typing import TYPE_CHECKING
from .notebook import metadata, text_of, with_notes
from .streams import LINE, Log, folded, without_escapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Optional

    Cell = dict[str, Any]

MOST_TEXT = 1_000_000  #: characters of one stream of a cell; of more, as much from the beginning and the end
MOST_DATA = 16 << 20  #: characters of one output
SMALL = 1_000  #: characters of an output that is kept in any case
MOST_OF_ALL = 64 << 20  #: characters of all outputs in a report
MOST_KEPT = 256 << 20  #: characters of all outputs in the file, also of those that were cleared or replaced


class CellLog(Log):
    """The growing file of a kernel's run."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._shown = 0
        #: the thread of which nothing is kept: it executes what a front end asks for itself
        self.muted: Optional[int] = None

    def write(self, text: str, name: str = "stdout") -> None:
        """Append what was printed."""
        import json

        # as `add` does it, at a third of the cost: a cell may print a line a thousand times
        if text and self.muted != get_ident():
            super().write(f'["stream", "{name}", {json.dumps(text)}]\n')

    def add(self, *event: object) -> None:
        """Append an event: what it is, and what belongs to it."""
        import json

        if self.muted == get_ident():
            return
        line = json.dumps(event, default=str)
        if event[0] in ("display", "result", "update") and not self._fits(line):
            line = json.dumps([event[0], _too_much(event[1], len(line)), {}, *event[3:]], default=str)
        elif event[0] == "pasted" and not self._fits(line):
            return
        super().write(line + "\n")

    def _fits(self, line: str) -> bool:
        if len(line) > MOST_DATA or self._shown + len(line) > MOST_KEPT:
            return False
        self._shown += len(line)
        return True

    def prepare(self) -> None:
        """Nothing: the file is made with the first cell, before any fork."""


def _too_much(data: Any, size: int) -> dict[str, str]:
    kinds = ", ".join(data) if isinstance(data, dict) else "?"
    return {"text/plain": f"… an output of {size:,} characters is not kept: {kinds}"}


def report(
    path: str,
    mask: Callable[[str], str],
    frame: Optional[dict[str, Any]] = None,
    about: Optional[dict[str, Any]] = None,
) -> bytes:
    """Return the bytes of the report of a run in a kernel: a notebook with what was executed, in that order.

    Args:
        path: the file of a `CellLog`.
        mask: hides secrets in a text.
        frame: the notebook that was executed; its text between the cells is taken over.
        about: what the metadata of the report say of the run.
    """
    import json

    folding = _Folding()
    for event in _events(path):
        folding.take(event)
    masked = folding.masking(mask)
    cells = folding.finished()
    if frame:
        cells = _framed(cells, folding.with_pasted(frame["cells"]))
    notebook = {
        "cells": _numbered([_masked(cell, masked) for cell in cells]),
        "metadata": {**metadata(), **({names.REPORT_METADATA: about} if about else {})},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def summary(notebook: dict[str, Any]) -> str:
    """Return in one line what a report holds.

    Example::

        >>> summary(json.loads(report(path, str)))
        '12 cells, 1 with an error: ValueError: no such gene'
    """
    cells = [cell for cell in notebook.get("cells", ()) if cell.get("cell_type") == "code"]
    errors = [each for cell in cells for each in cell.get("outputs", ()) if each.get("output_type") == "error"]
    text = f"{len(cells):,} cell{'' if len(cells) == 1 else 's'}"
    if errors:
        text += f", {len(errors)} with an error: {errors[-1].get('ename')}: {errors[-1].get('evalue')}"
    return text


def _events(path: str) -> Iterator[list[Any]]:
    import json

    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:  # the kernel was killed while it wrote it
                continue
            if isinstance(event, list) and event:
                yield event


class _Text:
    r"""One stream of one cell: ``\r`` frames folded, the middle left out if it is too long."""

    def __init__(self, name: str) -> None:
        from collections import deque

        self.name = name
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._room, self._kept, self._dropped, self._line = MOST_TEXT // 2, 0, 0, ""

    def add(self, text: str) -> None:
        """Take what was written next."""
        self._line += text
        if "\n" in text:
            done, _, self._line = self._line.rpartition("\n")
            for line in done.split("\n"):
                self._keep(folded(without_escapes(line + "\n")))
        elif len(self._line) > LINE:
            cut = self._line.rfind("\r")
            if cut > 0:
                self._line = folded(self._line[:cut]) + self._line[cut:]
            else:
                self._keep(self._line)
                self._line = ""

    def _keep(self, line: str) -> None:
        if self._room >= len(line) and not self._tail:
            self._room -= len(line)
            self._head.append(line)
            return
        self._tail.append(line)
        self._kept += len(line)
        while self._kept > MOST_TEXT // 2 and len(self._tail) > 1:
            self._drop(len(self._tail.popleft()))

    def _drop(self, size: int) -> None:
        self._kept -= size
        self._dropped += size

    def output(self) -> dict[str, Any]:
        """The output as a notebook has it."""
        rest = folded(without_escapes(self._line))
        if self._kept > MOST_TEXT:  # one line of it
            self._drop(len(self._tail.pop()))
        note = f"… {self._dropped:,} characters are not kept …\n" if self._dropped else ""
        text = "".join([*self._head, note, *self._tail, rest])
        return {"output_type": "stream", "name": self.name, "text": text}


class _Folding:
    """The cells that the events make, one after the other."""

    def __init__(self) -> None:
        self._cells: list[Cell] = []
        self._shown: dict[str, list[dict[str, Any]]] = {}  # outputs that can be updated, by their ids
        self._pasted: dict[str, Cell] = {}  # what text cells with pasted images hold, by their text with notes
        self._room = MOST_OF_ALL
        self._clears = False

    def take(self, event: list[Any]) -> None:
        """Go on by one event; one that is not as expected is passed over."""
        act = getattr(self, f"_take_{event[0]}", None)
        if act is None or (not self._cells and event[0] != "cell"):
            return
        try:
            act(*event[1:])
        except (TypeError, ValueError, AttributeError):
            return

    def _take_cell(self, count: Optional[int], source: str) -> None:
        cell: Cell = {"cell_type": "code", "execution_count": count, "metadata": {}, "outputs": [], "source": source}
        self._cells.append(cell)
        self._clears = False

    def _outputs(self) -> list[Any]:
        outputs: list[Any] = self._cells[-1]["outputs"]
        if self._clears:
            outputs.clear()
            self._clears = False
        return outputs

    def _take_stream(self, name: str, text: str) -> None:
        outputs = self._outputs()
        if not (outputs and isinstance(outputs[-1], _Text) and outputs[-1].name == name):
            outputs.append(_Text(name))
        outputs[-1].add(text)

    def _take_drop(self) -> None:
        if len(self._cells) > 1 and not self._cells[-1]["outputs"]:
            self._cells.pop()

    def _take_clear(self, wait: bool) -> None:
        if wait:
            self._clears = True
        else:
            self._cells[-1]["outputs"].clear()

    def _take_display(self, data: dict[str, Any], meta: dict[str, Any], shown_as: Optional[str]) -> None:
        output = {"output_type": "display_data", "data": dict(data), "metadata": meta or {}}
        self._outputs().append(output)
        if shown_as:
            self._shown.setdefault(shown_as, []).append(output)

    def _take_update(self, data: dict[str, Any], meta: dict[str, Any], shown_as: Optional[str]) -> None:
        for output in self._shown.get(shown_as or "", ()):
            output.update(data=dict(data), metadata=meta or {})

    def _take_result(self, data: dict[str, Any], meta: dict[str, Any], count: Optional[int]) -> None:
        result = {"output_type": "execute_result", "data": dict(data), "metadata": meta or {}, "execution_count": count}
        self._outputs().append(result)

    def _take_error(self, name: str, value: str, lines: list[str]) -> None:
        self._outputs().append({"output_type": "error", "ename": name, "evalue": value, "traceback": lines})

    def _take_pasted(self, text: str, original: str, images: dict[str, Any]) -> None:
        self._pasted[text] = {"source": original, "attachments": dict(images)}

    def masking(self, mask: Callable[[str], str]) -> Callable[[str], str]:
        """Mask the code of the cells; what hides the secrets of it, too, in any other text."""
        values: set[str] = set()
        for cell in self._cells:
            cell["source"], found = redact.redact_source(cell["source"])
            values |= found

        def masked(text: str) -> str:
            return redact.mask_values(mask(text), values)

        for cell in self._cells:
            cell["source"] = masked(cell["source"])
        return masked

    def finished(self) -> list[Cell]:
        """The cells, with as much of their outputs as there is room for."""
        for cell in self._cells:
            cell["outputs"] = [each.output() if isinstance(each, _Text) else each for each in cell["outputs"]]
            for output in cell["outputs"]:
                size = sum(len(str(value)) for value in output.get("data", {}).values())
                if not self._has_room(size):
                    output.update(data=_too_much(output["data"], size), metadata={})
        return self._cells

    def _has_room(self, size: int) -> bool:
        if size > max(self._room, SMALL):
            return False
        self._room = max(0, self._room - size)
        return True

    def with_pasted(self, frame: list[Cell]) -> list[Cell]:
        """The cells of a frame, with pasted images as far as they are known and there is room; else with notes."""
        return [self._with_pasted(cell) if cell["cell_type"] == "markdown" else cell for cell in frame]

    def _with_pasted(self, cell: Cell) -> Cell:
        own = self._pasted.get(cell["source"])
        if own is None or not self._has_room(len(str(own["attachments"]))):
            return {**cell, "source": with_notes(cell["source"])}
        return {**cell, **own}


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """The value with each text in it masked; colours go where they stand between the parts of a secret."""
    if isinstance(value, str):
        bare = without_escapes(value)
        masked = mask(bare)
        return value if masked == bare else masked
    if isinstance(value, list):
        return [_masked(each, mask) for each in value]
    if isinstance(value, dict):
        return {key: each if _is_image(key) else _masked(each, mask) for key, each in value.items()}
    return value


def _is_image(kind: str) -> bool:
    """Whether what belongs to the key is the bytes of an image: by its type, or all images pasted into a cell."""
    return kind in ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "attachments")


def _framed(cells: list[Cell], frame: list[Cell]) -> list[Cell]:
    """The executed cells, with the text cells of the notebook before those that they precede there."""
    places: dict[str, list[int]] = {}
    for number, cell in enumerate(frame):
        if cell["cell_type"] == "code" and text_of(cell).strip():
            places.setdefault(text_of(cell).strip(), []).append(number)
    made: list[Cell] = []
    done = 0
    for cell in cells:
        place = next((number for number in places.get(cell["source"].strip(), ()) if number >= done), None)
        if place is not None:
            made += [each for each in frame[done:place] if each["cell_type"] != "code"]
            done = place + 1
        made.append(cell)
    after = frame[done:]
    if not any(each["cell_type"] == "code" and text_of(each).strip() for each in after):
        made += [each for each in after if each["cell_type"] != "code"]
    return made


def _numbered(cells: list[Cell]) -> list[Cell]:
    return [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(cells, 1)]
