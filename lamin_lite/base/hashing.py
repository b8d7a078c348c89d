"""SHA-256 of every byte, in constant memory."""

from __future__ import annotations

import os

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

CHUNK = 1 << 20


def new() -> Any:
    """A fresh SHA-256."""
    import hashlib

    return hashlib.sha256()


def of_bytes(data: bytes) -> str:
    """Lower-case hexadecimal digest.

    >>> of_bytes(b"")[:8]
    'e3b0c442'
    """
    digest = new()
    digest.update(data)
    return str(digest.hexdigest())


def of_open_file(fd: int) -> tuple[str, int]:
    """Digest and size of what an open file holds from its start on."""
    digest, buffer, at = new(), memoryview(bytearray(CHUNK)), 0
    while True:
        count = _read_at(fd, buffer, at)
        if not count:
            return str(digest.hexdigest()), at
        digest.update(buffer[:count])
        at += count


def of_file(path: str) -> tuple[str, int]:
    """Digest and size of a file."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        return of_open_file(fd)
    finally:
        os.close(fd)


def _read_at(fd: int, buffer: memoryview, at: int) -> int:
    if hasattr(os, "preadv"):
        return os.preadv(fd, [buffer], at)
    os.lseek(fd, at, os.SEEK_SET)
    data = os.read(fd, len(buffer))
    buffer[: len(data)] = data
    return len(data)


class Follower:
    """Hashes a file in a thread of its own while another thread is still writing it."""

    def __init__(self, fd: int) -> None:
        import threading  # 3 to 5 ms, for large files only

        self._fd = fd
        self._written = 0
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._digest = new()
        self._thread = threading.Thread(target=self._run, name="hashing", daemon=True)
        self._thread.start()

    def advance(self, written: int) -> None:
        """Say that the file is complete up to this byte."""
        with self._changed:
            self._written = written
            self._changed.notify()

    def finish(self) -> str:
        """Wait for the end; the digest."""
        self._end()
        if self._error is not None:
            raise self._error
        return str(self._digest.hexdigest())

    def stop(self) -> None:
        """Give up; waits until the thread has ended."""
        self._end()

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        buffer, at = memoryview(bytearray(CHUNK)), 0
        try:
            while True:
                with self._changed:
                    while self._written <= at and not self._ended:
                        self._changed.wait()
                    limit = self._written
                if at >= limit:
                    return
                at = self._hash(buffer, at, limit)
        except BaseException as error:  # handed to the thread that waits in finish()
            self._error = error

    def _hash(self, buffer: memoryview, at: int, limit: int) -> int:
        while at < limit:
            count = _read_at(self._fd, buffer[: min(CHUNK, limit - at)], at)
            if not count:
                raise OSError(f"the file ended at byte {at:,}, {limit:,} were written")
            self._digest.update(buffer[:count])
            at += count
        return at
