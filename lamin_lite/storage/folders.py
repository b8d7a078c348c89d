r"""Folders as one artifact: a manifest of their members, whose bytes are blobs like any other.

A manifest is text, one JSON list a line: a header, then in the order of their names ``["f", name, size, sha256,
suffix, executable]`` for files, ``["d", name]`` for empty folders, ``["l", name, target]`` for symbolic links that
stay inside. Names are relative with ``/``; bytes of a name that are not UTF-8 are kept as Python's surrogate
escapes (``\udcXX``). So equal folders have equal manifests, and the digest of the manifest is that of the folder.
"""

from __future__ import annotations

import os
import stat

from .. import errors
from ..base import fsio, names, paths
from ..base._typing import TYPE_CHECKING
from .blobs import Blob, blob_name
from .translate import translating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .protocol import BlobStorage

HEADER = ["lamin_lite folder", 1]
SUFFIX = ".manifest"
#: the time that each folder of a view bears, in seconds since 1970; adding, removing or replacing a name changes it
UNTOUCHED = 946_684_800


class FolderContent:
    """A folder that is durably stored: the blob of its manifest, and sums over its files."""

    __slots__ = ("blob", "n_files", "size")

    def __init__(self, blob: Blob, n_files: int, size: int) -> None:
        self.blob = blob
        self.n_files = n_files
        self.size = size


def members(root: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """Relative name, kind (``f``, ``d`` for empty folders, ``l``) and status of what a folder holds, by name."""
    with translating("save", root):
        yield from _members(root, "")


def _members(root: str, prefix: str) -> Iterator[tuple[str, str, os.stat_result]]:
    with os.scandir(os.path.join(root, prefix)) as scan:
        entries = sorted(scan, key=lambda entry: os.fsencode(entry.name))
    if prefix and not entries:
        yield prefix.rstrip("/"), "d", os.stat(os.path.join(root, prefix))
    for entry in entries:
        name, status = prefix + entry.name, entry.stat(follow_symlinks=False)
        if entry.name == names.MARKER_DIR and stat.S_ISDIR(status.st_mode):
            raise errors.InvalidArgument(
                f"{root} holds {name}, in which data of an instance or storage is kept: save the folders beside it one by one."
            )
        if stat.S_ISDIR(status.st_mode):
            yield from _members(root, name + "/")
        elif stat.S_ISLNK(status.st_mode):
            _check_link(root, name)
            yield name, "l", status
        elif stat.S_ISREG(status.st_mode):
            yield name, "f", status
        else:
            raise errors.InvalidArgument(
                f"{os.path.join(root, name)} is a socket, pipe or device: remove it, or save the files one by one."
            )


def _check_link(root: str, name: str) -> None:
    path = os.path.join(root, name)
    target = os.readlink(path)
    written = os.path.normpath(os.path.join(os.path.dirname(name), target))  # out and in again is out: the name changes
    leaves = os.path.isabs(target) or written.split(os.sep)[0] == ".."
    if leaves or not paths.is_inside(os.path.realpath(path), os.path.realpath(root)):
        raise errors.InvalidArgument(
            f"The link {path} leads out of {root}, to {target}: a saved folder must be complete. Replace the link by "
            "the file that it means."
        )


def ingest(storage: BlobStorage, root: str, suffix_of: Callable[[str], str]) -> FolderContent:
    """Store all files of a folder, then its manifest; durable when this returns."""
    listing = [(name, kind) for name, kind, _ in members(root)]
    stored: list[Blob] = []
    files = ((os.path.join(root, name), suffix_of(name)) for name, kind in listing if kind == "f")
    storage.ingest_many(files, stored.append)
    lines, blobs, size = [HEADER], iter(stored), 0
    for name, kind in listing:
        line, count = _line(root, name, kind, blobs)
        lines.append(line)
        size += count
    return FolderContent(storage.ingest_bytes(_text(lines), SUFFIX), len(stored), size)


def _line(root: str, name: str, kind: str, blobs: Iterator[Blob]) -> tuple[list[Any], int]:
    path = os.path.join(root, name)
    if kind == "l":
        return ["l", name, os.readlink(path)], 0
    if kind == "d":
        return ["d", name], 0
    blob = next(blobs)
    executable = bool(os.stat(path).st_mode & stat.S_IXUSR)
    return ["f", name, blob.size, blob.hash, blob.suffix, executable], blob.size


def _text(lines: list[list[Any]]) -> bytes:
    import json

    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode("ascii")


def digest(root: str, suffix_of: Callable[[str], str]) -> tuple[str, int, int]:
    """Digest, number of files and bytes of a folder that stays where it is."""
    from ..base import hashing

    lines, size, count = [HEADER], 0, 0
    for name, kind, status in members(root):
        if kind != "f":
            lines.append(["l", name, os.readlink(os.path.join(root, name))] if kind == "l" else ["d", name])
            continue
        with translating("read", os.path.join(root, name)):
            sha, length = hashing.of_file(os.path.join(root, name))
        lines.append(["f", name, length, sha, suffix_of(name), bool(status.st_mode & stat.S_IXUSR)])
        size, count = size + length, count + 1
    return hashing.of_bytes(_text(lines)), count, size


def entries(manifest: str) -> Iterator[list[Any]]:
    """The lines of a manifest, without its header."""
    import json

    with open(manifest, encoding="ascii") as file:
        if json.loads(file.readline() or "null") != HEADER:
            raise errors.IntegrityError(f"{manifest} is no manifest of a folder: restore it from a backup.")
        for line in file:
            yield json.loads(line)


def move_into(built: str, target: str) -> None:
    """Move what a folder that was built aside has otherwise than another one into that; each file is whole at any time."""
    for name, kind, _ in list(members(built)):
        source, path = os.path.join(built, name), os.path.join(target, name)
        if kind == "d":
            fsio.make_folder(path)
        elif not _is_same(source, path):
            fsio.make_folder(os.path.dirname(path))
            fsio.rename(source, path)


def _is_same(one: str, other: str) -> bool:
    """Whether a link leads to the same, or a file has the same bytes and is executable or not as the other."""
    from ..base import hashing

    if os.path.islink(one) or os.path.islink(other):
        return os.path.islink(one) and os.path.islink(other) and os.readlink(one) == os.readlink(other)
    if not os.path.isfile(other) or (os.stat(one).st_mode ^ os.stat(other).st_mode) & stat.S_IXUSR:
        return False
    return hashing.of_file(one) == hashing.of_file(other)


def build_view(storage: BlobStorage, manifest: str, target: str, *, old: str | None = None) -> None:
    """Lay out the folder at ``target``: hard links to the blobs, or copies where there can be none.

    It is built aside and renamed, so that whoever sees it sees all of it. ``old``: where what is there is moved first.
    """
    from ..base import uids

    aside = f"{target}.{uids.random_uid(8)}"
    with translating("read", target):
        try:
            for name in lay_out(storage, manifest, aside):
                os.utime(os.path.join(aside, name), (UNTOUCHED, UNTOUCHED))
            if old is not None:
                fsio.move_folder(target, old)
            fsio.put_folder(aside, target)
        except BaseException:
            fsio.remove_folder(aside)
            raise


def lay_out(storage: BlobStorage, manifest: str, target: str, *, writable: bool = False) -> set[str]:
    """Lay out the folder at ``target``, where nothing is: the names of the folders in it, and of itself.

    ``writable``: as copies that may be changed.
    """
    fsio.make_folder(target)
    within = {""}
    for entry in entries(manifest):
        _lay_out(storage, target, entry, writable=writable)
        within.update(_folders_of(entry))
    return within


def _folders_of(entry: list[Any]) -> Iterator[str]:
    """The folders that an entry is in, and is."""
    parts = entry[1].split("/")
    for count in range(1, len(parts) + (entry[0] == "d")):
        yield "/".join(parts[:count])


def difference(manifest: str, view: str) -> str | None:
    """What in a view is not as it was laid out, by names, kinds, sizes and times, reading no file; None if nothing is."""
    try:
        held = {name: (kind, status) for name, kind, status in _members(view, "")}
        within = {""}
        for entry in entries(manifest):
            found = held.pop(entry[1], None)
            if found is None or found[0] != entry[0]:
                return f"{entry[1]!r} is missing"
            if entry[0] == "f" and (found[1].st_size, bool(found[1].st_mode & stat.S_IXUSR)) != (entry[2], entry[5]):
                return f"{entry[1]!r} is another file"
            if entry[0] == "l" and os.readlink(os.path.join(view, entry[1])) != entry[2]:
                return f"{entry[1]!r} is another link"
            within.update(_folders_of(entry))
        if held:
            return f"{next(iter(held))!r} was added"
        touched = (name for name in within if int(os.stat(os.path.join(view, name)).st_mtime) != UNTOUCHED)
        name = next(touched, None)
        return None if name is None else f"something was replaced in {name or 'it'!r}"
    except (OSError, errors.InvalidArgument) as error:  # gone meanwhile, or what no folder may hold
        return str(error)


def _lay_out(storage: BlobStorage, folder: str, entry: list[Any], *, writable: bool) -> None:
    kind, name = entry[0], entry[1]
    path = os.path.join(folder, *name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "d":
        os.makedirs(path, exist_ok=True)
    elif kind == "l":
        os.symlink(entry[2], path)
    else:
        _, _, size, sha, suffix, executable = entry
        source = storage.local_path(blob_name(sha, suffix), size)
        if not os.path.exists(source) or os.path.getsize(source) != size:
            raise errors.IntegrityError(
                f"{source}, the content of {name}, is missing or cut: restore it from a backup."
            )
        fsio.place(source, path, executable=executable, writable=writable)
