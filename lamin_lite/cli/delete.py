"""``delete``: move a row to the trash, or remove it for ever."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .. import errors
from ..base import display
from ..lineage import words
from ..models.base import ARCHIVE
from . import finding, output, registries
from .program import Usage

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("delete a.csv", "delete ulabel checked --permanent --yes")
NOTES = """
What is in the trash comes back by `restore`, so nothing is asked. `--permanent` removes the row for ever; it asks in a
terminal, needs `--yes` elsewhere, and finds what is in the trash too. What refers to the row stops its removal and is
named; `--force` takes the row out of what can be without it. The bytes of an artifact stay in the storage, as other
rows may have the same ones.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row, and how far it goes."""
    finding.add_arguments(parser)
    parser.add_argument("--permanent", action="store_true", help="remove the row for ever; stored bytes stay")
    parser.add_argument("--force", action="store_true", help="with --permanent: take it out of what refers to it")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say how it is undone."""
    if arguments.force and not arguments.permanent:
        raise Usage("--force goes with --permanent")
    instance, row = _found(arguments)
    called, before = registries.called(row), output.facts(instance, [row])[0]
    if not arguments.permanent:
        row.delete()
        sentence = f"{called} is in the trash: `{finding.again('restore', row)}` brings it back"
        output.done(instance, row, "trashed", sentence, as_json=arguments.json)
        return 0
    if not (arguments.yes or _confirmed(called)):
        display.info("nothing was deleted")
        return 1
    row.delete(permanent=True, force=arguments.force)
    if arguments.json:
        output.document({"action": "deleted", "record": before})
    else:
        display.info(words.plain(f"{called} is gone for ever"))
    return 0


def _found(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """What is in the archive can be moved to the trash, and what is in either be removed for ever."""
    try:
        return finding.of(arguments)
    except errors.DoesNotExist:
        try:
            return finding.of(arguments, finding.PUT_AWAY if arguments.permanent else (ARCHIVE,))
        except errors.DoesNotExist:
            pass
        raise


def _confirmed(called: str) -> bool:
    """Ask once; only somebody at a terminal can be asked."""
    if not (sys.stdin and sys.stderr and sys.stdin.isatty() and sys.stderr.isatty()):
        raise errors.InvalidArgument(f"{called} would be gone for ever: say so with --yes.")
    print(words.plain(f"Remove {called} for ever? [y/N]"), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
