"""The examples of docs/queries.md run, and its table names every lookup."""

from __future__ import annotations

import re

import lamin_lite as ln
from lamin_lite.sql import dates, lookups
from lamin_lite.sql.fields import ForeignKey
from tests.conftest import REPO

TEXT = (REPO / "docs" / "queries.md").read_text(encoding="utf-8")


def test_the_examples_run(workdir, run_python):
    ln.Instance.init(workdir)
    for example in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        done = run_python(example, cwd=workdir)
        assert done.returncode == 0, done.stderr
        assert "train.py" in done.stdout


def test_every_relation_is_in_the_table_and_nothing_else():
    for model in lookups.models.values():
        line = next((line for line in TEXT.splitlines() if line.startswith(f"| `{model.__name__}` |")), "| | | |")
        many, one = line.split("|")[2:4]
        told = set()
        for part in many.split(";"):
            prefixes, _, names = part.rpartition(" with ")
            for prefix in re.findall(r"`(\w+_)`", prefixes) or [""]:
                told |= {prefix + name for name in re.findall(r"`(\w+)`", names)}
        assert told == {name for name in model.__relations__ if name != "params_index"}, model
        fields = model.__table__.fields.values()
        near = {field.name for field in fields if isinstance(field, ForeignKey)} - {"created_by", "space", "branch"}
        assert set(re.findall(r"`(\w+)`", one)) == near, model


def test_every_lookup_is_in_the_table():
    missing = [name for name in lookups.LOOKUPS | dates.PARTS if f"`{name}`" not in TEXT]
    assert not missing
