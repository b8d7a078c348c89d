"""``info``: which instance is used here, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import errors
from ..base import display, markers, names, settings
from ..lineage import words
from ..tracking.settings import settings as process
from . import finding, output
from .wording import for_commands

if TYPE_CHECKING:
    import argparse
    from typing import Any, Optional

    from ..instance import Instance


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The form of the answer."""
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print it; that there is none is an answer too, unless one was named."""
    facts: Optional[dict[str, Any]] = None
    reason = ""
    try:
        facts = facts_of(finding.opened(arguments.instance))
    except errors.NoInstance as error:
        if arguments.instance or settings.variable("INSTANCE"):
            raise
        reason = for_commands(str(error))
    if arguments.json:
        output.document({"instance": None} if facts is None else facts)
    else:
        display.show(_table(facts) if facts else f"instance: none\n{reason}")
    return 0


def facts_of(instance: Instance) -> dict[str, Any]:
    """What is in use in an instance, and in this process."""
    return {**instance.info(), "git sync": process.sync_git_repo}


def _table(facts: dict[str, Any]) -> str:
    width = max(map(len, facts)) + 2
    return "\n".join(f"{name + ':':{width}}{_cell(value)}" for name, value in facts.items())


def _cell(value: object) -> str:
    if value is None:
        return "not set"
    return words.plain(", ".join(map(str, value)) if isinstance(value, list) else value)


def tell_owner(instance: Instance) -> None:
    """Say how an instance is used whose marker belongs to another owner, as it is not found unasked."""
    if not markers.is_mine(instance.place):
        display.warning(
            words.plain(
                f"{instance.place} belongs to another owner, so this user finds its instance only by `--instance PATH` or "
                f"{names.ENV_PREFIX}INSTANCE"
            )
        )
