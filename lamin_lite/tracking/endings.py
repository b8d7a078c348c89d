"""How a script ends: what tells the end of the process from the end that somebody wrote.

While the run of track() is open, ``sys.exit`` and ``sys.excepthook`` are wrapped, and restored afterwards. There are
no signal handlers: a signal ends the process as it would without us, and whoever looks next writes ``aborted``.
"""

from __future__ import annotations

import sys

from ..base._typing import TYPE_CHECKING
from .opened import COMPLETED, ERRORED, outcome, tap

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Any, NoReturn, Optional


class Hooks:
    """The wrapped hooks of one run, and what they saw."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._frame = _main_frame()
        self._exit: Any = sys.exit
        self._excepthook: Any = sys.excepthook
        self._last_exit: Optional[SystemExit] = None
        self._my_exit, self._my_excepthook = self._noted_exit, self._noted_excepthook
        sys.exit, sys.excepthook = self._my_exit, self._my_excepthook

    def restore(self) -> None:
        """Put the hooks back, unless somebody else has wrapped them since."""
        if sys.exit is self._my_exit:
            sys.exit = self._exit
        if sys.excepthook is self._my_excepthook:
            sys.excepthook = self._excepthook

    def _noted_exit(self, status: Any = None, /) -> NoReturn:
        self._last_exit = SystemExit(status) if status is not None else SystemExit()
        raise self._last_exit

    def _noted_excepthook(
        self, kind: type[BaseException], error: BaseException, trace: Optional[TracebackType]
    ) -> None:
        self._excepthook(kind, error, trace)  # prints the traceback, which so gets into the report
        self._failed(error)

    def at_exit(self) -> tuple[str, Optional[int]]:
        """Status and exit code of a script that ended without an exception that was shown.

        A main program that ran to its end is completed. Else a SystemExit ended it: its code is that of the last
        ``sys.exit``, or what the ``raise SystemExit(...)`` in the main program says.
        """
        frame = self._frame
        if frame is None or _ran_to_its_end(frame):
            return COMPLETED, None
        if self._last_exit is not None:
            return outcome(self._last_exit)
        if tap.died_with_text:
            return ERRORED, 1
        return _raised_by_hand(frame)


def _main_frame() -> Optional[FrameType]:
    """The frame of the main program, if it is one that runs to an end."""
    frame: Optional[FrameType] = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "__main__" and frame.f_code.co_name == "<module>":
            return frame
        frame = frame.f_back
    return None


def _ran_to_its_end(frame: FrameType) -> bool:
    from opcode import opname

    return frame.f_lasti >= 0 and opname[frame.f_code.co_code[frame.f_lasti]].startswith(
        ("RETURN_", "INSTRUMENTED_RETURN")
    )


def _raised_by_hand(frame: FrameType) -> tuple[str, Optional[int]]:
    """The code of ``raise SystemExit(<a number or name>)`` in the main program.

    Of ``raise SystemExit(main())`` only ``main`` knew it: taken as completed. Where the code must be known, it is by
    ``sys.exit``.
    """
    import ast
    import linecache

    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
    try:
        statement: Any = ast.parse(
            line.partition(":")[2].strip() if line.endswith(")") and ": raise" in line else line
        ).body[0]
        call = statement.exc
        value = call.args[0] if getattr(call, "args", None) else ast.Constant(value=None)
    except (SyntaxError, AttributeError, IndexError):
        return ERRORED, None  # raised in a function: that it was to stop early is more likely than that all was well
    if isinstance(value, ast.Name):
        return outcome(SystemExit(frame.f_globals.get(value.id)))
    if isinstance(value, ast.Constant):
        return outcome(SystemExit(value.value))
    return COMPLETED, None
