"""What a storage must be able to do."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .blobs import Blob


class Storage(Protocol):
    """A place that keeps bytes under names such as ``.lamin_lite/blobs/ab/ab12….csv``.

    ``root`` is its absolute path or URL. Names are relative, with ``/``. `put` is atomic: a name is there with all
    its bytes or not at all, and stays when it has returned. What was put under a name is never put again with other
    bytes. Errors are those of `lamin_lite.errors`, or OSError.
    """

    root: str

    def put(self, source: str, name: str) -> None:
        """Store the local file ``source`` under ``name``, durably."""

    def get(self, name: str, target: str) -> None:
        """Copy what is stored under ``name`` to the local path ``target``, which does not exist."""

    def size(self, name: str) -> int | None:
        """Bytes stored under ``name``; None if there are none."""

    def delete(self, name: str) -> None:
        """Forget ``name``; fine if it is not there."""

    def names(self, prefix: str) -> Iterator[str]:
        """The names that start with ``prefix``, in any order."""

    def local_path(self, name: str) -> str | None:
        """A path under which this machine can read ``name`` directly, or None."""


class BlobStorage(Protocol):
    """What artifacts need of a storage: given by the local one itself, by `Adapter` for all others."""

    root: str

    def size(self, name: str) -> int | None:
        """Bytes stored under ``name``; None if there are none."""

    def delete(self, name: str) -> None:
        """Forget ``name``; fine if it is not there."""

    def names(self, prefix: str) -> Iterator[str]:
        """The names that start with ``prefix``, in any order."""

    def local_path(self, name: str, size: int | None = None) -> str:
        """A path on this machine where ``name`` can be read, if it is stored.

        ``size``: the bytes that it must have; a copy in the cache that has others is fetched anew.
        """

    def ingest(self, source: str, suffix: str) -> Blob:
        """Keep a local file; durable when this returns."""

    def ingest_bytes(self, data: bytes, suffix: str) -> Blob:
        """Keep bytes; durable when this returns."""

    def ingest_chunks(self, chunks: Iterable[bytes], suffix: str) -> Blob:
        """Keep what an iterator gives; durable when this returns."""

    def ingest_many(self, files: Iterator[tuple[str, str]], done: Callable[[Blob], None]) -> None:
        """Keep many files (path and suffix); ``done`` is told of each in order; durable when this returns."""
