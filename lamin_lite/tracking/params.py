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
_signatures: dict[int, tuple[object, tuple[Signature, ...]]] = {}  # by id of the function, which is kept alive here


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
    """The arguments of a call with the defaults, without ``self`` and ``cls``; None if they do not fit.

    A decorator may pass more than it is given (``click.pass_context``, ``mock.patch``): what does not fit the function
    that it wraps is named as the decorator itself takes it.
    """
    for signature in _signatures_of(func):
        try:
            arguments = signature.bind(*args, **kwargs)
        except TypeError:
            continue
        arguments.apply_defaults()
        return _named(func, signature, dict(arguments.arguments))
    return None


def _named(func: Callable[..., Any], signature: Signature, named: dict[str, Any]) -> dict[str, Any]:
    said = _signatures_of(func)[0]
    first = next(iter(said.parameters), None)
    is_method = first in ("self", "cls") and "." in getattr(func, "__qualname__", "")
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:  # as if they had been written in the signature
            named.update({key: value for key, value in named.pop(name).items() if key not in named})
        elif parameter.kind is parameter.VAR_POSITIONAL and signature is not said:
            rest = named.pop(name)[is_method:]
            named.update({name: rest} if rest else {})
    if is_method:
        named.pop(str(first), None)
    return named


def _signatures_of(func: Callable[..., Any]) -> tuple[Signature, ...]:
    """What is said of the arguments; then what is really taken, or anything where only the call itself can tell."""
    known = _signatures.get(id(func))
    if known is None:
        import inspect

        if len(_signatures) >= MOST_SIGNATURES:  # of functions made in a loop
            _signatures.clear()
        kind = inspect.Parameter
        anything = inspect.Signature([kind("args", kind.VAR_POSITIONAL), kind("kwargs", kind.VAR_KEYWORD)])
        found = []
        for follow in (True, False) if hasattr(func, "__wrapped__") else (True,):
            try:
                found.append(inspect.signature(func, follow_wrapped=follow))
            except (TypeError, ValueError):  # written in C
                found.append(anything)
        if hasattr(func, "__signature__"):  # set by hand
            found.append(anything)
        known = _signatures[id(func)] = (func, tuple(found))
    return known[1]
