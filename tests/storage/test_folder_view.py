"""Folders that are handed out: as they were saved, whatever happened to the view since."""

from __future__ import annotations

import os

import pytest

import lamin_lite as ln
from lamin_lite.base import fsio
from lamin_lite.storage import folders

posix = pytest.mark.skipif(os.name != "posix", reason="a promise for POSIX")


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def artifact(instance, workdir):
    data = workdir / "data"
    (data / "sub/deep").mkdir(parents=True)
    (data / "empty").mkdir()
    (data / "a.txt").write_text("one")
    (data / "sub/deep/b.txt").write_text("two")
    (data / "run.sh").write_text("#!/bin/sh\n")
    (data / "run.sh").chmod(0o755)
    (data / "link").symlink_to("a.txt")
    return instance.Artifact("data", key="data").save()


def listing(root):
    """Names with what they hold: text and exec bit of a file, target of a link."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_dir():
            found[name] = None
        else:
            found[name] = (path.read_text(), os.access(path, os.X_OK))
    return found


def replace(path, text):
    path.unlink()
    path.write_text(text)
    path.chmod(0o444)


def longer(path):
    path.chmod(0o755)
    path.write_text("#!/bin/sh\nrm -rf /\n")


def relink(path):
    path.unlink()
    path.symlink_to("run.sh")


TAMPERED = {
    "a file is gone": lambda view: (view / "sub/deep/b.txt").unlink(),
    "a file was added": lambda view: (view / "sub/new.txt").write_text("new"),
    "a folder was added": lambda view: (view / "sub/more").mkdir(),
    "an empty folder is gone": lambda view: (view / "empty").rmdir(),
    "a file was filled into an empty folder": lambda view: (view / "empty/x").write_text("x"),
    "another file of the same size": lambda view: replace(view / "a.txt", "two"),
    "a copy was written over": lambda view: longer(view / "run.sh"),
    "an exec bit is gone": lambda view: (view / "run.sh").chmod(0o444),
    "a link leads elsewhere": lambda view: relink(view / "link"),
    "a link leads out": lambda view: (view / "out").symlink_to("/etc"),
    "a folder was renamed": lambda view: (view / "sub").rename(view / "bus"),
    "a pipe was put in": lambda view: os.mkfifo(view / "pipe"),
}


@posix
@pytest.mark.parametrize("how", TAMPERED)
def test_a_view_that_was_changed_is_laid_out_anew_and_what_was_there_is_kept(artifact, workdir, caplog, how):
    view = artifact.cache()
    TAMPERED[how](view)
    assert artifact.cache() == view
    assert listing(view) == listing(workdir / "data")
    assert "was changed" in caplog.text
    assert "cache(writable=True)" in caplog.text
    kept = [path for path in view.parent.iterdir() if path != view]
    assert len(kept) == 1
    assert str(kept[0]) in caplog.text
    caplog.clear()
    assert artifact.cache() == view
    assert caplog.text == ""


@posix
def test_a_changed_view_that_another_process_lays_out_anew_is_not_taken_away_again(
    artifact, workdir, caplog, monkeypatch
):
    view = artifact.cache()
    (view / "a.txt").unlink()
    difference = folders.difference

    def found_before_another_mends_it(*args):
        found = difference(*args)
        monkeypatch.setattr(folders, "difference", difference)
        artifact.cache()
        return found

    monkeypatch.setattr(folders, "difference", found_before_another_mends_it)
    assert artifact.cache() == view
    assert listing(view) == listing(workdir / "data")
    assert caplog.text.count("was changed") == 1
    assert len(list(view.parent.iterdir())) == 2


@posix
def test_a_view_that_is_as_it_was_is_not_laid_out_anew(artifact):
    view = artifact.cache()
    before = {path: path.lstat().st_ino for path in (view, *view.rglob("*"))}
    (view / "a.txt").read_text()
    assert artifact.cache() == view
    assert {path: path.lstat().st_ino for path in (view, *view.rglob("*"))} == before


@posix
def test_a_changed_view_whose_content_is_lost_is_an_error_and_stays(artifact, instance):
    view = artifact.cache()
    member = view / "a.txt"
    blob = next(path for path in (view.parent.parent.parent / "blobs").rglob("*.txt") if path.samefile(member))
    member.unlink()
    blob.unlink()
    with pytest.raises(ln.errors.IntegrityError, match=r"a\.txt, is missing or cut"):
        artifact.cache()
    assert [path.name for path in view.parent.iterdir()] == [view.name]
    assert (view / "run.sh").exists()


class FarAway:
    """A storage that can only put and get."""

    kept = {}

    def __init__(self, root):
        self.root = root

    def put(self, source, name):
        with open(source, "rb") as file:
            self.kept[name] = file.read()

    def get(self, name, target):
        with open(target, "wb") as file:
            file.write(self.kept[name])

    def size(self, name):
        return len(self.kept[name]) if name in self.kept else None

    def delete(self, name):
        self.kept.pop(name, None)

    def names(self, prefix):
        return iter([name for name in self.kept if name.startswith(prefix)])

    def local_path(self, name):
        return None


@posix
def test_what_was_cut_in_the_cache_is_fetched_anew(instance, workdir):
    ln.ext.register_storage("faraway", lambda root, options: FarAway(root), replace=True)
    storage = instance.Storage(root="faraway://here").save()
    (workdir / "data").mkdir()
    for name in ("a.txt", "data/b.txt"):
        (workdir / name).write_text(f"all of {name}")
    file = instance.Artifact("a.txt", key="a.txt", storage=storage).save()
    folder = instance.Artifact("data", key="data", storage=storage).save()
    assert file.load() == "all of a.txt"
    assert (folder.cache() / "b.txt").read_text() == "all of data/b.txt"
    cached = list((workdir / "storage/.lamin_lite/cache/storages").rglob("*.txt"))
    assert len(cached) == 2
    for path in cached:
        path.chmod(0o644)
        path.write_text("all")
    assert file.load() == "all of a.txt"
    assert (folder.cache() / "b.txt").read_text() == "all of data/b.txt"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_who_was_alone_lets_others_go_on_though_a_fork_of_that_time_lives(tmp_path):
    import fcntl

    read, write = os.pipe()
    with fsio.alone(str(tmp_path)):
        child = os.fork()
        if not child:
            os.close(write)
            os.read(read, 1)  # until the test is over
            os._exit(0)
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        for each in (fd, read, write):
            os.close(each)
        os.waitpid(child, 0)
