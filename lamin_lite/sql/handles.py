"""Connections with what goes on over them: each belongs to one thread of one process, and none may cross a fork.

SQLite keeps account of its locks per process. A child that inherits the account believes that it holds locks which
only its parent holds: when the parent closes the database, it finds nobody else there and removes the write-ahead log
into which the child is still writing. So all connections to files are closed before a fork, in every thread, and
opened again at their next use: what is written is waited for, what is being read is read to its end. Where that takes
too long, the child is refused the file, which is better than to lose what it saves.
"""

from __future__ import annotations

import os
import time
import weakref
from _thread import RLock, get_ident

from .. import errors
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sys
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any, Optional

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    File = tuple[int, int]

GRACE = 5.0  #: seconds that a fork waits for what other threads read and write
AHEAD = 100  #: rows of a query that are read at once
MOST = 100_000  #: rows of a query under way that are read into memory for a fork
LISTS = 64  #: temporary tables of values that a connection keeps; more than one query names

gate = RLock()  #: held by whoever forks, opens or closes a connection: none is half open in a child
_is_forking = False
_handles: weakref.WeakSet[Handle] = weakref.WeakSet()  # those of files
_inherited: list[tuple[Optional[File], object]] = []  # what a fork brought along: never touched again, so kept alive
_open_ones: dict[int, object] = {}  # so that the collector of cycles never finalizes one before its handle closed it


class Handle:
    """A connection. It is closed with the thread that owned it, but never one inherited by a fork.

    ``file``: which file it opened, None for what is no file. Taken, as in ``with handle.taken():``, it is not closed
    for a fork meanwhile; nor is it as long as ``depth`` counts open transactions. ``connection`` is None once it was.
    """

    __slots__ = (
        "__weakref__", "connection", "depth", "file", "gone", "listed", "lists", "lock", "pid", "readings", "thread",
    )  # fmt: skip

    def __init__(self, connection: Any, file: Optional[File] = None) -> None:
        self.connection = connection
        _open_ones[id(self)] = connection
        self.file = file
        self.lock = RLock()
        self.pid, self.thread = os.getpid(), get_ident()
        self.depth = 0
        self.readings: list[Reading] = []
        self.lists: dict[tuple[Any, ...], str] = {}  # type and values -> temporary table, the latest used last
        self.gone: dict[str, tuple[Any, ...]] = {}  # the same of tables that went with the connection before this one
        self.listed = 0
        if file is not None:
            _handles.add(self)
            _close_at_fork()

    def taken(self) -> Self:
        """Have it for oneself until the end of ``with``; while somebody forks, that is waited for."""
        if _is_forking and not self.depth:
            with gate:
                pass
        self.lock.acquire()
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lock.release()

    def follow(self, before: Handle) -> None:
        """Take the place of a connection of this thread that was closed; queries may name its temporary tables."""
        gone = {**before.gone, **{name: key for key, name in before.lists.items()}}
        self.gone = dict([*gone.items()][-LISTS:])
        self.listed = before.listed

    def close_for_fork(self, until: float) -> None:
        """Close it as soon as nothing is written or asked over it, if that is before this time."""
        while self.lock.acquire(timeout=max(0.0, until - time.monotonic())):
            with self:
                if not self.depth:
                    if all(reading.finish() for reading in [*self.readings]):
                        self._close()
                    return
            if self.thread == get_ident() or time.monotonic() > until:
                return
            time.sleep(0.001)

    def _close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()
        _open_ones.pop(id(self), None)

    def __del__(self) -> None:
        if _open_ones is None or os is None:  # the interpreter ends, and has taken the module apart already
            return
        if self.pid != os.getpid():
            if self.connection is not None:
                _inherited.append((self.file, self.connection))
            _open_ones.pop(id(self), None)
            return
        if self.connection is None:  # closed for a fork, which may still be waited for
            return
        has_gate = gate.acquire(
            timeout=GRACE / 5
        )  # this may run anywhere, also in a thread that whoever forks waits for
        try:
            self._close()
        finally:
            if has_gate:
                gate.release()


class Reading:
    """The rows of a query, as they are asked for."""

    __slots__ = ("_ahead", "_cursor", "_handle")

    def __init__(self, handle: Handle, cursor: Any) -> None:
        self._handle = handle
        self._cursor = cursor
        self._ahead: list[Any] = []
        handle.readings.append(self)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        try:
            while rows := self._next():
                yield from rows
        finally:
            self._end()

    def _next(self) -> list[Any]:
        if self._cursor is not None:
            if self._handle.pid != os.getpid():
                raise inherited("a query that it was reading")
            with self._handle.taken():
                if self._cursor is not None and not self._ahead:
                    return list(self._cursor.fetchmany(AHEAD))
        rows, self._ahead = self._ahead, []
        return rows

    def finish(self) -> bool:
        """Read the other rows into memory; whether these were all."""
        if self._cursor is None:
            return True
        try:
            rows = self._cursor.fetchmany(MOST)
        except Exception:  # told to whoever reads on
            return False
        self._ahead += rows
        if len(rows) < MOST:
            self._cursor = None
        return self._cursor is None

    def _end(self) -> None:
        if self._handle.pid == os.getpid():
            self._handle.readings.remove(self)
        elif self._cursor is not None:
            _inherited.append((None, self._cursor))


def file_of(path: str) -> Optional[File]:
    """What tells a file from others; None if it is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def check_not_inherited(path: str) -> Optional[File]:
    """Raise `InstanceError` in a fork that brought a connection to the file along; else which file it is."""
    file, pid = file_of(path), os.getpid()
    alive = [handle.file for handle in [*_handles] if handle.pid != pid and handle.connection is not None]
    if file is not None and file in (*alive, *(known for known, _ in _inherited)):
        raise inherited(path)
    return file


def inherited(what: str) -> errors.InstanceError:
    """The error for a fork that goes on with what its parent had not ended."""
    return errors.InstanceError(
        f"This process was forked while its parent read or wrote, and cannot go on with {what} safely: start it by "
        "'spawn', or fork when nothing is being read or written."
    )


def _close_at_fork() -> None:
    if not _registered and hasattr(os, "register_at_fork"):
        _registered.append(True)
        os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)


_registered: list[bool] = []


def _before_fork() -> None:
    global _is_forking
    gate.acquire()
    _is_forking = True
    until = time.monotonic() + GRACE
    for handle in [*_handles]:
        if handle.pid == os.getpid():
            handle.close_for_fork(until)


def _after_fork() -> None:
    global _is_forking
    _is_forking = False
    try:
        gate.release()
    except RuntimeError:  # Ctrl-C came while it was waited for
        pass
