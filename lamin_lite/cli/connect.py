"""``connect``: use an instance that is elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .. import errors
from ..base import display, names
from ..instance import point
from ..lineage import words
from . import finding, output
from .info import facts_of, tell_owner
from .program import command_line

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("connect ../atlas", "connect /shared/atlas --json")
NOTES = f"""
This folder, and those below it, then use that instance: what is saved here is saved there.
`{names.MARKER_DIR}/{names.INSTANCE_FILE}` says so, and may have a `dev-dir` of its own; `disconnect` removes it. An instance is named by its path, as there is no
list of names.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which instance."""
    parser.add_argument("path", metavar="PATH", help="folder of the instance, or of its storage")
    finding.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the marker, and say what is used now."""
    path = arguments.path
    if "://" in path:
        made = command_line("init", "--storage", "DIR", "--db", path)
        raise errors.InvalidArgument(f"{path} is a URL: name a folder, or join a database by `{made}`.")
    if not os.path.exists(path):
        raise _missing(path)
    instance, new = point(os.curdir, path)
    tell_owner(instance)
    if arguments.json:
        output.document({"action": "connected" if new else "unchanged", **facts_of(instance)})
        return 0
    here = os.getcwd()
    sentence = "now uses" if new else "already uses"
    display.info(words.plain(f"{here} {sentence} the instance {instance.name!r} in {instance.root}"))
    return 0


def _missing(path: str) -> errors.NoInstance:
    owner, slash, name = path.partition("/")
    is_slug = slash and owner.strip(".") and name and "/" not in name
    named = " Instances are named by their paths: `owner/name` means nothing here." if is_slug else ""
    return errors.NoInstance(f"There is no folder {path!r}: name that of an existing instance.{named}")
