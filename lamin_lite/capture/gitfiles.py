"""What a file was in the commits of a repository on this machine."""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from .git import TIMEOUT, run_git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["versions_of"]

_MOST = 50  # commits that changed the file, from the newest on
_LARGEST = 64 * 1024 * 1024  # bytes of a file that are read
_HEX = frozenset("0123456789abcdef")


def versions_of(root: str, path: str, commits: Iterable[str] = ()) -> Iterator[bytes]:
    r"""Yield the bytes of a file in these commits, then in the newest others that changed it.

    Args:
        root: of the repository.
        path: of the file in it, with slashes.
        commits: hex names of commits in which to look first.

    What git does not tell, or not within the time that all of it together has, is left out.

    Example::

        >>> next(versions_of("/home/me/study", "fit.py"))
        b'import lamin_lite as ln\n'
    """
    from time import monotonic

    deadline = monotonic() + TIMEOUT
    for commit in dict.fromkeys(_each(root, path, commits, deadline)):
        data = run_git(root, ["cat-file", "blob", f"{commit}:{path}"], deadline, _LARGEST)
        if data is not None:
            yield data


def _each(root: str, path: str, commits: Iterable[str], deadline: float) -> Iterator[str]:
    yield from (commit for commit in commits if commit and _HEX.issuperset(commit))
    listed = run_git(root, ["rev-list", f"--max-count={_MOST}", "--all", "--", path], deadline, _MOST * 100)
    yield from (listed or b"").decode("ascii", "replace").split()
