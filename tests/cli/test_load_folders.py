"""``load`` of folders: into which place, and what in it is replaced."""

from __future__ import annotations

import os
import shutil

import pytest

from lamin_lite.instance import Instance
from lamin_lite.tracking import loading


@pytest.fixture
def store(workdir):
    """An empty instance in the current directory."""
    return Instance.init(workdir, storage=workdir / "data")


def test_a_folder_is_copied_and_only_what_differs_in_it_is_replaced(cli, store, workdir):
    results = workdir / "results"
    (results / "sub" / "empty").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "sub/c.txt", "sub/run.sh"):
        (results / name).write_text(name)
    (results / "sub" / "run.sh").chmod(0o755)
    (results / "link").symlink_to("a.txt")
    cli("save results")
    assert "here already" in cli("load results --to .").err
    before = (results / "b.txt").stat()
    (results / "a.txt").write_text("mine")
    (results / "link").unlink()
    (results / "link").symlink_to("b.txt")
    (results / "sub" / "run.sh").chmod(0o644)
    (results / "sub" / "c.txt").unlink()
    (results / "sub" / "empty").rmdir()
    done = cli("load results --to .")
    assert (done.code, (results / "a.txt").read_text()) == (1, "mine")
    assert f"{results} is there with other content" in done.err
    assert "--force replaces it" in done.err
    assert "wrote" in cli("load results --to . --force").err
    assert "here already" in cli("load results --to .").err
    assert (results / "b.txt").stat().st_ino == before.st_ino
    assert sorted(os.listdir(results)) == ["a.txt", "b.txt", "link", "sub"]
    assert sorted(os.listdir(workdir)) == [".lamin_lite", "data", "results"]


@pytest.mark.parametrize("name", ["more.txt", "sub/more.txt", "more/", "a.txt/x.txt", "a.txt/", "sub"])
def test_what_a_folder_holds_beside_the_artifact_is_named_and_stays(cli, store, workdir, name):
    (workdir / "results" / "sub").mkdir(parents=True)
    for each in ("a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "sub/f.txt"):
        (workdir / "results" / each).write_text("one")
    cli("save results")
    cli("load results --to out")
    out = workdir / "out"
    (out / "b.txt").write_text("mine")
    if name.startswith("a.txt"):
        (out / "a.txt").unlink()
    elif name == "sub":
        shutil.rmtree(out / "sub")
    if name.endswith("/"):
        (out / name).mkdir()
    else:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
    done = cli("load results --to out --force")
    assert (done.code, (out / "b.txt").read_text()) == (1, "mine")
    assert f"{out / name} is no part of artifact 'results'" in done.err
    assert (out / name).exists()


def test_a_folder_is_copied_once_to_the_same_place(cli, store, workdir):
    (workdir / "results").mkdir()
    (workdir / "results" / "a.txt").write_text("one")
    cli("save results")
    for said in ("wrote", "here already"):
        done = cli("load results --to out")
        assert (done.code, done.out) == (0, f"{workdir / 'out'}\n")
        assert said in done.err
    assert os.listdir("out") == ["a.txt"]
    (workdir / "other").mkdir()
    for said in ("wrote", "here already"):  # into a folder that is there
        assert said in cli("load results --to other").err
    assert os.listdir("other") == ["results"]


def test_a_copy_of_a_folder_is_known_also_after_it_was_changed(cli, store, workdir):
    (workdir / "results").mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (workdir / "results" / name).write_text(name)
    cli("save results")
    cli("load results --to out")
    (workdir / "out" / "a.txt").write_text("two")
    (workdir / "out" / "b.txt").unlink()
    for to in ("out", "out/"):
        done = cli(f"load results --to {to}")
        assert (done.code, done.out) == (1, "")
        assert f"{workdir / 'out'} is there with other content than artifact 'results'" in done.err
    assert cli("load results --to out --force").out == f"{workdir / 'out'}\n"
    assert {path.name: path.read_text() for path in (workdir / "out").iterdir()} == {
        name: name for name in ("a.txt", "b.txt", "c.txt")
    }
    for name in "defg":  # which is more than the artifact has
        (workdir / "out" / name).write_text("mine")
    assert cli("load results --to out").out == f"{workdir / 'out' / 'results'}\n"


def test_a_folder_that_is_made_while_its_place_is_looked_for_keeps_what_is_in_it(cli, store, workdir, monkeypatch):
    (workdir / "results").mkdir()
    (workdir / "results" / "a.txt").write_text("one")
    cli("save results")
    out = workdir / "out"
    write = loading._write

    def written_late(*args):
        out.mkdir()
        (out / "a.txt").write_text("mine")
        return write(*args)

    monkeypatch.setattr(loading, "_write", written_late)
    assert cli("load results --to out").code == 1
    assert (os.listdir(out), (out / "a.txt").read_text()) == (["a.txt"], "mine")
    assert sorted(os.listdir(workdir)) == [".lamin_lite", "data", "out", "results"]


def test_a_folder_with_files_of_the_same_names_is_no_copy_unless_any_is_as_in_a_version(cli, store, workdir):
    (workdir / "results").mkdir()
    for name in ("a.txt", "b.txt", "__init__.py"):
        (workdir / "results" / name).write_text(name if name != "__init__.py" else "")
    cli("save results")
    shutil.copytree("results", "first")
    (workdir / "mine").mkdir()
    for name in ("a.txt", "b.txt", "__init__.py"):
        (workdir / "mine" / name).write_text("mine" if name != "__init__.py" else "")
        (workdir / "results" / name).write_text("of the next version" if name != "__init__.py" else "")
    cli("save results")
    assert cli("load results --to mine --force").out == f"{workdir / 'mine' / 'results'}\n"
    assert (workdir / "mine" / "a.txt").read_text() == "mine"
    assert f"{workdir / 'first'} is there with other content" in cli("load results --to first").err
    assert cli("load results --to first --force").out == f"{workdir / 'first'}\n"
    assert (workdir / "first" / "a.txt").read_text() == "of the next version"
