"""``demo``: a small tracked workflow, from nothing to its lineage, in a folder of its own."""

from __future__ import annotations

import os
import runpy
import sys
from typing import TYPE_CHECKING

from .. import errors
from ..base import display
from ..instance import Instance
from ..models import session
from . import demo_files
from .program import home, package, python

if TYPE_CHECKING:
    import argparse
    from typing import Optional

ARGUMENTS = ["--min-length", "12"]
RESULT = "summary.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to make it."""
    parser.add_argument("--dir", metavar="DIR", help="a new or empty folder (a temporary one)")


def run(arguments: argparse.Namespace) -> int:
    """Write the files, run the script on them as a user would, and show what was recorded."""
    folder = _folder(arguments.dir)
    demo_files.write(folder, package())
    instance = Instance.init(folder, storage="data")
    display.show(f"In {folder}, a new instance, with two small data files and a script:\n")
    display.show(f"$ python {demo_files.SCRIPT} {' '.join(ARGUMENTS)}")
    sys.stdout.flush()
    _run_script(instance)
    artifact = instance.Artifact.get(key=RESULT)
    _heading(f"What {RESULT} says, and where it came from")
    display.show(artifact.path.read_text(encoding="utf-8").strip() + "\n")
    artifact.view_lineage(with_children=False)
    _heading("The run of the workflow")
    assert artifact.run is not None
    (artifact.run.initiated_by_run or artifact.run).describe()
    _heading("Where to look next")
    display.show(_next(folder))
    return 0


def _folder(wish: Optional[str]) -> str:
    if wish is None:
        import tempfile

        return os.path.realpath(tempfile.mkdtemp(prefix="lamin-lite-demo-"))
    folder = os.path.abspath(wish)
    os.makedirs(folder, exist_ok=True)
    if os.listdir(folder):
        raise errors.InvalidArgument(f"{folder} is not empty: name a new folder, so that the demo changes nothing.")
    return folder


def _run_script(instance: Instance) -> None:
    """Run the script in this process, which works from a zip file and under any name of the package too."""
    before, argv = os.getcwd(), sys.argv
    os.chdir(instance.root)
    sys.argv = [demo_files.SCRIPT, *ARGUMENTS]
    try:
        with session.using(instance), session.running(None):
            runpy.run_path(os.path.join(instance.root, demo_files.SCRIPT), run_name="__main__")
    finally:
        sys.argv = argv
        os.chdir(before)


def _heading(text: str) -> None:
    display.show(f"\n{text}\n{'─' * len(text)}")


def _next(folder: str) -> str:
    import shlex

    place, again = f"cd {shlex.quote(folder)}", f"{python()} {demo_files.SCRIPT} --min-length 20"
    if "-packages" not in home():  # not installed, so Python must be told where it is
        place += f" && export PYTHONPATH={shlex.quote(home())}"
    command = f"{python()} -m {package()}"
    lines = [
        ("go there", place),
        ("what was made from a file", f"{command} lineage samples.csv"),
        ("the script: its runs, its source", f"{command} describe {demo_files.SCRIPT}"),
        ("the instance", f"{command} info"),
        (f"other params: another run, another version of {RESULT}", again),
    ]
    return "\n".join(f"# {why}\n{line}" for why, line in lines)
