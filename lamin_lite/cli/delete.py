"""``delete``: move a row to the trash, or remove it for ever."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .. import errors
from ..base import display
from ..lineage import words
from . import finding, output, registries
from .program import Usage, command_line

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("delete a.csv", "delete ulabel checked --permanent --yes")
NOTES = """
What refers to a row stops its removal and is named; `--force` takes the row out of what can be without it.
What is in the trash comes back by `restore`, so nothing is asked. `--permanent` asks in a terminal; elsewhere it needs
`--yes`, and finds what is in the trash too.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row, and how far it goes."""
    finding.add_arguments(parser)
    parser.add_argument("--permanent", action="store_true", help="remove it for ever, not to the trash")
    parser.add_argument("--force", action="store_true", help="with --permanent: take it out of what refers to it")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say how it is undone."""
    instance = finding.opened(arguments.instance)
    row = _found(instance, arguments)
    if arguments.force and not arguments.permanent:
        raise Usage("--force goes with --permanent")
    called, before = registries.called(row), output.facts(instance, [row])[0]
    if not arguments.permanent:
        row.delete()
        undone = command_line("restore", registries.title(row))
        output.done(instance, row, "trashed", f"{called} is in the trash: `{undone}` brings it back", as_json=arguments.json)  # fmt: skip
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


def _found(instance: Any, arguments: argparse.Namespace) -> Any:
    try:
        return finding.record(instance, arguments.what, arguments.registry)
    except errors.DoesNotExist:
        if not arguments.permanent:
            raise
        try:
            return finding.record(instance, arguments.what, arguments.registry, trashed=True)
        except errors.DoesNotExist:
            pass
        raise


def _confirmed(called: str) -> bool:
    """Ask once; only somebody at a terminal can be asked."""
    if not (sys.stdin and sys.stderr and sys.stdin.isatty() and sys.stderr.isatty()):
        raise errors.InvalidArgument(f"{called} would be gone for ever: say so with --yes.")
    print(words.plain(f"Remove {called} for ever? [y/N]"), end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
