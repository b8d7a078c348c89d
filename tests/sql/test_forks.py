"""What a forked process saves is kept, whatever threads and queries of its parent had a connection at the fork."""

from __future__ import annotations

import os

import pytest

import lamin_lite as ln

pytestmark = [pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"), pytest.mark.sqlite]

#: a child says when it has begun and goes on when it is told to, so that the parent can let go of the database meanwhile
START = """
import gc, os, threading
import lamin_lite as ln

store = ln.connect(".")
child_may, parent_says = os.pipe()
parent_may, child_says = os.pipe()

def save(word):
    ln.ULabel(name=word * 3).save()

def wait():
    os.write(child_says, b"1")
    os.read(child_may, 1)

def let_go_on(pid):
    os.read(parent_may, 1)
    store.database.close()
    gc.collect()
    os.write(parent_says, b"1")
    assert os.waitpid(pid, 0)[1] == 0
"""


@pytest.fixture
def instance(workdir):
    made = ln.Instance.init(workdir)
    made.database.close()  # else this process has the database open, too, and nobody removes its log
    return made


def run(run_python, instance, code):
    done = run_python(START + code, cwd=instance.root)
    assert done.returncode == 0, done.stderr
    return done


def names(instance):
    return sorted(instance.ULabel.filter().values_list("name", flat=True))


IDLE_THREAD = """
ready, go = threading.Event(), threading.Event()

def other():
    ln.ULabel.filter().count()
    ready.set()
    go.wait()

thread = threading.Thread(target=other)
thread.start()
ready.wait()
pid = os.fork()
if pid == 0:
    save("before ")
    wait()
    save("after ")
    os._exit(0)
os.read(parent_may, 1)
go.set()
thread.join()  # its connection ends with it
os.write(parent_says, b"1")
assert os.waitpid(pid, 0)[1] == 0
"""


def test_another_thread_had_a_connection(instance, run_python):
    run(run_python, instance, IDLE_THREAD)
    assert names(instance) == ["after after after ", "before before before "]


POOL = """
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

def work(begun, go_on):
    save("first ")
    begun.put(1)
    go_on.get()
    for at in range(20):
        open(f"r{at}.txt", "w").write(str(at))
        ln.Artifact(f"r{at}.txt", key=f"r{at}.txt").save()

context = multiprocessing.get_context("fork")
pool = ThreadPoolExecutor(2)
list(pool.map(lambda _: ln.Artifact.filter().count(), range(4)))
begun, go_on = context.Queue(), context.Queue()
process = context.Process(target=work, args=(begun, go_on))
process.start()
begun.get()
pool.shutdown()
go_on.put(1)
process.join()
assert process.exitcode == 0
"""


def test_a_pool_of_threads_ends_while_a_worker_saves(instance, run_python):
    run(run_python, instance, POOL)
    assert instance.Artifact.filter().count() == 20


QUERY = """
for word in "abc":
    save(word)
rows = ln.ULabel.filter().order_by("name").iterator()
assert next(rows).name == "aaa"
pid = os.fork()
if pid == 0:
    save("d")
    wait()
    save("e")
    assert [row.name for row in rows] == ["bbb", "ccc"]
    os._exit(0)
assert [row.name for row in rows] == ["bbb", "ccc"]
let_go_on(pid)
"""


def test_a_query_was_being_read_and_both_read_it_to_its_end(instance, run_python):
    run(run_python, instance, QUERY)
    assert names(instance) == ["aaa", "bbb", "ccc", "ddd", "eee"]


TRANSACTION = """
begun, go = threading.Event(), threading.Event()

def other():
    with store.database.write("other"):
        save("first")
        begun.set()
        go.wait()
        save("second")

thread = threading.Thread(target=other)
thread.start()
begun.wait()
threading.Timer(0.3, go.set).start()
pid = os.fork()
if pid == 0:
    save("child")
    wait()
    save("more")
    os._exit(0)
thread.join()
let_go_on(pid)
"""


def test_what_another_thread_writes_is_waited_for(instance, run_python):
    run(run_python, instance, TRANSACTION)
    assert names(instance) == [word * 3 for word in ("child", "first", "more", "second")]


REFUSED = """
from lamin_lite.sql import handles

handles.GRACE, handles.MOST = 0.1, 2
for word in "abcd":
    save(word)

def refused(call):
    try:
        call()
    except ln.errors.InstanceError as error:
        assert "forked while its parent read or wrote" in str(error), error
        return True

def check(*calls):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if all([refused(call) for call in calls]) else 1)
    assert os.waitpid(pid, 0)[1] == 0

with store.database.write("own") as tx:
    check(lambda: save("no"), lambda: tx.read("SELECT 1"), ln.ULabel.filter().count)
    save("e")
rows = ln.ULabel.filter().iterator()
next(rows)
reading = store.database.iterate("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n")
assert next(reading) == (1,)
check(lambda: save("no"), lambda: list(reading))
assert [number for (number,) in reading] == list(range(2, 1001))
save("f")
rows.close()
pid = os.fork()
if pid == 0:
    save("g")
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
"""


def test_a_child_that_cannot_save_safely_is_refused_and_the_parent_goes_on(instance, run_python):
    run(run_python, instance, REFUSED)
    assert names(instance) == [word * 3 for word in "abcdefg"]


LISTS = """
rows = ln.save([ln.ULabel(name=f"u {at}") for at in range(700)])
listed, forked = threading.Event(), threading.Event()
found = []

def other():
    name = store.database.listed([row.id for row in rows])
    listed.set()
    forked.wait()
    found.append(store.database.one(f"SELECT count(*) FROM ulabel WHERE id IN (SELECT value FROM {name})"))
    another = store.database.listed([row.id for row in rows[:600]])
    found.append((another != name, store.database.one(f"SELECT count(*) FROM {another}")))

thread = threading.Thread(target=other)
thread.start()
listed.wait()
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
forked.set()
thread.join()
assert found == [(700,), (True, (600,))], found
"""


def test_a_list_that_another_thread_looks_up_is_there_after_the_fork(instance, run_python):
    run(run_python, instance, LISTS)


BUSY = """
stop = threading.Event()
failures = []

def work(word):
    try:
        at = 0
        while not stop.is_set():
            at += 1
            ln.Transform(key=f"{word} {at}.py").save()
            assert ln.Transform.filter(key__startswith=f"{word} ").count() == at
            assert len(list(ln.Transform.filter(key__startswith=f"{word} ").iterator())) == at
    except BaseException as error:
        failures.append(error)

threads = [threading.Thread(target=work, args=(word,)) for word in "abc"]
for thread in threads:
    thread.start()
pids = []
for at in range(8):
    pid = os.fork()
    if pid == 0:
        for more in range(5):
            ln.Transform(key=f"child {at} {more}.py").save()
        os._exit(0)
    pids.append(pid)
for pid in pids:
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads:
    thread.join()
assert not failures, failures
assert ln.Transform.filter(key__startswith="child").count() == 40
"""


def test_threads_read_and_write_while_workers_are_forked_that_write(instance, run_python):
    run(run_python, instance, BUSY)
    assert instance.Transform.filter(key__startswith="child").count() == 40


DROPPED = """
import time
from lamin_lite.sql import handles

inside, dropped = threading.Event(), [handles.Handle(None)]  # as one that was closed for an earlier fork

def work():
    with store.database.write("hold"):
        inside.set()
        while not handles._is_forking:
            time.sleep(0.001)
        dropped.clear()

thread = threading.Thread(target=work)
thread.start()
inside.wait()
pid = os.fork()
if pid == 0:
    save("child")
    os._exit(0)
thread.join()
assert os.waitpid(pid, 0)[1] == 0
"""


def test_a_connection_closed_before_that_a_thread_drops_in_a_transaction_holds_up_no_fork(instance, run_python):
    run(run_python, instance, DROPPED)
    assert instance.ULabel.filter(name="childchildchild").count() == 1
