"""What is current: the instance that ``ln.Artifact`` means, and the run that a saved artifact belongs to.

Higher floors fill the slots: `instance` tells how the default instance is found, `tracking` sets the run.
"""

from __future__ import annotations

import contextvars

from .. import errors
from ..base._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Optional

    from ..sql.database import Database
    from ..storage.protocol import BlobStorage
    from .run import Run


class Store(Protocol):
    """An open instance, as rows know it."""

    uid: str
    root: str
    place: str
    database: Database
    settings: Any

    @property
    def user_id(self) -> int:
        """Id of the row of the person who runs this process."""

    @property
    def storage_id(self) -> int:
        """Id of the storage in which new data is kept."""

    @property
    def cache_dir(self) -> str:
        """Folder for disposable files."""

    def storage(self, storage_id: int) -> BlobStorage:
        """The storage with this id, checked to be the one that was registered."""

    def storage_roots(self) -> list[tuple[int, str]]:
        """Ids and absolute roots of all storages."""

    def stored_root(self, root: str) -> str:
        """How the root of a storage is kept in the database."""


_store: contextvars.ContextVar[Optional[Store]] = contextvars.ContextVar("store", default=None)
_run: contextvars.ContextVar[Optional[Run]] = contextvars.ContextVar("run", default=None)

default_store: Optional[Store] = None  #: the instance of this process, once it was opened or chosen


def _nothing_opens() -> Store:
    raise errors.NoInstance("No instance was chosen: call ln.connect(path).")


open_default: Callable[[], Store] = _nothing_opens  #: slot: finds and opens the default instance
roots: list[Run] = []  #: the open runs of track() and flows in this process, for threads that got no context


def current_store() -> Store:
    """The instance that the module-level names mean."""
    return _store.get() or default_store or open_default()


def known_stores() -> list[Store]:
    """The open instances that work done here may belong to."""
    run = _run.get()
    return [each for each in (run and run._store, _store.get(), default_store) if each is not None]


def same(one: Store, other: Store) -> bool:
    """Whether both are the same instance, opened once or twice; a copy of an instance is another one."""
    return one.database.is_same(other.database)


class using:
    """``with using(store): ...``: the module-level names mean this instance."""

    def __init__(self, store: Store) -> None:
        self._wanted = store

    def __enter__(self) -> None:
        self._token = _store.set(self._wanted)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _store.reset(self._token)


class running:
    """``with running(run): ...``: what is saved and read belongs to this run."""

    def __init__(self, run: Optional[Run]) -> None:
        self._wanted = run

    def __enter__(self) -> None:
        self._token = _run.set(self._wanted)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _run.reset(self._token)


def enter(run: Run) -> None:
    """What follows in this thread or task belongs to the run."""
    _run.set(run)


def leave(run: Run) -> None:
    """What follows belongs to no run, if it belonged to this one."""
    if _run.get() is run:
        _run.set(None)


def context_run() -> Optional[Run]:
    """The run of this thread or task, if one was set in it."""
    return _run.get()


def current_run(store: Store) -> Optional[Run]:
    """The run to which work belongs that is done now in this instance: of the context, else the only one open here."""
    run = _run.get()
    if run is None:
        here = _innermost(store)
        run = here[0] if len(here) == 1 else None
    return run if run is not None and same(run._store, store) else None


def _innermost(store: Optional[Store] = None) -> list[Run]:
    """The open root runs (of an instance) that no other one was started in."""
    outer = {root.enclosing for root in roots}
    return [root for root in roots if root not in outer and (store is None or same(root._store, store))]


def sole_root() -> Optional[Run]:
    """The innermost open root run of this process, whatever its instance; None if there are several side by side."""
    inner = _innermost()
    return inner[0] if len(inner) == 1 else None


def only_root(store: Store) -> Optional[Run]:
    """The one root run that is open in this process, of runs inside each other the innermost.

    An error if there are several side by side, as none can be preferred.
    """
    here = _innermost(store)
    if len(here) > 1:
        raise errors.TrackNotCalled(
            f"{len(here)} runs are open in this process ({', '.join(run.uid for run in here)}), and this thread belongs "
            "to none of them: call the step as step.bound()(...), with step.bound() called where the run is open."
        )
    return here[0] if here else None
