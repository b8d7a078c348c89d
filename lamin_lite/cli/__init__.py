"""The command line: one file a command, imported when it is called.

Exit codes: 0 done; 1 it could not be done, for the reason that one sentence on standard error gives; 2 wrong usage;
130 interrupted by Ctrl-C; 141 whoever read the output stopped reading, as ``head`` does.

Data goes to standard output, words go to standard error. With ``--json`` standard output is one JSON document, in
ASCII; where a command fails it is empty.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Optional

from .. import __version__
from ..base import display
from ..errors import LaminLiteError
from .program import Usage, package, program

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

#: command -> what it does; the command is the file of the same name
COMMANDS = {
    "demo": "run a small tracked workflow and show its lineage",
    "init": "make an instance in this folder",
    "info": "show which instance is used here",
    "settings": "show or change settings",
    "lineage": "show where a file, run or script came from",
    "describe": "show all that is known of a row: file, script, run, project, ...",
    "get": "show the fields of a row",
    "list": "show the rows of a registry that meet conditions",
    "search": "find rows by a part of their key, name or description",
    "create": "make a project, record, feature, label or other row",
    "update": "change fields of a row",
    "annotate": "add labels and values of features to a row, or remove them",
    "delete": "move a row to the trash, or remove it for ever",
    "restore": "bring a row back from the trash",
    "reap": "write the end of runs whose process is dead",
}
_FILES = {"list": "list_"}  # a module `list` would hide the builtin from this package

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
        return _failed(str(error), FAILED)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _failed(f"{where}{error.strerror or error}", FAILED)
    return code


def _failed(sentence: str, code: int) -> int:
    from ..lineage.words import plain

    print(f"error: {plain(' '.join(sentence.split()))}", file=sys.stderr)
    return code


def _command(argv: list[str]) -> int:
    command = argv[0] if argv and argv[0] in COMMANDS else None
    parser = parser_of(command) if command else _overview()
    try:
        arguments = _parsed(parser, argv[1:] if command else argv)
        if command is None:
            return _without_command(parser, arguments.command)
        display.attach_handler()
        return _module(command).run(arguments)
    except Usage as error:
        print(f"{parser.format_usage()}{parser.prog}: error: {error}", file=sys.stderr)
        return USAGE
    except SystemExit as end:  # argparse has said why
        return end.code if isinstance(end.code, int) else USAGE


def _parsed(parser: argparse.ArgumentParser, argv: list[str]) -> argparse.Namespace:
    """Options may stand between the positional arguments, except where there are sub-commands."""
    words = _joined(argv)
    try:
        return parser.parse_intermixed_args(words)
    except TypeError:
        return parser.parse_args(words)


def _joined(argv: list[str]) -> list[str]:
    """``--order-by -key`` as ``--order-by=-key``, which argparse takes for an option otherwise."""
    words: list[str] = []
    for word in argv:
        if words and words[-1] == "--order-by" and not word.startswith("--"):
            words[-1] += f"={word}"
        else:
            words.append(word)
    return words


def _without_command(parser: argparse.ArgumentParser, words: list[str]) -> int:
    if not words:
        parser.print_help()
        return OK
    from ..sql.lookups import nearest

    near = nearest(words[0], COMMANDS)
    hint = f"did you mean {near!r}?" if near else f"{program()} --help lists all."
    raise Usage(f"there is no command {words[0]!r}: {hint}")


def _overview() -> argparse.ArgumentParser:
    import argparse

    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:{width}}{sentence}" for name, sentence in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog=program(),
        usage="%(prog)s [--help] [--version] COMMAND ...",
        description="\n".join(["Data lineage with zero dependencies: what made this file, and from what?\n", *lines]),
        epilog="COMMAND --help says more. Exit codes: 0 done, 1 not done (one sentence says\n"
        "why), 2 wrong usage, 130 interrupted.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    parser.add_argument("-h", "--help", action="help", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"{package()} {__version__}", help=argparse.SUPPRESS)
    parser.add_argument("command", nargs="*", help=argparse.SUPPRESS)
    return parser


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of a command's arguments."""
    import argparse
    import textwrap

    sentence, module = COMMANDS[command], _module(command)
    examples = [f"  {program()} {each}" for each in getattr(module, "EXAMPLES", ())]
    notes = textwrap.fill(getattr(module, "NOTES", "").strip(), 79)
    parser = argparse.ArgumentParser(
        prog=f"{program()} {command}",
        description=f"{sentence[0].upper()}{sentence[1:]}.",
        epilog="\n".join([*([notes, ""] if notes else []), *(["examples:"] if examples else []), *examples]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return parser


def _module(command: str) -> Command:
    from importlib import import_module

    module: Command = import_module(f".{_FILES.get(command, command)}", __package__)
    return module


if TYPE_CHECKING:
    from typing import Protocol

    class Command(Protocol):
        """What the file of a command has; also ``EXAMPLES`` and ``NOTES``, where there is something to say."""

        def add_arguments(self, parser: argparse.ArgumentParser) -> None:
            """Declare its arguments."""

        def run(self, arguments: argparse.Namespace) -> int:
            """Do it; the exit code."""
