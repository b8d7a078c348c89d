"""What a tracked run costs does not grow with what the database holds already.

Counted are the steps of SQLite's machine: a plan alone does not tell whether an index that it names leads to one row or
to nearly all of them.
"""

from __future__ import annotations

import json
import sqlite3

import pytest

import lamin_lite as ln
from lamin_lite.sql.schema import SQLITE

pytestmark = pytest.mark.sqlite

MANY = 3_000  #: rows of each table
MOST = 4_000  #: steps of one statement; to look at each row of a table takes 5 of them a row and more
EACH = 100  #: steps between two looks at the counter
FEW = {"users", "space", "branch", "storage", "meta"}  #: tables that do not grow with the work
ALIKE = {"status", "kind", "role", "suffix", "otype", "dtype", "reference_type"}  #: texts that many rows share

WORK = """
@ln.step()
def double(rows):
    ln.Artifact("a.txt", key="b.txt").save()

ln.track(project="P", params={"rate": 0.5}, features={"rate_seen": 1.5, "sample": "S1"})
open("a.txt", "w").write("a")
ln.Artifact("a.txt", key="a.txt", features={"rate_seen": 2.5}).save()
ln.Artifact("a.txt", key="a.txt").save()
ln.Artifact("a.txt", description="without a key").save()
open("a.txt", "w").write(str(os.urandom(8)))
artifact = ln.Artifact("a.txt", key="a.txt").save()
artifact.load()
artifact.ulabels.add(ln.ULabel(name="U").save())
double(1)
collection = ln.Collection([artifact], key="c").save()
collection.load()
ln.Transform(key="by hand", source_code="x").save()
ln.Artifact.get(key="a.txt").load()
for registry in (ln.Artifact, ln.Collection, ln.Transform):
    assert registry.filter(hash="no such").to_list() == []
ln.finish()
"""
PLAIN = f"import os\nimport lamin_lite as ln\n{WORK}"
COUNTED = f"""
import atexit, json, os, sqlite3

steps, current = {{}}, ["open"]

class Counted(sqlite3.Connection):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.set_progress_handler(self.count, {EACH})

    def count(self):
        steps[current[0]] = steps.get(current[0], 0) + {EACH}

    def execute(self, sql, *params):
        current[0] = sql
        steps.setdefault(sql, 0)
        return super().execute(sql, *params)

    def executemany(self, sql, rows):
        current[0] = sql
        return super().executemany(sql, rows)

connect = sqlite3.connect
sqlite3.connect = lambda *args, **options: connect(*args, **{{"factory": Counted, **options}})
import lamin_lite as ln
{WORK}
json.dump(steps, open("steps.json", "w"))
"""


def fill(path):
    """Many rows more in each table, like the last one but for its identity and what it belongs to."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute(SQLITE.tables) if not name.startswith("sqlite_")]
    for table in [name for name in tables if name not in FEW]:
        held = connection.execute(f"SELECT * FROM {table}").fetchall()
        if not held:
            continue
        kinds = {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})")}
        to = {row[3]: row[2] for row in connection.execute(f"PRAGMA foreign_key_list({table})")}
        row = dict(zip(kinds, held[-1]))
        own = [name for name in kinds if name == "id" or (name in to and to[name] not in FEW and row[name] is not None)]
        texts = [name for name in kinds if kinds[name] == "TEXT" and name not in ALIKE and row[name] is not None]
        rows = [
            [*{**row, **dict.fromkeys(own, at), **{name: f"{row[name]}{at}" for name in texts}}.values()]
            for at in range(10_000, 10_000 + MANY)
        ]
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(kinds))})", rows)
    connection.commit()
    connection.close()


def test_no_statement_of_a_tracked_run_takes_longer_in_a_database_with_many_rows(workdir, run_python):
    instance = ln.Instance.init(workdir)
    instance.Project(name="P").save()
    instance.Feature(name="rate_seen", dtype=float).save()
    kind = instance.Record(name="Sample", is_type=True).save()
    instance.Record(name="S1", type=kind).save()
    instance.Feature(name="sample", dtype=kind).save()
    (workdir / "first.py").write_text(PLAIN)
    (workdir / "second.py").write_text(COUNTED)
    assert run_python(workdir / "first.py", cwd=workdir).returncode == 0
    fill(instance.database.path)
    for _ in ("a new transform", "one that is known"):
        done = run_python(workdir / "second.py", cwd=workdir)
        assert done.returncode == 0, done.stderr
        steps = json.loads((workdir / "steps.json").read_text())
        assert len(steps) > 60, "the statements were not seen"
        assert {sql: many for sql, many in steps.items() if many > MOST} == {}
