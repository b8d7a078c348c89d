"""``rerun``: repeat a run, and tell whether it makes the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Optional

from .. import errors
from ..base import display, settings, uids
from ..base.proc import Child
from ..capture import streams
from ..lineage import repeat, words
from ..lineage.compare import SHORT
from ..tracking import liveness
from ..tracking.opened import COMPLETED
from ..tracking.recorded import source_bytes
from . import diff, finding, output
from .program import Usage, command_line, home, package
from .signals import ENDING, Listening, end
from .wording import for_commands

if TYPE_CHECKING:
    import argparse

    from ..lineage.repeat import Plan, Verdict
    from ..models import Run

EXAMPLES = ("rerun 5kQ2", "rerun --key my_script.py --current", "rerun results/table.csv --timeout 600")
NOTES = """
The source that the run had is executed with its arguments in an empty temporary folder, by this Python with these
packages; what differs from then is named. It is a tracked run of its own, and its outputs are compared with those of
the run by key and hash: exit code 0 if all are the same, 1 if not or if it could not be repeated. Files that a script
opens without lamin_lite are not known, and so not there. A run of a step is repeated by repeating the script or flow
that it belongs to.
"""
NOT_SAME = 1
TAIL = 20  #: lines of its output that are shown if it fails
MOST = 1 << 16  #: bytes of its output that are kept for that


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and how."""
    parser.add_argument("run", metavar="RUN", nargs="?", help="uid of a run, or key of an artifact or transform")
    parser.add_argument("--key", metavar="KEY", help="instead of RUN: the latest run of this transform")
    parser.add_argument("--current", action="store_true", help="execute the code as it is now, not as it was")
    parser.add_argument("--keep", action="store_true", help="leave the temporary folder where it is, and name it")
    parser.add_argument("--timeout", metavar="SECONDS", type=_seconds, help="give up after this time")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Repeat it, and print a line for each output."""
    if (arguments.run is None) == (arguments.key is None):
        raise Usage("name a run, or --key of a transform")
    instance = finding.opened(arguments.instance)
    named = diff.run_of if arguments.key is None else diff.run_of_key
    asked = named(instance, arguments.run or arguments.key, repetitions=False)
    root = repeat.root_of(asked)
    plan = repeat.plan(root, package(), source_bytes, current=arguments.current)
    _announce(asked, plan)
    found = _repeated(plan, arguments.timeout, arguments.keep)
    if arguments.json:
        output.document(_document(found))
    else:
        _show(found)
    return 0 if found.is_same else NOT_SAME


def _announce(asked: Run, plan: Plan) -> None:
    root = plan.run
    if root.uid != asked.uid:
        display.info(f"Run({asked.uid!r}) is a part of Run({root.uid!r}), which is repeated as a whole")
    for warning in plan.warnings:
        display.warning(words.plain(for_commands(warning)))
    function = f": {root.entrypoint}" if root.entrypoint else ""
    is_program = ((root.extra_data or {}).get("launch") or {}).get("argv") is not None  # its arguments begin with it
    what = " ".join(filter(None, ["" if is_program else f"{root.transform.key}{function}", root.cli_args]))
    display.info(words.plain(f"repeating Run({root.uid!r}) of {what}, started {root.started_at:%Y-%m-%d %H:%M:%S} UTC"))


def _repeated(plan: Plan, timeout: Optional[float], keep: bool) -> Verdict:
    import shutil
    import tempfile

    with Listening(ENDING, end):
        folder = tempfile.mkdtemp(prefix="rerun-")
        try:
            return _executed(plan, plan.write(folder), timeout)
        finally:
            if keep:
                display.info(f"executed in {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)


def _executed(plan: Plan, folder: str, timeout: Optional[float]) -> Verdict:
    last, tail, mark = repeat.last_run(plan.run), _Tail(), uids.random_uid(12)
    instance: Any = plan.run._store
    variables = {"INSTANCE": instance.root, "RERUN": f"{plan.run.uid}:{mark}", "RUN": None}
    environment = settings.changed([*plan.folders, home()], **variables)
    child = Child(plan.argv, folder, environment, own_group=True)
    try:
        code = child.relay(tail.take, tail.take, timeout)
    finally:
        child.close()
    liveness.reap(instance)  # a program that was killed left its runs open
    new = repeat.found_after(plan.run, last, mark)
    if code is None or new is None or new.status in repeat.OPEN or (code and new.status != plan.run.status):
        tail.show()
        raise errors.TrackingError(_failure(plan, code, new, timeout))
    if code and new.status == COMPLETED:
        display.info(f"the program {_how(code)}, after its run was completed")
    return repeat.verdict(plan.run, new)


def _failure(plan: Plan, code: Optional[int], new: Optional[Run], timeout: Optional[float]) -> str:
    again = "" if new is None else f" (Run {new.uid})"
    if code is None:
        return f"The repetition{again} was not done after {timeout:g} s: give it more time by --timeout."
    if new is not None and new.status in repeat.OPEN:
        return (
            f"The repetition{again} has not ended, as the program left a process behind that goes on with it: wait for "
            f"that, then see `{command_line('diff', plan.run.uid, new.uid)}`."
        )
    if code:
        return (
            f"The repetition{again} {_how(code)}. It ran in an empty folder: files that it opens by relative paths without "
            "lamin_lite are not known, and were not there."
        )
    function = f" of {plan.run.entrypoint}()" if plan.run.entrypoint else ""
    return f"{plan.run.transform.key} was executed, and started no run{function}: call it as it was called then."


def _how(code: int) -> str:
    return f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"


class _Tail:
    """The end of what a program printed."""

    def __init__(self) -> None:
        self._data = b""

    def take(self, data: bytes) -> bool:
        """Keep the last of it."""
        self._data = (self._data + data)[-MOST:]
        return True

    def show(self) -> None:
        """To the user, as words: tracebacks of notebooks are full of colours."""
        for line in streams.without_escapes(self._data.decode("utf-8", "replace")).splitlines()[-TAIL:]:
            print(f"  | {words.plain(line)}", file=sys.stderr)


def _show(found: Verdict) -> None:
    width = max(map(len, found.outputs), default=0)
    for name, (word, old, new) in found.outputs.items():
        hashes = " → ".join(digest[:SHORT] for digest in dict.fromkeys((old, new)) if digest)
        display.show(f"{word:11}{words.plain(name):{width}}  {hashes}")
    for theme in ("params", "inputs"):
        names = ", ".join(change.name for change in getattr(found, theme))
        if names:
            remedy = command_line("diff", found.old.uid, found.new.uid)
            display.warning(words.plain(f"{theme} differ: {names}; `{remedy}` shows how"))
    display.info(words.plain(_sentence(found)))


def _sentence(found: Verdict) -> str:
    old, new, total = found.old, found.new, len(found.outputs)
    if old.status != new.status:
        return f"not the same: Run({old.uid!r}) was {old.status}, Run({new.uid!r}) is {new.status}"
    differing = sum(word != "same" for word, *_ in found.outputs.values())
    if differing:
        return f"not the same: {differing:,} of {total:,} outputs of Run({new.uid!r})"
    what = "there are no outputs to compare" if not total else f"{total:,} output{'s' * (total > 1)}"
    return f"the same: {what}, {new.status}, by Run({new.uid!r})"


def _document(found: Verdict) -> dict[str, Any]:
    outputs = [
        {"name": name, "verdict": word, "old": old, "new": new} for name, (word, old, new) in found.outputs.items()
    ]
    return {
        "same": found.is_same,
        "run": {"uid": found.old.uid, "status": found.old.status},
        "rerun": {"uid": found.new.uid, "status": found.new.status},
        "outputs": outputs,
        **{theme: [change._asdict() for change in getattr(found, theme)] for theme in ("params", "inputs")},
    }


def _seconds(text: str) -> float:
    import argparse

    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds, such as 60")
    return seconds
