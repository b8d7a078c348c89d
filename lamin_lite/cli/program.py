"""How this program was called, and so how to call it again."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    import argparse


class Usage(Exception):
    """Arguments that do not go together; the command ends with exit code 2. ``parser``: whose usage is shown."""

    def __init__(self, message: str, parser: Optional[argparse.ArgumentParser] = None) -> None:
        super().__init__(message)
        self.parser = parser


def package() -> str:
    """The name of the package as it is installed, vendored or zipped."""
    return (__package__ or "").rpartition(".")[0]


def program() -> str:
    """The command as help shows it: ``python -m <package>``, the script that pip installed, or the zip file."""
    called = sys.argv[0] if sys.argv else ""
    name = os.path.basename(called).partition(".exe")[0]
    if name == package().replace("_", "-"):
        return name
    if _is_archive():
        return f"python {called}"
    return f"python -m {package()}"


def command_line(*words: str) -> str:
    """A call of this program, quoted as a shell needs it."""
    import shlex

    return " ".join([program(), *map(shlex.quote, words)])


def _is_archive() -> bool:
    """Whether this very code was loaded from the zip file that was called."""
    called = sys.argv[0] if sys.argv else ""
    return os.path.isfile(called) and os.path.abspath(__file__).startswith(os.path.abspath(called) + os.sep)


def python() -> str:
    """The interpreter that runs this: by its short name if the shell finds the same one by it."""
    import shutil

    for name in (os.path.basename(sys.executable), "python"):
        found = shutil.which(name)
        if found and os.path.realpath(found) == os.path.realpath(sys.executable):
            return name
    return _quoted(sys.executable) if sys.executable else "python"


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)


def home() -> str:
    """The folder or archive from which the package is imported, as ``PYTHONPATH`` takes it."""
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for _ in package().split("."):
        folder = os.path.dirname(folder)
    return folder
