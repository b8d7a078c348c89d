"""One call of a tracked function: bind, find the parent, start the run, call, end the run."""

from __future__ import annotations

from .. import errors
from ..base import display
from ..base._typing import TYPE_CHECKING
from ..capture.host import cli_args
from ..capture.source import source_of_function
from ..models import session
from ..models.session import running
from . import params, runs, transforms
from .parents import parent_of_process, parent_of_step

if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from ..instance import Instance
    from ..models import Run, Transform


def call(
    func: Callable[..., Any],
    kind: str,
    uid: Optional[str],
    bound_to: Optional[tuple[str, str]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Call a flow or step as a run."""
    arguments = params.bound(func, args, kwargs)
    if arguments is None:
        return func(*args, **kwargs)  # raises the TypeError that Python words best
    run = _start(func, kind, uid, bound_to, arguments)
    root = kind == "flow"
    if root:
        session.roots.append(run)
    try:
        with running(run):
            result = func(*args, **kwargs)
    except BaseException as error:
        _fail(run, error)
        raise
    finally:
        if root:
            session.roots.remove(run)
    runs.end(run, "completed")
    return result


def _fail(run: Run, error: BaseException) -> None:
    code = error.code if isinstance(error, SystemExit) else 1
    code = 0 if code is None else code if isinstance(code, int) else 1
    runs.end(run, "errored" if code else "completed", exit_code=code)


def _start(
    func: Callable[..., Any],
    kind: str,
    uid: Optional[str],
    bound_to: Optional[tuple[str, str]],
    arguments: dict[str, Any],
) -> Run:
    store = _store(bound_to)
    name = getattr(func, "__qualname__", repr(func)).replace("<locals>.", "")
    if kind == "flow":
        display.attach_handler()
        here = session.current_run(store)
        parent = here or parent_of_process(store)
    else:
        parent = parent_of_step(store, bound_to[1] if bound_to else None)
        if parent is None:
            raise errors.TrackNotCalled(
                f"The step {name}() was called without a run: call ln.track() first, or decorate the function that "
                "calls it with @ln.flow()."
            )
    transform, new = transforms.resolve(store, source_of_function(func), uid=uid)
    values: dict[str, Any] = {"entrypoint": name, "initiated_by_run_id": None if parent is None else parent.id}
    if parent is not None:
        values["space_id"] = parent._values["space_id"]
    if kind == "flow":
        values.update(cli_args=cli_args(), environment_id=runs.environment_id(store))
    run = runs.start(store, transform, params.kept(arguments), **values)
    if kind == "flow":
        _say(transform, new, run, name, uid)
    return run


def _store(bound_to: Optional[tuple[str, str]]) -> Instance:
    from ..instance import Instance

    here = session.context_run()
    store: Any = here._store if here is not None else session.current_store()
    if bound_to is None or bound_to[0] == store.root:
        return store  # type: ignore[no-any-return]
    return _opened.setdefault(bound_to[0], Instance.open(bound_to[0]))


_opened: dict[str, Instance] = {}


def _say(transform: Transform, new: bool, run: Run, name: str, uid: Optional[str]) -> None:
    verb = "created" if new else "loaded"
    display.info(
        f"{verb} Transform({transform.uid!r}, key={transform.key!r}), started new Run({run.uid!r}, "
        f"entrypoint={name!r}) at {run.started_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    if run.params:
        display.info(f"params: {', '.join(f'{name}={value!r}' for name, value in run.params.items())}")
    if new and uid is None:
        display.info(f"to identify the workflow across renames, pass the uid: @ln.flow(uid={transform.stem_uid!r})")


class Bound:
    """A step that belongs to a given run, wherever it is called; holds plain values, so it can be pickled."""

    def __init__(self, func: Callable[..., Any], uid: Optional[str], bound_to: tuple[str, str]) -> None:
        self._func = func
        self._uid = uid
        self._bound_to = bound_to

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the step."""
        return call(self._func, "step", self._uid, self._bound_to, args, kwargs)


def bound(func: Callable[..., Any], uid: Optional[str]) -> Bound:
    """The step, bound to the run that is open now."""
    store: Any = session.context_run()._store if session.context_run() else session.current_store()  # type: ignore[union-attr]
    parent = parent_of_step(store, None)
    if parent is None:
        raise errors.TrackNotCalled(
            "step.bound() was called without a run: call it where ln.track() or a flow is open."
        )
    return Bound(func, uid, (store.root, parent.uid))
