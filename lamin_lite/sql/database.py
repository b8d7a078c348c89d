"""Connections and transactions: what is the same for each kind of database.

One connection a thread and process (none may cross a fork). Writes are short transactions with a name that exclude
each other, so that what one looked up stays true until it commits; a write inside a write is a savepoint. Foreign
errors are translated once, by the kinds: `sqlite.SQLite` and `server.Server`.
"""

from __future__ import annotations

import os
from _thread import _local as local  # what threading.local is; threading costs 3 to 5 ms

from .. import errors
from ..base._typing import TYPE_CHECKING, T
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
LISTS = 64  #: temporary tables of values that a connection keeps; more than one query names
_inherited: list[object] = []  # connections that a fork brought along: never touched again, so kept alive
_open_ones: dict[int, object] = {}  # so that the collector of cycles never finalizes one before its handle closed it


class Database:
    """A database, opened when it is first used.

    ``path``: the file, or the URL without any secret. ``readonly``: nothing is ever written.
    """

    dialect: Dialect = SQLITE

    def __init__(self, path: str, *, readonly: bool = False) -> None:
        self.path = path
        self.readonly = readonly
        self.refusal: Optional[str] = None  #: why this version must not write, where it must not
        self._local = local()

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

    def _new_ids(self, connection: Any, table: str, many: int) -> Sequence[int]:
        """The ids of the next rows of a table, which are inserted with them in this transaction."""
        raise NotImplementedError

    def _is_lost(self, connection: Any) -> bool:  # noqa: ARG002 - the other side of a file is always there
        return False

    def _was_lost(self, error: BaseException) -> bool:  # noqa: ARG002 - see above
        """Whether an error means that the connection had ended before it was used."""
        return False

    # -- what is the same for all

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

    def connection(self) -> Any:
        """The connection of this thread in this process."""
        handle: Optional[_Handle] = getattr(self._local, "handle", None)
        if handle is None or handle.pid != os.getpid() or (not handle.depth and self._is_lost(handle.connection)):
            handle = self._local.handle = _Handle(self._opened())
        return handle.connection

    def read(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """All rows of a query."""
        again = self.dialect.temporary not in sql  # else what it asks for went with the connection

        def rows() -> list[Row]:
            found: list[Row] = self.connection().execute(sql, params).fetchall()
            return found

        return self._on_a_connection(rows, again=again)

    def _on_a_connection(self, work: Callable[[], T], doing: str = "read", *, again: bool = True) -> T:
        """Do what begins with using the connection; once more, if that had ended while nobody used it."""
        try:
            try:
                return work()
            except Exception as error:
                if self.in_transaction or not self._was_lost(error):
                    raise
                self.close()
                if not again:
                    raise
                return work()
        except Exception as error:
            raise self.translated(error, doing) from error

    def listed(self, values: Sequence[object]) -> str:
        """Name of a temporary table with these values in its column ``value``: for ``IN`` with very many of them."""
        kind, wanted = self._as_listed(values)
        return self._on_a_connection(lambda: self.dialect.temporary + self._list_of(kind, wanted))

    def _list_of(self, kind: str, values: list[object]) -> str:
        connection, key = self.connection(), (kind, *values)
        handle: _Handle = self._local.handle
        name = handle.lists.pop(key, None)
        if name is None or not self._is_listed(connection, name):
            handle.listed += 1  # never a name again: that of a table that was undone may stand in a query
            name = f"list_{handle.listed}"
            self._list(connection, name, kind, values)
        handle.lists[key] = name
        if len(handle.lists) > LISTS and not handle.reading:
            oldest = handle.lists.pop(next(iter(handle.lists)))
            connection.execute(f"DROP TABLE IF EXISTS {self.dialect.temporary}{oldest}")
        return name

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
        handle: Optional[_Handle] = getattr(self._local, "handle", None)
        return handle is not None and handle.pid == os.getpid() and handle.depth > 0

    def _close_if_idle(self) -> None:
        handle: Optional[_Handle] = getattr(self._local, "handle", None)
        if handle is not None and handle.pid == os.getpid() and not handle.depth and not handle.reading:
            self.close()


class _Handle:
    """Closes its connection with the thread that owned it, but never one inherited by a fork."""

    __slots__ = ("connection", "depth", "listed", "lists", "pid", "reading")

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        _open_ones[id(self)] = connection
        self.pid = os.getpid()
        self.depth = 0
        self.reading = 0
        self.lists: dict[tuple[object, ...], str] = {}  # values -> temporary table, the latest used last
        self.listed = 0

    def __del__(self) -> None:
        if _open_ones is None or os is None:  # the interpreter ends, and has taken the module apart already
            return
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
        database._on_a_connection(self._begin, self.name)
        self._handle.depth += 1
        return self

    def _begin(self) -> None:
        self._connection = connection = self.database.connection()
        handle = self._handle = self.database._local.handle
        if handle.depth:
            connection.execute(f"SAVEPOINT s{handle.depth}")
        else:
            self.database._begin(connection, self._durable)

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
                raise self.database.translated(failure, self.name) from failure
        if error is not None:
            told = self.database.translated(error, self.name)
            if told is not error:
                raise told from error
        return False

    def _give_up(self) -> None:
        if not self._handle.depth and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def execute(self, sql: str, params: Sequence[object] = ()) -> int:
        """Run a statement; the number of rows that it changed."""
        changed: int = self._connection.execute(sql, params).rowcount
        return changed

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
