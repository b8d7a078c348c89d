"""Rows of runs: started, ended, with their params and their environment."""

from __future__ import annotations

from .. import errors
from ..base import clock, names, redact, settings
from ..base._typing import TYPE_CHECKING
from ..capture.environment import environment, fingerprint
from ..capture.git import git_state
from ..capture.host import cli_args
from ..models import Artifact, Run, changes, feature_values
from ..models.base import EVERYBODYS, query
from ..models.related import label_run
from .processes import process_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Optional

    from ..instance import Instance
    from ..models import Transform
    from ..models.feature_values import Checked


def start(
    store: Instance,
    transform: Transform,
    params: dict[str, Any],
    features: Checked = (),
    projects: Iterable[int] = (),
    *,
    again: Optional[Callable[[], Transform]] = None,
    **values: Any,
) -> Run:
    """Write the row of a run that starts now. It survives the death of the process; a power loss may forget it.

    It belongs to these projects, by their ids, and to those of the run that initiated it, or that it repeats.
    ``again`` looks for the transform once more where another process has removed it since.
    """
    try:
        return _started(store, transform, params, features, projects, values)
    except errors.Conflict:
        there = "SELECT 1 FROM transform WHERE id = ? AND uid = ?"
        if again is None or store.database.one(there, [transform.id, transform.uid]) is not None:
            raise
    return _started(store, again(), params, features, projects, values)


def _started(
    store: Instance,
    transform: Transform,
    params: dict[str, Any],
    features: Checked,
    projects: Iterable[int],
    values: dict[str, Any],
) -> Run:
    process = process_of(store)
    projects = [*projects, *_projects_of_repeated(store, values)]
    run = store.Run()
    now = clock.now()
    run._values.update(values, transform_id=transform.id, status="started", process_id=process.id, params=params)
    run._values["started_at"] = clock.to_datetime(now)
    run._related["transform"] = transform
    with store.database.write("start run", durable=False) as tx:
        run._write(tx)
        label_run(tx, run._saved_id(), transform._saved_id(), projects, run._values["initiated_by_run_id"])
        feature_values.write(tx, run, features)
    return run


def _projects_of_repeated(store: Instance, values: dict[str, Any]) -> list[int]:
    """Ids of the projects of the run that one with these values repeats, not of what else its program starts."""
    uid = (values.get("extra_data") or {}).get("rerun_of")
    sql = "SELECT p.project_id, r.entrypoint FROM run_project p JOIN run r ON r.id = p.run_id WHERE r.uid = ?"
    rows = [] if uid is None else store.database.read(sql, [uid])
    return [int(row[0]) for row in rows if row[1] == values.get("entrypoint")]


def end(run: Run, status: str, **values: Any) -> None:
    """Write the end of a run, durably; one that has ended already is left alone."""
    now = clock.now()
    row = {**values, "status": status, "finished_at": now, "updated_at": now}
    pairs = ", ".join(f"{column} = ?" for column in row)
    with run._store.database.write("end run") as tx:
        tx.execute(f"UPDATE run SET {pairs} WHERE id = ? AND status = 'started'", [*row.values(), run.id])
    changes.wrote(run, row)


def fail(run: Run) -> None:
    """Write that a run whose program ended well, with 0, did not do all that was expected of it."""
    with run._store.database.write("fail run") as tx:
        sql = "UPDATE run SET status = 'errored', exit_code = 0, updated_at = ? WHERE id = ? AND status = 'completed'"
        tx.execute(sql, [clock.now(), run.id])


def facts(store: Instance, secrets: set[str], path: Optional[str], space_id: Optional[int]) -> dict[str, Any]:
    """What is found out about a root run: arguments of the command line, environment, repository of the source.

    What is the source's own goes into its space; the environment, a list of names that many share, does not.
    Adds the secrets among the arguments to ``secrets``.
    """

    def masked(args: list[str]) -> list[str]:
        kept, found = redact.redact_args(args)
        secrets.update(found)
        return kept

    found: dict[str, Any] = {"cli_args": cli_args(masked), "environment_id": environment_id(store)}
    state = None if path is None else git_state(path)
    extra: dict[str, Any] = {} if state is None else {"git": _without_diff(store, state, secrets, space_id)}
    repeated, mark = settings.repeated()
    if repeated is not None and settings.variable("RUN") is None:  # not of what the repeated run starts itself
        extra.update(rerun_of=repeated, **({} if mark is None else {"rerun_by": mark}))
    return {**found, "extra_data": extra} if extra else found


def _without_diff(store: Instance, state: dict[str, Any], secrets: set[str], space_id: Optional[int]) -> dict[str, Any]:
    """The state of the repository, its diff kept as an artifact and named by its uid."""
    diff = state.pop("diff", None)
    if diff:
        text = redact.mask_values(redact.redact_source(diff)[0], secrets)
        state["diff"] = kept_text(store, text, f"diff of {state['path']}", ".diff", space_id).uid
    return state


def environment_id(store: Instance) -> Optional[int]:
    """Id of the artifact that lists the installed distributions; read anew only if something changed."""
    print_ = fingerprint()
    row = store.database.one("SELECT artifact_id FROM environment_seen WHERE fingerprint = ?", [print_])
    if row is not None:
        return int(row[0])
    artifact = kept_text(store, environment()["text"], "requirements.txt")
    with store.database.write("remember environment", durable=False) as tx:
        tx.insert_new("environment_seen", {"fingerprint": print_, "artifact_id": artifact.id})
    return artifact.id


def kept_text(
    store: Instance, text: str, description: str, suffix: str = ".txt", space_id: Optional[int] = None
) -> Artifact:
    """A text that belongs to runs, as a hidden artifact; the same text is kept once in a space."""
    blob = store.storage(store.storage_id).ingest_bytes(text.encode("utf-8", "surrogateescape"), suffix)
    same = query(Artifact, store).filter(hash=blob.hash, kind=names.KIND_OF_RUN_FILES, description=description)
    known = same.filter(space_id=space_id or EVERYBODYS).first()
    return known or Artifact._of_blob(store, blob, space_id, description=description, kind=names.KIND_OF_RUN_FILES)
