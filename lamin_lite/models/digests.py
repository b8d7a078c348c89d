"""The digest of a file that stays where it is, read anew only if it changed."""

from __future__ import annotations

import os

from ..base import fsio, hashing
from ..base._typing import TYPE_CHECKING
from ..sql import statcache
from ..storage.translate import translating

if TYPE_CHECKING:
    from typing import Any


def state(status: os.stat_result) -> tuple[Any, ...]:
    """What differs if a file was written in between."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def of_file(path: str) -> tuple[str, os.stat_result]:
    """Digest of a file, and its state before and after it was read; `FileChanged` if they differ."""
    with translating("save", path):
        before = os.stat(path)
        digest = statcache.known(path, before)
        if digest is None:
            digest, _ = hashing.of_file(path)
            if state(os.stat(path)) != state(before):
                raise fsio.Changed(0, "changed while it was read", path)
            statcache.remember(path, before, digest)
    return digest, before
