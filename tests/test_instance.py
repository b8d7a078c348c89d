"""Instances: explicit, several in one process, also of several copies of the package, without globals."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading

import pytest

import lamin_lite as ln
from lamin_lite.base import markers
from lamin_lite.models import making
from tests.conftest import REPO


@pytest.fixture
def two(workdir):
    made = []
    for name in ("one", "two"):
        (workdir / name).mkdir()
        made.append(ln.Instance.init(workdir / name))
        (workdir / f"{name}.txt").write_text(name)
    return made


@pytest.fixture(autouse=True)
def _no_default():
    yield
    ln.disconnect()


def test_an_instance_needs_no_current_one(two):
    one, _ = two
    assert one.Artifact("one.txt", key="a.txt").save().load() == "one"
    with pytest.raises(ln.errors.NoInstance, match="init"):
        ln.Artifact.filter()


def test_two_instances_in_one_process_do_not_mix(two):
    one, other = two
    first, second = one.Artifact("one.txt", key="a.txt"), other.Artifact("two.txt", key="a.txt")
    second.save()
    first.save()
    assert one.Artifact.get(key="a.txt").load() == "one"
    assert other.Artifact.get(key="a.txt").load() == "two"
    assert isinstance(first, ln.Artifact)
    assert first != second
    assert [store.Artifact.filter().count() for store in two] == [1, 1]


def test_two_instances_in_two_threads_do_not_mix(two):
    failures = []

    def work(store, name):
        try:
            for at in range(8):
                store.Artifact(f"{name}.txt", key=f"{at}.txt").save()
                assert store.Artifact.get(key=f"{at}.txt").load() == name
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(two, ("one", "two"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert [store.Artifact.filter().count() for store in two] == [8, 8]


def test_a_database_that_another_process_makes_while_it_is_looked_for_is_not_taken_for_read_only(workdir, monkeypatch):
    looked = []

    def made_after_the_first_look(look):
        def answer(path, *args):
            seen = look(path, *args)
            if str(path).endswith(".db") and not looked:
                looked.append(path)
                sqlite3.connect(path).close()
            return seen

        return answer

    for name, place in (("access", os), ("exists", os.path)):
        monkeypatch.setattr(place, name, made_after_the_first_look(getattr(place, name)))
    assert ln.Instance.init(workdir).database.writable
    assert looked


def test_a_database_whose_mode_another_process_is_changing_is_waited_for(workdir):
    place = workdir / "storage" / ".lamin_lite"
    place.mkdir(parents=True)
    other = sqlite3.connect(place / "lamin.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # as the switch to a write-ahead log begins; SQLite then tells others so at once
    release = threading.Timer(0.5, other.execute, ["ROLLBACK"])
    release.start()
    assert ln.Instance.init(workdir).is_new
    release.join()
    other.close()


def test_of_several_processes_that_make_different_instances_in_one_folder_one_does(workdir, monkeypatch):
    made = making.made

    def made_after_another(*args):
        monkeypatch.setattr(making, "made", made)
        ln.Instance.init(workdir, storage="other")
        return made(*args)

    monkeypatch.setattr(making, "made", made_after_another)
    with pytest.raises(ln.errors.Conflict, match="has the instance 'other' already"):
        ln.Instance.init(workdir, storage="mine")
    assert ln.Instance.open(workdir).name == "other"


def test_a_setting_keeps_what_another_process_set_meanwhile(workdir):
    one = ln.Instance.init(workdir)
    (workdir / "code").mkdir()
    file = workdir / ".lamin_lite/instance.json"
    values = markers.read(str(file))
    markers.write(str(file), {**values, "of_a_newer_version": 1})
    one.settings.dev_dir = workdir / "code"
    assert markers.read(str(file)) == {**values, "of_a_newer_version": 1, "dev_dir": "code"}


def test_rows_of_two_instances_cannot_be_linked(two):
    one, other = two
    transform = one.Transform(key="t.py").save()
    with pytest.raises(ln.errors.InvalidArgument, match="two instances"):
        other.Run(transform=transform)
    run = one.Run(transform=transform).save()
    with pytest.raises(ln.errors.InvalidArgument, match="two instances"):
        other.Artifact("two.txt", key="a.txt", run=run)
    artifact = other.Artifact("two.txt", key="a.txt").save()
    with pytest.raises(ln.errors.InvalidArgument, match="two instances"):
        artifact.load(is_run_input=run)


def test_a_copy_of_an_instance_is_another_instance(two, workdir):
    one, _ = two
    run = one.Run(transform=one.Transform(key="t.py").save()).save()
    one.database.close()
    shutil.copytree(workdir / "one", workdir / "copy")
    copy = ln.Instance.open(workdir / "copy")
    assert copy.uid == one.uid
    with pytest.raises(ln.errors.InvalidArgument, match="two instances"):
        copy.Artifact("one.txt", key="a.txt", run=run)
    link = workdir / "link"
    os.symlink(workdir / "one", link)
    assert ln.Instance.open(link).Artifact("one.txt", key="a.txt", run=run).save().run == run


def test_the_run_of_the_default_instance_is_that_of_the_same_instance_opened_again(two, run_python, workdir):
    code = (
        "import lamin_lite as ln\n"
        "ln.track()\n"
        "open('a.txt', 'w').write('a')\n"
        "a = ln.Instance.open('.').Artifact('a.txt', key='a.txt').save()\n"
        "assert a.run == ln.context.run, a.run\n"
    )
    done = run_python(code, cwd=workdir / "one")
    assert done.returncode == 0, done.stderr


def test_it_is_found_from_below_and_a_foreign_or_missing_one_is_one_sentence(two, workdir, monkeypatch):
    below = workdir / "one" / "deep" / "er"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert ln.connect().root == str(workdir / "one")
    monkeypatch.chdir(workdir)
    monkeypatch.setenv("LAMIN_LITE_INSTANCE", str(workdir / "two"))
    assert ln.connect().root == str(workdir / "two")
    monkeypatch.setenv("LAMIN_LITE_INSTANCE", str(workdir / "three"))
    with pytest.raises(ln.errors.NoInstance, match="three"):
        ln.connect()


def test_it_opens_by_folder_marker_storage_or_database(two, workdir):
    one, _ = two
    marker = workdir / "one" / ".lamin_lite"
    storage = workdir / "one" / "storage"
    for place in (workdir / "one", marker, marker / "instance.json", storage, storage / ".lamin_lite/lamin.db"):
        assert ln.Instance.open(place).uid == one.uid


def test_init_again_opens_and_another_storage_is_a_conflict(two, workdir):
    one, _ = two
    assert ln.Instance.init(workdir / "one").uid == one.uid
    with pytest.raises(ln.errors.Conflict, match="already"):
        ln.Instance.init(workdir / "one", storage="elsewhere")
    assert not (workdir / "one" / "elsewhere").exists()
    (workdir / "file").write_text("")
    with pytest.raises(ln.errors.InvalidArgument, match="is a file"):
        ln.Instance.init(workdir / "three", storage=workdir / "file")


def test_a_run_in_a_copy_opened_beside_its_original_has_a_living_process_of_the_copy(two, workdir, run_python):
    one, _ = two
    one.database.close()
    shutil.copytree(workdir / "one", workdir / "copy")
    (workdir / "s.py").write_text(
        "import lamin_lite as ln\n"
        "@ln.flow()\n"
        "def f(x):\n"
        "    shown = ln.Run.filter().order_by('id').last()\n"
        "    from lamin_lite.tracking.liveness import look\n"
        "    look(shown._store)\n"
        "    print(x, ln.Run.get(shown.uid).status)\n"
        "for x, place in ((1, 'one'), (2, 'copy')):\n"
        "    ln.connect(place)\n"
        "    f(x)\n"
        "    print(ln.Run.filter().one().status, ln.connect(place).database.one('SELECT count(*) FROM process')[0])\n"
    )
    done = run_python(workdir / "s.py", cwd=workdir)
    assert (done.returncode, done.stdout) == (0, "1 started\ncompleted 1\n2 started\ncompleted 1\n"), done.stderr


def test_an_installed_program_finds_the_instance_of_the_current_folder_only(two, workdir, run_python):
    packages = workdir / "one/.venv/lib/python3/site-packages"
    packages.mkdir(parents=True)
    (packages / "tool.py").write_text("import lamin_lite as ln\nprint(ln.connect().root)\n")
    (workdir / "one/script.py").write_text("import lamin_lite as ln\nprint(ln.connect().root)\n")
    environ = {"PYTHONPATH": os.pathsep.join([str(REPO), str(packages)])}
    assert run_python("-m tool", cwd=workdir / "two", env=environ).stdout == f"{workdir / 'two'}\n"
    done = run_python("-m tool", cwd=workdir, env=environ)
    assert done.returncode == 1
    assert "No instance was found" in done.stderr
    assert run_python(workdir / "one/script.py", cwd=workdir).stdout == f"{workdir / 'one'}\n"


def test_the_commands_of_a_vendored_copy_mean_the_current_folder_not_the_project_of_the_copy(two, workdir, run_python):
    shutil.copytree(REPO / "lamin_lite", workdir / "one/lineage", ignore=shutil.ignore_patterns("__pycache__"))
    done = run_python("-m lineage list runs", cwd=workdir, env={"PYTHONPATH": str(workdir / "one")})
    assert (done.returncode, done.stdout) == (1, "")
    assert f"No instance was found from {workdir} upward" in done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give a folder away")
def test_an_instance_of_another_owner_is_told_first_with_the_remedy(two, workdir, monkeypatch):
    os.chown(workdir / "one/.lamin_lite", 65534, 65534)
    monkeypatch.chdir(workdir / "one")
    with pytest.raises(
        ln.errors.NoInstance, match=f"^{workdir}/one has an instance of another owner.*LAMIN_LITE_INSTANCE"
    ):
        ln.connect()
    assert ln.connect(workdir / "one").name == "storage"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the current directory stays")
def test_a_current_directory_that_is_gone_is_one_sentence(workdir, monkeypatch):
    (workdir / "gone").mkdir()
    monkeypatch.chdir(workdir / "gone")
    (workdir / "gone").rmdir()
    with pytest.raises(ln.errors.MissingFile, match="current directory is not there any more"):
        ln.connect()


VENDORED = """
import importlib, sys
one = importlib.import_module("acme._vendor.lineage").Instance.open("one")
two = importlib.import_module("other._vendor.ll").Instance.open("one")
for name, copy in (("acme", one), ("other", two)):
    copy.Artifact(f"{name}.txt", key="same.txt").save()
assert type(one.Artifact.filter().first()) is not type(two.Artifact.filter().first())
print([copy.Artifact.get(key="same.txt").uid for copy in (one, two)], one.Artifact.get(key="same.txt").load())
assert "lamin_lite" not in sys.modules
"""


def test_two_vendored_copies_share_an_instance(two, workdir, run_python):
    one, _ = two
    for name, place in (("acme", "acme/_vendor/lineage"), ("other", "other/_vendor/ll")):
        shutil.copytree(REPO / "lamin_lite", workdir / place, ignore=shutil.ignore_patterns("__pycache__"))
        for folder in (name, f"{name}/_vendor"):
            (workdir / folder / "__init__.py").write_text("")
        (workdir / f"{name}.txt").write_text(name)
    done = run_python(VENDORED, cwd=workdir, env={"PYTHONPATH": str(workdir)})
    assert done.returncode == 0, done.stderr
    latest = one.Artifact.get(key="same.txt")
    assert done.stdout.split() == [f"['{latest.uid}',", f"'{latest.uid}']", "other"]
    assert latest.versions.count() == 2


def test_settings_of_the_process_tell_those_of_the_instance_in_use_and_know_no_others(two, workdir):
    one, _ = two
    with pytest.raises(ln.errors.NoInstance):
        _ = ln.settings.storage
    ln.connect("one")
    assert ln.settings.storage == one.Storage.get(1)
    assert ln.settings.storage.path == str(workdir / "one" / "storage")
    for name in ("verbosity", "_x"):
        with pytest.raises(AttributeError, match=f"no '{name}': it has dev_dir, storage, sync_git_repo"):
            getattr(ln.settings, name)
        with pytest.raises(AttributeError, match="it has dev_dir, storage"):
            setattr(ln.settings, name, 1)
    assert {"Artifact", "track", "__version__"} <= set(dir(ln))
    assert not {"TYPE_CHECKING", "annotations"} & set(dir(ln))
