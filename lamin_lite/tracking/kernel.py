"""The run of track() in a kernel of Jupyter: its notebook, its cells and their outputs, and how it ends.

IPython tells when a cell begins and ends; what the cells show is noted where it is published, what they print where it
is written. All of it is given back when the run ends.
"""

from __future__ import annotations

import os
from _thread import get_ident

from ..base import clock, display
from ..base._typing import TYPE_CHECKING
from ..capture.cells import CellLog
from ..capture.front_end import (
    cell_id,
    executed_cells,
    hidden_cell,
    message_of_cell,
    note_cell,
    notebook_at,
    notebook_of_kernel,
    number_of_cell,
)
from ..capture.notebook import code_cells, notebook_from_source, notebook_source, notebook_title, text_of
from ..capture.order import executed, order_problem, with_executed, without_later
from ..capture.source import source_of_file, source_of_main, source_of_notebook
from ..models import session
from . import html, injected, links, processes, transforms
from .opened import COMPLETED, outcome, tap
from .prompt import Heard

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional, Union

    from ..instance import Instance
    from ..models import Run, Transform

    Source = dict[str, Optional[str]]

MOST_UNSAVED = 10  #: ended runs for whose sources it is looked whether they were saved since

_ids: dict[int, str] = {}  # of the cells of this kernel, by their counts, where the front end gave any
_begun: dict[int, int] = {}  # when they began, by their counts
_told = 0  # count of the last cell that is in the report of an earlier run
_current: Optional[Kernel] = None
_unsaved: list[Kernel] = []  # whose runs have ended, and whose notebook did not hold what had run


class Kernel:
    """The kernel that this process is: which notebook it executes, and what it tells while a run is open.

    Has the same names as `endings.Hooks`.
    """

    def __init__(self, shell: Any, store: Instance, path: Union[str, os.PathLike[str], None]) -> None:
        self._shell = shell
        self._store = store
        self._given = None if path is None else os.path.realpath(path)
        self._path = self._given
        self._is_guess = False  # it was not told: others may begin alike
        self._keeps_hidden = self._is_hidden()  # somebody who asks for no trace of any cell: then all are kept
        self._after_count = _told if _current is None else number_of_cell(shell) - 1  # its cells follow this one
        self._publisher: Any = None  # of what is shown
        self._texts: Optional[set[str]] = None  # of the cells of a notebook that was guessed
        self._candidates: list[str] = []
        self._problem: Optional[str] = None  # of the order of the cells
        self._found_out: Optional[str] = None  # which notebook it is, if that is known only at the end
        self._not_saved: list[int] = []  # counts of cells that the file does not hold as they ran
        self._there: Optional[list[dict[str, Any]]] = (
            None  # code that the file had at the end, if it is looked at again
        )
        self._secrets: set[str] = set()  # what is masked in the source
        #: what is to be done when a script or a cell has ended: a script may have left its run open
        self.after_script: Optional[Callable[[], None]] = None
        self._error: Optional[BaseException] = None  # of the last cell that has ended
        self._noted: Optional[BaseException] = None  # an error that the cell has shown
        self._running: list[tuple[int, object]] = []  # threads and messages of the cells that run, one within the other
        self._has_source = path is not None and source_of_file(self._given or "")["text"] is not None  # of a file
        self._gave_way = False
        self._ended_at = 0  # the count of its last cell
        #: what track() was told of the transform, and whether it made one; None if it is not that of a notebook
        self.wish: Optional[dict[str, Any]] = None

    def new_log(self, path: str) -> CellLog:
        """Where is kept what the cells do."""
        self._log = CellLog(path)
        return self._log

    def listen(self, run: Run, secrets: set[str]) -> None:
        """Hear of the cells from the one on that is running; these secrets are masked in their source."""
        global _current
        _current, self.run, self._secrets = self, run, secrets
        transforms.of_cell = _transform_of_cell
        shell, log = self._shell, self._log
        cells = executed_cells(shell)
        count = number_of_cell(shell)
        for number, text in cells:
            if self._after_count < number < count:
                log.add("cell", number, text)
        log.add("cell", count, dict(cells).get(count, ""))
        self._note(count)
        self._add_pasted(self._path)
        self._running.append(self._place())
        self._heard = Heard(shell, self._before, self._after)
        self._heard.event("pre_execute", self._before_silent)
        self._heard.event("post_execute", self._after_silent)
        self._heard.scripts(self._script)
        self._heard.calls(shell.displayhook, "write_format_data", self._result)
        self._heard.calls(shell, "_showtraceback", self._failed)
        self._hear_display()

    def _hear_display(self) -> None:
        """Hear what is shown by the publisher of the moment: within ``%%capture`` it is another one."""
        publisher = self._shell.display_pub
        if self._publisher is not publisher:
            self._publisher = publisher
            self._heard.calls(publisher, "publish", self._shown)
            self._heard.calls(publisher, "clear_output", lambda wait=False: self._log.add("clear", bool(wait)))

    # -- what happens

    def _is_hidden(self) -> bool:
        """Whether the cell that runs is hidden; it is noted, so that there is one if track() is called in it."""
        hidden = hidden_cell(self._shell)
        if hidden is not None and [text for _, text in executed_cells(self._shell)[-1:]] != [hidden]:
            note_cell(self._shell, hidden, is_stored=False)
        return hidden is not None

    def _place(self) -> tuple[int, object]:
        """Which thread executes a cell, and by which message."""
        return get_ident(), (message_of_cell(self._shell).get("header") or {}).get("msg_id")

    def _is_nested(self) -> bool:
        """Whether a cell is running here that executes another one, as by ``%rerun``."""
        thread, message = self._place()
        self._running = [each for each in self._running if each[0] != thread or each[1] == message]
        return any(each[0] == thread for each in self._running)

    def _before(self, info: Any) -> None:
        nested = self._is_nested()
        self._running.append(self._place())
        if nested:
            return
        self._log.muted = None
        if info.store_history or self._keeps_hidden:
            count = note_cell(self._shell, info.raw_cell, is_stored=info.store_history)
            self._log.add("cell", count, info.raw_cell)
            self._note(count)
        else:
            self._log.muted = get_ident()
        self._hear_display()
        tap.renew()
        session.enter(self.run)  # each cell may be executed in a context of its own

    def _before_silent(self) -> None:
        if not self._is_nested() and hidden_cell(self._shell) is not None:
            self._log.muted = get_ident()  # until it turns out not to be silent

    def _after_silent(self) -> None:
        if not self._is_nested() and self._log.muted == get_ident():
            self._log.muted = None

    def _note(self, count: int) -> None:
        _begun.setdefault(count, clock.now())
        found = cell_id(self._shell)
        if found is not None:
            _ids[count] = found

    def _add_pasted(self, path: Optional[str]) -> None:
        """Keep images that are pasted into text cells: the stored source has only their names."""
        notebook = None if path is None else notebook_at(path)
        if notebook is None or not any(cell.get("attachments") for cell in notebook["cells"]):
            return
        texts = notebook_from_source(notebook_source(notebook), notebook_title(notebook))["cells"]
        for cell, text in zip(notebook["cells"], texts):
            if cell.get("attachments"):
                self._log.add("pasted", text["source"], text_of(cell), cell["attachments"])

    def _script(self, *_: object, **__: object) -> None:
        if self.after_script is not None:
            self.after_script()

    def _after(self, result: Any) -> None:
        self._script()
        raw = getattr(getattr(result, "info", None), "raw_cell", None)
        if raw is not None and not raw.strip():
            return  # a blank cell, which never began
        if self._is_nested():
            last = max(number for number, each in enumerate(self._running) if each[0] == get_ident())
            del self._running[last]
            if self._is_nested():
                return
        session.leave(self.run)
        if self._log.muted == get_ident():
            self._log.muted = None
            return
        error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
        if error is not None and error is not self._noted:
            lines = getattr(self._shell, "_last_traceback", None) or [f"{type(error).__name__}: {error}"]
            self._failed(type(error), error, lines)
        self._error, self._noted = error, None
        self._check_guess()

    def _failed(self, kind: Any, error: Any, lines: Any) -> None:
        """An error that is shown; the cell may go on."""
        self._log.add("error", kind.__name__, str(error), list(lines))
        self._noted = error

    def _check_guess(self) -> None:
        """Leave a notebook that was guessed as soon as a cell has run that it does not hold."""
        if not self._is_guess or self._path is None or self.wish is None:
            return
        if self._texts is None:
            notebook = notebook_at(self._path) or {"cells": []}
            self._texts = {text_of(cell).strip() for cell in code_cells(notebook)}
        if all(text.strip() in self._texts for _, text in executed_cells(self._shell)[-1:]):
            return
        path, self._texts = self._found(), None
        if path != self._path:
            self._settle_to(path)
            self._say_found_out()

    def _say_found_out(self) -> None:
        if self._found_out is not None:
            (display.warning if self._path is None else display.info)(self._found_out)

    def _shown(self, data: Any, meta: Any = None, *_: object, **options: Any) -> None:
        if not display.is_speaking():
            kind = "update" if options.get("update") else "display"
            self._log.add(kind, _as_text(data), meta or {}, (options.get("transient") or {}).get("display_id"))

    def _result(self, data: Any, meta: Any = None) -> None:
        self._log.add("result", _as_text(data), meta or {}, self._shell.displayhook.prompt_count)

    # -- the end

    def executed_text(self) -> str:
        """All that the cells of the run say."""
        return "\n".join(text for _, text, _ in self._ran())

    def at_exit(self) -> tuple[str, Optional[int]]:
        """Status and exit code of a kernel that ends, or whose run gives way to another one: by the last cell."""
        return (COMPLETED, None) if self._error is None else outcome(self._error)

    def give_way(self) -> None:
        """The cell that is running belongs to the run that follows."""
        self._gave_way = self._log.muted != get_ident()
        self._log.add("drop")

    def restore(self) -> None:
        """Hear no more of the kernel."""
        global _current, _told
        _current = None if _current is self else _current
        _told = self._ended_at = number_of_cell(self._shell) - self._gave_way
        self._heard.restore()

    def settle(self, secrets: set[str]) -> None:
        """At the end: let the run belong to the source that the notebook has now, and look at the order of the cells.

        The file may be found only now, as now all cells tell which one it is; or it turns out that it is another one.
        In a front end it was saved since; what ran and is not saved is kept as it ran. A program that runs whole
        notebooks had read it before; it stays what it was.
        """
        self._add_params(secrets)
        if self.wish is None:
            return
        self._secrets = secrets
        self._settle_to(self._given or self._found(is_over=True))
        if self._not_saved or self._candidates or (self._path is None and self._is_interactive()):
            self._there = _code_of(self._path)
            processes.at_exit(_look_at_unsaved)
            _unsaved[MOST_UNSAVED - 1 :] = []
            _unsaved.insert(0, self)

    def _add_params(self, secrets: set[str]) -> None:
        try:
            injected.add_late(self.run, secrets)
        except Exception as error:
            display.warning(f"The params that papermill put in below ln.track() are not kept: {error}")

    def _settle_to(self, path: Optional[str]) -> None:
        """Let the run belong to this notebook, or to none; one that was told and is gone stays what it was."""
        if path is None and self._path is not None and not self._is_guess:
            return
        try:
            self._settle_at(path, self._path)
        except Exception as error:
            display.warning(f"The source of run {self.run.uid} stays as it was when the run started: {error}")

    def _settle_at(self, path: Optional[str], before: Optional[str]) -> None:
        source = self._source_at(path)
        self._problem = self._unreadable(path)
        if source["text"] is None:
            return
        if path != before or path is None or self._is_interactive() or not self._has_source:
            self._move_to(source)
            guessed = path != before and (before is None or self._is_guess)
            self._found_out = self._which(path, before) if guessed or self._candidates else None
        self._path = path
        if path is not None:
            self._add_pasted(path)
            self._problem = self._problem or self._order_problem(path)

    def _move_to(self, source: Source) -> None:
        wish: dict[str, Any] = self.wish or {}
        self.wish = {**wish, "new": transforms.settle(self._store, self.run, source, secrets=self._secrets, **wish)}
        links.keep(self._store, self.run.transform, source)

    def _which(self, path: Optional[str], before: Optional[str]) -> str:
        """One sentence on the notebook that it turned out to be."""
        if path is not None:
            return f"The notebook is {path}: it has the cells that ran."
        if self._candidates:
            what = f"Several notebooks have the cells that ran ({_short_paths(self._candidates)})"
        else:
            what = f"{before} begins as this notebook does, but has not the cells that ran"
        return f'{what}: the run is kept under {self.run.transform.key}; name the file by ln.track(path="...").'

    def _is_interactive(self) -> bool:
        """Whether a front end executes cell by cell, and not a program a whole notebook."""
        return any(self._after_count < count <= self._last for count in _ids)

    @property
    def _last(self) -> int:
        """Count of the last cell of the run."""
        return self._ended_at or number_of_cell(self._shell)

    def _ran(self) -> list[tuple[int, str, Optional[str]]]:
        """The cells of the run; those before track(), whose ids were not heard, with an empty one."""
        cells = [each for each in executed_cells(self._shell) if self._after_count < each[0] <= self._last]
        known = [count for count, _ in cells if count in _ids]
        return [(count, text, _ids.get(count, "" if known and count < known[0] else None)) for count, text in cells]

    def _source_at(self, path: Optional[str]) -> Source:
        """What ran: as the file says it, but for what it does not hold; if there is none, the cells alone."""
        self._not_saved = []
        if path is None:
            return {**source_of_notebook(executed(self._ran())), "kind": "notebook"}
        source = {**source_of_file(path), "kind": "notebook"}
        if source["text"] is None and not self._has_source and os.path.isfile(path):  # broken: only the cells tell
            return source_of_notebook(executed(self._ran()), path)
        self._has_source |= source["text"] is not None
        notebook = notebook_at(path) if path.endswith(".ipynb") else None
        if notebook is None:
            return source
        ran, there = self._ran(), self._there if self._is_interactive() else None
        if there is not None:
            notebook = without_later(notebook, ran, there)
        saved = os.stat(path).st_mtime_ns // 1000
        first = min((at for count, at in _begun.items() if count > self._after_count), default=0)
        made, self._not_saved = with_executed(ran, notebook, lambda count: _begun.get(count, first) > saved)
        return source_of_notebook(made, path) if self._not_saved or there is not None else source

    def _unreadable(self, path: Optional[str]) -> Optional[str]:
        """One sentence if the file is no notebook, as after a conflict of a merge."""
        if path is None or not os.path.isfile(path) or source_of_file(path)["text"] is not None:
            return None
        kept = "the source that it had" if self._has_source else "its cells as they ran"
        return f"{path} is no notebook that can be read, so the run keeps {kept}: mend the file, then run it again."

    def look_again(self) -> bool:
        """After the end: let the run belong to what the file says, if it was saved since; whether it was."""
        path = self._given or self._found(is_over=True)
        source = None if path is None else self._source_at(path)
        is_saved = source is not None and source["text"] is not None and not self._not_saved
        if source is not None and is_saved:
            self._move_to(source)
        return is_saved and not self._candidates

    def _order_problem(self, path: str) -> Optional[str]:
        notebook = notebook_at(path)
        ran = [(count, text, _ids.get(count)) for count, text in executed_cells(self._shell)]
        problem = None if notebook is None else order_problem(ran, notebook)
        if problem is None or not self._not_saved:
            return problem
        return f"{problem[:-1]} (the run keeps what ran: save the notebook, then finish)."

    def say_end(self) -> None:
        """Say that the run ended, and whether its notebook can be believed."""
        started, finished = self.run.started_at, self.run.finished_at
        took = 0.0 if started is None or finished is None else (finished - started).total_seconds()
        html.make_if_wished(self.run)
        display.info(f"finished Run({self.run.uid!r}) after {_duration(took)}")
        self._say_found_out()
        if self._problem is not None:
            display.warning(self._problem)

    # -- the notebook

    def source(self) -> Source:
        """The source of the notebook, or of the script that ``%run`` executes; all None but the kind if not known."""
        _look_at_unsaved()
        found = notebook_of_kernel(again=True)
        source = source_of_main()
        if source["kind"] == "notebook":
            self._note(number_of_cell(self._shell))
            self._candidates = found["candidates"]
            self._is_guess = not found["is_sure"]
            self._path = self._known_or(found["path"])
            if self._path is not None:
                source = self._source_at(self._path)
        return dict(source)

    def _found(self, *, is_over: bool = False) -> Optional[str]:
        if self._path is not None and not self._is_guess and os.path.isfile(self._path):
            return self._path
        found = notebook_of_kernel(again=True, is_over=is_over)
        self._candidates = found["candidates"]
        if found["is_sure"] and found["path"] == self._path:
            self._is_guess = False
        return self._known_or(found["path"])

    def _known_or(self, path: Optional[str]) -> Optional[str]:
        """The path; or, of several notebooks that it could be, the only one that ran here before."""
        known = [each for each in self._candidates if transforms.is_known(self._store, each)]
        return known[0] if path is None and len(known) == 1 else path

    def say_unknown(self, key: Optional[str]) -> None:
        """Say, in one sentence, if the notebook is not known, and how to name it."""
        if self._path is not None or self.wish is None:
            return
        if self._candidates:
            display.warning(
                f"Several notebooks begin as this one does ({_short_paths(self._candidates)}): which one it is will be "
                'known when the run ends, or is said by ln.track(path="...").'
            )
        else:
            display.warning(
                f"The file of this notebook was not found, so the run is kept under {key}: name the file by "
                'ln.track(path="my_notebook.ipynb").'
            )


def _code_of(path: Optional[str]) -> list[dict[str, Any]]:
    notebook = notebook_at(path) if path is not None and path.endswith(".ipynb") else None
    return code_cells(notebook) if notebook is not None else []


def _look_at_unsaved() -> None:
    """Runs that have ended get the source of their notebook, if that was saved since."""
    for kernel in list(_unsaved):
        try:
            if kernel.look_again():
                _unsaved.remove(kernel)
        except Exception:  # it has a source: that of the cells that ran
            _unsaved.remove(kernel)


def _short_paths(paths: list[str]) -> str:
    """Three of the paths, as seen from the folder that holds them all."""
    home = os.path.commonpath([os.path.dirname(path) for path in paths])
    names = ", ".join(os.path.relpath(path, home) for path in paths[:3])
    return f"{names}{', …' if len(paths) > 3 else ''}"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _as_text(data: Any) -> dict[str, Any]:
    """A bundle of outputs by type, with images as a notebook holds them."""
    from base64 import b64encode

    return {kind: b64encode(value).decode() if isinstance(value, bytes) else value for kind, value in data.items()}


def _transform_of_cell(store: Instance, func: Any) -> Optional[Transform]:
    """The transform of the run that is open in this kernel, if the function was written in one of its cells."""
    run = None if _current is None else _current.run
    if run is None or getattr(func, "__module__", None) != "__main__" or not session.same(run._store, store):
        return None
    file = getattr(getattr(func, "__code__", None), "co_filename", "")
    return None if file.endswith(".py") and source_of_file(file)["text"] is not None else run.transform
