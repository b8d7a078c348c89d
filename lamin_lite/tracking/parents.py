"""Who started a run."""

from __future__ import annotations

from ..base import display
from ..base._typing import TYPE_CHECKING
from ..capture.source import module_frame
from ..models import Run, session
from ..models.base import query
from .liveness import look
from .opened import script_run
from .processes import handed_over, is_own

if TYPE_CHECKING:
    from typing import Optional

    from ..instance import Instance


def parent_of_step(store: Instance, bound_uid: Optional[str]) -> Optional[Run]:
    """The run that a step belongs to, by the first that answers.

    Bound by ``step.bound()``; the run of this thread or task; the one open root run of this process; the run that
    started this process and is still open.
    """
    if bound_uid is not None:
        return query(Run, store).filter(uid=bound_uid).one()
    here = session.context_run()
    if here is not None and session.same(here._store, store):
        return here
    return session.only_root(store) or parent_of_process(store)


def parent_of_root(store: Instance) -> Optional[Run]:
    """The run in which a flow or script is started, by the first that answers.

    The run of this thread or task; the script's, whose threads are all its own; the run that started this process.
    Not a flow of another thread or task: that is as likely side by side with this one as above it.
    """
    for run in (session.context_run(), script_run()):
        if run is not None and session.same(run._store, store):
            return run
    return parent_of_process(store)


def parent_of_process(store: Instance) -> Optional[Run]:
    """The run that started this process, as the environment tells, if it is of this instance and still open."""
    handed = handed_over()
    if handed is None or is_own(handed[2]):
        return None
    if handed[0] != store.uid:
        _say_once(handed[1], "belongs to another instance")
        return None
    look(store)  # the parent may have been killed
    run = query(Run, store).filter(uid=handed[1]).one_or_none()
    if run is None or run.status != "started":
        _say_once(handed[1], "is not known here" if run is None else "has ended")
        return None
    return run


_said: set[str] = set()


def _say_once(uid: str, why: str) -> None:
    if uid not in _said:
        _said.add(uid)
        display.info(f"the run {uid} that started this process {why}, so it is no parent")


def is_imported_again() -> bool:
    """Whether multiprocessing, in a process that it spawned, is importing the main program of its parent again."""
    return module_frame("__mp_main__") is not None
