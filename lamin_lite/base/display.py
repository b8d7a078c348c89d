"""Words to the user, and the drawing of trees.

Messages go through the ``logging`` of the application. Where nobody configured any, they are written to the standard
error as it is at that moment: what is done, once ``attach_handler`` was called (by track, flow and the CLI, never by an
import); notices and warnings, always. Data goes to standard output, words go to standard error.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Union

    #: a tree: its label and the trees below it
    Tree = tuple[str, Sequence["Union[str, Tree]"]]

_IN_ASCII = str.maketrans("├└│─╌↑⋯…", "|`|--^~~")  # how trees look where the encoding has no box characters
_speaking = 0  # the thread that is writing our own words


_worded: Callable[[str], str] = str  # how the words are put; the command line knows no calls of Python
_shown = False  # whether the user sees what we do, where no logging was configured

INFO, WARNING = 20, 30  #: the levels of logging, which is not imported for them: it costs 6 ms


def attach_handler() -> None:
    """Make messages visible on standard error, unless the application configured logging itself."""
    global _shown
    _shown = True


class worded:
    """``with worded(how): ...``: whatever is said to the user, ``how`` gives it the words that fit there."""

    def __init__(self, how: Callable[[str], str]) -> None:
        self._how = how

    def __enter__(self) -> None:
        global _worded
        self._before, _worded = _worded, self._how

    def __exit__(self, *_: object) -> None:
        global _worded
        _worded = self._before


def is_speaking() -> bool:
    """Whether what is written just now are our own words."""
    return _speaking == get_ident()


def info(text: str) -> None:
    """Say what was done."""
    _say(INFO, text)


def notice(text: str) -> None:
    """Say what may not be as the user thinks, though nothing is wrong; also where no run is tracked."""
    _say(INFO, text, unasked=True)


def warning(text: str) -> None:
    """Say what the user should look at."""
    _say(WARNING, text)


def _say(level: int, text: str, *, unasked: bool = False) -> None:
    text = _worded(text)
    logging: Any = sys.modules.get("logging")  # where nobody imported it, nobody configured it
    if logging is not None and hasattr(logging, "getLogger"):
        logger = logging.getLogger((__package__ or "lamin_lite").rpartition(".")[0])
        if logger.hasHandlers():
            logger.log(level, "%s", text)
            return
        if logger.disabled or level < logger.level:
            return
    if _shown or unasked or level >= WARNING:
        _print(level, text)


def kernel_shell() -> Any:
    """The IPython shell of this process if it is a kernel of Jupyter (not a fork of one), else None."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if hasattr(ipython, "get_ipython") else None
    kernel = getattr(shell, "kernel", None)
    if kernel is None or getattr(getattr(kernel, "session", None), "pid", os.getpid()) != os.getpid():
        return None
    return shell


def _publish(shell: Any, text: str) -> bool:
    """Show a line below the cell of a notebook, where the standard error has a red ground; whether it could be."""
    global _speaking
    _speaking = get_ident()
    try:
        shell.display_pub.publish({"text/plain": text}, {})
    except Exception:  # the kernel is ending
        return False
    finally:
        _speaking = 0
    return True


def _print(level: int, text: str) -> None:
    """Write to the ``sys.stderr`` of the moment, so that redirections are followed."""
    global _speaking
    shell = kernel_shell()
    if shell is not None and _publish(shell, f"{'!' if level >= WARNING else '→'} {text}"):
        return
    if sys.stderr is None:
        return
    mark = "!" if level >= WARNING else "→" if _can_show("→") else "->"
    _speaking = get_ident()
    try:
        print(f"{mark} {text}", file=sys.stderr)
    except (OSError, ValueError):  # closed: there is nobody to tell
        pass
    finally:
        _speaking = 0


def _can_show(char: str) -> bool:
    try:
        char.encode(getattr(sys.stderr, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def show(text: str) -> None:
    """Write data that somebody asked to see to standard output.

    Where its encoding lacks the characters of trees, ASCII stands for them; what else it lacks becomes ``?``.
    """
    try:
        print(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        print(text.translate(_IN_ASCII).encode(encoding, "replace").decode(encoding))


def show_rich(value: object) -> None:
    """Let a notebook show a value as it likes to be shown; elsewhere its text goes to standard output."""
    display = _of_notebook()
    if display is None:
        show(str(value))
    else:
        display(value)


class Rich:
    """A text, and what a notebook shows instead of it."""

    def __init__(self, text: str, html: str) -> None:
        self.text = text
        self.html = html

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.html


def is_notebook() -> bool:
    """Whether what is shown is seen in a notebook."""
    return _of_notebook() is not None


def _of_notebook() -> Any:
    """What shows values in the notebook that runs this, or None. IPython is only asked where it is loaded already."""
    return None if kernel_shell() is None else getattr(sys.modules.get("IPython.display"), "display", None)


def draw_tree(tree: Tree) -> str:
    """Draw a tree with box characters.

    >>> print(draw_tree(("a", ["b", ("c", ["d"])])))
    a
    ├── b
    └── c
        └── d
    """
    return "\n".join([tree[0], *_branches(tree[1])])


def _branches(children: Sequence[str | Tree]) -> list[str]:
    lines: list[str] = []
    for index, child in enumerate(children):
        label, below = (child, ()) if isinstance(child, str) else child
        last = index == len(children) - 1
        head, *rest = label.split("\n")
        stem = "    " if last else "│   "
        lines.append(("└── " if last else "├── ") + head)
        lines += [stem + line for line in rest]
        lines += [stem + line for line in _branches(below)]
    return lines
