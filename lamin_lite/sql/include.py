"""What lies on the other side of relations, for many rows at once: one query for each relation."""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from . import lookups
from .columns import Columns
from .fields import ForeignKey
from .lookups import Compiler, Q, advice, field_named, is_field, label_name, models
from .relations import Relation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional, Union

    from .database import Database

FEATURES = "feature"  #: table of the names of features


def divided(database: Database, model: Any, include: Sequence[str]) -> tuple[list[str], list[str]]:
    """Of what is to be included the paths to fields, and the names of features; `FieldError` for what is neither."""
    paths: list[str] = []
    features: list[str] = []
    for name in [include] if isinstance(include, str) else include:
        if not isinstance(name, str):
            raise errors.FieldError(f"include= takes names of fields, such as 'projects__name'; got {name!r}.")
        if is_field(model, name.split("__")[0]):
            paths.append(name)
        else:  # what is no feature of these rows is an error there
            lookups.other_names(Compiler(database, dry=True), model, "t0", [name, "isnull"], False)
            features.append(name)
    return paths, features


def feature_names(database: Database, features: Union[bool, Sequence[Any], None]) -> Optional[list[str]]:
    """The names of features that are given so, or as the features themselves; None for all that any row has."""
    if features is True:
        return None
    several: Any = (
        features if isinstance(features, (list, tuple, set, frozenset, dict)) else [features] if features else []
    )
    names = [one.name if isinstance(one, models[FEATURES]) else one for one in several]
    if names:
        check_features(database, names)
    return names


def is_many(model: Any, path: str) -> bool:
    """Whether a path such as ``projects__name`` leads to many rows; `FieldError` for one that leads nowhere."""
    _, relation, rest = _split(model, path)
    if relation is not None and rest and is_many(models[relation.to], "__".join(rest)):
        raise errors.FieldError(
            f"{path!r} follows two relations to many rows, and include= follows one of them: ask for "
            f"{'__'.join(rest)!r} of the {models[relation.to].__name__}s themselves."
        )
    return relation is not None


def _split(model: Any, path: str) -> tuple[list[str], Optional[Relation], list[str]]:
    """The foreign keys before the first relation to many rows, that relation, and what follows."""
    parts = path.split("__")
    for at, part in enumerate(parts):
        field = field_named(model, part)
        if isinstance(field, Relation):
            return parts[:at], field, parts[at + 1 :]
        if not isinstance(field, ForeignKey):
            break
        model = models[field.to]
    return parts, None, []


def values(database: Database, model: Any, path: str, ids: Sequence[int]) -> dict[int, list[Any]]:
    """For each row the values of ``relation__field``, in the order in which the query set of the row has them."""
    before, relation, rest = _split(model, path)
    assert relation is not None
    owners = _owners(database, model, before, ids)
    by_owner = _many(database, relation, rest, sorted({one for one in owners.values() if one is not None}))
    return {row: by_owner.get(owner, []) if owner is not None else [] for row, owner in owners.items()}


def check_features(database: Database, names: Sequence[str]) -> None:
    """Raise `FieldError` for a name that is no feature; it names the nearest."""
    known = [name for (name,) in database.read(f"SELECT name FROM {FEATURES} WHERE branch_id >= 0")]
    for name in names:
        if name not in known:
            raise errors.FieldError(f"There is no feature {name!r}: {advice(str(name), known)}")


def _owners(database: Database, model: Any, before: list[str], ids: Sequence[int]) -> dict[int, Optional[int]]:
    if not before:
        return {number: number for number in ids}
    columns = Columns(model, database)
    column = columns.named("__".join(before))
    text, params = Compiler(database).one_of("t0.id", list(ids))
    sql = f"SELECT t0.id, {column.sql} FROM {model.__table__.name} t0{columns.joins} WHERE {text}"
    return dict(database.read(sql, params))


def _many(database: Database, relation: Relation, rest: list[str], owners: list[int]) -> dict[int, list[Any]]:
    target = models[relation.to]
    columns = Columns(target, database)
    column = columns.named("__".join(rest) or label_name(target))
    text, params = Compiler(database).one_of(f"l.{relation.near}", list(owners))
    for name, allowed in relation.having.items():
        text += f" AND l.{name} IN ({', '.join('?' * len(allowed))})"
        params = [*params, *allowed]
    if relation.hides:
        shown, values_ = Compiler(database).where(target, "t0", target._default_conditions(Q()))
        text, params = f"{text} AND ({shown})", [*params, *values_]
    order = f"l.{relation.place}" if relation.place else "t0.id"
    sql = (
        f"SELECT l.{relation.near}, t0.id, {column.sql}, t0.uid FROM {relation.through} l "
        f"JOIN {relation.to} t0 ON t0.id = l.{relation.far}{columns.joins} WHERE {text} ORDER BY {order}"
    )
    found: dict[int, dict[int, Any]] = {}
    for owner, number, cell, uid in database.read(sql, params):
        value = column.value(cell)
        found.setdefault(owner, {})[number] = uid if value is None and not rest else value
    return {owner: list(each.values()) for owner, each in found.items()}
