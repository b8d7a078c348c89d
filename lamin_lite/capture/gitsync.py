"""The permanent link to a source in a git repository: to a commit, known to the remote, that holds this very blob.

What the remote has is taken from what this clone last saw of it; the network is not touched. A commit of the history
of HEAD goes before one of other branches, a newer one before an older one. Whether a commit holds the blob is asked for
each, since the commit that removed it is among those that a search for the blob finds.
"""

from __future__ import annotations

import os

from ..base._typing import TYPE_CHECKING
from .git import TIMEOUT, find_repository, head_of, read_text, run_git
from .permalink import Address, is_same, link_to, parse, rewritten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Optional

    from .git import Repository

    Found = dict[str, Optional[str]]
    Check = Callable[[bytes], bool]

__all__ = ["find_link"]

_MOST = 1 << 20  # bytes of a list of commits: 20,000 of them
_LARGEST = 16 * 1024 * 1024  # bytes of a notebook
_LINES = 100  # of what was fetched last; the branch that was asked for stands first
_TRIED = 20  # commits that are looked into
_LOG = (
    "-c log.showSignature=false -c log.follow=false -c log.showRoot=true -c log.diffMerges=separate log "
    "--full-history -m --raw --no-abbrev --no-renames --format=%x01%H,%P"
).split()
_CONFIG = r"^(core\.repositoryformatversion|remote\..*\.(url|fetch)|url\..*\.insteadof)$"


def find_link(path: str, repo: str, is_source: Check) -> Found:
    """Look for the link to a file in a repository; what went wrong is told, never raised.

    Args:
        path: of the file.
        repo: address of the repository, in any form, or path of one on this machine, also a bare one.
        is_source: tells whether these bytes are the source that runs; the file may have changed since it was loaded.

    Returns:
        ``link``, or None and ``problem``: ``outside`` (the file lies in no repository), ``other`` (not in a clone of
        this one), ``changed`` (no commit has the file as it is), ``unpushed`` (only commits have it that the remote,
        as last seen, has not), ``missing`` (there is no git), ``unknown`` (it failed, or took too long). ``commit``:
        hex, the one that the link names, or that is to be pushed. ``root``: of the repository around the file.

    Example::

        >>> find_link("study/fit.py", "git@github.com:ada/study.git", lambda data: True)["link"]
        'https://github.com/ada/study/blob/9fceb02d0ae598e95dc970b74767f19372d61af8/fit.py'
    """
    try:
        return _find(os.path.realpath(path), repo, is_source)
    except Exception:
        from shutil import which

        return _found("missing" if which("git") is None else "unknown")


def _found(problem: Optional[str], commit: Optional[str] = None, link: Optional[str] = None, root: str = "") -> Found:
    return {"link": link, "problem": problem, "commit": commit, "root": root or None}


def _find(path: str, repo: str, is_source: Check) -> Found:
    wanted = parse(repo)
    if wanted.is_local:
        wanted = _placed(wanted, os.getcwd())
    repository = find_repository(path)
    if repository is not None:
        found = _in_clone(_Git(repository[0]), repository, path, wanted, repo, is_source)
        if found is not None:
            return found
    if wanted.is_local and _is_repository(wanted.path):
        return _anywhere(_Git(wanted.path), path, wanted, is_source)
    return _found("outside") if repository is None else _found("other", root=repository[0])


def _in_clone(
    git: _Git, repository: Repository, path: str, wanted: Address, repo: str, is_source: Check
) -> Optional[Found]:
    """Search the repository around the file; None if it is no clone of the one that is wanted."""
    root, own, common = repository
    if wanted.is_local and wanted.path in (_folder(root), _folder(common)):
        seen, fetched = ["HEAD", "--branches"], []  # it is itself the one: all that is committed is there
    else:
        remotes = _Remotes(git, repository, wanted, repo)
        if not remotes.names:
            return None
        wanted, seen, fetched = remotes.address(), remotes.seen(), remotes.fetched()
    inside = os.path.relpath(path, root).replace(os.sep, "/")
    head = head_of(own, common)[0]
    search = _Search(git, inside, git("hash-object", "--", inside).strip(), is_source)
    if not _holds(path, is_source):
        return _found("changed", root=root)
    commit = search.among(head, seen)
    if commit is None and fetched and not git("rev-list", "--max-count=1", *seen):
        seen, commit = fetched, search.among(head, fetched)
    if commit is not None:
        return _found(None, commit, link_to(wanted, commit, inside), root)
    commit = None if head is None else search.own(head, seen)
    return _found("changed" if commit is None else "unpushed", commit, root=root)


def _holds(path: str, is_source: Check) -> bool:
    with open(path, "rb") as file:
        return is_source(file.read())


class _NoAnswer(Exception):
    """git failed, or was too slow."""


class _Git:
    """git in one folder, all that is asked of it within the time."""

    def __init__(self, folder: str) -> None:
        from time import monotonic

        self.folder = folder
        self.deadline = monotonic() + TIMEOUT

    def __call__(self, *arguments: str, most: int = _MOST) -> str:
        return self.bytes(*arguments, most=most).decode("utf-8", "surrogateescape")

    def bytes(self, *arguments: str, most: int = _MOST) -> bytes:
        output = run_git(self.folder, list(arguments), self.deadline, most)
        if output is None:
            raise _NoAnswer
        return output


# ------------------------------------------------------------------------------------------ is it this repository?


def _placed(address: Address, base: str) -> Address:
    """The address of a folder, found as git finds it: with ``.git`` where there is no such folder without."""
    path = os.path.normpath(os.path.join(base, os.path.expanduser(address.path)))
    if not os.path.isdir(path) and os.path.isdir(path + ".git"):
        path += ".git"
    return Address("file", "", "", "", _folder(path))


def _folder(path: str) -> str:
    real = os.path.realpath(path)
    return os.path.dirname(real) if os.path.basename(real) == ".git" else real


def _is_repository(folder: str) -> bool:
    """Whether a repository begins here; git would also take one further up."""
    bare = os.path.isfile(os.path.join(folder, "HEAD")) and os.path.isdir(os.path.join(folder, "objects"))
    return bare or os.path.lexists(os.path.join(folder, ".git"))


class _Remotes:
    """The remotes of a clone that are the repository that is wanted, and what they had when they were last seen."""

    def __init__(self, git: _Git, repository: Repository, wanted: Address, repo: str) -> None:
        self._root, self._own, _ = repository
        self._repo = repo
        self._wanted = wanted
        self._urls: dict[str, list[str]] = {}
        self._refs: dict[str, list[str]] = {}
        self._rules: list[tuple[str, str]] = []
        self._read(git)
        self.names = [name for name, urls in self._urls.items() if any(map(self._is_wanted, urls))]

    def _read(self, git: _Git) -> None:
        entries = git("config", "--includes", "-z", "--get-regexp", _CONFIG).split("\0")
        if not any(entry.startswith("core.") for entry in entries):
            raise _NoAnswer  # the user's own settings only: git does not trust the repository, which is another's
        for entry in entries:
            key, _, value = entry.partition("\n")
            kind, _, rest = key.partition(".")
            name, _, variable = rest.rpartition(".")
            if kind == "url":
                self._rules.append((name, value))
            elif variable == "url":
                self._urls.setdefault(name, []).append(value)
            elif variable == "fetch" and ":" in value:
                self._refs.setdefault(name, []).append(value.rpartition(":")[2])

    def _is_wanted(self, url: str) -> bool:
        forms = [parse(form) for form in {url, rewritten(url, self._rules)}]
        asked = [self._wanted, parse(rewritten(self._repo, self._rules))]
        return any(is_same(self._placed(one), self._placed(other)) for one in forms for other in asked)

    def _placed(self, address: Address) -> Address:
        return _placed(address, self._root) if address.is_local else address

    def address(self) -> Address:
        """What to link to: the address as it was given, unless it is an abbreviation that only git's settings explain."""
        short = self._wanted.scheme == "ssh" and "." not in self._wanted.host
        return self._placed(parse(rewritten(self._repo, self._rules))) if short else self._wanted

    def seen(self) -> list[str]:
        """Arguments of git for the references that follow branches of the remote."""
        refs = [ref for name in self.names for ref in self._refs.get(name, [f"refs/remotes/{name}/*"])]
        return ["--ignore-missing", *(f"--glob={_pattern(ref)}" for ref in refs)]

    def fetched(self) -> list[str]:
        """Arguments of git for the commits that were fetched last: all that tells of the remote where nothing follows it."""
        found = []
        for line in read_text(os.path.join(self._own, "FETCH_HEAD")).splitlines()[:_LINES]:
            commit, _, rest = line.partition("\t")
            if not commit.strip("0123456789abcdef") and self._is_wanted(rest.rpartition("\t")[2].rpartition(" of ")[2]):
                found.append(commit)
        return ["--ignore-missing", "--glob=refs/none/*", *found] if found else []  # without any, log begins with HEAD


def _pattern(ref: str) -> str:
    """A glob for one reference too: without a wildcard git would look for what is below it."""
    return ref if "*" in ref else f"{ref[:-1]}[{ref[-1]}]"


# ------------------------------------------------------------------------------------------- which commit has it?


class _Search:
    """For commits that have a blob at a path."""

    def __init__(self, git: _Git, path: str, blob: str, is_source: Check) -> None:
        self.git = git
        self.path = path
        self.blob = blob
        self.is_source = is_source
        self._exists: Optional[bool] = None

    def among(self, head: Optional[str], seen: list[str]) -> Optional[str]:
        """The newest of the commits that were seen: in the history of HEAD, else anywhere."""
        starts = [] if head is None else self._common(head, seen)
        return (self._newest(starts) if starts else None) or self._walked(seen)

    def _common(self, head: str, seen: list[str]) -> list[str]:
        """HEAD, if it was seen; else where what was seen ends and the own commits begin."""
        lines = self.git("rev-list", "--boundary", head, "--not", *seen).split()
        return [line[1:] for line in lines if line.startswith("-")] if lines else [head]

    def own(self, head: str, seen: list[str]) -> Optional[str]:
        """The newest commit of the history of HEAD that was not seen."""
        return head if self._has(head) else self._walked([head, "--not", *seen])

    def _newest(self, starts: list[str]) -> Optional[str]:
        """The newest commit with the blob among these and those before them."""
        for commit in starts[:_TRIED]:
            if self._has(commit):
                return commit
        return self._walked(starts[:_TRIED])

    def _walked(self, starts: list[str]) -> Optional[str]:
        if not self._is_there():
            return None
        tried: list[str] = []
        for commit, _ in _changes(self.git, starts, self.blob, self.path):
            if commit not in tried and self._has(commit):
                return commit
            tried.append(commit)
            if len(tried) == _TRIED:
                break
        return None

    def _is_there(self) -> bool:
        """Whether the repository has the blob at all; to search its history for one that is nowhere takes long."""
        if self._exists is None:
            try:
                self._exists = bool(self.git("rev-list", "--no-walk", "--objects", "--ignore-missing", self.blob))
            except _NoAnswer:  # a clone without all blobs would have to fetch it
                self._exists = True
        return self._exists

    def _has(self, commit: str) -> bool:
        there = _blob_at(self.git, commit, self.path)
        if there != self.blob and there and self.path.endswith(".ipynb"):  # the same cells with other outputs
            return self.is_source(self.git.bytes("cat-file", "blob", there, most=_LARGEST))
        return there == self.blob


def _blob_at(git: _Git, commit: str, path: str) -> str:
    """What the file is in a commit; nothing if it is not there."""
    return git("ls-tree", "-z", "--full-tree", commit, "--", path).partition("\t")[0].rpartition(" ")[2]


def _changes(git: _Git, what: list[str], blob: str, path: Optional[str] = None) -> Iterator[tuple[str, str]]:
    """Commits that may have the blob, newest first, and its path: those that brought it, parents of those that took it."""
    text = git(*_LOG, *what, "--", *([path] if path else []))
    commit, parents = "", ""
    for line in text.splitlines():
        if line.startswith("\x01"):
            commit, _, parents = line[1:].partition(",")
        elif line.startswith(":"):
            facts, _, name = line.partition("\t")
            old, new = facts.split()[2:4]
            yield from ((each, name) for each in ([commit] if new == blob else parents.split() if old == blob else []))


def _anywhere(git: _Git, path: str, wanted: Address, is_source: Check) -> Found:
    """Search a repository on this machine for the content of a file that lies elsewhere; best under the same name."""
    blob = git("hash-object", "--no-filters", "--", path).strip()
    if not _holds(path, is_source):
        return _found("changed")
    search = ["--branches", "--remotes", "--tags", f"--find-object={blob}"]
    candidates = list(_changes(git, search, blob))
    candidates.sort(key=lambda each: os.path.basename(each[1]) != os.path.basename(path))
    for commit, name in candidates[:_TRIED]:
        if not name.startswith('"') and _blob_at(git, commit, name) == blob:
            return _found(None, commit, link_to(wanted, commit, name))
    return _found("changed")
