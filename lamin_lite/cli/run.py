"""``run``: a script or program that knows nothing of us, as a tracked run."""

from __future__ import annotations

import argparse
import os
import signal
from typing import TYPE_CHECKING, Optional

from ..base import hashing
from ..models import Artifact
from ..tracking.launch import Launch, Program, Wish
from ..tracking.outputs import key_of
from . import finding, given
from .program import Usage
from .signals import Listening

if TYPE_CHECKING:
    from ..base.proc import Child
    from ..instance import Instance

EXAMPLES = (
    "run --param rate=0.1 --input counts.csv --output 'results/*.csv' analysis.py --fast",
    "run --output aligned.bam -- bash align.sh sample.fastq",
)
NOTES = """
The script, or after -- the program, is executed as the shell would do it, and what it and its children print is kept
as the report. Its exit code is that of the command; after a signal it is 128 and the number of the signal. Our options
stand before the script, its own behind it. Outputs are saved if it ends well; the command ends with 1 if one of them is
missing or was not written anew. A script that calls ln.track() itself makes its own run, and no second one is made.
"""
FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to run, and what is to be known of it."""
    parser.add_argument("--key", metavar="KEY", help="key of the transform (the name of the file)")
    parser.add_argument("--project", metavar="NAME", help="project of the run and of all that it makes")
    sentence = "a param of the run, JSON or text; may be repeated"
    parser.add_argument("--param", metavar="NAME=VALUE", action="append", type=given.pair, default=[], help=sentence)
    sentence = "a file, or the key of an artifact, that it reads; may be repeated"
    parser.add_argument("--input", metavar="PATH", action="append", default=[], help=sentence)
    sentence = "a file or folder that it writes, or a quoted pattern such as 'results/*.csv'; may be repeated"
    parser.add_argument("--output", metavar="PATH", action="append", default=[], help=sentence)
    finding.add_instance(parser)
    sentence = "script.py and its arguments, or -- and any program with its arguments"
    parser.add_argument("command", metavar="COMMAND", nargs=argparse.REMAINDER, help=sentence)


def run(arguments: argparse.Namespace) -> int:
    """Run it; its exit code."""
    words = arguments.command
    is_program = words[:1] == ["--"]
    words = words[1:] if is_program else words
    if not words:
        raise Usage("name a script, or -- and a program")
    instance = finding.opened(arguments.instance)
    program = Program.command(words) if is_program else Program.script(words)
    wish = Wish(
        key=arguments.key,
        project=arguments.project,
        params={name: given.value(text) for name, text in arguments.param},
        inputs=[(each, _input(instance, each)) for each in arguments.input],
        outputs=arguments.output,
    )
    launch = Launch(instance, program, wish)
    handing = _Handing()
    with Listening(FORWARDED, handing.heard):
        return launch.execute(handing.to)


def _input(instance: Instance, wanted: str) -> Artifact:
    """The artifact that holds a file, saved if there is none; else the one that is called so."""
    if not os.path.exists(wanted):
        found: Artifact = finding.record(instance, wanted, Artifact)
        return found
    same: Optional[Artifact] = None
    if os.path.isfile(wanted):
        with_hash = instance.Artifact.filter(hash=hashing.of_file(wanted)[0]).order_by("is_latest", "id")
        same = with_hash.filter(key=key_of(wanted)).last() or with_hash.last()
    return same or instance.Artifact(wanted, key=key_of(wanted), run=False).save()


class _Handing:
    """Hands signals on to the program, so that what ends this command ends it in its own way."""

    def __init__(self) -> None:
        self._child: Optional[Child] = None
        self._early: list[int] = []

    def heard(self, number: int, _: object) -> None:
        """Hand it on, now or as soon as there is a program."""
        if number == signal.SIGINT and _is_in_foreground():
            return  # Ctrl-C reaches the program too
        if self._child is None:
            self._early.append(number)
        else:
            self._child.send_signal(number)

    def to(self, child: Child) -> None:
        """To this program."""
        self._child = child
        for number in self._early:
            child.send_signal(number)


def _is_in_foreground() -> bool:
    """Whether Ctrl-C reaches the program from the terminal itself."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except (OSError, AttributeError):
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
