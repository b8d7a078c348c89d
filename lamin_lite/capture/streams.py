r"""What a program prints, kept beside what the user sees.

The ``write`` of the streams that are there is wrapped, so that logging handlers made earlier are caught and
``isatty`` stays true. Which logs a text goes to is asked for each write, so that runs side by side are kept apart.
A log is a file that grows with each write, without a buffer of ours: what a killed program had written is in it.
Raw text is kept while the program runs; `cleaned` folds ``\r`` frames and strips escape sequences at the end.
"""

from __future__ import annotations

import os
import sys

from ..base import display, fsio
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

LINE = 1 << 16  #: characters after which a line without an end is taken as one


class Log:
    """A growing file; made at the first write."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = -1
        self._pid = os.getpid()

    def write(self, text: str) -> None:
        """Append a text; a failure to do so never reaches the program that prints."""
        try:
            if self._fd < 0:
                fsio.make_folder(os.path.dirname(self.path))
                self._fd = os.open(
                    self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), 0o600
                )
            fsio.write_all(self._fd, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            if self._fd != -2:
                self._fd = -2
                display.warning(
                    f"the log {self.path} cannot be written ({error.strerror}); the report will be incomplete"
                )

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def discard(self) -> None:
        """Remove the file."""
        self.close()
        fsio.remove(self.path)


class Tap:
    """The wrapped streams of this process; `route` says to which logs a text goes."""

    def __init__(self, route: Callable[[], Iterable[Log]]) -> None:
        self._route = route
        self._wrapped: list[tuple[Any, Any]] = []
        #: the interpreter itself printed the text of a SystemExit
        self.died_with_text = False

    def install(self) -> None:
        """Wrap the streams as they are now; those wrapped already stay."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and all(known is not stream for known, _ in self._wrapped):
                self._wrap(stream)

    def _wrap(self, stream: Any) -> None:
        original = stream.write

        def write(text: str) -> Any:
            result = original(text)
            self._copy(text)
            return result

        try:
            stream.write = write
        except (AttributeError, TypeError):
            display.info(f"what is written to {stream!r} cannot be kept for the report")
            return
        self._wrapped.append((stream, write))

    def _copy(self, text: object) -> None:
        if display.is_speaking() or not isinstance(text, str):
            return
        if sys._getframe(1).f_back is None:  # no Python code called: the interpreter prints what SystemExit carried
            self.died_with_text = True
        for log in self._route():
            log.write(text)

    def remove(self) -> None:
        """Give the streams their own ``write`` back, where nobody else wrapped it after us."""
        for stream, write in self._wrapped:
            if stream.__dict__.get("write") is write:
                del stream.write
        self._wrapped.clear()


def cleaned(path: str, mask: Callable[[str], str]) -> Iterator[bytes]:
    r"""The text of a log as people read it, in constant memory: last frame of each ``\r`` line, no escape sequences."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        while True:
            line = file.readline(LINE)
            if not line:
                return
            yield mask(folded(without_escapes(line))).encode("utf-8", "backslashreplace")


def folded(line: str) -> str:
    r"""The line as a terminal shows it at the end: each ``\r`` starts again at its beginning.

    >>> folded("10%\r 55%\r100%\n"), folded("a\r\n")
    ('100%\n', 'a\n')
    """
    if "\r" not in line:
        return line
    end = "\n" if line.endswith("\n") else ""
    shown = ""
    for frame in line.rstrip("\r\n").split("\r"):
        shown = frame + shown[len(frame) :]
    return shown + end


_escapes: Any = None


def without_escapes(text: str) -> str:
    r"""The text without colours and cursor movements.

    >>> without_escapes("\x1b[31mred\x1b[0m \x1b]0;title\x07text")
    'red text'
    """
    global _escapes
    if "\x1b" not in text and "\x9b" not in text:
        return text
    if _escapes is None:
        import re

        _escapes = re.compile(
            r"\x1b\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]?"
        )
    return str(_escapes.sub("", text))
