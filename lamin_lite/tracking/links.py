"""The link from a transform to its source in a git repository, where one is to be kept in step."""

from __future__ import annotations

import os

from ..base import clock, display, settings
from ..base._typing import TYPE_CHECKING
from ..models import changes

if TYPE_CHECKING:
    from typing import Optional

    from ..instance import Instance
    from ..models import Transform

    Source = dict[str, Optional[str]]

#: what find_link tells -> what the user is told
_PROBLEMS = {
    "outside": "{path} lies in no clone of {repo}, which its source is to be linked to: no link is kept.",
    "other": "{path} lies in the repository {root}, which is no clone of {repo}: no link to its source is kept.",
    "changed": "No commit in {repo}, as far as it is known here, has {path} as it is now: commit and push it, and its next "
    "run keeps the link.",
    "unpushed": "{path} is committed ({commit:.10}), but not pushed to {repo}, as far as it is known here: push it, and "
    "its next run keeps the link.",
    "missing": "git, which tells whether {repo} has {path}, is not installed: no link to its source is kept; install git, "
    "or put it into PATH.",
    "unknown": "git did not tell whether {repo} has {path}: no link to its source is kept; `git status` may say why.",
}


_PAUSE = 10.0  # seconds until the same process looks again: the user may have pushed, but steps come in thousands
_looked: dict[tuple[str, str, str], float] = {}  # database, transform and repository -> when, by the monotonic clock
_kept: dict[tuple[str, str], str] = {}  # database and transform -> the link
_said: set[str] = set()


def keep(store: Instance, transform: Transform, source: Source) -> None:
    """Keep the permanent link to the source, if a repository is set and the transform has no link yet.

    Nothing that git does or lacks stops a run; what stands in the way is said once in a process.
    """
    repo, path = settings.sync_git_repo(), source["path"]
    if repo is None or path is None or _is_installed(path) or transform.reference is not None or transform.is_locked:
        return
    if source.get("doubt"):
        return
    place = store.database.place
    if _is_soon((place, transform.uid, repo)):
        return
    from ..capture.gitsync import find_link
    from ..capture.permalink import shown
    from ..capture.source import hash_of_source

    found = find_link(path, repo, lambda data: hash_of_source(path, data) == source["hash"])
    if found["link"] is not None:
        _write(store, transform, found["link"])
        return
    if found["problem"] == "unknown":
        _looked[place, transform.uid, repo] = float("inf")  # it cost seconds, and would again
    _warn(_PROBLEMS[str(found["problem"])].format(**{**found, "path": _short(path), "repo": shown(repo)}))


def _short(path: str) -> str:
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):  # the current directory was removed; another drive of Windows
        return path
    return path if near.startswith(os.pardir) else near


def _is_soon(what: tuple[str, str, str]) -> bool:
    from time import monotonic

    now = monotonic()
    if now - _looked.get(what, -_PAUSE) < _PAUSE:
        return True
    _looked[what] = now
    return False


def _warn(text: str) -> None:
    if text not in _said:
        _said.add(text)
        display.warning(text)


def dropped(store: Instance, transform: Transform) -> dict[str, Optional[str]]:
    """What to write to a transform that gets another source: the link that this process found is one to the old."""
    place = store.database.place, transform.uid
    for what in [what for what in _looked if what[:2] == place]:
        del _looked[what]
    link = _kept.pop(place, None)
    return {} if link is None or link != transform.reference else {"reference": None, "reference_type": None}


def _write(store: Instance, transform: Transform, link: str) -> None:
    now = clock.now()
    _kept[store.database.place, transform.uid] = link
    with store.database.write("link source", durable=False) as tx:
        tx.execute(
            "UPDATE transform SET reference = ?, reference_type = 'url', updated_at = ? WHERE id = ? AND reference IS NULL",
            [link, now, transform.id],
        )
    changes.wrote(transform, {"reference": link, "reference_type": "url", "updated_at": now})
    display.info(f"source of {transform.key}: {link}")


def _is_installed(path: str) -> bool:
    """Whether it is of an installed package, whose developer has another repository."""
    return not {"site-packages", "dist-packages"}.isdisjoint(path.split(os.sep))
