"""Files that a program is said to write: found by patterns, told from those that were there, saved as artifacts."""

from __future__ import annotations

import os

from .. import errors
from ..base import display, paths
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Optional

    from ..instance import Instance
    from ..models import Run

    State = tuple[object, ...]


class Patterns:
    """Paths, which may hold ``*``, ``?``, ``[...]`` and ``**``, and what they named when this was made."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = list(patterns)
        self._before = {path: state for pattern in self._patterns for path, state in _matches(pattern)}

    def save(self, store: Instance, run: Run) -> bool:
        """Save what the run wrote, under paths relative to the current directory; whether each pattern named some."""
        named = [self._save(store, run, pattern) for pattern in self._patterns]
        return all(named)

    def _save(self, store: Instance, run: Run, pattern: str) -> bool:
        written = []
        for path, state in _matches(pattern):
            if self._before.get(path) == state:
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
    return paths.as_text(near.replace(os.sep, "/") if inside else os.path.basename(os.path.abspath(path)))


def _matches(pattern: str) -> Iterator[tuple[str, State]]:
    """What a pattern names, and its state; what is removed meanwhile is passed over."""
    from glob import glob

    for path in [pattern] if os.path.lexists(pattern) else sorted(glob(pattern, recursive=True)):
        state = _state(path)
        if state is not None:
            yield path, state


def _state(path: str) -> Optional[State]:
    """What changes with each write to a file, or to one below a folder; None if it is not there."""
    if not os.path.isdir(path):
        return _state_of_file(path)
    inside: list[object] = []
    for folder, folders, files in os.walk(path):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        below = [os.path.join(folder, name) for name in sorted([*files, *links])]
        inside += [folder, *((each, _state_of_file(each)) for each in below)]
    return tuple(inside)


def _state_of_file(path: str) -> Optional[State]:
    """The state of a file; of a link that leads nowhere, its own."""
    for look in (os.stat, os.lstat):
        try:
            state = look(path)
        except OSError:
            continue
        return state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
    return None
