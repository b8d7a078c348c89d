"""Calls of tracked functions: bind, find the parent, start the run, call, end the run.

One shape for each kind of function: plain, generator, coroutine, asynchronous generator. A run starts when the body
starts, which for generators is the first ``next``; the current run is set around each stretch of the body and never
held while the caller goes on.
"""

from __future__ import annotations

import sys

from .. import errors
from ..base import display
from ..base._typing import TYPE_CHECKING
from ..capture.source import source_of_function
from ..models import session
from ..models.session import running
from . import belonging, params, runs, transforms
from .opened import ABORTED, COMPLETED, Open
from .parents import parent_of_root, parent_of_step

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from typing import Any, Optional

    from ..instance import Instance
    from ..models import Run, Transform


class Spec:
    """What the decorator said: plain values only, so that a wrapper can be pickled by value.

    ``kind``: ``flow`` or ``step``. ``uid``: pinned, or None. ``bound_to``: place of an instance and uid of a run, or
    None.
    """

    __slots__ = ("bound_to", "func", "kind", "uid")

    def __init__(
        self, func: Callable[..., Any], kind: str, uid: Optional[str], bound_to: Optional[tuple[str, str]] = None
    ) -> None:
        self.func = func
        self.kind = kind
        self.uid = uid
        self.bound_to = bound_to

    @property
    def name(self) -> str:
        """The qualified name of the function, as users write it."""
        return str(getattr(self.func, "__qualname__", repr(self.func))).replace("<locals>.", "")


def call(spec: Spec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a plain function; one that gives a generator or coroutine ends with that."""
    opened = begin(spec, args, kwargs)
    if opened is None:
        return spec.func(*args, **kwargs)  # raises the TypeError that Python words best
    try:
        with running(opened.run):
            result = spec.func(*args, **kwargs)
    except BaseException as error:
        opened.fail(error)
        raise
    drive = _driver_of(result)
    if drive is not None:
        return drive(opened, result)
    opened.end(COMPLETED)
    return result


def _driver_of(result: Any) -> Optional[Callable[[Open, Any], Any]]:
    """What goes on with the run of a function that was plain, yet gave something that is still to be run."""
    if hasattr(result, "asend") and hasattr(result, "athrow"):
        return lambda opened, body: _driven_async(lambda: opened, body)
    if hasattr(result, "send") and hasattr(result, "throw"):
        return _driven if hasattr(result, "__next__") else _awaited
    return None


def generate(spec: Spec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Generator[Any, Any, Any]:
    """The generator of a generator function, as a run from its first ``next`` on."""
    body = spec.func(*args, **kwargs)
    opened = begin(spec, args, kwargs)
    return body if opened is None else (yield from _driven(opened, body))


def _stretches(run: Run, body: Any) -> Generator[Any, Any, Any]:
    """Go through a generator, coroutine or awaitable, with the run set while it runs, never while others do."""
    sent: Any = None
    thrown: Optional[BaseException] = None
    while True:
        try:
            with running(run):
                item = body.send(sent) if thrown is None else body.throw(thrown)
        except StopIteration as stop:
            return stop.value
        sent = thrown = None
        try:
            sent = yield item
        except GeneratorExit:
            with running(run):
                body.close()  # not thrown in: of things dropped together, the body may be closed already
            raise
        except BaseException as error:
            thrown = error


class _Stretches:
    """The same, to be awaited."""

    def __init__(self, run: Run, body: Any) -> None:
        self._run = run
        self._body = body

    def __await__(self) -> Generator[Any, Any, Any]:
        return _stretches(self._run, self._body)


def _driven(opened: Open, body: Any) -> Generator[Any, Any, Any]:
    opened.drive(body, COMPLETED)
    try:
        result = yield from _stretches(opened.run, body)
    except BaseException as error:
        opened.fail(error)
        raise
    opened.end(COMPLETED)
    return result


async def coroutine(spec: Spec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The coroutine of an ``async def``, as a run from when it is first awaited."""
    body = spec.func(*args, **kwargs)  # first: wrong arguments leave no run
    try:
        opened = begin(spec, args, kwargs)
    except BaseException:
        body.close()
        raise
    return await (body if opened is None else _awaited(opened, body))


async def _awaited(opened: Open, body: Any) -> Any:
    opened.drive(body, ABORTED)
    try:
        result = await _Stretches(opened.run, body)
    except GeneratorExit:  # dropped half-way; of a generator it would mean that the consumer had enough
        opened.end(ABORTED)
        raise
    except BaseException as error:
        opened.fail(error)
        raise
    opened.end(COMPLETED)
    return result


def generate_async(spec: Spec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AsyncGenerator[Any, Any]:
    """The asynchronous generator of an ``async def`` with ``yield``, as a run from its first step on."""
    return _driven_async(lambda: begin(spec, args, kwargs), spec.func(*args, **kwargs))


async def _driven_async(start: Callable[[], Optional[Open]], body: Any) -> AsyncGenerator[Any, Any]:
    opened = start()
    if opened is not None:
        opened.drive(body, COMPLETED)
    sent: Any = None
    thrown: Optional[BaseException] = None
    while True:
        try:
            step = body.asend(sent) if thrown is None else body.athrow(thrown)
            item = await (step if opened is None else _Stretches(opened.run, step))
        except BaseException as error:
            if opened is not None and isinstance(error, StopAsyncIteration):
                opened.end(COMPLETED)
            elif opened is not None:
                opened.fail(error)
            if isinstance(error, StopAsyncIteration):
                return
            raise
        sent = thrown = None
        try:
            sent = yield item
        except BaseException as error:
            thrown = error


# -- starting


def begin(spec: Spec, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Optional[Open]:
    """Start the run of a call; None if the arguments do not fit the function."""
    arguments = params.bound(spec.func, args, kwargs)
    if arguments is None:
        return None
    store, root = _store(spec), spec.kind == "flow"
    if root:
        display.attach_handler()
    parent = _parent(store, spec)
    values: dict[str, Any] = {"entrypoint": spec.name, "space_id": belonging.space_id(store, None, parent)}
    projects = belonging.project_ids(store) if root else ()
    kept, secrets = params.kept(arguments)
    source, space_id = source_of_function(spec.func), values["space_id"]
    new = False

    def resolved() -> Transform:
        nonlocal new
        own = transforms.of_cell(store, spec.func) if transforms.of_cell is not None and spec.uid is None else None
        if own is not None:
            return own
        found, new = transforms.resolve(store, source, uid=spec.uid, secrets=secrets, space_id=space_id)
        return found

    transform = resolved()
    if parent is not None:
        values["initiated_by_run_id"] = parent.id
    if root:
        values.update(runs.facts(store, secrets, source["path"], space_id), projects=projects)
    opened = Open(runs.start(store, transform, kept, again=resolved, **values), root=root, parent=parent)
    opened.learn(secrets, source["text"])
    if root:
        _say(opened.run.transform, new, opened.run, spec)
    return opened


def _parent(store: Instance, spec: Spec) -> Optional[Run]:
    if spec.kind == "flow":
        return parent_of_root(store)
    parent = parent_of_step(store, spec.bound_to[1] if spec.bound_to else None)
    if parent is None:
        raise errors.TrackNotCalled(
            f"The step {spec.name}() was called without a run: call ln.track() first, or decorate the function that "
            "calls it with @ln.flow()."
        )
    return parent


def _store(spec: Spec) -> Instance:
    from ..instance import reached

    if spec.bound_to is not None:
        return reached(spec.bound_to[0])
    here = session.context_run()
    store: Any = here._store if here is not None else session.current_store()
    return store  # type: ignore[no-any-return]


def _say(transform: Transform, new: bool, run: Run, spec: Spec) -> None:
    verb = "created" if new else "loaded"
    display.info(
        f"{verb} Transform({transform.uid!r}, key={transform.key!r}), started new Run({run.uid!r}, "
        f"entrypoint={spec.name!r}) at {run.started_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    if run.params:
        display.info(f"params: {params.shown(run.params)}")
    if new and spec.uid is None:
        display.info(f"to identify the workflow across renames, pass the uid: @ln.flow(uid={transform.stem_uid!r})")


# -- steps for workers that were started earlier


class Bound:
    """A step that belongs to a given run, wherever it is called; holds plain values, so it can be pickled."""

    def __init__(self, func: Callable[..., Any], uid: Optional[str], bound_to: tuple[str, str]) -> None:
        self._func = func
        self._uid = uid
        self._bound_to = bound_to

    def __reduce__(self) -> tuple[Any, ...]:
        named, depth = _named(self._func)
        return _bound_again, (named, depth, self._uid, self._bound_to)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the step; the same kinds of functions as a step that is not bound."""
        spec = Spec(self._func, "step", self._uid, self._bound_to)
        return CALLS[kind_of(self._func)](spec, args, kwargs)


def _named(func: Any) -> tuple[Any, int]:
    """What bears the name of a function, and how many decorators it has; pickle takes a function by its name only."""
    found = sys.modules.get(func.__module__)
    for part in func.__qualname__.split("."):
        found = getattr(found, part, None)
    inside, depth = found, 0
    while inside is not None and inside is not func:
        inside, depth = getattr(inside, "__wrapped__", None), depth + 1
    return (func, 0) if inside is None else (found, depth)


def _bound_again(named: Any, depth: int, uid: Optional[str], bound_to: tuple[str, str]) -> Bound:
    for _ in range(depth):
        named = named.__wrapped__
    return Bound(named, uid, bound_to)


def bound(func: Callable[..., Any], uid: Optional[str]) -> Bound:
    """The step, bound to the run that is open now."""
    spec = Spec(func, "step", uid)
    store = _store(spec)
    parent = parent_of_step(store, None)
    if parent is None:
        raise errors.TrackNotCalled(
            "step.bound() was called without a run: call it where ln.track() or a flow is open."
        )
    return Bound(func, uid, (store.place, parent.uid))


def kind_of(func: Any) -> str:
    """``plain``, ``generator``, ``coroutine`` or ``async generator``, as the code object says."""
    flags = getattr(getattr(func, "__code__", None), "co_flags", 0)
    if flags & 0x200:
        return "async generator"
    if flags & 0x80:
        return "coroutine"
    return "generator" if flags & 0x20 else "plain"


CALLS: dict[str, Callable[..., Any]] = {
    "plain": call,
    "generator": generate,
    "coroutine": coroutine,
    "async generator": generate_async,
}
