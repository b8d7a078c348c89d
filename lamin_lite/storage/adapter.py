"""Any `Storage` as a place for blobs: hashed here, put under the name of the digest, fetched into the cache to be read."""

from __future__ import annotations

import os

from .. import errors
from ..base import fsio, hashing, uids
from ..base._typing import TYPE_CHECKING
from .blobs import Blob, blob_name
from .translate import translating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .protocol import Storage


class Adapter:
    """Gives a storage that can only put and get what a folder on this machine can do."""

    def __init__(self, storage: Storage, cache: str) -> None:
        self.root = storage.root
        self._storage = storage
        self._cache = cache

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
            fsio.make_folder(os.path.dirname(path))
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
        """Put a local file; stored when this returns."""
        with translating("save", source, self.root):
            before = os.stat(source)
            digest, size = hashing.of_file(source)
            name = blob_name(digest, suffix)
            if self._storage.size(name) != size:
                self._storage.put(source, name)
            after = os.stat(source)
            if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
                self._storage.delete(name)
                raise fsio.Changed(0, "changed while it was read", source)
        return Blob(digest, size, suffix, name)

    def ingest_bytes(self, data: bytes, suffix: str) -> Blob:
        """Put bytes."""
        return self.ingest_chunks([data], suffix)

    def ingest_chunks(self, chunks: Iterable[bytes], suffix: str) -> Blob:
        """Put what an iterator gives."""
        with translating("save", "a text", self._cache):
            staged = fsio.stage_chunks(chunks, self._cache)
        try:
            return self.ingest(staged.path, suffix)
        finally:
            staged.discard()

    def ingest_many(self, files: Iterator[tuple[str, str]], done: Callable[[Blob], None]) -> None:
        """Put many files; ``done`` is told of each in order."""
        for source, suffix in files:
            done(self.ingest(source, suffix))
