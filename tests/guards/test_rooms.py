"""Every effect has one room."""

from __future__ import annotations

import ast
from fnmatch import fnmatch
from typing import NamedTuple

import pytest

from tests.guards.tree import PACKAGE, aliases, dotted, modules, report, walk, write_tree


class Effect(NamedTuple):
    """Names that only some files may use, and what the others do instead."""

    names: tuple[str, ...]
    rooms: tuple[str, ...]
    instead: str


EFFECTS = [
    Effect(("sqlite3", "_sqlite3"), ("sql/*",), "sqlite3 lives in sql/: ask for rows through its connections"),
    Effect(
        ("os.fsync", "os.fdatasync", "os.replace", "os.rename", "os.renames", "shutil.move", "fcntl", "msvcrt"),
        ("base/fsio.py",),
        "what makes data durable lives in base/fsio.py: use its functions to sync, rename and lock",
    ),
    Effect(
        ("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv", "os.path.expandvars"),
        ("base/settings.py",),
        "the environment is read in base/settings.py, where the table of all variables is",
    ),
    Effect(
        (
            "time.time",
            "time.time_ns",
            "time.localtime",
            "datetime.datetime.now",
            "datetime.datetime.utcnow",
            "datetime.datetime.today",
            "datetime.date.today",
        ),
        ("base/clock.py",),
        "the clock is read in base/clock.py: microseconds since 1970 UTC (time.monotonic is free for time-outs)",
    ),
    Effect(
        ("os.urandom", "os.getrandom", "random", "secrets", "uuid", "numpy.random"),
        ("base/uids.py",),
        "randomness comes from base/uids.py",
    ),
    Effect(
        (
            "subprocess",
            "_posixsubprocess",
            "pty",
            "os.system",
            "os.popen",
            "os.fork",
            "os.forkpty",
            "os.posix_spawn",
            "os.posix_spawnp",
            *(f"os.exec{kind}" for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
            *(f"os.spawn{kind}" for kind in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
        ),
        ("base/proc.py",),
        "other programs are started by base/proc.py, with a time-out and without a shell",
    ),
    Effect(
        ("print()", "sys.stdout.write()", "sys.stderr.write()", "sys.stdout.writelines()", "sys.stdout.buffer.write()"),
        ("base/display.py", "cli/*"),
        "words to the user go through base/display.py (or are printed by cli/)",
    ),
    Effect(
        ("pickle", "_pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"),
        ("serializers/*pickle*.py",),
        "nothing from a store is ever unpickled, except by the pickle serializer that a user registered by name",
    ),
    Effect(
        (
            "socket",
            "socketserver",
            "ssl",
            "http.client",
            "http.server",
            "urllib.request",
            "ftplib",
            "smtplib",
            "xmlrpc",
        ),
        ("web/*",),
        "the core has no network: remote storages and databases are extras, the server is web/",
    ),
    Effect(
        ("signal.signal", "signal.sigaction", "signal.siginterrupt"),
        ("cli/*",),
        "no signal handlers: whoever looks next writes `aborted`",
    ),
]


HARMLESS = {  # with these names of a networking module nothing is sent
    "socket.gethostname",
    "urllib.request.url2pathname",
    "urllib.request.pathname2url",
}


def used_names(module):
    """All foreign names that the file uses at run time: ``(name, line)``; a call ends in ``()``."""
    known = {"print": "print", **aliases(module)}
    for node, typing_only in walk(module.tree):
        if typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call):
            name = dotted(node.func, known)
            if name:
                yield name + "()", node.lineno
            first = node.args[0] if node.args else None
            by_name = name == "importlib.import_module" or getattr(node.func, "id", "") == "__import__"
            if by_name and isinstance(first, ast.Constant):
                yield str(first.value), node.lineno
        elif isinstance(node, (ast.Attribute, ast.Name)):
            name = dotted(node, known)
            if name:
                yield name, node.lineno


def room_problems(package):
    problems = {}
    for module in modules(package).values():
        for name, line in used_names(module):
            if name.removesuffix("()") in HARMLESS:
                continue
            for effect in EFFECTS:
                if any(fnmatch(module.file, room) for room in effect.rooms):
                    continue
                for forbidden in effect.names:
                    if name == forbidden or name.startswith(forbidden + "."):
                        problems.setdefault(
                            (module.file, line, forbidden),
                            f"{package.name}/{module.file}:{line}: uses {forbidden}: {effect.instead}",
                        )
    return list(problems.values())


def test_every_effect_stays_in_its_room():
    report(room_problems(PACKAGE))


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("import sqlite3", "sql/a.py"),
        ("def f():\n    from sqlite3 import connect", "sql/a.py"),
        ("__import__('sqlite3')", "sql/a.py"),
        ("import os\nos.replace('a', 'b')", "base/fsio.py"),
        ("import os as o\nr = o.rename", "base/fsio.py"),
        ("from os import fsync as sync", "base/fsio.py"),
        ("import os\nos.environ.get('HOME')", "base/settings.py"),
        ("from os import getenv", "base/settings.py"),
        ("import time\ntime.time()", "base/clock.py"),
        ("from datetime import datetime as dt\ndt.now()", "base/clock.py"),
        ("import datetime\ndatetime.datetime.utcnow()", "base/clock.py"),
        ("import random", "base/uids.py"),
        ("import os\nos.urandom(8)", "base/uids.py"),
        ("def f():\n    import subprocess as s", "base/proc.py"),
        ("import os\nos.execvp('a', [])", "base/proc.py"),
        ("print(1)", "base/display.py"),
        ("import sys\nsys.stdout.write('')", "cli/main.py"),
        ("import pickle", "serializers/pickled.py"),
        ("from urllib import request", "web/app.py"),
        ("import signal\nsignal.signal(1, 2)", "cli/main.py"),
    ],
)
def test_the_guard_sees_an_effect_outside_its_room(tmp_path, text, room):
    assert not room_problems(write_tree(tmp_path / "right", {room: text}))
    assert room_problems(write_tree(tmp_path / "wrong", {"tracking/run.py": text}))


def test_types_and_harmless_names_are_free(tmp_path):
    text = (
        "import os, sys, time, datetime, urllib.parse\nfrom socket import gethostname\ngethostname()\nif TYPE_CHECKING:\n    import sqlite3\n"
        "def f(c: sqlite3.Connection) -> None:\n    os.path.join('a').replace('a', 'b')\n    time.monotonic()\n"
        "    datetime.datetime.fromtimestamp(0)\n    old = sys.stdout.write\n    f(c, file=sys.stdout)\n"
    )
    assert not room_problems(write_tree(tmp_path, {"tracking/run.py": text}))
