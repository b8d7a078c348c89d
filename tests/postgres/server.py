"""A real PostgreSQL server for tests: its own data folder, a free port, no fsync; gone with the process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
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
        self._as = []
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self._as = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self.folder, "postgres")
        self._do(self._initdb, "-D", self.folder / "data", "-A", "trust", "-U", "tester", "-E", "UTF8", "--no-sync")
        self.port = self._start()

    def _start(self):
        """Start it on a port that nobody takes meanwhile, and return that port; everything it said is in the error."""
        said = []
        for _ in range(5):
            port = free_port()
            options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "''", "fsync": "off"}
            text = " ".join(f"-c {name}={value}" for name, value in options.items())
            log = self.folder / f"log{port}"
            if (
                self._run(self._pg_ctl, "-D", self.folder / "data", "-w", "-t", 120, "-l", log, "-o", text, "start")
                == 0
            ):
                return port
            said.append(log.read_text() if log.exists() else f"{log} was not written")
        raise AssertionError("PostgreSQL did not start: " + "\n".join(said))

    def _run(self, *command, output=subprocess.DEVNULL):  # not a pipe: the server would hold it open
        return subprocess.run(
            [*self._as, *map(str, command)],
            cwd=self.folder,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=300,
        ).returncode

    def _do(self, *command):
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            code = self._run(*command, output=output)
            output.seek(0)
            assert code == 0, f"{command} ended with {code}: {output.read()}"

    def url(self, schema):
        """The URL of a schema, which is made by ``init``."""
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres?schema={schema}"

    def stop(self):
        """End it, and remove its data."""
        self._do(self._pg_ctl, "-D", self.folder / "data", "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


def in_memory():
    """A folder in memory if there is much of it: to make and remove a hundred thousand files on a disk takes a minute."""
    place = "/dev/shm"
    if not os.access(place, os.W_OK):
        return None
    space = os.statvfs(place)
    return place if space.f_bavail * space.f_frsize > 8 << 30 else None


def free_port():
    """A port that nobody has, below those that systems give to clients: these could take it before the server does."""
    for port in random.SystemRandom().sample(range(15_000, 32_000), 50):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise AssertionError("none of 50 ports was free")


def use_server(server, monkeypatch):
    """Let ``init`` of this process make its tables on the server, in one schema a folder."""
    from lamin_lite import Instance

    init = Instance.init.__func__

    def on_server(cls, path=".", *, database=None, **options):
        schema = "t" + hashlib.sha256(os.path.abspath(path).encode()).hexdigest()[:16]
        return init(cls, path, database=database or server.url(schema), **options)

    monkeypatch.setattr(Instance, "init", classmethod(on_server))
