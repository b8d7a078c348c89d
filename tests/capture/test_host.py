"""capture/host.py: facts, cheaply, never an error; arguments that can be had back (W17)."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamin_lite.capture.host import cli_args, host, quote_args

ROOT = Path(__file__).resolve().parents[2]


def test_the_facts_are_those_of_this_process():
    facts = host()
    assert list(facts) == ["host", "user", "os", "machine", "python", "cpu_count", "cwd", "executable"]
    assert facts["host"] == os.uname().nodename
    assert facts["user"] == pwd.getpwuid(os.geteuid()).pw_name
    assert facts["os"].startswith(os.uname().sysname)
    assert facts["machine"] == os.uname().machine
    assert facts["python"].split(".")[:2] == [str(n) for n in sys.version_info[:2]]
    assert facts["cpu_count"] >= 1
    assert (facts["cwd"], facts["executable"]) == (os.getcwd(), sys.executable)


def test_the_user_is_not_taken_from_the_environment(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert host()["user"] != "somebody-else"


def test_a_user_without_a_name_is_a_number(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_123)
    assert host()["user"] == "4000000123"


def test_a_folder_that_is_gone_is_none(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})"
    code += "; from lamin_lite.capture.host import host; print(host()['cwd'])"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "None\n", done.stderr


def test_no_probe_raises(monkeypatch):
    def broken(*args):
        raise OSError("no")

    for name in ("uname", "getcwd", "cpu_count", "sched_getaffinity"):
        monkeypatch.setattr(os, name, broken, raising=False)
    facts = host()
    assert (facts["os"], facts["machine"], facts["cwd"]) == (sys.platform, None, None)


def test_it_is_cheap():
    host()
    begun = time.process_time()
    for _ in range(100):
        host()
    assert (time.process_time() - begun) / 100 < 0.001


ARGUMENTS = ["--name", "my sample", "--x", 'a"b', "", "it's", "$HOME `x` \\", "a\nb", "ü", "*", "~", "-", "--alpha=0.1"]


def test_arguments_can_be_had_back(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["s.py", *ARGUMENTS])
    line = cli_args()
    assert shlex.split(line) == ARGUMENTS
    assert line.startswith("--name 'my sample' --x 'a\"b' '' ")


def test_a_shell_reads_them_as_they_were():
    code = "import sys, json; print(json.dumps(sys.argv[1:]))"
    line = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {quote_args(ARGUMENTS)}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ARGUMENTS


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_any_arguments_can_be_had_back(args):
    assert shlex.split(quote_args(args)) == args
    assert quote_args(args) == " ".join(map(shlex.quote, args))


@pytest.mark.parametrize("argv", [["s.py"], [], [""], ["/x/ipykernel_launcher.py", "-f", "/x/kernel-1.json"]])
def test_no_arguments_are_none(monkeypatch, argv):
    monkeypatch.setattr(sys, "argv", argv)
    assert cli_args() is None


def test_a_missing_argv_is_none(monkeypatch):
    monkeypatch.delattr(sys, "argv")
    assert cli_args() is None


def test_odd_arguments_become_text(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["s.py", 3, Path("a b"), "\udcff\ud800x"])
    assert cli_args() == "3 'a b' '\ufffd\ufffdx'"
