"""Connections: one a thread and process, also after a fork; transactions are whole or nothing."""

from __future__ import annotations

import os
import sqlite3
import threading

import pytest

import lamin_lite as ln
from lamin_lite.sql.sqlite import translated

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a filesystem that is always full")
def test_a_disk_without_room_for_readers_is_told_as_full_not_as_broken():
    failed = sqlite3.OperationalError("disk I/O error")
    told = translated(failed, "/proc/self/lamin.db")
    assert isinstance(told, ln.errors.NoSpace)
    assert "no space is left for /proc/self/lamin.db" in str(told)
    assert "reported an error" in str(translated(failed, f"{os.getcwd()}/lamin.db"))


@pytest.mark.sqlite
@pytest.mark.parametrize("is_open", [False, True])
def test_who_may_only_read_sees_what_another_process_writes_meanwhile(instance, run_python, monkeypatch, is_open):
    """Also where nobody has it open, so that there is no write-ahead log."""
    code = "import lamin_lite as ln\nln.save([ln.ULabel(name=f'NAME {at} ' + 'x' * 500) for at in range(200)])\n"
    assert run_python(code.replace("NAME", "one"), cwd=instance.root).returncode == 0
    instance.database.close()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    reader = ln.Instance.open(instance.root)
    assert not reader.database.writable
    assert reader.ULabel.filter().count() == 200
    assert not os.path.exists(instance.database.path + "-wal")
    for word in ("two", "three"):
        assert reader.ULabel.filter(name__startswith=word).count() == 0
        done = run_python(code.replace("NAME", word), cwd=instance.root)
        assert done.returncode == 0, done.stderr
        if is_open:
            instance.ULabel.filter().count()
        assert reader.ULabel.filter(name__startswith=word).count() == 200
        assert len(set(reader.ULabel.filter().to_list("name"))) == reader.ULabel.filter().count()


@pytest.mark.sqlite
def test_who_goes_through_rows_that_another_process_rewrites_meanwhile_gets_each_once(instance, monkeypatch):
    """Where there is no write-ahead log, and so nothing that keeps the two apart."""

    def write(sql, many=()):
        with instance.database.write("many") as tx:
            tx.execute_many(sql, many) if many else tx.execute(sql)
        del tx  # it has the connection
        instance.database.close()
        assert not os.path.exists(instance.database.path + "-wal")

    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    write("CREATE TABLE many (name TEXT)")
    write("INSERT INTO many VALUES (?)", [[f"{at} " + "x" * 3000] for at in range(4000)])
    rows = ln.Instance.open(instance.root).database.iterate("SELECT name FROM many")
    first = next(rows)
    write("UPDATE many SET name = 'y' WHERE rowid > 100")
    assert [name.split()[0] for (name,) in [first, *rows]] == [str(at) for at in range(4000)]


def keys(instance):
    return instance.Transform.filter().values_list("key", flat=True)


FORK = """
import os, sys
import lamin_lite as ln
ln.Transform(key="before.py").save()
child_may, parent_says = os.pipe()
parent_may, child_says = os.pipe()
pid = os.fork()
if pid == 0:
    ln.Transform(key="child 1.py").save()
    os.write(child_says, b"1")
    os.read(child_may, 1)
    ln.Transform(key="child 2.py").save()
    os._exit(0)
os.read(parent_may, 1)
ln.Transform(key="parent.py").save()
ln.disconnect()
ln.connect()
import gc; gc.collect()
os.write(parent_says, b"1")
assert os.waitpid(pid, 0)[1] == 0
print(sorted(ln.Transform.filter().values_list("key", flat=True)))
"""


@needs_fork
def test_what_a_forked_child_saves_is_kept_when_the_parent_closes_the_database(instance, run_python, workdir):
    done = run_python(FORK, cwd=workdir)
    assert done.returncode == 0, done.stderr
    assert sorted(keys(instance)) == ["before.py", "child 1.py", "child 2.py", "parent.py"]


MIDDLE = """
import os
import lamin_lite as ln
store = ln.connect()
with store.database.write("outer") as tx:
    ln.Transform(key="parent.py").save()
    pid = os.fork()
    if pid == 0:
        pass
if pid == 0:
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
ln.Transform(key="after.py").save()
"""


@needs_fork
def test_a_child_forked_in_a_transaction_does_not_end_it(instance, run_python, workdir):
    done = run_python(MIDDLE, cwd=workdir)
    assert done.returncode == 0, done.stderr
    assert keys(instance) == ["parent.py", "after.py"]


def test_a_failed_transaction_leaves_nothing_and_one_inside_only_undoes_itself(instance):
    with pytest.raises(ZeroDivisionError), instance.database.write("outer"):  # noqa: PT012
        instance.Transform(key="a.py").save()
        raise ZeroDivisionError
    assert keys(instance) == []
    with instance.database.write("outer"):
        instance.Transform(key="a.py").save()
        with pytest.raises(ZeroDivisionError), instance.database.write("inner"):  # noqa: PT012
            instance.Transform(key="b.py").save()
            raise ZeroDivisionError
    assert keys(instance) == ["a.py"]


def test_a_row_whose_transaction_failed_can_be_saved_again(instance):
    transform = instance.Transform(key="a.py")
    with pytest.raises(ln.errors.Conflict):  # noqa: PT012
        other = instance.Transform(key="b.py").save()
        transform._values["uid"] = other.uid
        transform.save()
    assert transform.id is None
    transform._values["uid"] = "0" * 16
    transform.save()
    assert sorted(keys(instance)) == ["a.py", "b.py"]


WAITING = """
import os, signal, threading, time
import lamin_lite as ln

store = ln.connect(".")
held, go = threading.Event(), threading.Event()

def hold():
    with store.database.write("hold"):
        held.set()
        go.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
started = time.monotonic()
try:
    ln.Transform(key="a.py").save()
except KeyboardInterrupt:
    print("interrupted" if time.monotonic() - started < 10 else "too late")
go.set()
thread.join()
ln.Transform(key="b.py").save()
"""


def test_an_interrupt_is_heard_while_another_one_writes(instance, workdir, run_python):
    done = run_python(WAITING, cwd=workdir)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
    assert keys(instance) == ["b.py"]


def test_an_interrupt_between_begin_and_the_first_statement_locks_nobody_out(instance, monkeypatch):
    begin = type(instance.database)._begin

    def interrupted(self, connection, durable):
        begin(self, connection, durable)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(instance.database), "_begin", interrupted)
        with pytest.raises(KeyboardInterrupt):
            instance.Transform(key="a.py").save()
    assert not instance.database.in_transaction
    thread = threading.Thread(target=instance.Transform(key="b.py").save)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    instance.Transform(key="c.py").save()
    assert keys(instance) == ["b.py", "c.py"]


@pytest.mark.sqlite
def test_a_transaction_that_nobody_leads_any_more_is_undone(instance):
    instance.Transform(key="a.py").save()
    instance.database.connection().execute("BEGIN IMMEDIATE")
    assert keys(instance) == ["a.py"]
    assert not instance.database.connection().in_transaction


def test_threads_read_and_write_at_once(instance):
    failures = []

    def work(number):
        try:
            for at in range(10):
                instance.Transform(key=f"{number}-{at}.py").save()
                assert instance.Transform.filter(key__startswith=f"{number}-").count() == at + 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert instance.Transform.filter().count() == 60


def test_reading_goes_on_while_others_write(instance):
    for at in range(5):
        instance.Transform(key=f"{at}.py").save()
    seen = []
    for transform in instance.Transform.filter().iterator():
        seen.append(transform.key)
        if len(seen) < 5:
            pid = os.fork() if hasattr(os, "fork") and len(seen) == 2 else None
            if pid == 0:
                os._exit(0)
            if pid:
                os.waitpid(pid, 0)
            thread = threading.Thread(target=instance.Transform(key=f"new {len(seen)}.py").save)
            thread.start()
            thread.join()
    assert seen == [f"{at}.py" for at in range(5)]
    assert len(keys(instance)) == 9


def test_a_script_that_keeps_an_instance_in_a_global_name_ends_without_a_word(instance, workdir, run_python):
    done = run_python("import lamin_lite as ln\nkept = ln.connect('.')\nprint(kept.Run.filter().count())", cwd=workdir)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def with_ids(instance, rows, more=()):
    """The rows of a list that is too long to be passed as parameters."""
    return instance.ULabel.filter(id__in=[*(row.id for row in rows), *more])


def test_lists_that_were_looked_up_in_a_failed_transaction_do_not_mix(instance):
    ln.connect(instance.root)
    rows = ln.save([ln.ULabel(name=f"u {at}") for at in range(1_800)])
    first, second, third = rows[:600], rows[600:1_200], rows[1_200:]

    def fail():
        with instance.database.write("fails"):
            assert with_ids(instance, first).count() == 600
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    assert with_ids(instance, second).count() == 600
    assert with_ids(instance, first).update(description="first") == 600
    assert with_ids(instance, third).count() == 600
    with_ids(instance, third).delete()
    assert [instance.ULabel.filter(id__in=[row.id for row in part]).count() for part in (first, second, third)] == [
        600,
        600,
        0,
    ]


@pytest.mark.sqlite
def test_a_list_that_could_not_be_looked_up_is_not_half_a_list_the_next_time(instance):
    values = [*(f"{at}.py" for at in range(600)), object(), *(f"{at}.py" for at in range(600, 700))]
    for _ in range(2):
        with pytest.raises(ln.errors.InvalidArgument):
            instance.database.listed(values)
    assert not instance.database.read("SELECT name FROM sqlite_temp_master")


@pytest.mark.sqlite
def test_lists_do_not_pile_up(instance):
    database = instance.database
    names = [database.listed([at, *range(600)]) for at in range(200)]
    assert len(set(names)) == 200
    assert len(database.read("SELECT name FROM sqlite_temp_master WHERE name LIKE 'list_%'")) <= 64
    assert database.one(f"SELECT value FROM {names[-1]} LIMIT 1") == (199,)
    assert database.one(f"SELECT value FROM {database.listed([0, *range(600)])} LIMIT 1") == (0,)


def test_a_list_that_is_being_read_is_not_dropped(instance):
    database = instance.database
    name = database.listed(range(1_000))
    reading = database.iterate(f"SELECT value FROM {name} ORDER BY 1")
    assert next(reading) == (0,)
    for at in range(100):
        database.listed([at, *range(600)])
    assert len([*reading]) == 999
