"""The instance and the record that a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import errors
from ..instance import Instance, found
from ..models import session
from ..sql.lookups import nearest

if TYPE_CHECKING:
    import argparse

    from ..models.base import Manager


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A record, and optionally the instance in which it is."""
    parser.add_argument("record", metavar="KEY_OR_UID", help="key of a file or script; uid of these, or of a run")
    add_instance(parser)


def add_instance(parser: argparse.ArgumentParser) -> None:
    """Which instance, where it is not the one of the current directory."""
    parser.add_argument("--instance", metavar="PATH", help="folder of the instance, if it is not the one found here")


def opened(path: Optional[str]) -> Instance:
    """The named instance, else the one that is found from here; it is the default of this process then."""
    instance = found() if path is None else Instance.open(path)
    session.default_store = instance
    return instance


def record(instance: Instance, wanted: str) -> Any:
    """The artifact or transform with this key, else the artifact, run or transform with this uid, or its start.

    Raises `DoesNotExist`, naming a key that is like it.
    """
    keyed: list[Manager[Any]] = [instance.Artifact, instance.Transform]
    for registry in keyed:
        row = _row(registry, key=wanted)
        if row is not None:
            return row
    for registry in (*keyed, instance.Run):
        row = _row(registry, uid__startswith=wanted) if wanted.isalnum() else None
        if row is not None:
            return row
    known = [key for registry in keyed for key in _keys(registry) if key]
    near = nearest(wanted, known)
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(map(repr, known[:3]))} and so on."
    hint = hint if known else "nothing is saved there yet."
    raise errors.DoesNotExist(f"No artifact, transform or run in {instance.root} has the key or uid {wanted!r}: {hint}")


def _row(registry: Manager[Any], **condition: str) -> Any:
    try:
        return registry.get(**condition)
    except errors.DoesNotExist:
        return None


def _keys(registry: Manager[Any]) -> list[str]:
    keys: list[str] = registry.filter().order_by("-id")[:1000].values_list("key", flat=True)
    return keys
