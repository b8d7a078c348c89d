"""Storages that are registered, also by several at once, and those that were moved and say so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lamin_lite as ln
from lamin_lite.storage import marks

posix = pytest.mark.skipif(os.name != "posix", reason="a promise for POSIX")


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def mark_of(folder):
    return json.loads(Path(folder, ".lamin_lite/storage.json").read_text())["storage"]


REGISTER = """
import os, sys, time
import lamin_lite as ln
where, number, many = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = ln.Instance.open(where)
store.Storage.filter().count()
made = store.Storage(root="data")
open(number + ".go", "w").close()
until = time.monotonic() + 120  # one that failed is not waited for
while len([name for name in os.listdir(".") if name.endswith(".go")]) < many and time.monotonic() < until:
    time.sleep(0.001)
try:
    print(made.save().uid)
except ln.errors.Conflict:
    print("refused")
"""


def registered_at_once(home, instances):
    from tests.conftest import REPO, clean_environ

    environ = {**clean_environ(home), "PYTHONPATH": str(REPO)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", REGISTER, where, str(number), str(len(instances))],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number, where in enumerate(instances)
    ]
    done = [process.communicate(timeout=300) for process in started]
    for process, (_, words) in zip(started, done):
        assert process.returncode == 0, words
    return [said.strip() for said, _ in done]


def test_processes_that_register_one_folder_at_once_get_the_same_storage(instance, workdir, home):
    (workdir / "data").mkdir()
    said = registered_at_once(home, [instance.root] * 4)
    assert set(said) == {mark_of("data")}
    assert instance.Storage.get(root__endswith="data").uid == said[0]
    assert sorted(os.listdir("data/.lamin_lite")) == ["storage.json"]
    (workdir / "data" / "x.txt").write_text("x")
    assert instance.Artifact("data/x.txt").save().load() == "x"


def test_instances_that_register_one_folder_at_once_agree_on_its_uid(workdir, home):
    (workdir / "data").mkdir()
    places = [ln.Instance.init(workdir / f"p{number}").root for number in range(4)]
    assert set(registered_at_once(home, places)) == {mark_of("data")}


def test_a_folder_whose_mark_is_damaged_is_not_registered(instance, workdir):
    marker = workdir / "data/.lamin_lite/storage.json"
    marker.parent.mkdir(parents=True)
    for text in ("{damaged", "[]", "{}", '{"storage": 1}', "\udcff"):
        marker.write_bytes(text.encode("utf-8", "surrogateescape"))
        storage = instance.Storage(root="data")
        with pytest.raises(ln.errors.IntegrityError, match=r"storage\.json, the mark of a storage, is damaged: "):
            storage.save()
        assert (storage.id, storage.root) == (None, "data")  # it can be saved once the mark is mended
    assert instance.Storage.filter().count() == 1
    marker.unlink()
    assert storage.save().uid == mark_of("data")


def test_a_mark_that_is_damaged_later_is_seen_at_the_next_use(instance, workdir):
    (workdir / "data").mkdir()
    storage = instance.Storage(root="data").save()
    (workdir / "a.txt").write_text("a")
    artifact = instance.Artifact("a.txt", key="a.txt", storage=storage).save()
    marker = workdir / "data/.lamin_lite/storage.json"
    whole = marker.read_text()
    (workdir / "new").write_text("{")
    os.replace("new", marker)
    with pytest.raises(ln.errors.IntegrityError, match="is damaged"):
        artifact.load()
    marker.write_text(whole)
    assert artifact.load() == "a"


@posix
def test_a_full_disk_is_told_and_nothing_is_registered_without_a_mark(instance, workdir):
    import resource

    (workdir / "data").mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(ln.errors.NoSpace, match="No space is left"):
            marks.claim("data", "uid", "instance")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir("data/.lamin_lite") == []


@posix
def test_a_folder_that_may_only_be_read_gets_no_mark_and_keeps_the_one_that_it_has(workdir):
    other = 65534 if os.geteuid() == 0 else os.geteuid()  # root may write everywhere
    workdir.chmod(0o755)
    for name in ("bare", "marked"):
        (workdir / name).mkdir()
    marks.mark("marked", "theirs", "instance")
    for name in ("bare", "marked", "marked/.lamin_lite"):
        Path(name).chmod(0o555)
    me = os.geteuid()
    os.seteuid(other)
    try:
        assert marks.claim("bare", "mine", "instance") is None
        assert marks.claim("marked", "mine", "instance") == "theirs"
    finally:
        os.seteuid(me)
        for name in ("bare", "marked", "marked/.lamin_lite"):
            Path(name).chmod(0o755)


# -- storages that were moved


@pytest.fixture
def moved(instance, workdir):
    """A storage with an artifact, whose folder was moved."""
    (workdir / "a.txt").write_text("a")
    (workdir / "old").mkdir()
    storage = instance.Storage(root="old").save()
    artifact = instance.Artifact("a.txt", key="a.txt", storage=storage).save()
    os.rename("old", "new")
    return storage, artifact


def test_a_relocated_storage_is_read_and_written_at_its_new_place_by_all_that_have_it_open(instance, workdir, moved):
    storage, artifact = moved
    other = ln.Instance.open(workdir)
    with pytest.raises(ln.errors.UnknownStorage):
        other.Artifact.get(key="a.txt").load()
    storage.relocate("new")
    assert artifact.load() == other.Artifact.get(key="a.txt").load() == "a"
    for number, store in enumerate((instance, other)):
        (workdir / "a.txt").write_text(f"b{number}")
        made = store.Artifact("a.txt", key="a.txt", storage=store.Storage.get(storage.uid)).save()
        assert str(made.path).startswith(str(workdir / "new"))
    assert not (workdir / "old").exists()


def test_a_copy_that_stayed_at_the_old_place_gets_no_more_bytes(instance, workdir, moved):
    import shutil

    storage, _ = moved
    other = ln.Instance.open(workdir)
    shutil.copytree("new", "old")
    assert other.Artifact.get(key="a.txt").load() == "a"
    storage.relocate("new")
    (workdir / "b.txt").write_text("b")
    made = other.Artifact("b.txt", key="b.txt", storage=other.Storage.get(storage.uid)).save()
    assert str(made.path).startswith(str(workdir / "new"))


def test_a_storage_that_could_not_be_relocated_keeps_its_root(instance, workdir, moved):
    storage, _ = moved
    (workdir / "empty").mkdir()
    with pytest.raises(ln.errors.UnknownStorage, match="not marked as a storage"):
        storage.relocate("empty")
    storage.is_locked = True
    storage.save()
    with pytest.raises(ln.errors.Conflict, match="locked"):
        storage.relocate("new")
    assert storage.root == instance.Storage.get(storage.uid).root
    assert storage.root.endswith("old")


def test_the_main_storage_moves_with_the_instance_only(instance, workdir):
    main = instance.Storage.get(root="storage")
    with pytest.raises(ln.errors.Conflict, match="move the whole folder"):
        main.relocate(str(workdir / "storage"))
    assert main.root == str(workdir / "storage")
