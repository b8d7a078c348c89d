"""A storage that is a folder on this machine."""

from __future__ import annotations

import os

from .. import errors
from ..base import fsio, names
from ..base._typing import TYPE_CHECKING
from .blobs import Blob, blob_name
from .translate import translating

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class LocalStorage:
    """A folder. What is stored is never overwritten, and read-only.

    What is there when it is opened, the root and mostly the marker folder in it, is never made anew: if it is gone, it
    was moved or unmounted, and what were written in its place would be lost.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        marker = os.path.join(root, names.MARKER_DIR)
        self._within = marker if os.path.isdir(marker) else root
        self._stage = os.path.join(marker, names.STAGE_DIR)

    def _staging(self) -> str:
        """The folder for what is on its way in."""
        return fsio.stage_folder(self._stage, within=self._within)

    def local_path(self, name: str, size: int | None = None) -> str:  # noqa: ARG002 - there is nothing to fetch
        """The path of a name."""
        return self._path(name)

    def _path(self, name: str) -> str:
        return os.path.join(self.root, *name.split("/"))

    def put(self, source: str, name: str) -> None:
        """Store a copy of a local file under a name."""
        with translating("save", source, self.root):
            fsio.stage(source, self._staging()).commit(self._path(name), within=self._within)

    def get(self, name: str, target: str) -> None:
        """Copy what is stored to a local path."""
        with translating("read", self._path(name)):
            fsio.stage(self._path(name), os.path.dirname(target)).commit(target)

    def size(self, name: str) -> int | None:
        """Bytes stored under a name, or None."""
        path = self._path(name)
        with translating("look for", path):
            try:
                return os.stat(path).st_size
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> None:
        """Remove a name."""
        with translating("delete", self._path(name)):
            fsio.remove(self._path(name))

    def names(self, prefix: str) -> Iterator[str]:
        """Names that start with a prefix."""
        for folder, _, files in os.walk(os.path.join(self.root, os.path.dirname(prefix))):
            for file in files:
                name = os.path.relpath(os.path.join(folder, file), self.root).replace(os.sep, "/")
                if name.startswith(prefix):
                    yield name

    # -- the short way, for files that are on this machine anyway

    def ingest(self, source: str, suffix: str) -> Blob:
        """Copy a file in and hash it on the way; durable when this returns."""
        with translating("save", source, self.root):
            return self._committed(fsio.stage(source, self._staging()), suffix)

    def ingest_chunks(self, chunks: Iterable[bytes], suffix: str) -> Blob:
        """Store what an iterator gives; durable when this returns."""
        with translating("save", "a text", self.root):
            return self._committed(fsio.stage_chunks(chunks, self._staging()), suffix)

    def ingest_bytes(self, data: bytes, suffix: str) -> Blob:
        """Store bytes; durable when this returns."""
        with translating("save", f"{len(data):,} bytes", self.root):
            return self._committed(fsio.stage_bytes(data, self._staging()), suffix)

    def _committed(self, staged: fsio.Staged, suffix: str) -> Blob:
        name = blob_name(staged.hash, suffix)
        try:
            self._commit(staged, name)
        finally:
            staged.discard()
        return Blob(staged.hash, staged.size, suffix, name)

    def _commit(self, staged: fsio.Staged, name: str) -> None:
        """Let the bytes be stored under a name; what is there with another size is damaged, and gives way."""
        target, stored = self._path(name), self.size(name)
        if stored == staged.size:
            fsio.sync_folder_of(target)  # whoever renamed it may not have come to this yet
            return
        twin = self._twin(staged, target) if stored is None else None
        if twin is None or not fsio.link(twin, target):
            staged.commit(target, within=self._within)

    @staticmethod
    def _twin(staged: fsio.Staged, target: str) -> str | None:
        """The path of the same bytes under another suffix, if they are stored."""
        folder = os.path.dirname(target)
        try:
            names_ = os.listdir(folder)
        except FileNotFoundError:
            return None
        twins = (os.path.join(folder, name) for name in names_ if name.startswith(staged.hash))
        return next((twin for twin in twins if twin != target and os.path.getsize(twin) == staged.size), None)

    def ingest_many(self, files: Iterator[tuple[str, str]], done: Callable[[Blob], None]) -> None:
        """Store many files, the fsyncs in a pool, each folder once; ``done`` is told of each in order."""
        folders: set[str] = set()
        batch: list[tuple[fsio.Staged, str]] = []
        try:
            for source, suffix in files:
                with translating("save", source, self.root):
                    batch.append((fsio.stage(source, self._staging()), suffix))
                if len(batch) == 128:
                    self._commit_batch(batch, folders, done)
            self._commit_batch(batch, folders, done)
        finally:
            for staged, _ in batch:
                staged.discard()
        for folder in folders:
            fsio.sync_folder_of(os.path.join(folder, "x"))

    def _commit_batch(
        self, batch: list[tuple[fsio.Staged, str]], folders: set[str], done: Callable[[Blob], None]
    ) -> None:
        with translating("save", "files", self.root):
            new = [pair for pair in batch if self.size(blob_name(pair[0].hash, pair[1])) != pair[0].size]
            fsio.sync_all(staged for staged, _ in new)
            for staged, suffix in batch:
                name = blob_name(staged.hash, suffix)
                target = self._path(name)
                if self.size(name) == staged.size:
                    staged.discard()
                else:
                    staged.commit(target, sync_folder=False, within=self._within)
                folders.add(os.path.dirname(target))
                done(Blob(staged.hash, staged.size, suffix, name))
        batch.clear()


def check_root(root: str) -> None:
    """Raise `UnknownStorage` unless the root is a folder that answers."""
    if not os.path.isdir(root):
        raise errors.UnknownStorage(f"The storage {root} is not there: mount or restore it, or correct its root.")
