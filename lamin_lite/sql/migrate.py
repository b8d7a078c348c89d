"""The version of the tables: made on first use, checked at each opening, upgraded where they are older.

A step from one version to the next adds tables, indexes and columns that may be null, nothing else: a copy of the
package that is older goes on reading and writing, as copies of several versions share an instance.
"""

from __future__ import annotations

from .. import errors
from ..base import names
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .database import Database, Transaction
    from .schema import Table

META = (
    "CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), schema INTEGER NOT NULL, "
    "min_reader INTEGER NOT NULL, min_writer INTEGER NOT NULL, instance TEXT NOT NULL, made_by TEXT NOT NULL)"
)


def create(
    database: Database, tables: Iterable[Table], instance_uid: str, version: str, seed: Callable[[Transaction], None]
) -> bool:
    """Make the tables, and say whether they are new; many processes may do so at once."""
    if database.is_made():
        return False  # who joins a database needs no right to make tables in it
    database.prepare()
    every = list(tables)
    with database.write("create the tables") as tx:
        tx.execute(META)
        tx.execute_all(statement for table in every for statement in table.statements(database.dialect))
        row = {
            "id": 1,
            "schema": names.SCHEMA,
            "min_reader": 1,
            "min_writer": 1,
            "instance": instance_uid,
            "made_by": version,
        }
        new = tx.insert_new("meta", row)
        if new:
            tx.execute_all(
                statement for table in every for statement in table.references(database.dialect, table.fields.values())
            )
            seed(tx)
    return new


def check(database: Database, tables: Iterable[Table]) -> str:
    """The uid of the instance, whose tables are upgraded if they are older.

    Raises `NewerSchema` where this version must not read it, at a write where not write: ``min_reader`` and
    ``min_writer`` let a newer version add what an older one may ignore. Raises `ReadOnly` if it cannot be upgraded.
    """
    row = database.one("SELECT schema, min_reader, min_writer, instance, made_by FROM meta WHERE id = 1")
    if row is None:
        raise errors.NotADatabase(f"{database.path} was never finished: remove it, then `init` again.")
    schema, min_reader, min_writer, instance, made_by = row
    newer = errors.NewerSchema(
        f"{database.path} has schema {schema}, written by lamin_lite {made_by}; this copy knows schema "
        f"{names.SCHEMA}: upgrade lamin_lite to {'use' if min_reader > names.SCHEMA else 'write to'} this instance."
    )
    if min_reader > names.SCHEMA:
        raise newer
    if min_writer > names.SCHEMA:
        database.refusal = str(newer)
    if schema < names.SCHEMA:
        _upgrade(database, list(tables))
    database.instance = str(instance)
    return database.instance


def _upgrade(database: Database, tables: list[Table]) -> None:
    """Add what is missing, in one transaction; many processes may do so at once."""
    if database.readonly:
        raise errors.ReadOnly(
            f"{database.path} was made by an older version and cannot be upgraded, as this user may not write it: "
            "copy the instance to a folder of your own, or open it once as a user who may."
        )
    with database.write("upgrade the tables") as tx:
        if tx.one("SELECT 1 FROM meta WHERE schema >= ?", [names.SCHEMA]) is not None:
            return
        known = {str(name) for (name,) in tx.read(database.dialect.tables)}
        references = [statement for table in tables for statement in _completed(tx, table, table.name in known)]
        for statement in references:
            tx.execute(statement)
        tx.execute("UPDATE meta SET schema = ? WHERE id = 1", [names.SCHEMA])


def _completed(tx: Transaction, table: Table, known: bool) -> list[str]:
    """Make the table, or what is missing in it; the statements that are to follow when all tables are there."""
    dialect = tx.database.dialect
    made, *indexes = table.statements(dialect)
    fields = list(table.fields.values())
    if known:
        there = tx.columns(table.name)
        fields = [field for field in fields if field.column not in there]
        lines = [
            f"ALTER TABLE {table.name} ADD COLUMN {line}" for field in fields for line in table.column(field, dialect)
        ]
    else:
        lines = [made]
    for statement in [*lines, *indexes]:
        tx.execute(statement)
    return [*table.references(dialect, fields)]
