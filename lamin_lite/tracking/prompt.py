"""The run of track() at the prompt of IPython in a terminal: what it prints, and how it ends."""

from __future__ import annotations

import sys

from ..base._typing import TYPE_CHECKING
from ..models import session
from .opened import COMPLETED, outcome, tap

if TYPE_CHECKING:
    from typing import Any, Optional

    from ..models import Run


def shell_of_terminal() -> Any:
    """The shell of IPython whose prompt this is; None if there is none. IPython is only asked where it is loaded."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if hasattr(ipython, "get_ipython") else None
    return shell if hasattr(shell, "events") and getattr(shell, "kernel", None) is None else None


class Prompt:
    """What IPython tells while a run is open. Has the same names as `endings.Hooks`.

    An error is shown by IPython itself, and the prompt goes on: it is the last input that tells how the session ended.
    """

    def __init__(self, shell: Any, run: Run) -> None:
        self._shell, self._run = shell, run
        self._error: Optional[BaseException] = None
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)

    def _before(self, *_: object) -> None:
        tap.renew()
        session.enter(self._run)

    def _after(self, result: Any) -> None:
        session.leave(self._run)
        self._error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)

    def at_exit(self) -> tuple[str, Optional[int]]:
        """Status and exit code of a session that ends: by its last input."""
        return (COMPLETED, None) if self._error is None else outcome(self._error)

    def restore(self) -> None:
        """Hear no more of the shell."""
        for event, heard in (("pre_run_cell", self._before), ("post_run_cell", self._after)):
            try:
                self._shell.events.unregister(event, heard)
            except ValueError:  # somebody took all away
                pass
