"""``annotate``: add labels and feature values to a row, or take them away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import errors, models
from . import finding, given, output, registries
from .program import Usage

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance

EXAMPLES = (
    "annotate a.csv --project 'My project' --ulabel checked",
    "annotate run 5kQ2 --feature temperature=21.5 --feature experiment=Experiment1",
    "annotate a.csv --ulabel checked --remove",
)
NOTES = """
Labels and features must be there: `create` makes them. With `--remove`, `--feature` takes the name alone. Either all of
it is done, or nothing.
"""
LABELS = {"projects": ("project", models.Project), "records": ("record", models.Record), "ulabels": ("ulabel", models.ULabel)}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row, and what to add to it."""
    finding.add_arguments(parser)
    for option, _ in LABELS.values():
        parser.add_argument(f"--{option}", metavar="NAME", action="append", help=f"a {option}, by name or uid")
    parser.add_argument("--feature", metavar="NAME=VALUE", action="append", help="a feature and its value for this row")
    parser.add_argument("--remove", action="store_true", help="take these away instead")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Add or take away."""
    if not any([arguments.feature, *(getattr(arguments, option) for option, _ in LABELS.values())]):
        raise Usage("name a --project, --record, --ulabel or --feature")
    values = _features(arguments)
    instance, row = finding.of(arguments)
    labels = {name: given.rows(instance, model, getattr(arguments, option)) for name, (option, model) in LABELS.items()}
    with instance.database.write("annotate"):
        for name, rows in labels.items():
            if rows:
                manager = _attribute(row, name)
                (manager.remove if arguments.remove else manager.add)(*rows)
        if values:
            _set_features(row, values, remove=arguments.remove)
    _say(instance, row, labels, values, arguments)
    return 0


def _attribute(row: Any, name: str) -> Any:
    if not hasattr(type(row), name):
        raise errors.InvalidArgument(f"{registries.called(row)} cannot have {name}.")
    return getattr(row, name)


def _features(arguments: argparse.Namespace) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in arguments.feature or ():
        name, sign, value = text.partition("=")
        if not name or bool(sign) is arguments.remove:
            form = "--feature NAME, without a value" if arguments.remove else "--feature NAME=VALUE"
            raise Usage(f"{text!r} is not of the form {form}")
        values[name] = given.value(value)
    return values


def _set_features(row: Any, values: dict[str, Any], *, remove: bool) -> None:
    features = _attribute(row, "features")
    if not hasattr(features, "get_values"):  # a project has features in another sense
        raise errors.InvalidArgument(f"{registries.called(row)} cannot have values of features.")
    if remove:
        features.remove_values(list(values))
    else:
        features.add_values(values)


def _say(
    instance: Instance, row: Any, labels: dict[str, list[Any]], values: dict[str, Any], arguments: argparse.Namespace
) -> None:
    what = [f"{LABELS[name][0]} {registries.title(label)!r}" for name, rows in labels.items() for label in rows]
    what += [f"feature {name!r}" for name in values]
    verb, where = ("took", "from") if arguments.remove else ("added", "to")
    sentence = f"{verb} {', '.join(what)} {where} {registries.called(row)}"
    output.done(instance, row, "unannotated" if arguments.remove else "annotated", sentence, as_json=arguments.json)
