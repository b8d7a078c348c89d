"""``disconnect``: take back what ``connect`` did."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..base import display
from ..instance import unpoint
from ..lineage import words
from . import finding, output

if TYPE_CHECKING:
    import argparse

NOTES = """
Only the marker that `connect` wrote into this folder is removed: the instance and its data stay where they are.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The form of the answer."""
    finding.add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Remove the marker, and say which instance was used."""
    there = unpoint(os.curdir)
    if arguments.json:
        output.document({"action": "disconnected", "instance": there})
    else:
        display.info(words.plain(f"{os.getcwd()} no longer uses the instance in {there}, which stays as it is"))
    return 0
