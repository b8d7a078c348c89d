"""What is stored, as files to work with: sources in the development directory, data where somebody wants it.

A file that is there already stays if it has the same content, and is never replaced unasked. Nobody is ever asked.
"""

from __future__ import annotations

import os
from collections import Counter

from .. import errors
from ..base import fsio, paths
from ..base._typing import TYPE_CHECKING
from ..ext import known_suffix
from ..models import content, digests, keys
from ..storage import folders
from ..storage.translate import translating
from . import recorded, transforms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Optional, Union

    from ..instance import Instance
    from ..models import Artifact, Transform

    Row = Union[Artifact, Transform]


def write_source(transform: Transform, to: Optional[str] = None, *, force: bool = False) -> tuple[str, bool]:
    """Write the source of a transform into a file; its path, and whether it was written or was there already.

    ``to``: file or folder; by default its key, in the development directory if there is one, else in the current
    directory. What runs there is a run of the same transform, or of a new version of it. ``force``: replace a file
    with other content. Raises `Conflict` for such a file, `IntegrityError` where the true source is not known.
    """
    store: Instance = transform._store  # type: ignore[assignment]
    home = store.settings.dev_dir or os.getcwd()
    path = place_of(transform, to, home)
    there = _content(path)
    written = there is None or not recorded.is_source(transform, there)
    if written:
        if there is not None and not force:
            raise _other_content(path, transform)
        data = recorded.source_bytes(transform, near=_near(transform, home))
        _put(path, data)
    elif transform.source_code is None:
        recorded.source_bytes(transform)  # which says that there is none
    transforms.belongs(transform, path)
    return path, written


def write_copy(artifact: Artifact, to: str, *, force: bool = False) -> tuple[str, bool]:
    """Copy an artifact to a file or folder ``to``; its path, and whether it was copied or was there already.

    ``force``: replace a file with other content, also in a copy of a folder; what else such a folder holds is in the
    way. Raises `Conflict`.
    """
    path = os.path.abspath(to) if _is_copy(artifact, to) else place_of(artifact, to, "")
    is_new = _is_to_write(artifact, path, force)
    if is_new:
        _write(artifact, path, force)
    return path, is_new


def write_copies(artifacts: Sequence[Artifact], home: str, *, force: bool = False) -> list[tuple[str, bool]]:
    """The same of several, each under its key in the folder ``home``; nothing is written before all may be.

    Where several have the same key, the names of these tell their versions.
    """
    places = _places(artifacts, home)
    new = [_is_to_write(artifact, path, force) for artifact, path in zip(artifacts, places)]
    _check_ways({path: artifact for artifact, path, is_new in zip(artifacts, places, new) if is_new})
    for artifact, path, is_new in zip(artifacts, places, new):
        if is_new:
            _write(artifact, path, force)
    return list(zip(places, new))


def _places(artifacts: Sequence[Artifact], home: str) -> list[str]:
    places = [place_of(artifact, None, home) for artifact in artifacts]
    for told in (_version_of, _uid_of):
        counts = Counter(places)
        places = [
            path if counts[path] == 1 else _marked(path, artifact.suffix, told(artifact))
            for artifact, path in zip(artifacts, places)
        ]
    return places


def _check_ways(owners: dict[str, Artifact]) -> None:
    """Raise `Conflict` for a place that lies in another one."""
    for path, artifact in owners.items():
        above = next((each for each in _above(path) if each in owners), None)
        if above is not None:
            raise errors.Conflict(
                f"{above} cannot hold both {_named(owners[above])} and {_named(artifact)}: load them one by one, to "
                "places of their own by --to."
            )


def _above(path: str) -> Iterator[str]:
    """The folders that a path lies in, the nearest first; of a relative one the last is nothing."""
    while (above := os.path.dirname(path)) != path:
        yield above
        path = above


def _version_of(artifact: Artifact) -> str:
    return artifact.uid[artifact.stem_length :]


def _uid_of(artifact: Artifact) -> str:
    return artifact.uid


def _marked(path: str, suffix: str, mark: str) -> str:
    """The path with a mark before its suffix."""
    stem = path[: -len(suffix)] if suffix and path.endswith(suffix) else path
    return f"{stem}.{mark}{path[len(stem) :]}"


def _is_to_write(artifact: Artifact, path: str, force: bool) -> bool:
    """Whether nothing is there yet, or what may be replaced; not if it is the same. Raises `Conflict`."""
    if not os.path.lexists(path):
        above = next(filter(os.path.lexists, _above(path)), None)
        if above is not None and not os.path.isdir(above):
            raise errors.Conflict(f"{above} is no folder, as {_named(artifact)} needs: move it out of the way.")
        return True
    _check_place(path)
    if _digest(path) == artifact.hash and os.path.isdir(path) == (artifact.n_files is not None):
        return False
    if os.path.isdir(path) != (artifact.n_files is not None):
        raise errors.Conflict(f"{path} is there with other content than {_named(artifact)}: move it out of the way.")
    if not force:
        raise _other_content(path, artifact)
    if os.path.isdir(path):
        _check_holds_nothing_else(path, artifact)
    return True


def _check_holds_nothing_else(path: str, artifact: Artifact) -> None:
    """Raise `Conflict` for what a folder holds beside the members of an artifact: it may be the work of somebody."""
    own = content.members_of(artifact)
    parts = {(above, True) for name in own for above in _above(name)}
    parts.update((name, kind == "d") for name, kind in own.items())
    for name, kind, _ in folders.members(path):
        if (name, kind == "d") not in parts:
            raise errors.Conflict(
                f"{os.path.join(path, name)} is no part of {_named(artifact)}: move it out of the way, or name another "
                "place by --to."
            )


def _write(artifact: Artifact, path: str, force: bool) -> None:
    if force and os.path.isdir(path):  # else it was made after it was looked for: who did so may have work in it
        content.renew(artifact, path)
    else:
        content.copy_to(artifact, path)


def _is_copy(artifact: Artifact, to: str) -> bool:
    """Whether a folder is a copy of an artifact, which may have been changed: most that either holds, the other has too.

    Not one that holds a folder of the name of the artifact, in which its copy is then; and not one of which no file is as
    in any version of the artifact, as other folders have files of these names, too.
    """
    if artifact.n_files is None or not os.path.isdir(to):
        return False
    own = content.members_of(artifact)
    title = _file_name(artifact)
    if os.path.lexists(os.path.join(to, title)) and not any(name.split("/")[0] == title for name in own):
        return False
    shared = others = 0
    try:
        for name, _, _ in folders.members(to):
            shared, others = shared + (name in own), others + (name not in own)
            if others > len(own):  # it may be large
                return False
        every = len(own) + others
        return every == 0 or (shared > every / 2 and (not artifact.n_files or _has_bytes_of(artifact, to)))
    except errors.LaminLiteError:  # it holds what no artifact can, or what this user may not read
        return False


def _has_bytes_of(artifact: Artifact, folder: str) -> bool:
    if content.is_any_as_in(artifact, folder):
        return True
    for version in artifact.versions:
        try:
            if version.n_files and version.uid != artifact.uid and content.is_any_as_in(version, folder):
                return True
        except errors.LaminLiteError:  # its bytes are not there any more
            pass
    return False


def place_of(row: Row, to: Optional[str], home: str) -> str:
    """Absolute path for a row: ``to``, or its file name in a folder ``to``; without it its key below ``home``."""
    if to is not None:
        if not to:
            raise errors.InvalidArgument("--to is empty: name a file or a folder.")
        folder = os.path.isdir(to) or to.endswith(("/", os.sep))
        return os.path.abspath(os.path.join(to, _file_name(row)) if folder else to)
    key = keys.checked(_file_name(row) if row.key is None else row.key)
    path = os.path.join(os.path.abspath(home), *key.split("/"))
    if not paths.is_inside(os.path.realpath(os.path.dirname(path)), os.path.realpath(home)):
        raise errors.Conflict(f"{path} leads out of {home} by a link: name another place by --to.")
    return path


def _file_name(row: Row) -> str:
    return os.path.basename(row.key or "") or row.uid + getattr(row, "suffix", "")


def _near(transform: Transform, home: str) -> Iterator[str]:
    """Files that may have the true source: those of its key."""
    for folder in (home, os.getcwd(), transform._store.root):
        for name in (transform.key or "", _file_name(transform)):
            yield os.path.join(folder, name)


def _content(path: str) -> Optional[bytes]:
    """The bytes of a file; None if nothing is there."""
    if os.path.isdir(path):
        raise errors.Conflict(f"{path} is a folder: name a file by --to.")
    if not os.path.lexists(path):
        return None
    _check_place(path)
    with translating("read", path), open(path, "rb") as file:
        return file.read()


def _check_place(path: str) -> None:
    """Raise `Conflict` for what cannot be compared: a pipe may never end, and no device is put in the place of."""
    if os.path.isfile(path) or os.path.isdir(path):
        return
    what = "a pipe, socket or device" if os.path.exists(path) else "a link that leads to nothing"
    raise errors.Conflict(f"{path} is {what}: name another place by --to.")


def _put(path: str, data: bytes) -> None:
    with translating("write", path):
        fsio.make_folder(os.path.dirname(path))
        fsio.write_file(path, data, keep_mode=True)


def _digest(path: str) -> str:
    with translating("read", path):
        return folders.digest(path, known_suffix)[0] if os.path.isdir(path) else digests.of_file(path)[0]


def _named(row: Row) -> str:
    return f"{type(row).__name__.lower()} {row.key or row.uid!r} ({row.uid})"


def _other_content(path: str, row: Row) -> errors.Conflict:
    return errors.Conflict(
        f"{path} is there with other content than {_named(row)}: --force replaces it, --to names another place."
    )
