"""Connections and transactions: what is the same for each kind of database.

One connection a thread and process (none may cross a fork: `handles`). Writes are short transactions with a name that exclude
each other, so that what one looked up stays true until it commits; a write inside a write is a savepoint. Foreign
errors are translated once, by the kinds: `sqlite.SQLite` and `server.Server`.
"""

from __future__ import annotations

import os
import time
from _thread import _local as local  # what threading.local is; threading costs 3 to 5 ms

from .. import errors
from ..base._typing import TYPE_CHECKING, T
from .handles import LISTS, Handle, Reading, inherited
from .schema import SQLITE

if TYPE_CHECKING:
    import sys
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType
    from typing import Any, Literal, Optional

    from .schema import Dialect

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    Row = tuple[Any, ...]

BUSY_TIMEOUT = 60.0  #: seconds that a writer waits for another one
PAUSE = 0.005  #: seconds between two looks whether the other one is done


class Database:
    """A database, opened when it is first used.

    ``path``: the file, or the URL without any secret. ``readonly``: nothing is ever written.
    """

    dialect: Dialect = SQLITE

    def __init__(self, path: str, *, readonly: bool = False) -> None:
        self.path = path
        self.readonly = readonly
        self.refusal: Optional[str] = None  #: why this version must not write, where it must not
        self.instance: Optional[str] = None  #: uid of the instance that it is of, once it was looked at
        self.folder = ""  #: what paths in it are relative to, where they are; known once an instance has it open
        self._local = local()
        self._place: Optional[str] = None

    @property
    def place(self) -> str:
        """What tells it from others, also from its copies: the file, whatever links lead there, or the URL."""
        if self._place is None:
            self._place = self.path if "://" in self.path else os.path.realpath(self.path)
        return self._place

    def is_same(self, other: Database) -> bool:
        """Whether both are that of one instance, opened once or twice; that of a copy, or made later there, is another."""
        return self is other or (self.instance == other.instance and self.place == other.place)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    # -- what each kind of database does in its own way

    def prepare(self) -> None:
        """Make what the tables are made in; fine if it is there."""
        raise NotImplementedError

    def is_made(self) -> bool:
        """Whether the tables are known to be there; False costs nothing but to make what is missing."""
        return False

    def facts(self) -> dict[str, object]:
        """What is in use, for people."""
        raise NotImplementedError

    def _as_listed(self, values: Sequence[object]) -> tuple[str, list[object]]:
        """The type of a column that keeps these values, and the values in it."""
        raise NotImplementedError

    def _is_listed(self, connection: Any, name: str) -> bool:
        """Whether the temporary table is there: it is not once the transaction that made it was undone."""
        raise NotImplementedError

    def _list(self, connection: Any, name: str, kind: str, values: list[object]) -> None:
        """Make a temporary table with these values in its column ``value``: whole, or not at all."""
        raise NotImplementedError

    def translated(self, error: BaseException, doing: str = "read") -> BaseException:
        """The error of ours that says what a foreign one means; any other error as it is."""
        raise NotImplementedError

    def _opened(self) -> Any:
        """A new connection: with ``execute``, ``executemany``, ``close`` and ``in_transaction`` as sqlite3's has."""
        raise NotImplementedError

    def _begin(self, connection: Any, durable: bool) -> None:
        raise NotImplementedError

    def _insert(self, connection: Any, sql: str, params: list[object]) -> int:
        """Run an INSERT of one row; its id."""
        raise NotImplementedError

    def _execute_all(self, connection: Any, statements: Iterable[str]) -> None:
        for statement in statements:
            connection.execute(statement)

    def _new_ids(self, connection: Any, table: str, many: int) -> Sequence[int]:
        """The ids of the next rows of a table, which are inserted with them in this transaction."""
        raise NotImplementedError

    def _handle(self) -> Handle:
        """A new connection, as what belongs to this thread."""
        return Handle(self._opened())

    def _is_usable(self, connection: Any) -> bool:
        """Whether a connection over which nothing goes on can be used: freed of what an interrupt left there."""
        raise NotImplementedError

    def _is_busy(self, error: BaseException) -> bool:  # noqa: ARG002 - a server has those wait who want the same
        """Whether an error means that somebody else is writing, so that the same may work in a moment."""
        return False

    def _was_lost(self, error: BaseException) -> bool:  # noqa: ARG002 - see above
        """Whether an error means that the connection had ended before it was used."""
        return False

    # -- what is the same for all

    @property
    def writable(self) -> bool:
        """Whether something can be saved."""
        return not self.readonly and self.refusal is None

    def may_write(self) -> bool:
        """Whether this user may save something; where a server decides that, it is asked."""
        return self.writable

    def check_writable(self) -> None:
        """Raise `ReadOnly` or `NewerSchema` unless something can be saved."""
        if self.refusal is not None:
            raise errors.NewerSchema(self.refusal)
        if self.readonly:
            raise errors.ReadOnly(
                f"{self.path} or its folder cannot be written by this user, so nothing can be saved: change its "
                "permissions, or make an instance in a folder of your own."
            )

    def connection(self) -> Any:
        """The connection of this thread in this process."""
        with self._taken() as handle:
            return handle.connection

    def _taken(self) -> Handle:
        """The connection of this thread in this process, taken until the end of ``with``."""
        while True:
            handle: Optional[Handle] = getattr(self._local, "handle", None)
            fresh = handle is None or handle.pid != os.getpid()
            if handle is not None and not fresh:
                handle.taken()
                if handle.depth or (handle.connection is not None and self._is_usable(handle.connection)):
                    return handle
                handle.lock.release()
            self._local.handle = self._handle()
            if handle is not None and not fresh:
                self._local.handle.follow(handle)

    def read(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        again = self.dialect.temporary not in sql  # else what it asks for went with the connection

        def rows() -> list[Row]:
            with self._taken() as handle:
                self._list_again(handle, sql)
                found: list[Row] = handle.connection.execute(sql, params).fetchall()
                return found

        return self._on_a_connection(rows, again=again)

    def _on_a_connection(self, work: Callable[[], T], doing: str = "read", *, again: bool = True) -> T:
        """Do what begins with using the connection; once more, if that had ended while nobody used it."""
        try:
            try:
                return self._patiently(work)
            except Exception as error:
                if self.in_transaction or not self._was_lost(error):
                    raise
                self.close()
                if not again:
                    raise
                return work()
        except Exception as error:
            raise self.translated(error, doing) from error

    def _patiently(self, work: Callable[[], T]) -> T:
        """Do what has to wait for other writers: in short turns, so that Ctrl-C is heard and a fork can go on."""
        until = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                return work()
            except Exception as error:
                if not self._is_busy(error) or time.monotonic() > until:
                    raise
            time.sleep(PAUSE)

    def listed(self, values: Sequence[object]) -> str:
        """Name of a temporary table with these values in its column ``value``: for ``IN`` with very many of them."""
        kind, wanted = self._as_listed(values)
        return self._on_a_connection(lambda: self.dialect.temporary + self._list_of(kind, wanted))

    def _list_of(self, kind: str, values: list[object]) -> str:
        key = (kind, *values)
        with self._taken() as handle:
            name = handle.lists.pop(key, None)
            if name is None or not self._is_listed(handle.connection, name):
                handle.listed += 1  # never a name again: that of a table that was undone may stand in a query
                name = f"list_{handle.listed}"
                self._list(handle.connection, name, kind, values)
            handle.lists[key] = name
            if len(handle.lists) > LISTS and not handle.readings:
                oldest = handle.lists.pop(next(iter(handle.lists)))
                handle.connection.execute(f"DROP TABLE IF EXISTS {self.dialect.temporary}{oldest}")
            return name

    def _list_again(self, handle: Handle, sql: str) -> None:
        """Make the temporary tables of a query anew that went with the connection before this one."""
        for name in [name for name in handle.gone if name in sql]:
            kind, *values = key = handle.gone.pop(name)
            self._list(handle.connection, name, kind, values)
            handle.lists[key] = name

    def iterate(self, sql: str, params: Sequence[object] = ()) -> Iterator[Row]:
        """The rows of a query one after the other, in constant memory."""

        def reading() -> Reading:
            with self._taken() as handle:
                self._list_again(handle, sql)
                return Reading(handle, handle.connection.execute(sql, params))

        try:
            yield from self._patiently(reading)
        except Exception as error:
            raise self.translated(error) from error

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

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is writing: what it wrote may still be undone."""
        handle: Optional[Handle] = getattr(self._local, "handle", None)
        return handle is not None and handle.pid == os.getpid() and handle.depth > 0


class Transaction:
    """A write in progress; made by `Database.write`."""

    __slots__ = ("_durable", "_handle", "_level", "database", "name")

    def __init__(self, database: Database, name: str, durable: bool) -> None:
        self.database = database
        self.name = name
        self._durable = durable
        self._handle: Optional[Handle] = None
        self._level = 0  # how many others it is in

    def __enter__(self) -> Self:
        database = self.database
        database.check_writable()
        try:
            database._on_a_connection(self._begin, self.name)
            return self
        except BaseException:  # Ctrl-C may come when it has begun: nobody else would end it, and it locks others out
            self._abandon()
            raise

    def _begin(self) -> None:
        with self.database._taken() as handle:
            self._handle, self._level = handle, handle.depth
            if handle.depth:
                handle.connection.execute(f"SAVEPOINT s{handle.depth}")
            else:
                self.database._begin(handle.connection, self._durable)
            handle.depth += 1

    def _abandon(self) -> None:
        """End what has begun, and failed or was interrupted."""
        handle = self._handle
        if handle is None:
            return
        with handle.taken():
            if not self._level and handle.connection is not None and handle.connection.in_transaction:
                try:
                    handle.connection.execute("ROLLBACK")
                except Exception:  # what made it necessary is told
                    pass
            handle.depth = self._level

    @property
    def _connection(self) -> Any:
        """The connection, unless it is the parent's: both would write the same."""
        handle = self._handle
        assert handle is not None
        if handle.pid != os.getpid():
            raise inherited(f"the transaction {self.name!r}")
        return handle.connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if self._handle is None or self._handle.pid != os.getpid():
            return False  # forked in the middle: the transaction is the parent's
        try:
            self._end(self._handle, undo=kind is not None)
        except Exception as failure:
            if error is None:
                raise self.database.translated(failure, self.name) from failure
        if error is not None:
            told = self.database.translated(error, self.name)
            if told is not error:
                # that this user may only read is no fault to look into: the sentence says all
                raise told from (None if isinstance(told, errors.ReadOnly) else error)
        return False

    def _end(self, handle: Handle, *, undo: bool) -> None:
        connection = handle.connection
        try:
            if self._level:
                if undo:
                    connection.execute(f"ROLLBACK TO s{self._level}")
                connection.execute(f"RELEASE s{self._level}")
            elif undo:
                connection.execute("ROLLBACK")
            else:
                self.database._patiently(lambda: connection.execute("COMMIT"))
            handle.depth = self._level
        except BaseException:
            self._abandon()
            raise

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        changed: int = self._connection.execute(sql, params).rowcount
        return changed

    def execute_all(self, statements: Iterable[str]) -> None:
        """Run statements without values: on a server in one round trip."""
        self.database._execute_all(self._connection, statements)

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once a row."""
        self._connection.executemany(sql, rows)

    def read(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """All rows of a query, as this transaction sees them."""
        rows: list[Row] = self._connection.execute(sql, params).fetchall()
        return rows

    def one(self, sql: str, params: Sequence[object] = ()) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._connection.execute(sql, params).fetchone()
        return row

    def columns(self, table: str) -> set[str]:
        """The names of the columns that a table has."""
        described = self._connection.execute(f"SELECT * FROM {table} WHERE 1 = 0").description
        return {str(column[0]) for column in described}

    def insert(self, table: str, values: dict[str, Any]) -> int:
        """Insert a row; its id."""
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
        return self.database._insert(self._connection, sql, list(values.values()))

    def insert_many(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert rows, each as its values in the order of these columns."""
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        self.execute_many(sql, rows)

    def new_ids(self, table: str, many: int) -> Sequence[int]:
        """Ids for so many new rows of a table, which are to be inserted with them."""
        return self.database._new_ids(self._connection, table, many)

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
