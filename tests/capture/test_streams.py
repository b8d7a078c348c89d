"""Logs that cannot be written: the program that prints is not harmed."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from lamin_lite.base import display
from lamin_lite.capture.streams import Log

linux = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")


@linux
def test_a_full_disk_costs_one_warning_and_one_descriptor_however_much_is_printed(monkeypatch):
    said = []
    monkeypatch.setattr(display, "warning", said.append)
    log = Log("/dev/full")
    log.write("first\n")
    before = len(os.listdir("/proc/self/fd"))
    for at in range(100):
        log.write(f"{at}\n")
    assert len(os.listdir("/proc/self/fd")) == before
    log.close()
    assert len(os.listdir("/proc/self/fd")) == before - 1
    (sentence,) = said
    assert "No space left" in sentence


LIMITED = """
import resource, sys
from lamin_lite.capture.streams import Log
log = Log(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (6, resource.RLIM_INFINITY))
for text in ("first\\n", "second\\n", "third\\n"):
    log.write(text)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.write("last\\n")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of file sizes differ")
def test_a_log_goes_on_when_there_is_space_again(tmp_path, run_python):
    done = run_python(LIMITED, tmp_path / "x.log")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the report will be incomplete") == 1
    assert (tmp_path / "x.log").read_text() == "first\nlast\n"


def test_what_a_thread_prints_while_the_log_is_closed_gets_into_no_other_file(tmp_path, monkeypatch):
    log = Log(str(tmp_path / "x.log"))
    log.write("first\n")
    write, writing, closed = os.write, threading.Event(), threading.Event()

    def written_late(fd, data):
        writing.set()
        closed.wait(1)
        return write(fd, data)

    monkeypatch.setattr(os, "write", written_late)
    thread = threading.Thread(target=log.write, args=["second\n"])
    thread.start()
    writing.wait(20)
    log.close()
    with open(tmp_path / "data.csv", "w") as other:  # it gets the descriptor that was closed
        closed.set()
        thread.join()
    assert other.closed
    assert (tmp_path / "data.csv").read_text() == ""
    assert (tmp_path / "x.log").read_text() == "first\nsecond\n"


def test_a_log_that_was_discarded_is_not_made_anew_by_a_thread_that_prints_on(tmp_path):
    log = Log(str(tmp_path / "x.log"))
    log.write("first\n")
    log.discard()
    log.write("second\n")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_prints_although_another_thread_was_printing(tmp_path):
    log = Log(str(tmp_path / "x.log"))
    log.prepare()
    held, done = threading.Event(), threading.Event()

    def hold():
        with log._taken():
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    child = os.fork()
    if not child:
        log.write("of the child\n")
        log.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    done.set()
    thread.join()
    assert (tmp_path / "x.log").read_text() == "of the child\n"


def test_what_a_signal_handler_prints_while_the_log_is_closed_gets_into_no_other_file(tmp_path, monkeypatch):
    log = Log(str(tmp_path / "x.log"))
    log.write("first\n")
    close = os.close

    def closed_and_interrupted(fd):
        close(fd)
        monkeypatch.setattr(os, "close", close)
        with open(tmp_path / "data.csv", "w"):  # it gets the descriptor that was closed
            log.write("second\n")

    monkeypatch.setattr(os, "close", closed_and_interrupted)
    log.close()
    log.close()
    assert (tmp_path / "data.csv").read_text() == ""
    assert (tmp_path / "x.log").read_text() == "first\nsecond\n"
