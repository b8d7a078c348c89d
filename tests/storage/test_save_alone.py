"""Saves that are interrupted, and saves that happen at once: what is there is whole, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import lamin_lite as ln

posix = pytest.mark.skipif(os.name != "posix", reason="a promise for POSIX")
PROCESSES = 8


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def children(workdir, home):
    """Start real processes of Python code at once; gives their outputs once all have ended."""
    from tests.conftest import REPO, clean_environ

    def start(code, count):
        environ = {**clean_environ(home), "PYTHONPATH": str(REPO)}
        return [
            subprocess.Popen(
                [sys.executable, "-c", code, str(number)],
                cwd=workdir,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(count)
        ]

    def run(code, count):
        started = start(code, count)
        done = [process.communicate(timeout=300) for process in started]
        for process, (_, words) in zip(started, done):
            assert process.returncode == 0, words
        return [output for output, _ in done]

    run.start = start
    return run


TOGETHER = """
import os, sys, time
import lamin_lite as ln
number = sys.argv[1]
store = ln.connect()
open(f"{number}.go", "w").close()
until = time.monotonic() + 120  # one that failed is not waited for
while len([name for name in os.listdir(".") if name.endswith(".go")]) < COUNT and time.monotonic() < until:
    time.sleep(0.002)
""".replace("COUNT", str(PROCESSES))


@posix
def test_many_processes_save_new_versions_of_one_key_at_once(instance, children):
    code = TOGETHER + (
        "for at in range(4):\n"
        "    name = f'{number}-{at}.txt'\n"
        "    open(name, 'w').write(name)\n"
        "    print(ln.Artifact(name, key='same.txt').save().uid)\n"
    )
    said = " ".join(children(code, PROCESSES)).split()
    rows = instance.Artifact.filter(key="same.txt").order_by("uid").to_list()
    assert sorted(said) == [row.uid for row in rows]
    assert len({row.stem_uid for row in rows}) == 1
    assert [row.uid[-4:] for row in rows] == [f"000{digit}" for digit in "0123456789ABCDEFGHIJKLMNOPQRSTUV"]
    assert [row.is_latest for row in rows] == [False] * 31 + [True]
    for row in rows:
        row.load()


def test_many_threads_save_new_versions_of_one_key_at_once(instance):
    def work(number):
        for at in range(5):
            instance.Artifact.from_object([{"made": f"{number} {at}"}], key="same.csv").save()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = instance.Artifact.filter(key="same.csv").order_by("uid").to_list()
    assert [row.uid[-4:] for row in rows] == [f"000{digit}" for digit in "0123456789ABCDEFGHIJ"]
    assert [row.is_latest for row in rows] == [False] * 19 + [True]
    assert len({row.load()[0]["made"] for row in rows}) == 20


@posix
def test_many_processes_save_the_same_bytes_under_one_key_and_under_many_at_once(instance, children):
    code = TOGETHER + (
        "open(f'{number}.txt', 'w').write('the same')\n"
        "ln.Artifact(f'{number}.txt', key='same.txt').save()\n"
        "ln.Artifact(f'{number}.txt', key=f'{number}.txt').save()\n"
    )
    children(code, PROCESSES)
    assert instance.Artifact.filter(key="same.txt").count() == 1
    assert instance.Artifact.filter().count() == PROCESSES + 1
    assert len({str(row.path) for row in instance.Artifact.filter()}) == 1
    assert os.listdir(os.path.join(instance.root, "storage", ".lamin_lite", "tmp")) == []


@posix
def test_many_processes_make_one_instance_at_once(workdir, children):
    code = (
        TOGETHER.replace("store = ln.connect()\n", "")
        + "print(ln.init().uid)\nln.Transform(key=number + '.py').save()\n"
    )
    said = children(code, PROCESSES)
    assert len(set(said)) == 1
    instance = ln.Instance.open(workdir)
    assert instance.Transform.filter().count() == PROCESSES
    assert instance.Storage.filter().count() == 1
    assert instance.User.filter().count() == 1


BIG = """
import lamin_lite as ln
print("saving", flush=True)
ln.Artifact("big.bin", key="big.bin").save()
print("saved", flush=True)
"""


@posix
@pytest.mark.parametrize("delay", [0.02, 0.08])
def test_a_killed_save_leaves_no_row_and_no_half_blob(instance, children, workdir, delay):
    with open("big.bin", "wb") as file:
        file.truncate(2 << 30)  # a hole: quick to make, slow to save
    child = children.start(BIG, 1)[0]
    assert child.stdout.readline() == "saving\n"
    folder = workdir / "storage/.lamin_lite/tmp"
    while not (folder.is_dir() and os.listdir(folder)):
        assert child.poll() is None
        time.sleep(0.001)
    time.sleep(delay)
    child.send_signal(signal.SIGKILL)
    out, _ = child.communicate()
    assert out == ""
    assert child.returncode == -signal.SIGKILL
    assert instance.Artifact.filter().count() == 0
    assert not list((workdir / "storage/.lamin_lite").glob("blobs/*/*"))
    with open("big.bin", "wb") as file:
        file.write(b"small")
    assert instance.Artifact("big.bin", key="big.bin").save().cache().read_bytes() == b"small"
