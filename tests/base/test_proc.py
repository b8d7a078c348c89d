"""base/proc.py: programs cannot hang, flood or break us, and a process can be told from its successor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from lamin_lite.base import proc

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", code]


def test_the_output_of_a_program_is_returned():
    assert proc.run(python("print('a', 1)")) == "a 1\n"


def test_bytes_that_are_no_text_are_replaced_or_kept():
    code = "import sys; sys.stdout.buffer.write(bytes([97, 255]))"
    assert proc.run(python(code)) == "a\ufffd"
    assert proc.run_bytes(python(code)) == b"a\xff"


@pytest.mark.parametrize(
    "argv",
    [
        ["no-such-program-anywhere"],
        ["/etc/passwd"],
        [],
        ["a\0b"],
        python("import sys; print('half'); sys.exit(3)"),
        python("import os; print('half', flush=True); os.abort()"),
    ],
)
def test_every_failure_is_none(argv):
    assert proc.run(argv) is None


def test_a_missing_folder_is_none(tmp_path):
    assert proc.run(python("print(1)"), cwd=tmp_path / "nope") is None


def test_the_folder_is_the_one_asked_for(tmp_path):
    assert proc.run(python("import os; print(os.getcwd())"), cwd=tmp_path) == f"{tmp_path.resolve()}\n"


def test_stdin_is_empty():
    assert proc.run(python("import sys; print(repr(sys.stdin.read()))")) == "''\n"


def test_the_environment_is_inherited_with_changes(monkeypatch):
    monkeypatch.setenv("KEPT", "k")
    monkeypatch.setenv("GONE", "g")
    code = "import os; print(os.environ.get('KEPT'), os.environ.get('GONE'), os.environ.get('NEW'))"
    assert proc.run(python(code), env={"GONE": None, "NEW": "n"}) == "k None n\n"


def test_a_time_out_is_none_and_kept():
    begun = time.monotonic()
    assert proc.run(python("import time; print(1, flush=True); time.sleep(60)"), timeout=0.5) is None
    assert time.monotonic() - begun < 30


def test_a_program_that_closes_its_output_and_stays_is_killed():
    begun = time.monotonic()
    assert proc.run(python("import os, time; os.close(1); time.sleep(60)"), timeout=0.5) is None
    assert time.monotonic() - begun < 30


def test_a_time_out_kills_the_grandchildren_too(tmp_path):
    note = tmp_path / "pid"
    code = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(60)"])
open({str(note)!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    assert proc.run(python(code), timeout=5) is None
    pid = int(note.read_text())
    deadline = time.monotonic() + 30
    while proc.is_alive(pid, None) is not False and time.monotonic() < deadline:
        time.sleep(0.02)
    assert proc.is_alive(pid, None) is False


def test_a_trickle_of_output_does_not_prolong_the_time():
    begun = time.monotonic()
    code = "import time\nwhile True: print('x', flush=True); time.sleep(0.01)"
    assert proc.run(python(code), timeout=0.5) is None
    assert time.monotonic() - begun < 30


def test_endless_output_is_cut():
    text = proc.run(python("while True: print('x' * 1000)"), timeout=60, max_bytes=100_000)
    assert text == ("x" * 1000 + "\n") * 99 + "x" * 901


def test_no_process_and_no_descriptor_is_left_behind():
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(3):
        proc.run(python("while True: print(1)"), max_bytes=10)
        proc.run(["no-such-program-anywhere"])
    if before:
        assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_interrupt_ends_the_program_and_goes_on_up(tmp_path):
    note = tmp_path / "pid"
    child = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = f"""
import sys
sys.path.insert(0, {os.getcwd()!r})
from lamin_lite.base import proc
try:
    proc.run([sys.executable, "-I", "-c", {child!r}], timeout=60)
except KeyboardInterrupt:
    print("interrupted")
"""
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    while not (note.exists() and note.read_text()):
        time.sleep(0.02)
    program.send_signal(signal.SIGINT)
    assert program.communicate(timeout=30)[0] == "interrupted\n"
    assert proc.is_alive(int(note.read_text()), None) is False


def test_a_program_that_does_not_end_in_time_keeps_no_pipe_open(monkeypatch):
    monkeypatch.setattr(proc, "_GRACE", 0.0)
    child = proc.Child(python("import time; time.sleep(60)"), own_group=True)
    pipes = [child._process.stdout, child._process.stderr]
    child.close()
    assert all(pipe.closed for pipe in pipes)
    child._process.wait(10)


def test_identity_names_this_process():
    who = proc.identity()
    assert list(who) == ["host", "boot_id", "pid_ns", "pid", "start_time"]
    assert who["pid"] == os.getpid()
    assert who["host"]
    assert who == proc.identity()


@LINUX
def test_identity_is_complete_on_linux():
    assert None not in proc.identity().values()


@LINUX
def test_the_start_time_is_read_behind_any_name(tmp_path):
    program = tmp_path / "a) R 1 (b"
    program.symlink_to("/bin/sleep")
    child = subprocess.Popen([str(program), "60"])
    try:
        started = proc.start_time_of(child.pid)
        assert started >= proc.start_time_of(os.getpid())
        assert proc.is_alive(child.pid, started) is True
        assert proc.is_alive(child.pid, started + 1) is False, "another process has the number"
        assert proc.is_alive(child.pid, None) is None, "without a start time nobody can say"
    finally:
        child.kill()
    while proc._stat(child.pid)[0] != b"Z":
        time.sleep(0.01)
    assert proc.is_alive(child.pid, started) is False, "ended, though its parent has not noticed"
    child.wait()
    assert proc.is_alive(child.pid, started) is False
    assert proc.start_time_of(child.pid) is None


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1, 2**40, 10**30])
def test_impossible_numbers_are_not_alive(pid):
    assert proc.is_alive(pid, 1) is False
    assert proc.start_time_of(pid) is None


@LINUX
def test_a_process_of_another_user_is_seen():
    assert proc.is_alive(1, proc.start_time_of(1)) in (True, None)


def test_importing_it_loads_no_subprocess():
    code = "import sys; from lamin_lite.base import proc; proc.identity(); print('subprocess' in sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "False\n", done.stderr


@LINUX
def test_identity_is_cheap():
    begun = time.process_time()
    for _ in range(100):
        proc.identity()
    assert (time.process_time() - begun) / 100 < 0.002
