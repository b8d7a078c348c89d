"""The mark of a storage: a small file in its root with its uid, so that another folder is never taken for it."""

from __future__ import annotations

import os

from .. import errors
from ..base import canon, fsio, names
from ..base._typing import TYPE_CHECKING
from .local import check_root
from .translate import translating

if TYPE_CHECKING:
    from typing import Any, Optional


def mark(root: str, uid: str, instance: str) -> None:
    """Put the uid of a storage into its root; one that is there must be the same."""
    if not _put(root, uid, instance):
        check_marker(root, uid, True)


def claim(root: str, uid: str, instance: str) -> Optional[str]:
    """Mark a folder as a storage, unless it is marked: the uid that it has now; None where this user may only read it.

    Of several that mark it at once one does, and all get the same uid. Raises `StorageError` if nothing can be written
    for another reason, or if a mark is there that cannot be read.
    """
    found = marked_uid(root)
    if found is not None:
        return found
    try:
        with translating("mark", root):
            is_new = _put(root, uid, instance)
    except errors.Unreadable:
        return None
    return uid if is_new else marked_uid(root)


def _put(root: str, uid: str, instance: str) -> bool:
    """Write the mark, unless there is one; whether there was none."""
    file = _file(root)
    if os.path.lexists(file):
        return False
    fsio.make_folder(os.path.dirname(file))
    text = canon.dumps({"storage": uid, "instance": instance})
    return fsio.write_new(file, (text + "\n").encode())


def marked_uid(root: str) -> Optional[str]:
    """The uid that a folder was given as a storage, if it was; raises `StorageError` for a mark that cannot be read."""
    told = _told(root)
    return None if told is None else told["storage"]


def marked_instance(root: str) -> Optional[str]:
    """The uid of the instance that marked a folder as a storage, if one did; raises as `marked_uid` does."""
    told = _told(root)
    return None if told is None else told.get("instance")


def check_marker(root: str, uid: str, marked: bool) -> None:
    """Raise `UnknownStorage` unless the folder is there and is the storage with this uid."""
    check_root(root)
    if not marked:
        return
    found = marked_uid(root)
    if found != uid:
        raise errors.UnknownStorage(
            f"{root} is {f'the storage {found}' if found else 'not marked as a storage'}, but {uid} is expected there: "
            "mount the right one, or say where it is with storage.relocate(path)."
        )


class Mark:
    """The mark of a storage in use: what is moved, unmounted or put in its place meanwhile is seen at the next use."""

    __slots__ = ("_marked", "_root", "_seen", "_uid")

    def __init__(self, root: str, uid: str, marked: bool) -> None:
        self._root = root
        self._uid = uid
        self._marked = marked
        self._seen: Optional[tuple[int, ...]] = None

    def check(self) -> None:
        """Raise `UnknownStorage` unless the storage is there; one stat, where nothing changed since it was read."""
        now = _identity(_file(self._root) if self._marked else self._root)
        if now is None or now != self._seen:
            check_marker(self._root, self._uid, self._marked)
            self._seen = now


def _identity(path: str) -> Optional[tuple[int, ...]]:
    """What tells a file from another one; its time too, as numbers of files and disks are given again."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _file(root: str) -> str:
    return os.path.join(root, names.MARKER_DIR, names.STORAGE_FILE)


def _told(root: str) -> Optional[dict[str, Any]]:
    """What the mark says, with a text as ``storage`` at least; None if there is none."""
    file = _file(root)
    with translating("read", file):
        text = _content(file)
    if text is None:
        return None
    try:
        told = canon.loads(text.decode("utf-8"))
    except ValueError:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("storage"), str):
        raise errors.IntegrityError(
            f"{file}, the mark of a storage, is damaged: put it back from a backup, or remove it if nothing was saved to "
            f"{root} yet."
        )
    return told


def _content(file: str) -> Optional[bytes]:
    try:
        with open(file, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None
