"""No network: nothing here opens a socket unless the user asked for something remote."""

from __future__ import annotations

import os

import pytest

#: found by every Python process that has its folder on the path, so children of the demo are watched too
SITECUSTOMIZE = """
import sys
def hook(event, args):
    if event.startswith("socket.") and event not in ("socket.gethostname", "socket.sethostname"):
        raise AssertionError(f"{event}{args}: the core has no network")
sys.addaudithook(hook)
"""


@pytest.fixture
def run_offline(run_python, tmp_path_factory, workdir):
    """Like ``run_python``, with a Python in which every use of a socket raises."""
    folder = tmp_path_factory.mktemp("offline")
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE)

    def run(code, *args):
        from tests.conftest import REPO

        path = os.pathsep.join([str(folder), str(REPO), str(REPO / "extras")])
        return run_python(code, *args, cwd=workdir, env={"PYTHONPATH": path})

    return run


def test_the_demo_opens_no_socket(run_offline):
    done = run_offline("-m lamin_lite demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no network" not in done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')",
        "import socket; socket.getaddrinfo('example.org', 80)",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.socket()'], check=True)",
    ],
)
def test_the_guard_sees_a_socket(run_offline, code):
    done = run_offline(code)
    assert done.returncode != 0
    assert "the core has no network" in done.stderr


def test_the_tests_themselves_cannot_reach_out():
    import socket

    with socket.socket() as connection, pytest.raises(AssertionError, match="without a network"):
        connection.connect(("192.0.2.1", 80))
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
