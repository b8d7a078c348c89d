"""flow and step: one run for each call of a function.

The wrapper closes over plain values only, and finds everything else when it is called: so it can be pickled by value
and sent to other processes.
"""

from __future__ import annotations

from functools import wraps

from .. import errors
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Optional, Protocol, TypeVar, Union, overload

    F = TypeVar("F", bound=Callable[..., Any])

    class Decorator(Protocol):
        """With or without parentheses; the decorated function keeps its type."""

        @overload
        def __call__(self, uid: F) -> F: ...
        @overload
        def __call__(self, uid: Optional[str] = None) -> Callable[[F], F]: ...


if TYPE_CHECKING:
    flow: Decorator
    step: Decorator
else:

    def flow(uid: Union[str, Callable[..., Any], None] = None) -> Any:
        """Track each call of a function as a run of its own: the start of a workflow.

        ``uid``: identifies the file of the function across renames. Bound arguments with their defaults become params;
        exceptions pass unchanged. Inside, `step` functions make runs that this one initiated.

        >>> @ln.flow()
        ... def ingest(key: str) -> ln.Artifact:
        ...     return ln.Artifact("data.csv", key=key).save()
        """
        return _decorated(uid, "flow")

    def step(uid: Union[str, Callable[..., Any], None] = None) -> Any:
        """Track each call of a function as a run that the surrounding run initiated.

        ``uid``: identifies the file of the function across renames. ``decorated.bound()`` gives a function that belongs
        to the run that is open now, wherever it is called later. Raises `TrackNotCalled` where no run is open.

        >>> @ln.step()
        ... def subset(artifact: ln.Artifact, rows: int = 2) -> ln.Artifact:
        ...     return ln.Artifact.from_object(artifact.load()[:rows], key="subset.csv").save()
        """
        return _decorated(uid, "step")


def _decorated(uid: Union[str, Callable[..., Any], None], kind: str) -> Any:
    if uid is None or isinstance(uid, str):
        return lambda func: _wrapped(_checked(func, kind), kind, uid)
    return _wrapped(_checked(uid, kind), kind, None)


def _checked(func: Any, kind: str) -> Any:
    if not hasattr(func, "__code__") and not hasattr(func, "__wrapped__") and not hasattr(func, "__func__"):
        raise errors.InvalidArgument(
            f"@{kind} was put on {func!r}, which is no plain function: put @ln.{kind}() directly above the def, below "
            "other decorators."
        )
    return func


def _wrapped(func: Any, kind: str, uid: Optional[str]) -> Any:
    if isinstance(func, (staticmethod, classmethod)):
        return type(func)(_wrapped(func.__func__, kind, uid))
    flags = getattr(getattr(func, "__code__", None), "co_flags", 0)
    make = next((made for flag, made in _WRAPPERS if flags & flag), _plain)
    wrapper = make(func, kind, uid, __package__)
    if kind == "step":
        wrapper.bound = _Binder(func, uid)
    return wrapper


# Wrappers import `calls` by the name of the package: a function of the main program is pickled by value with all
# that it refers to, and neither this module nor a ContextVar could follow it.


def _plain(func: Any, kind: str, uid: Optional[str], package: Optional[str]) -> Any:
    @wraps(func)
    def tracked(*args: Any, **kwargs: Any) -> Any:
        from importlib import import_module

        calls = import_module(f"{package}.calls")
        return calls.call(calls.Spec(func, kind, uid), args, kwargs)

    return tracked


def _generator(func: Any, kind: str, uid: Optional[str], package: Optional[str]) -> Any:
    @wraps(func)
    def tracked(*args: Any, **kwargs: Any) -> Any:
        from importlib import import_module

        calls = import_module(f"{package}.calls")
        return (yield from calls.generate(calls.Spec(func, kind, uid), args, kwargs))

    return tracked


def _coroutine(func: Any, kind: str, uid: Optional[str], package: Optional[str]) -> Any:
    @wraps(func)
    async def tracked(*args: Any, **kwargs: Any) -> Any:
        from importlib import import_module

        calls = import_module(f"{package}.calls")
        return await calls.coroutine(calls.Spec(func, kind, uid), args, kwargs)

    return tracked


def _async_generator(func: Any, kind: str, uid: Optional[str], package: Optional[str]) -> Any:
    @wraps(func)
    async def tracked(*args: Any, **kwargs: Any) -> Any:
        from importlib import import_module

        calls = import_module(f"{package}.calls")
        body = calls.generate_async(calls.Spec(func, kind, uid), args, kwargs)
        sent = thrown = None
        while True:
            try:
                item = await (body.asend(sent) if thrown is None else body.athrow(thrown))
            except StopAsyncIteration:
                return
            sent = thrown = None
            try:
                sent = yield item
            except BaseException as error:
                thrown = error

    return tracked


#: flags of code objects, as ``inspect`` names them: CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
_WRAPPERS = ((0x200, _async_generator), (0x80, _coroutine), (0x20, _generator))


class _Binder:
    """``step.bound``: gives the step, bound to the run that is open now."""

    def __init__(self, func: Any, uid: Optional[str]) -> None:
        self._func = func
        self._uid = uid

    def __call__(self) -> Any:
        from . import calls

        return calls.bound(self._func, self._uid)
