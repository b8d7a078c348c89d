"""Bad input: one clear sentence with the value and the remedy, exit code 1, nothing lost, nothing half written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

import lamin_lite as ln
from tests.conftest import REPO, clean_environ

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a promise for Linux")
is_root = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def instance(workdir):
    instance = ln.Instance.init(workdir)
    (workdir / "a.txt").write_text("one")
    yield instance
    ln.disconnect()


def database_of(workdir):
    return workdir / "storage/.lamin_lite/lamin.db"


def nothing_is_left(instance):
    folder = os.path.join(instance.root, "storage", ".lamin_lite", "tmp")
    return instance.Artifact.filter().count() == 0 and (not os.path.isdir(folder) or os.listdir(folder) == [])


def is_one_sentence(error, *parts):
    text = str(error)
    assert "\n" not in text
    assert text.endswith((".", ")", "?")), text
    assert "Errno" not in text
    for part in parts:
        assert part in text
    return True


def last_line(done):
    assert done.returncode == 1, done.stderr
    return done.stderr.strip().splitlines()[-1]


# -- instances


def test_without_an_instance_a_script_says_how_to_make_one(workdir, run_python):
    said = last_line(run_python("import lamin_lite as ln\nln.track()", cwd=workdir))
    assert "NoInstance: No instance was found" in said
    assert "init --storage" in said
    assert os.listdir(workdir) == []


def test_a_file_that_is_no_database_is_named_and_left_alone(instance, workdir):
    instance.database.close()
    database_of(workdir).write_text("not a database, but long enough to be read as one " * 100)
    before = database_of(workdir).read_bytes()
    with pytest.raises(ln.errors.NotADatabase) as caught:
        ln.Instance.open(workdir)
    assert is_one_sentence(caught.value, "lamin.db", "backup")
    assert database_of(workdir).read_bytes() == before
    database_of(workdir).unlink()
    for name in os.listdir(database_of(workdir).parent):
        if name.startswith("lamin.db"):
            (database_of(workdir).parent / name).unlink()
    with pytest.raises(ln.errors.NoInstance, match=r"lamin\.db"):
        ln.Instance.open(workdir)
    sqlite3.connect(database_of(workdir)).close()
    database_of(workdir).touch()
    with pytest.raises(ln.errors.NotADatabase, match="init"):
        ln.Instance.open(workdir)


def test_a_truncated_database_is_named(instance, workdir):
    instance.Artifact("a.txt", key="a.txt").save()
    instance.database.close()
    whole = database_of(workdir).read_bytes()
    for size in (50, 4096, len(whole) // 2):
        for name in ("lamin.db-wal", "lamin.db-shm"):
            if os.path.exists(database_of(workdir).parent / name):
                os.unlink(database_of(workdir).parent / name)
        database_of(workdir).write_bytes(whole[:size])
        with pytest.raises(ln.errors.NotADatabase) as caught:
            ln.Instance.open(workdir).Artifact.filter().to_list()
        assert is_one_sentence(caught.value, "lamin.db", "backup")
        assert database_of(workdir).read_bytes() == whole[:size]


def test_a_damaged_marker_is_named(instance, workdir):
    (workdir / ".lamin_lite/instance.json").write_text("{")
    with pytest.raises(ln.errors.InstanceError) as caught:
        ln.Instance.open(workdir)
    assert is_one_sentence(caught.value, "instance.json", "init")


def test_a_newer_schema_is_read_if_it_may_be_and_never_written(instance, workdir):
    instance.Artifact("a.txt", key="a.txt").save()
    with instance.database.write("raise") as tx:
        tx.execute("UPDATE meta SET schema = 9, min_writer = 9, made_by = '99.0'")
    newer = ln.Instance.open(workdir)
    assert newer.Artifact.get(key="a.txt").load() == "one"
    (workdir / "b.txt").write_text("two")
    with pytest.raises(ln.errors.NewerSchema) as caught:
        newer.Artifact("b.txt", key="b.txt").save()
    assert is_one_sentence(caught.value, "99.0", "upgrade")
    assert newer.Artifact.filter().count() == 1
    with instance.database.write("raise") as tx:
        tx.execute("UPDATE meta SET min_reader = 9")
    with pytest.raises(ln.errors.NewerSchema, match=r"99\.0.*upgrade"):
        ln.Instance.open(workdir)


# -- storages


def test_a_storage_that_does_not_answer_is_named(instance, workdir):
    with pytest.raises(ln.errors.UnknownStorage, match="nowhere"):
        instance.Storage(root="nowhere").save()
    (workdir / "lake").mkdir()
    (workdir / "lake/b.txt").write_text("two")
    instance.Storage(root="lake").save()
    artifact = instance.Artifact("lake/b.txt").save()
    marker = workdir / "lake/.lamin_lite/storage.json"
    marker.write_text('{"storage": "another"}')
    with pytest.raises(ln.errors.UnknownStorage) as caught:
        ln.Instance.open(workdir).Artifact.get(artifact.uid).load()
    assert is_one_sentence(caught.value, "another", "relocate")
    shutil.rmtree(workdir / "lake")
    with pytest.raises(ln.errors.UnknownStorage, match="mount"):
        ln.Instance.open(workdir).Artifact.get(artifact.uid).load()


# -- files


@pytest.mark.parametrize("path", ["missing.txt", "a.txt/b", "missing/a.txt", "x" * 300])
def test_a_missing_file_is_named(instance, path):
    with pytest.raises(ln.errors.StorageError) as caught:
        instance.Artifact(path, key=path[:20])
    assert is_one_sentence(caught.value, path[:60])
    assert nothing_is_left(instance)


@pytest.mark.parametrize("path", ["a\0b", 5, b"a.txt", None, ""])
def test_what_is_no_path_is_named(instance, path):
    with pytest.raises(ln.errors.LaminLiteError) as caught:
        instance.Artifact(path, key="a.txt").save()
    assert is_one_sentence(caught.value)
    assert nothing_is_left(instance)


ANOTHER_USER = """
import importlib, os, pkgutil, sys
import lamin_lite as ln
for module in pkgutil.walk_packages(ln.__path__, "lamin_lite."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
import concurrent.futures.thread, difflib, unicodedata, getpass, pwd
os.chdir("shared")
ln.Instance.init("../warm").Artifact("a.txt", key="a.txt").save().load()  # what is imported late is imported now
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
instance = ln.Instance.open(".")
print(instance.Artifact.get(key="a.txt").load())
own = ln.Instance.init("../own")
for store, name in ((instance, "a.txt"), (own, "secret.txt")):
    try:
        store.Artifact(name, key="x/" + name).save()
    except ln.errors.LaminLiteError as error:
        print(type(error).__name__, error)
print(own.Artifact.filter().count(), os.path.exists("../own/storage/.lamin_lite/tmp") and os.listdir("../own/storage/.lamin_lite/tmp"))
"""


@linux
@pytest.mark.skipif(not is_root, reason="only root can become another user; else see the test below")
@pytest.mark.parametrize("writing", [False, True])
def test_an_unreadable_file_and_a_read_only_instance_are_named(tmp_path_factory, home, writing):
    place = Path(tempfile.mkdtemp())
    try:
        for name, mode in (("shared", 0o755), ("own", 0o777), ("warm", 0o777)):
            (place / name).mkdir()
            os.chmod(place / name, mode)
        os.chmod(place, 0o755)
        (place / "shared/a.txt").write_text("one")
        (place / "shared/secret.txt").write_text("secret")
        os.chmod(place / "shared/secret.txt", 0o600)
        instance = ln.Instance.init(place / "shared")
        instance.Artifact(place / "shared/a.txt", key="a.txt").save()
        if not writing:  # else the owner has it open, with a log that is not folded in yet
            instance.database.close()
        done = subprocess.run(
            [sys.executable, "-c", ANOTHER_USER],
            cwd=place,
            env={**clean_environ(home), "PYTHONPATH": str(REPO)},
            capture_output=True,
            text=True,
            check=False,
        )
        instance.database.close()
    finally:
        shutil.rmtree(place)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "one"
    assert lines[1].startswith("ReadOnly ")
    assert "permissions" in lines[1]
    assert lines[2].startswith("Unreadable This user may not read ")
    assert "secret.txt" in lines[2]
    assert lines[3] in ("0 []", "0 False")


@linux
@pytest.mark.skipif(is_root, reason="root may read everything")
def test_an_unreadable_file_is_named(instance, workdir):
    os.chmod("a.txt", 0)
    with pytest.raises(ln.errors.Unreadable, match=r"a\.txt"):
        instance.Artifact("a.txt", key="a.txt").save()
    assert nothing_is_left(instance)


def test_a_file_that_is_being_written_is_refused(instance, workdir):
    path, stop = workdir / "growing.bin", threading.Event()
    path.write_bytes(b"x" * (64 << 20))

    def write():
        with open(path, "ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"more")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(ln.errors.FileChanged) as caught:
            instance.Artifact(path, key="growing.bin").save()
    finally:
        stop.set()
        writer.join()
    assert is_one_sentence(caught.value, "growing.bin", "again")
    assert nothing_is_left(instance)
    assert instance.Artifact(path, key="growing.bin").save().size == path.stat().st_size


# -- keys

KEYS = ["", " ", "..", "../a.txt", "a/../b.txt", "/a.txt", "~/a.txt", "C:/a.txt", "c:a.txt", "a\\b.txt", "a\0.txt"]
KEYS += ["a\n.txt", "a\x1b[31m.txt", "a/", "a//b.txt", "./a.txt", "x" * 1996 + ".txt", "\ud800.txt", "\u202etxt.a.txt"]


@pytest.mark.parametrize("key", [*KEYS, 5, b"a.txt"])
def test_a_key_that_cannot_be_one_is_refused(instance, key):
    with pytest.raises(ln.errors.InvalidKey) as caught:
        instance.Artifact("a.txt", key=key).save()
    assert is_one_sentence(caught.value)
    assert len(str(caught.value)) < 300
    assert nothing_is_left(instance)
    artifact = instance.Artifact("a.txt", key="a.txt").save()
    artifact.key = key if isinstance(key, str) else "/x.txt"
    with pytest.raises(ln.errors.InvalidKey):
        artifact.save()
    assert instance.Artifact.get(artifact.uid).key == "a.txt"


def test_a_key_with_a_decomposed_letter_is_found_in_either_form(instance):
    artifact = instance.Artifact("a.txt", key="cafe\u0301.txt").save()
    assert artifact.key == "caf\u00e9.txt"
    assert instance.Artifact.get(key="cafe\u0301.txt") == artifact
    assert instance.Artifact.get(key="caf\u00e9.txt") == artifact


def test_text_that_no_database_keeps_is_refused_and_the_row_can_be_saved_without_it(instance):
    artifact = instance.Artifact("a.txt", key="a.txt", description="\ud800")
    with pytest.raises(ln.errors.InvalidArgument, match="surrogate"):
        artifact.save()
    assert nothing_is_left(instance)
    artifact.description = "plain"
    artifact.save()
    assert instance.Artifact.get(key="a.txt").description == "plain"


@pytest.mark.parametrize("values", [{"kee": "a"}, {"description": 5}, {"id": 7}, {"run": "x"}, {"stem": "x"}])
def test_a_wrong_argument_is_named(instance, values):
    with pytest.raises(ln.errors.InvalidArgument) as caught:
        instance.Artifact("a.txt", **{"key": "a.txt", **values}).save()
    assert is_one_sentence(caught.value, next(iter(values)))


# -- space


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@linux
def test_a_full_disk_loses_nothing(small_disk, tmp_path):
    instance = ln.Instance.init(small_disk)
    small, large = tmp_path / "small.bin", tmp_path / "large.bin"
    small.write_bytes(b"small")
    for size in (2 << 20, 3 << 20, 6 << 20):
        large.write_bytes(os.urandom(size * 2))
        with pytest.raises(ln.errors.NoSpace) as caught:
            instance.Artifact(large, key="large.bin").save()
        assert is_one_sentence(caught.value, "large.bin", "free")
        assert nothing_is_left(instance)
    artifact = instance.Artifact(small, key="small.bin").save()
    with open(small_disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError, match="space"):  # noqa: PT012
        while True:
            filler.write(b"x" * 4096)
    failed = 0
    for at in range(40):
        row = instance.Transform(key=f"{at}.py", source_code=os.urandom(20_000).hex())
        try:
            row.save()
        except ln.errors.NoSpace as error:
            assert is_one_sentence(error, "lamin.db", "free")  # noqa: PT017
            assert row.id is None
            failed += 1
            break
    assert failed
    assert instance.Artifact.get(key="small.bin").load() == b"small"
    (small_disk / "filler").unlink()
    row.save()
    assert instance.Transform.get(key=row.key).source_code == row.source_code
    assert instance.Artifact.get(artifact.uid) == artifact
    assert instance.database.one("PRAGMA integrity_check") == ("ok",)
    instance.database.close()
