"""Digests of large files that were hashed before, so that an unchanged one need not be read again.

One small database a user, outside of any instance. A file is known by device, inode, size and both of its times. What
changed less than two seconds before it was hashed may change once more within the clock's tick, so it is not
remembered; on network filesystems nothing is. Whatever goes wrong here only costs the reading.
"""

from __future__ import annotations

import os

from ..base import clock, fsio, fskind, settings
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from typing import Optional

WORTH_IT = 8 << 20  #: bytes from which on a look into the cache is cheaper than reading
SETTLED = 2_000_000  #: microseconds that a file must have been left alone before it is believed

_TABLE = (
    "CREATE TABLE IF NOT EXISTS digest (device INTEGER, inode INTEGER, size INTEGER, mtime_ns INTEGER, "
    "ctime_ns INTEGER, hash TEXT NOT NULL, PRIMARY KEY (device, inode)) WITHOUT ROWID"
)


def known(path: str, status: os.stat_result) -> Optional[str]:
    """The digest of a file, if it was hashed in this very state before."""
    if status.st_size < WORTH_IT or fskind.is_network(path):
        return None
    connection = _opened()
    if connection is None:
        return None
    try:
        row = connection.execute(
            "SELECT hash FROM digest WHERE device = ? AND inode = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ?",
            _identity(status),
        ).fetchone()
    except Exception:
        return None
    finally:
        connection.close()
    return None if row is None else str(row[0])


def remember(path: str, status: os.stat_result, digest: str) -> None:
    """Keep the digest of a file whose state was ``status`` before and after it was read."""
    changed = max(status.st_mtime_ns, status.st_ctime_ns) // 1000
    if status.st_size < WORTH_IT or clock.now() - changed < SETTLED or fskind.is_network(path):
        return
    connection = _opened()
    if connection is None:
        return
    try:
        connection.execute("INSERT OR REPLACE INTO digest VALUES (?, ?, ?, ?, ?, ?)", [*_identity(status), digest])
    except Exception:
        return
    finally:
        connection.close()


def _identity(status: os.stat_result) -> list[int]:
    inode = status.st_ino - (1 << 64) if status.st_ino >= 1 << 63 else status.st_ino  # SQLite's integers are signed
    return [status.st_dev, inode, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _opened() -> Optional[sqlite3.Connection]:
    import sqlite3

    path = settings.stat_cache_path()
    if path is None:
        return None
    try:
        fsio.make_folder(os.path.dirname(path))
        connection = sqlite3.connect(path, timeout=1.0, isolation_level=None)
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute(_TABLE)
    except Exception:
        return None
    return connection
