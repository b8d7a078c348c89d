"""What track() and finish() do: one run for a script."""

from __future__ import annotations

import os

from .. import errors
from ..base import display
from ..base._typing import TYPE_CHECKING
from ..capture.source import source_of_main
from ..models import feature_values, session
from . import belonging, runs, transforms
from . import params as params_
from .endings import Hooks
from .opened import COMPLETED, Open, outcome
from .parents import is_imported_again, parent_of_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Optional, Union

    from ..instance import Instance
    from ..models import Run, Space, Transform
    from .belonging import Projects


class _Script(Open):
    """The run of track() in this process."""

    is_script = True

    def __init__(self, run: Run, secrets: set[str], parent: Optional[Run]) -> None:
        super().__init__(run, root=True, parent=parent)
        self.secrets |= secrets
        session.enter(run)
        self.hooks = Hooks(self.fail)

    def end(self, status: str, error: Optional[BaseException] = None, exit_code: Optional[int] = None) -> None:
        """Write the end of the run, and put everything back as it was before track()."""
        global _open
        _open = None
        self.hooks.restore()
        session.leave(self.run)
        super().end(status, error, exit_code)

    def fail(self, error: BaseException) -> None:
        """End by an exception whose traceback was printed, and so is in the log."""
        status, code = outcome(error)
        self.end(status, None, code)


_open: Optional[_Script] = None


def track(
    transform: Union[str, Transform, None] = None,
    *,
    params: Optional[Mapping[str, object]] = None,
    features: Optional[Mapping[str, object]] = None,
    project: Projects = None,
    space: Union[str, Space, None] = None,
    key: Optional[str] = None,
    path: Union[str, os.PathLike[str], None] = None,
    kind: Optional[str] = None,
    new_run: Optional[bool] = None,
) -> None:
    """Start the run; see `entry`."""
    global _open
    display.attach_handler()
    store: Instance = session.current_store()  # type: ignore[assignment]
    if is_imported_again():
        return  # the main program of the parent, imported again: the run is the parent's
    kept, secrets = params_.checked(params)
    said = feature_values.checked(store, features)
    secrets |= feature_values.secrets_of(features)
    projects = belonging.project_ids(store, project)
    place = belonging.space_id(store, space, None if _open is not None else parent_of_root(store))
    made, new = _transform(store, transform, secrets, place, key=key, path=path, kind=kind)
    if _open is not None and _open.is_mine():
        if new_run is False and _open.run.transform == made:
            return
        display.info(f"finished Run({_open.run.uid!r}), as track() was called again")
        _open.end(COMPLETED)
    parent = parent_of_root(store)
    place = belonging.space_id(store, space, parent)
    run = runs.start(
        store,
        made,
        kept,
        said,
        projects,
        **runs.facts(store, secrets, made.path_hint, place),
        initiated_by_run_id=None if parent is None else parent.id,
        space_id=place,
    )
    _register_end()
    _open = _Script(run, secrets, parent)
    _say(run, made, new, transform is None, bool(said))


def _say(run: Run, transform: Transform, new: bool, unpinned: bool, featured: bool = False) -> None:
    verb = "created" if new else "loaded"
    display.info(
        f"{verb} Transform({transform.uid!r}, key={transform.key!r}), started new Run({run.uid!r}) at {_at(run)}"
    )
    if run.params:
        display.info(f"params: {', '.join(f'{name}={value!r}' for name, value in run.params.items())}")
    if featured:
        display.info(f"features: {', '.join(f'{name}={value!r}' for name, value in run.features.get_values().items())}")
    if new and unpinned:
        display.info(f"to identify the script across renames, pass the uid: ln.track({transform.stem_uid!r})")


def _transform(
    store: Instance,
    wish: Union[str, Transform, None],
    secrets: set[str],
    space_id: Optional[int],
    *,
    key: Optional[str],
    path: Union[str, os.PathLike[str], None],
    kind: Optional[str],
) -> tuple[Transform, bool]:
    if wish is not None and not isinstance(wish, str):
        return wish, False
    source = dict(source_of_main())
    if path is not None:
        source = _source_at(os.path.abspath(path))
    return transforms.resolve(store, source, uid=wish, key=key, kind=kind, secrets=secrets, space_id=space_id)


def _source_at(path: str) -> dict[str, Optional[str]]:
    from ..capture.source import source_of_file

    source = source_of_file(path)
    if source["text"] is None:
        raise errors.MissingFile(f"track(path={path!r}): there is no such file that this user may read.")
    return dict(source)


def _at(run: Run) -> str:
    return f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"


def finish() -> None:
    """End the run; see `entry`."""
    if _open is None or not _open.is_mine():
        if is_imported_again():
            return
        raise errors.TrackNotCalled("There is no run to finish: call ln.track() before ln.finish().")
    _open.end(COMPLETED)


_registered = False


def _register_end() -> None:
    global _registered
    if not _registered:
        import atexit

        atexit.register(_at_exit)
        _registered = True


def _at_exit() -> None:
    if _open is None or not _open.is_mine():
        return
    uid = _open.run.uid
    status, code = _open.hooks.at_exit()
    _open.end(status, None, code)
    if status == COMPLETED:
        display.info(f"finished Run({uid!r}) at the end of the script; ln.finish() ends it earlier")
