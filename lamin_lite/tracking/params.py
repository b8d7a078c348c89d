"""Arguments and params, in the form in which they are kept."""

from __future__ import annotations

from .. import errors
from ..base import canon, display, redact
from ..base._typing import TYPE_CHECKING
from ..models.base import SQLRecord
from ..models.feature_values import a_dict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from inspect import Signature
    from typing import Any, Callable, Optional

MOST_SIGNATURES = 1_000
LONGEST = 300  #: characters of a value that a message shows
_known: dict[int, _Taken] = {}  # by id of the function


class _Taken:
    """What a function takes, found out once."""

    __slots__ = ("func", "is_method", "said", "signatures")

    def __init__(self, func: Callable[..., Any], said: Signature, signatures: tuple[Signature, ...]) -> None:
        self.func = func  # kept alive, as its id stands for it
        self.said = said
        self.signatures = signatures  #: in the order in which they are tried
        first = next(iter(said.parameters), None)
        self.is_method = first in ("self", "cls") and "." in getattr(func, "__qualname__", "")


def checked(params: object) -> tuple[dict[str, Any], set[str]]:
    """Params given by a caller, in JSON's types and without secrets; and the secrets."""
    if params is None:
        return {}, set()
    said = a_dict("params", params)
    if len(said) != len(params):  # type: ignore[arg-type] # a mapping, as it was found to be
        raise errors.InvalidArgument(f"params={params!r}: several names are the same as text, so rename all but one.")
    return kept(said)


def kept(values: Mapping[str, object]) -> tuple[dict[str, Any], set[str]]:
    """The values in JSON's types, with secrets masked; and the secrets. One warning names what is kept as its repr."""
    odd: list[str] = []
    made: dict[str, Any] = {}
    for name, value in values.items():
        try:
            made[str(name)] = canon.plain(value, _reference, odd, str(name))
        except RecursionError:  # a value that holds itself, or is nested too deep
            made[str(name)] = canon.shown(value, odd, str(name))
    if odd:
        display.warning(f"kept as text, as it has no form in JSON: {', '.join(odd)}")
    return redact.redact_params(made)


def shown(values: Mapping[str, object]) -> str:
    """The values in one line; of a long one the beginning."""
    texts = ((name, repr(value)) for name, value in values.items())
    return ", ".join(f"{name}={text if len(text) <= LONGEST else text[:LONGEST] + '…'}" for name, text in texts)


def _reference(value: object) -> Optional[str]:
    """The text that stands for a saved row."""
    if isinstance(value, SQLRecord) and value.id is not None:
        return f"{type(value).__name__}[{value.uid}]"
    return None


def bound(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments of a call with the defaults, without ``self`` and ``cls``; None if they do not fit.

    A decorator may pass more than it is given (``click.pass_context``, ``mock.patch``): what does not fit the function
    that it wraps is named as the decorator itself takes it, and so is all where it names every argument. Where it takes
    anything and the call fits the function too, the names are those of the function: what the decorator puts before
    the arguments cannot be known.
    """
    taken = _known.get(id(func)) or _taken_by(func)
    for signature in taken.signatures:
        try:
            arguments = signature.bind(*args, **kwargs)
        except TypeError:
            continue
        arguments.apply_defaults()
        return _named(taken, signature, dict(arguments.arguments))
    return None


def _named(taken: _Taken, signature: Signature, named: dict[str, Any]) -> dict[str, Any]:
    first = next(iter(signature.parameters.values()), None)
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:  # as if they had been written in the signature, unless it has such
            more = named.pop(name)
            named.update(more if named.keys().isdisjoint(more) else {name: more})
        elif parameter.kind is parameter.VAR_POSITIONAL and signature is not taken.said:
            rest = named.pop(name)[taken.is_method and parameter is first :]
            named.update({name: rest} if rest else {})
    if taken.is_method and first is not None and first.kind < first.VAR_POSITIONAL:
        named.pop(first.name, None)
    return named


def _taken_by(func: Callable[..., Any]) -> _Taken:
    """What is said of the arguments; then what is really taken, or anything where only the call itself can tell.

    A decorator that names all that it takes leaves no doubt.
    """
    import inspect

    if len(_known) >= MOST_SIGNATURES:  # of functions made in a loop
        _known.clear()
    kind = inspect.Parameter
    anything = inspect.Signature([kind("args", kind.VAR_POSITIONAL), kind("kwargs", kind.VAR_KEYWORD)])
    found = []
    for follow in (True, False) if hasattr(func, "__wrapped__") else (True,):
        try:
            found.append(inspect.signature(func, follow_wrapped=follow))
        except (TypeError, ValueError):  # written in C
            found.append(anything)
    said = found[0]
    if not any(each.kind in (kind.VAR_POSITIONAL, kind.VAR_KEYWORD) for each in found[-1].parameters.values()):
        found = found[-1:]
    if hasattr(func, "__signature__"):  # set by hand
        found.append(anything)
    made = _known[id(func)] = _Taken(func, said, tuple(found))
    return made
