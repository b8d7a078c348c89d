"""Markers: the small JSON files that say which instance a folder has, or uses. Paths in them are relative where they can be."""

from __future__ import annotations

import os

from .. import errors
from . import names, paths
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Optional, Union

    Path = Union[str, os.PathLike[str]]

POINTER = "connect"  #: in a marker: path of the instance that is used here, in the place of one of its own


def file_of(folder: Path) -> str:
    """Where the marker of a folder lies."""
    return os.path.join(folder, names.MARKER_DIR, names.INSTANCE_FILE)


def relative(path: str, start: str, within: Optional[str] = None) -> str:
    """The path relative to a folder if it lies below it (or below ``within``), else absolute."""
    inside = paths.is_inside(os.path.abspath(path), os.path.abspath(within or start))
    return os.path.relpath(path, start).replace(os.sep, "/") if inside else os.path.abspath(path)


def read(file: str) -> Optional[dict[str, Any]]:
    """What a marker says; None if there is none. Raises `InstanceError` for one that is damaged."""
    import json

    try:
        with open(file, encoding="utf-8") as stream:
            values = json.load(stream)
        if isinstance(values, dict) and isinstance(values.get(POINTER, values.get("database")), str):
            return values
    except ValueError:
        pass
    except OSError as error:
        if isinstance(error, FileNotFoundError) or not os.path.isfile(file):
            return None
        raise
    raise errors.InstanceError(
        f"{file} is damaged: it must be JSON that names the database; remove it, and `init` with the same storage "
        "makes it anew."
    )


def write(file: str, values: dict[str, Any], *, new: bool = False) -> bool:
    """Put a marker in place, durably, whole or not at all; ``new``: only where there is none. Whether it was put there."""
    import json

    from . import fsio

    text = (json.dumps(values, indent=2) + "\n").encode()
    for tries in range(10):
        try:
            fsio.make_folder(os.path.dirname(file))
            if new:
                return fsio.write_new(file, text)
            fsio.write_file(file, text)
            break
        except FileNotFoundError:  # another process took a marker from here, and with it the folder that was empty then
            if tries == 9:
                raise
    return True


def remove(file: str) -> None:
    """Take a marker away, and its folder if nothing else is in it; fine if another process does so too."""
    from . import fsio

    fsio.remove(file)
    try:
        os.rmdir(os.path.dirname(file))
    except OSError:  # something else is in it, or it is gone
        pass


def pointer_in(folder: Path) -> Optional[str]:
    """Absolute path of the instance that the marker of a folder names; None if it is no such marker."""
    named = (read(file_of(folder)) or {}).get(POINTER)
    return None if named is None else os.path.normpath(os.path.join(os.path.abspath(folder), str(named)))


def upward(folder: str) -> Iterator[str]:
    """The folder and those above it, up to home or the border of the filesystem."""
    home, device = os.path.expanduser("~"), os.stat(folder).st_dev
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if folder in (home, parent) or os.stat(parent).st_dev != device:
            return
        folder = parent


def is_mine(folder: Path) -> bool:
    """Whether the marker of a folder is of the user who runs this process: one of others is not used unasked."""
    return not hasattr(os, "geteuid") or os.stat(os.path.join(folder, names.MARKER_DIR)).st_uid == os.geteuid()
