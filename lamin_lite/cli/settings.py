"""``settings``: show or change what the instance remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base import display, names
from ..base import settings as environment
from . import finding, output

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance

NAMES = ("dev-dir",)
EXAMPLES = ("settings set dev-dir .", "settings get dev-dir --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """get, set or unset, and the setting."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    for action, sentence in (("get", "print a setting"), ("set", "change it"), ("unset", "remove it")):
        each = actions.add_parser(action, help=sentence, description=f"{sentence[0].upper()}{sentence[1:]}.")
        each.add_argument("name", choices=NAMES, help="dev-dir: keys of scripts are paths relative to this folder")
        if action == "set":
            each.add_argument("value", metavar="PATH", help="an existing folder")
        finding.add_common(each)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say what holds now."""
    instance = finding.opened(arguments.instance)
    if arguments.action == "set":
        instance.settings.dev_dir = arguments.value
    elif arguments.action == "unset":
        instance.settings.dev_dir = None
    now = instance.settings.dev_dir
    if arguments.json:
        output.document({"dev-dir": now})
    elif arguments.action == "get" and now:
        display.show(now)
    else:
        _say(instance)
    return 0


def _say(instance: Instance) -> None:
    now = instance.settings.dev_dir
    display.info(f"dev-dir of {instance.name!r} is {now or 'not set'}")
    if environment.variable("DEV_DIR"):
        display.info(f"{names.ENV_PREFIX}DEV_DIR, which is set, decides")
