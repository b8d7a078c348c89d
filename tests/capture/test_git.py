"""capture/git.py: what git knows of a file, for every shape of repository, and never an error or a harm."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from lamin_lite.capture import git as room
from lamin_lite.capture.git import git_state

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

KEYS = ["commit", "branch", "dirty", "diff", "diff_truncated", "untracked", "root", "path", "remote", "pushed"]


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """No settings of the user, no repository around."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(folder, *arguments):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    extra = ["-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *who, *extra, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repo(tmp_path):
    """A repository with one commit of s.py."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "s.py").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


@pytest.fixture
def forks(monkeypatch):
    """The git commands that were run."""
    seen = []
    real = room.proc.run_bytes

    def run_bytes(argv, *rest):
        seen.append(next(word for word in argv if word in ("diff", "ls-files", "for-each-ref", "rev-parse")))
        return real(argv, *rest)

    monkeypatch.setattr(room.proc, "run_bytes", run_bytes)
    return seen


@pytest.fixture
def outer(repo, tmp_path):
    """A repository with that one as submodule ``inner``."""
    git(tmp_path, "init", "-q", "outer")
    git(tmp_path / "outer", "submodule", "add", "-q", repo, "inner")
    git(tmp_path / "outer", "commit", "-qm", "with inner")
    return tmp_path / "outer"


def with_remote(repo, tmp_path, name="origin"):
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(repo, "remote", "add", name, tmp_path / "remote.git")
    git(repo, "push", "-q", name, "main")


def test_a_clean_repository(repo):
    state = git_state(repo / "s.py")
    assert list(state) == KEYS
    assert state == {
        "commit": git(repo, "rev-parse", "HEAD"),
        "branch": "main",
        "dirty": False,
        "diff": "",
        "diff_truncated": False,
        "untracked": False,
        "root": str(repo.resolve()),
        "path": "s.py",
        "remote": None,
        "pushed": False,
    }


def test_outside_of_a_repository_is_none_without_a_fork(tmp_path, forks):
    path = tmp_path / "a" / "s.py"
    path.parent.mkdir()
    path.write_text("")
    assert git_state(path) is None
    assert git_state(tmp_path / "missing" / "s.py") is None
    begun = time.process_time()
    for _ in range(50):
        git_state(path)
    assert (time.process_time() - begun) / 50 < 0.001
    assert forks == []


@pytest.mark.parametrize("path", ["", "a\0b", 3, None, "/proc/self/fd/0"])
def test_odd_paths_are_none(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert git_state(path) is None


def test_staged_and_unstaged_changes_are_in_the_diff(repo):
    (repo / "t.py").write_text("staged\n")
    git(repo, "add", "t.py")
    (repo / "s.py").write_text("two\n")
    (repo / "other.txt").write_text("untracked")
    state = git_state(repo / "s.py")
    assert state["dirty"] is True
    assert "-one\n+two\n" in state["diff"]
    assert "+staged\n" in state["diff"]
    assert "untracked" not in state["diff"]
    git(repo, "stash", "-q", "--include-untracked")
    patch = repo / "p.diff"
    patch.write_text(state["diff"])
    git(repo, "apply", "p.diff")
    assert (repo / "s.py").read_text() == "two\n", "the diff can be applied"


def test_a_file_that_was_only_touched_is_clean(repo):
    os.utime(repo / "s.py", (1, 1))
    index = (repo / ".git" / "index").read_bytes()
    assert git_state(repo / "s.py")["dirty"] is False
    assert (repo / ".git" / "index").read_bytes() == index, "the index is not written"


def test_headers_without_changes_are_dropped():
    change = "diff --git a/x b/x\nindex 1..2\n@@ -1 +1,2 @@\n-a\n+diff\n+\n"
    bare = "diff --git a/y b/y\n"
    for diff in [change, bare + change, change + bare, bare + change + bare + bare]:
        assert room._without_touched(diff) == change
    assert room._without_touched(change + bare + change) == change * 2
    assert room._without_touched(bare) == room._without_touched("") == ""


def test_an_untracked_file_says_so(repo):
    (repo / "sub").mkdir()
    for name in ["new.py", "sub/[x]*.py", ":(top)s.py", "é.py", "-x.py"]:
        (repo / name).write_text("")
        state = git_state(repo / name)
        assert (state["untracked"], state["dirty"], state["path"]) == (True, False, name)
        git(repo, "--literal-pathspecs", "add", "--", name)
        assert git_state(repo / name)["untracked"] is False
        git(repo, "commit", "-qm", "more")


def test_folders_and_links_are_followed(repo, tmp_path):
    (tmp_path / "link.py").symlink_to(repo / "s.py")
    assert git_state(tmp_path / "link.py")["path"] == "s.py"
    assert git_state(repo)["path"] == "."
    assert git_state(repo)["untracked"] is False


def test_a_long_diff_is_cut_at_a_line(repo):
    (repo / "s.py").write_text("x" * 79 + "\n" + ("y" * 99 + "\n") * 20_000)
    state = git_state(repo / "s.py")
    assert (state["dirty"], state["diff_truncated"]) == (True, True)
    assert 999_000 < len(state["diff"]) <= room.MAX_DIFF
    assert state["diff"].endswith("+" + "y" * 99 + "\n")


def test_a_diff_that_is_no_text_is_read(repo):
    (repo / "s.py").write_bytes(b"\xff\xfe\n")
    assert "+\ufffd\ufffd\n" in git_state(repo / "s.py")["diff"]
    (repo / "s.py").write_bytes(b"\0\1")
    assert "Binary files" in git_state(repo / "s.py")["diff"]


def test_a_repository_without_commits(tmp_path):
    git(tmp_path, "init", "-q", "fresh")
    (tmp_path / "fresh" / "s.py").write_text("x\n")
    state = git_state(tmp_path / "fresh" / "s.py")
    assert (state["commit"], state["branch"], state["dirty"], state["untracked"]) == (None, "main", False, True)
    git(tmp_path / "fresh", "add", ".")
    state = git_state(tmp_path / "fresh" / "s.py")
    assert (state["dirty"], state["untracked"], state["pushed"]) == (True, False, None)
    assert "+x\n" in state["diff"]


def test_a_detached_head_has_no_branch(repo):
    git(repo, "checkout", "-q", "--detach")
    state = git_state(repo / "s.py")
    assert (state["commit"], state["branch"]) == (git(repo, "rev-parse", "HEAD"), None)


def test_packed_references_are_read(repo, forks):
    git(repo, "checkout", "-qb", "feature/x-é")
    git(repo, "pack-refs", "--all")
    assert not (repo / ".git" / "refs" / "heads" / "main").exists()
    state = git_state(repo / "s.py")
    assert (state["commit"], state["branch"]) == (git(repo, "rev-parse", "HEAD"), "feature/x-é")
    assert "rev-parse" not in forks
    (repo / "s.py").write_text("two\n")
    git(repo, "commit", "-qam", "second")
    assert git_state(repo / "s.py")["commit"] == git(repo, "rev-parse", "HEAD"), "loose goes before packed"


def test_a_further_working_tree(repo, tmp_path):
    git(repo, "worktree", "add", "-q", "-b", "other", tmp_path / "tree")
    (tmp_path / "tree" / "s.py").write_text("tree\n")
    git(tmp_path / "tree", "commit", "-qam", "in the tree")
    with_remote(repo, tmp_path)
    state = git_state(tmp_path / "tree" / "s.py")
    assert (state["commit"], state["branch"]) == (git(tmp_path / "tree", "rev-parse", "HEAD"), "other")
    assert (state["root"], state["dirty"]) == (str((tmp_path / "tree").resolve()), False)
    assert state["remote"] == str(tmp_path / "remote.git")
    git(repo, "pack-refs", "--all")
    assert git_state(tmp_path / "tree" / "s.py") == state


def test_a_submodule_is_a_repository_of_its_own(repo, outer):
    state = git_state(outer / "inner" / "s.py")
    assert (state["root"], state["commit"]) == (str((outer / "inner").resolve()), git(repo, "rev-parse", "HEAD"))
    assert (state["pushed"], state["dirty"]) == (True, False)
    (outer / "inner" / "s.py").write_text("changed\n")
    assert git_state(outer / "inner" / "s.py")["dirty"] is True


def test_changes_within_a_submodule_are_changes(outer, forks):
    (outer / "inner" / "new.txt").write_text("untracked")
    os.utime(outer / "inner" / "s.py", (1, 1))
    state = git_state(outer / ".gitmodules")
    assert (state["dirty"], state["diff"]) == (False, "")
    (outer / "inner" / "s.py").write_text("two\n")
    state = git_state(outer / ".gitmodules")
    commit = git(outer / "inner", "rev-parse", "HEAD")
    assert state["dirty"] is True
    assert f"-Subproject commit {commit}\n+Subproject commit {commit}-dirty\n" in state["diff"]
    git(outer, "config", "-f", ".gitmodules", "submodule.inner.ignore", "all")
    assert git_state(outer / ".gitmodules")["diff"].count("Subproject") == 2, "it is what is, not what one wants to see"
    assert set(forks) == {"diff", "ls-files", "for-each-ref"}
    assert forks.count("diff") == 3


def test_a_submodule_that_cannot_be_read_leaves_the_rest_to_be_told(outer):
    (outer / "inner" / ".git").write_text("gitdir: nowhere")
    state = git_state(outer / ".gitmodules")
    assert (state["dirty"], state["diff"], state["untracked"]) == (None, "", False)
    (outer / ".gitmodules").write_text("# changed\n")
    state = git_state(outer / ".gitmodules")
    assert state["dirty"] is True
    assert "+# changed\n" in state["diff"]


def test_submodules_take_half_of_the_time_at_most(outer, monkeypatch, tmp_path):
    program = tmp_path / "home" / "git"
    real = shutil.which("git")
    program.write_text(f'#!/bin/sh\ncase "$*" in *=untracked*) exec sleep 60;; esac\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(room, "TIMEOUT", 6.0)
    (outer / ".gitmodules").write_text("# changed\n")
    state = git_state(outer / ".gitmodules")
    assert (state["dirty"], state["untracked"]) == (True, False)
    assert "+# changed\n" in state["diff"]


def test_a_bare_repository_is_none_or_partial(tmp_path, repo):
    git(tmp_path, "clone", "-q", "--bare", repo, "bare.git")
    assert git_state(tmp_path / "bare.git" / "HEAD") is None
    git(repo, "config", "core.bare", "true")
    state = git_state(repo / "s.py")
    assert state["commit"]
    assert (state["dirty"], state["diff"]) == (None, None)


def test_pushed_means_that_a_remote_has_the_commit(repo, tmp_path, forks):
    with_remote(repo, tmp_path)
    assert git_state(repo / "s.py")["pushed"] is True
    assert "for-each-ref" not in forks, "the tip of a branch needs no walk"
    (repo / "s.py").write_text("two\n")
    git(repo, "commit", "-qam", "second")
    assert git_state(repo / "s.py")["pushed"] is False
    first = git(repo, "rev-parse", "HEAD~")
    git(repo, "push", "-q", "origin", "main")
    git(repo, "pack-refs", "--all")
    assert git_state(repo / "s.py")["pushed"] is True
    git(repo, "checkout", "-q", first)
    forks.clear()
    assert git_state(repo / "s.py")["pushed"] is True
    assert "for-each-ref" in forks


def test_a_packed_tip_that_has_moved_does_not_count(repo, tmp_path):
    with_remote(repo, tmp_path)
    git(repo, "commit", "-q", "--allow-empty", "-m", "second")
    git(repo, "push", "-q", "origin", "main")
    git(repo, "pack-refs", "--all")
    git(repo, "push", "-q", "--force", "origin", "HEAD~:main")
    assert git_state(repo / "s.py")["pushed"] is False


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("https://github.com/ada/r.git", "https://github.com/ada/r.git"),
        ("https://ada:hunter2@github.com/ada/r.git", "https://github.com/ada/r.git"),
        ("https://ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6@github.com/ada/r", "https://github.com/ada/r"),
        ("https://h/r.git?token=abc", "https://h/r.git"),
        ("git@github.com:ada/r.git", "git@github.com:ada/r.git"),
        ("ssh://git@github.com:22/ada/r.git", "ssh://git@github.com:22/ada/r.git"),
        ("ssh://git:pw@github.com/ada/r.git", "ssh://git@github.com/ada/r.git"),
        ("/srv/git/r.git", "/srv/git/r.git"),
        ("file:///srv/git/a b.git", "file:///srv/git/a b.git"),
    ],
)
def test_the_remote_has_no_credentials(repo, url, remote):
    git(repo, "remote", "add", "origin", url)
    assert git_state(repo / "s.py")["remote"] == remote


def test_the_remote_is_origin_or_the_only_one(repo):
    git(repo, "remote", "add", "up.stream", "https://h/up")
    assert git_state(repo / "s.py")["remote"] == "https://h/up"
    git(repo, "remote", "add", "other", "https://h/other")
    assert git_state(repo / "s.py")["remote"] is None
    git(repo, "remote", "add", "origin", "https://h/o")
    git(repo, "remote", "set-url", "--add", "origin", "https://h/second")
    assert git_state(repo / "s.py")["remote"] == "https://h/o"


def test_without_git_the_files_still_tell(repo, monkeypatch, tmp_path):
    with_remote(repo, tmp_path)
    commit = git(repo, "rev-parse", "HEAD")
    monkeypatch.setenv("PATH", str(tmp_path / "home"))
    state = git_state(repo / "s.py")
    assert (state["commit"], state["branch"], state["pushed"]) == (commit, "main", True)
    assert (state["dirty"], state["diff"], state["diff_truncated"], state["untracked"]) == (None, None, None, None)


def test_a_repository_that_git_holds_for_unsafe_is_partial(repo):
    if os.geteuid() != 0:
        pytest.skip("needs root to give a folder away")
    for path in [repo, *repo.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    state = git_state(repo / "s.py")
    assert len(state["commit"]) == 40
    assert (state["branch"], state["dirty"], state["untracked"]) == ("main", None, None)


def test_a_git_that_hangs_is_not_waited_for(repo, monkeypatch, tmp_path):
    program = tmp_path / "home" / "git"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    begun = time.monotonic()
    state = git_state(repo / "s.py")
    assert time.monotonic() - begun < 30
    assert (len(state["commit"]), state["dirty"], state["pushed"]) == (40, None, None)


@pytest.mark.parametrize("head", ["", "garbage", "ref: refs/heads/../../../../etc/passwd", "ref: HEAD", "\xff"])
def test_a_damaged_head_has_no_commit(repo, head):
    (repo / ".git" / "HEAD").write_text(head)
    state = git_state(repo / "s.py")
    assert state is None or state["commit"] is None


def test_an_empty_git_folder_is_passed_over(repo):
    (repo / "sub" / ".git").mkdir(parents=True)
    (repo / "sub" / "x.py").write_text("")
    assert git_state(repo / "sub" / "x.py")["path"] == "sub/x.py"
    (repo / "sub" / ".git").rmdir()
    (repo / "sub" / ".git").write_text("gitdir: nowhere")
    assert git_state(repo / "sub" / "x.py")["root"] == str(repo.resolve())


def test_no_program_of_a_submodule_but_filters_is_run_and_its_index_is_not_written(outer, tmp_path):
    trap, program, inner = tmp_path / "trap", tmp_path / "trap.sh", outer / "inner"
    program.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    program.chmod(0o755)
    for key in ["core.fsmonitor", "diff.external", "core.pager", "core.sshCommand"]:
        git(inner, "config", key, program)
    index = outer / ".git" / "modules" / "inner" / "index"
    os.utime(inner / "s.py", (1, 1))
    before = index.read_bytes()
    assert git_state(outer / ".gitmodules")["dirty"] is False
    assert not trap.exists()
    assert index.read_bytes() == before


def test_no_program_of_the_repository_but_filters_is_run(repo, tmp_path):
    trap = tmp_path / "trap"
    program = tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {trap}\ncat\n")
    program.chmod(0o755)
    for key in [
        "core.fsmonitor",
        "diff.external",
        "core.pager",
        "diff.t.textconv",
        "diff.t.command",
        "core.sshCommand",
    ]:
        git(repo, "config", key, program)
    git(repo, "config", "pager.diff", "true")
    (repo / ".gitattributes").write_text("*.py diff=t\n")
    for hook in ["post-index-change", "pre-commit", "fsmonitor-watchman"]:
        shutil.copy(program, repo / ".git" / "hooks" / hook)
    (repo / "s.py").write_text("two\n")
    assert "-one\n+two\n" in git_state(repo / "s.py")["diff"]
    assert not trap.exists()


def test_settings_of_the_user_do_not_change_the_diff(repo):
    (repo / "s.py").write_text("two\n")
    plain = git_state(repo / "s.py")
    settings = {"color.ui": "always", "diff.noprefix": "true", "diff.mnemonicPrefix": "true", "diff.relative": "true"}
    for key, value in settings.items():
        git(repo, "config", key, value)
    assert git_state(repo / "s.py") == plain


def test_the_environment_of_a_hook_does_not_lead_astray(repo, tmp_path, monkeypatch):
    plain = git_state(repo / "s.py")
    git(tmp_path, "init", "-q", "elsewhere")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "no-index"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    assert git_state(repo / "s.py") == plain


def test_a_partial_clone_fetches_nothing(repo, tmp_path):
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo}", "partial")
    clone = tmp_path / "partial"
    objects = sorted(path.name for path in (clone / ".git" / "objects").rglob("*"))
    (clone / "s.py").write_text("two\n")
    state = git_state(clone / "s.py")
    assert state["commit"] == git(repo, "rev-parse", "HEAD")
    assert sorted(path.name for path in (clone / ".git" / "objects").rglob("*")) == objects


def test_a_shallow_clone_of_a_nested_repository_is_read(repo, tmp_path):
    (repo / "s.py").write_text("two\n")
    git(repo, "commit", "-qam", "second")
    git(tmp_path, "init", "-q", "outer")
    git(tmp_path / "outer", "clone", "-q", "--depth=1", f"file://{repo}", "inner")
    inner = tmp_path / "outer" / "inner"
    state = git_state(inner / "s.py")
    assert (state["commit"], state["pushed"]) == (git(repo, "rev-parse", "HEAD"), True)
    assert (state["root"], state["dirty"], state["untracked"]) == (str(inner.resolve()), False, False)


def test_the_usual_case_takes_two_forks(repo, tmp_path, forks):
    with_remote(repo, tmp_path)
    git_state(repo / "s.py")
    assert forks == ["diff", "ls-files"]


def test_a_repository_of_sha256_is_read(tmp_path):
    folder = tmp_path / "long"
    try:
        git(tmp_path, "init", "-q", "--object-format=sha256", "long")
    except subprocess.CalledProcessError:
        pytest.skip("this git knows no sha256")
    (folder / "s.py").write_text("x\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    state = git_state(folder / "s.py")
    assert (len(state["commit"]), state["dirty"]) == (64, False)
    assert Path(state["root"]) == folder.resolve()
