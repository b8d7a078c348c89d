"""What track() and finish() do: one run for a script."""

from __future__ import annotations

import os

from .. import errors
from ..base import display
from ..base._typing import TYPE_CHECKING
from ..capture.source import source_of_main
from ..models import feature_values, session
from . import belonging, processes, prompt, runs, transforms
from . import params as params_
from .endings import Hooks
from .opened import CELLS, COMPLETED, Open, outcome
from .parents import is_imported_again, parent_of_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional, Union

    from ..instance import Instance
    from ..models import Run, Space, Transform
    from .belonging import Projects
    from .kernel import Kernel


class _Script(Open):
    """The run of track() in this process."""

    is_script = True

    def __init__(
        self,
        run: Run,
        secrets: set[str],
        text: Optional[str],
        parent: Optional[Run],
        kernel: Optional[Kernel],
        outer: Optional[_Script],
    ) -> None:
        self.kernel = kernel
        self.outer = outer  #: of the notebook or the prompt that executes this script by ``%run``
        if kernel is None:
            super().__init__(run, root=True, parent=parent)
            self.hooks: Union[Hooks, Kernel, prompt.Prompt] = _hooks(self)
        else:
            super().__init__(run, root=True, parent=parent, log=kernel.new_log, suffix=CELLS)
            self.hooks = kernel
            kernel.listen(run, secrets)
        self.learn(secrets, text)
        session.enter(run)

    def end(self, status: str, error: Optional[BaseException] = None, exit_code: Optional[int] = None) -> None:
        """Write the end of the run, and put everything back as it was before track()."""
        global _open
        _open = self.outer
        self.hooks.restore()
        session.leave(self.run)
        if self.outer is not None:
            session.enter(self.outer.run)
        if self.kernel is not None and self.is_mine():
            self.kernel.settle(self.secrets)
            self.learn((), self.kernel.executed_text())
        super().end(status, error, exit_code)

    def give_way(self) -> None:
        """End, as track() was called again: completed; where IPython executes cells, by how the last one ended."""
        status, code = (COMPLETED, None) if isinstance(self.hooks, Hooks) else self.hooks.at_exit()
        if self.kernel is not None:
            self.kernel.give_way()
        display.info(f"finished Run({self.run.uid!r}), as track() was called again")
        self.end(status, None, code)

    def fail(self, error: BaseException) -> None:
        """End by an exception whose traceback was printed, and so is in the log."""
        status, code = outcome(error)
        self.end(status, None, code)


def _hooks(opened: _Script) -> Union[Hooks, prompt.Prompt]:
    """What hears of the end of a program, or of the inputs at the prompt of IPython, or cells that it executes."""
    if source_of_main()["kind"] != "interactive" and not prompt.is_of_cells():
        return Hooks(opened.fail)
    shell = prompt.shell_of_terminal()
    return prompt.Prompt(shell, opened.run) if shell is not None else Hooks(opened.fail)


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
    display.attach_handler()
    store: Instance = session.current_store()  # type: ignore[assignment]
    if is_imported_again():
        return  # the main program of the parent, imported again: the run is the parent's
    wish = {"uid": transform if isinstance(transform, str) else None, **transforms.wished(key, kind)}
    with processes.tracking:
        _track(store, transform, wish, params, features, project, space, path, new_run)


def _track(
    store: Instance,
    transform: Union[str, Transform, None],
    wish: dict[str, Optional[str]],
    params: Optional[Mapping[str, object]],
    features: Optional[Mapping[str, object]],
    project: Projects,
    space: Union[str, Space, None],
    path: Union[str, os.PathLike[str], None],
    new_run: Optional[bool],
) -> None:
    """Start the run, while no other thread does."""
    global _open
    kernel = _kernel(store, path)
    source = _source(path, kernel)
    kept, secrets, put_in = _params(params, kernel)
    said = feature_values.checked(store, features)
    secrets |= feature_values.secrets_of(features)
    projects = belonging.project_ids(store, project)
    is_executed = prompt.is_executed()
    outer = _outer() if is_executed else None
    place = belonging.space_id(store, space, None if _open is not outer else parent_of_root(store))
    made, new = _transform(store, transform, source, secrets, place, wish)

    def made_again() -> Transform:
        nonlocal made, new
        made, new = _transform(store, transform, source, secrets, place, wish)
        return made

    if _open is not None and _open.is_mine():
        if new_run is False and _open.run.transform == made:
            return
        _make_way(outer)
    kernel = None if is_executed else kernel
    parent = parent_of_root(store)
    place = belonging.space_id(store, space, parent)
    facts = runs.facts(store, secrets, source["path"], place)
    if put_in:  # by which the run can be repeated
        facts["extra_data"] = {**(facts.get("extra_data") or {}), **put_in}
    run = runs.start(
        store,
        made,
        kept,
        said,
        projects,
        again=made_again,
        **facts,
        initiated_by_run_id=None if parent is None else parent.id,
        space_id=place,
    )
    processes.at_exit(_at_exit)
    if kernel is not None:
        kernel.wish = {**wish, "new": new} if made is not transform and source["kind"] == "notebook" else None
    _open = _Script(run, secrets, source["text"], parent, kernel, outer)
    if is_executed:
        _end_with_script(outer)
    _say(run, made, new, transform is None, bool(said))
    if kernel is not None:
        kernel.say_unknown(made.key)
    elif source["kind"] == "interactive" and source["text"] is None and made is not transform:
        _say_without_file(made)


def _outer() -> Optional[_Script]:
    """The run of the notebook, or at the prompt of IPython, that goes on while this script is executed by ``%run``."""
    opened = _open if _open is None or _open.outer is None else _open.outer
    return None if opened is None or isinstance(opened.hooks, Hooks) or not opened.is_mine() else opened


def _make_way(outer: Optional[_Script]) -> None:
    """End the runs whose place another one takes; not the outer one."""
    while _open is not None and _open is not outer:
        _open.give_way()


def _end_with_script(outer: Optional[_Script]) -> None:
    """See to it that the run ends with its script; where no run is around it, which would hear of that, with the cell."""
    if outer is None:
        prompt.call_after_cell(_end_within)
    elif not isinstance(outer.hooks, Hooks):
        outer.hooks.after_script = _end_within


def _end_within() -> None:
    """End the run of a script that ``%run`` has executed, if it did not so itself."""
    if _open is None or not isinstance(_open.hooks, Hooks) or not _open.hooks.is_over():
        return
    status, code = _open.hooks.at_exit()
    shown = _open.hooks.shown()
    _open.end(status, None if isinstance(shown, SystemExit) else shown, code)


def _say(run: Run, transform: Transform, new: bool, unpinned: bool, featured: bool = False) -> None:
    verb = "created" if new else "loaded"
    display.info(
        f"{verb} Transform({transform.uid!r}, key={transform.key!r}), started new Run({run.uid!r}) at {_at(run)}"
    )
    if run.params:
        display.info(f"params: {params_.shown(run.params)}")
    if featured:
        display.info(f"features: {params_.shown(run.features.get_values())}")
    if new and unpinned and transform.kind != "interactive":
        what = "notebook" if transform.kind == "notebook" else "script"
        display.info(f"to identify the {what} across renames, pass the uid: ln.track({transform.stem_uid!r})")


def _say_without_file(transform: Transform) -> None:
    display.warning(
        f"This code is in no file, so the run is kept under {transform.key} without a source: name the file by "
        'ln.track(path="my_script.py").'
    )


def _params(
    params: Optional[Mapping[str, object]], kernel: Optional[Kernel]
) -> tuple[dict[str, Any], set[str], dict[str, Any]]:
    """The params of the run, the secrets among them, and what is kept of those that papermill put into the notebook."""
    kept, secrets = params_.checked(params)
    if kernel is None:
        return kept, secrets, {}
    from . import injected

    values, found, put_in = injected.found()
    return {**values, **kept}, secrets | found, put_in


def _transform(
    store: Instance,
    wish: Union[str, Transform, None],
    source: dict[str, Optional[str]],
    secrets: set[str],
    space_id: Optional[int],
    options: dict[str, Optional[str]],
) -> tuple[Transform, bool]:
    if wish is not None and not isinstance(wish, str):
        return transforms.saved(store, wish), False
    return transforms.resolve(store, source, secrets=secrets, space_id=space_id, **options)


def _kernel(store: Instance, path: Union[str, os.PathLike[str], None]) -> Optional[Kernel]:
    """The kernel that this process is, if it is one."""
    shell = display.kernel_shell()
    if shell is None:
        return None
    from .kernel import Kernel

    return Kernel(shell, store, path)


def _source(path: Union[str, os.PathLike[str], None], kernel: Optional[Kernel]) -> dict[str, Optional[str]]:
    from ..capture.source import source_of_file

    if path is None:
        return dict(source_of_main() if kernel is None else kernel.source())
    source = source_of_file(os.path.abspath(path))
    if source["text"] is None and source["kind"] == "notebook" and kernel is None:  # else it has the cells that ran
        raise errors.InvalidArgument(
            f"track(path={path!r}): this is no notebook that can be read: mend the file first."
        )
    if source["text"] is None and source["kind"] != "notebook":
        raise errors.MissingFile(f"track(path={path!r}): there is no such file that this user may read.")
    return dict(source)


def _at(run: Run) -> str:
    return f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"


def finish() -> None:
    """End the run; see `entry`."""
    with processes.tracking:
        opened = _open
        if opened is None or not opened.is_mine():
            if is_imported_again():
                return
            raise errors.TrackNotCalled("There is no run to finish: call ln.track() before ln.finish().")
        opened.end(COMPLETED)
    if opened.kernel is not None:
        opened.kernel.say_end()


def _at_exit() -> None:
    if _open is None or not _open.is_mine():
        return
    if _open.outer is not None:
        _end_within()
    uid, kernel = _open.run.uid, _open.kernel
    status, code = _open.hooks.at_exit()
    _open.end(status, None, code)
    if status == COMPLETED and kernel is None:  # a kernel that ends has nobody to tell
        display.info(f"finished Run({uid!r}) at the end of the script; ln.finish() ends it earlier")
