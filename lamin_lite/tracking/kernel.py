"""The run of track() in a kernel of Jupyter: its notebook, its cells and their outputs, and how it ends.

IPython tells when a cell begins and ends; what the cells show is noted where it is published, what they print where it
is written. All of it is given back when the run ends.
"""

from __future__ import annotations

import os

from ..base import display
from ..base._typing import TYPE_CHECKING
from ..capture.cells import CellLog
from ..capture.front_end import cell_id, executed_cells, notebook_at, notebook_of_kernel, number_of_cell
from ..capture.order import order_problem
from ..capture.source import source_of_file, source_of_main
from ..models import session
from . import html, links, transforms
from .opened import COMPLETED, outcome, tap

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional, Union

    from ..instance import Instance
    from ..models import Run, Transform

    Source = dict[str, Optional[str]]

_ids: dict[int, str] = {}  # of the cells of this kernel, by their counts, where the front end gave any
_told = 0  # count of the last cell that is in the report of an earlier run
_current: Optional[Kernel] = None


class Kernel:
    """The kernel that this process is: which notebook it executes, and what it tells while a run is open.

    Has the same names as `endings.Hooks`.
    """

    def __init__(self, shell: Any, store: Instance, path: Union[str, os.PathLike[str], None]) -> None:
        self._shell = shell
        self._store = store
        self._given = None if path is None else os.path.realpath(path)
        self._path = self._given
        self._candidates: list[str] = []
        self._problem: Optional[str] = None  # of the order of the cells
        self._error: Optional[BaseException] = None  # of the last cell that has ended
        self._wrapped: list[tuple[Any, str, Any, Any]] = []
        self._in_cell = True
        self._gave_way = False
        #: what track() was told of the transform, and whether it made one; None if it is not that of a notebook
        self.wish: Optional[dict[str, Any]] = None

    def new_log(self, path: str) -> CellLog:
        """Where is kept what the cells do."""
        self._log = CellLog(path)
        return self._log

    def listen(self, run: Run) -> None:
        """Hear of the cells from the one on that is running."""
        global _current
        _current, self.run = self, run
        transforms.of_cell = _transform_of_cell
        shell, log = self._shell, self._log
        cells = executed_cells(shell)
        self._first = count = number_of_cell(shell)
        for number, text in cells:
            if _told < number < count:
                log.add("cell", number, text)
        log.add("cell", count, dict(cells).get(count, ""))
        self._note_id(count)
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)
        self._wrap(shell.display_pub, "publish", self._shown)
        self._wrap(shell.display_pub, "clear_output", lambda wait=False: log.add("clear", bool(wait)))
        self._wrap(shell.displayhook, "write_format_data", self._result)

    # -- what happens

    def _before(self, info: Any) -> None:
        if info.store_history:
            count = number_of_cell(self._shell) + 1  # it is not in the history yet
            self._log.add("cell", count, info.raw_cell)
            self._note_id(count)
        self._in_cell = True
        tap.renew()
        session.enter(self.run)  # each cell may be executed in a context of its own

    def _note_id(self, count: int) -> None:
        found = cell_id(self._shell)
        if found is not None:
            _ids[count] = found

    def _after(self, result: Any) -> None:
        session.leave(self.run)
        if not self._in_cell:
            return  # a blank cell, which never began
        self._in_cell = False
        error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
        if error is not None:
            lines = getattr(self._shell, "_last_traceback", None) or [f"{type(error).__name__}: {error}"]
            self._log.add("error", type(error).__name__, str(error), list(lines))
        self._error = error

    def _shown(self, data: Any, meta: Any = None, *_: object, **options: Any) -> None:
        if not display.is_speaking():
            kind = "update" if options.get("update") else "display"
            self._log.add(kind, _as_text(data), meta or {}, (options.get("transient") or {}).get("display_id"))

    def _result(self, data: Any, meta: Any = None) -> None:
        self._log.add("result", _as_text(data), meta or {}, self._shell.displayhook.prompt_count)

    def _wrap(self, where: Any, name: str, note: Callable[..., None]) -> None:
        """Note what a method is called with, after it has done its work."""
        original, own = getattr(where, name), vars(where).get(name)

        def noting(*args: Any, **kwargs: Any) -> Any:
            done = original(*args, **kwargs)
            try:
                note(*args, **kwargs)
            except Exception:  # what cannot be noted must not break what can be shown
                pass
            return done

        setattr(where, name, noting)
        self._wrapped.append((where, name, noting, own))

    # -- the end

    def at_exit(self) -> tuple[str, Optional[int]]:
        """Status and exit code of a kernel that ends, or whose run gives way to another one: by the last cell."""
        return (COMPLETED, None) if self._error is None else outcome(self._error)

    def give_way(self) -> None:
        """The cell that is running belongs to the run that follows."""
        self._gave_way = True
        self._log.add("drop")

    def restore(self) -> None:
        """Hear no more of the kernel."""
        global _current, _told
        _current = None if _current is self else _current
        _told = number_of_cell(self._shell) - self._gave_way
        for event, heard in (("pre_run_cell", self._before), ("post_run_cell", self._after)):
            try:
                self._shell.events.unregister(event, heard)
            except ValueError:  # somebody took all away
                pass
        for where, name, noting, own in self._wrapped:
            if vars(where).get(name) is noting:
                if own is None:
                    delattr(where, name)
                else:
                    setattr(where, name, own)
        self._wrapped.clear()

    def settle(self, secrets: set[str]) -> None:
        """At the end: let the run belong to the source that the notebook has now, and look at the order of the cells.

        The file may be found only now, as now all cells tell which one it is. In a front end it was saved since, and
        what was saved is what ran. A program that runs whole notebooks had read it before; it stays what it was.
        """
        if self.wish is None:
            return
        try:
            interactive = any(count >= self._first for count in _ids)
            path = self._given or self._found()
            source = None if path is None else source_of_file(path)
            if path is None or source is None or source["text"] is None:
                return
            if interactive or path != self._path:
                transforms.settle(self._store, self.run, {**source, "kind": "notebook"}, secrets=secrets, **self.wish)
                links.keep(self._store, self.run.transform, source)
            self._problem = self._order_problem(path)
        except Exception as error:
            display.warning(f"The source of run {self.run.uid} stays as it was when the run started: {error}")

    def _order_problem(self, path: str) -> Optional[str]:
        notebook = notebook_at(path)
        ran = [(count, text, _ids.get(count)) for count, text in executed_cells(self._shell)]
        return None if notebook is None else order_problem(ran, notebook)

    def say_end(self) -> None:
        """Say that the run ended, and whether its notebook can be believed."""
        started, finished = self.run.started_at, self.run.finished_at
        took = 0.0 if started is None or finished is None else (finished - started).total_seconds()
        html.make_if_wished(self.run)
        display.info(f"finished Run({self.run.uid!r}) after {_duration(took)}")
        if self._problem is not None:
            display.warning(self._problem)

    # -- the notebook

    def source(self) -> Source:
        """The source of the notebook, or of the script that ``%run`` executes; all None but the kind if not known."""
        found = notebook_of_kernel(again=True)
        source = source_of_main()
        if source["kind"] == "notebook":
            self._candidates = found["candidates"]
            self._path = self._known_or(found["path"])
            if self._path is not None and source["path"] is None:
                source = {**source_of_file(self._path), "kind": "notebook"}
        return dict(source)

    def _found(self) -> Optional[str]:
        return self._known_or(notebook_of_kernel(again=True)["path"])

    def _known_or(self, path: Optional[str]) -> Optional[str]:
        """The path; or, of several notebooks that it could be, the only one that ran here before."""
        known = [each for each in notebook_of_kernel()["candidates"] if transforms.is_known(self._store, each)]
        return known[0] if path is None and len(known) == 1 else path

    def with_injected(self, params: object) -> object:
        """The params, with those that papermill put into the notebook."""
        found = _injected_params()
        if not found or not (params is None or hasattr(params, "items")):
            return params
        return {**found, **dict(params or {})}  # type: ignore[call-overload]

    def say_unknown(self, key: Optional[str]) -> None:
        """Say, in one sentence, if the notebook is not known, and how to name it."""
        if self._path is not None or self.wish is None:
            return
        names = ", ".join(os.path.basename(path) for path in self._candidates[:3])
        if self._candidates:
            display.warning(
                f"Several notebooks begin as this one does ({names}{', …' if len(self._candidates) > 3 else ''}): which "
                'one it is will be known when the run ends, or is said by ln.track(path="...").'
            )
        else:
            display.warning(
                f"The file of this notebook was not found, so the run is kept under {key}: name the file by "
                'ln.track(path="my_notebook.ipynb").'
            )


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


def _injected_params() -> dict[str, Any]:
    """The parameters that papermill put into the notebook."""
    import ast

    found: dict[str, Any] = {}
    try:
        body = ast.parse(notebook_of_kernel()["injected"] or "").body
    except SyntaxError:  # somebody else's cell
        return found
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:  # float('nan'), which papermill writes as a call
                found[node.targets[0].id] = ast.unparse(node.value)
    return {name: value for name, value in found.items() if not name.startswith("PAPERMILL_")}


def _transform_of_cell(store: Instance, func: Any) -> Optional[Transform]:
    """The transform of the run that is open in this kernel, if the function was written in one of its cells."""
    run = None if _current is None else _current.run
    if run is None or getattr(func, "__module__", None) != "__main__" or not session.same(run._store, store):
        return None
    file = getattr(getattr(func, "__code__", None), "co_filename", "")
    return None if file.endswith(".py") and source_of_file(file)["text"] is not None else run.transform
