"""Runs that are open in this process: where their output goes, and how they end."""

from __future__ import annotations

import os
import sys
from functools import lru_cache

from .. import errors
from ..base import display, names, redact, settings
from ..base._typing import TYPE_CHECKING
from ..capture.streams import Log, Tap, cleaned
from ..models import Artifact, session
from . import processes, runs
from .processes import process_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Callable, Optional

    from ..instance import Instance
    from ..models import Run

COMPLETED, ERRORED, ABORTED = "completed", "errored", "aborted"
INTERRUPTED = 130  #: exit code of a process that Ctrl-C ended
LOG, CELLS = ".log", ".cells"  #: suffixes of logs: what was printed, what a kernel executed

_opens: dict[str, Open] = {}  # by the uid of the run


class Open:
    """A run that this process executes."""

    is_script = False  #: of track(): all threads of the process are its own

    def __init__(
        self, run: Run, *, root: bool, parent: Optional[Run] = None, log: Callable[[str], Log] = Log, suffix: str = LOG
    ) -> None:
        store: Instance = run._store  # type: ignore[assignment]
        self.run = run
        self.root = root
        self.pid = os.getpid()
        self.log = log(os.path.join(store.log_dir, run.uid + suffix))
        self.parent = _opens.get(_uid_of(parent))
        self.secrets: set[str] = set()
        self.texts: set[str] = set()  # sources whose secrets are masked in the report
        self.held: Any = None  #: the generator or coroutine that the run is, for as long as it goes on
        self.if_dropped = ABORTED  #: the status if that is not run to its end
        _opens[run.uid] = self
        processes.before_fork = prepare_logs
        if root:
            run.enclosing = self._enclosing()
            with processes.changing:
                session.roots.append(run)
                tap.install()
                hand_over()

    def _enclosing(self) -> Optional[Run]:
        outer = self.parent
        while outer is not None and not outer.root:
            outer = outer.parent
        return None if outer is None else outer.run

    def is_mine(self) -> bool:
        """Whether this process executes the run; a fork of it must not end it."""
        return self.pid == os.getpid()

    def end(self, status: str, error: Optional[BaseException] = None, exit_code: Optional[int] = None) -> None:
        """Write the end of the run with its report; in a fork, only forget it. One that has ended stays as it is.

        Nothing can be written any more when the interpreter is being taken down: whoever looks next ends the run.
        """
        if _opens.get(self.run.uid) is not self or sys.is_finalizing():
            return
        self._let_go()
        if not self.is_mine():
            self.log.close()
            return
        if error is not None:
            self.log.write(traceback_text(error))
        self.log.close()
        interrupted = self._write_end(status, exit_code)
        if interrupted is not None:
            raise interrupted

    def drop(self) -> None:
        """Forget the run, whose row is removed, and what it printed."""
        self._let_go()
        self.log.discard()

    def _let_go(self) -> None:
        _opens.pop(self.run.uid, None)
        with processes.changing:
            if self.root and self.run in session.roots:
                session.roots.remove(self.run)
                hand_over()
                if not session.roots:
                    tap.remove()

    def _write_end(self, status: str, exit_code: Optional[int]) -> Optional[KeyboardInterrupt]:
        interrupted, values = None, {} if exit_code is None else {"exit_code": exit_code}
        keeps = self.root or status != COMPLETED
        report = None
        for _ in range(2 if keeps else 0):
            try:
                if os.path.exists(self.log.path):
                    self.secrets |= settings.secret_values().union(*map(_secrets_in, tuple(self.texts)))
                report = write_report(self.run, self.log.path, self.mask)
                break
            except KeyboardInterrupt as error:  # the first Ctrl-C waits for the report, the second one gives it up
                interrupted = error
        if not keeps:  # first: of a run that has ended, `reap` makes the report that is missing
            self.log.discard()
        try:
            runs.end(self.run, status, **values, **({} if report is None else {"report_id": report}))
        except errors.LaminLiteError as error:  # the work is done, or has its own error: neither may be lost for this
            display.warning(f"the end of run {self.run.uid} ({status}) could not be written: {error}")
            return interrupted
        if report is not None:
            self.log.discard()
        return interrupted

    def learn(self, secrets: Iterable[str], text: Optional[str]) -> None:
        """Mask these secrets, and those in the text of a source, in the reports that get what this run prints."""
        opened: Optional[Open] = self
        while opened is not None:
            opened.secrets.update(secrets)
            if text is not None:
                opened.texts.add(text)
            opened = opened.parent

    def drive(self, body: Any, if_dropped: str) -> None:
        """Go on with a generator or coroutine, which may be held beyond the end of the program."""
        self.held, self.if_dropped = body, if_dropped
        processes.at_exit(_end_held)

    def mask(self, line: str) -> str:
        """The line without secrets."""
        return redact.mask_values(redact.redact_text(line), self.secrets)

    def fail(self, error: BaseException) -> None:
        """End by an exception: errored, or completed by ``sys.exit(0)``, or aborted by Ctrl-C."""
        status, code = outcome(error)
        self.end(status, error if status != COMPLETED and not isinstance(error, SystemExit) else None, code)


def script_run() -> Optional[Run]:
    """The run of track() that is open in this process, or was when it was forked."""
    return next((opened.run for opened in list(_opens.values()) if opened.is_script), None)


def prepare_logs() -> None:
    """Make the logs of open runs before a fork, so that what it prints gets into them."""
    for opened in list(_opens.values()):
        if opened.root:
            opened.log.prepare()


_inherited: list[Optional[str]] = []  # what this process was told itself, while its children are told of its own run


def hand_over() -> None:
    """Tell child processes of the run that is open here; of none if there are several side by side."""
    if not session.roots:
        if _inherited:
            settings.export("RUN", _inherited.pop())
        return
    run = session.sole_root()
    before = settings.export("RUN", None if run is None else handed_text(run))
    if not _inherited:
        _inherited.append(before)


def handed_text(run: Run) -> str:
    """What child processes are told of their parent: instance, run and process."""
    store: Instance = run._store  # type: ignore[assignment]
    return f"{store.uid}:{run.uid}:{process_of(store).uid}"


def outcome(error: BaseException) -> tuple[str, Optional[int]]:
    """Status and exit code that an exception means.

    >>> outcome(SystemExit(0)), outcome(SystemExit("no input")), outcome(KeyboardInterrupt()), outcome(ValueError())
    (('completed', 0), ('errored', 1), ('aborted', 130), ('errored', 1))
    """
    if isinstance(error, SystemExit):
        code = 0 if error.code is None else error.code if isinstance(error.code, int) else 1
        return (ERRORED if code else COMPLETED), code
    if isinstance(error, GeneratorExit):
        return COMPLETED, None
    if isinstance(error, KeyboardInterrupt):
        return ABORTED, INTERRUPTED
    if any(kind.__name__ == "CancelledError" for kind in type(error).__mro__):
        return ABORTED, None
    return ERRORED, 1


def traceback_text(error: BaseException) -> str:
    """The traceback as Python prints it, of the user's frames: ours say nothing of the error."""
    import traceback

    whole = traceback.TracebackException(type(error), error, error.__traceback__)
    todo: list[Any] = [whole]
    for each in todo:  # also those that it came from, and those of a group
        each.stack[:] = [frame for frame in each.stack if not frame.filename.startswith(_OURS)]
        found = (each.__cause__, each.__context__, *(getattr(each, "exceptions", None) or ()))
        todo += [one for one in found if one is not None]
    return "".join(whole.format())


_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def write_report(run: Run, log: str, mask: Callable[[str], str], *, late: bool = False) -> Optional[int]:
    """Keep what a run printed, cleaned and without secrets, as its report; the id of the artifact.

    Of a run in a kernel it is a notebook. A report that cannot be kept costs a warning, never the run; its log then is
    the only copy of what was printed. ``late``: by a process that did not execute it; a log that is gone then means that
    another one was faster, for the process of a run that nothing was printed.
    """
    store: Any = run._store
    try:
        if log.endswith(CELLS):
            parts, suffix = iter([_notebook(run, log, mask)]), ".ipynb"
        else:
            parts, suffix = cleaned(log, mask) if late or os.path.exists(log) else iter([b""]), ".txt"
        if late and not os.path.exists(log):  # looked for when what is read at once was read, and before the rest is
            return None
        blob = store.storage(store.storage_id).ingest_chunks(parts, suffix)
        space, title = run._values["space_id"], f"report of run {run.uid}"
        report = Artifact._of_blob(store, blob, space, description=title, kind=names.KIND_OF_RUN_FILES)
    except (OSError, errors.LaminLiteError) as error:
        if late and not os.path.exists(log):
            return None
        left = f" What it printed stays in {log}; `reap` makes the report of that." if os.path.exists(log) else ""
        display.warning(f"the report of run {run.uid} could not be kept: {error}{left}")
        return None
    return report.id


def _notebook(run: Run, log: str, mask: Callable[[str], str]) -> bytes:
    """What the kernel executed, with the text of the notebook in between."""
    from ..capture.cells import report
    from ..capture.notebook import notebook_from_source

    transform = run.transform
    source = transform.source_code if transform.kind == "notebook" else None
    frame = None if source is None else notebook_from_source(source, transform.description)
    return report(log, mask, frame, {"run": run.uid, "transform": transform.uid, "key": transform.key})


@lru_cache(maxsize=64)
def _secrets_in(text: str) -> frozenset[str]:
    """The secrets in a source, looked for when the first report needs them."""
    return frozenset(redact.redact_source(text)[1])


def _end_held() -> None:
    """At the end of the process, while it can be written: end what is held half-way, as if it were dropped now."""
    for opened in reversed(list(_opens.values())):  # inner ones first
        body = opened.held
        if body is None or not opened.is_mine() or getattr(body, "gi_running", False):
            continue
        try:
            if hasattr(body, "close") and opened.if_dropped == COMPLETED:
                with session.running(opened.run):
                    body.close()
        except BaseException as error:
            opened.fail(error)
        else:
            opened.end(opened.if_dropped)


def _uid_of(run: Optional[Run]) -> str:
    return "" if run is None else run.uid


def _route() -> Iterator[Log]:
    """The logs that get what this thread or task prints: of its run, and of those that called it."""
    run = session.context_run()
    if run is None:
        run = session.sole_root()
    opened = _opens.get(_uid_of(run))
    while opened is not None:
        yield opened.log
        opened = opened.parent


tap = Tap(_route)


def log_of(store: Instance, uid: str) -> str:
    """The path of the log of a run that another process had open."""
    cells = os.path.join(store.log_dir, uid + CELLS)
    return cells if os.path.exists(cells) else os.path.join(store.log_dir, uid + LOG)


def last_sign(log: str) -> Optional[int]:
    """Microseconds of the last write to a log, if it is there."""
    try:
        return os.stat(log).st_mtime_ns // 1000
    except OSError:
        return None
