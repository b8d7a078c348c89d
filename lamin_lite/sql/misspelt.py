"""A hint where nothing was found because nothing has a param of that name: what is perhaps meant.

Params have any names, so that a wrong one is no error; it would only find nothing.
"""

from __future__ import annotations

from ..base import canon, display
from ..base._typing import TYPE_CHECKING
from .lookups import LOOKUPS, Q, nearest
from .relations import ParamsIndex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .database import Database

MOST = 200  #: names that a wrong one is compared with
_AFTER_DIGITS = ":"  # the character after 9: the items of a list are passed over at once
_told: set[tuple[str, str]] = set()  # each name is told once a process


def tell(model: Any, database: Database, where: Q) -> None:
    """Say which params of a condition nothing has, if others have a name that is nearly the same."""
    for name in sorted(_names(where)):
        field, _, path = name.partition("__")
        index = model.__relations__.get(f"{field}_index")
        if not path or not isinstance(index, ParamsIndex) or (database.path, name) in _told:
            continue
        _told.add((database.path, name))
        near = _near(database, index, path)
        if near is not None:
            display.warning(f"there is nothing for {name!r} in any {model.__name__}: did you mean {field}__{near}?")


def _names(q: Q) -> set[str]:
    return set().union(*(_names(child) if isinstance(child, Q) else {child[0]} for child in q.children))


def _near(database: Database, index: ParamsIndex, path: str) -> str | None:
    """What is nearest to a path that nothing has; None for one that something has."""
    names, _, lookup = path.rpartition("__")
    if lookup in LOOKUPS and names:
        path, lookup = names, f"__{lookup}"
    else:
        lookup = ""
    path = _without_position(path, "__")
    known = {_without_position(one, canon.SEPARATOR).replace(canon.SEPARATOR, "__") for one in _paths(database, index)}
    if any(one == path or one.startswith(f"{path}__") for one in known) or len(known) > MOST:
        return None
    lookups = [f"{one}__{each}" for one in known if path.startswith(f"{one}__") for each in LOOKUPS]
    found = nearest(path, [*known, *lookups], cutoff=0.8)
    return None if found is None else found + lookup


def _without_position(path: str, separator: str) -> str:
    """The path of a list, where the path is that of an item of it."""
    start, _, last = path.rpartition(separator)
    return start if start and last.isdigit() else path


def _paths(database: Database, index: ParamsIndex) -> Iterator[str]:
    """The paths that are in the index, each found from the one before; of lists one item."""
    sql, after = f"SELECT min(path) FROM {index.through} WHERE path > ?", ""
    for _ in range(MOST + 1):
        row = database.one(sql, [after])
        if row is None or row[0] is None:
            return
        yield row[0]
        last = row[0].rpartition(canon.SEPARATOR)
        after = f"{last[0]}{last[1]}{_AFTER_DIGITS}" if last[1] and last[2].isdigit() else row[0]
