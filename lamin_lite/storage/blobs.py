"""Names of stored bytes, and the proof that they are stored."""

from __future__ import annotations

from ..base import names


class Blob:
    """Bytes that are durably stored. Only such may enter a row: a storage makes it after the last fsync.

    ``hash`` is the SHA-256 in hexadecimal digits, ``size`` in bytes, ``name`` relative to the storage's root.
    """

    __slots__ = ("hash", "name", "size", "suffix")

    def __init__(self, digest: str, size: int, suffix: str, name: str) -> None:
        self.hash = digest
        self.size = size
        self.suffix = suffix
        self.name = name


def blob_name(digest: str, suffix: str) -> str:
    """Where bytes of this digest lie in a storage.

    >>> blob_name("ab12", ".csv")
    '.lamin_lite/blobs/ab/ab12.csv'
    """
    return f"{names.MARKER_DIR}/{names.BLOB_DIR}/{digest[:2]}/{digest}{suffix}"
