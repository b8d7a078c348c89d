"""track() and finish(): one run for a script."""

from __future__ import annotations

import os

from .. import errors
from ..base import display, settings
from ..base._typing import TYPE_CHECKING
from ..capture.host import cli_args
from ..capture.source import source_of_main
from ..models import session
from ..sql import lookups
from . import params as params_
from . import runs, transforms
from .parents import hand_over_text, parent_of_process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional, Union

    from ..instance import Instance
    from ..models import Run, Space, Transform


class _Open:
    """The run of track() that is open in this process."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.pid = os.getpid()
        self.token = session._run.set(run)
        session.roots.append(run)
        self.exported = settings.export("RUN", hand_over_text(run))

    def close(self) -> None:
        if self.run in session.roots:
            session.roots.remove(self.run)
        if session.context_run() is self.run:
            session._run.set(None)
        settings.export("RUN", self.exported)


_open: Optional[_Open] = None


def track(
    transform: Union[str, Transform, None] = None,
    *,
    params: Optional[Mapping[str, object]] = None,
    space: Union[str, Space, None] = None,
    key: Optional[str] = None,
    path: Union[str, os.PathLike[str], None] = None,
    kind: Optional[str] = None,
) -> None:
    """Start a run of the script (or ``python -c``, or prompt) that calls this.

    ``transform``: the uid that identifies the script across renames (12 letters and digits, as a run prints it), or
    a saved transform. ``params``: dict of anything; what JSON lacks is kept in a documented form. ``space``: name of
    the space for what the run creates. ``key``, ``path``, ``kind``: instead of what is found out.

    From here on, artifacts that are saved and read are linked to the run, until `finish` or the end of the process.
    Raises `NoInstance`, `InvalidArgument`.

    >>> ln.track(params={"learning_rate": 0.01})  # doctest: +SKIP
    """
    global _open
    display.attach_handler()
    store: Instance = session.current_store()  # type: ignore[assignment]
    kept, place = params_.checked(params), _space_id(store, space)
    if _open is not None and _open.pid == os.getpid():
        display.info(f"finished Run({_open.run.uid!r}), as track() was called again")
        _finish("completed")
    made, new = _transform(store, transform, key, path, kind)
    run = runs.start(
        store,
        made,
        kept,
        cli_args=cli_args(),
        environment_id=runs.environment_id(store),
        initiated_by_run_id=_id(parent_of_process(store)),
        space_id=place,
    )
    _register_end()
    _open = _Open(run)
    verb = "created" if new else "loaded"
    display.info(f"{verb} Transform({made.uid!r}, key={made.key!r}), started new Run({run.uid!r}) at {_at(run)}")
    if kept:
        display.info(f"params: {', '.join(f'{name}={value!r}' for name, value in kept.items())}")
    if new and transform is None:
        display.info(f"to identify the script across renames, pass the uid: ln.track({made.stem_uid!r})")


def _transform(
    store: Instance,
    wish: Union[str, Transform, None],
    key: Optional[str],
    path: Union[str, os.PathLike[str], None],
    kind: Optional[str],
) -> tuple[Transform, bool]:
    if wish is not None and not isinstance(wish, str):
        return wish, False
    source = dict(source_of_main())
    if path is not None:
        source = _source_at(os.path.abspath(path))
    return transforms.resolve(store, source, uid=wish, key=key, kind=kind)


def _source_at(path: str) -> dict[str, Optional[str]]:
    from ..capture.source import source_of_file

    source = source_of_file(path)
    if source["text"] is None:
        raise errors.MissingFile(f"track(path={path!r}): there is no such file that this user may read.")
    return dict(source)


def _space_id(store: Instance, space: Union[str, Space, None]) -> int:
    if space is None:
        return 1
    if not isinstance(space, str):
        return space._saved_id()
    found = store.Space.filter(name=space).one_or_none()
    if found is None:
        known = ", ".join(repr(name) for name in store.Space.filter().values_list("name", flat=True))
        near = lookups.nearest(space, store.Space.filter().values_list("name", flat=True))
        hint = f"did you mean {near!r}?" if near else f"there are {known}."
        raise errors.DoesNotExist(f"There is no space {space!r}: {hint} Make it with ln.Space(name={space!r}).save().")
    return found._saved_id()


def _id(run: Optional[Run]) -> Optional[int]:
    return None if run is None else run.id


def _at(run: Run) -> str:
    return f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"


def finish() -> None:
    """End the run that `track` started, as completed.

    Raises `TrackNotCalled` if there is none.
    """
    if _open is None or _open.pid != os.getpid():
        raise errors.TrackNotCalled("There is no run to finish: call ln.track() before ln.finish().")
    _finish("completed")


def _finish(status: str, **values: Any) -> None:
    global _open
    if _open is None:
        return
    ending, _open = _open, None
    ending.close()
    runs.end(ending.run, status, **values)


_registered = False


def _register_end() -> None:
    global _registered
    if not _registered:
        import atexit

        atexit.register(_at_exit)
        _registered = True


def _at_exit() -> None:
    if _open is not None and _open.pid == os.getpid():
        display.info(f"finished Run({_open.run.uid!r}) at the end of the script; call ln.finish() to end it earlier")
        _finish("completed")
