"""The row of this process in an instance, and the locked file by which others see that it lives."""

from __future__ import annotations

import os
from _thread import RLock, allocate_lock

from ..base import clock, fsio, proc, settings, uids
from ..base._typing import TYPE_CHECKING
from ..capture.host import host

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Optional

    from ..instance import Instance


class Process:
    """This process, registered in one instance."""

    __slots__ = ("id", "lock", "path", "pid", "uid")

    def __init__(self, store: Instance) -> None:
        self.pid = os.getpid()
        self.uid = uids.random_uid(16)
        self.path = os.path.join(store.process_dir, self.uid)
        self.lock: Optional[int] = fsio.open_locked(self.path)
        facts, identity = host(), proc.identity()
        row = {
            "uid": self.uid,
            "host": identity["host"],
            "boot_id": identity["boot_id"],
            "pid_ns": None if identity["pid_ns"] is None else str(identity["pid_ns"]),
            "pid": identity["pid"],
            "start_time": identity["start_time"],
            "python": facts["python"],
            "executable": facts["executable"],
            "platform": f"{facts['os']} {facts['machine']}",
            "cwd": facts["cwd"],
            "created_at": clock.now(),
        }
        try:
            with store.database.write("register the process", durable=False) as tx:
                self.id = tx.insert("process", row)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let others see that the process has ended well."""
        if self.lock is not None:
            os.close(self.lock)
            fsio.remove(self.path)


_processes: dict[tuple[str, str], Process] = {}  # by the instance and its database, as copies share their uid
_making = allocate_lock()
_registered = False
changing = RLock()  #: held while a root run is entered in, or taken from, what all threads of this process share
tracking = RLock()  #: held while track() makes room for a run and starts it: of several threads, one after the other
before_fork: Callable[[], None] = int  # type: ignore[assignment]  # slot, filled by `opened`


def process_of(store: Instance) -> Process:
    """This process's row in the instance, made at its first use; a fork gets one of its own."""
    place = store.uid, store.database.place
    known = _processes.get(place)
    if known is not None:
        return known
    with _making:
        if place not in _processes:
            _register()
            _processes[place] = Process(store)
    return _processes[place]


def is_own(uid: str) -> bool:
    """Whether a row is that of this process, in whatever instance."""
    return any(process.uid == uid for process in _processes.values())


_at_exit: list[Callable[[], None]] = []


def at_exit(call: Callable[[], None]) -> None:
    """Have a function of a module called once at the end of the process, however often this is asked for."""
    if call not in _at_exit:
        import atexit

        atexit.register(call)
        _at_exit.append(call)


def _register() -> None:
    global _registered
    if not _registered:
        import atexit

        atexit.register(_close_all)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=_before_fork, after_in_child=_forget)
        _registered = True


def _before_fork() -> None:
    before_fork()


def _forget() -> None:
    """In a fork: let go of the parent's locks, else it would seem alive for as long as this child is."""
    global _making, changing, tracking
    _making, changing, tracking = allocate_lock(), RLock(), RLock()
    for process in _processes.values():
        if process.lock is not None:
            os.close(process.lock)
    _processes.clear()


def _close_all() -> None:
    for process in _processes.values():
        process.close()
    _processes.clear()  # an exit handler of the user that runs a flow after this gets a new one


def handed_over() -> Optional[tuple[str, str, str]]:
    """Instance, run and process that started this process, from the environment; None if there is none."""
    parts = (settings.variable("RUN") or "").split(":")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None
