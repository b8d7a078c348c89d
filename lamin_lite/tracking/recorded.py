"""The source of a transform as the file that it was.

What is stored is its text. Where secrets were masked in it, the hash of the true file tells: then the source is that of
a file or commit on this machine that still has it, and nothing that was guessed.
"""

from __future__ import annotations

import os

from .. import errors
from ..base import hashing, redact
from ..base._typing import TYPE_CHECKING
from ..capture.source import decode_source, hash_of_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Optional

    from ..models import Transform

_RUNS = 20  #: the latest runs whose commits are looked into


def source_bytes(transform: Transform, near: Iterable[str] = ()) -> bytes:
    """The bytes of the file with the source of a transform; a notebook is made from its text, without outputs.

    ``near``: paths of files that may have it. Raises `DoesNotExist` where no source was stored, `IntegrityError` where
    what is stored is not the true source, and nothing on this machine has that.
    """
    text = transform.source_code
    if text is None:
        raise errors.DoesNotExist(
            f"No source is stored of {_named(transform)}, of kind {transform.kind!r}, so that there is nothing to load."
        )
    if is_notebook(transform):
        return _notebook(transform, _text_of_notebook(transform, text, near))
    data = _encoded(text, transform.hash)
    return _found(transform, near) if data is None else data


def source_text(transform: Transform) -> str:
    """The true source of a transform as text; raises as `source_bytes` does."""
    if is_notebook(transform):
        return _text_of_notebook(transform, transform.source_code or "", ())
    return decode_source(source_bytes(transform))[0]


def is_notebook(transform: Transform) -> bool:
    """Whether its file is a notebook of Jupyter, and not its source as text."""
    return (transform.key or "").endswith(".ipynb")


def is_source(transform: Transform, data: bytes) -> bool:
    """Whether these are the bytes of a file with this very source."""
    return hash_of_source(transform.key or "", data) == transform.hash


def _named(transform: Transform) -> str:
    return f"transform {transform.key or transform.description!r} ({transform.uid})"


def _encoded(text: str, digest: Optional[str]) -> Optional[bytes]:
    """The text in the encoding in which it has this digest; None if there is none."""
    plain = text.encode("utf-8", "surrogatepass")
    if digest is None or hashing.of_bytes(plain) == digest:
        return plain
    for encoding in ("utf-8-sig", decode_source(plain)[1]):
        try:
            data = text.encode(encoding)
        except (UnicodeError, LookupError):
            continue
        if hashing.of_bytes(data) == digest:
            return data
    return None


def _text_of_notebook(transform: Transform, text: str, near: Iterable[str]) -> str:
    if _encoded(text, transform.hash) is not None:
        return text
    from ..capture.notebook import notebook_source, read_notebook

    notebook = read_notebook(_found(transform, near))
    return text if notebook is None else notebook_source(notebook)


def _notebook(transform: Transform, text: str) -> bytes:
    import json

    from ..capture.notebook import notebook_from_source

    made = notebook_from_source(text, transform.description)
    return (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")


# -- where the true source still is


def _found(transform: Transform, near: Iterable[str]) -> bytes:
    for data in _candidates(transform, near):
        if is_source(transform, data):
            return data
    masked = redact.MASK in (transform.source_code or "")
    why = "masked, as it holds secrets" if masked else "not stored byte for byte"
    raise errors.IntegrityError(
        f"The source of {_named(transform)} is {why}, and no file or commit was found on this machine that has it whole: "
        "take it from where it was written; `describe` shows what is stored."
    )


def _candidates(transform: Transform, near: Iterable[str]) -> Iterator[bytes]:
    for path in dict.fromkeys([transform.path_hint, *near]):
        if path is not None and os.path.isfile(path):
            try:
                with open(path, "rb") as file:
                    yield file.read()
            except OSError:
                continue
    from ..capture.gitfiles import versions_of

    for (root, path), commits in _commits(transform).items():
        if os.path.isdir(root):
            yield from versions_of(root, path, commits)


def _commits(transform: Transform) -> dict[tuple[str, str], list[str]]:
    """Repositories and paths in them, as runs of this source recorded them, and the commits of these runs."""
    found: dict[tuple[str, str], list[str]] = {}
    for run in transform.runs.order_by("-id")[:_RUNS]:
        state = (run.extra_data or {}).get("git") or {}
        if state.get("root") and state.get("path"):
            found.setdefault((state["root"], state["path"]), []).append(state.get("commit") or "")
    return found
