"""Databases of earlier versions open, say what they said, and are upgraded in place.

``tests/data/schema1.sql`` is a whole database as version 1 of the tables wrote it, ``schema1.json`` what its registries
answered then; ``tests/data/schema1.py`` made both. They stay as they are: what changes the tables raises
``names.SCHEMA``, adds what may be null, and leaves these tests as they are.
"""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import threading
from pathlib import Path

import pytest

import lamin_lite as ln
from lamin_lite import models
from lamin_lite.base import names
from lamin_lite.models import places
from lamin_lite.sql.fields import ForeignKey, TextField
from lamin_lite.sql.schema import Index

DATA = Path(__file__).resolve().parent.parent / "data"


def maker():
    spec = importlib.util.spec_from_file_location("schema1", DATA / "schema1.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def frozen(workdir):
    """A folder with the instance of the frozen database."""
    maker().restore(workdir)
    return workdir


def columns(path):
    """What the tables hold: names of columns, whether each may be null; and the indexes as they are written."""
    connection = sqlite3.connect(path)
    try:
        made = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        tables = [name for kind, name, _ in made if kind == "table"]
        return (
            {
                name: {row[1]: bool(row[3]) for row in connection.execute(f"PRAGMA table_info({name})")}
                for name in tables
            },
            {name: " ".join(sql.split()) for kind, name, sql in made if kind == "index"},
        )
    finally:
        connection.close()


@pytest.mark.sqlite
def test_the_first_version_of_the_tables_reads_as_it_did_when_it_was_frozen(frozen):
    instance = ln.Instance.open(frozen)
    then, now = json.loads((DATA / "schema1.json").read_text("utf-8")), maker().answers(instance)
    for registry in [name for name in then if name[0].isupper()]:  # a later version may know more columns
        now[registry] = [{name: row[name] for name in kept} for row, kept in zip(now[registry], then[registry])]
    assert now == then


@pytest.mark.sqlite
def test_the_first_version_of_the_tables_goes_on_being_written(frozen):
    instance = ln.Instance.open(frozen)
    (frozen / "new.csv").write_text("a,b\n1,2\n")
    before = instance.Artifact.get(key="table.csv")
    after = instance.Artifact("new.csv", key="table.csv").save()
    assert after.stem_uid == before.stem_uid
    assert instance.Artifact.get(key="table.csv") == after
    after.projects.add(instance.Project(name="Frozen").save())
    assert instance.Project.get(name="Frozen").artifacts.filter(uid=after.uid).exists()


@pytest.mark.sqlite
def test_new_tables_hold_what_the_frozen_ones_hold_and_more_only_by_a_new_version(frozen, tmp_path):
    fresh = ln.Instance.init(tmp_path / "fresh")
    new_tables, new_indexes = columns(fresh.database.path)
    ln.Instance.open(frozen)
    tables, indexes = columns(frozen / "storage/.lamin_lite/lamin.db")
    advice = "raise names.SCHEMA for what is new (nullable columns, tables, indexes); nothing may be changed or removed"
    if names.SCHEMA == 1:
        assert new_tables == tables, advice
        assert new_indexes == indexes, advice
    else:
        assert {name: set(held) for name, held in new_tables.items()} == {
            name: set(held) for name, held in tables.items()
        }, advice
        assert new_indexes == indexes, advice


@pytest.fixture
def newer(monkeypatch):
    """As if this copy of the package were newer: a column, an index, and a table that refers to another."""

    def upgrade():
        project = models.Project.__table__
        more = {"motto": TextField(null=True), "mentor": ForeignKey("users", null=True)}
        indexes = [*project.indexes, Index("by_motto", "motto")]
        grown = places.table(project.name, {**project.fields, **more}, indexes)
        award = places.table("award", {"title": TextField(), "project": ForeignKey("project")})
        tables = [grown if table is project else table for table in models.TABLES]
        monkeypatch.setattr(models, "TABLES", (award, *tables))
        monkeypatch.setattr(names, "SCHEMA", names.SCHEMA + 1)

    return upgrade


def test_an_older_database_is_upgraded_when_it_is_opened_and_keeps_its_rows(workdir, newer):
    instance = ln.Instance.init(workdir)
    instance.Project(name="Old").save()
    newer()
    again = ln.Instance.open(workdir)
    database = again.database
    assert database.one("SELECT schema, min_reader, min_writer FROM meta") == (names.SCHEMA, 1, 1)
    number = database.one("SELECT id FROM project WHERE name = 'Old' AND motto IS NULL AND mentor_id IS NULL")[0]
    with database.write("try the new table") as tx:
        tx.insert("award", {"title": "first", "project_id": number})
    with pytest.raises(ln.errors.LaminLiteError), database.write("name nobody") as tx:
        tx.insert("award", {"title": "second", "project_id": 10**9})
    assert [row.name for row in again.Project.filter()] == ["Old"]


def test_a_copy_that_is_older_goes_on_using_a_database_that_a_newer_one_upgraded(workdir, newer, monkeypatch):
    ln.Instance.init(workdir)
    with monkeypatch.context():
        newer()
        ln.Instance.open(workdir)
    monkeypatch.undo()
    monkeypatch.chdir(workdir)
    older = ln.Instance.open(workdir)
    older.Project(name="Of the older").save()
    assert older.Project.get(name="Of the older")


def test_many_openings_at_once_upgrade_once(workdir, newer):
    ln.Instance.init(workdir)
    newer()
    failures = []

    def opened():
        try:
            ln.Instance.open(workdir).Project.filter().count()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=opened) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.sqlite
def test_an_older_database_that_must_not_be_written_says_why_it_cannot_be_read(workdir, newer):
    from lamin_lite.sql import migrate
    from lamin_lite.sql.sqlite import SQLite

    path = ln.Instance.init(workdir).database.path
    newer()
    with pytest.raises(ln.errors.ReadOnly, match=r"older version.*copy the instance"):
        migrate.check(SQLite(path, readonly=True), models.TABLES)
