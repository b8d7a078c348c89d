"""The state of the git repository that a file lies in.

Commit, branch and remote are read from the files of the repository, without starting git; git is asked only what takes
its index: what differs from the commit, whether the file is tracked, whether the commit was pushed. Nothing is written,
the network is not touched, and all of it together takes two seconds at most; what is not known by then is None.
"""

from __future__ import annotations

import os

from ..base import paths, proc
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Optional, Union

    Path = Union[str, os.PathLike[str]]
    Repository = tuple[str, str, str]  # root, its git folder, the git folder that all working trees share

__all__ = ["MAX_DIFF", "TIMEOUT", "find_repository", "git_state", "head_of", "read_text", "run_git"]

MAX_DIFF = 1_000_000  #: bytes of a diff that are kept
TIMEOUT = 2.0  #: seconds for everything
_LONGEST = 64 * 1024 * 1024  # bytes of packed-refs: a million branches
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # what a repository without commits differs from

# one may run inside of a hook, or of an alias: then these name another repository, or change what git prints
_UNSET = (
    "GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_NAMESPACE"
    " GIT_PREFIX GIT_CEILING_DIRECTORIES GIT_EXTERNAL_DIFF GIT_DIFF_OPTS GIT_CONFIG GIT_CONFIG_PARAMETERS GIT_CONFIG_COUNT"
    " GIT_TRACE GIT_TRACE2 GIT_TRACE2_EVENT GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS GIT_DEFAULT_HASH"
).split()
_SET = {
    "GIT_OPTIONAL_LOCKS": "0",  # do not write the index
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone has not all objects; since git 2.44
    "GIT_ALLOW_PROTOCOL": "none",  # the same before
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_OPTIONS = [
    *("--no-pager", "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "color.ui=false"),
    *("-c", "diff.noprefix=false", "-c", "diff.mnemonicPrefix=false", "-c", "diff.relative=false"),
    *(
        "-c",
        "diff.submodule=short",
        "-c",
        "core.quotePath=false",
        "-c",
        f"diff.orderFile={os.devnull}",
        "-c",
        "diff.autoRefreshIndex=false",
    ),
]
_DIFF = ["diff", "--no-ext-diff", "--no-textconv", "--no-color"]


def git_state(path: Path) -> Optional[dict[str, Any]]:
    """Return the state of the repository around a file or folder, or None if there is none.

    Returns:
        ``commit`` (hex), ``branch``, ``dirty`` (tracked files differ from the commit, also within submodules), ``diff`` (of
        these, staged or not, as text; of a submodule that it is dirty), ``diff_truncated`` (it was longer than :data:`MAX_DIFF`), ``untracked`` (the path itself is not in the
        repository), ``root`` (real path), ``path`` (in it, with slashes), ``remote`` (address of origin, or of the only
        remote, without credentials), ``pushed`` (some branch of a remote, as last seen, contains the commit).
        Each is None if unknown: no commit yet, no git installed, a repository that git holds for unsafe, time over.

    Example::

        >>> git_state("train.py")["commit"]
        '9fceb02d0ae598e95dc970b74767f19372d61af8'
    """
    try:
        real = os.path.realpath(path)
        repository = find_repository(real)
        return None if repository is None else _state(real, *repository)
    except Exception:
        return None


def _state(path: str, root: str, own: str, common: str) -> dict[str, Any]:
    from time import monotonic

    deadline = monotonic() + TIMEOUT
    commit, branch = head_of(own, common)
    inside = os.path.relpath(path, root).replace(os.sep, "/")
    dirty, diff, truncated = _changes(root, commit, deadline)
    listed = run_git(root, ["ls-files", "-z", "--", inside], deadline, 4096)
    return {
        "commit": commit,
        "branch": branch,
        "dirty": dirty,
        "diff": diff,
        "diff_truncated": truncated,
        "untracked": None if listed is None else not listed,
        "root": paths.as_text(root),
        "path": paths.as_text(inside),
        "remote": _remote(common),
        "pushed": _pushed(root, common, commit, deadline),
    }


# ---------------------------------------------------------------------------------------------- what files tell


def find_repository(path: str) -> Optional[Repository]:
    """Return root, git folder and common git folder; like git, never look beyond the file system of the path."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    device = os.stat(folder).st_dev
    while True:
        found = _git_folder(folder)
        if found is not None:
            return _as_repository(folder, found)
        parent = os.path.dirname(folder)
        if parent == folder or os.stat(parent).st_dev != device:
            return None
        folder = parent


def _git_folder(folder: str) -> Optional[str]:
    own = os.path.join(folder, ".git")
    if not os.path.lexists(own):
        return None
    if os.path.isfile(own):  # of a submodule or a further working tree
        word, _, target = read_text(own).partition(":")
        own = os.path.join(folder, target.strip()) if word == "gitdir" else own
    return own if os.path.lexists(os.path.join(own, "HEAD")) else None


def _as_repository(root: str, own: str) -> Repository:
    common = read_text(os.path.join(own, "commondir")).strip()
    return root, own, os.path.join(own, common) if common else own


def read_text(path: str, most: int = 1 << 20) -> str:
    """The start of a file; nothing if there is none."""
    try:
        with open(path, "rb") as file:
            return file.read(most).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def head_of(own: str, common: str) -> tuple[Optional[str], Optional[str]]:
    """Return commit and branch; the branch is None if HEAD is detached."""
    head = read_text(os.path.join(own, "HEAD")).strip()
    if not head.startswith("ref:"):
        return _hex(head), None
    name = head[4:].strip()
    if name == "refs/heads/.invalid":  # the references lie in a reftable
        return _head_by_git(own)
    return _resolve(name, own, common), _text(name.removeprefix("refs/heads/"))


def _resolve(name: str, own: str, common: str) -> Optional[str]:
    for _ in range(5):  # references may refer to references
        value = read_text(os.path.join(own, name)).strip() or read_text(os.path.join(common, name)).strip()
        if not value.startswith("ref:"):
            return _hex(value or _packed(name, common))
        name = value[4:].strip()
    return None


def _packed(name: str, common: str) -> str:
    text = "\n" + read_text(os.path.join(common, "packed-refs"), _LONGEST)
    end = text.find(f" {name}\n")
    return text[text.rfind("\n", 0, end) + 1 : end] if end >= 0 else ""


def _head_by_git(own: str) -> tuple[Optional[str], Optional[str]]:
    text = proc.run(["git", "--git-dir", own, "rev-parse", "HEAD", "--symbolic-full-name", "HEAD"], env=_environment())
    commit, _, name = (text or "").strip().partition("\n")
    return _hex(commit), name.removeprefix("refs/heads/") if name.startswith("refs/heads/") else None


def _hex(text: str) -> Optional[str]:
    return text if len(text) in (40, 64) and not text.strip("0123456789abcdef") else None


def _text(name: str) -> str:
    """Return the name as a database takes it, since names of branches are bytes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _remote(common: str) -> Optional[str]:
    addresses = dict(_remotes(read_text(os.path.join(common, "config"))))
    address = addresses.get("origin") or (next(iter(addresses.values())) if len(addresses) == 1 else None)
    return None if address is None else _without_credentials(_text(address))


def _remotes(config: str) -> Iterator[tuple[str, str]]:
    """Yield name and first address of each remote, as written: to follow includes and rewriting would take a fork."""
    name = None
    for raw in config.splitlines():
        line = raw.strip()
        if line.startswith("["):
            kind, _, rest = line[1:].partition('"')
            name = rest.rpartition('"')[0] if kind.strip().lower() == "remote" else None
        elif name is not None:
            key, equals, value = line.partition("=")
            if equals and key.strip().lower() == "url":
                yield name, value.strip().strip('"').replace("\\\\", "\\")
                name = None


def _without_credentials(address: str) -> str:
    """Drop user and password; keep the user of ssh, who is ``git`` and belongs to the address."""
    from ..base.redact import redact_text

    scheme, colon, rest = address.partition("://")
    if not colon:
        return redact_text(address)
    host, slash, path = rest.partition("/")
    user, at, host = host.rpartition("@")
    if at and "ssh" in scheme:
        host = f"{user.partition(':')[0]}@{host}"
    path = path.partition("?")[0].partition("#")[0]
    return redact_text(f"{scheme}://{host}{slash}{path}")


# ----------------------------------------------------------------------------------------------- what git tells


def run_git(root: str, arguments: list[str], deadline: float, max_bytes: int) -> Optional[bytes]:
    """What git prints, run in a folder; None if it fails or is not done by then, a time of ``time.monotonic``."""
    from time import monotonic

    left = deadline - monotonic()
    if left <= 0:
        return None
    return proc.run_bytes(["git", *_OPTIONS, *arguments], root, left, _environment(), max_bytes)


def _environment() -> dict[str, Optional[str]]:
    return {**dict.fromkeys(_UNSET), **_SET}


def _changes(root: str, commit: Optional[str], deadline: float) -> tuple[Optional[bool], Optional[str], Optional[bool]]:
    """Return whether anything differs, the text, and whether that was cut.

    git looks into each submodule by a program more. Where that fails, or takes half of the time, they are left out.
    """
    from time import monotonic

    has_submodules = os.path.lexists(os.path.join(root, ".gitmodules"))
    half = deadline - (deadline - monotonic()) / 2 if has_submodules else deadline
    diff, truncated = _diff(root, commit, "untracked", half)
    if diff is not None:
        return bool(diff), diff, truncated
    diff, truncated = _diff(root, commit, "dirty", deadline)
    return (True if diff else None), diff, truncated


def _diff(root: str, commit: Optional[str], ignored: str, deadline: float) -> tuple[Optional[str], Optional[bool]]:
    """Return the text and whether it was cut, at the end of a line; ``ignored``: which submodules are not told of."""
    arguments = [*_DIFF, f"--ignore-submodules={ignored}", commit or _EMPTY_TREE, "--"]
    output = run_git(root, arguments, deadline, MAX_DIFF + 1)
    if output is None:
        return None, None
    truncated = len(output) > MAX_DIFF
    if truncated:
        output = output[: output.rfind(b"\n", 0, MAX_DIFF) + 1] or output[:MAX_DIFF]
    return _without_touched(output.decode("utf-8", "replace")), truncated


def _without_touched(diff: str) -> str:
    """Drop the headers of files with a new time and the same content.

    git would do it by ``diff.autoRefreshIndex``, but then it writes the index, and a commit at that moment fails.
    """
    parts = ("\n" + diff).split("\ndiff --git ")[1:]
    text = "\n".join(f"diff --git {part}" for part in parts if "\n" in part.rstrip("\n"))
    return text if not text or text.endswith("\n") else text + "\n"


def _pushed(root: str, common: str, commit: Optional[str], deadline: float) -> Optional[bool]:
    if commit is None:
        return None
    if _is_tip(common, commit):
        return True
    arguments = ["for-each-ref", "--count=1", f"--contains={commit}", "--format=%(refname)", "refs/remotes"]
    output = run_git(root, arguments, deadline, 4096)
    return None if output is None else bool(output)


def _is_tip(common: str, commit: str) -> bool:
    """Tell whether a branch of a remote ends in the commit, the usual case, which needs no walk through the history."""
    for folder, _, names in os.walk(os.path.join(common, "refs", "remotes")):
        if any(read_text(os.path.join(folder, name), 100).strip() == commit for name in names):
            return True
    text = read_text(os.path.join(common, "packed-refs"), _LONGEST)
    at = text.find(f"{commit} refs/remotes/")
    while at >= 0:
        name = text[at + len(commit) + 1 : text.find("\n", at)]
        if not os.path.lexists(os.path.join(common, name)):  # else it has moved since it was packed
            return True
        at = text.find(f"{commit} refs/remotes/", at + 1)
    return False
