"""The registries of an instance: where their queries begin, and what ``get`` means."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING, Generic, R
from ..sql import lookups
from ..sql.lookups import Q
from ..sql.query import QuerySet
from . import session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Optional, Union

    from ..sql.database import Database
    from ..sql.finding import Lookup
    from .session import Store

MAIN, ARCHIVE, TRASH = 1, 0, -1  #: ids of the branches that every instance has
NEAR = 1_000  #: rows among whose names a similar one is looked for


def query(model: type[R], store: Store) -> QuerySet[R]:
    """A query set over all rows of a registry, also those in the trash."""
    return QuerySet(model, store.database, maker(store))


class maker:
    """What makes rows of this instance from what its database gives."""

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def database(self) -> Database:
        """Where the rows are read."""
        return self._store.database

    def __call__(self, cls: type[Any], row: tuple[Any, ...]) -> Any:
        """A row of this registry."""
        return cls._from_row(self._store, row)


class Manager(Generic[R]):
    """A registry of one instance: ``instance.Artifact``. Called, it makes a row; it has the queries of the class."""

    def __init__(self, model: type[R], store: Store) -> None:
        self.model: Any = model
        self.store = store

    def __call__(self, *args: object, **kwargs: object) -> R:
        """Make a row of this instance."""
        with session.using(self.store):
            row: R = self.model(*args, **kwargs)
        return row

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self.model, name)
        return self._bound(found) if getattr(found, "__self__", None) is self.model else found

    def _bound(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """A class method, as of this instance."""

        def call(*args: object, **kwargs: object) -> Any:
            with session.using(self.store):
                return method(*args, **kwargs)

        return call

    def filter(self, /, *conditions: Q, **lookups_: object) -> QuerySet[R]:
        """As the class method of the same name."""
        self.model._before_query(self.store)
        found = query(self.model, self.store).hiding(self.model._default_conditions(Q()))
        return found.filter(*conditions, **lookups_) if conditions or lookups_ else found

    def all(self) -> QuerySet[R]:
        """As the class method of the same name."""
        return self.filter()

    def exclude(self, /, *conditions: Q, **lookups_: object) -> QuerySet[R]:
        """As the class method of the same name."""
        return self.filter().exclude(*conditions, **lookups_)

    def order_by(self, *names: str) -> QuerySet[R]:
        """As the class method of the same name."""
        return self.filter().order_by(*names)

    def search(self, text: str, limit: Optional[int] = 20) -> QuerySet[R]:
        """As the class method of the same name."""
        return self.filter().search(text, limit)

    def lookup(self) -> Lookup:
        """As the class method of the same name."""
        return self.filter().lookup()

    def count(self) -> int:
        """As the class method of the same name."""
        return self.filter().count()

    def exists(self) -> bool:
        """As the class method of the same name."""
        return self.filter().exists()

    def to_dicts(
        self, include: Sequence[str] = (), features: Union[bool, Sequence[Any], None] = None
    ) -> list[dict[str, Any]]:
        """As the class method of the same name."""
        return self.filter().to_dicts(include, features)

    def to_dataframe(self, **options: Any) -> Any:
        """As the class method of the same name."""
        return self.filter().to_dataframe(**options)

    def get(self, /, uid: Union[str, int, None] = None, **lookups_: object) -> R:
        """As the class method of the same name."""
        return self.filter().get(uid, **lookups_)


def got(rows: QuerySet[R], uid: Union[str, int, None], lookups_: dict[str, object]) -> R:
    """The row that ``get`` means, among those of a query set."""
    model = rows._model
    title, name = model.__name__, lookups.label_name(model)
    if uid is not None and (isinstance(uid, bool) or not isinstance(uid, (str, int))):
        raise errors.InvalidArgument(f"{title}.get() takes a uid as text, or an id as a whole number; got {uid!r}.")
    if isinstance(uid, int):
        lookups_["id"] = uid
    elif uid:
        # A whole one is looked for as it is: to find what starts with it, a database must know how few these are.
        lookups_["uid" if len(uid) == model.uid_length else "uid__startswith"] = uid
    if not lookups_ or uid == "":
        raise errors.InvalidArgument(f"{title}.get() needs a uid, or a condition such as {name}='...'.")
    asked = Q(**lookups_)
    try:
        row: R = model._preferred(rows.filter(asked))
    except errors.DoesNotExist as error:
        none = f"No {title} has" if _is_whole(rows) else f"None of these {title}s has"
        by_uid = uid and [*lookups_] in (["uid"], ["uid__startswith"])
        text = f"{none} a uid that starts with {uid!r}." if by_uid else str(error)
        raise errors.DoesNotExist(f"{text} {_hint(rows, asked, lookups_.get(name, uid), uid)}".rstrip()) from None
    return row


def _is_whole(rows: QuerySet[Any]) -> bool:
    """Whether these are all rows of a registry that are shown."""
    return not (rows._ids or rows._given.children or rows._where.children)


def _hint(rows: QuerySet[Any], asked: Q, value: object, uid: Union[str, int, None]) -> str:
    """Where else it may be, or what is meant instead."""
    model = rows._model
    name = lookups.label_name(model)
    if "branch" in model.__table__.fields and not {"branch", "branch_id"} & (asked.names() | rows._where.names()):
        found = rows.filter(asked, branch_id__lte=ARCHIVE).first()
        if found is not None:
            where = "trash" if found.branch_id == TRASH else "archive"
            return f"One is in the {where}: get it with branch={where!r}, and bring it back by its restore()."
    if not isinstance(value, str) or name == "uid":
        return ""
    get = f"{model.__name__}.get" if _is_whole(rows) else "get"
    known = rows.order_by("-id")[:NEAR].values_list(name, flat=True)
    if value in known:
        return f"Did you mean {get}({name}={value!r})?"
    near = lookups.nearest(value, [each for each in known if each])
    if near:
        return f"Did you mean {name}={near!r}?"
    return f"By its {name} it would be {get}({name}={value!r})." if value == uid else ""


def restoring(model: type[Any], uid: str, branch: str = "trash") -> str:
    """How a row that is in the trash, or on another branch, is brought back, for errors."""
    return f"bring it back with ln.{model.__name__}.get({uid!r}, branch={branch!r}).restore()"


def called(row: Any) -> str:
    """What people know a row by, for errors.

    >>> called(ln.Record(name="s1"))  # doctest: +SKIP
    "Record s1 (3wGPqD7bnPBAGMrQ)"
    """
    name = next((row._values[name] for name in ("key", "name", "handle") if row._values.get(name)), None)
    return f"{type(row).__name__} {row.uid if name is None else f'{name} ({row.uid})'}"
