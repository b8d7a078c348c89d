"""Fixtures for all tests."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

REPO = Path(__file__).resolve().parent.parent

# What a shell starts in the background ignores Ctrl-C, and so would all programs that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: `sh tests/run` looks for new counterexamples each time; what lands is held against the same examples each time
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


def clean_environ(home: Path) -> dict[str, str]:
    """The environment of a user who never heard of this package, with an empty home."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LAMIN", "PYTEST_", "COV_"))}
    for name in ("PYTHONPATH", "PYTHONSTARTUP", "PYTHONWARNINGS", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        environ.pop(name, None)
    return {**environ, "HOME": str(home), "USERPROFILE": str(home), "PYTHONIOENCODING": "utf-8"}


@pytest.fixture
def home(tmp_path_factory):
    """An empty home directory."""
    return tmp_path_factory.mktemp("home")


#: whose tests hold for each database; a test marked ``sqlite`` is about files, and stays with them
ON_EACH_DATABASE = ["models", "sql", "lineage"]
if os.environ.get("POSTGRESQL_TESTS") == "all":  # minutes more: each script of these connects anew
    ON_EACH_DATABASE += ["tracking", "cli"]


def pytest_generate_tests(metafunc):
    """Run the tests of registries and queries on SQLite and on PostgreSQL."""
    own = metafunc.definition.get_closest_marker("sqlite") is not None
    room = metafunc.definition.path.parent.name
    if "database" in metafunc.fixturenames and room in ON_EACH_DATABASE and not own:
        kinds = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
        metafunc.parametrize("database", kinds, indirect=True)


@pytest.fixture(scope="session")
def postgresql():
    """A PostgreSQL server that lives as long as the tests of this process."""
    from tests.postgres.server import Server

    server = Server()
    yield server
    server.stop()


@pytest.fixture
def database(request, monkeypatch):
    """The kind of database in which ``init`` makes its tables; on a server each instance gets a schema of its own."""
    kind = getattr(request, "param", "sqlite")
    if kind == "postgresql":
        from tests.postgres.server import use_server

        use_server(request.getfixturevalue("postgresql"), monkeypatch)
    return kind


@pytest.fixture
def workdir(tmp_path, home, database, monkeypatch):
    """An empty current directory and an empty home; no variable of this package is set. Returns the directory."""
    assert database
    directory = tmp_path / "work"
    directory.mkdir()
    environ = clean_environ(home)
    for name in set(os.environ) - set(environ):
        if name != "PYTEST_CURRENT_TEST":  # pytest's own, which it deletes itself
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(directory)
    return directory


@pytest.fixture
def run_python(home):
    """Run Python in a real process: ``run_python(code_or_path, *args, cwd=None, env=None, **options)``.

    A ``Path`` is run as a script, a ``str`` as code, a ``str`` that starts with ``-m `` as a module. The repository is on
    the path; ``env`` is added to a clean environment (``None`` as value removes a variable). Returns the
    ``CompletedProcess`` with text; it is the test that looks at ``returncode``.
    """

    def run(code_or_path, *args, cwd=None, env=None, timeout=120, flags=(), **options):
        environ = {
            **clean_environ(home),
            "PYTHONPATH": os.pathsep.join([str(REPO), str(REPO / "extras")]),
            **(env or {}),
        }
        if isinstance(code_or_path, Path):
            what = [str(code_or_path)]
        elif code_or_path.startswith("-m "):
            what = code_or_path.split()
        else:
            what = ["-c", code_or_path]
        return subprocess.run(
            [sys.executable, *flags, *what, *map(str, args)],
            cwd=cwd,
            env={name: str(value) for name, value in environ.items() if value is not None},
            timeout=timeout,
            check=False,
            **{
                "capture_output": True,
                "text": True,
                "encoding": "utf-8",
                "stdin": subprocess.DEVNULL,
                **options,
            },
        )

    return run


def _is_local(address: object) -> bool:
    if not isinstance(address, tuple):
        return True  # a path: a Unix socket
    host = str(address[0])
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host in {"localhost", ""}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """No test reaches out: only loopback addresses and Unix sockets can be connected to."""

    def guarded(method):
        def call(self, *args):
            if not _is_local(args[-1]):
                message = (
                    f"a test tried to reach {args[-1]!r}: tests run without a network, serve it on 127.0.0.1 instead"
                )
                raise AssertionError(message)
            return method(self, *args)

        return call

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))


@pytest.fixture(autouse=True)
def _no_default_instance():
    """No test inherits the instance that another one chose in this process."""
    yield
    session = sys.modules.get("lamin_lite.models.session")
    if session is not None:
        session.default_store = None
