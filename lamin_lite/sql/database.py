"""Connections and transactions, the only place that imports ``sqlite3``.

One connection a thread and process (SQLite connections must not cross a fork). Writes are short ``BEGIN IMMEDIATE``
transactions with a name; a write inside a write is a savepoint. Foreign errors are translated here, once.
"""

from __future__ import annotations

import os
from _thread import _local as local  # what threading.local is; threading costs 3 to 5 ms

from .. import errors
from ..base import fskind
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    import sys
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Any, Literal, Optional

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    Row = tuple[Any, ...]

BUSY_TIMEOUT = 60.0  #: seconds that a writer waits for another one
_inherited: list[object] = []  # connections that a fork brought along: never touched again, so kept alive
_open_ones: dict[int, object] = {}  # so that the collector of cycles never finalizes one before its handle closed it
_here = local()  # .databases: those of which this thread has a connection


class Database:
    """A SQLite file, opened when it is first used.

    ``readonly`` opens it without any write, also from a read-only medium.
    """

    def __init__(self, path: str, *, readonly: bool = False) -> None:
        self.path = path
        self.readonly = readonly
        self.refusal: Optional[str] = None  #: why this version must not write, where it must not
        self._local = local()

    def __repr__(self) -> str:
        return f"Database({self.path!r})"

    @property
    def writable(self) -> bool:
        """Whether something can be saved."""
        return not self.readonly and self.refusal is None

    def check_writable(self) -> None:
        """Raise `ReadOnly` or `NewerSchema` unless something can be saved."""
        if self.refusal is not None:
            raise errors.NewerSchema(self.refusal)
        if self.readonly:
            raise errors.ReadOnly(
                f"{self.path} or its folder cannot be written by this user, so nothing can be saved: change its "
                "permissions, or make an instance in a folder of your own."
            )

    def connection(self) -> sqlite3.Connection:
        """The connection of this thread in this process."""
        handle: Optional[_Handle] = getattr(self._local, "handle", None)
        if handle is None or handle.pid != os.getpid():
            handle = self._local.handle = _Handle(_open(self.path, self.readonly))
            _remember(self)
        return handle.connection

    def read(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        try:
            return self.connection().execute(sql, params).fetchall()
        except Exception as error:
            raise translated(error, self.path) from error

    def iterate(self, sql: str, params: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a query one after the other, in constant memory."""
        try:
            cursor = self.connection().execute(sql, params)
            handle: _Handle = self._local.handle
            handle.reading += 1
            try:
                yield from cursor
            finally:
                handle.reading -= 1
        except Exception as error:
            raise translated(error, self.path) from error

    def one(self, sql: str, params: Sequence[object] = ()) -> Row | None:
        """The first row, or None."""
        rows = self.read(sql, params)
        return rows[0] if rows else None

    def write(self, name: str, *, durable: bool = True) -> Transaction:
        """A write transaction: ``with db.write("save artifact") as tx: tx.insert(...)``.

        ``durable=False`` may be forgotten at a power loss (never at a crash of the process): only for what
        acknowledges no data, such as the start of a run.
        """
        return Transaction(self, name, durable)

    def close(self) -> None:
        """Close this thread's connection. Others close when their threads end."""
        self._local.__dict__.pop("handle", None)

    def listed(self, values: Sequence[object]) -> str:
        """Name of a temporary table with these values in its column ``value``: for ``IN`` with very many of them."""
        connection, wanted = self.connection(), tuple(values)
        handle: _Handle = self._local.handle
        name = handle.lists.get(wanted)
        known = name and connection.execute("SELECT 1 FROM sqlite_temp_master WHERE name = ?", [name]).fetchone()
        if not known:
            name = handle.lists[wanted] = f"list_{len(handle.lists)}"
            try:
                connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} (value)")
                connection.executemany(f"INSERT INTO temp.{name} VALUES (?)", ([value] for value in wanted))
            except Exception as error:
                raise translated(error, self.path) from error
        return f"temp.{name}"

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is writing: what it wrote may still be undone."""
        handle: Optional[_Handle] = getattr(self._local, "handle", None)
        return handle is not None and handle.pid == os.getpid() and handle.depth > 0

    def _close_if_idle(self) -> None:
        handle: Optional[_Handle] = getattr(self._local, "handle", None)
        if handle is not None and handle.pid == os.getpid() and not handle.depth and not handle.reading:
            self.close()


def _remember(database: Database) -> None:
    """Have the connection of this thread closed before a fork; the next use opens it again.

    SQLite keeps account of its locks per process. A child that inherits the account believes that it holds locks
    which only its parent holds: when the parent closes the database, it finds nobody else there and removes the
    write-ahead log into which the child is still writing.
    """
    import weakref

    known = _here.__dict__.setdefault("databases", weakref.WeakSet())
    known.add(database)
    if not _closing_at_fork and hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_close_idle)
        _closing_at_fork.append(True)


_closing_at_fork: list[bool] = []


def _close_idle() -> None:
    for database in list(getattr(_here, "databases", ())):
        database._close_if_idle()


class _Handle:
    """Closes its connection with the thread that owned it, but never one inherited by a fork."""

    __slots__ = ("connection", "depth", "lists", "pid", "reading")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        _open_ones[id(self)] = connection
        self.pid = os.getpid()
        self.depth = 0
        self.reading = 0
        self.lists: dict[tuple[object, ...], str] = {}

    def __del__(self) -> None:
        _open_ones.pop(id(self), None)
        if self.pid == os.getpid():
            self.connection.close()
        else:
            _inherited.append(self.connection)


class Transaction:
    """A write in progress; made by `Database.write`."""

    __slots__ = ("_connection", "_durable", "_handle", "database", "name")

    def __init__(self, database: Database, name: str, durable: bool) -> None:
        self.database = database
        self.name = name
        self._durable = durable

    def __enter__(self) -> Self:
        database = self.database
        database.check_writable()
        try:
            self._connection = connection = database.connection()
            handle = self._handle = database._local.handle
            if handle.depth:
                connection.execute(f"SAVEPOINT s{handle.depth}")
            else:
                connection.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'NORMAL'}")
                connection.execute("BEGIN IMMEDIATE")
        except Exception as error:
            raise translated(error, database.path, self.name) from error
        handle.depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        handle = self._handle
        handle.depth -= 1
        if handle.pid != os.getpid():
            return False  # forked in the middle: the transaction is the parent's
        try:
            if handle.depth:
                name = f"s{handle.depth}"
                if kind is not None:
                    self._connection.execute(f"ROLLBACK TO {name}")
                self._connection.execute(f"RELEASE {name}")
            else:
                self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
        except Exception as failure:
            self._give_up()
            if error is None:
                raise translated(failure, self.database.path, self.name) from failure
        if error is not None and kind is not None and _is_foreign(error):
            raise translated(error, self.database.path, self.name) from error
        return False

    def _give_up(self) -> None:
        if not self._handle.depth and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        return self._connection.execute(sql, params).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once a row."""
        self._connection.executemany(sql, rows)

    def read(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """All rows of a query, as this transaction sees them."""
        return self._connection.execute(sql, params).fetchall()

    def one(self, sql: str, params: Sequence[object] = ()) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, params).fetchone()
        return row

    def insert(self, table: str, values: dict[str, Any]) -> int:
        """Insert a row; its id."""
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        cursor = self._connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values.values()))
        return cursor.lastrowid or 0

    def insert_new(self, table: str, values: dict[str, Any]) -> bool:
        """Insert a row unless an equal one (by any unique index) is there; whether it was inserted."""
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"
        return self.execute(sql, list(values.values())) > 0

    def update(self, table: str, row_id: int, values: dict[str, Any]) -> None:
        """Change columns of the row with this id."""
        pairs = ", ".join(f"{column} = ?" for column in values)
        self._connection.execute(f"UPDATE {table} SET {pairs} WHERE id = ?", [*values.values(), row_id])


def _open(path: str, readonly: bool) -> sqlite3.Connection:
    import sqlite3

    try:
        connection = _connect(sqlite3, path, readonly)
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.create_function("casefold", 1, _casefold)
            connection.execute("SELECT count(*) FROM sqlite_master")
        except BaseException:
            connection.close()
            raise
    except Exception as error:
        raise translated(error, path) from error
    return connection


def _connect(module: Any, path: str, readonly: bool) -> sqlite3.Connection:
    uri = "file:" + _uri_quoted(os.path.abspath(path))
    mode = "?mode=rw"
    if readonly:
        # In a folder that cannot be written SQLite cannot share a WAL; without one pending, the file is just read.
        alone = not os.access(os.path.dirname(path) or ".", os.W_OK) and not os.path.exists(path + "-wal")
        mode = "?mode=ro" + ("&immutable=1" if alone else "")
    connection: sqlite3.Connection = module.connect(
        uri + mode, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=256
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
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
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


def _is_foreign(error: BaseException) -> bool:
    return type(error).__module__ == "sqlite3" or isinstance(error, (UnicodeEncodeError, OverflowError))


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
    for parts, kind, sentence in _MEANINGS:
        if any(part in text for part in parts):
            return kind(sentence.format(path=path, doing=doing, text=text, timeout=BUSY_TIMEOUT))
    if isinstance(error, sqlite3.IntegrityError):
        return errors.Conflict(f"Could not {doing}: it contradicts a row in {path} ({text}).")
    return errors.InstanceError(f"Could not {doing} in {path}: {text}.")


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
        ("no such table: meta",),
        errors.NotADatabase,
        "{path} is not a database of lamin_lite: connect to another one, or make one with `init`.",
    ),
)
