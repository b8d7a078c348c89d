"""capture/gitsync.py: the link names a commit that the remote has and that holds this very file, or there is no link."""

from __future__ import annotations

import json
import os
import shutil
import time

import pytest

from lamin_lite.base import proc
from lamin_lite.capture.gitsync import find_link
from lamin_lite.capture.source import hash_of_source
from tests.repositories import Clone, alone, git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

URL = "https://github.com/ada/study"


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder without a repository around it, and nobody's settings."""
    (tmp_path / "home").mkdir()
    alone(tmp_path / "home", monkeypatch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def clone(room):
    """A clone of an https address that git rewrites to a folder."""
    git(room, "config", "--global", f"url.{room}/remotes/.insteadOf", "https://github.com/")
    (room / "remotes" / "ada").mkdir(parents=True)
    return Clone(room / "study", room / "remotes" / "ada" / "study.git", URL + ".git")


@pytest.fixture
def forks(monkeypatch):
    """The git commands that were run."""
    seen = []
    real = proc.run_bytes

    def run_bytes(argv, *rest):
        words = ("config", "hash-object", "rev-list", "ls-tree", "log", "cat-file")
        seen.append(next(word for word in argv if word in words))
        return real(argv, *rest)

    monkeypatch.setattr(proc, "run_bytes", run_bytes)
    return seen


def find(path, repo=URL, data=None):
    """The link to a file that runs as it is, or as ``data``."""
    kept = hash_of_source(str(path), path.read_bytes() if data is None else data)
    return find_link(str(path), str(repo), lambda now: hash_of_source(str(path), now) == kept)


def linked(path, repo=URL, form="/blob/"):
    """The commit that the link names, after checking that it holds the file."""
    found = find(path, repo)
    assert found["problem"] is None, found
    assert form in found["link"]
    assert found["commit"] in found["link"]
    return found["commit"]


# --- what is linked


def test_a_pushed_file_is_linked_to_the_commit_that_is_checked_out(clone):
    clone.commit(s="one\n")
    head = clone.commit(other="x\n")
    found = find(clone.folder / "s.py")
    link = f"{URL}/blob/{head}/s.py"
    assert found == {"link": link, "problem": None, "commit": head, "root": str(clone.folder.resolve())}


def test_the_link_names_the_path_in_the_repository(clone):
    path = clone.write("a b/é/x.py", "x\n")
    head = clone.commit()
    assert find(path)["link"] == f"{URL}/blob/{head}/a%20b/%C3%A9/x.py"


def test_the_protocol_of_the_clone_does_not_matter(clone):
    head = clone.commit(s="one\n")
    for named, origin in [
        (URL, "git@github.com:ada/study.git"),
        (URL + ".git", "ssh://git@github.com/Ada/study"),
        ("git@github.com:ada/study.git", URL),
        ("git@github.com:ada/study", "https://token@github.com/ada/study.git"),
        ("ssh://git@github.com/ada/study.git", "git@github.com:ada/study"),
        ("https://ada:hunter2@github.com/ada/study.git", URL),
    ]:
        clone.git("remote", "set-url", "origin", origin)
        assert find(clone.folder / "s.py", named)["link"] == f"{URL}/blob/{head}/s.py", (named, origin)


def test_a_folder_is_a_remote_by_path_and_url(room):
    clone = Clone(room / "my study", room / "my repo.git")
    link = f"git+file://{room}/my%20repo.git@{clone.commit(s='one')}#s.py"
    for path in (f"{room}/my repo", f"{room}/my repo.git", "my repo.git", f"../{room.name}/my repo"):
        for form in ("{}", "{}/", "file://{}"):
            if form.startswith("file") and not path.startswith("/"):
                continue  # a URL has a whole path
            assert find(clone.folder / "s.py", form.format(path))["link"] == link, (form, path)


def test_a_remote_of_another_name_counts_and_others_do_not(clone, room):
    head = clone.commit(s="one\n")
    clone.git("remote", "rename", "origin", "up.stream")
    git(room, "init", "-q", "--bare", "fork.git")
    clone.git("remote", "add", "origin", room / "fork.git")
    assert linked(clone.folder / "s.py") == head
    newer = clone.commit(s="two\n")  # pushed to origin, which is not the one that is named
    assert find(clone.folder / "s.py") | {"root": None} == {
        "link": None,
        "problem": "unpushed",
        "commit": newer,
        "root": None,
    }


def test_an_abbreviation_of_git_is_understood_on_both_sides(clone, room):
    head = clone.commit(s="one\n")
    git(room, "config", "--global", "url.https://github.com/.insteadOf", "gh:")
    assert linked(clone.folder / "s.py", "gh:ada/study", form=f"{URL}/blob/") == head
    clone.git("remote", "set-url", "origin", "gh:ada/study")
    assert linked(clone.folder / "s.py") == head


def test_the_repository_of_the_file_may_be_named_by_its_own_path(room):
    git(room, "init", "-q", "alone")
    (room / "alone" / "s.py").write_text("one\n")
    (room / "alone" / "a").mkdir()
    (room / "alone" / "a" / "s.py").write_text("one\n")
    assert find(room / "alone" / "s.py", room / "alone")["problem"] == "changed"
    git(room / "alone", "add", ".")
    git(room / "alone", "commit", "-qm", "first")
    head = git(room / "alone", "rev-parse", "HEAD")
    for named in (room / "alone", room / "alone" / ".git", f"file://{room}/alone"):
        assert find(room / "alone" / "s.py", named)["link"] == f"git+file://{room}/alone@{head}#s.py"
    git(room / "alone", "worktree", "add", "-q", room / "tree")
    for path in ("s.py", "a/s.py"):
        assert find(room / "tree" / path, room / "alone")["link"] == f"git+file://{room}/alone@{head}#{path}"


# --- which commit


def test_an_older_revision_is_linked_to_the_newest_commit_that_has_it(clone):
    clone.commit(s="one\n")
    newest = clone.commit(other="x\n")
    clone.commit(s="two\n")
    clone.commit(s="three\n")
    clone.write("s.py", "one\n")
    assert linked(clone.folder / "s.py") == newest, "not the commit that took it away, nor the one that brought it"


def test_a_file_that_was_removed_and_is_back_is_linked_to_the_commit_before(clone):
    clone.commit(keep="k\n")
    with_it = clone.commit(s="one\n")
    (clone.folder / "s.py").unlink()
    clone.commit()
    clone.write("s.py", "one\n")
    assert linked(clone.folder / "s.py") == with_it


def test_a_content_that_came_back_is_linked_to_the_later_commit(clone):
    clone.commit(s="one\n")
    clone.commit(s="two\n")
    back = clone.commit(s="one\n")
    clone.commit(s="three\n")
    clone.write("s.py", "one\n")
    assert linked(clone.folder / "s.py") == back


def test_the_same_content_at_another_path_does_not_count(clone):
    clone.commit(a="one\n")
    clone.git("mv", "a.py", "b.py")
    assert find(clone.folder / "b.py")["problem"] == "changed"
    moved = clone.commit()
    assert linked(clone.folder / "b.py") == moved
    clone.write("a.py", "one\n")
    assert linked(clone.folder / "a.py") != moved


def test_a_checkout_of_an_old_commit_is_linked_to_that_commit(clone):
    old = clone.commit(s="one\n")
    clone.commit(other="x\n")
    clone.git("checkout", "-q", old)
    assert linked(clone.folder / "s.py") == old


def test_a_file_from_another_branch_is_linked_to_that_branch(clone):
    clone.commit(s="one\n")
    clone.git("checkout", "-qb", "feature")
    feature = clone.commit(s="feature\n")
    clone.git("checkout", "-q", "main")
    clone.git("checkout", "-q", "origin/feature", "--", "s.py")
    assert linked(clone.folder / "s.py") == feature


def test_a_branch_that_is_not_the_default_needs_no_word(clone):
    clone.commit(s="one\n")
    clone.git("checkout", "-qb", "feature/x")
    head = clone.commit(s="feature\n")
    assert find(clone.folder / "s.py")["link"] == f"{URL}/blob/{head}/s.py"


def test_a_merge_is_seen_through(clone):
    clone.commit(s="one\n")
    clone.git("checkout", "-qb", "side")
    side = clone.commit(s="side\n", push=False)
    clone.git("checkout", "-q", "main")
    main = clone.commit(other="x\n")
    clone.git("merge", "-q", "-s", "ours", "side", "-m", "kept ours")
    clone.push()
    merge = clone.head()
    assert linked(clone.folder / "s.py") == merge
    clone.write("s.py", "side\n")
    assert linked(clone.folder / "s.py") == side, "a content that lost in a merge is in the full history"
    clone.git("checkout", "-q", "--", ".")
    clone.git("reset", "-q", "--hard", main)
    clone.git("merge", "-q", "-s", "recursive", "-X", "theirs", "side", "-m", "took theirs")
    clone.git("push", "-q", "--force", "origin", "HEAD:main")
    clone.write("s.py", "one\n")
    assert linked(clone.folder / "s.py") == main, "the last before the merge that took it away"


# --- what is not linked


def test_a_file_that_was_never_committed_has_no_link(clone):
    clone.commit(s="one\n")
    for name, text in {"new.py": "new\n", "s.py": "changed\n"}.items():
        path = clone.write(name, text)
        found = find(path)
        assert (found["link"], found["problem"], found["commit"]) == (None, "changed", None)
        clone.git("add", name)
        assert find(path)["problem"] == "changed", "staged is not committed"


def test_in_a_repository_without_commits_there_is_no_link(clone):
    assert find(clone.write("s.py", "one\n"))["problem"] == "changed"


def test_a_commit_that_was_not_pushed_is_named_but_not_linked(clone):
    path = clone.write("s.py", "one\n")
    commit = clone.commit(push=False)
    assert [find(path)[name] for name in ("link", "problem", "commit")] == [None, "unpushed", commit]
    clone.commit(push=False, s="two\n")
    path.write_text("one\n")
    assert [find(path)[name] for name in ("problem", "commit")] == ["unpushed", commit]
    clone.git("stash", "-q")
    clone.push()
    path.write_text("one\n")
    assert linked(path) == commit


def test_of_an_unpushed_history_the_part_that_was_pushed_is_linked(clone):
    clone.commit(s="one\n")
    pushed = clone.commit(other="x\n")
    clone.commit(push=False, other="y\n")
    clone.commit(push=False, other="z\n")
    assert linked(clone.folder / "s.py") == pushed


def test_what_was_pushed_and_taken_back_is_not_linked(clone):
    clone.commit(s="one\n")
    clone.commit(s="two\n")
    clone.git("push", "-q", "--force", "origin", "HEAD~:main")
    assert find(clone.folder / "s.py")["problem"] == "unpushed"


def test_a_file_that_changed_since_it_was_loaded_is_not_linked(clone):
    clone.commit(s="one\n")
    assert find(clone.folder / "s.py", data=b"what runs\n")["problem"] == "changed"


def test_outside_of_a_repository_there_is_no_link(clone, room):
    clone.commit(s="one\n")
    (room / "s.py").write_text("one\n")
    found = find(room / "s.py")
    assert found == {"link": None, "problem": "outside", "commit": None, "root": None}
    assert find(room / "s.py", room / "nowhere.git")["problem"] == "outside"
    assert find(clone.folder / "s.py", room / "nowhere.git")["problem"] == "other"


@pytest.mark.parametrize(
    "origin", [None, "https://github.com/ada/other", "https://gitlab.com/ada/study", "https://github.com/bob/study"]
)
def test_in_a_clone_of_another_repository_there_is_no_link(clone, origin):
    clone.commit(s="one\n")
    clone.git("remote", "remove", "origin")
    if origin:
        clone.git("remote", "add", "origin", origin)
    found = find(clone.folder / "s.py")
    assert (found["link"], found["problem"], found["root"]) == (None, "other", str(clone.folder.resolve()))


# --- shapes of repositories


def test_of_nested_repositories_the_innermost_counts(clone, room):
    outer = clone.commit(s="one\n")
    inner = Clone(clone.folder / "inner", room / "remotes" / "ada" / "inner.git", "https://github.com/ada/inner.git")
    head = inner.commit(t="two\n")
    assert find(inner.folder / "t.py", "https://github.com/ada/inner")["link"].endswith(f"inner/blob/{head}/t.py")
    assert find(inner.folder / "t.py")["problem"] == "other"
    assert linked(clone.folder / "s.py") == outer
    assert find(clone.folder / "s.py", "https://github.com/ada/inner")["problem"] == "other"


def test_a_submodule_is_a_repository_of_its_own(clone, room):
    head = clone.commit(s="one\n")
    git(room, "init", "-q", "outer")
    git(room / "outer", "submodule", "add", "-q", URL, "sub")
    assert linked(room / "outer" / "sub" / "s.py") == head


def test_a_further_working_tree_is_linked(clone, room):
    clone.commit(s="one\n")
    clone.git("worktree", "add", "-q", "-b", "tree", room / "tree")
    (room / "tree" / "s.py").write_text("tree\n")
    git(room / "tree", "commit", "-qam", "in the tree")
    assert find(room / "tree" / "s.py")["problem"] == "unpushed"
    git(room / "tree", "push", "-q", "origin", "tree")
    assert linked(room / "tree" / "s.py") == git(room / "tree", "rev-parse", "HEAD")


@pytest.mark.parametrize("options", [["--depth=1"], ["--depth=1", "--branch=v1"], ["--single-branch"], ["--branch=v1"]])
def test_clones_that_are_not_whole_are_linked(clone, room, options):
    clone.commit(s="zero\n")
    head = clone.commit(s="one\n")
    clone.git("tag", "v1")
    clone.git("push", "-q", "origin", "v1")
    git(room, "clone", "-q", *options, f"file://{clone.remote}", "part")
    git(room / "part", "remote", "set-url", "origin", URL)
    assert linked(room / "part" / "s.py") == head
    (room / "part" / "s.py").write_text("two\n")
    git(room / "part", "commit", "-qam", "own")
    assert find(room / "part" / "s.py")["problem"] == "unpushed"


def test_what_was_fetched_by_hand_is_what_the_remote_had(room, clone):
    """As continuous integration does: a commit is fetched by its name, and no branch of the remote is kept."""
    head = clone.commit(s="one\n")
    git(room, "init", "-q", "job")
    job = room / "job"
    git(job, "remote", "add", "origin", URL)
    git(job, "remote", "add", "mirror", "https://gitlab.com/ada/study")
    git(job, "fetch", "-q", "origin", f"+{head}:refs/pipelines/1")
    git(job, "checkout", "-q", "--detach", "FETCH_HEAD")
    assert linked(job / "s.py") == head
    assert find(job / "s.py", "https://gitlab.com/ada/study")["problem"] == "unpushed"
    git(job, "fetch", "-q", "origin")
    git(job, "update-ref", "refs/remotes/origin/main", git(job, "commit-tree", "-m", "other", "HEAD^{tree}"))
    assert linked(job / "s.py") != head, "what follows the remote's branches goes before what was fetched once"


def test_a_mirror_keeps_what_is_fetched_elsewhere(room, clone):
    head = clone.commit(s="one\n")
    clone.git("config", "remote.origin.fetch", "+refs/heads/main:refs/seen/here")
    clone.git("fetch", "-q", "origin")
    clone.git("update-ref", "-d", "refs/remotes/origin/main")
    (clone.folder / ".git" / "FETCH_HEAD").unlink()
    assert linked(clone.folder / "s.py") == head


def test_packed_references_count(clone):
    head = clone.commit(s="one\n")
    clone.git("pack-refs", "--all")
    assert linked(clone.folder / "s.py") == head


def test_line_ends_that_git_changes_do_not_hide_the_blob(clone):
    clone.git("config", "core.autocrlf", "true")
    clone.write(".gitattributes", "*.py text eol=crlf\n")
    path = clone.folder / "s.py"
    path.write_bytes(b"one\r\ntwo\r\n")
    head = clone.commit()
    assert clone.git("cat-file", "blob", "HEAD:s.py") == "one\ntwo"
    assert linked(path) == head


def test_a_link_to_the_file_is_followed(clone, room):
    head = clone.commit(s="one\n")
    (room / "shortcut.py").symlink_to(clone.folder / "s.py")
    assert linked(room / "shortcut.py") == head


def test_odd_names_are_taken_as_they_are(clone):
    clone.commit(s="one\n", x="no pattern\n")
    names = ["[x]*.py", ":(top)s.py", "-x.py", "a:b.py", 'q"uote.py', "new\nline.py", "caf\u00e9.py"]
    paths = [clone.write(name, f"odd {name}\n") for name in names]
    head = clone.commit()
    assert [linked(path) for path in paths] == [head] * len(names)
    for path in paths:
        path.write_text("newer\n")
    clone.commit()
    for path in paths:
        path.write_text(f"odd {path.name}\n")
        assert linked(path) == head, path.name


# --- notebooks


def cells(*sources, output=None):
    """The text of a notebook."""
    outputs = [] if output is None else [{"output_type": "stream", "name": "stdout", "text": [output]}]
    made = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": outputs, "source": [source]}
        for source in sources
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_a_notebook_is_linked_though_its_outputs_differ(clone):
    path = clone.write("n.ipynb", cells("a = 1"))
    head = clone.commit()
    assert find(path)["link"] == f"{URL}/blob/{head}/n.ipynb"
    path.write_text(cells("a = 1", output="hello\n"))
    assert linked(path) == head
    path.write_text(cells("a = 2", output="hello\n"))
    assert find(path)["problem"] == "changed"
    clone.commit(push=False)
    assert find(path)["problem"] == "unpushed"


# --- a repository on this machine, searched for a file that lies elsewhere


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_copy_is_found_in_a_repository_on_this_machine(clone, room, form):
    clone.commit(s="one\n", twin="one\n")
    newest = clone.commit(other="x\n")
    clone.commit(s="two\n")
    (room / "copies").mkdir()
    (room / "copies" / "s.py").write_text("one\n")
    found = find(room / "copies" / "s.py", form.format(clone.remote))
    assert found["link"] == f"git+file://{clone.remote}@{newest}#s.py"
    assert find(room / "copies" / "s.py", form.format(clone.folder))["commit"] == newest
    (room / "copies" / "s.py").write_text("other\n")
    assert find(room / "copies" / "s.py", form.format(clone.remote))["problem"] == "changed"


def test_a_renamed_copy_is_found_under_its_name_in_the_repository(clone, room):
    path = clone.write("src/é.py", "one\n")
    head = clone.commit()
    shutil.copy(path, room / "copy.py")
    assert find(room / "copy.py", clone.remote)["link"] == f"git+file://{clone.remote}@{head}#src/%C3%A9.py"


def test_a_folder_within_a_repository_is_not_taken_for_it(clone, room):
    clone.write("sub/s.py", "one\n")
    clone.commit()
    (room / "s.py").write_text("one\n")
    assert find(room / "s.py", clone.folder / "sub")["problem"] == "outside"


# --- never an error, a delay or a harm


def test_the_usual_case_takes_four_forks(clone, forks):
    clone.commit(s="one\n")
    find(clone.folder / "s.py")
    assert sorted(forks) == ["config", "hash-object", "ls-tree", "rev-list"]


def test_a_changed_file_is_not_searched_in_the_history(clone, forks):
    clone.commit(s="one\n")
    clone.write("s.py", "never committed\n")
    find(clone.folder / "s.py")
    assert "log" not in forks


def test_without_git_it_is_told_that_git_is_missing(clone, room, monkeypatch):
    clone.commit(s="one\n")
    monkeypatch.setenv("PATH", str(room / "home"))
    assert find(clone.folder / "s.py")["problem"] == "missing"


def test_a_git_that_hangs_is_not_waited_for(clone, room, monkeypatch):
    clone.commit(s="one\n")
    program = room / "home" / "git"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    begun = time.monotonic()
    assert find(clone.folder / "s.py")["problem"] == "unknown"
    assert time.monotonic() - begun < 30


def test_the_remote_is_not_asked(clone, monkeypatch):
    head = clone.commit(s="one\n")
    shutil.rmtree(clone.remote)
    clone.git("config", "core.sshCommand", "false")
    assert linked(clone.folder / "s.py") == head


def test_nothing_is_written(clone):
    clone.commit(s="one\n")
    clone.commit(push=False, s="two\n")
    before = {path: path.stat().st_mtime_ns for path in clone.folder.rglob("*")}
    find(clone.folder / "s.py")
    assert {path: path.stat().st_mtime_ns for path in clone.folder.rglob("*")} == before


def test_settings_of_the_user_do_not_change_the_answer(clone):
    clone.commit(s="one\n")
    before = clone.commit(other="x\n")
    clone.commit(s="two\n")
    clone.write("s.py", "one\n")
    for key, value in {
        "log.follow": "true",
        "log.showSignature": "true",
        "log.showRoot": "false",
        "log.date": "relative",
        "log.diffMerges": "first-parent",
        "diff.renames": "copies",
        "core.abbrev": "4",
        "core.quotePath": "true",
        "color.ui": "always",
        "diff.noprefix": "true",
        "format.pretty": "oneline",
    }.items():
        clone.git("config", key, value)
    assert linked(clone.folder / "s.py") == before


def test_a_repository_that_git_holds_for_unsafe_is_unknown(clone):
    if os.geteuid() != 0:
        pytest.skip("needs root to give a folder away")
    clone.commit(s="one\n")
    for path in [clone.folder, *clone.folder.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)
    assert find(clone.folder / "s.py")["problem"] == "unknown"


@pytest.mark.parametrize("repo", ["", "https://", "::", "\0", "http://[", "git@:x", "~nobody/x"])
def test_an_address_that_is_none_is_never_an_error(clone, repo):
    clone.commit(s="one\n")
    assert find(clone.folder / "s.py", repo)["link"] is None


def test_a_damaged_repository_is_never_an_error(clone):
    clone.commit(s="one\n")
    (clone.folder / ".git" / "HEAD").write_text("garbage")
    assert find(clone.folder / "s.py")["link"] is None


def test_a_repository_of_sha256_is_linked(room):
    try:
        git(room, "init", "-q", "--bare", "--object-format=sha256", "remote.git")
    except AssertionError:
        pytest.skip("this git knows no sha256")
    git(room, "init", "-q", "--object-format=sha256", "long")
    git(room / "long", "remote", "add", "origin", room / "remote.git")
    (room / "long" / "s.py").write_text("one\n")
    git(room / "long", "add", ".")
    git(room / "long", "commit", "-qm", "first")
    git(room / "long", "push", "-q", "origin", "main")
    assert len(linked(room / "long" / "s.py", room / "remote.git", form="git+file")) == 64


def test_a_long_list_of_branches_is_no_obstacle(clone):
    head = clone.commit(s="one\n")
    lines = [f"{head} refs/remotes/origin/b{number}" for number in range(20_000)]
    (clone.folder / ".git" / "packed-refs").write_text(
        "# pack-refs with: peeled fully-peeled sorted \n" + "\n".join(sorted(lines, key=lambda line: line[41:])) + "\n"
    )
    clone.commit(push=False, s="two\n")
    clone.write("s.py", "one\n")
    assert linked(clone.folder / "s.py") == head


def test_a_partial_clone_fetches_nothing(clone, room):
    git(clone.remote, "config", "uploadpack.allowFilter", "true")
    clone.commit(s="one\n")
    head = clone.commit(s="two\n")
    git(room, "clone", "-q", "--filter=blob:none", f"file://{clone.remote}", "partial")
    partial = room / "partial"
    objects = sorted(path.name for path in (partial / ".git" / "objects").rglob("*"))
    git(partial, "remote", "set-url", "origin", URL)
    assert linked(partial / "s.py") == head
    (partial / "s.py").write_text("one\n")  # a blob that this clone knows of, and has not
    assert linked(partial / "s.py") == git(partial, "rev-parse", "HEAD~")
    assert sorted(path.name for path in (partial / ".git" / "objects").rglob("*")) == objects
