"""What a feature may hold: the dtype as callers give it, the text that is kept of it, and what the text means.

Kept are ``int``, ``list[str]``, ``cat[ULabel]`` (any row of a registry) or ``cat[Record[<uid>]]`` (rows of that type).
People read ``cat[Record[Experiment]]``.
"""

from __future__ import annotations

from .. import errors
from ..base._typing import TYPE_CHECKING
from ..sql import lookups
from .base import ARCHIVE, TRASH, Manager, SQLRecord, query
from .registry import called, restoring

if TYPE_CHECKING:
    from typing import Any, Optional

    from ..sql.query import QuerySet
    from .session import Store

SCALARS = ("str", "int", "float", "bool", "date", "datetime", "dict")


class Dtype:
    """A kept dtype, taken apart.

    ``kind``: one of `SCALARS`, or ``row``. ``many``: a list of them. ``registry``: class name of the rows' registry.
    ``within``: uid of their type, or nothing.
    """

    __slots__ = ("kind", "many", "registry", "text", "within")

    def __init__(self, text: str) -> None:
        self.text = text
        self.many = text.startswith("list[")
        inner = text[5:-1] if self.many else text
        self.kind, self.registry, self.within = inner, "", ""
        if inner.startswith("cat["):
            registry, _, within = inner[4:-1].partition("[")
            self.kind, self.registry, self.within = "row", registry, within[:-1]

    @property
    def target(self) -> Any:
        """The registry whose rows are values."""
        return registries()[self.registry]

    @property
    def words(self) -> str:
        """What one value is, for a sentence."""
        return f"a {self.registry}" if self.kind == "row" else f"of type {self.kind}"

    def named(self, store: Store) -> str:
        """The dtype as people read it, with the name of the type."""
        row = query(self.target, store).filter(uid=self.within).first() if self.within else None
        return self.text if row is None else self.text.replace(f"[{self.within}]", f"[{row.name}]")


def registries() -> dict[str, Any]:
    """The registries whose rows a feature can hold, by class name."""
    return {model.__name__: model for model in lookups.models.values()}


def text_of(dtype: object) -> str:
    """The text that stands for a dtype, whichever way it is given; `InvalidArgument` lists the ways.

    >>> text_of(int), text_of("list[str]")
    ('int', 'list[str]')
    """
    if isinstance(dtype, SQLRecord):
        return _text_of_type(dtype)
    if isinstance(dtype, Manager):
        return f"cat[{dtype.model.__name__}]"
    if isinstance(dtype, str):
        return _text_of_text(dtype)
    arguments: tuple[object, ...] = getattr(dtype, "__args__", ())
    if getattr(dtype, "__origin__", None) is list and len(arguments) == 1:
        return _many(dtype, text_of(arguments[0]))
    if not arguments and isinstance(dtype, type):
        if dtype.__module__ in ("builtins", "datetime") and dtype.__name__ in SCALARS:
            return dtype.__name__
        if dtype in registries().values():
            return f"cat[{dtype.__name__}]"
    raise _unknown(dtype)


def _text_of_text(text: str) -> str:
    if text in SCALARS:
        return text
    if text.startswith("list[") and text.endswith("]"):
        return _many(text, _text_of_text(text[5:-1]))
    inner = text[4:-1] if text.startswith("cat[") and text.endswith("]") else text
    registry, bracket, within = inner.partition("[")
    if registry in registries() and (not bracket or (len(within) > 1 and within.endswith("]"))):
        return f"cat[{inner}]"
    raise _unknown(text)


def _text_of_type(row: SQLRecord) -> str:
    if not row._values.get("is_type"):
        raise errors.InvalidArgument(
            f"{row!r} is no type: a dtype is a row made with is_type=True, whose members are the values."
        )
    row._saved_id()
    return f"cat[{type(row).__name__}[{row.uid}]]"


def _many(dtype: object, inner: str) -> str:
    if inner.startswith("list[") or inner == "dict":
        raise _unknown(dtype)
    return f"list[{inner}]"


def _unknown(dtype: object) -> errors.InvalidArgument:
    near = lookups.nearest(str(dtype), [*SCALARS, *registries()])
    hint = f"did you mean {near}? T" if near else "t"
    return errors.InvalidArgument(
        f"dtype={dtype!r} is none that a feature can have: {hint}here are {', '.join(SCALARS)}, a registry "
        f"({', '.join(sorted(registries()))}), a saved type such as ln.Record(name='Experiment', is_type=True).save(), "
        "and list[...] of these but dict."
    )


def resolved(store: Store, text: str) -> str:
    """The text with the uid of the type where its name was given.

    Raises `DoesNotExist`, which names the types that there are, or `MultipleResults` for a name that several have.
    """
    dtype = Dtype(text)
    if not dtype.within:
        return text
    if "is_type" not in dtype.target.__table__.fields:
        raise _unknown(text)
    types = query(dtype.target, store).filter(is_type=True)
    found = types.filter(uid=dtype.within).first() or _type_named(dtype, types)
    return text.replace(f"[{dtype.within}]", f"[{found.uid}]")


def _type_named(dtype: Dtype, types: QuerySet[Any]) -> Any:
    """The type that people mean by its name."""
    shown, named = types.filter(branch_id__gt=TRASH), types.filter(name=dtype.within)
    found = preferred(named.filter(branch_id__gt=TRASH), 20)
    if len(found) > 1:
        listed = ", ".join(called(row) for row in found)
        raise errors.MultipleResults(
            f"dtype={dtype.text!r} may mean several types: {listed}. Pass the one that is meant, as in "
            f"dtype=ln.{dtype.registry}.get({found[0].uid!r}), or its uid, as in 'cat[{dtype.registry}[{found[0].uid}]]'."
        )
    if found:
        return found[0]
    in_trash: Optional[Any] = named.filter(branch_id=TRASH).last()
    if in_trash is not None:
        raise errors.DoesNotExist(
            f"The {dtype.registry} {dtype.within!r} that is a type is in the trash: {restoring(dtype.target, in_trash.uid)}."
        )
    known = ", ".join(repr(name) for name in shown.values_list("name", flat=True)[:20])
    raise errors.DoesNotExist(
        f"There is no {dtype.registry} {dtype.within!r} that is a type: there are {known or 'none'}. "
        f"Make it with ln.{dtype.registry}(name={dtype.within!r}, is_type=True).save()."
    )


def preferred(rows: QuerySet[Any], most: int) -> list[Any]:
    """The first of the rows that are not in the archive; where there is none, of those that are."""
    has_archive = "branch" in rows._model.__table__.fields
    return (has_archive and list(rows.filter(branch_id__gt=ARCHIVE)[:most])) or list(rows[:most])


def label_field(target: Any) -> str:
    """The field by which people name rows of a registry."""
    return next((name for name in ("handle", "name", "key", "root") if name in target.__table__.fields), "uid")
