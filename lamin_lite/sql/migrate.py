"""The version of the tables: made on first use, checked at each opening."""

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
    database.prepare()
    every = list(tables)
    with database.write("create the tables") as tx:
        tx.execute(META)
        for table in every:
            for statement in table.statements(database.dialect):
                tx.execute(statement)
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
            for statement in (each for table in every for each in table.references(database.dialect)):
                tx.execute(statement)
            seed(tx)
    return new


def check(database: Database) -> str:
    """The uid of the instance; raises `NewerSchema` where this version must not read it, at a write where not write.

    ``min_reader`` and ``min_writer`` let a newer version add what an older one may ignore.
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
    return str(instance)
