"""The command line: one file a command, imported when it is called.

Exit codes: 0 done; 1 it could not be done, for the reason that one sentence on standard error gives; 2 wrong usage;
70 a fault of this program; 130 interrupted by Ctrl-C; 141 whoever read the output stopped reading, as ``head`` does.

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
    "connect": "use an instance elsewhere in this folder",
    "disconnect": "take back what connect did; no data is touched",
    "settings": "show or change settings",
    "save": "keep a file or folder, or the source of a script or notebook",
    "load": "write what is stored into files here",
    "lineage": "show where a file, run or script came from",
    "diff": "show what differs between two runs",
    "describe": "show all that is known of a row, such as a file, run or project",
    "get": "show the fields of a row",
    "list": "show the rows of a registry that meet conditions",
    "search": "find rows by a part of their key, name or description",
    "create": "make a project, record, feature, label or other row",
    "update": "change fields of a row",
    "annotate": "add labels and values of features to a row, or remove them",
    "archive": "put a row aside: hidden like the trash, but kept on purpose",
    "delete": "move a row to the trash, or remove it for ever",
    "restore": "bring a row back from the trash or the archive",
    "run": "run a script or program as a tracked run, without changing it",
    "rerun": "repeat a run, and tell whether it makes the same",
    "reap": "write the end of runs whose process is dead",
}
_FILES = {"list": "list_"}  # a module `list` would hide the builtin from this package

OK, FAILED, USAGE, FAULT, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 70, 130, 141


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
        return _failed(_of_system(error), FAILED)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        what = f"{type(error).__name__}: {error}"
        return _failed(f"a fault of {package()} itself ({what}): python -X dev -m {package()} shows where.", FAULT)
    return code


def _of_system(error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not error.filename:  # of getcwd
        return "The current directory is not there any more: go to another one."
    return f"{error.filename}: {error.strerror or error}" if error.filename else str(error.strerror or error)


def _failed(sentence: str, code: int) -> int:
    _say(f"error: {_plain(_in_commands(sentence))}")
    return code


def _in_commands(sentence: str) -> str:
    from .wording import for_commands

    return for_commands(sentence)


def _plain(text: str) -> str:
    """One line; of a list of problems one line each."""
    from ..lineage.words import plain

    return "\n- ".join(plain(" ".join(each.split())) for each in text.split("\n- "))


def _say(text: str) -> None:
    """Write words to standard error; where it is closed or full, there is nobody to tell."""
    import contextlib

    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


def _command(argv: list[str]) -> int:
    command = argv[0] if argv and argv[0] in COMMANDS else None
    parser = parser_of(command) if command else _overview()
    try:
        arguments = _parsed(parser, argv[1:] if command else argv)
        if command is None:
            return _without_command(parser, arguments.command)
        display.attach_handler()
        with display.worded(_in_commands):
            return _module(command).run(arguments)
    except Usage as error:
        blamed = error.parser or parser
        _say(f"{blamed.format_usage()}{blamed.prog}: error: {_plain(str(error))}")
        return USAGE
    except SystemExit as end:  # --help and --version
        return end.code if isinstance(end.code, int) else USAGE


def _parsed(parser: argparse.ArgumentParser, argv: list[str]) -> argparse.Namespace:
    """Options may stand between the positional arguments, except where there are sub-commands or ``--``."""
    words = _joined(argv) if "--order-by" in parser.format_usage() else argv
    if "--" in words:  # which intermixed parsing takes away twice
        return parser.parse_args(words)
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

    from .parsing import Parser

    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name:{width}}{sentence}" for name, sentence in COMMANDS.items()]
    parser = Parser(
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

    from .parsing import Parser

    sentence, module = COMMANDS[command], _module(command)
    examples = [f"  {program()} {each}" for each in getattr(module, "EXAMPLES", ())]
    notes = textwrap.fill(getattr(module, "NOTES", "").strip(), 79)
    parser = Parser(
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
