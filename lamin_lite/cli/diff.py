"""``diff``: what differs between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import errors
from ..base import display
from ..lineage import snapshot
from ..models import Artifact, Run, Transform
from . import finding, output
from .program import Usage

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance

EXAMPLES = (
    "diff 5kQ2 8sTm",
    "diff --key my_script.py",
    "diff results/old.csv results/new.csv --exit-code",
)
NOTES = """
A RUN is a uid, of which the first 4 characters are enough, or a key: of an artifact it is the run that made it, of a
transform its latest run. With one RUN it is compared with the run before it of the same transform. Shown is what
differs from the first to the second: source, params, features, arguments, Python, packages, commit, inputs and outputs
by key and hash, status.
"""
DIFFERS = 1  #: exit code with --exit-code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Two runs."""
    parser.add_argument("runs", metavar="RUN", nargs="*", help="uid of a run, or key of an artifact or transform")
    parser.add_argument("--key", metavar="KEY", help="instead of RUN: the two latest runs of this transform")
    parser.add_argument("--exit-code", action="store_true", help="end with 1 if they differ, as git does")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what differs."""
    if bool(arguments.runs) == (arguments.key is not None) or len(arguments.runs) > 2:
        raise Usage("name two runs, one run, or --key of a transform")
    instance = finding.opened(arguments.instance)
    old, new = _runs(instance, arguments.runs, arguments.key)
    found: Any = old.diff(new)
    if arguments.json:
        output.document(found.to_dict())
    else:
        display.show(str(found))
    return DIFFERS if arguments.exit_code and not found.is_same else 0


def _runs(instance: Instance, wanted: list[str], key: Optional[str]) -> tuple[Run, Run]:
    new = run_of_key(instance, key) if key is not None else run_of(instance, wanted[-1])
    if len(wanted) == 2:
        return run_of(instance, wanted[0]), new
    old = snapshot.before(new)
    if old is None:
        function = f", function {new.entrypoint}" if new.entrypoint else ""
        raise errors.DoesNotExist(
            f"{new.transform.key}{function} has no run before {new.uid}: run it again, or name two runs."
        )
    return old, new


def run_of_key(instance: Instance, key: str, *, repetitions: bool = True) -> Run:
    """The latest run of a transform; ``repetitions``: also one that repeats another."""
    return _latest(finding.record(instance, key, Transform, field="key"), repetitions)


def run_of(instance: Instance, wanted: str, *, repetitions: bool = True) -> Run:
    """The run with this uid, that made this artifact, or the latest of this transform."""
    row: object = finding.record(instance, wanted)
    if isinstance(row, Run):
        return row
    if isinstance(row, Transform):
        return _latest(row, repetitions)
    if not isinstance(row, Artifact):
        raise errors.InvalidArgument(
            f"{type(row).__name__} {wanted} is no run, artifact or transform: name one of these."
        )
    made_by: Optional[Run] = row.run
    if made_by is None:
        raise errors.DoesNotExist(f"Artifact {row.key or row.uid} was saved without a run: name another one.")
    return made_by


def _latest(transform: Transform, repetitions: bool) -> Run:
    for each in snapshot.runs_of_key(transform._store, transform.key or ""):
        if repetitions or "rerun_of" not in (each.extra_data or {}):
            return each
    raise errors.DoesNotExist(f"Transform {transform.key} has no run yet: run it first.")
