"""A real PostgreSQL server for tests: its own data folder, a free port, no fsync; gone with the process."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)


def program(name):
    """Path of one of PostgreSQL's programs; skips the test where it is not installed."""
    found = shutil.which(name, path=os.pathsep.join([*map(str, FOLDERS), os.environ.get("PATH", "")]))
    if found is None:
        pytest.skip(f"PostgreSQL is not installed: no {name} in {FOLDERS or '/usr/lib/postgresql'} nor on the path")
    return found


class Server:
    """A running server; ``url(schema)`` is a schema of its own database."""

    def __init__(self):
        pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'psycopg[binary]'")
        self._initdb, self._pg_ctl = program("initdb"), program("pg_ctl")
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir=in_memory()))
        self.port = free_port()
        self._as = []
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._as = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self.folder, "postgres")
        self._run(self._initdb, "-D", self.folder / "data", "-A", "trust", "-U", "tester", "-E", "UTF8", "--no-sync")
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "''", "fsync": "off"}
        text = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._run(self._pg_ctl, "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", text, "start")

    def _run(self, *command):
        done = subprocess.run(
            [*self._as, *map(str, command)],
            cwd=self.folder,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if "start" not in command else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}"

    def url(self, schema):
        """The URL of a schema, which is made by ``init``."""
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres?schema={schema}"

    def stop(self):
        """End it, and remove its data."""
        self._run(self._pg_ctl, "-D", self.folder / "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def in_memory():
    """A folder in memory if there is much of it: to make and remove a hundred thousand files on a disk takes a minute."""
    place = "/dev/shm"
    if not os.access(place, os.W_OK):
        return None
    space = os.statvfs(place)
    return place if space.f_bavail * space.f_frsize > 8 << 30 else None


def free_port():
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def use_server(server, monkeypatch):
    """Let ``init`` of this process make its tables on the server, in one schema a folder."""
    from lamin_lite import Instance

    init = Instance.init.__func__

    def on_server(cls, path=".", *, database=None, **options):
        schema = "t" + hashlib.sha256(os.path.abspath(path).encode()).hexdigest()[:16]
        return init(cls, path, database=database or server.url(schema), **options)

    monkeypatch.setattr(Instance, "init", classmethod(on_server))
