"""Types and style hold, wherever the tools are installed (``sh tests/run`` installs them)."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from tests.guards.tree import REPO


def run_tool(*command, cwd=REPO):
    """Run a tool as a module of this Python; skipped, with the reason, where it is not installed."""
    if importlib.util.find_spec(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed in {sys.prefix}: `sh tests/run` brings it")
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("mypy", "--strict"), ("ruff", "check", "--no-cache", "."), ("ruff", "format", "--no-cache", "--check", ".")],
    ids=["types", "lint", "format"],
)
def test_the_tree_satisfies(command):
    done = run_tool(*command)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "text", "says"),
    [
        (("mypy", "--strict", "--cache-dir=/dev/null", "a.py"), "def f(x): return x\n", "no-untyped-def"),
        (
            ("ruff", "check", "--no-cache", "a.py"),
            "def f():\n    try:\n        pass\n    except:\n        pass\n",
            "E722",
        ),
        (("ruff", "format", "--no-cache", "--check", "a.py"), "x  =  1\n", "would be reformatted"),
    ],
)
def test_the_guard_sees(tmp_path, command, text, says):
    (tmp_path / "a.py").write_text(text)
    (tmp_path / "ruff.toml").write_text('[lint]\nselect = ["E"]\n')
    done = run_tool(*command, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stdout + done.stderr
