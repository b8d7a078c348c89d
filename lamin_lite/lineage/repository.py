"""The state of the git repository that a run's source lay in, as people read it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .lines import facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..base.display import Tree

_PUSHED = {True: ", pushed", False: ", not pushed", None: ""}
_DIRTY = {True: "yes", False: "no", None: None}


def state(git: Optional[dict[str, Any]]) -> Sequence[Tree | str]:
    """Lines that tell commit, changes, file, folder and remote; what is not known is left out.

    >>> state({"commit": "9fceb02", "branch": "main", "pushed": False, "dirty": True})
    ['commit:              9fceb02 (main), not pushed', 'uncommitted changes: yes']
    """
    if not git:
        return []
    commit, branch = git.get("commit") or "none yet", git.get("branch")
    return facts(
        commit=f"{commit} ({branch or 'no branch'}){_PUSHED[git.get('pushed')]}",
        uncommitted_changes=_changes(git),
        file=f"{git.get('path') or ''}{', not tracked' if git.get('untracked') else ''}",
        folder=git.get("root"),
        remote=git.get("remote"),
    )


def _changes(git: dict[str, Any]) -> Optional[str]:
    diff = git.get("diff")
    cut = ", which ends after 1 MB" if git.get("diff_truncated") else ""
    return f"yes, as in artifact {diff}{cut}" if diff else _DIRTY[git.get("dirty")]
