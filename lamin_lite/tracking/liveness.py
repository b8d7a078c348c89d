"""Runs whose process is dead: whoever looks next writes that they were aborted.

Liveness is one of processes. A process holds a locked file for as long as it lives, and the kernel drops the lock
however it ends. So a free lock is a dead process; a file that is gone, one that ended well. Where locks tell nothing
(a network filesystem seen from another host), the pid is evidence on the same machine only; else nobody knows, and
the run stays ``started``.
"""

from __future__ import annotations

import os

from .. import errors
from ..base import clock, display, fsio, fskind, proc, redact, settings
from ..base._typing import TYPE_CHECKING
from ..models import Run
from ..models.base import query
from .opened import ABORTED, last_sign, log_of, write_report

if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from ..instance import Instance
    from ..sql.database import Row

SECONDS_BETWEEN_LOOKS = 1.0

_looked: dict[str, float] = {}  # when this process looked last, by database
_OPEN = (
    "SELECT r.id, r.uid, p.uid, p.host, p.boot_id, p.pid_ns, p.pid, p.start_time, r.started_at FROM run r "
    "LEFT JOIN process p ON p.id = r.process_id WHERE r.status = 'started'"
)


def look(store: Any) -> None:
    """Write the end of the runs that died, at most once a second."""
    now = clock.monotonic()
    known = _looked.get(store.database.path)
    if store.database.readonly or (known is not None and now - known < SECONDS_BETWEEN_LOOKS):
        return
    _looked[store.database.path] = now
    _end_dead(store, None, None, False)


def reap(
    store: Instance, *, host: Optional[str] = None, older_than: Optional[float] = None, dry_run: bool = False
) -> list[str]:
    """End the runs whose process is dead, and make the reports that could not be kept when runs ended; uids of the ended.

    ``host``: also those of this host of which nobody can know. ``older_than``: also those of which nobody can know
    that started more than so many seconds ago. ``dry_run``: only tell.
    """
    ended = _end_dead(store, host, older_than, dry_run)
    if not dry_run:
        _report_late(store)
    return ended


def _end_dead(store: Instance, host: Optional[str], older_than: Optional[float], dry_run: bool) -> list[str]:
    identity, seen, ended = proc.identity(), {}, []
    for row in store.database.read(_OPEN):
        process = str(row[2])
        if process not in seen:
            seen[process] = is_dead(store, row, identity)
        dead = seen[process]
        if dead is None:
            dead = row[3] == host if host else False
            dead = dead or (older_than is not None and clock.now() - row[8] > older_than * 1e6)
        if dead and (dry_run or _abort(store, int(row[0]), str(row[1]), int(row[8]))):
            ended.append(str(row[1]))
    return ended


def is_dead(store: Instance, row: Row, identity: dict[str, Any]) -> Optional[bool]:
    """Whether the process of a run (uid, host, boot_id, pid_ns, pid, start_time from the third column on) is dead."""
    uid, host, boot_id, pid_ns, pid, start_time = row[2:8]
    if uid is None:
        return True
    here = (boot_id, pid_ns) == (identity["boot_id"], None if identity["pid_ns"] is None else str(identity["pid_ns"]))
    alive = proc.is_alive(pid, start_time) if here and boot_id is not None else None
    if alive is False:
        return True
    locked = fsio.is_locked(os.path.join(store.process_dir, uid))
    if locked is not None and (here or host == identity["host"] or not fskind.is_network(store.process_dir)):
        return not locked
    if alive is not None:
        return not alive
    if os.path.isdir(store.process_dir) and not os.path.lexists(os.path.join(store.process_dir, uid)):
        return True  # it was removed when the process ended well
    if host == identity["host"] and boot_id is not None and boot_id != identity["boot_id"]:
        return True  # the machine was started anew since
    return None


def _abort(store: Instance, number: int, uid: str, started_at: int) -> bool:
    """End a run; False if it has ended since it was looked at, or is not there any more."""
    run = query(Run, store).filter(id=number, uid=uid, status="started").one_or_none()
    if run is None:
        return False
    log = log_of(store, uid)
    sign = last_sign(log)
    report = write_report(run, log, _mask_of(run), late=True) if sign is not None else None
    with store.database.write("abort run") as tx:
        is_mine = tx.execute(
            "UPDATE run SET status = ?, finished_at = ?, is_end_estimated = ?, report_id = ?, updated_at = ? "
            "WHERE id = ? AND status = 'started'",
            [ABORTED, max(sign or started_at, started_at), True, report, clock.now(), number],
        )
    if report is not None and is_mine:  # else it may be the only copy of what was printed
        fsio.remove(log)
    return is_mine > 0


def _report_late(store: Instance) -> None:
    """Make the reports of runs that have ended and whose logs stayed, as after a full disk."""
    logs = os.listdir(store.log_dir) if os.path.isdir(store.log_dir) else []
    for name in logs:
        uid, log = os.path.splitext(name)[0], os.path.join(store.log_dir, name)
        run = query(Run, store).filter(uid=uid, report=None).exclude(status="started").one_or_none()
        report = None if run is None else write_report(run, log, _mask_of(run), late=True)
        if run is None or report is None:
            continue
        with store.database.write("report late") as tx:
            tx.execute(  # unless another process was faster: the log may have been gone when this one read it
                "UPDATE run SET report_id = ?, updated_at = ? WHERE id = ? AND report_id IS NULL",
                [report, clock.now(), run.id],
            )
        fsio.remove(log)
        display.info(f"made the report of run {uid}")


def _mask_of(run: Run) -> Callable[[str], str]:
    """What hides the secrets in a log, as far as a process can know them that did not execute the run."""
    from . import recorded

    secrets = set(settings.secret_values())
    if redact.MASK in (run.transform.source_code or ""):
        try:
            secrets |= set(redact.redact_source(recorded.source_text(run.transform))[1])
        except errors.LaminLiteError:  # nothing on this machine has the source whole
            pass
    return lambda line: redact.mask_values(redact.redact_text(line), secrets)
