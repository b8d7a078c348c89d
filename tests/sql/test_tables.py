"""Printed tables: whole uids and times, texts cut to what fits, nothing that is the same everywhere."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lamin_lite as ln
from lamin_lite.sql.tables import LEAST, text_table, text_width

AT = datetime(2026, 1, 31, 12, 30, tzinfo=timezone.utc)
cells = st.one_of(st.none(), st.integers(), st.booleans(), st.just(AT), st.text(max_size=60), st.just({"a": [1]}))


@settings(deadline=None)
@given(st.lists(st.tuples(cells, cells, cells, cells), min_size=1, max_size=4), st.integers(20, 200))
def test_a_table_fits_whatever_is_in_it(rows, width):
    names = ("uid", "name", "size", "at")
    made = [{**dict(zip(names, row)), "uid": "u" * 16} for row in rows]
    lines = text_table(made, width).splitlines()
    table = [line for line in lines if not line.startswith("... not shown")]
    assert len(table) == len(rows) + 1
    assert max(map(text_width, table)) <= width
    assert all(line.startswith("u" * 16) for line in table[1:])
    for line in lines:
        assert line.isprintable()


def test_texts_give_way_and_the_last_columns_are_named_where_there_is_no_room():
    row = {"uid": "u" * 16, "name": "n" * 40, "at": AT, "size": 12, "description": "d" * 40}
    assert text_table([row], 200).count("n" * 40) == 1
    tight = text_table([row], 75)
    assert "2026-01-31 12:30:00    12" in tight
    assert "n" * (LEAST - 1) + "…" in tight
    assert "not shown" not in tight
    tighter = text_table([row], 60).splitlines()
    assert tighter[-1] == "... not shown: description"
    assert "2026-01-31 12:30:00    12" in tighter[1]


def test_keys_are_cut_at_their_starts_so_that_their_ends_tell_them_apart():
    folder = "analysis/2026/a/long/common/folder/of/all/"
    rows = [{"uid": str(at), "key": f"{folder}file_{at}.csv", "description": f"{folder}{at}"} for at in range(3)]
    for width in (120, 60, 45):
        lines = text_table(rows, width).splitlines()[1:]
        assert all(f"/file_{at}.csv " in line for at, line in enumerate(lines))
        assert all("analysis/" in line for line in lines)  # another text begins with what it is about
    assert "…/日本語.csv" in text_table([{"uid": "1", "transform": "日" * 30 + "/日本語.csv"}], 30)


def test_wide_characters_take_two_columns_and_combining_ones_none():
    rows = [{"name": name, "next": 1} for name in ("日本語", "e\u0301te\u0301", "plain")]
    lines = text_table(rows).splitlines()
    assert {text_width(line) for line in lines} == {12}


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def test_what_is_as_always_takes_no_column_and_what_is_not_does(instance, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    one, two = (instance.Project(name=name).save() for name in ("one", "two"))
    header = str(instance.Project.filter()).splitlines()[0].split()
    assert header == ["uid", "name", "created_at", "created_by"]
    two.space = instance.Space(name="team").save()
    two.is_locked = True
    two.save()
    one.delete()
    shown = str(instance.Project.filter(branch=None))
    assert shown.splitlines()[0].split() == "uid name is_locked created_at branch space created_by".split()
    assert "trash" in shown.splitlines()[1]
    assert "team" in shown.splitlines()[2]


def test_a_table_of_runs_begins_with_what_ran_and_keeps_times_whole(instance, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    transform = instance.Transform(key="a/long/path/to/a/script/that/does/a/lot.py").save()
    ln.save([instance.Run(transform=transform, started_at=AT, finished_at=AT, params={"rate": "x" * 50})])
    lines = str(instance.Run.filter()).splitlines()
    assert lines[0].split()[:6] == "uid transform status started_at finished_at params".split()
    assert lines[1].count("2026-01-31 12:30:00") == 2


def test_types_are_named_in_the_table_of_features(instance, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    kind = instance.Record(name="Experiment", is_type=True).save()
    instance.Feature(name="experiment", dtype=kind).save()
    assert "cat[Record[Experiment]]" in str(instance.Feature.filter())


def test_no_rows_are_said(instance):
    assert str(instance.Run.filter()) == "(no rows)"
    assert repr(instance.Run.filter()) == "<QuerySet []>"
