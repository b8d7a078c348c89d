"""Logs that cannot be written: the program that prints is not harmed."""

from __future__ import annotations

import os
import sys

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
