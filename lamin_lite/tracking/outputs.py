"""Files that a program is said to write: found by patterns, told from those that were there, saved as artifacts."""

from __future__ import annotations

import os

from .. import errors
from ..base import display
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..instance import Instance
    from ..models import Run

    State = tuple[int, int, int, int]


class Patterns:
    """Paths, which may hold ``*``, ``?``, ``[...]`` and ``**``, and what they named when this was made."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = list(patterns)
        self._before = {path: _state(path) for pattern in self._patterns for path in _matches(pattern)}

    def save(self, store: Instance, run: Run) -> bool:
        """Save what the run wrote, under paths relative to the current directory; whether each pattern named some."""
        named = [self._save(store, run, pattern) for pattern in self._patterns]
        return all(named)

    def _save(self, store: Instance, run: Run, pattern: str) -> bool:
        written = []
        for path in _matches(pattern):
            if os.path.isfile(path) and self._before.get(path) == _state(path):
                display.warning(f"{path} is not saved: it is as it was before the run")
            else:
                written.append(path)
        if not written:
            display.warning(f"--output {pattern}: the run wrote no such file")
        saved = [_saved(store, run, path) for path in written]
        return bool(saved) and all(saved)


def _saved(store: Instance, run: Run, path: str) -> bool:
    try:
        artifact = store.Artifact(path, key=key_of(path), run=run).save()
    except (OSError, errors.LaminLiteError) as error:
        display.warning(f"{path} could not be saved: {error}")
        return False
    display.info(f"saved Artifact({artifact.uid!r}, key={artifact.key!r})")
    return True


def key_of(path: str) -> str:
    """The key of a file: its path in the current directory; of one elsewhere its name.

    >>> key_of("./results/a.csv"), key_of("/elsewhere/b.csv")
    ('results/a.csv', 'b.csv')
    """
    near = os.path.relpath(path)
    inside = not near.startswith(os.pardir + os.sep) and near not in (os.pardir, os.curdir)
    return near.replace(os.sep, "/") if inside else os.path.basename(os.path.abspath(path))


def _matches(pattern: str) -> list[str]:
    from glob import glob

    return [pattern] if os.path.exists(pattern) else sorted(glob(pattern, recursive=True))


def _state(path: str) -> State:
    state = os.stat(path)
    return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
