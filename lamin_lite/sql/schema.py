"""From tables and fields to the statements that make them, in a dialect."""

from __future__ import annotations

from .. import errors
from ..base import canon
from ..base._typing import TYPE_CHECKING
from .fields import BoolField, Field, ForeignKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any


class Dialect:
    """What differs between databases; this one is SQLite's, another may derive from it."""

    name = "sqlite"
    temporary = "temp."  #: what stands before the name of a temporary table
    types: Mapping[str, str] = {
        "TEXT": "TEXT",
        "INTEGER": "INTEGER",
        "BIGINT": "INTEGER",
        "BOOLEAN": "BOOLEAN",
        "REAL": "REAL",
    }
    key_column = "id INTEGER PRIMARY KEY AUTOINCREMENT"
    references_inline = True  #: whether a table may refer to one that is made later
    by_key = " WITHOUT ROWID"  #: what has a table kept in the order of its primary key
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'"  #: query for the names of all tables

    def reference(self, to: str) -> str:
        """What makes a column refer to a table, checked at the end of a transaction."""
        return f" REFERENCES {to} (id) DEFERRABLE INITIALLY DEFERRED"

    def true(self, value: bool) -> str:
        """A literal truth value, as SQLite before 3.23 and PostgreSQL both need their own."""
        return "1" if value else "0"

    def folded(self, column: str) -> str:
        """Expression that ignores case as Python's ``casefold`` does; SQLite's own knows ASCII only."""
        return f"folded({column})"

    def position(self, column: str) -> str:
        """Expression that is positive where the parameter occurs in the column."""
        return f"instr({column}, ?)"

    def ending(self, column: str, length: int) -> str:
        """Expression for the last characters; a text that is shorter gives one that is shorter too.

        Counted from the start, as ``substr`` with a negative one, or ``right``, is not everywhere.
        """
        return f"substr({column}, length({column}) - {length - 1})"


SQLITE = Dialect()


class Index:
    """An index over columns or expressions, unique or not, over all rows or those that meet a condition."""

    __slots__ = ("columns", "name", "unique", "where")

    def __init__(self, name: str, columns: str, *, unique: bool = False, where: str | None = None) -> None:
        self.name = name
        self.columns = columns
        self.unique = unique
        self.where = where

    def sql(self, table: str) -> str:
        """The statement that makes it."""
        unique = "UNIQUE " if self.unique else ""
        where = f" WHERE {self.where}" if self.where else ""
        return f"CREATE {unique}INDEX IF NOT EXISTS {table}_{self.name} ON {table} ({self.columns}){where}"


def _not_kept(cells: Iterable[tuple[str, Any]]) -> errors.InvalidArgument:
    name, text = next((name, cell) for name, cell in cells if isinstance(cell, str) and not canon.storable(cell))
    odd = next(char for char in text if not canon.storable(char))
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    what = "a NUL" if odd == "\0" else f"the lone surrogate {odd!r}"
    return errors.InvalidArgument(f"{name}={shown!r} holds {what}, which no database keeps in a text: leave it out.")


class Table:
    """A table: fields in order, indexes, constraints over several columns."""

    __slots__ = (
        "_converted",
        "_folded",
        "_needed",
        "_pick",
        "columns",
        "constraints",
        "converted",
        "fields",
        "indexes",
        "name",
        "written",
    )

    def __init__(
        self, name: str, fields: Iterable[Field[object]], indexes: Iterable[Index] = (), constraints: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.fields = {field.name: field for field in fields}
        self.indexes = tuple(indexes)
        self.constraints = tuple(constraints)
        #: names of the columns in the order of a row as it is read
        self.columns = ("id", *(field.column for field in self.fields.values()))
        #: the fields whose values are not what the database gives
        self.converted = tuple(field for field in self.fields.values() if field.converts)
        folded = [field for field in self.fields.values() if field.fold]
        #: names of the columns in the order of a row as it is written, all but its id
        self.written = (*self.columns[1:], *(f"{field.name}_fold" for field in folded))
        written = enumerate(self.fields.values())
        self._pick: Any = None
        self._converted = tuple((at, field.to_db) for at, field in written if type(field).to_db is not Field.to_db)
        self._needed = tuple(at for at, field in enumerate(self.fields.values()) if not field.null)
        self._folded = tuple(self.written.index(field.column) for field in folded)

    def cells(self, values: Mapping[str, Any]) -> list[Any]:
        """The values of a row as the database keeps them, in the order of ``written``."""
        if self._pick is None:
            from operator import itemgetter  # costs 1 ms; only who writes needs it

            self._pick = itemgetter(*self.written[: len(self.fields)])
        cells: list[Any] = [*self._pick(values)]
        for at, to_db in self._converted:
            if cells[at] is not None:
                cells[at] = to_db(cells[at])
        if None in [cells[at] for at in self._needed]:
            raise self._missing(cells)
        if not canon.storable("".join([cell for cell in cells if cell.__class__ is str])):
            raise _not_kept(zip(self.written, cells))
        for at in self._folded:
            cells.append(None if cells[at] is None else cells[at].casefold())
        return cells

    def changes(self, cells: Sequence[Any], kept: Sequence[Any]) -> dict[str, Any]:
        """Of ``cells``, by their columns, those that differ from the row as it was read, and their shadows."""
        names, many = self.written, len(self.fields)
        found = {names[at]: cells[at] for at in range(many) if cells[at] != kept[at + 1]}
        for place, at in enumerate(self._folded, many):
            if names[at] in found:
                found[names[place]] = cells[place]
        return found

    def _missing(self, cells: list[Any]) -> errors.InvalidArgument:
        fields = list(self.fields.values())
        names = [fields[at].name for at in self._needed if cells[at] is None]
        return errors.InvalidArgument(f"A row of {self.name} needs {' and '.join(names)}: none was given.")

    def statements(self, dialect: Dialect = SQLITE) -> Iterator[str]:
        """The statements that make the table and its indexes, where they are not there."""
        lines = [dialect.key_column]
        for field in sorted(self.fields.values(), key=lambda field: field.long):
            lines += self.column(field, dialect)
        lines += self.constraints
        body = ",\n  ".join(lines)
        yield f"CREATE TABLE IF NOT EXISTS {self.name} (\n  {body}\n)"
        for index in (*self._indexes_of_fields(), *self.indexes):
            yield index.sql(self.name)

    def _indexes_of_fields(self) -> Iterator[Index]:
        """Those that a field asks for. They are made first: of two that would do, SQLite takes the one made last.

        None for a column in which nearly all rows have the same value, which SQLite does not know: it would read all
        these rows to find the one of a key in a branch.
        """
        led = {index.columns.split(",")[0] for index in self.indexes if index.unique and index.where is None}
        for field in self.fields.values():
            if field.fold:
                yield Index(f"{field.name}_fold", f"{field.name}_fold")
            elif isinstance(field, ForeignKey) and field.column not in led and field.usual is None:
                # Rows that refer to nothing are not looked for by what they refer to, and most refer to nothing.
                where = f"{field.column} IS NOT NULL" if field.null else None
                yield Index(field.column, field.column, where=where)

    @staticmethod
    def column(field: Field[object], dialect: Dialect) -> Iterator[str]:
        """What defines the column of a field, and the one that it casts its shadow on."""
        kind = dialect.types[field.sql]
        null = "" if field.null else " NOT NULL"
        unique = " UNIQUE" if field.unique else ""
        check = (
            f" CHECK ({field.column} IN (0, 1))" if isinstance(field, BoolField) and dialect.name == "sqlite" else ""
        )
        to = ""
        if isinstance(field, ForeignKey):
            to = dialect.reference(field.to) if dialect.references_inline else ""
        yield f"{field.column} {kind}{null}{unique}{check}{to}"
        if field.fold:
            yield f"{field.name}_fold {kind}{null}"

    def references(self, dialect: Dialect, fields: Iterable[Field[object]]) -> Iterator[str]:
        """The statements that make columns refer to other tables, for dialects that need those tables first."""
        for field in fields:
            if isinstance(field, ForeignKey) and not dialect.references_inline:
                yield f"ALTER TABLE {self.name} ADD FOREIGN KEY ({field.column}){dialect.reference(field.to)}"
