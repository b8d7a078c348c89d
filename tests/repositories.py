"""git for tests: real repositories, with nobody's settings."""

from __future__ import annotations

import os
import subprocess


def git(folder, *arguments, **env):
    """Run git, and return what it prints."""
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    extra = ["-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false", "-c", "advice.detachedHead=false"]
    done = subprocess.run(
        ["git", *who, *extra, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env} if env else None,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def alone(home, monkeypatch):
    """No settings of the user or the machine."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


class Clone:
    """A clone with a bare remote; each commit is a second later than the one before, so that their order is certain."""

    def __init__(self, folder, remote, url=None):
        self.folder = folder
        self.remote = remote
        self.now = 1_700_000_000
        git(folder.parent, "init", "-q", "--bare", remote)
        git(folder.parent, "init", "-q", folder)
        self.git("remote", "add", "origin", url or remote)

    def git(self, *arguments):
        """Run git in the clone."""
        self.now += 1
        date = f"{self.now} +0000"
        return git(self.folder, *arguments, GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)

    def write(self, name, text):
        """Write a file; its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def commit(self, push=True, **files):
        """Commit files (``s="x"`` is s.py) and push them; the commit."""
        for name, text in files.items():
            self.write(f"{name}.py", text)
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "more")
        if push:
            self.push()
        return self.head()

    def push(self):
        """Push the branch that is checked out."""
        self.git("push", "-q", "origin", "HEAD")

    def head(self):
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")
