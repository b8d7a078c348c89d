"""How a script ends: what tells the end of the process from the end that somebody wrote.

While the run of track() is open, the ways to call ``sys.exit`` and ``sys.excepthook`` are wrapped, and restored
afterwards. There are no signal handlers: a signal ends the process as it would without us, and whoever looks next
writes ``aborted``.
"""

from __future__ import annotations

import sys
from _thread import get_ident

from ..base._typing import TYPE_CHECKING
from ..capture.source import module_frame
from .opened import COMPLETED, ERRORED, outcome, tap

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType, TracebackType
    from typing import Any, Optional

    Outcome = tuple[str, Optional[int]]


class Hooks:
    """The wrapped hooks of one run, and what they saw."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed
        self._frame = module_frame("__main__")
        self._thread = get_ident()
        self._last_exit: Optional[SystemExit] = None
        self._left_at = -1  # where the main program was at that moment
        self._excepthook: Any = sys.excepthook
        self._my_excepthook = sys.excepthook = self._noted_excepthook
        self._returned = _Returned(self._frame)
        self._exits = [(names, name, names[name], self._noted(names[name])) for names, name in _exits(self._frame)]
        for names, name, _, noted in self._exits:
            names[name] = noted

    def is_over(self) -> bool:
        """Whether the main program is left; another one may go on around it."""
        return module_frame("__main__") is not self._frame

    def restore(self) -> None:
        """Put the hooks back, unless somebody else has wrapped them since."""
        self._returned.stop()
        for names, name, original, noted in self._exits:
            if names.get(name) is noted:
                names[name] = original
        if sys.excepthook is self._my_excepthook:
            sys.excepthook = self._excepthook

    def _noted(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def exit(*args: Any, **kwargs: Any) -> Any:  # noqa: A001
            try:
                return original(*args, **kwargs)
            except SystemExit as error:
                if get_ident() == self._thread:  # of another thread, it ends that one only
                    self._last_exit, self._left_at = error, _position(self._frame)
                raise

        exit.__doc__ = getattr(original, "__doc__", None)
        return exit

    def _noted_excepthook(
        self, kind: type[BaseException], error: BaseException, trace: Optional[TracebackType]
    ) -> None:
        self._excepthook(kind, error, trace)  # prints the traceback, which so gets into the report
        self._failed(error)

    def at_exit(self) -> Outcome:
        """Status and exit code of a script that ended without an exception that was shown.

        A main program that ran to its end is completed. Else an exception ended it that another excepthook showed,
        or a SystemExit: its code is that of the ``sys.exit`` that came up to the main program, or what the
        ``raise SystemExit(...)`` there says.
        """
        frame, last = self._frame, self._last_exit
        if frame is None or _ran_to_its_end(frame):
            return COMPLETED, None
        shown = self.shown()
        if shown is not None:
            return outcome(shown)
        if last is not None and self._left_at == _position(frame):
            return outcome(last)
        if tap.died_with_text:
            return ERRORED, 1
        by_hand = _raised_by_hand(frame, self._returned)
        if by_hand is None and last is not None:
            return outcome(last)  # on its way out it passed a `with` or `finally`
        return by_hand or (ERRORED, None)  # raised in a function: that all was well is less likely than an early stop

    def shown(self) -> Optional[BaseException]:
        """The exception that ended the main program, if another excepthook showed it."""
        last = getattr(sys, "last_value", None)
        return last if last is not None and self._frame is not None and _passed(last, self._frame) else None


def _exits(frame: Optional[FrameType]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where functions stand that end the program: ``exit()`` and ``from sys import exit`` of the main program too."""
    import builtins

    yield vars(sys), "exit"
    if frame is None or hasattr(sys, "ps1"):
        return  # at a prompt, `exit` without a call explains itself
    yield from ((vars(builtins), name) for name in ("exit", "quit") if hasattr(builtins, name))
    known = [sys.exit, getattr(builtins, "exit", None), getattr(builtins, "quit", None)]
    for name, value in list(frame.f_globals.items()):
        if callable(value) and any(value is each for each in known):
            yield frame.f_globals, name


def _ran_to_its_end(frame: FrameType) -> bool:
    from opcode import opname

    return frame.f_lasti >= 0 and opname[frame.f_code.co_code[frame.f_lasti]].startswith(
        ("RETURN_", "INSTRUMENTED_RETURN")
    )


def _position(frame: Optional[FrameType]) -> int:
    return -1 if frame is None else frame.f_lasti


def _passed(error: BaseException, frame: FrameType) -> bool:
    """Whether an exception went through a frame."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame is not frame:
        trace = trace.tb_next
    return trace is not None


def _monitoring() -> Any:
    if sys.version_info >= (3, 12):
        return sys.monitoring
    return None


class _Returned:
    """What the function returned that the main program was calling when track() was called; from Python 3.12 on.

    It is what ``sys.exit(main())`` ends with, which nothing else tells: Python looked ``sys.exit`` up before ``main``
    wrapped it. Only this one code object is watched, so that nothing else becomes slower.
    """

    def __init__(self, main: Optional[FrameType]) -> None:
        self.known = False
        self.value: Any = None
        self._tool: Optional[int] = None
        frame: Optional[FrameType] = sys._getframe()
        while frame is not None and frame.f_back is not main:
            frame = frame.f_back
        if main is not None and frame is not None and _monitoring() is not None:
            self._watch(frame.f_code)

    def _watch(self, code: CodeType) -> None:
        watch = _monitoring()
        free = [number for number in (4, 3) if watch.get_tool(number) is None]
        if free:
            self._tool, self._code = free[0], code
            watch.use_tool_id(self._tool, __name__)
            watch.register_callback(self._tool, watch.events.PY_RETURN, self._note)
            watch.set_local_events(self._tool, code, watch.events.PY_RETURN)

    def _note(self, code: CodeType, offset: int, value: object) -> None:  # noqa: ARG002 - as Python calls it
        self.known, self.value = True, value

    def stop(self) -> None:
        """Let go of the code object."""
        if self._tool is not None:
            watch = _monitoring()
            watch.set_local_events(self._tool, self._code, 0)
            watch.register_callback(self._tool, watch.events.PY_RETURN, None)
            watch.free_tool_id(self._tool)
            self._tool = None


def _raised_by_hand(frame: FrameType, returned: _Returned) -> Optional[Outcome]:
    """What the exit means that stands in the main program where it stopped; None if there is none.

    ``raise SystemExit(2)`` says it. Of ``raise SystemExit(main())`` only ``main`` knew it, and so it is with
    ``sys.exit(main())`` if ``main`` called track(), as Python looked up ``sys.exit`` before that: it is what ``main``
    was seen to return; before Python 3.12, which lets us see it, taken as completed.
    """
    import ast

    for leaving in _exits_at(frame):
        call = leaving if isinstance(leaving, ast.Call) else ast.Call(leaving, [], [])
        if ast.unparse(call.func) in ("SystemExit", "sys.exit", "exit", "quit"):
            value = call.args[0] if call.args else ast.Constant(None)
            if isinstance(value, ast.Name):
                return outcome(SystemExit(frame.f_globals.get(value.id)))
            if isinstance(value, ast.Constant):
                return outcome(SystemExit(value.value))
            return outcome(SystemExit(returned.value)) if returned.known else (COMPLETED, None)
    return None


def _exits_at(frame: FrameType) -> Iterator[ast.expr]:
    """What is raised, or called as a statement, in the line where the main program stopped."""
    import ast
    import linecache

    from ..capture.source import source_of_main

    text = "".join(linecache.getlines(frame.f_code.co_filename)) or source_of_main()["text"] or ""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        here = isinstance(node, ast.stmt) and node.lineno <= frame.f_lineno <= (node.end_lineno or node.lineno)
        if here and isinstance(node, ast.Raise) and node.exc is not None:
            yield node.exc
        elif here and isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield node.value
