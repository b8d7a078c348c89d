"""A database in a file: the only place, beside the cache of digests, that imports ``sqlite3``."""

from __future__ import annotations

import os

from .. import errors
from ..base import fskind
from ..base._typing import TYPE_CHECKING
from .database import BUSY_TIMEOUT, Database
from .handles import Handle, check_not_inherited, gate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from typing import Any, Optional

    from .database import Row


CACHE = 32 << 20  #: most bytes of the file that a connection keeps in memory; SQLite's own 2 MB is little for millions
TURN = 0.1  #: seconds that SQLite waits by itself for another process: all that time nothing else is heard


class SQLite(Database):
    """A SQLite file.

    ``readonly`` opens it without any write, also from a read-only medium.
    """

    def prepare(self) -> None:
        """Make an empty database file in the right journal mode; fine if it is there."""
        self._patiently(lambda: create_file(self.path))  # SQLite itself does not wait for another that changes the mode

    def facts(self) -> dict[str, object]:
        """What is in use, for people."""
        return {
            "filesystem": fskind.kind_of(self.path) or "unknown",
            "journal": str((self.one("PRAGMA journal_mode") or ["?"])[0]),
            "schema": int((self.one("SELECT schema FROM meta") or [0])[0]),
            "sqlite": sqlite_version(),
        }

    def translated(self, error: BaseException, doing: str = "read") -> BaseException:
        """The error of ours that says what an error of sqlite3 means; any other error as it is."""
        return translated(error, self.path, doing)

    def _handle(self) -> Handle:
        with gate:
            file = check_not_inherited(self.path)
            self._local.unchanged = unchanged = _if_alone(self.path) if self.readonly else None
            mode = "ro" if self.readonly else "rw"
            connection = _open(self.path, mode if unchanged is None else f"{mode}&immutable=1")
            return Handle(connection, file)

    def read(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        rows = super().read(sql, params)
        while self._is_outdated():
            rows = super().read(sql, params)
        return rows

    def iterate(self, sql: str, params: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a query one after the other; read at once, if somebody might write what is read meanwhile."""
        if self.readonly:
            self.connection()
            if self._local.unchanged is not None:
                return iter(self.read(sql, params))
        return super().iterate(sql, params)

    def _is_outdated(self) -> bool:
        """Whether a file was written that this thread has open as one that nobody writes: what it reads may be anything."""
        unchanged = getattr(self._local, "unchanged", None)
        return unchanged is not None and unchanged != _if_alone(self.path)

    def _is_usable(self, connection: sqlite3.Connection) -> bool:
        if self._is_outdated():
            return False
        if connection.in_transaction:  # Ctrl-C came between its begin and the count of it
            connection.execute("ROLLBACK")
        return True

    def _is_busy(self, error: BaseException) -> bool:
        import sqlite3

        if isinstance(error, (sqlite3.DatabaseError, errors.NotADatabase)) and self._is_outdated():
            return True
        is_own = isinstance(error, errors.Locked)
        return is_own or (isinstance(error, sqlite3.OperationalError) and str(error) == "database is locked")

    def _begin(self, connection: sqlite3.Connection, durable: bool) -> None:
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("BEGIN IMMEDIATE")

    def _insert(self, connection: sqlite3.Connection, sql: str, params: list[Any]) -> int:
        return connection.execute(sql, params).lastrowid or 0

    def _as_listed(self, values: Sequence[object]) -> tuple[str, list[object]]:
        return "", [*values]

    def _is_listed(self, connection: sqlite3.Connection, name: str) -> bool:
        return bool(connection.execute("SELECT 1 FROM sqlite_temp_master WHERE name = ?", [name]).fetchone())

    def _list(self, connection: sqlite3.Connection, name: str, kind: str, values: list[object]) -> None:
        connection.execute("SAVEPOINT list")
        try:
            connection.execute(f"CREATE TEMP TABLE {name} (value {kind})")
            connection.executemany(f"INSERT INTO temp.{name} VALUES (?)", ([value] for value in values))
        except BaseException:  # half a list would be asked for as if it were the whole
            connection.execute("ROLLBACK TO list")
            raise
        finally:
            connection.execute("RELEASE list")

    def _new_ids(self, connection: sqlite3.Connection, table: str, many: int) -> Sequence[int]:
        # Nobody else inserts in the meantime, and AUTOINCREMENT counts each id that was ever given.
        last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone()
        start = 1 + (last[0] if last else 0)
        return range(start, start + many)


def _if_alone(path: str) -> Optional[tuple[int, int, int]]:
    """What differs once somebody wrote to a database that is just read, as nobody has it open who might write; else None.

    In a folder that cannot be written SQLite cannot share a WAL. Where one is, others write, who share theirs.
    """
    if os.access(os.path.dirname(path) or ".", os.W_OK) or os.path.exists(path + "-wal"):
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _open(path: str, mode: str) -> sqlite3.Connection:
    import sqlite3

    try:
        connection = _connect(sqlite3, path, mode)
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute(f"PRAGMA cache_size=-{CACHE // 1024}")
            connection.create_function("folded", 1, _casefold)
            connection.execute("SELECT count(*) FROM sqlite_master")
        except BaseException:
            connection.close()
            raise
    except Exception as error:
        raise translated(error, path) from error
    return connection


def _connect(module: Any, path: str, mode: str) -> sqlite3.Connection:
    uri = f"file:{_uri_quoted(os.path.abspath(path))}?mode={mode}"
    connection: sqlite3.Connection = module.connect(
        uri, uri=True, timeout=TURN, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    return connection


def _casefold(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _uri_quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def create_file(path: str) -> None:
    """Make an empty database file in the right journal mode; fine if it is there.

    WAL, so that readers and the writer do not wait for each other; a rollback journal on a network filesystem,
    where the memory that WAL shares between processes does not exist.
    """
    import sqlite3

    try:
        with gate:
            connection = sqlite3.connect(path, timeout=TURN, isolation_level=None)
            try:
                mode = "DELETE" if fskind.is_network(path) else "WAL"
                connection.execute(f"PRAGMA journal_mode={mode}")
            finally:
                connection.close()
    except Exception as error:
        raise translated(error, path, "create the database") from error


def sqlite_version() -> str:
    """Version of the SQLite library in use."""
    import sqlite3

    return sqlite3.sqlite_version


def translated(error: BaseException, path: str, doing: str = "read") -> BaseException:
    """The error of ours that says what an error of sqlite3 means; any other error as it is."""
    import sqlite3

    if isinstance(error, UnicodeEncodeError):
        return errors.InvalidArgument(
            f"{error.object!r} holds a lone surrogate ({error.object[error.start]!r}), which no database keeps: leave it out."
        )
    if isinstance(error, OverflowError):
        return errors.InvalidArgument(f"Could not {doing}: a whole number has more than 64 bits; use a smaller one.")
    if isinstance(error, (sqlite3.InterfaceError, sqlite3.ProgrammingError)) and "type" in str(error):
        return errors.InvalidArgument(f"Could not {doing}: a value is of a type that no column keeps ({error}).")
    if not isinstance(error, sqlite3.Error):
        return error
    text = str(error)
    if "disk I/O error" in text and _is_full(path):  # it could not make the file that those who read share
        text = "database or disk is full"
    for parts, kind, sentence in _MEANINGS:
        if any(part in text for part in parts):
            return kind(sentence.format(path=path, doing=doing, text=text, timeout=BUSY_TIMEOUT))
    if isinstance(error, sqlite3.IntegrityError):
        return errors.Conflict(f"Could not {doing}: it contradicts a row in {path} ({text}).")
    return errors.InstanceError(f"Could not {doing} in {path}: {text}.")


def _is_full(path: str) -> bool:
    """Whether the filesystem has no room for the least that SQLite needs beside a database, 32 KiB."""
    try:
        space = os.statvfs(os.path.dirname(path) or ".")
    except (OSError, AttributeError):
        return False
    return space.f_bavail * space.f_frsize < 1 << 15


_MEANINGS: tuple[tuple[tuple[str, ...], type[errors.LaminLiteError], str], ...] = (
    (
        ("database is locked", "database table is locked"),
        errors.Locked,
        "Could not {doing}: another process has held {path} for more than {timeout:.0f} seconds; look for a hanging "
        "process, then try again. Nothing was changed.",
    ),
    (
        ("not a database", "malformed", "file is encrypted"),
        errors.NotADatabase,
        "{path} is not a database of lamin_lite, or is damaged ({text}): restore it from a backup, or make a new "
        "instance with `init` in another folder.",
    ),
    (
        ("readonly database", "read-only"),
        errors.ReadOnly,
        "Could not {doing}: {path} or its folder cannot be written by this user; change its permissions, or make an "
        "instance in a folder of your own.",
    ),
    (
        ("disk is full",),
        errors.NoSpace,
        "Could not {doing}: no space is left for {path}; free some and try again. Nothing was half written.",
    ),
    (
        ("unable to open database file",),
        errors.NoInstance,
        "Could not open {path}: it is missing, or this user may not write there; check the path and its permissions.",
    ),
    (
        ("disk I/O error",),
        errors.InstanceError,
        "Could not {doing}: the disk that holds {path} reported an error; check it, then try again.",
    ),
    (
        ("parser stack overflow", "Expression tree is too large", "too many SQL variables"),
        errors.FieldError,
        "Could not {doing}: the condition is too long, or nested too deep, for SQLite ({text}): ask step by step, as in "
        "filter(id__in=rows.to_list('id')).",
    ),
    (
        ("no such table: meta",),
        errors.NotADatabase,
        "{path} is not a database of lamin_lite: connect to another one, or make one with `init`.",
    ),
)
