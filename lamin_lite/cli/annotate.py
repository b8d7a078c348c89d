"""``annotate``: add labels and feature values to a row, or take them away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import errors, models
from ..models import feature_values
from ..models.related import Links
from . import finding, given, output, registries
from .program import Usage
from .registries import LABELS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ..instance import Instance

    Labels = dict[str, list[Any]]

EXAMPLES = (
    "annotate a.csv --project 'My project' --ulabel checked",
    "annotate run 5kQ2 --feature temperature=21.5 --feature experiment=Experiment1",
    "annotate a.csv --ulabel checked --remove",
)
NOTES = """
Labels and features must be there: `create` makes them. The value of a feature is JSON if it parses, else text; where the
feature takes texts or names, it is always text, also `null`. With `--remove`, `--feature` takes the name alone. Either
all of it is done, or nothing, and then all that is wrong is told.
"""


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
    texts = _features(arguments)
    instance, row = finding.of(arguments)
    labels, values = _meant(instance, row, arguments, texts)
    with instance.database.write("annotate"):
        if arguments.remove:
            labels, values = _those_there(row, labels, values)
        for name, rows in labels.items():
            manager = _linked(row, name)
            (manager.remove if arguments.remove else manager.add)(*rows)
        if values:
            _set_features(row, values, remove=arguments.remove)
    _say(instance, row, labels, values, arguments)
    return 0


def _meant(
    instance: Instance, row: Any, arguments: argparse.Namespace, texts: dict[str, str]
) -> tuple[Labels, dict[str, Any]]:
    """The labels and values that are named; one error tells all that is wrong with them."""
    labels: Labels = {}
    problems: list[str] = []

    def tried(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except errors.LaminLiteError as error:
            problems.append(str(error))

    for name, (option, model) in LABELS.items():
        wanted = getattr(arguments, option) or []
        if wanted and tried(lambda: _linked(row, name)) is not None:  # noqa: B023 - called at once
            labels[name] = [tried(lambda: finding.record(instance, each, model)) for each in wanted]  # noqa: B023
    values = {name: _value(instance, name, text) for name, text in texts.items()}
    if values and tried(lambda: _features_of(row)) is not None:
        if arguments.remove:
            problems += feature_values.known_features(instance, values)[1]
        else:
            feature_values.checked(instance, values, problems)
    if problems:
        raise feature_values.failed(problems)
    return labels, values


def _those_there(row: Any, labels: Labels, values: dict[str, Any]) -> tuple[Labels, dict[str, Any]]:
    """What there is to take away, so that nothing else is said to be taken."""
    borne = {name: set(_linked(row, name)) for name in labels}
    there = {name: [label for label in rows if label in borne[name]] for name, rows in labels.items()}
    if not values:
        return there, values
    known = {*_features_of(row).get_values()}
    return there, {name: value for name, value in values.items() if name in known}


def _linked(row: Any, name: str) -> Any:
    """The labels of this kind that it bears; the records of a record are what is of it, which is nothing to add to."""
    if not isinstance(row.__relations__.get(name), Links):
        raise errors.InvalidArgument(f"{registries.called(row)} cannot have {name}.")
    return getattr(row, name)


def _features(arguments: argparse.Namespace) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in arguments.feature or ():
        name, sign, value = text.partition("=")
        if not name or bool(sign) is arguments.remove:
            form = "--feature NAME, without a value" if arguments.remove else "--feature NAME=VALUE"
            raise Usage(f"{text!r} is not of the form {form}")
        if name in values:
            raise Usage(f"the feature {name!r} is given twice")
        values[name] = value
    return values


def _value(instance: Instance, name: str, text: str) -> Any:
    """The value that a feature takes: ``2024`` is text where the feature takes texts, or names of rows."""
    meant = given.value(text)
    feature = registries.manager(instance, models.Feature).filter(name=name).first()
    takes_text = feature is not None and (feature.dtype == "str" or str(feature.dtype).startswith("cat["))
    return text if takes_text else meant


def _features_of(row: Any) -> Any:
    features = getattr(row, "features", None)
    if not hasattr(features, "get_values"):  # a project has features in another sense
        raise errors.InvalidArgument(f"{registries.called(row)} cannot have values of features.")
    return features


def _set_features(row: Any, values: dict[str, Any], *, remove: bool) -> None:
    features = _features_of(row)
    if remove:
        features.remove_values(list(values))
    else:
        features.add_values(values)


def _say(instance: Instance, row: Any, labels: Labels, values: dict[str, Any], arguments: argparse.Namespace) -> None:
    what = [f"{LABELS[name][0]} {registries.title(label)!r}" for name, rows in labels.items() for label in rows]
    what += [f"feature {name!r}" for name in values]
    verb, where = ("took", "from") if arguments.remove else ("added", "to")
    sentence = f"{verb} {', '.join(what) or 'nothing'} {where} {registries.called(row)}"
    output.done(instance, row, "unannotated" if arguments.remove else "annotated", sentence, as_json=arguments.json)
