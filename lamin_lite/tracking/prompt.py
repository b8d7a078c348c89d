"""What IPython tells of a shell, and the run of track() at its prompt in a terminal: what it prints, and how it ends."""

from __future__ import annotations

import sys

from ..base._typing import TYPE_CHECKING
from ..capture.source import module_frame
from ..models import session
from .opened import COMPLETED, outcome, tap

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional

    from ..models import Run

EXECUTE = ("safe_execfile", "safe_run_module")  #: methods of a shell by which ``%run`` executes a script


def shell_of_terminal() -> Any:
    """The shell of IPython whose prompt this is; None if there is none. IPython is only asked where it is loaded."""
    shell = _shell()
    return shell if hasattr(shell, "events") and getattr(shell, "kernel", None) is None else None


def _shell() -> Any:
    ipython: Any = sys.modules.get("IPython")
    return ipython.get_ipython() if hasattr(ipython, "get_ipython") else None


def is_executed() -> bool:
    """Whether the main program is a script that IPython executes, as ``%run`` asks it to."""
    return _is_within(EXECUTE)


def is_of_cells() -> bool:
    """Whether the main program is a notebook, or a script with magics, that IPython executes: ``ipython x.ipynb``."""
    return _is_within(("safe_execfile_ipy",))


def _is_within(names: tuple[str, ...]) -> bool:
    frame = module_frame("__main__") if "IPython" in sys.modules else None
    while frame is not None and frame.f_code.co_name not in names:
        frame = frame.f_back
    return frame is not None


def call_after_cell(call: Callable[[], None]) -> None:
    """Call this once when the cell has ended that is running."""
    shell = _shell()

    def once(*_: object) -> None:
        shell.events.unregister("post_run_cell", once)
        call()

    shell.events.register("post_run_cell", once)


class Heard:
    """What is heard of a shell: when cells begin and end, and what methods are called with; until it is restored."""

    def __init__(self, shell: Any, before: Callable[..., None], after: Callable[..., None]) -> None:
        self._shell = shell
        self._events: list[tuple[str, Callable[..., None]]] = []
        self._wrapped: list[tuple[Any, str, Any, Any]] = []
        self.event("pre_run_cell", before)
        self.event("post_run_cell", after)

    def event(self, name: str, heard: Callable[..., None]) -> None:
        """Hear of an event of the shell."""
        self._shell.events.register(name, heard)
        self._events.append((name, heard))

    def scripts(self, note: Callable[..., None]) -> None:
        """Note that ``%run`` has executed a script."""
        for name in EXECUTE:
            if hasattr(self._shell, name):
                self.calls(self._shell, name, note)

    def calls(self, where: Any, name: str, note: Callable[..., None]) -> None:
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

    def restore(self) -> None:
        """Hear no more."""
        for event, heard in self._events:
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


class Prompt:
    """What IPython tells while a run is open. Has the same names as `endings.Hooks`.

    An error is shown by IPython itself, and the prompt goes on: it is the last input that tells how the session ended.
    So it is with the cells of a file that IPython executes, silently.
    """

    def __init__(self, shell: Any, run: Run) -> None:
        self._shell = shell
        self._run = run
        self._error: Optional[BaseException] = None
        #: what is to be done when a script or an input has ended: a script may have left its run open
        self.after_script: Optional[Callable[[], None]] = None
        self._heard = Heard(shell, self._before, self._after)
        if is_of_cells():
            self._heard.event("pre_execute", self._before)
            self._heard.event("post_execute", self._after_silent)
        self._heard.scripts(self._script)

    def _before(self, *_: object) -> None:
        tap.renew()
        session.enter(self._run)

    def _script(self, *_: object, **__: object) -> None:
        if self.after_script is not None:
            self.after_script()

    def _after(self, result: Any) -> None:
        self._script()
        session.leave(self._run)
        self._error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)

    def _after_silent(self) -> None:
        self._after(getattr(self._shell, "last_execution_result", None))

    def at_exit(self) -> tuple[str, Optional[int]]:
        """Status and exit code of a session that ends, or whose run gives way to another one: by its last input."""
        return (COMPLETED, None) if self._error is None else outcome(self._error)

    def restore(self) -> None:
        """Hear no more of the shell."""
        self._heard.restore()
