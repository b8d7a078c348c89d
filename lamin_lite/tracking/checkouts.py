"""Which family a file is of that was loaded, or saved under a key of its own.

Such a file is no other script of the same name, wherever it lies and however it is changed there: it goes on as the
family it was taken from, under the key of that. Known is it by its path, in small files beside the database, one each,
so that many processes may load at once.
"""

from __future__ import annotations

import os

from .. import errors
from ..base import fsio, hashing, paths
from ..base._typing import TYPE_CHECKING
from ..storage.translate import translating

if TYPE_CHECKING:
    from typing import Optional

    from ..instance import Instance


def origin_of(store: Instance, path: str) -> str:
    """The path of a file as the database keeps it, exactly: relative where it lies in the folder of the instance."""
    inside = paths.below(path, store.root)
    return paths.as_exact_text(os.path.realpath(path) if inside is None else f"./{inside}")


def is_there(store: Instance, origin: str) -> bool:
    """Whether there is a file at a path that the database keeps."""
    return os.path.exists(os.path.join(os.fsencode(store.root), paths.of_exact_text(origin)))


def stem_at(store: Instance, origin: str) -> Optional[str]:
    """Stem of the family that the file there is of, if that was ever told."""
    try:
        with open(_file(store, origin), encoding="ascii") as file:
            return file.read().strip() or None
    except (OSError, UnicodeError):
        return None


def tell(store: Instance, origin: str, stem: Optional[str]) -> bool:
    """Let the file there be of this family from now on; of None, let its path say so. Whether that is new.

    Raises `StorageError` where that cannot be written, as on a full disk.
    """
    if stem_at(store, origin) == stem:
        return False
    try:
        with translating("note the family of", origin, store.checkout_dir):
            if stem is None:
                fsio.remove(_file(store, origin))
            else:
                fsio.make_folder(store.checkout_dir, within=os.path.dirname(store.checkout_dir))
                fsio.write_file(_file(store, origin), f"{stem}\n".encode("ascii"))
    except errors.Unreadable:
        return False  # an instance that may only be read: nothing runs in it either
    return True


def _file(store: Instance, origin: str) -> str:
    return os.path.join(store.checkout_dir, hashing.of_bytes(origin.encode("utf-8", "surrogateescape"))[:32])
