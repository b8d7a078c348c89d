"""A new instance: its tables with the rows that each has, and the mark of its main storage."""

from __future__ import annotations

import os

from .. import errors
from ..base import clock, settings, uids
from ..base._typing import TYPE_CHECKING
from ..sql import migrate
from ..storage.marks import mark, marked_instance, marked_uid
from . import TABLES

if TYPE_CHECKING:
    from typing import Optional

    from ..sql.database import Database, Transaction


def check_place(main: str, file: Optional[str]) -> None:
    """Raise unless a folder can be the main storage; ``file``: where its database lies, if that is in a file."""
    if os.path.exists(main) and not os.path.isdir(main):
        raise errors.InvalidArgument(f"--storage {main} is a file: name a folder.")
    if file is not None and marked_uid(main) is not None and not os.path.exists(file):  # in this order, for races
        raise errors.Conflict(
            f"{main} is a storage already, of an instance whose database is not there ({file}): put that back from a "
            "backup, or name another folder."
        )


def made(database: Database, main: str) -> tuple[str, bool]:
    """Make the tables and mark the main storage, or check both; the uid of the instance, and whether it is new."""
    if "://" in database.path:
        _check_server(database, main)
    uid, storage_uid = uids.random_uid(12), uids.random_uid(12)
    new = migrate.create(database, TABLES, uid, _version(), lambda tx: _seed(tx, storage_uid))
    uid = migrate.check(database, TABLES)
    if _main_storage(database)[1] is not None:
        _settle(database, main, uid)
    else:
        with database.write("mark the storage") as tx:  # inside, so that of several folders one gets the mark
            _settle(database, main, uid)
            tx.execute("UPDATE storage SET instance_uid = ? WHERE root = '.' AND instance_uid IS NULL", [uid])
    return uid, new


def _check_server(database: Database, main: str) -> None:
    """The tables on a server are there before the mark is, so a marked folder is one of theirs or of another instance."""
    owner = marked_instance(main)
    if not database.is_made() and owner is not None:
        raise errors.Conflict(
            f"{main} is the storage of the instance {owner}, whose tables are not in {database.path}: name their "
            "database, or another folder as the storage."
        )


def _seed(tx: Transaction, storage_uid: str) -> None:
    """The rows that every instance has; the storage says of which instance it is once it is marked."""
    now = clock.now()
    for number, name in ((1, "main"), (0, "archive"), (-1, "trash")):
        tx.insert("branch", {"id": number, "uid": f"{name:0<12}", "name": name, "created_at": now})
    tx.insert("space", {"id": 1, "uid": "a" * 12, "name": "all", "created_at": now})
    user = {"uid": uids.random_uid(8), "handle": settings.login_name(), "created_at": now}
    storage = {
        "uid": storage_uid,
        "root": ".",
        "type": "local",
        "created_at": now,
        "updated_at": now,
        "is_locked": False,
        "branch_id": 1,
        "space_id": 1,
        "created_by_id": tx.insert("users", user),
    }
    tx.insert("storage", storage)


def _main_storage(database: Database) -> tuple[str, Optional[str]]:
    """The uid of the main storage, and of its instance once it was marked."""
    uid, owner = database.one("SELECT uid, instance_uid FROM storage WHERE root = '.'") or ("", "")
    return uid, owner


def _settle(database: Database, main: str, uid: str) -> None:
    """Mark the folder as the main storage; raise `Conflict` if another one is, or if this one is another's."""
    known, owner = _main_storage(database)
    is_first = owner is None or "://" not in database.path  # what a file lies in is its storage, even without a mark
    if marked_uid(main) not in (known, *([None] if is_first else [])):
        raise errors.Conflict(
            f"{database.path} belongs to the storage {known}, which {main} is not: name that one as the storage."
        )
    mark(main, known, uid)


def _version() -> str:
    """That of this copy of the package, under whatever name."""
    import sys

    package = sys.modules.get((__package__ or "").rpartition(".")[0])
    return str(getattr(package, "__version__", "unknown"))
