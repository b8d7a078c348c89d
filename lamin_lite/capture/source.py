"""The source code that is running: of the main program, or of one function.

Both functions return a plain dict:

``path``
    The absolute real path of the file; of the archive if the file lies in one; None if there is none. A file that
    was deleted since it was loaded keeps its path.
``text``
    What the file says, newlines as they are. Bytes that its encoding does not know are U+FFFD.
``hash``
    SHA-256 of the true bytes, lower-case hex; of a notebook, of the text.
``encoding``
    The Python name of the encoding, such that ``text.encode(encoding)`` gives the bytes (unless some were replaced).
``kind``
    'script': a file. 'function': only the function is known (a cell, generated code). 'notebook': a notebook, whose
    ``text`` is made by `notebook.notebook_source`; or the main program is a kernel that does not know its file.
    'interactive': ``python -c``, standard input, a prompt.
``package``, ``package_path``
    The top package and the file in it, ``mypkg`` and ``mypkg/sub/mod.py``, the same whether it was imported or run by
    ``python -m``; None outside of packages.
``description``
    The title of a notebook; else None.
``doubt``
    One sentence on why this may not be what runs; else None.

A program or module has the source that it was loaded from, as far as `loaded` knows it. `source_of_file`, and a
notebook, is what the file says now.
"""

from __future__ import annotations

import os
import sys

from ..base import display
from ..base._typing import TYPE_CHECKING
from .loaded import as_loaded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import CodeType, FrameType
    from typing import Any, Callable, Optional

    Source = dict[str, Optional[str]]

__all__ = [
    "decode_source",
    "hash_of_source",
    "module_frame",
    "source_of_file",
    "source_of_function",
    "source_of_main",
    "source_of_notebook",
    "what_python_runs",
]

_NAME_BYTES = b"-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_BOM = b"\xef\xbb\xbf"
_MOST = 256  # files kept in the cache; a program has a handful
_cache: dict[str, tuple[tuple[int, int, int], Source]] = {}


def source_of_main() -> Source:
    """Return the source of the program that runs; see the top of the module for the keys.

    In a process that multiprocessing spawned this is the program of its parent.

    Example::

        >>> source_of_main()["path"]
        '/home/me/project/train.py'
    """
    try:
        return _of_main()
    except Exception:
        return _source("interactive")


def source_of_function(func: Callable[..., Any]) -> Source:
    """Return the source of the file that a function was written in; see the top of the module for the keys.

    Decorators that set ``__wrapped__``, methods, partials and callable objects are looked through. Where there is no
    file (a cell of a notebook), it is the text of the function alone.

    Example::

        >>> source_of_function(json.dumps)["package_path"]
        'json/__init__.py'
    """
    try:
        return _of_function(func)
    except Exception:
        return _source("function")


def _source(kind: str, path: Optional[str] = None, data: Optional[bytes] = None) -> Source:
    text, encoding, digest = None, None, None
    if data is not None:
        digest = _sha256(data)
        if not (path or "").endswith(".pyc"):
            text, encoding = decode_source(data)
    return {
        "path": path,
        "text": text,
        "hash": digest,
        "encoding": encoding,
        "kind": kind,
        "package": None,
        "package_path": None,
        "description": None,
        "doubt": None,
    }


def _sha256(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


# ---------------------------------------------------------------------------------------------- the main program


def _of_main() -> Source:
    names, code = _main()
    if _file_of(names):
        return _of_module(names, code)
    if "ipykernel" in sys.modules and "get_ipython" in names:
        return _of_kernel()
    return _source("interactive", data=_code_of_command_line())


def _of_kernel() -> Source:
    """Return the notebook that this kernel executes, which may be kept as text by jupytext."""
    from .front_end import notebook_of_kernel

    path = notebook_of_kernel()["path"]
    return _source("notebook") if path is None else {**_of_file(path), "kind": "notebook"}


def _main_names() -> dict[str, Any]:
    main = sys.modules.get("__mp_main__")  # while a spawned process re-imports the program, __main__ is not yet it
    if main is None or not hasattr(main, "__file__"):
        main = sys.modules.get("__main__")
    return vars(main) if main is not None else {}


def _main() -> tuple[dict[str, Any], Optional[CodeType]]:
    """Return the names of the main program, and its code while its top level runs.

    Of a program that executes another one as the main program (``python -m cProfile fit.py``), that other one.
    """
    names, is_own, executed = _main_names(), False, None
    frame: Optional[FrameType] = sys._getframe()
    while frame is not None:
        if frame.f_globals is names:
            if executed is not None:
                return executed.f_globals, executed.f_code
            if frame.f_code.co_name == "<module>":
                return names, frame.f_code
            is_own = True
        elif not is_own and executed is None and _is_top_level(frame, "__main__") and _file_of(frame.f_globals):
            executed = frame  # unless the main program is not around it, as in a kernel, whose launcher is
        frame = frame.f_back
    return names, None


def module_frame(name: str) -> Optional[FrameType]:
    """Return the innermost frame of a module of this name, if its top level is what is running."""
    frame: Optional[FrameType] = sys._getframe()
    while frame is not None and not _is_top_level(frame, name):
        frame = frame.f_back
    return frame


def _is_top_level(frame: FrameType, name: str) -> bool:
    return frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == name


def _code_of_command_line() -> Optional[bytes]:
    """Return CODE of ``python -c CODE``."""
    arguments = _command_line()
    if "--multiprocessing-fork" in arguments:  # the code is that of multiprocessing
        return None
    option, code = what_python_runs(arguments[1:])
    return os.fsencode(code) if option == "c" else None


def _command_line() -> list[str]:
    told = getattr(sys, "orig_argv", None)  # new in Python 3.10
    if told is not None:
        return list(told)
    try:
        with open("/proc/self/cmdline", "rb") as file:
            return [os.fsdecode(part) for part in file.read().split(b"\0")[:-1]]
    except OSError:
        return []


def what_python_runs(arguments: Sequence[str]) -> tuple[str, str]:
    """Return what the arguments of an interpreter say: ``c`` and the code, ``m`` and the module, or nothing and a file.

    Options may be joined (``-Ic CODE``) or have values (``-W error``). The file may be ``-`` or left out.

    Example::

        >>> what_python_runs(["-u", "-m", "pkg.fit", "--fast"]), what_python_runs(["-u", "fit.py"])
        (('m', 'pkg.fit'), ('', 'fit.py'))
    """
    left = iter(arguments)
    for argument in left:
        if argument == "--check-hash-based-pycs":
            next(left, None)
        if argument.startswith("--"):
            continue
        if not argument.startswith("-") or argument == "-":
            return "", argument
        for i, letter in enumerate(argument[1:], 2):
            if letter in "cmWX":
                value = argument[i:] or next(left, "")
                if letter in "cm":
                    return letter, value
                break
    return "", ""


# -------------------------------------------------------------------------------------------------- one function


def _of_function(func: Any) -> Source:
    func = _innermost(func)
    code: Optional[CodeType] = getattr(func, "__code__", None)
    if code is None:  # written in C, or a class
        module = sys.modules.get(getattr(func, "__module__", None) or "")
        return _source("function") if module is None else _of_module(vars(module))
    names: dict[str, Any] = getattr(func, "__globals__", {})
    if _is_of_module(code.co_filename, names):
        return _of_module(names, code)
    return _of_code(code, names)


def _innermost(func: Any) -> Any:
    """Look through decorators, methods, partials and callable objects."""
    for _ in range(100):  # a chain may be a circle
        inside = next(_insides(func), None)
        if inside is None:
            break
        func = inside
    if hasattr(func, "__code__") or isinstance(func, type):
        return func
    call = next((vars(base)["__call__"] for base in type(func).__mro__ if "__call__" in vars(base)), None)
    return call if hasattr(call, "__code__") else func


def _insides(func: Any) -> Iterator[Any]:
    for name in ("__wrapped__", "__func__", "fget"):
        inside = getattr(func, name, None)
        if inside is not None and not isinstance(func, type):
            yield inside
    if hasattr(func, "keywords") and callable(getattr(func, "func", None)):  # functools.partial
        yield func.func


def _is_of_module(filename: str, names: Mapping[str, Any]) -> bool:
    file = _file_of(names)
    if file is None:
        return False
    if filename == file or filename.startswith("<frozen "):
        return True
    if file.endswith(".pyc"):
        return file[:-1].endswith(os.path.basename(filename))
    return os.path.realpath(filename) == os.path.realpath(file)


def _of_code(code: CodeType, names: Mapping[str, Any]) -> Source:
    """Return the source of code that does not come from the file of its module."""
    filename = code.co_filename
    if not _is_placeholder(filename):
        path = _locate(filename)
        if path is not None:
            return as_loaded(path, _of_file(path), {}, code)
    in_main = names.get("__name__") in ("__main__", "__mp_main__") and not _file_of(names)
    if in_main and "ipykernel" in sys.modules and display.kernel_shell() is not None:
        notebook = _of_kernel()
        if notebook["path"] is not None:
            return notebook
    if in_main and filename in ("<string>", "<stdin>"):
        return _of_main()
    # of these names linecache knows, from 3.13 on, the program of `python -c`, which other code is not from
    snippet = None if filename in ("<string>", "<stdin>") else _snippet(code)
    kind = "interactive" if in_main and "get_ipython" not in names else "function"
    return _source(kind, data=None if snippet is None else snippet.encode("utf-8", "replace"))


def _file_of(names: Mapping[str, Any]) -> Optional[str]:
    """Return ``__file__``, which is ``<stdin>`` for a program from standard input."""
    file = names.get("__file__")
    return file if isinstance(file, str) and not _is_placeholder(file) else None


def _is_placeholder(filename: str) -> bool:
    return filename.startswith("<") and filename.endswith(">")


def _snippet(code: CodeType) -> Optional[str]:
    """Cut the function out of what linecache was given: cells, lines at a prompt, generated classes."""
    linecache = sys.modules.get("linecache")
    entry = getattr(linecache, "cache", {}).get(code.co_filename)
    if not entry or len(entry) < 3:
        return None
    text = "".join(entry[2])
    return _cut(text, code.co_firstlineno) or text


def _cut(text: str, line: int) -> Optional[str]:
    import ast

    try:
        tree = ast.parse(text)
    except SyntaxError:  # a cell may hold magics
        return None
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        if first == line:
            return "".join(text.splitlines(keepends=True)[first - 1 : node.end_lineno])
    return None


# ----------------------------------------------------------------------------------------------- modules and files


def _of_module(names: Mapping[str, Any], code: Optional[CodeType] = None) -> Source:
    file = _file_of(names)
    if file is None:
        return _source("function")
    path = _locate(file)
    if path is None and os.path.lexists(file):  # a pipe: ``python <(...)``; reading it would wait for ever
        return _source("interactive")
    now = _through_loader(names, file) if path is None else _of_file(path)
    source = as_loaded(path or os.path.realpath(file), now, names, code)
    package = _package(names, file)
    return source if package is None else {**source, "package": package.partition("/")[0], "package_path": package}


def _locate(file: str) -> Optional[str]:
    """Return the real path of an existing file; a relative name may stem from before a chdir, so try sys.path too."""
    folders = [""] if os.path.isabs(file) else ["", *(entry for entry in sys.path if isinstance(entry, str))]
    for folder in folders:
        path = os.path.join(folder, file)
        if os.path.isfile(path):
            return os.path.realpath(path)
    return None


def source_of_file(path: str) -> Source:
    """Return the source in a file; all None but the kind if it cannot be read, no text if it is no whole notebook."""
    try:
        return _of_file(os.path.realpath(path))
    except OSError:
        return _source("script")


def hash_of_source(path: str, data: bytes) -> Optional[str]:
    """Return the hash that the source has if these are the bytes of its file."""
    return _of_data(path, data)["hash"]


def _of_file(path: str) -> Source:
    state = os.stat(path)
    stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
    known = _cache.get(path)
    if known is not None and known[0] == stamp:
        return dict(known[1])
    if len(_cache) >= _MOST:
        _cache.clear()
    source = _of_data(path, _read(path))
    _cache[path] = (stamp, source)
    return dict(source)


def _of_data(path: str, data: Optional[bytes]) -> Source:
    if data is None or not path.endswith(".ipynb"):
        return _source("script", path, data)
    from . import notebook

    found = notebook.read_notebook(data)
    return _source("notebook", path) if found is None else source_of_notebook(found, path)


def source_of_notebook(made: dict[str, Any], path: Optional[str] = None) -> Source:
    """Return the source of a notebook that may lie in no file, or was changed since it was read."""
    from . import notebook

    text = notebook.notebook_source(made).replace("\0", "\ufffd")  # which no database takes
    data = text.encode("utf-8", "replace")
    title = (notebook.notebook_title(made) or "").encode("utf-8", "replace").decode() or None
    return {**_source("notebook", path, data), "text": data.decode(), "encoding": "utf-8", "description": title}


def _read(path: str) -> Optional[bytes]:
    if path.endswith((".so", ".pyd", ".dylib")):  # no source, and possibly huge
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _through_loader(names: Mapping[str, Any], file: str) -> Source:
    """Return the source of a module in an archive, or of one whose file is gone."""
    spec = names.get("__spec__")
    loader = names.get("__loader__") or getattr(spec, "loader", None)
    name = getattr(spec, "name", None) or names.get("__name__")
    path = getattr(loader, "archive", None) or (file if os.path.isabs(file) else None)
    data = _data_of(loader, file, name)
    return {**_source("script", None, data), "path": None if path is None else os.path.realpath(path)}


def _data_of(loader: Any, file: str, name: Any) -> Optional[bytes]:
    try:
        data = loader.get_data(file)
        if isinstance(data, bytes) and not file.endswith(".pyc"):
            return data
    except Exception:
        pass
    try:
        text = loader.get_source(name)
        return text.encode("utf-8", "replace") if isinstance(text, str) else None
    except Exception:
        return None


def _package(names: Mapping[str, Any], file: str) -> Optional[str]:
    """Return ``mypkg/sub/mod.py``, from the name of the module: correct for namespaces, archives and editable installs."""
    spec = names.get("__spec__")
    name = getattr(spec, "name", None) or names.get("__name__")
    if not isinstance(name, str):
        return None
    is_package = getattr(spec, "submodule_search_locations", None) is not None
    parent = name if is_package else name.rpartition(".")[0]
    if not parent:
        return None
    base = os.path.basename(file)
    return f"{parent.replace('.', '/')}/{base[:-1] if base.endswith('.pyc') else base}"


# ------------------------------------------------------------------------------------------------------- encodings


def decode_source(data: bytes) -> tuple[str, str]:
    """Return the text of Python source and the name of its encoding, found as PEP 263 says.

    ``tokenize.open`` does so too, but costs 5 ms to import, and refuses what is not quite right.

    Example::

        >>> decode_source("# coding: latin-1; ä".encode("latin-1"))
        ('# coding: latin-1; ä', 'latin-1')
    """
    if data.startswith(_BOM):
        return data.decode("utf-8-sig", "replace"), "utf-8-sig"
    encoding = _cookie(data[:4096])
    try:
        return data.decode(encoding, "replace"), encoding
    except Exception:  # no such encoding, or one that makes no text
        return data.decode("utf-8", "replace"), "utf-8"


def _cookie(head: bytes) -> str:
    for line in head.splitlines()[:2]:
        stripped = line.lstrip(b" \t\f")
        if stripped[:1] == b"#":
            found = _named(stripped)
            if found:
                return found
        elif stripped:
            break
    return "utf-8"


def _named(comment: bytes) -> str:
    """Return what follows the first ``coding:`` or ``coding=`` that names something."""
    for part in comment.split(b"coding")[1:]:
        if part[:1] in (b":", b"="):
            rest = part[1:].lstrip(b" \t")
            name = rest[: len(rest) - len(rest.lstrip(_NAME_BYTES))]
            if name:
                return name.decode("ascii")
    return ""
