"""What may be a key: a relative path with ``/`` that means the same on every machine."""

from __future__ import annotations

import os

from .. import errors
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Optional

MAX_KEY = 1_000  #: characters


def checked(key: object) -> str:
    """The key, in Unicode's composed form; `InvalidKey` says what is wrong with it.

    >>> checked("a/b.csv")
    'a/b.csv'
    """
    if not isinstance(key, (str, os.PathLike)):
        raise errors.InvalidKey(f"The key {key!r} is of type {type(key).__name__}: pass a text such as 'a/b.csv'.")
    text = str(os.fspath(key))
    problem = _problem(text)
    if problem:
        shown = repr(text) if len(text) <= 100 else f"{text[:60]!r}... ({len(text):,} characters)"
        raise errors.InvalidKey(f"The key {shown} {problem}")
    if not text.isascii():
        import unicodedata

        text = unicodedata.normalize("NFC", text)
    return text


def _problem(key: str) -> Optional[str]:
    if not key.strip():
        return "is empty: pass a relative path such as 'a/b.csv', or none."
    if len(key) > MAX_KEY:
        return f"is longer than {MAX_KEY:,} characters: use a shorter one, and `description` for the rest."
    if "\\" in key:
        return "holds a backslash: separate folders by '/'."
    if key.startswith(("/", "~")) or key[1:2] == ":":
        return "is absolute: pass a path relative to the storage, such as 'a/b.csv'."
    odd = sorted({char for char in key if not char.isprintable() and char != " "})
    if odd:
        return f"holds {', '.join(map(repr, odd))}, which no key may: leave such characters out."
    wrong = [part for part in key.split("/") if part in ("", ".", "..")]
    if wrong:
        return f"has the part {wrong[0]!r}: a key is a plain path, without '..', '.', '//' or a '/' at its end."
    return None
