"""``info``: which instance is used here, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import errors
from ..base import display, settings
from . import finding

if TYPE_CHECKING:
    import argparse
    from typing import Any, Optional


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The form of the answer."""
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print it; that there is none is an answer too, unless one was named."""
    facts: Optional[dict[str, Any]] = None
    reason = ""
    try:
        facts = finding.opened(arguments.instance).info()
    except errors.NoInstance as error:
        if arguments.instance or settings.variable("INSTANCE"):
            raise
        reason = str(error)
    if arguments.json:
        import json

        display.show(json.dumps({"instance": None} if facts is None else facts, indent=2))
    else:
        display.show(_table(facts) if facts else f"instance: none\n{reason}")
    return 0


def _table(facts: dict[str, Any]) -> str:
    width = max(map(len, facts)) + 2
    return "\n".join(f"{name + ':':{width}}{_cell(value)}" for name, value in facts.items())


def _cell(value: object) -> str:
    if value is None:
        return "not set"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
