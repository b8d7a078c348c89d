"""Durable changes to files: stage, fsync, rename, lock.

A file enters a storage in this order: written under a temporary name in the same filesystem, fsync of the file,
rename, fsync of the directory. Whoever sees the final name sees all the bytes, also after a power loss.
"""

from __future__ import annotations

import errno
import os

from . import clock, hashing, uids
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALL = 4 << 20  #: files up to this many bytes are read as a whole
CHUNK = 8 << 20
_READ_ONLY = 0o444  #: less the umask: what is stored is never changed
_BINARY = getattr(os, "O_BINARY", 0)


class Changed(OSError):
    """The source changed while it was copied."""


class Staged:
    """A complete copy under a temporary name, not yet durable. `commit` makes it a file of the storage."""

    __slots__ = ("fd", "hash", "path", "size", "synced")

    def __init__(self, fd: int, path: str, digest: str, size: int, synced: bool) -> None:
        self.fd = fd
        self.path = path
        self.hash = digest
        self.size = size
        self.synced = synced

    def sync(self) -> None:
        """Force its bytes to the disk."""
        if not self.synced:
            sync_file(self.fd)
            self.synced = True

    def commit(self, target: str, *, sync_folder: bool = True, within: str = "") -> None:
        """Give it its name, durably; whoever put the same name there before put the same bytes there.

        ``within``: as for `make_folder`.
        """
        try:
            self.sync()
            self._close()
            make_folder(os.path.dirname(target), within=within)
            os.rename(self.path, target)
        except BaseException:
            self.discard()
            raise
        if sync_folder:
            sync_folder_of(target)

    def discard(self) -> None:
        """Remove it."""
        self._close()
        remove(self.path)

    def _close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def stage(source: str, folder: str) -> Staged:
    """Copy a regular file into ``folder`` under a temporary name, hashing what was written."""
    read = os.open(source, os.O_RDONLY | _BINARY)
    try:
        before = os.fstat(read)
        staged = (
            _stage_small(read, folder) if 0 < before.st_size <= SMALL else _stage_large(read, folder, before.st_size)
        )
        after = os.fstat(read)
        if _version(before) != _version(after):
            staged.discard()
            raise Changed(errno.EBUSY, "changed while it was read", source)
        return staged
    finally:
        os.close(read)


def _version(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino


def stage_bytes(data: bytes, folder: str) -> Staged:
    """Write bytes into ``folder`` under a temporary name."""
    fd, path = _new_file(folder)
    try:
        write_all(fd, data)
        return Staged(fd, path, hashing.of_bytes(data), len(data), False)
    except BaseException:
        os.close(fd)
        remove(path)
        raise


def _stage_small(read: int, folder: str) -> Staged:
    parts: list[bytes] = []
    while True:
        part = os.read(read, SMALL + 1)
        if not part:
            return stage_bytes(b"".join(parts), folder)
        parts.append(part)


def _stage_large(read: int, folder: str, size: int) -> Staged:
    fd, path = _new_file(folder)
    try:
        follower = hashing.Follower(fd)
        try:
            written = _copy(read, fd, follower, size)
            sync_file(fd)  # while the rest is still being hashed
        except BaseException:
            follower.stop()
            raise
        return Staged(fd, path, follower.finish(), written, True)
    except BaseException:
        os.close(fd)
        remove(path)
        raise


def _copy(read: int, fd: int, follower: hashing.Follower, size: int) -> int:
    written, in_kernel = 0, size > 0 and hasattr(os, "copy_file_range")
    while True:
        try:
            count = os.copy_file_range(read, fd, CHUNK) if in_kernel else _copy_chunk(read, fd)
        except OSError as error:
            if not in_kernel or error.errno not in _NO_KERNEL_COPY:
                raise
            in_kernel = False  # other filesystem, old kernel: the ordinary way, from where both stand
            continue
        if not count:
            return written
        written += count
        follower.advance(written)


_NO_KERNEL_COPY = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF, errno.ETXTBSY}


def _copy_chunk(read: int, fd: int) -> int:
    data = os.read(read, CHUNK)
    write_all(fd, data)
    return len(data)


def _new_file(folder: str) -> tuple[int, str]:
    """A new file that only this descriptor can write: its mode is read-only from the start."""
    path = os.path.join(folder, uids.random_uid(16))
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | _BINARY
    try:
        return os.open(path, flags, _READ_ONLY), path
    except FileNotFoundError:
        make_folder(folder)
        return os.open(path, flags, _READ_ONLY), path


def write_all(fd: int, data: bytes) -> None:
    """Write all of the bytes, however many calls it takes; a pipe that is full, and does not block, is waited for."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            _wait_for_room(fd)


def _wait_for_room(fd: int) -> None:
    from select import POLLOUT, poll

    poller = poll()
    poller.register(fd, POLLOUT)
    poller.poll()


def write_file(path: str, data: bytes, *, keep_mode: bool = False) -> None:
    """Put a small file in place, durably, whole or not at all; ``keep_mode``: who may read the one that is there stays."""
    temporary = _written_aside(path, data, keep_mode)
    try:
        os.replace(temporary, path)
    except BaseException:
        remove(temporary)
        raise
    sync_folder_of(path)


def write_new(path: str, data: bytes) -> bool:
    """Put a small file where there is none, durably, whole or not at all; whether there was none."""
    temporary = _written_aside(path, data)
    try:
        os.link(temporary, path)  # which never replaces what somebody else puts there at the same moment
    except FileExistsError:
        return False
    except OSError:
        if os.path.lexists(path):
            return False
        os.replace(temporary, path)  # there are no hard links here, so that nothing better can be promised
    finally:
        remove(temporary)
    sync_folder_of(path)
    return True


def _written_aside(path: str, data: bytes, keep_mode: bool = False) -> str:
    """The path of a new durable file beside this one, which is to get its name."""
    temporary = f"{path}.{uids.random_uid(8)}"
    try:
        fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY, 0o666)
    except OSError as error:
        error.filename = os.path.dirname(path)  # which says more than the name of a file that nobody knows
        raise
    try:
        try:
            if keep_mode and os.path.exists(path):
                os.chmod(temporary, os.stat(path).st_mode & 0o777)  # before anything is in it
            write_all(fd, data)
            sync_file(fd)
        finally:
            os.close(fd)
    except BaseException:
        remove(temporary)
        raise
    return temporary


def sync_file(fd: int) -> None:
    """Force an open file to the disk; on macOS also through the disk's own cache."""
    import fcntl

    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def sync_folder_of(path: str) -> None:
    """Make the name of a file durable."""
    fd = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_all(staged: Iterable[Staged]) -> None:
    """Force many staged files to the disk, several at a time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(Staged.sync, staged))


def make_folder(path: str, *, within: str = "") -> None:
    """Make a folder with its parents, each durably; fine if it is there.

    ``within``: one of these that is never made, as what lies in it was moved or unmounted with it: FileNotFoundError.
    """
    if not path or os.path.isdir(path):
        return
    if path == within:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    make_folder(os.path.dirname(path), within=within)
    try:
        os.mkdir(path)
    except FileExistsError:
        return
    sync_folder_of(path)


def link(source: str, target: str) -> bool:
    """Give a stored file a second name, durably; False where it cannot have one. Who was faster put the same there."""
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:
        return False
    sync_folder_of(target)
    return True


_LEFT_BEHIND = 24 * 3600 * 1_000_000  # microseconds after which nobody writes a staged file any more
_cleared: set[str] = set()


def stage_folder(path: str, *, within: str) -> str:
    """A folder for what is on its way in, made where it is missing; ``within``: as for `make_folder`.

    At its first use in a process, what killed ones left there more than a day ago is removed.
    """
    make_folder(path, within=within)
    if path not in _cleared:
        _cleared.add(path)
        _clear(path)
    return path


def _clear(folder: str) -> None:
    until = clock.now() - _LEFT_BEHIND
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                _remove_older(entry, until)
    except OSError:  # it may be another user's: nothing depends on it
        pass


def _remove_older(entry: os.DirEntry[str], until: int) -> None:
    try:
        if entry.stat(follow_symlinks=False).st_mtime_ns // 1000 < until:
            os.unlink(entry.path)
    except OSError:
        pass


def put_folder(built: str, target: str) -> None:
    """Give a folder that was built aside its name; an equal one that is there already stays."""
    make_folder(os.path.dirname(target))
    try:
        os.rename(built, target)
    except OSError:
        if not os.path.isdir(target):
            raise
        remove_folder(built)


def move_folder(path: str, target: str) -> None:
    """Give a folder another name; fine if somebody else did meanwhile."""
    try:
        os.rename(path, target)
    except FileNotFoundError:
        pass


def remove_folder(path: str) -> None:
    """Remove a folder with all that it holds, as far as this user may; fine if it is not there."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def remove(path: str) -> None:
    """Remove a file; fine if it is not there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def open_locked(path: str) -> int | None:
    """Make a file and lock it for as long as this process lives; its descriptor, or None where locks do not work.

    The kernel drops the lock with the process, however it ends. A fork inherits it until it closes the descriptor.
    Its folder is made where that is missing, but not what that lies in.
    """
    import fcntl

    folder = os.path.dirname(path)
    try:
        make_folder(folder, within=os.path.dirname(folder))
        fd = os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o666)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


class alone:
    """``with alone(folder): ...`` is done by one after the other, of several processes or threads.

    Where locks do not work, or there is no such folder, nobody waits.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._fd = -1

    def __enter__(self) -> None:
        """Wait until it is free."""
        import fcntl

        try:
            self._fd = os.open(self._folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        except OSError:
            pass
        except BaseException:  # Ctrl-C while it waited
            self._close()
            raise

    def __exit__(self, *args: object) -> None:
        self._close()

    def _close(self) -> None:
        import fcntl

        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        try:
            fcntl.flock(fd, fcntl.LOCK_UN)  # a fork of another thread has the descriptor too, and would hold it on
        except OSError:
            pass
        finally:
            os.close(fd)


def is_locked(path: str) -> bool | None:
    """Whether a living process holds the lock; None if there is no such file or locks do not work here."""
    import fcntl

    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: who looks at the same time is no living process
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(fd)
    return False


def place(source: str, target: str, *, executable: bool = False, writable: bool = False) -> None:
    """Show stored bytes under another path: a hard link where that may be read only, else a copy."""
    import shutil

    if not writable and not executable:
        try:
            os.link(source, target)
            return
        except OSError:
            pass  # another filesystem, or one without links: a copy
    shutil.copyfile(source, target)
    os.chmod(target, (0o644 if writable else _READ_ONLY) | (0o111 if executable else 0))


def copy_folder(source: str, target: str) -> None:
    """A copy of a folder that may be changed; links and exec bits are kept."""
    for folder, names, files in os.walk(source):
        here = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(here, exist_ok=True)
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        for name in [*links, *files]:
            path, copy = os.path.join(folder, name), os.path.join(here, name)
            if os.path.islink(path):
                os.symlink(os.readlink(path), copy)
            else:
                place(path, copy, executable=os.access(path, os.X_OK), writable=True)


def stage_chunks(chunks: Iterable[bytes], folder: str) -> Staged:
    """Write the chunks into ``folder`` under a temporary name, hashing them."""
    fd, path = _new_file(folder)
    digest, size = hashing.new(), 0
    try:
        for chunk in chunks:
            write_all(fd, chunk)
            digest.update(chunk)
            size += len(chunk)
    except BaseException:
        os.close(fd)
        remove(path)
        raise
    return Staged(fd, path, str(digest.hexdigest()), size, False)


def rename(source: str, target: str) -> None:
    """Give a finished file its name, in the place of an equal one; for what can be made again, so without fsync."""
    os.replace(source, target)
