"""What is given as ``name=value``: a value is JSON if it parses, else text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import errors
from ..models.related import Links
from ..sql.columns import no_field
from ..sql.fields import ForeignKey
from ..sql.lookups import Q
from ..sql.relations import ParamsIndex
from . import finding, registries
from .program import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..instance import Instance
    from ..models.base import SQLRecord

    Pair = tuple[str, str]
    Model = type[SQLRecord]

#: fields that record what happened, which nobody decides afterwards
RECORDED = frozenset(
    "uid hash size suffix otype n_files n_observations is_latest storage run created_at updated_at created_by handle "
    "transform report environment initiated_by_run status started_at finished_at exit_code params cli_args entrypoint "
    "source_code root instance_uid".split()
)
_HIDDEN_BUT_CHANGED = ("space",)


def pair(text: str) -> Pair:
    """``name=value``, for ``argparse``."""
    import argparse

    name, sign, given = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    return name, given


def value(text: str) -> Any:
    """JSON if it parses, else the text itself.

    >>> value("0.5"), value("null"), value("a b")
    (0.5, None, 'a b')
    """
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def conditions(instance: Instance, model: Model, pairs: Sequence[Pair]) -> list[Q]:
    """Conditions for `filter`; where the field is a text, so is ``2024``, and a related row is named by a text."""
    return [_condition(instance, model, name, text) for name, text in pairs]


def _condition(instance: Instance, model: Model, name: str, text: str) -> Q:
    meant, manager = value(text), registries.manager(instance, model)
    related = _related_model(model, name)
    if related is not None:
        return Q(**{f"{name}__isnull": True}) if meant is None else _named(related, name, text)
    try:
        manager.filter(**{name: meant})
    except errors.InvalidArgument:
        if meant == text:
            raise
        try:
            manager.filter(**{name: text})
        except errors.InvalidArgument:
            pass  # what is wrong with the value that was meant says more
        else:
            return Q(**{name: text})
        raise
    return Q(**{name: meant})


def _related_model(model: Model, path: str) -> Optional[Model]:
    """The registry to which a path of names leads; None if it ends at a field, a param or a lookup."""
    if path == "branch":
        return None  # whose names, and null for all, are known to queries
    found: Optional[Model] = model
    for name in path.split("__"):
        if found is None:
            return None
        field, relation = found.__table__.fields.get(name), found.__relations__.get(name)
        if isinstance(field, ForeignKey):
            found = registries.target(field)
        else:
            found = None if relation is None or isinstance(relation, ParamsIndex) else registries.of_table(relation.to)
    return found


def _named(related: Model, path: str, text: str) -> Q:
    """Related rows that are called so: all versions of a key."""
    named = Q()
    for condition in finding.naming(related, text):
        one = Q(**{f"{path}__{field}": held for field, held in condition.items()})
        named = named | one if named else one
    return named | Q(**{f"{path}__uid__startswith": text}) if finding.is_start_of_uid(text) else named


def changes(instance: Instance, model: Model, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Values of fields of an existing row; what is a record of the past is refused."""
    for name, _ in pairs:
        if name == "branch":
            raise errors.InvalidArgument("branch is changed by `delete` and `restore`.")
        if name in RECORDED and name in model.__table__.fields:
            raise errors.InvalidArgument(
                f"{name} of {'an' if model.__name__[0] in 'AEIOU' else 'a'} {model.__name__} is recorded, not chosen: "
                "it cannot be changed."
            )
    return fields(instance, model, pairs)


def fields(instance: Instance, model: Model, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Values of fields, by name; a related row is given by its name, key or uid."""
    values: dict[str, Any] = {}
    for name, text in pairs:
        if name in values:
            raise Usage(f"{name} is given twice")
        values[name] = _field(instance, model, name, text)
    return values


def _no_field(instance: Instance, model: Model, name: str) -> errors.FieldError:
    """The error for what is no field, though a row may have it otherwise."""
    relation = model.__relations__.get(name)
    if relation is None or isinstance(relation, ParamsIndex):
        return no_field(instance.database, model, name, "`annotate ROW --feature {0}=VALUE` sets it")
    option, _ = registries.LABELS.get(name, (None, None))
    remedy = (
        f"`annotate --{option} NAME` adds to them."
        if option and isinstance(relation, Links)
        else "it is not set by hand."
    )
    return errors.FieldError(f"{name} of {model.__name__} names linked rows, and is no field: {remedy}")


def _field(instance: Instance, model: Model, name: str, text: str) -> Any:
    if name == "version" and "version_tag" in model.__table__.fields:
        return None if value(text) is None else text
    if name == "default" and "default_value" in model.__table__.fields:
        return value(text)
    field = model.__table__.fields.get(name)
    if field is None or (field.hidden and name not in _HIDDEN_BUT_CHANGED):
        raise _no_field(instance, model, name)
    meant = value(text)
    if isinstance(field, ForeignKey):
        return None if meant is None else finding.record(instance, text, registries.target(field))
    try:
        return field.check(meant)
    except errors.InvalidArgument:
        return meant if isinstance(meant, str) else text  # if that does not fit either, the row says so
