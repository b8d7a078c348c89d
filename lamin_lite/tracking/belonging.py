"""To which projects and which space a run belongs, settled before anything of it is written."""

from __future__ import annotations

from .. import errors
from ..base import settings
from ..base._typing import TYPE_CHECKING
from ..models import Project, Space
from ..models.base import ARCHIVE
from ..sql import lookups

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Optional, Union

    from ..instance import Instance
    from ..models import Run
    from ..models.base import Manager

    Projects = Union[str, Project, Iterable[Union[str, Project]], None]


def project_ids(store: Instance, wish: Projects = None) -> list[int]:
    """Ids of the projects that were asked for, else of the one that the environment names.

    Raises `DoesNotExist` for a name that is not known, `InvalidArgument` for what is no project.
    """
    variable = ""
    if wish is None:
        variable, wish = settings.project()
    if wish is None:
        return []
    single = isinstance(wish, (str, Project)) or not hasattr(wish, "__iter__")
    wishes: Any = [wish] if single else wish
    return [_row_id(store.Project, Project, each, "project", variable) for each in wishes]


def space_id(store: Instance, wish: Union[str, Space, None], parent: Optional[Run]) -> Optional[int]:
    """Id of the space that was asked for, else that of the run that starts this one; None for everybody's."""
    if wish is None:
        return None if parent is None else int(parent._values["space_id"])
    return _row_id(store.Space, Space, wish, "space")


def _row_id(rows: Manager[Any], kind: type[Any], wish: object, title: str, variable: str = "") -> int:
    if isinstance(wish, kind):
        store: Any = rows.store
        if wish._store is not store:
            kind.check_same_instance(store.Space.filter().first(), wish)
        number = int(wish._saved_id())
        if not rows.filter(id=number).exists():
            raise errors.DoesNotExist(
                _hidden(rows, kind, str(wish.name), title, "") or f"{wish!r} was removed meanwhile."
            )
        return number
    if not isinstance(wish, str):
        raise errors.InvalidArgument(f"{title}={wish!r} must be the name of a {title}, or a saved {kind.__name__}.")
    found = rows.filter(name=wish)[:2].to_list()
    if not found:
        raise errors.DoesNotExist(_unknown(rows, kind, wish, title, variable))
    if len(found) > 1:
        raise errors.MultipleResults(f"Several {title}s are called {wish!r}, of different types: pass the saved row.")
    return int(found[0].id)


def _unknown(rows: Manager[Any], kind: type[Any], wish: str, title: str, variable: str) -> str:
    hidden = _hidden(rows, kind, wish, title, variable)
    if hidden is not None:
        return hidden
    names = [name for name in rows.filter().order_by("-id")[:100].values_list("name", flat=True) if name]
    near = lookups.nearest(wish, names)
    known = f"there are {', '.join(map(repr, names[:20]))}" if names else "there is none yet"
    hint = f"did you mean {near!r}? T{known[1:]}" if near else known
    said = f", as {variable} says" if variable else ""
    return f"There is no {title} {wish!r}{said}: {hint}. Make it with ln.{kind.__name__}(name={wish!r}).save()."


def _hidden(rows: Manager[Any], kind: type[Any], wish: str, title: str, variable: str) -> Optional[str]:
    """That it was put away, and how it comes back; None where there is none of that name."""
    found = rows.filter(name=wish, branch_id__lte=ARCHIVE).first() if "branch" in kind.__table__.fields else None
    if found is None:
        return None
    said, where = f", as {variable} says" if variable else "", found.branch.name
    call = f"ln.{kind.__name__}.get(name={wish!r}, branch={where!r}).restore()"
    return f"The {title} {wish!r}{said} is in the {where}: bring it back with {call}."
