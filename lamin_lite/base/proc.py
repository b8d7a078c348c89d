"""The one room where other programs are run, and where a process learns who it is.

Nothing here raises but :class:`Child`: a program that is missing, fails, hangs or talks too much is ``None``, and so is a fact that this
system does not tell. Only :func:`run` loads ``subprocess`` (5 ms), so importing this module costs nothing.

Example::

    >>> run(["git", "--version"]).strip()
    'git version 2.39.5'
    >>> is_alive(os.getpid(), start_time_of(os.getpid()))
    True
"""

from __future__ import annotations

import os

from . import clock
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from subprocess import Popen
    from typing import Any, Optional, Union

    Sink = Callable[[bytes], bool]

    Path = Union[str, os.PathLike[str]]

__all__ = [
    "MAX_BYTES",
    "Child",
    "command_line",
    "identity",
    "is_alive",
    "parent_of",
    "run",
    "run_bytes",
    "start_time_of",
    "started_at",
    "variable_of",
    "working_directory",
]

MAX_BYTES = 16 * 1024 * 1024  #: what :func:`run` reads at most, unless told otherwise
_GRACE = 1.0  # seconds to wait for a killed program: one that hangs in the kernel (dead NFS) does not even die


def run(
    argv: Sequence[str],
    cwd: Optional[Path] = None,
    timeout: float = 2.0,
    env: Optional[Mapping[str, Optional[str]]] = None,
    max_bytes: int = MAX_BYTES,
) -> Optional[str]:
    """Return what a program prints to stdout, or None if it is missing, fails or takes too long.

    Args:
        argv: program and arguments; no shell is involved.
        cwd: the folder to run it in; by default the current one.
        timeout: seconds for everything; then the program and all it started are killed.
        env: changes to the inherited environment (not on Windows); a value of None removes the variable.
        max_bytes: output beyond this is not read: the program is killed, and what was read is returned.

    Returns:
        The text, bytes that are no UTF-8 replaced by U+FFFD. stderr is thrown away, stdin is empty.

    Example::

        >>> run(["git", "rev-parse", "HEAD"], cwd=folder, env={"GIT_DIR": None})
    """
    output = run_bytes(argv, cwd, timeout, env, max_bytes)
    return None if output is None else output.decode("utf-8", "replace")


def run_bytes(
    argv: Sequence[str],
    cwd: Optional[Path] = None,
    timeout: float = 2.0,
    env: Optional[Mapping[str, Optional[str]]] = None,
    max_bytes: int = MAX_BYTES,
) -> Optional[bytes]:
    """As :func:`run`, but the bytes as they came, for output that need not be text."""
    try:
        process = _start(argv, cwd, env)
    except Exception:
        return None
    try:
        return _collect(process, timeout, max_bytes)
    except Exception:
        return None
    finally:  # also on Ctrl-C, which does not reach a session of its own
        _end(process)


def _start(argv: Sequence[str], cwd: Optional[Path], env: Optional[Mapping[str, Optional[str]]]) -> Popen[bytes]:
    import subprocess

    return subprocess.Popen(
        [*_changing(env), *argv],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,  # one group to kill, and no terminal for it to ask for a password on
    )


def _changing(env: Optional[Mapping[str, Optional[str]]]) -> list[str]:
    """Return the command that changes the environment: ``os.environ`` belongs to settings, and need not be copied."""
    if not env or os.name != "posix":  # Windows has no such program; there the environment stays as it is
        return []
    removed = [word for name, value in env.items() if value is None for word in ("-u", name)]
    return ["env", *removed, *(f"{name}={value}" for name, value in env.items() if value is not None)]


def _collect(process: Popen[bytes], timeout: float, max_bytes: int) -> Optional[bytes]:
    from time import monotonic

    deadline = monotonic() + timeout
    if os.name != "posix":  # no poll() on the pipes of Windows
        everything = process.communicate(timeout=timeout)[0][:max_bytes]
        return everything if process.returncode == 0 else None
    output = _read(process, deadline, max_bytes)
    if output is None or len(output) >= max_bytes:
        return output
    return output if process.wait(max(0.0, deadline - monotonic())) == 0 else None


def _read(process: Popen[bytes], deadline: float, max_bytes: int) -> Optional[bytes]:
    """Read until the end, the limit or the deadline; only the last gives None."""
    from select import poll
    from time import monotonic

    assert process.stdout is not None
    pipe = process.stdout.fileno()
    poller = poll()  # not select(), which fails for descriptors from 1024 on
    poller.register(pipe)
    parts = []
    left = max_bytes
    while left > 0:
        # In turns: Ctrl-C that comes just before it waits is not heard before it has waited.
        ready = poller.poll(max(0.0, min(deadline - monotonic(), _BEAT)) * 1000)
        part = os.read(pipe, min(left, 1 << 16)) if ready else None
        if part == b"":
            break
        if part:
            parts.append(part)
            left -= len(part)
        if monotonic() > deadline:
            return None
    return b"".join(parts)


def _end(process: Popen[bytes]) -> None:
    """Kill the group if its first process was not yet waited for: until then its id cannot belong to others."""
    try:
        if process.returncode is None:
            _kill(process)
        if process.stdout is not None:
            process.stdout.close()
        if process.returncode is None:
            process.wait(_GRACE)
    except Exception:
        pass


def _kill(process: Popen[bytes]) -> None:
    if os.name != "posix":
        process.kill()
        return
    from signal import SIGKILL

    try:
        os.killpg(process.pid, SIGKILL)
    except OSError:  # macOS: EPERM if the group holds only what is already dead
        process.kill()


class Child:
    """A program that was started, and whose output is handed on as it comes. Unlike the rest it raises `OSError`.

    ``env``: changes to the inherited environment, as for :func:`run`. ``own_group``: it gets no signals from the
    terminal, and `close` ends all that it started; else it is as if the shell had started it.

    Example::

        >>> Child(["ls", "/"]).relay(print_bytes, print_bytes)
        0
    """

    def __init__(
        self,
        argv: Sequence[str],
        cwd: Optional[Path] = None,
        env: Optional[Mapping[str, Optional[str]]] = None,
        own_group: bool = False,
    ) -> None:
        import subprocess

        nothing = subprocess.DEVNULL if own_group else None
        self._own_group = own_group
        self._process = subprocess.Popen(
            [*_changing(env), *argv],
            cwd=cwd,
            stdin=nothing,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=own_group,
        )
        self.pid = self._process.pid

    def send_signal(self, number: int) -> None:
        """Hand on a signal; nothing happens if the program has ended."""
        self._process.send_signal(number)

    def relay(self, out: Sink, err: Sink, timeout: Optional[float] = None) -> Optional[int]:
        """Hand on what it writes until it ends; its exit code, negative if a signal ended it; None if time is over.

        ``out``, ``err``: take the bytes of one stream; one that returns False closes it, as nobody reads any more. What
        outlives the program and holds its streams is not waited for.
        """
        from time import monotonic

        deadline = None if timeout is None else monotonic() + timeout
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        pipes = {self._process.stdout.fileno(): out, self._process.stderr.fileno(): err}
        relay = _relay if os.name == "posix" else _relay_by_threads
        try:
            return self._process.wait() if relay(self._process, pipes, deadline) else None
        finally:
            self.close()

    def close(self) -> None:
        """End it, if it runs, and let go of its streams; one that hangs in the kernel is not waited for."""
        from contextlib import suppress
        from subprocess import TimeoutExpired

        try:
            with suppress(OSError, TimeoutExpired):
                if self._process.returncode is None:
                    _kill(self._process) if self._own_group else self._process.kill()
                    self._process.wait(_GRACE)
        finally:
            for pipe in (self._process.stdout, self._process.stderr):
                if pipe is not None:
                    pipe.close()


_BEAT = 0.2  # seconds that are waited at a time: then it is looked whether Ctrl-C came, or a program ended whose streams others hold
_PIPE = 1 << 20  # bytes that may still be in a pipe whose writer has ended


def _relay(process: Popen[bytes], pipes: dict[int, Sink], deadline: Optional[float]) -> bool:
    """Hand on until the program has ended and the pipes are empty; False if the deadline comes first."""
    from select import poll
    from time import monotonic

    poller, left = poll(), _PIPE * len(pipes)
    for pipe in pipes:
        poller.register(pipe)
    while left > 0:
        has_ended = process.poll() is not None
        ready = poller.poll(0 if has_ended else _BEAT * 1000) if pipes else []
        if has_ended and not ready:
            break
        for pipe, _ in ready:
            data = os.read(pipe, 1 << 16)
            left -= len(data) if has_ended else 0
            if not data or not pipes[pipe](data):
                poller.unregister(pipe)
                _close_pipe(process, pipe)
                del pipes[pipe]
        if not has_ended and not pipes:
            _wait_a_beat(process)
        if deadline is not None and monotonic() > deadline:
            return process.poll() is not None
    return True


def _wait_a_beat(process: Popen[bytes]) -> None:
    from subprocess import TimeoutExpired

    try:
        process.wait(_BEAT)
    except TimeoutExpired:
        pass


def _close_pipe(process: Popen[bytes], number: int) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None and not pipe.closed and pipe.fileno() == number:
            pipe.close()


def _relay_by_threads(process: Popen[bytes], pipes: dict[int, Sink], deadline: Optional[float]) -> bool:
    """The same on Windows, which has no poll() for pipes."""
    from threading import Thread
    from time import monotonic

    def pump(pipe: int, sink: Sink) -> None:
        while True:
            data = os.read(pipe, 1 << 16)
            if not data or not sink(data):
                return

    threads = [Thread(target=pump, args=each, daemon=True) for each in pipes.items()]
    for thread in threads:
        thread.start()
    while process.poll() is None:
        _wait_a_beat(process)
        if deadline is not None and monotonic() > deadline:
            return False
    for thread in threads:
        thread.join(_GRACE)
    return True


def identity() -> dict[str, Any]:
    """Return what tells this process from every other one.

    Returns:
        ``host`` (node name), ``boot_id`` (changes with each start of the machine), ``pid_ns`` (number of the
        namespace that the pid counts in: a container has its own), ``pid``, and ``start_time`` (clock ticks from
        the start of the machine to that of the process). A pid is evidence only among processes of the same
        boot_id and pid_ns. What the system does not tell (macOS, no /proc) is None.

    Example::

        >>> identity()
        {'host': 'node7', 'boot_id': '1f3a…', 'pid_ns': 4026531836, 'pid': 4711, 'start_time': 83142}
    """
    pid = os.getpid()
    return {
        "host": _host(),
        "boot_id": _boot_id(),
        "pid_ns": _pid_namespace(),
        "pid": pid,
        "start_time": start_time_of(pid),
    }


def start_time_of(pid: int) -> Optional[int]:
    """Return when a process started, in clock ticks since the machine did; None if it is not there or not told."""
    fields = _stat(pid)
    return None if fields is None else int(fields[19])


def started_at() -> Optional[int]:
    """Return when this process, or the one that it is a fork of, started: microseconds since 1970, if that is told."""
    global _started_at
    ticks = start_time_of(os.getpid()) if _started_at is None else None
    if ticks is not None and hasattr(os, "sysconf"):
        _started_at = clock.of_boot() + ticks * 1_000_000 // os.sysconf("SC_CLK_TCK")
    return _started_at


_started_at: Optional[int] = None


def is_alive(pid: int, start_time: Optional[int]) -> Optional[bool]:
    """Tell whether the process that had this pid and start time still runs.

    Args:
        pid: its number, in the pid namespace of this process.
        start_time: as :func:`start_time_of` gave it then; None if it was not known.

    Returns:
        False if there is no such process, or another one has its number, or it has ended and its parent did not
        notice yet; None if something with this number runs, but nobody can say whether it is the same.
    """
    exists = _exists(pid)
    if not exists:
        return exists
    fields = _stat(pid)
    if fields is None:  # ended just now, or /proc shows only one's own processes, or there is none
        return _exists(pid) and None
    if fields[0] in (b"Z", b"X", b"x"):
        return False
    if start_time is None:
        return None
    return int(fields[19]) == start_time


def parent_of(pid: int) -> Optional[int]:
    """Return the number of the process that started this one; None if the system does not tell."""
    fields = _stat(pid)
    if fields is not None:
        return int(fields[1])
    said = None if os.path.isdir("/proc/self") else run(["ps", "-o", "ppid=", "-p", str(pid)])
    return int(said) if said and said.strip().isdigit() else None


def command_line(pid: int) -> Optional[list[str]]:
    """Return the program and the arguments of a process; None if the system does not tell.

    Without /proc (macOS) an argument that holds a space comes in parts.
    """
    told = _read_whole(f"/proc/{pid:d}/cmdline")
    if told:
        return [os.fsdecode(part) for part in told.rstrip(b"\0").split(b"\0")]
    said = None if os.path.isdir("/proc/self") else run(["ps", "-ww", "-o", "args=", "-p", str(pid)])
    return said.split() if said else None


def working_directory(pid: int) -> Optional[str]:
    """Return the current directory of another process of this user; None if the system does not tell."""
    try:
        return os.readlink(f"/proc/{pid:d}/cwd")
    except OSError:
        return None


def variable_of(pid: int, name: str) -> Optional[str]:
    """Return an environment variable that another process of this user was started with; None if it is not told."""
    start = os.fsencode(name) + b"="
    for entry in _read_whole(f"/proc/{pid:d}/environ").split(b"\0"):
        if entry.startswith(start):
            return os.fsdecode(entry[len(start) :])
    return None


def _read_whole(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # gone, or another user's
        return b""


def _exists(pid: int) -> Optional[bool]:
    if os.name != "posix":  # on Windows, os.kill(pid, 0) ends the process
        return None
    if pid <= 0:  # names a group
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it exists, and is another user's
        return True
    return True


def _stat(pid: int) -> Optional[list[bytes]]:
    """Return the fields of /proc/<pid>/stat from the third on: those after the name, which may hold ``) (``."""
    text = _read_small(f"/proc/{pid:d}/stat")
    fields = text.rpartition(b")")[2].split()
    return fields if len(fields) > 19 and fields[19].isdigit() else None


def _host() -> Optional[str]:
    try:
        return os.uname().nodename
    except (AttributeError, OSError):  # no uname on Windows
        from socket import gethostname

        return gethostname()


def _boot_id() -> Optional[str]:
    return _read_small("/proc/sys/kernel/random/boot_id").decode("ascii", "replace").strip() or None


def _pid_namespace() -> Optional[int]:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return None


def _read_small(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (OSError, ValueError):
        return b""
    try:
        return os.read(descriptor, 4096)
    except OSError:  # ESRCH: the process ended between open and read
        return b""
    finally:
        os.close(descriptor)
