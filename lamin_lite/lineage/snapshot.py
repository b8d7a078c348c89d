"""What is compared of a run, read from the database as plain values; `Run.diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import errors
from ..base import clock
from ..models import Run
from ..models.base import query
from .compare import Difference, Snapshot, compare, flat, packages

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..models import Transform
    from ..models.session import Store
    from ..sql.query import QuerySet

    Entry = tuple[Optional[str], str, str]  # key, what it is called without one, hash

_FILES = (
    "WITH RECURSIVE own(id) AS (SELECT id FROM run WHERE id = ? UNION SELECT r.id FROM run r JOIN own o "
    "ON r.initiated_by_run_id = o.id) SELECT a.id, a.key, a.description, a.suffix, a.hash, l.role FROM run_artifact l "
    "JOIN own ON own.id = l.run_id JOIN artifact a ON a.id = l.artifact_id ORDER BY a.id"
)


def diff(run: Run, other: Run) -> Difference:
    """What differs from a run to another one, which may be of another instance."""
    if not isinstance(other, Run) or other.id is None:
        raise errors.InvalidArgument(f"run.diff({other!r}) needs another saved run: ln.Run.get(uid).")
    return compare(snapshot(run), snapshot(other))


def snapshot(run: Run) -> Snapshot:
    """All that is compared of a run; files are those of its steps too, as far as the outside sees them."""
    transform: Transform = run.transform
    inputs, outputs = files(run)
    process, git = run.process or {}, (run.extra_data or {}).get("git")
    installed = None if run.environment is None else packages(run.environment.load(is_run_input=False))
    values: dict[str, Optional[dict[str, Any]]] = {
        "transform": _known(key=transform.key, function=run.entrypoint),
        "params": flat(run.params or {}),
        "features": flat(_plain(run.features.get_values())),
        "cli_args": _known(arguments=run.cli_args),
        "python": _known(version=process["python"]) if process.get("python") else None,
        "environment": installed,
        "git": None if git is None else _repository(git),
        "inputs": inputs,
        "outputs": outputs,
        "end": _known(status=run.status, exit_code=run.exit_code),
    }
    at = None if run.started_at is None else clock.from_datetime(run.started_at)
    title = f"{transform.key}{f': {run.entrypoint}' if run.entrypoint else ''}"
    return Snapshot(run.uid, title, at, values, transform.source_code, transform.hash)


def files(run: Run) -> tuple[dict[str, str], dict[str, str]]:
    """Hashes of what a run and its steps read and made, by key; what one step made for another is no input."""
    read: dict[int, Entry] = {}
    made: dict[int, Entry] = {}
    for number, key, description, suffix, digest, role in run._store.database.read(_FILES, [run.id]):
        kept = read if role == "input" else made
        kept[number] = (key, description or f"file{suffix} without a key", digest)
    return _by_name([entry for number, entry in read.items() if number not in made]), _by_name(made.values())


def _by_name(entries: Collection[Entry]) -> dict[str, str]:
    """The last of each key, and all without one: those of one description are numbered in the order of their hashes.

    That order is the same in each run that makes the same, in whatever order it makes them.
    """
    found = {key: digest for key, _, digest in entries if key is not None}
    for name, digest in sorted((title, digest) for key, title, digest in entries if key is None):
        count, numbered = 1, name
        while numbered in found:
            count += 1
            numbered = f"{name} ({count})"
        found[numbered] = digest
    return found


def _known(**values: Any) -> dict[str, Any]:
    return {name.replace("_", " "): value for name, value in values.items() if value is not None}


def _repository(git: Mapping[str, Any]) -> dict[str, Any]:
    return _known(commit=git.get("commit"), uncommitted_changes=git.get("dirty"), branch=git.get("branch"))


def _plain(values: Any) -> Any:
    """Values of features in JSON's types: a row by its uid, a moment in ISO 8601."""
    if isinstance(values, dict):
        return {name: _plain(value) for name, value in values.items()}
    if isinstance(values, (list, tuple, set, frozenset)):
        kept = [_plain(value) for value in values]
        return sorted(kept, key=str) if isinstance(values, (set, frozenset)) else kept
    if values is None or isinstance(values, (bool, int, float, str)):
        return values
    return values.isoformat() if hasattr(values, "isoformat") else str(getattr(values, "uid", values))


# -- which runs


def runs_of_key(store: Store, key: str) -> QuerySet[Run]:
    """The runs of all versions of a transform, the latest first; steps of their own are no runs to compare."""
    rows = query(Run, store).filter(transform__key=key, branch_id__gt=0)
    return rows.exclude(initiated_by_run__transform__key=key).order_by("-started_at", "-id")


def before(run: Run) -> Optional[Run]:
    """The run of the same transform and function that was started before; None if it is the first."""
    rows = query(Run, run._store).filter(
        transform__key=run.transform.key, entrypoint=run.entrypoint, branch_id__gt=0, id__lt=run.id
    )
    return rows.order_by("started_at", "id").last()
