"""``create``: a new row, or the one of that name that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import errors, models
from ..models.labels import Named
from . import finding, given, output, registries
from .program import Usage

if TYPE_CHECKING:
    import argparse

    from ..instance import Instance

EXAMPLES = (
    "create project --name 'My project' url=https://example.org",
    "create record --name Experiment --is-type",
    "create record --name Experiment1 --type Experiment",
    "create feature --name temperature --dtype float",
    "create feature --name experiments --dtype 'list[Experiment]'",
)
NOTES = """
A value is JSON if it parses, else text. Of a name that is there already, that row is told, with the action `found`, and
nothing is changed.
"""
#: what comes into being by other means
ELSEWHERE = {
    "artifact": "ln.Artifact(path, key='...').save() does",
    "run": "ln.track() and flows do",
    "collection": "ln.Collection(...).save() does",
    "user": "whoever works in the instance is registered",
}
_IDENTIFYING = ("root", "dtype")  #: kept in another form than they are given; another dtype is an error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its registry and fields."""
    registries.add_argument(parser, type=_creatable)
    parser.add_argument("--name", help="by which people find it")
    parser.add_argument("--type", metavar="TYPE", help="name of the type that it is of")
    parser.add_argument("--is-type", action="store_true", help="it is a type itself")
    parser.add_argument("--dtype", help="of a feature: str, int, float, bool, date, datetime, dict, a type of records")
    parser.add_argument("--description", help="free text")
    parser.add_argument("fields", metavar="FIELD=VALUE", type=given.pair, nargs="*", help="other fields")
    finding.add_common(parser)


def _creatable(text: str) -> Any:
    import argparse

    model = registries.named(text)
    how = ELSEWHERE.get(registries.name(model))
    if how is not None:
        raise argparse.ArgumentTypeError(f"no {registries.name(model)} is made by hand: {how}")
    return model


def run(arguments: argparse.Namespace) -> int:
    """Make it, and say so."""
    model = arguments.registry
    pairs = [*_options(arguments), *arguments.fields]
    needed = next(registries.title_fields(model))
    if needed not in dict(pairs):
        how = "--name NAME" if needed == "name" else f"{needed}=VALUE"
        raise Usage(f"a new {registries.name(model)} needs {how}")
    instance = finding.opened(arguments.instance)
    with instance.database.write("create"):
        values = given.fields(instance, model, pairs)
        if model is models.Feature:
            values["dtype"] = _dtype(instance, values.get("dtype"))
        row = registries.manager(instance, model)(**values)
        uid = row.uid
        row.save()
    action, verb = ("created", "made") if row.uid == uid else ("found", "found")
    output.done(instance, row, action, f"{verb} {registries.called(row)}", as_json=arguments.json)
    if action == "found":
        _say_what_stayed(model, row, values)
    return 0


def _say_what_stayed(model: Any, row: Any, values: dict[str, Any]) -> None:
    """Nothing of what is there was changed, which may surprise."""
    if isinstance(row, Named):
        return  # which says so itself
    other = [name for name, value in values.items() if name not in _IDENTIFYING and getattr(row, name) != value]
    if other:
        change = finding.about(row._store, "update", registries.name(model), row.uid)
        output.notice([f"{', '.join(other)}: as before; `{change} FIELD=VALUE` changes it"])


def _dtype(instance: Instance, wanted: Any) -> Any:
    """A type of records by its bare name, or a list of such, where that means no other dtype."""
    try:
        models.Feature.dtype.check(wanted)
    except errors.InvalidArgument:
        text = str(wanted)
        many = text.startswith("list[") and text.endswith("]")
        name = text[len("list[") : -1] if many else text
        found = registries.manager(instance, models.Record).filter(name=name, is_type=True).first()
        if found is not None:
            return f"list[cat[Record[{found.uid}]]]" if many else found
    return wanted


def _options(arguments: argparse.Namespace) -> list[given.Pair]:
    import json

    named = {name: getattr(arguments, name) for name in ("name", "type", "dtype", "description")}
    pairs = [(name, json.dumps(text)) for name, text in named.items() if text is not None and name != "type"]
    pairs += [("type", named["type"])] if named["type"] is not None else []
    return [*pairs, ("is_type", "true")] if arguments.is_type else pairs
