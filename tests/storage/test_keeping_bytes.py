"""Bytes on their way into a storage: what is stored stays whole, and nothing is left behind."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest

import lamin_lite as ln
from lamin_lite.base import fsio
from lamin_lite.storage.adapter import Adapter
from lamin_lite.storage.local import LocalStorage
from tests.storage.test_folder_view import FarAway


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


class Watched(FarAway):
    """A storage elsewhere, whose source goes on growing while it is asked what it has."""

    def __init__(self, root):
        super().__init__(root)
        self.kept = {}
        self.growing = None

    def size(self, name):
        if self.growing is not None:
            with open(self.growing, "a") as file:
                file.write("more\n")
        return super().size(name)


@pytest.fixture
def away():
    return Watched("faraway://here")


def left(folder):
    """Files below a folder, but for the mark and the database."""
    return sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


def test_a_file_that_grows_while_it_is_put_elsewhere_is_stored_as_it_was_when_it_was_read(workdir, away):
    storage = Adapter(away, str(workdir / "cache"))
    (workdir / "log.txt").write_text("line\n")
    first = storage.ingest("log.txt", ".txt")
    away.growing = "log.txt"
    assert storage.ingest("log.txt", ".txt").hash == first.hash  # what others refer to is never deleted
    assert away.kept == {first.name: b"line\n"}
    again = storage.ingest("log.txt", ".txt")
    assert away.kept[again.name] == b"line\nmore\n"
    for name, data in away.kept.items():
        assert hashlib.sha256(data).hexdigest() == os.path.basename(name)[:64]
    assert left("cache") == []


def test_what_cannot_be_put_elsewhere_leaves_no_copy_here(workdir, away, monkeypatch):
    def refuse(source, name):
        raise PermissionError(13, "no", name)

    monkeypatch.setattr(away, "put", refuse)
    storage = Adapter(away, str(workdir / "cache"))
    (workdir / "a.txt").write_text("a")
    for call in (lambda: storage.ingest("a.txt", ".txt"), lambda: storage.ingest_bytes(b"x", ".txt")):
        with pytest.raises(ln.errors.Unreadable):
            call()
    assert left("cache") == []


def test_the_cache_of_a_storage_elsewhere_is_not_made_in_a_folder_that_is_gone(workdir, away):
    storage = Adapter(away, str(workdir / "gone/.lamin_lite/cache"), str(workdir / "gone/.lamin_lite"))
    with pytest.raises(ln.errors.MissingFile):
        storage.ingest_bytes(b"x", ".txt")
    assert not (workdir / "gone").exists()


@pytest.mark.parametrize("twin", [False, True])
def test_a_damaged_blob_is_healed_by_saving_its_bytes_again(instance, workdir, twin):
    (workdir / "x.csv").write_text("a\n1\n")
    artifact = instance.Artifact("x.csv", key="x.csv").save()
    if twin:
        shutil.copy("x.csv", "x.txt")
        other = instance.Artifact("x.txt", key="x.txt").save()
        assert os.stat(other.path).st_ino == os.stat(artifact.path).st_ino
    path = str(artifact.path)
    os.remove(path)
    Path(path).write_bytes(b"")
    instance.Artifact("x.csv", key="x.csv").save()
    assert Path(path).read_text() == "a\n1\n"
    if twin:
        assert other.load() == "a\n1\n"


def test_bytes_are_stored_where_they_cannot_have_a_second_name(workdir, monkeypatch):
    def refuse(source, target):
        raise PermissionError(1, "no links here", source)

    storage = LocalStorage(str(workdir))
    first = storage.ingest_bytes(b"same", ".csv")
    monkeypatch.setattr(os, "link", refuse)
    second = storage.ingest_bytes(b"same", ".txt")
    assert Path(second.name).read_bytes() == Path(first.name).read_bytes() == b"same"
    assert left(".lamin_lite/tmp") == []


def test_saves_that_fail_leave_no_copy(instance, workdir):
    (workdir / "x.txt").write_text("1")
    instance.Artifact("x.txt", key="x.txt").save()
    inside = workdir / "storage/.lamin_lite"
    shutil.rmtree(inside / "blobs")
    (inside / "blobs").write_text("a file where the folder should be")
    (workdir / "x.txt").write_text("2")
    for _ in range(2):
        with pytest.raises(ln.errors.StorageError, match="not of the expected kind"):
            instance.Artifact("x.txt", key="x.txt").save()
    storage = LocalStorage(str(workdir / "storage"))
    for call in (lambda: storage.ingest_bytes(b"3", ".txt"), lambda: storage.ingest_chunks([b"4"], ".txt")):
        with pytest.raises(ln.errors.StorageError):
            call()
    assert left(inside / "tmp") == []


def test_a_save_that_is_interrupted_while_it_is_hashed_leaves_no_copy(workdir, monkeypatch):
    def interrupted(data):
        raise KeyboardInterrupt

    monkeypatch.setattr(fsio.hashing, "of_bytes", interrupted)
    (workdir / "x.txt").write_text("1")
    with pytest.raises(KeyboardInterrupt):
        LocalStorage(str(workdir)).ingest("x.txt", ".txt")
    assert left(".lamin_lite/tmp") == []


def test_what_killed_processes_left_more_than_a_day_ago_is_removed_at_the_first_save_of_a_process(workdir):
    folder = workdir / ".lamin_lite/tmp"
    folder.mkdir(parents=True)
    day = 24 * 3600
    for name, age in (("old", day + 60), ("writing", 0), ("waiting", day - 600)):
        (folder / name).write_text("x")
        os.utime(folder / name, (time.time() - age,) * 2)
    (folder / "a folder").mkdir()
    os.utime(folder / "a folder", (0, 0))
    LocalStorage(str(workdir)).ingest_bytes(b"x", ".txt")
    assert sorted(os.listdir(folder)) == ["a folder", "waiting", "writing"]
    (folder / "late").write_text("x")
    os.utime(folder / "late", (0, 0))
    LocalStorage(str(workdir)).ingest_bytes(b"y", ".txt")
    assert (folder / "late").exists()  # looked at once a process, so that saves stay cheap
