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

__all__ = [
    "cell_id",
    "executed_cells",
    "hidden_cell",
    "message_of_cell",
    "note_cell",
    "notebook_at",
    "notebook_of_kernel",
    "number_of_cell",
]

SECONDS = 1.0  #: for looking through the notebooks around
MOST_FILES, MOST_BYTES, DEPTH = 300, 64 << 20, 3
PATTERNS = {"jupyter-nbconvert", "nbconvert"}  #: take patterns, also for a file of exactly that name
RUNNERS = {*PATTERNS, "jupyter-execute"}  #: run what they are given; papermill does, too, but says it in another way
GIVES_PARAMS = {"-p", "--parameters", "-r", "--parameters_raw", "-f", "--parameters_file", "-y", "--parameters_yaml"}
GIVES_PARAMS |= {"-b", "--parameters_base64"}
#: how many values follow these options of papermill
PAPERMILL = {
    **dict.fromkeys(["-p", "--parameters", "-r", "--parameters_raw"], 2),
    **dict.fromkeys(["-f", "--parameters_file", "-y", "--parameters_yaml", "-b", "--parameters_base64", "--cwd"], 1),
    **dict.fromkeys(["--engine", "--autosave-cell-every", "-k", "--kernel", "-l", "--language", "--log-level"], 1),
    **dict.fromkeys(["--stdout-file", "--stderr-file", "--execution-timeout"], 1),
    **dict.fromkeys(["--start-timeout", "--start_timeout"], 1),
}
SERVERS = {"jupyter-lab", "jupyter-labhub", "jupyter-notebook", "jupyter-server", "jupyterhub-singleuser"}
SERVERS |= {"jupyterlab", "notebook", "jupyter_server"}  # with python -m
INJECTED = "# Parameters\n"  #: how a cell begins that papermill puts in

_known: dict[str, Any] = {}
_ran: list[str] = []  # the texts of the cells by their counts; IPython forgets them at ``%reset``
_read = 0  # how many entries of IPython's history are among them
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


def note_cell(shell: Any, text: str, *, is_stored: bool = True) -> int:
    """Note a cell that begins, and that IPython will put into its history only now, or not at all; its count."""
    global _read
    cells = _history(shell)
    cells.extend([""] * (not cells))  # the first count is 1
    cells.append(text)
    _read += is_stored
    return len(cells) - 1


def _history(shell: Any) -> list[str]:
    """All cells, by their counts: what IPython has, and what it had before it was told to forget."""
    global _read
    theirs = getattr(getattr(shell, "history_manager", None), "input_hist_raw", None) or []
    _ran.extend(theirs[_read:])
    _read = len(theirs)
    return _ran


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
        told = proc.variable_of(self.client, "PWD") if self.client else None
        #: where the client was started, as its shell told it; it may have gone elsewhere since, or the shell had
        self.first_folder = told if told and os.path.isabs(told) and os.path.isdir(told) else None
        self.session = self._session()
        #: cells that look as if papermill had put them in; not where a front end executes one by one
        self.injected = [text for text in self.cells if text.startswith(INJECTED) and self.cell_id is None]

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

    def file(self, path: object, folders: Optional[Iterable[str]] = None) -> Optional[str]:
        """The path, if it is that of a file as seen from one of the folders, or from that of the kernel."""
        if not isinstance(path, str) or not path:
            return None
        found = (os.path.join(folder, path) for folder in ([self.folder] if folders is None else folders))
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


def message_of_cell(shell: Any) -> dict[str, Any]:
    """Return what the front end sent to have the cell executed that runs; empty if that is not known."""
    try:
        found = shell.get_parent()
    except Exception:
        return {}
    return found if isinstance(found, dict) else {}


def hidden_cell(shell: Any) -> Optional[str]:
    """Return the text of the cell that runs if the front end wants no trace of it, as of what it asks for itself."""
    content = message_of_cell(shell).get("content")
    if not isinstance(content, dict) or (content.get("store_history", True) and not content.get("silent")):
        return None
    return str(content.get("code", ""))


def cell_id(shell: Any) -> Optional[str]:
    """Return the id that the front end gave the cell that runs; those that run whole notebooks give none."""
    given = message_of_cell(shell).get("metadata")
    found = given.get("cellId") if isinstance(given, dict) else None
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
    told = _vscode(kernel) or _told_by_papermill(kernel) or kernel.file(kernel.session)
    if told is not None:
        return _with_injected(kernel, told, is_sure=True)
    named, runs = _named(kernel)
    if runs and len(named) == 1:
        return _with_injected(kernel, named[0], is_sure=True)
    fitting = _fitting(kernel, named)
    if not fitting.paths and not runs:
        fitting = _fitting(kernel, _around(kernel))
    if len(fitting.paths) == 1:
        return _with_injected(kernel, fitting.paths[0], is_sure=fitting.is_sure)
    if fitting.how == "id" and len(fitting.with_current) == 1:  # of several in one kernel
        return _with_injected(kernel, fitting.with_current.pop(), is_sure=True)
    if fitting.how == "id" and _known.get("path") in fitting.paths:
        return _with_injected(kernel, _known["path"], is_sure=False)  # none of them has what ran since: it stays
    if is_over and len(fitting.whole) == 1:
        return {**_with_injected(kernel, fitting.whole[0], is_sure=False), "candidates": sorted(fitting.paths)}
    return _with_injected(kernel, None, fitting.paths or named if runs else fitting.paths)


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


def _told_by_papermill(kernel: _Kernel) -> Optional[str]:
    return kernel.file(kernel.names.get("PAPERMILL_INPUT_PATH"), _start_of_papermill(kernel)[0])


def _start_of_papermill(kernel: _Kernel) -> tuple[list[str], bool]:
    """Return the folders from which the arguments of papermill are seen, and whether that is sure.

    It goes to the folder of ``--cwd`` before it starts the kernel: it was started above that one, or, if that was named
    as a whole, where its shell says.
    """
    given = _arguments_of_papermill(kernel)[1].get("--cwd")
    if given is None:
        return [kernel.client_folder, kernel.folder], True
    above = None if os.path.isabs(given) else _above(kernel.client_folder, given)
    found = above or kernel.first_folder
    return [found] if found else [], above is not None


def _above(path: str, relative: str) -> Optional[str]:
    """Return the folder from which the path is this relative one; None if it is not."""
    end = os.sep + os.path.normpath(relative)
    return path[: -len(end)] or os.sep if path.endswith(end) else None


def _arguments_of_papermill(kernel: _Kernel) -> tuple[list[str], dict[str, str]]:
    """Return what papermill was given without an option, and the options with the last value of each."""
    found: list[str] = []
    options: dict[str, str] = {}
    rest = _program(kernel.arguments)[1] if kernel.program() == "papermill" else []
    while rest:
        option, rest = rest[0], rest[1:]
        if option == "-" or not option.startswith("-"):
            found.append(option)
            continue
        name, equals, value = option.partition("=") if option.startswith("--") else (option[:2], option[2:], option[2:])
        count = PAPERMILL.get(name, 0) - bool(equals)
        options[name] = rest[count - 1] if 0 < count <= len(rest) else value
        rest = rest[max(count, 0) :]
    return found, options


def _named_to_papermill(kernel: _Kernel) -> tuple[list[str], bool]:
    """Return the input that its command line names, and whether it is that; of one name it may be the output."""
    given = _arguments_of_papermill(kernel)[0]
    folders, sure = _start_of_papermill(kernel)
    path = kernel.file(given[0], folders) if given else None
    return [path] if path else [], sure and len(given) != 1


def _named(kernel: _Kernel) -> tuple[list[str], bool]:
    """Return the notebooks in the command line, and whether it is one that executes what it is given."""
    program = kernel.program()
    if program == "papermill":
        return _named_to_papermill(kernel)
    runs = program in RUNNERS
    found = [path for part in _given(kernel.arguments[1:]) for path in _files_of(kernel, part, program)]
    found = list(dict.fromkeys(map(os.path.realpath, found)))
    here = [path for path in found if os.path.dirname(path) == os.path.realpath(kernel.folder)]
    return (here if runs and here else found), runs  # each is run in its own folder


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


def _files_of(kernel: _Kernel, part: str, program: str) -> list[str]:
    """Return the notebooks that an argument names: as it is, without its suffix, or by a pattern of nbconvert."""
    if program in PATTERNS and any(char in part for char in "*?["):
        from glob import escape, glob

        return sorted(
            path for path in glob(os.path.join(escape(kernel.client_folder), part)) if path.endswith(".ipynb")
        )
    if not part.endswith(".ipynb") and program not in RUNNERS:
        return []
    path = kernel.file(part.removesuffix(".ipynb") + ".ipynb", [kernel.client_folder, kernel.folder])
    return [path] if path else []


# ------------------------------------------------------------------------------------------------------------- cells


def _around(kernel: _Kernel) -> Iterator[str]:
    """Yield the notebooks in the folders of kernel and program, then those below; not for ever.

    A server starts each kernel in the folder of its notebook; where it runs itself lie the notebooks of all projects.
    """
    from time import monotonic

    deadline, count, seen = monotonic() + SECONDS, 0, set()
    served = kernel.session is not None or kernel.program() in SERVERS
    level = [os.path.realpath(folder) for folder in _starts(kernel)[: 1 if served else None]]
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


def _starts(kernel: _Kernel) -> list[str]:
    """Return the folders of kernel and program, and that in which the program was started, if it went on from there."""
    found, first = [kernel.folder, kernel.client_folder], kernel.first_folder
    if first is not None and (kernel.injected or kernel.client_folder.startswith(os.path.join(first, ""))):
        found.append(first)
    return found


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
        found = _source_at(kernel, path, notebook)
        if found is None:
            continue
        source = os.path.realpath(found)
        own = [text_of(cell).strip() for cell in code_cells(notebook) if not is_skipped(cell)]
        run = [text for text in kernel.cells if text in own or not text.startswith(INJECTED)]
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


def _source_at(kernel: _Kernel, path: str, notebook: dict[str, Any]) -> Optional[str]:
    """Return the notebook that this file means: of one that papermill wrote, that of which it wrote it.

    None if that one is not here, unless a front end executes the file, cell by cell.
    """
    metadata = notebook.get("metadata")
    said = metadata.get("papermill") if isinstance(metadata, dict) else None
    if not isinstance(said, dict) or not isinstance(said.get("input_path"), str):
        return path
    written = said.get("output_path")
    above = _above(path, written) if isinstance(written, str) and written and not os.path.isabs(written) else None
    folders = [kernel.client_folder, kernel.folder, *([kernel.first_folder] if kernel.first_folder else [])]
    found = kernel.file(said["input_path"], [above] if above else folders)
    return found or (path if kernel.ids else None)


def notebook_at(path: str) -> Optional[dict[str, Any]]:
    """Return the notebook in a file; None if there is none, or it is too large to be looked through."""
    try:
        if os.path.getsize(path) > MOST_BYTES:
            return None
        with open(path, "rb") as file:
            return read_notebook(file.read())
    except OSError:
        return None


def _with_injected(
    kernel: _Kernel, path: Optional[str], candidates: Iterable[str] = (), *, is_sure: bool = False
) -> dict[str, Any]:
    """Return the answer, with the cell that papermill put in: the notebook has none of its text."""
    injected = kernel.injected
    if path is None:  # as of a notebook from a pipe; the notebook may have a cell like that of its own, above
        injected = injected[-1:] if _arguments_of_papermill(kernel)[1].keys() & GIVES_PARAMS else []
    elif injected:
        own = {text_of(cell).strip() for cell in code_cells(notebook_at(path) or {"cells": []})}
        injected = [text for text in injected if text not in own]
    return _answer(path, candidates, next(iter(injected), None), is_sure=is_sure)
