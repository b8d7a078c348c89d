r"""What a program prints, kept beside what the user sees.

The ``write`` of the streams that are there is wrapped, so that logging handlers made earlier are caught and
``isatty`` stays true. Which logs a text goes to is asked for each write, so that runs side by side are kept apart.
A log is a file that grows with each write, without a buffer of ours: what a killed program had written is in it.
Raw text is kept while the program runs; `cleaned` folds ``\r`` frames and strips escape sequences at the end.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock, get_ident

from ..base import display, fsio
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import IO, Any

LINE = 1 << 16  #: characters after which a line without an end is taken as one


class Log:
    """A growing file; made at the first write."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._fd = -1
        self._told = False  # that something is missing; it goes on as soon as it can, as when there is space again
        self._pid = os.getpid()
        self._lock = self._pid, RLock()
        self._is_discarded = False

    def write(self, text: str, name: str = "stdout") -> None:  # noqa: ARG002 - others keep the streams apart
        """Append a text; a failure to do so never reaches the program that prints."""
        self.append(text.encode("utf-8", "backslashreplace"))

    def append(self, data: bytes) -> None:
        """Append what another program wrote, as it is."""
        try:
            with self._taken():
                if self._fd < 0:
                    if self._pid != os.getpid() or self._is_discarded:
                        return
                    self._open()
                done = os.write(self._fd, data)
                if done < len(data):
                    fsio.write_all(self._fd, data[done:])
        except OSError as error:
            if not self._told:
                self._told = True
                display.warning(
                    f"the log {self.path} cannot be written ({error.strerror}); the report will be incomplete"
                )

    def _taken(self) -> RLock:
        """What is held while its descriptor is used: once closed, that number may be the one of any other file.

        A thread that a fork does not have may have held it there, so that a child has one of its own.
        """
        pid = os.getpid()
        if self._lock[0] != pid:
            self._lock = pid, RLock()
        return self._lock[1]

    def _open(self) -> None:
        folder = os.path.dirname(self.path)
        fsio.make_folder(folder, within=os.path.dirname(folder))
        self._fd = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | getattr(os, "O_CLOEXEC", 0), 0o600)

    def prepare(self) -> None:
        """Make the file, if it is not there: a fork writes to what it inherits, and never makes it anew."""
        if self._fd < 0 and self._pid == os.getpid():
            self.write("")

    def close(self) -> None:
        """Let go of the file."""
        with self._taken():
            fd, self._fd = self._fd, -1  # first: a signal handler of this thread may print in between
            if fd >= 0:
                os.close(fd)

    def discard(self) -> None:
        """Remove the file, for good: what a thread prints after that is of no run."""
        self._is_discarded = True
        self.close()
        fsio.remove(self.path)


class Tap:
    """The wrapped streams of this process; `route` says to which logs a text goes."""

    def __init__(self, route: Callable[[], Iterable[Log]]) -> None:
        self._route = route
        self._wrapped: list[tuple[Any, Any, Any]] = []
        self._writing: set[int] = set()  # threads that write now: of a stream that writes to another, one is enough
        #: the interpreter itself printed the text of a SystemExit
        self.died_with_text = False

    def install(self) -> None:
        """Wrap the streams as they are now; those wrapped already stay."""
        for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
            if stream is not None and all(known is not stream for known, *_ in self._wrapped):
                self._wrap(stream, name)

    def renew(self) -> None:
        """Wrap again where what we had wrapped was put back, as IPython does after each cell; and streams that are new.

        They are where another one was in place for a while, as within ``redirect_stdout`` and ``%%capture``.
        """
        for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
            mine = [write for known, write, _ in self._wrapped if known is stream]
            if mine and None not in mine and all(stream.write is not write for write in mine):
                self._wrapped = [entry for entry in self._wrapped if entry[0] is not stream]
                self._wrap(stream, name)
        self.install()

    def _wrap(self, stream: Any, name: str) -> None:
        original, writing = stream.write, self._writing
        own = getattr(stream, "__dict__", {}).get("write")  # of somebody who wrapped it before us

        def write(text: str) -> Any:
            me = get_ident()
            if me in writing:
                return original(text)
            writing.add(me)
            try:
                result = original(text)
            finally:
                writing.discard(me)
            self._copy(text, name)
            return result

        kept: Any = write
        try:
            stream.write = write
        except (AttributeError, TypeError):
            display.info(f"what is written to {stream!r} cannot be kept for the report")
            kept = None  # known from now on: nothing more is said of it
        self._wrapped.append((stream, kept, own))

    def _copy(self, text: object, name: str) -> None:
        if display.is_speaking() or not isinstance(text, str):
            return
        if sys._getframe(1).f_back is None:  # no Python code called: the interpreter prints what SystemExit carried
            self.died_with_text = True
        for log in self._route():
            log.write(text, name)

    def remove(self) -> None:
        """Give the streams their own ``write`` back, where nobody else wrapped it after us."""
        for stream, write, own in self._wrapped:
            if getattr(stream, "write", None) is not write:
                continue
            if own is None:
                del stream.write
            else:
                stream.write = own
        self._wrapped.clear()


def cleaned(path: str, mask: Callable[[str], str]) -> Iterator[bytes]:
    r"""The text of a log as people read it, in constant memory: last frame of each ``\r`` line, no escape sequences."""
    with open(path, encoding="utf-8", errors="replace", newline="\n") as file:
        block: list[str] = []
        size = 0
        for line in _lines(file):
            block.append(line)
            size += len(line)
            if size >= LINE and (size >= 2 * LINE or not _within_key(block)):
                yield mask("".join(block)).encode("utf-8", "backslashreplace")
                block, size = [], 0
        yield mask("".join(block)).encode("utf-8", "backslashreplace")


def _lines(file: IO[str]) -> Iterator[str]:
    rest = ""
    while True:
        line = file.readline(LINE)
        if not line:
            break
        line, is_bar = without_escapes(rest + line), "\r" in line and line[-1] != "\n"
        # a progress bar can be one line of any length: what it shows is kept, and the frame that is not complete
        cut = line.rfind("\r")
        rest = folded(line[:cut]) + line[cut:] if is_bar and cut >= 0 else ""
        if not rest:
            yield folded(line)
    yield folded(rest)


def _within_key(block: list[str]) -> bool:
    """Whether a private key began that has not ended; it can be masked as a whole only."""
    text = "".join(block)
    begin = text.rfind("-----BEGIN ")
    return begin >= 0 and text.find("-----END ", begin) < 0


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
