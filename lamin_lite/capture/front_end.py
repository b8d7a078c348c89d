"""Which notebook the kernel executes that this process is. Jupyter tells a kernel nothing, front ends leave hints.

Asked in this order, until one answers:

1. VS Code: a name that it sets in the kernel, or the id of the cell.
2. papermill: the names that it sets if asked to.
3. Jupyter Server from 2 on: an environment variable, unless it was inherited from a kernel further out. If it names a
   notebook that is not here, no other one is meant, but for one with the cell that runs: it was renamed.
4. The command line of the process that started the kernel: ``jupyter nbconvert``, ``jupyter execute``, ``papermill``.
   Of several notebooks it is the one in the kernel's folder.
5. The notebooks around: the one that holds a cell that ran, by its id. Else, if the code of exactly one of them begins
   with what the kernel has run, or holds all of it. That is no more than a guess while few cells have run: others may
   begin alike. When all has run, one that has no other cells is meant rather than one that goes on.

Nothing is asked over a network, not even of the server on this machine.
"""

from __future__ import annotations

import os

from ..base import display, proc, settings
from ..base._typing import TYPE_CHECKING
from .notebook import code_cells, is_skipped, read_notebook, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Optional

__all__ = ["cell_id", "executed_cells", "notebook_at", "notebook_of_kernel", "number_of_cell"]

SECONDS = 1.0  #: for looking through the notebooks around
MOST_FILES, MOST_BYTES, DEPTH = 300, 64 << 20, 3
RUNNERS = {"jupyter-nbconvert", "nbconvert", "jupyter-execute", "papermill"}  #: run what they are given
SERVERS = {"jupyter-lab", "jupyter-labhub", "jupyter-notebook", "jupyter-server", "jupyterhub-singleuser"}
SERVERS |= {"jupyterlab", "notebook", "jupyter_server"}  # with python -m
INJECTED = "# Parameters\n"  #: how a cell begins that papermill puts in

_known: dict[str, Any] = {}
_ids: dict[str, None] = {}  # that the front end gave, the last one at the end: a kernel that ends is told none


def notebook_of_kernel(*, again: bool = False, is_over: bool = False) -> dict[str, Any]:
    """Return what is known of the notebook of this kernel; never an error.

    Returns:
        ``path``: absolute, of an existing file; None if it is not known, or this is no kernel. ``is_sure``: it was told,
        or it alone holds a cell that ran, by its id; not guessed from what has run. ``candidates``: if several notebooks
        could be it. ``injected``: the text of a cell with parameters that papermill put in, or None.

    An answer is kept; ``again=True`` asks anew, ``is_over=True`` when all cells have run.

    Example::

        >>> notebook_of_kernel()["path"]
        '/home/me/project/analysis.ipynb'
    """
    shell = display.kernel_shell()
    if shell is None:
        return _answer(None)
    if again or not _known or (_known["path"] is not None and not os.path.isfile(_known["path"])):
        try:
            found = _find(_Kernel(shell), is_over)
        except Exception:
            found = _answer(None)
        _known.clear()
        _known.update(found)
    return dict(_known)


def executed_cells(shell: Any) -> list[tuple[int, str]]:
    """Return count and text of all cells that the kernel has run or is running, but for blank ones."""
    return [(count, text) for count, text in enumerate(_history(shell)) if text.strip()]


def number_of_cell(shell: Any) -> int:
    """Return the count of the cell that is running, or ran last; versions of IPython differ in when they count."""
    return max(0, len(_history(shell)) - 1)


def _history(shell: Any) -> list[str]:
    return getattr(getattr(shell, "history_manager", None), "input_hist_raw", None) or []


def _answer(
    path: Optional[str], candidates: Iterable[str] = (), injected: Optional[str] = None, *, is_sure: bool = False
) -> dict[str, Any]:
    return {
        "path": None if path is None else os.path.realpath(path),
        "is_sure": is_sure,
        "candidates": sorted(candidates),
        "injected": injected,
    }


class _Kernel:
    """What the kernel knows of itself and of the process that started it."""

    def __init__(self, shell: Any) -> None:
        self.names: dict[str, Any] = shell.user_ns
        self.cells = [text.strip() for _, text in executed_cells(shell)]
        self.cell_id = cell_id(shell) or next(reversed(_ids), None)
        self.ids = set(_ids)
        self.folder: str = getattr(shell, "starting_dir", None) or os.getcwd()
        self.client = _client()
        self.arguments = (proc.command_line(self.client) or []) if self.client else []
        self.client_folder = (proc.working_directory(self.client) if self.client else None) or self.folder
        self.session = self._session()

    def _session(self) -> Optional[str]:
        """What Jupyter Server calls the notebook of this kernel, or the console that it is."""
        name = settings.session_name()
        inherited = self.client and proc.variable_of(self.client, settings.SESSION_NAME) == name
        return None if inherited else name

    def program(self) -> str:
        """What the program is called that started the kernel: its file, or its module."""
        name, rest = _program(self.arguments)
        command = next((part for part in rest if not part.startswith("-")), "") if name == "jupyter" else ""
        return f"{name}-{command}" if command else name

    def file(self, path: object, *folders: str) -> Optional[str]:
        """The path, if it is that of a file as seen from one of the folders."""
        if not isinstance(path, str) or not path:
            return None
        found = (os.path.join(folder, path) for folder in folders or (self.folder,))
        return next((each for each in found if os.path.isfile(each)), None)


def _program(arguments: list[str]) -> tuple[str, list[str]]:
    """Return the name of the program, and what it was given; of Python it is what that executes."""
    if not arguments:
        return "", []
    first, rest = arguments[0], arguments[1:]
    if not os.path.basename(first).lower().startswith(("python", "pypy")):
        return os.path.basename(first).removesuffix(".exe"), rest
    while rest and rest[0].startswith("-"):
        option, rest = rest[0], rest[1:]
        if option.startswith("-m"):
            module, rest = (option[2:], rest) if option != "-m" else ("".join(rest[:1]), rest[1:])
            return module.partition(".")[0], rest
        if option.startswith("-c"):
            return "", rest
        if option in ("-W", "-X", "--check-hash-based-pycs"):
            rest = rest[1:]
    path, rest = "".join(rest[:1]), rest[1:]
    # with -m, what Python was told is the module's name, what the process is told may be the path of its __main__
    path = os.path.dirname(path) if os.path.basename(path).startswith("__main__.") else path
    return os.path.basename(path).removesuffix(".exe"), rest


def cell_id(shell: Any) -> Optional[str]:
    """Return the id that the front end gave the cell that runs; those that run whole notebooks give none."""
    try:
        found = shell.get_parent()["metadata"]["cellId"]
    except Exception:
        return None
    if not isinstance(found, str) or not found:
        return None
    _ids.pop(found, None)
    _ids[found] = None
    return found


def _client() -> Optional[int]:
    """Return the process that asked for this kernel: the first further out that was not told the kernel's connection.

    Between it and the kernel there may be a shell, ``conda run`` and the like.
    """
    own = proc.command_line(os.getpid()) or []
    connection = next((os.path.basename(part) for part in reversed(own) if part.endswith(".json")), None)
    pid: Optional[int] = os.getppid()
    for _ in range(8):
        said = proc.command_line(pid) if pid else None
        if not said or connection is None or not any(connection in part for part in said):
            break
        pid = proc.parent_of(pid) if pid else None
    return pid


def _find(kernel: _Kernel, is_over: bool) -> dict[str, Any]:
    told = _vscode(kernel) or _papermill(kernel) or kernel.file(kernel.session)
    if told is not None:
        return _with_injected(kernel, told, is_sure=True)
    named, sure = _named(kernel)
    if sure and len(named) == 1:
        return _with_injected(kernel, named[0], is_sure=True)
    fitting = _fitting(kernel, named)
    if not fitting.paths and not sure:
        fitting = _fitting(kernel, _around(kernel))
    if len(fitting.paths) == 1:
        return _with_injected(kernel, fitting.paths[0], is_sure=fitting.is_sure)
    if fitting.how == "id" and len(fitting.with_current) == 1:  # of several in one kernel
        return _with_injected(kernel, fitting.with_current.pop(), is_sure=True)
    if fitting.how == "id" and _known.get("path") in fitting.paths:
        return _with_injected(kernel, _known["path"], is_sure=False)  # none of them has what ran since: it stays
    if is_over and len(fitting.whole) == 1:
        return {**_with_injected(kernel, fitting.whole[0], is_sure=False), "candidates": sorted(fitting.paths)}
    return _answer(None, fitting.paths or named if sure else fitting.paths)


# ------------------------------------------------------------------------------------------------------------- hints


def _vscode(kernel: _Kernel) -> Optional[str]:
    path = kernel.file(kernel.names.get("__vsc_ipynb_file__"))
    scheme, _, rest = (kernel.cell_id or "").partition(":")
    if path is None and scheme == "vscode-notebook-cell":
        from urllib.parse import unquote

        place = rest.partition("#")[0]
        place = "/" + place[2:].partition("/")[2] if place.startswith("//") else place  # another host's
        path = kernel.file(unquote(place.partition("?")[0]))
    return path


def _papermill(kernel: _Kernel) -> Optional[str]:
    return kernel.file(kernel.names.get("PAPERMILL_INPUT_PATH"), kernel.client_folder, kernel.folder)


def _named(kernel: _Kernel) -> tuple[list[str], bool]:
    """Return the notebooks in the command line, and whether it is one that executes what it is given."""
    program = kernel.program()
    sure = program in RUNNERS
    found = [path for part in _given(kernel.arguments[1:]) for path in _files_of(kernel, part, sure)]
    found = list(dict.fromkeys(map(os.path.realpath, found)))
    if program == "papermill":
        return found[:1], sure
    here = [path for path in found if os.path.dirname(path) == os.path.realpath(kernel.folder)]
    return (here if sure and here else found), sure  # each is run in its own folder


def _given(arguments: list[str]) -> Iterator[str]:
    """Yield arguments, and values written as ``--option=value``, but for those that name what is written."""
    before = ""
    for part in arguments:
        if part.startswith("-"):
            option, _, value = part.partition("=")
            if value and not option.startswith("--output"):
                yield value
        elif before not in ("--output", "-o", "--output-dir"):
            yield part
        before = part


def _files_of(kernel: _Kernel, part: str, sure: bool) -> list[str]:
    """Return the notebooks that an argument names: as it is, without its suffix, or by a pattern."""
    if part.endswith(".ipynb") and not _is_pattern(part):
        return [path for path in [kernel.file(part, kernel.client_folder, kernel.folder)] if path]
    if not sure:
        return []
    if _is_pattern(part):
        from glob import glob

        return sorted(path for path in glob(os.path.join(kernel.client_folder, part)) if path.endswith(".ipynb"))
    return [path for path in [kernel.file(f"{part}.ipynb", kernel.client_folder, kernel.folder)] if path]


def _is_pattern(part: str) -> bool:
    return any(char in part for char in "*?[")


# ------------------------------------------------------------------------------------------------------------- cells


def _around(kernel: _Kernel) -> Iterator[str]:
    """Yield the notebooks in the folders of kernel and program, then those below; not for ever.

    A server starts each kernel in the folder of its notebook; where it runs itself lie the notebooks of all projects.
    """
    from time import monotonic

    deadline, count, seen = monotonic() + SECONDS, 0, set()
    served = kernel.session is not None or kernel.program() in SERVERS
    level = [os.path.realpath(folder) for folder in [kernel.folder, kernel.client_folder][: 1 if served else 2]]
    for _ in range(1 if served else 1 + DEPTH):
        below: list[str] = []
        for folder in level:
            if folder in seen:
                continue
            seen.add(folder)
            for entry in _entries(folder):
                if monotonic() > deadline or count == MOST_FILES:
                    return
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                elif entry.name.endswith(".ipynb"):
                    count += 1
                    yield entry.path
        level = below


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if entry.name[0] not in "._"), key=lambda entry: entry.name)
    except OSError:
        return []


class _Fitting:
    """The notebooks that fit what was run, and by what."""

    def __init__(self) -> None:
        self.by: dict[str, dict[str, None]] = {"id": {}, "order": {}, "content": {}}
        self.with_current: set[str] = set()  # those that hold the cell that runs
        self.all_of_it: set[str] = set()  # those without cells that did not run

    @property
    def how(self) -> str:
        """By what they fit best; a copy has the same ids, so order and content choose among those."""
        ids = self.by["id"]
        ways = [how for how in ("order", "content") if (ids.keys() & self.by[how] if ids else self.by[how])]
        return ways[0] if ways else "id"

    @property
    def paths(self) -> list[str]:
        """Those that fit best."""
        return [path for path in self.by[self.how] if not self.by["id"] or path in self.by["id"]]

    @property
    def whole(self) -> list[str]:
        """Those of them that have no other cells."""
        return [path for path in self.paths if path in self.all_of_it]

    @property
    def is_sure(self) -> bool:
        """Whether an id tells it."""
        return len(self.by["id"]) == 1


def _fitting(kernel: _Kernel, paths: Iterable[str]) -> _Fitting:
    """Return the notebooks that fit what was run: by the id of a cell that ran, by their order, by holding it all.

    Where a notebook was named that is not here, they must have that name, or an id.
    """
    named = os.path.basename(kernel.session) if kernel.session and kernel.session.endswith(".ipynb") else None
    fitting = _Fitting()
    for path in paths:
        notebook = notebook_at(path) if kernel.cells else None
        if notebook is None:
            continue
        own = [text_of(cell).strip() for cell in code_cells(notebook) if not is_skipped(cell)]
        run = [text for text in kernel.cells if text in own or not text.startswith(INJECTED)]
        source = os.path.realpath(_input_of(kernel, notebook) or path)
        ids = {cell["id"] for cell in notebook["cells"] if isinstance(cell.get("id"), str)}
        if ids & kernel.ids:
            fitting.by["id"][source] = None
            fitting.with_current |= {source} if kernel.cell_id in ids else set()
        elif named not in (None, os.path.basename(path)):
            continue
        if own[: len(run)] == run:
            fitting.by["order"][source] = None
        elif set(run) <= set(own):
            fitting.by["content"][source] = None
        if own == run:
            fitting.all_of_it.add(source)
    return fitting


def _input_of(kernel: _Kernel, notebook: dict[str, Any]) -> Optional[str]:
    """Return the notebook of which this one is what papermill wrote."""
    given = notebook.get("metadata")
    said = given.get("papermill") if isinstance(given, dict) else None
    path = said.get("input_path") if isinstance(said, dict) else None
    return kernel.file(path, kernel.client_folder, kernel.folder)


def notebook_at(path: str) -> Optional[dict[str, Any]]:
    """Return the notebook in a file; None if there is none, or it is too large to be looked through."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            return None
        with open(path, "rb") as file:
            return read_notebook(file.read())
    except OSError:
        return None


def _with_injected(kernel: _Kernel, path: str, *, is_sure: bool) -> dict[str, Any]:
    injected = [text for text in kernel.cells if text.startswith(INJECTED) and kernel.cell_id is None]
    notebook = notebook_at(path) if injected else None
    own = {text_of(cell).strip() for cell in code_cells(notebook)} if notebook else set()
    put_in = next((text for text in injected if text not in own), None)
    return _answer(path, injected=put_in, is_sure=is_sure)
