"""Tables for people: what is shown of values, and how they are cut."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    return lambda columns: monkeypatch.setenv("COLUMNS", str(columns))


def test_nothing_and_no_are_values_too(cli, shop, workdir):
    for name, dtype in (("n", int), ("ok", bool), ("temp", float)):
        shop.Feature(name=name, dtype=dtype).save()
    run = shop.Run.filter().one()
    run.params, run.exit_code = {"zero": 0, "off": False}, 0
    run.save()
    run.features.add_values({"n": 0, "ok": False, "temp": 0.0})
    names = ["n", "ok", "temp", "exit_code", "params__zero", "params__off"]
    head, line = cli("list runs --include", *names).out.splitlines()
    assert head.split("  ")[-1] == "PARAMS__OFF"
    assert line.split()[-6:] == ["0", "no", "0.0", "0", "0", "no"]


def test_an_empty_file_has_a_size(cli, shop, workdir):
    (workdir / "empty.txt").write_text("")
    cli("save empty.txt")
    line = cli("list artifacts --filter key=empty.txt").out.splitlines()[1]
    assert " 0 B " in line


def test_a_flag_is_seen_where_it_is_set_and_a_column_without_any_is_left_out(cli, shop):
    head, *lines = cli("list records").out.splitlines()
    assert "IS TYPE" in head
    assert [" yes " in line for line in lines] == [False, True]
    assert " no " not in "".join(lines)
    assert "IS TYPE" not in cli("list ulabels").out
    assert "IS_TYPE" not in cli("list ulabels").out
    assert " no" in cli("list ulabels --include is_type").out


def test_what_is_found_is_cut_where_it_says_least(cli, shop, workdir, terminal):
    for number in (1, 2):
        (workdir / "a.txt").write_text(str(number))
        shop.Artifact("a.txt", key=f"a/long/way/down/into/folders/with-names/file number {number}.txt").save()
    shop.Record(name="number one of a long row of names that goes on and on").save()
    terminal(60)
    lines = cli("search number").out.splitlines()
    assert max(map(len, lines)) <= 60
    assert sorted(line[-5:] for line in lines if line.startswith("artifact")) == ["1.txt", "2.txt"]
    assert any(line.startswith("record") and "  number one of" in line and line.endswith("…") for line in lines)
