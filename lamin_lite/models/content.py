"""From an artifact to its bytes."""

from __future__ import annotations

import errno
import os

from .. import errors
from ..base import display, fsio, hashing, names, uids
from ..base._typing import TYPE_CHECKING
from ..ext import known_suffix
from ..storage import folders
from ..storage.translate import translating
from . import digests

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.protocol import BlobStorage
    from .artifact import Artifact


def path_of(artifact: Artifact) -> str:
    """A path on this machine with the bytes of the artifact; raises `IntegrityError` if they are not there whole."""
    path, managed = _stored(artifact)
    return _view(artifact, path) if managed and artifact.n_files is not None else path


def _stored(artifact: Artifact) -> tuple[str, bool]:
    """Where the bytes are, of a managed folder its manifest; and whether it is the storage that manages them."""
    name, managed, size, mtime_ns = _replica(artifact)
    storage = artifact._store.storage(artifact._values["storage_id"])
    path = storage.local_path(name, size if managed else None)
    if not managed:
        _check_in_place(artifact, path, size, mtime_ns)
        return path, False
    if not os.path.exists(path):
        raise errors.IntegrityError(f"{path}, the content of {_named(artifact)}, is missing: restore it from a backup.")
    if os.path.getsize(path) != size:
        raise errors.IntegrityError(
            f"{path}, the content of {_named(artifact)}, has {os.path.getsize(path):,} bytes instead of {size:,}: "
            "restore it from a backup."
        )
    return path, True


def _named(artifact: Artifact) -> str:
    return f"artifact {artifact.key or artifact.description!r} ({artifact.uid})"


def _replica(artifact: Artifact) -> tuple[str, bool, int, int]:
    artifact._saved_id()
    rows = artifact._store.database.read(
        "SELECT name, managed, size, mtime_ns FROM replica WHERE hash = ? AND storage_id = ? ORDER BY managed DESC",
        [artifact.hash, artifact._values["storage_id"]],
    )
    if not rows:
        raise errors.IntegrityError(
            f"No content of {_named(artifact)} is registered: restore the database from a backup."
        )
    suffix = folders.SUFFIX if artifact.n_files is not None else artifact.suffix
    in_place = [row for row in rows if not row[1] and row[0] == artifact.key]
    same = [row for row in rows if row[1] and row[0].endswith(f"{artifact.hash}{suffix}")]
    name, managed, size, mtime_ns = (same or in_place or rows)[0]
    return str(name), bool(managed), int(size), int(mtime_ns or 0)


def _check_in_place(artifact: Artifact, path: str, size: int, mtime_ns: int) -> None:
    """A file that stays where it is may have been changed by anybody."""
    with translating("read", path):
        status = os.stat(path)
        if artifact.n_files is None and (status.st_size, status.st_mtime_ns) == (size, mtime_ns):
            return
        is_same = holds(path, artifact)
    if not is_same:
        raise errors.IntegrityError(
            f"{path} was modified since it was saved as {_named(artifact)}: save it again for a new version, or put "
            "the earlier content back."
        )


def holds(path: str, artifact: Artifact) -> bool:
    """Whether a file, or folder, has the content of an artifact; raises `OSError` if it cannot be read."""
    if os.path.isdir(path) != (artifact.n_files is not None):
        return False
    digest = digests.of_file(path)[0] if artifact.n_files is None else folders.digest(path, known_suffix)[0]
    return digest == artifact.hash


def _view(artifact: Artifact, manifest: str) -> str:
    """The folder in the cache, which anybody may have changed since it was laid out."""
    storage = artifact._store.storage(artifact._values["storage_id"])
    view = os.path.join(artifact._store.cache_dir, "folders", str(artifact.hash))
    if not os.path.isdir(view):
        _make_cache(os.path.dirname(view))
        folders.build_view(storage, manifest, view)
        return view
    if folders.difference(manifest, view) is not None:
        with fsio.alone(os.path.dirname(view)):  # else several would take away what one of them laid out anew
            _mend(storage, manifest, view)
    return view


def _mend(storage: BlobStorage, manifest: str, view: str) -> None:
    """Lay a view out anew, unless another process did; what was there is kept."""
    changed = folders.difference(manifest, view)
    if changed is None:
        return
    old = f"{view}.changed.{uids.random_uid(8)}"
    folders.build_view(storage, manifest, view, old=old)
    display.warning(
        f"{view} was changed ({changed}): it is laid out anew, and what was there is kept as {old}. For a copy that may "
        "be changed, use cache(writable=True)."
    )


def writable_copy(artifact: Artifact) -> str:
    """A copy that nobody else uses, in the cache, under the artifact's file name."""
    title = os.path.basename(artifact.key or "") or artifact.uid + artifact.suffix
    target = os.path.join(artifact._store.cache_dir, "copies", uids.random_uid(12), title)
    _make_cache(os.path.dirname(target))
    copy_to(artifact, target)
    return target


def _make_cache(folder: str) -> None:
    """Make a folder of the cache, which lies beside the database, where a reader may not write, unless another is named."""
    try:
        fsio.make_folder(folder)
        if os.access(folder, os.W_OK):
            return
    except PermissionError:
        pass
    except OSError as error:
        if error.errno != errno.EROFS:
            raise translating("write", folder).translated(error) from error
    raise errors.Unreadable(
        f"This user may not write {folder}, where folders and copies are laid out: set {names.ENV_PREFIX}CACHE_DIR to a folder "
        "of your own."
    )


def copy_to(artifact: Artifact, path: str) -> None:
    """A copy that may be changed, whole or not at all, also in the place of a file; it leaves no view in the cache."""
    _copy(artifact, os.path.dirname(path), path, fsio.rename)


def renew(artifact: Artifact, folder: str) -> None:
    """Make a folder, which may hold nothing else, what an artifact is: what differs is replaced, file by file."""
    _copy(artifact, folder, folder, folders.move_into)


def members_of(artifact: Artifact) -> dict[str, str]:
    """The members of a folder by their names: ``f``, ``d`` for empty folders, ``l``."""
    source, managed = _stored(artifact)
    if managed:
        return {name: kind for kind, name, *_ in folders.entries(source)}
    return {name: kind for name, kind, _ in folders.members(source)}


def is_any_as_in(artifact: Artifact, folder: str) -> bool:
    """Whether any file that a folder holds is, by name and bytes, one of an artifact; an empty one only if all are."""
    source, managed = _stored(artifact)
    if managed:
        own = [(line[1], line[2], line[3]) for line in folders.entries(source) if line[0] == "f"]
    else:
        own = [(name, status.st_size, None) for name, kind, status in folders.members(source) if kind == "f"]
    for name, size, digest in own:
        path = os.path.join(folder, name)
        if (size or not artifact.size) and os.path.isfile(path) and os.path.getsize(path) == size:
            with translating("read", path):
                same = hashing.of_file(path)[0] == (digest or hashing.of_file(os.path.join(source, name))[0])
            if same:
                return True
    return False


def _copy(artifact: Artifact, folder: str, path: str, put: Callable[[str, str], None]) -> None:
    """Copy to a name that nobody knows in the folder, which ``put`` then puts where it belongs."""
    source, managed = _stored(artifact)
    aside = os.path.join(folder, f".{uids.random_uid(12)}")  # the name itself may have no room for more characters
    with translating("copy", source, path):
        fsio.make_folder(folder)
        try:
            if artifact.n_files is None:
                fsio.place(source, aside, writable=True)
            elif managed:
                folders.lay_out(artifact._store.storage(artifact._values["storage_id"]), source, aside, writable=True)
            else:
                fsio.copy_folder(source, aside)
            put(aside, path)
        except BaseException as error:
            if isinstance(error, OSError) and str(error.filename).startswith(aside):
                error.filename = path  # nobody knows the other one
            raise
        finally:
            _discard(aside)


def _discard(path: str) -> None:
    """Remove what is half written, or left over; that there is none, or that it stays, hides no other error."""
    try:
        if os.path.isdir(path):
            fsio.remove_folder(path)
        else:
            fsio.remove(path)
    except OSError:
        pass
