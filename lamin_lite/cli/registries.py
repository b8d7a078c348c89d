"""The registries as commands name them: singular or plural, in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import models
from ..models.base import Manager
from ..sql.fields import ForeignKey
from ..sql.lookups import models as by_table
from ..sql.lookups import nearest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ..instance import Instance
    from ..models.base import SQLRecord

    Model = type[SQLRecord]

#: what people call a row, in the order in which it is looked for
TITLES = ("key", "handle", "name", "root")
#: what `annotate` adds: relation -> its option, and the registry of the labels
LABELS = {"projects": ("project", models.Project), "records": ("record", models.Record), "ulabels": ("ulabel", models.ULabel)}  # fmt: skip
ORDER = "artifact transform run collection record feature ulabel project space branch storage user".split()


def known() -> dict[str, Model]:
    """Registries by their names, in lower case, singular."""
    found = {name(model): model for model in models.REGISTRIES}
    return {each: found[each] for each in sorted(found, key=_place)}


def _place(registry: str) -> int:
    return ORDER.index(registry) if registry in ORDER else len(ORDER)


def name(model: Model) -> str:
    """What the commands and their JSON call a registry: ``artifact``."""
    return model.__name__.lower()


def plural(model: Model) -> str:
    """The same for many: ``artifacts``."""
    single = name(model)
    return single + ("es" if single.endswith("ch") else "s")


def named(text: str) -> Model:
    """The registry that a user named, for ``argparse``; its error names the nearest."""
    import argparse

    among = known()
    for model in among.values():
        if text.lower() in (name(model), plural(model)):
            return model
    near = nearest(text.lower(), [each for model in among.values() for each in (name(model), plural(model))])
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(among)}."
    raise argparse.ArgumentTypeError(f"there is no registry {text!r}: {hint}")


def add_argument(parser: argparse.ArgumentParser, *, optional: bool = False, **options: Any) -> None:
    """The argument REGISTRY; where it may be left out, it is found by looking."""
    if optional:  # with one word only, that is WHAT: what a registry is, is seen when all words are there
        options = {"nargs": "?", "help": "the registry in which to look; without it, all"}
    else:
        options = {"type": named, "help": f"{', '.join(known())}; singular or plural", **options}
    parser.add_argument("registry", metavar="REGISTRY", **options)


def manager(instance: Instance, model: Model) -> Manager[Any]:
    """The registry of an instance."""
    return Manager(model, instance)


def target(field: ForeignKey[Any]) -> Model:
    """The registry whose rows a field names."""
    return of_table(field.to)


def of_table(table: str) -> Model:
    """The registry whose rows a table of the database keeps."""
    found: Model = by_table[table]
    return found


def title_fields(model: Model) -> Iterator[str]:
    """The fields by which people name a row."""
    return (field for field in TITLES if field in model.__table__.fields)


def title(row: SQLRecord) -> str:
    """What to call a row: its key or name, else its description, else its uid; a storage by its path."""
    if isinstance(row, models.Storage):
        return row.path
    names = (*title_fields(type(row)), *(["description"] if "description" in row.__table__.fields else []))
    return next((str(held) for held in (getattr(row, each) for each in names) if held), row.uid)


def called(row: SQLRecord) -> str:
    """A row in a sentence: ``Artifact 'a.csv' (uid)``."""
    shown = title(row)
    quoted = f" {shown!r}" if shown != row.uid else ""
    return f"{type(row).__name__}{quoted} ({row.uid})"
