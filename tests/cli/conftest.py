"""Commands in this process, and an instance with a little of everything."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from lamin_lite.cli import main
from lamin_lite.instance import Instance
from lamin_lite.models import session


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        assert self.code == 0, self.err
        assert self.out.isascii()
        return json.loads(self.out)


@pytest.fixture
def cli(workdir, capsys, monkeypatch):
    """Run a command in this process: ``cli("get a.csv")`` or ``cli("get", "a b.csv")``."""
    monkeypatch.setattr(session, "default_store", None)
    monkeypatch.setattr(logging.Logger, "hasHandlers", lambda _: False)  # pytest's own would take the words
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    def run(line, *more):
        capsys.readouterr()
        code = main([*line.split(), *more])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def shop(workdir):
    """An instance with a script, its run, two files that it made, a project and records."""
    instance = Instance.init(workdir, storage="data")
    transform = instance.Transform(key="make.py", kind="script", source_code="a\nb\n").save()
    run = instance.Run(transform=transform, status="completed", params={"rate": 0.5}, started_at="2026-01-02").save()
    for name, text in (("a.csv", "x\n1\n"), ("b.csv", "x\n2\n" * 1000)):
        (workdir / name).write_text(text)
        instance.Artifact(workdir / name, key=f"raw/{name}", run=run).save()
    instance.Project(name="Atlas", description="cells").save()
    kind = instance.Record(name="Experiment", is_type=True).save()
    instance.Record(name="Experiment1", type=kind).save()
    instance.ULabel(name="checked").save()
    instance.Feature(name="count", dtype=int).save()
    instance.Collection([instance.Artifact.get(key="raw/a.csv")], key="both").save()
    return instance
