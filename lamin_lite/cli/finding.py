"""The instance and the row that a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import errors, models
from ..instance import Instance, found
from ..models import session
from ..models.base import ARCHIVE
from ..sql.lookups import nearest
from . import registries
from .program import command_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from ..models.base import SQLRecord

    Model = type[SQLRecord]

SHORTEST = 4  #: characters of a uid that name a row; by fewer a mistyped name would mean any row
CANDIDATES = 20  #: rows of one registry among which a name is ambiguous
KNOWN = 1_000  #: the latest rows whose names are compared with one that is not there


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row, and optionally the registry in which it is."""
    registries.add_argument(parser, optional=True)
    add_what(parser)


def add_what(parser: argparse.ArgumentParser) -> None:
    """A row."""
    parser.add_argument("what", metavar="WHAT", help="its key, name or uid; of a uid 4 characters are enough")


def add_common(parser: argparse.ArgumentParser) -> None:
    """The form of the answer, and the instance."""
    parser.add_argument("--json", action="store_true", help="as one JSON document, for programs")
    add_instance(parser)


def add_instance(parser: argparse.ArgumentParser) -> None:
    """Which instance, where it is not the one of the current directory."""
    parser.add_argument("--instance", metavar="PATH", help="folder of the instance, if it is not the one found here")


def opened(path: Optional[str]) -> Instance:
    """The named instance, else the one that is found from here; it is the default of this process then."""
    instance = found() if path is None else Instance.open(path)
    session.default_store = instance
    return instance


def of(arguments: argparse.Namespace) -> tuple[Instance, Any]:
    """The instance and the row that the arguments of `add_arguments` name."""
    instance = opened(arguments.instance)
    return instance, record(instance, arguments.what, arguments.registry)


def record(instance: Instance, wanted: str, model: Optional[Model] = None, *, trashed: bool = False) -> Any:
    """The row with this key, name or uid, else the one whose uid starts so; of several versions the latest.

    It is looked for in each registry, unless one is given; in trash and archive with ``trashed=True``. Raises
    `MultipleResults`, naming the candidates, and `DoesNotExist`, naming what is like it.
    """
    among = [model] if model else [*registries.known().values()]
    rows = _candidates(instance, wanted, among, trashed=trashed)
    if len(rows) > 1:
        raise _ambiguous(wanted, rows)
    if not rows:
        raise _missing(instance, wanted, among, trashed=trashed)
    return rows[0]


def _candidates(instance: Instance, wanted: str, among: Iterable[Model], *, trashed: bool) -> list[Any]:
    among = [model for model in among if not trashed or "branch" in model.__table__.fields]
    rows: dict[tuple[Model, str], Any] = {}
    for model in among:
        for field in (*registries.title_fields(model), "uid"):
            rows.update(_rows(instance, model, {field: wanted}, trashed=trashed))
    if not rows and len(wanted) >= SHORTEST and wanted.isalnum() and wanted.isascii():
        for model in among:
            rows.update(_rows(instance, model, {"uid__startswith": wanted}, trashed=trashed))
    return list(rows.values())


def _rows(
    instance: Instance, model: Model, condition: dict[str, str], *, trashed: bool
) -> dict[tuple[Model, str], Any]:
    """The rows that meet the condition; of the versions of a family one, the latest if it is among them."""
    where: dict[str, Any] = {**condition, "branch_id__lte": ARCHIVE} if trashed else {**condition}
    rows = registries.manager(instance, model).filter(**where)
    if "is_latest" not in model.__table__.fields:
        return {(model, row.uid): row for row in rows[:CANDIDATES]}
    versions = list(rows.filter(is_latest=True)[:CANDIDATES]) or list(rows.order_by("uid")[:CANDIDATES])
    return {(model, row.stem_uid): row for row in versions}


def _ambiguous(wanted: str, rows: list[Any]) -> errors.MultipleResults:
    names = [f"{type(row).__name__} {row.uid}" for row in rows]
    several = f"{', '.join(names[:-1])} and {names[-1]}"
    if len({type(row) for row in rows}) == len(rows):
        remedy = f"say which, as in `{registries.name(type(rows[0]))} {wanted}`."
    else:
        remedy = "say which by its uid."
    return errors.MultipleResults(f"{wanted!r} means {several}: {remedy}")


def _missing(instance: Instance, wanted: str, among: list[Model], *, trashed: bool) -> errors.DoesNotExist:
    what = registries.name(among[0]) if len(among) == 1 else "row"
    gone = [] if trashed else _candidates(instance, wanted, among, trashed=True)
    if gone:
        remedy = command_line("restore", wanted)
        return errors.DoesNotExist(f"{wanted!r} is in the {gone[0].branch.name}: `{remedy}` brings it back.")
    near = nearest(wanted, [title for each in among for title in _titles(instance, each, trashed=trashed)])
    many = registries.plural(among[0] if len(among) == 1 else models.Artifact)
    shows = command_line("list", many, *(["--trash"] if trashed else []))
    hint = f"did you mean {near!r}?" if near else f"`{shows}` shows what is there."
    where = f"in the trash of {instance.root}" if trashed else f"in {instance.root}"
    return errors.DoesNotExist(f"No {what} {where} has the key, name or uid {wanted!r}: {hint}")


def _titles(instance: Instance, model: Model, *, trashed: bool) -> list[str]:
    where = {"branch_id__lte": ARCHIVE} if trashed else {}
    if trashed and "branch" not in model.__table__.fields:
        return []
    rows = registries.manager(instance, model).filter(**where).order_by("-id")[:KNOWN]
    return [title for field in registries.title_fields(model) for title in rows.values_list(field, flat=True) if title]
