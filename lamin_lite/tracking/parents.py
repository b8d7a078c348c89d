"""Who started a run."""

from __future__ import annotations

import sys

from ..base import display
from ..base._typing import TYPE_CHECKING
from ..models import Run, session
from ..models.base import query
from .processes import handed_over, process_of

if TYPE_CHECKING:
    from types import FrameType
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


def parent_of_process(store: Instance) -> Optional[Run]:
    """The run that started this process, as the environment tells, if it is of this instance and still open."""
    handed = handed_over()
    if handed is None or handed[0] != store.uid or handed[2] == process_of(store).uid:
        return None
    run = query(Run, store).filter(uid=handed[1]).one_or_none()
    if run is None or run.status != "started":
        display.info(f"the run {handed[1]} that started this process has ended, so this run has no parent")
        return None
    return run


def is_imported_again() -> bool:
    """Whether multiprocessing, in a process that it spawned, is importing the main program of its parent again."""
    frame: Optional[FrameType] = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "__mp_main__" and frame.f_code.co_name == "<module>":
            return True
        frame = frame.f_back
    return False
