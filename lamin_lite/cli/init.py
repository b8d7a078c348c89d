"""``init``: make an instance."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..base import display, names
from ..instance import Instance

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where, and under which name."""
    parser.add_argument(
        "--storage", metavar="DIR", default="./storage", help="folder that keeps data and database (%(default)s)"
    )
    parser.add_argument("--name", help="what to call the instance (the name of the storage folder)")


def run(arguments: argparse.Namespace) -> int:
    """Make it in the current directory, or say that it is there."""
    known = os.path.isfile(os.path.join(names.MARKER_DIR, names.INSTANCE_FILE))
    instance = Instance.init(storage=arguments.storage, name=arguments.name)
    verb = "found" if known else "made"
    display.info(f"{verb} instance {instance.name!r} in {instance.root}, database {instance.database.path}")
    if not known:
        display.info("scripts in this folder and below now use it")
    return 0
