"""A project directory with an instance, in which scripts are run as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.conftest import REPO, clean_environ


class Project:
    """A folder with an instance; what its scripts recorded is read by this process."""

    def __init__(self, folder, home):
        from lamin_lite import Instance

        self.folder = folder
        self.home = home
        self.instance = Instance.init(folder, storage=folder / "data")

    def environ(self, **env):
        """The environment of a script."""
        path = os.pathsep.join([str(REPO), str(REPO / "extras")])
        env = {name: str(value) for name, value in env.items()}
        return {**clean_environ(self.home), "PYTHONPATH": path, **env}

    def script(self, text, name="s.py"):
        """Write a script that has imported the package as ``ln``."""
        path = Path(self.folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import os, sys, time\nimport lamin_lite as ln\n" + textwrap.dedent(text), encoding="utf-8")
        return path

    def start(self, text, *args, name="s.py", env=None, flags=(), **options):
        """Start a script; its output can be read."""
        path = self.script(text, name)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
        command = [sys.executable, *flags, str(path), *map(str, args)]
        options = {**pipes, "encoding": "utf-8", "errors": "backslashreplace", **options}
        return subprocess.Popen(command, cwd=self.folder, env=self.environ(**(env or {})), **options)

    def run(self, text, *args, code=0, timeout=300, **options):
        """Run a script to its end, and check its exit code; the completed process."""
        process = self.start(text, *args, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            process.wait()
            raise
        done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
        assert code is None or done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def execute(self, *args, **options):
        """Have the interpreter execute what is not a script of `script`, to its end; the completed process."""
        pipes = {"capture_output": True, "text": True, "check": False}
        command = [sys.executable, *map(str, args)]
        return subprocess.run(command, cwd=self.folder, env=self.environ(), **{**pipes, **options})  # noqa: PLW1510

    def runs(self, **conditions):
        """The runs, in the order of their start; those of dead processes are ended by this look."""
        from lamin_lite.tracking import liveness

        liveness._looked.clear()  # do not wait for the next second
        return list(self.instance.Run.filter(**conditions).order_by("id"))

    def only_run(self, **conditions):
        """The one run."""
        runs = self.runs(**conditions)
        assert len(runs) == 1, [(run.entrypoint, run.status) for run in runs]
        return runs[0]

    def report(self, run):
        """The text of the report of a run."""
        return run.report.load(is_run_input=False) if run.report else None

    def kept_bytes(self):
        """Every byte beside the code: database, log of the database, blobs, logs."""
        files = [path for path in Path(self.folder).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
        return b"\n".join(path.read_bytes() for path in files)


@pytest.fixture
def project(workdir, home):
    """An empty project with an instance."""
    return Project(workdir, home)


@pytest.fixture
def cli(project):
    """Run a command in the project; the completed process."""

    def run(*words, code=0, env=None, cwd=None, **options):
        done = subprocess.run(
            [sys.executable, "-m", "lamin_lite", *map(str, words)],
            cwd=cwd or project.folder,
            env=project.environ(**(env or {})),
            check=False,
            timeout=300,
            **{"capture_output": True, "encoding": "utf-8", "stdin": subprocess.DEVNULL, **options},
        )
        assert code in (None, done.returncode), f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def wait_for():
    """Wait until a condition holds, a minute at most."""

    def wait(condition, message="it did not happen in time"):
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, message
            time.sleep(0.01)

    return wait


@pytest.fixture
def here(project, monkeypatch):
    """The project, and this process works in its instance."""
    from lamin_lite.models import session

    monkeypatch.setattr(session, "default_store", project.instance)
    yield project
    assert session.context_run() is None, "a run is held in this thread"
    assert not session.roots, "a root run stayed open"
    assert "LAMIN_LITE_RUN" not in os.environ, "children would be told of a run that is over"
