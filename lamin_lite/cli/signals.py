"""Signals that reach a command while a program runs that it started."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Heard = Callable[[int, object], object]

ENDING = ("SIGTERM", "SIGHUP")  #: what asks a program to end, beside Ctrl-C, which raises by itself


class Listening:
    """Hears signals, in the place of what was there, until the block ends; what is ignored, as by nohup, stays so.

    Nothing is heard in another thread than the main one, as Python hears them only there. What other code than Python's
    listens by stays too: it could not be put back.
    """

    def __init__(self, names: Sequence[str], heard: Heard) -> None:
        self._numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        self._heard = heard

    def __enter__(self) -> None:
        is_main = threading.current_thread() is threading.main_thread()
        kept = (signal.SIG_IGN, None)
        wanted = [number for number in self._numbers if is_main and signal.getsignal(number) not in kept]
        self._before = [(number, signal.signal(number, self._heard)) for number in wanted]

    def __exit__(self, *_: object) -> None:
        for number, before in self._before:
            signal.signal(number, before)


def end(number: int, _: object) -> None:
    """End the command as a shell tells it of a program that this signal ended; what it started is cleaned up first."""
    raise SystemExit(128 + number)
