"""The examples of docs/queries.md run, and its table names every lookup."""

from __future__ import annotations

import re

import lamin_lite as ln
from lamin_lite.sql import dates, lookups
from tests.conftest import REPO

TEXT = (REPO / "docs" / "queries.md").read_text(encoding="utf-8")


def test_the_examples_run(workdir, run_python):
    ln.Instance.init(workdir)
    for example in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        done = run_python(example, cwd=workdir)
        assert done.returncode == 0, done.stderr
        assert "train.py" in done.stdout


def test_every_lookup_is_in_the_table():
    missing = [name for name in lookups.LOOKUPS | dates.PARTS if f"`{name}`" not in TEXT]
    assert not missing
