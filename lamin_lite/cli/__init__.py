"""The command line: one file a command, imported when it is called.

Exit codes: 0 done; 1 it could not be done, for the reason that one sentence on standard error gives; 2 wrong usage;
130 interrupted by Ctrl-C; 141 whoever read the output stopped reading, as ``head`` does.

Data goes to standard output, words go to standard error.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Optional

from .. import __version__
from ..base import display
from ..errors import LaminLiteError
from .program import package, program

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

#: command -> what it does; the command is the file of the same name
COMMANDS = {
    "demo": "run a small tracked workflow and show its lineage",
    "init": "make an instance in this folder",
    "info": "show which instance is used here",
    "lineage": "show where a file, run or script came from",
    "describe": "show all that is known of one",
    "reap": "write the end of runs whose process is dead",
    "settings": "show or change settings",
}

OK, FAILED, USAGE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a command; the exit code. ``argv`` is without the program's name, ``sys.argv[1:]`` by default.

    >>> main(["--version"])
    lamin_lite 0.1.0
    0
    """
    try:
        code = _command(list(sys.argv[1:] if argv is None else argv))
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return _failed("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains while it ends
        return PIPE_CLOSED
    except LaminLiteError as error:
        return _failed(" ".join(str(error).split()), FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(f"{where}{error.strerror or error}", FAILED)
    return code


def _failed(sentence: str, code: int) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return code


def _command(argv: list[str]) -> int:
    command = argv[0] if argv and argv[0] in COMMANDS else None
    parser = _parser(command)
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as end:  # argparse has said why
        return end.code if isinstance(end.code, int) else USAGE
    if command is None:
        parser.print_help()
        return OK
    display.attach_handler()
    code: int = _module(command).run(arguments)
    return code


def _parser(command: Optional[str]) -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog=program(),
        description="Data lineage with zero dependencies: which code, params, environment and inputs made this file?",
        epilog="Exit codes: 0 done, 1 not done (one sentence says why), 2 wrong usage, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"{package()} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, sentence in COMMANDS.items():
        each = commands.add_parser(name, help=sentence, description=f"{sentence[0].upper()}{sentence[1:]}.")
        if name == command:
            _module(name).add_arguments(each)
    return parser


def _module(command: str) -> Command:
    from importlib import import_module

    module: Command = import_module(f".{command}", __package__)
    return module


if TYPE_CHECKING:
    from typing import Protocol

    class Command(Protocol):
        """What the file of a command has."""

        def add_arguments(self, parser: argparse.ArgumentParser) -> None:
            """Declare its arguments."""

        def run(self, arguments: argparse.Namespace) -> int:
            """Do it; the exit code."""
