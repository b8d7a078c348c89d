"""Storages that go away while they are in use: moved, renamed, unmounted, or replaced by others."""

from __future__ import annotations

import json
import os
import shutil

import pytest

import lamin_lite as ln
from lamin_lite.base import fsio
from lamin_lite.storage.local import LocalStorage


@pytest.fixture
def instance(workdir):
    instance = ln.connect(ln.Instance.init(workdir / "project", storage="data").root)
    (workdir / "a.txt").write_text("a")
    instance.Artifact("a.txt", key="a.txt").save()
    (workdir / "b.txt").write_text("b")
    yield instance
    ln.disconnect()


@pytest.fixture
def data(instance, workdir):
    """A storage beside the database."""
    (workdir / "more").mkdir()
    return instance.Storage(root="more").save()


def test_a_storage_that_was_moved_away_is_an_error_before_a_row_is_written(instance, workdir):
    os.rename(workdir / "project", workdir / "away")  # the open database goes along
    with pytest.raises(ln.errors.UnknownStorage, match="is not there"):
        instance.Artifact("b.txt", key="b.txt").save()
    with pytest.raises(ln.errors.UnknownStorage, match="is not there"):
        instance.Artifact.from_object({"a": 1}, key="b.json").save()
    with pytest.raises(ln.errors.UnknownStorage, match="is not there"):
        instance.Artifact.get(key="a.txt").load()
    assert not (workdir / "project").exists()
    assert instance.Artifact.filter().count() == 1
    os.rename(workdir / "away", workdir / "project")
    assert instance.Artifact("b.txt", key="b.txt").save().load() == "b"


def test_an_empty_folder_in_its_place_as_after_an_unmount_gets_no_bytes(instance, workdir, data):
    def save():
        return instance.Artifact("b.txt", key="b.txt", storage=data).save()

    shutil.copytree(workdir / "more", workdir / "copy")
    os.rename(workdir / "more", workdir / "away")
    (workdir / "more").mkdir()
    with pytest.raises(ln.errors.UnknownStorage, match="not marked as a storage"):
        save()
    assert list((workdir / "more").iterdir()) == []
    (workdir / "more").rmdir()
    os.rename(workdir / "copy", workdir / "more")  # it is the same storage, on another disk
    assert save().load() == "b"


@pytest.mark.parametrize("has_its_number", [False, True])
def test_another_storage_in_its_place_gets_no_bytes(instance, workdir, data, has_its_number):
    instance.Artifact("b.txt", key="b.txt", storage=data).save()
    marker = workdir / "more" / ".lamin_lite" / "storage.json"
    other = {**json.loads(marker.read_text()), "storage": "another"}
    if not has_its_number:
        os.rename(workdir / "more", workdir / "away")
        (workdir / "more" / ".lamin_lite").mkdir(parents=True)
    number = os.stat(marker).st_ino if has_its_number else None
    marker.write_text(json.dumps(other))  # over the one that is there, as disks give the number of a file again
    os.utime(marker, (1, 1))
    assert number in (None, os.stat(marker).st_ino)
    (workdir / "b.txt").write_text("c")
    with pytest.raises(ln.errors.UnknownStorage, match="is the storage another"):
        instance.Artifact("b.txt", key="b.txt", storage=data).save()
    if not has_its_number:
        assert os.listdir(workdir / "more" / ".lamin_lite") == ["storage.json"]


def test_a_local_storage_never_makes_anew_what_it_was_opened_in(tmp_path):
    storage = LocalStorage(str(tmp_path / "data"))
    with pytest.raises(ln.errors.MissingFile):
        storage.ingest_bytes(b"x", ".txt")
    (tmp_path / "data").mkdir()
    storage.ingest_bytes(b"x", ".txt")  # its own folder for blobs it may make
    marked = LocalStorage(str(tmp_path / "data"))
    shutil.rmtree(tmp_path / "data" / ".lamin_lite")
    with pytest.raises(ln.errors.MissingFile):
        marked.ingest_bytes(b"x", ".txt")
    assert list((tmp_path / "data").iterdir()) == []


GONE = """
import os, sys
import lamin_lite as ln
ln.track()
print("here")
os.rename("data", "away")
try:
    ln.Artifact("b.txt", key="b.txt").save()
except ln.errors.UnknownStorage:
    print("told")
@ln.step()
def step(): return 1
step()
os.rename("away", "data")
"""


def test_a_run_goes_on_and_makes_no_folder_while_its_storage_is_away(workdir, run_python):
    instance = ln.Instance.init(workdir, storage="data")
    (workdir / "b.txt").write_text("b")
    (workdir / "s.py").write_text(GONE)
    done = run_python(workdir / "s.py", cwd=workdir)
    assert (done.returncode, done.stdout) == (0, "here\ntold\n"), done.stderr
    run, step = instance.Run.filter().order_by("id")
    assert (run.status, step.status) == ("completed", "completed")
    assert "told" in run.report.load()


def test_locked_files_and_logs_are_never_made_in_a_marker_folder_that_is_gone(tmp_path, capsys):
    from lamin_lite.capture.streams import Log

    assert fsio.open_locked(str(tmp_path / "data/.lamin_lite/processes/x")) is None
    Log(str(tmp_path / "data/.lamin_lite/logs/x.log")).write("x")
    assert not (tmp_path / "data").exists()
