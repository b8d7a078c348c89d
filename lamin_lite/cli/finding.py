"""The instance and the row that a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import errors, models
from ..instance import Instance, found
from ..models import session
from ..models.base import ARCHIVE, TRASH
from ..sql.lookups import nearest
from . import registries
from .program import Usage, command_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from ..models.base import SQLRecord

    Model = type[SQLRecord]

SHORTEST = 4  #: characters of a uid that name a row; by fewer a mistyped name would mean any row
CANDIDATES = 20  #: rows of one registry among which a name is ambiguous
KNOWN = 1_000  #: the latest rows whose names are compared with one that is not there
PUT_AWAY = (TRASH, ARCHIVE)  #: branches whose rows are hidden unless one asks for them
EXACT = ("key", "name", "uid")  #: options that say what WHAT is


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row, and optionally the registry in which it is."""
    registries.add_argument(parser, optional=True)
    add_what(parser, nargs="?")
    exact = parser.add_mutually_exclusive_group()
    for name in EXACT:
        exact.add_argument(f"--{name}", metavar=name.upper(), help=f"instead of WHAT: nothing but the {name}")


def add_what(parser: argparse.ArgumentParser, **options: Any) -> None:
    """A row."""
    sentence = "its key, name or uid; of a uid 4 characters are enough"
    parser.add_argument("what", metavar="WHAT", help=sentence, **options)


def add_common(parser: argparse.ArgumentParser) -> None:
    """The form of the answer, and the instance."""
    add_json(parser)
    add_instance(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """The form of the answer."""
    parser.add_argument("--json", action="store_true", help="as one JSON document, for programs")


def add_instance(parser: argparse.ArgumentParser) -> None:
    """Which instance, where it is not the one of the current directory."""
    parser.add_argument("--instance", metavar="PATH", help="folder of the instance, if it is not the one found here")


def opened(path: Optional[str]) -> Instance:
    """The named instance, else the one that is found from here; it is the default of this process then."""
    instance = found(by_script=False) if path is None else Instance.open(path)
    session.default_store = instance
    return instance


def of(
    arguments: argparse.Namespace, branches: tuple[int, ...] = (), among: Sequence[Model] = ()
) -> tuple[Instance, Any]:
    """The instance and the row that the arguments of `add_arguments` name; the others as for `record`."""
    model, wanted, field = _wanted(arguments, among)
    instance = opened(arguments.instance)
    return instance, record(instance, wanted, model, field=field, branches=branches, among=among)


def again(command: str, row: SQLRecord) -> str:
    """Another command about this very row, whatever other rows are called so, now or later."""
    return about(row._store, command, registries.name(type(row)), "--uid", row.uid)


def about(instance: Any, *words: str) -> str:
    """A command about an instance, which is named where it is not the one that is found from here."""
    try:
        is_here = session.same(found(by_script=False), instance)
    except (errors.LaminLiteError, OSError):
        is_here = False
    return command_line(*words, *([] if is_here else ["--instance", str(instance.place)]))


def _exact(arguments: argparse.Namespace) -> dict[str, Optional[str]]:
    """The options that say what WHAT is, of those that the command has."""
    return {name: getattr(arguments, name) for name in EXACT if hasattr(arguments, name)}


def _wanted(arguments: argparse.Namespace, among: Sequence[Model]) -> tuple[Optional[Model], str, Optional[str]]:
    """The registry, what names the row, and of which field that is the value, if that is said."""
    words, exact = [word for word in (arguments.registry, arguments.what) if word is not None], _exact(arguments)
    field = next((name for name, held in exact.items() if held is not None), None)
    if len(words) + (field is not None) > 2 or (field is None and not words):
        *others, last = (f"--{name}" for name in exact)
        raise Usage(f"name one row: WHAT, or one of {', '.join(others)} and {last}")
    wanted = words.pop() if field is None else exact[field]
    return (_registry(words[0], among) if words else None), str(wanted), field


def _registry(text: str, among: Sequence[Model]) -> Model:
    import argparse

    said = f"{text!r} is no registry here: it is one of {', '.join(map(registries.name, among))}"
    try:
        model = registries.named(text)
    except argparse.ArgumentTypeError as error:
        raise Usage(said if among else str(error)) from None
    if among and model not in among:
        raise Usage(said)
    return model


def record(
    instance: Instance,
    wanted: str,
    model: Optional[Model] = None,
    *,
    field: Optional[str] = None,
    branches: tuple[int, ...] = (),
    among: Sequence[Model] = (),
) -> Any:
    """The row with this key, name or uid, else the one whose uid starts so; of several versions the latest.

    It is looked for in each registry, or ``among`` these, unless one is given; by any of these fields, unless one is named; among what is
    not hidden, unless other branches are given. Raises `MultipleResults`, naming the candidates, and `DoesNotExist`,
    naming what is like it.
    """
    among = [model] if model else [*(among or registries.known().values())]
    rows = _candidates(instance, wanted, among, field, branches)
    if len(rows) > 1:
        raise _ambiguous(wanted, rows)
    if not rows:
        raise _missing(instance, wanted, among, field, branches)
    return rows[0]


def naming(model: Model, wanted: str, field: Optional[str] = None) -> list[dict[str, str]]:
    """The conditions of which one holds for a row that a text names; the start of a uid is the last of them."""
    fields = [*registries.title_fields(model), "uid"]
    return [{name: wanted} for name in fields if field in (None, name)]


def is_start_of_uid(text: str) -> bool:
    """Whether a text is long enough, and of such characters, that it can name a row as the start of its uid."""
    return len(text) >= SHORTEST and text.isalnum() and text.isascii()


def _candidates(
    instance: Instance, wanted: str, among: Iterable[Model], field: Optional[str], branches: tuple[int, ...]
) -> list[Any]:
    among = [model for model in among if not branches or "branch" in model.__table__.fields]
    rows: dict[tuple[Model, str], Any] = {}
    for model in among:
        for condition in naming(model, wanted, field):
            rows.update(_rows(instance, model, condition, branches))
    if not rows and field in (None, "uid") and is_start_of_uid(wanted):
        for model in among:
            rows.update(_rows(instance, model, {"uid__startswith": wanted}, branches))
    return list(rows.values())


def _rows(
    instance: Instance, model: Model, condition: dict[str, str], branches: tuple[int, ...]
) -> dict[tuple[Model, str], Any]:
    """The rows that meet the condition; of the versions of a family one, the latest if it is among them."""
    where: dict[str, Any] = {**condition, **({"branch_id__in": branches} if branches else {})}
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


def _missing(
    instance: Instance, wanted: str, among: list[Model], field: Optional[str], branches: tuple[int, ...]
) -> errors.DoesNotExist:
    *others, last = map(registries.name, among)
    what = "row" if len(others) > 3 else f"{', '.join(others)} or {last}" if others else last
    elsewhere = _candidates(instance, wanted, among, field, () if branches else PUT_AWAY)
    if elsewhere and branches:
        return errors.DoesNotExist(f"{registries.called(elsewhere[0])} is not in the trash, nor in the archive.")
    if elsewhere:
        return errors.DoesNotExist(_put_away(wanted, elsewhere))
    near = nearest(wanted, [title for each in among for title in _titles(instance, each, field, branches)])
    many = registries.plural(among[0] if len(among) == 1 else models.Artifact)
    shows = about(instance, "list", many, *(["--trash"] if branches else []))
    hint = f"did you mean {near!r}?" if near else f"`{shows}` shows what is there."
    where = f"in trash and archive of {instance.root}" if branches else f"in {instance.root}"
    return errors.DoesNotExist(f"No {what} {where} has the {field or 'key, name or uid'} {wanted!r}: {hint}")


def _put_away(wanted: str, rows: list[Any]) -> str:
    where = " and ".join(sorted({row.branch.name for row in rows}))
    if len(rows) == 1:
        return f"{wanted!r} is in the {where}: `{again('restore', rows[0])}` brings it back."
    *others, last = (f"{type(row).__name__} {row.uid}" for row in rows)
    return f"{wanted!r} is in the {where}, as {', '.join(others)} and {last}: `{again('restore', rows[-1])}` brings the last one back."


def _titles(instance: Instance, model: Model, field: Optional[str], branches: tuple[int, ...]) -> list[str]:
    if branches and "branch" not in model.__table__.fields:
        return []
    rows = registries.manager(instance, model).filter(**({"branch_id__in": branches} if branches else {}))
    rows = rows.order_by("-id")[:KNOWN]
    fields = [name for name in registries.title_fields(model) if field in (None, name)]
    return [title for each in fields for title in rows.values_list(each, flat=True) if title]
