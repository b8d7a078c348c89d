"""``settings``: show or change what the instance remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base import display, names
from ..base import settings as environment
from . import finding, output
from .program import Usage

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance

NAMES = ("dev-dir",)
HELP = "dev-dir: keys of scripts are paths relative to this folder"
EXAMPLES = ("settings set dev-dir .", "settings get dev-dir --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """get, set or unset, and the setting; also in the other order."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    for action, sentence in (("get", "print a setting"), ("set", "change it"), ("unset", "remove it")):
        each = actions.add_parser(action, help=sentence, description=f"{sentence[0].upper()}{sentence[1:]}.")
        each.add_argument("name", choices=NAMES, help=HELP, nargs="?" if action == "get" else None)
        if action == "set":
            each.add_argument("value", metavar="PATH", help="an existing folder")
        finding.add_common(each)
    for name in NAMES:
        each = actions.add_parser(name, help=f"the same: {name} get, {name} set PATH, {name} unset", description=HELP)
        each.add_argument("verb", metavar="ACTION", choices=("get", "set", "unset"), nargs="?", default="get")
        each.add_argument("value", metavar="PATH", nargs="?", help="an existing folder, to set")
        finding.add_common(each)


def run(arguments: argparse.Namespace) -> int:
    """Do it, and say what holds now."""
    action = arguments.verb if arguments.action in NAMES else arguments.action
    if arguments.action in NAMES and (action == "set") != (arguments.value is not None):
        raise Usage("a PATH goes with set, and with nothing else")
    instance = finding.opened(arguments.instance)
    if action == "set":
        instance.settings.dev_dir = arguments.value
    elif action == "unset":
        instance.settings.dev_dir = None
    now = instance.settings.dev_dir
    if arguments.json:
        output.document({"dev-dir": now})
    elif action == "get" and now:
        display.show(now)
    else:
        _say(instance)
    return 0


def _say(instance: Instance) -> None:
    now = instance.settings.dev_dir
    display.info(f"dev-dir of {instance.name!r} is {now or 'not set'}")
    if environment.variable("DEV_DIR"):
        display.info(f"{names.ENV_PREFIX}DEV_DIR, which is set, decides")
