"""From tables and fields to the statements that make them, in a dialect."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from .fields import BoolField, Field, ForeignKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Dialect:
    """What differs between databases; this one is SQLite's, another may derive from it."""

    name = "sqlite"
    types: Mapping[str, str] = {
        "TEXT": "TEXT",
        "INTEGER": "INTEGER",
        "BIGINT": "INTEGER",
        "BOOLEAN": "BOOLEAN",
        "REAL": "REAL",
    }
    key_column = "id INTEGER PRIMARY KEY AUTOINCREMENT"
    references_inline = True  #: whether a table may refer to one that is made later
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


class Table:
    """A table: fields in order, indexes, constraints over several columns."""

    __slots__ = ("columns", "constraints", "fields", "indexes", "name")

    def __init__(
        self, name: str, fields: Iterable[Field[object]], indexes: Iterable[Index] = (), constraints: Iterable[str] = ()
    ) -> None:
        self.name = name
        self.fields = {field.name: field for field in fields}
        self.indexes = tuple(indexes)
        self.constraints = tuple(constraints)
        #: names of the columns in the order of a row as it is read
        self.columns = ("id", *(field.column for field in self.fields.values()))

    def statements(self, dialect: Dialect = SQLITE) -> Iterator[str]:
        """The statements that make the table and its indexes, where they are not there."""
        lines = [dialect.key_column]
        for field in self.fields.values():
            lines += self.column(field, dialect)
        lines += self.constraints
        body = ",\n  ".join(lines)
        yield f"CREATE TABLE IF NOT EXISTS {self.name} (\n  {body}\n)"
        for index in self.indexes:
            yield index.sql(self.name)
        for field in self.fields.values():
            if isinstance(field, ForeignKey) or field.fold:
                column = f"{field.name}_fold" if field.fold else field.column
                yield Index(column, column).sql(self.name)

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
