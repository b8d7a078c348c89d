"""``init``: make an instance."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .. import errors
from ..base import display, markers
from ..instance import Instance
from ..lineage import words
from . import finding, output
from .info import facts_of, tell_owner

if TYPE_CHECKING:
    import argparse

STORAGE = "./storage"
EXAMPLES = (
    "init",
    "init --storage ./data --name atlas",
    "init --storage /shared/atlas --db 'postgresql://db.example.org/atlas?schema=lab'",
)
NOTES = """
Where the folder has an instance already, it is connected, and nothing is changed. Other folders join the same database
by the same `--storage` and `--db`. docs/postgresql.md says more of databases on a server.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where, and under which name."""
    parser.add_argument("--storage", metavar="DIR", help=f"folder that keeps data and database ({STORAGE})")
    parser.add_argument("--name", help="what to call the instance (the name of the storage folder)")
    parser.add_argument(
        "--db",
        metavar="URL",
        help="a PostgreSQL database instead of a file, postgresql://[user@]host[:port]/name[?schema=NAME]; no password",
    )
    finding.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make it in the current directory, or say that it is there."""
    known = os.path.isfile(markers.file_of("."))
    instance = _instance(arguments, known)
    tell_owner(instance)
    if arguments.json:
        output.document({"action": "created" if instance.is_new else "connected", **facts_of(instance)})
        return 0
    verb = "made" if instance.is_new else "connected to" if known else "joined"
    display.info(
        words.plain(f"{verb} instance {instance.name!r} in {instance.root}, database {instance.database.path}")
    )
    if not known and markers.is_mine(instance.place):
        display.info("scripts in this folder and below now use it")
    return 0


def _instance(arguments: argparse.Namespace, known: bool) -> Instance:
    storage, url = arguments.storage, arguments.db
    if storage is not None and ("://" in storage or not storage):
        raise errors.InvalidArgument(f"--storage {storage!r} is no folder: name one; it is made if it is not there.")
    if url is not None and "://" not in url:
        raise errors.InvalidArgument(
            f"--db {url!r} is no URL such as postgresql://user@host/name; without --db the database is a file in the storage."
        )
    if not known or storage is not None or url is not None:
        instance = Instance.init(storage=storage or STORAGE, name=arguments.name or None, database=url)
    else:
        instance = Instance.open(os.curdir)
    if known and arguments.name not in (None, instance.name):
        raise errors.Conflict(f"{instance.root} has the instance {instance.name!r} already, which keeps its name.")
    return instance
