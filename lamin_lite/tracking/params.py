"""Arguments and params, in the form in which they are kept."""

from __future__ import annotations

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
_signatures: dict[int, tuple[object, Signature]] = {}  # by id of the function, which is kept alive here


def checked(params: object) -> tuple[dict[str, Any], set[str]]:
    """Params given by a caller, in JSON's types and without secrets; and the secrets."""
    if params is None:
        return {}, set()
    return kept(a_dict("params", params))


def kept(values: Mapping[str, object]) -> tuple[dict[str, Any], set[str]]:
    """The values in JSON's types, with secrets masked; and the secrets. One warning names what is kept as its repr."""
    odd: list[str] = []
    made: dict[str, Any] = {}
    for name, value in values.items():
        try:
            made[str(name)] = canon.plain(value, _reference, odd, str(name))
        except RecursionError:  # a value that holds itself
            odd.append(str(name))
            made[str(name)] = repr(value)[: canon.MAX_TEXT * 5]
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
    """The arguments of a call with the defaults, without ``self`` and ``cls``; None if they do not fit."""
    signature = _signature(func)
    try:
        arguments = signature.bind(*args, **kwargs)
    except TypeError:
        return None
    arguments.apply_defaults()
    named = dict(arguments.arguments)
    first = next(iter(named), None)
    if first in ("self", "cls") and "." in getattr(func, "__qualname__", ""):
        del named[first]
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:  # as if they had been written in the signature
            named.update({name: value for name, value in named.pop(parameter.name).items() if name not in named})
    return named


def _signature(func: Callable[..., Any]) -> Signature:
    known = _signatures.get(id(func))
    if known is None:
        import inspect

        if len(_signatures) >= MOST_SIGNATURES:  # of functions made in a loop
            _signatures.clear()
        known = _signatures[id(func)] = (func, inspect.signature(func))
    return known[1]
