"""Any `Storage` as a place for blobs: hashed here, put under the name of the digest, fetched into the cache to be read."""

from __future__ import annotations

import os

from .. import errors
from ..base import fsio, hashing, names, uids
from ..base._typing import TYPE_CHECKING
from .blobs import Blob, blob_name
from .translate import translating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .protocol import Storage


class Adapter:
    """Gives a storage that can only put and get what a folder on this machine can do."""

    def __init__(self, storage: Storage, cache: str, within: str = "") -> None:
        """``within``: a folder above the cache that is never made anew: if it is gone, it was moved or unmounted."""
        self.root = storage.root
        self._storage = storage
        self._cache = cache
        self._within = within

    def _staging(self) -> str:
        """The folder for what is on its way in."""
        return fsio.stage_folder(os.path.join(self._cache, names.MARKER_DIR, names.STAGE_DIR), within=self._within)

    def size(self, name: str) -> int | None:
        """Bytes stored under a name, or None."""
        with translating("look for", f"{self.root}/{name}"):
            return self._storage.size(name)

    def delete(self, name: str) -> None:
        """Forget a name."""
        with translating("delete", f"{self.root}/{name}"):
            self._storage.delete(name)

    def names(self, prefix: str) -> Iterator[str]:
        """Names that start with a prefix."""
        with translating("list", self.root):
            yield from self._storage.names(prefix)

    def local_path(self, name: str, size: int | None = None) -> str:
        """A path on this machine: the storage's own, or that of a copy in the cache, fetched if it is not there whole."""
        own = self._storage.local_path(name)
        if own is not None:
            return own
        path = os.path.join(self._cache, *name.split("/"))
        if not os.path.exists(path) or size not in (None, os.path.getsize(path)):
            stored = self.size(name)
            if stored is not None:
                self._fetch(name, path, stored)
        return path

    def _fetch(self, name: str, path: str, size: int) -> None:
        aside = f"{path}.{uids.random_uid(8)}"
        with translating("fetch", f"{self.root}/{name}", self._cache):
            fsio.make_folder(os.path.dirname(path), within=self._within)
            try:
                self._storage.get(name, aside)
                self._check(name, aside, size)
                os.chmod(aside, 0o444)
                fsio.rename(aside, path)
            finally:
                fsio.remove(aside)

    def _check(self, name: str, path: str, size: int) -> None:
        digest = os.path.basename(name).partition(".")[0]
        found = hashing.of_file(path)
        if found[1] != size or (len(digest) == len(found[0]) and found[0] != digest):
            raise errors.IntegrityError(f"{self.root} gave other bytes for {name} than were put there: restore them.")

    def ingest(self, source: str, suffix: str) -> Blob:
        """Put a local file; stored when this returns.

        A copy is hashed and put, which nobody else writes: the file itself may get other bytes between the two.
        """
        with translating("save", source, self._cache):
            staged = fsio.stage(source, self._staging())
        return self._put(staged, source, suffix)

    def ingest_bytes(self, data: bytes, suffix: str) -> Blob:
        """Put bytes."""
        return self.ingest_chunks([data], suffix)

    def ingest_chunks(self, chunks: Iterable[bytes], suffix: str) -> Blob:
        """Put what an iterator gives."""
        with translating("save", "a text", self._cache):
            staged = fsio.stage_chunks(chunks, self._staging())
        return self._put(staged, "a text", suffix)

    def _put(self, staged: fsio.Staged, what: str, suffix: str) -> Blob:
        """Put a staged copy, unless it is stored; what is stored may be others' too, and stays whatever happens."""
        name = blob_name(staged.hash, suffix)
        try:
            with translating("save", what, self.root):
                if self._storage.size(name) != staged.size:
                    self._storage.put(staged.path, name)
        finally:
            staged.discard()
        return Blob(staged.hash, staged.size, suffix, name)

    def ingest_many(self, files: Iterator[tuple[str, str]], done: Callable[[Blob], None]) -> None:
        """Put many files; ``done`` is told of each in order."""
        for source, suffix in files:
            done(self.ingest(source, suffix))
