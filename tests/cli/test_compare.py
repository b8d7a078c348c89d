"""``diff``: what differs between two runs, as a value and as a command."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamin_lite import errors
from lamin_lite.lineage.compare import Snapshot, compare, flat
from lamin_lite.lineage.snapshot import files

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=3)
VALUES = st.dictionaries(st.sampled_from("abcde"), SCALARS | st.lists(SCALARS, max_size=2), max_size=5)


def snapshot(uid="a", **values):
    source = values.pop("source", None)
    return Snapshot(uid, "s.py", 0, values, source, source and str(hash(source)))


# -- the value


@given(VALUES)
def test_equal_values_do_not_differ(values):
    assert compare(snapshot(params=values), snapshot("b", params=dict(values))).is_same


@given(VALUES, VALUES)
def test_the_changes_make_the_second_value_of_the_first(old, new):
    found = compare(snapshot(params=old), snapshot("b", params=new))
    made = dict(old)
    for change in found.changes.get("params", ()):
        if change.kind == "removed":
            del made[change.name]
        else:
            made[change.name] = change.new
    assert repr(sorted((name, _number(value)) for name, value in made.items())) == repr(
        sorted((name, _number(value)) for name, value in new.items())
    )


def _number(value):
    """A value of which numbers of one size look the same, as they are the same param."""
    if isinstance(value, list):
        return [_number(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value or repr(value)


def test_params_differ_by_their_paths():
    assert flat({"a": {"b": {"c": 1}, "d": []}, "e": {}}) == {"a.b.c": 1, "a.d": [], "e": {}}


def test_a_bool_is_no_number_and_what_is_missing_is_not_none():
    found = compare(snapshot(params={"a": 1, "b": None}), snapshot("b", params={"a": True}))
    assert [(change.name, change.kind) for change in found.changes["params"]] == [("a", "changed"), ("b", "removed")]


def test_a_diff_of_the_source_can_be_read_and_steers_no_terminal():
    found = compare(snapshot(source="a\nb\n"), snapshot("b", source="a\n\x1b[31m\tc"))
    assert "-b\n+\x1b[31m\tc\n\\ No newline at end of file\n" in found.source
    assert "  +·[31m\tc" in str(found).splitlines()
    assert "\x1b" not in str(found)


def test_what_one_run_did_not_record_is_not_called_a_difference():
    found = compare(snapshot(environment=None), snapshot("b", environment={"numpy": "2"}))
    assert found.is_same
    assert found.unknown == {"environment": ("a",)}
    assert "environment: not recorded of run a" in str(found)


def test_masked_secrets_may_be_all_that_differs():
    old, new = snapshot(source="x"), snapshot("b", source="x")
    assert "secrets are masked" in compare(old, new._replace(source_hash="other")).source


# -- runs


@pytest.fixture
def runs(shop, workdir):
    """Two runs of one script, of which everything differs."""
    rows = []
    for version, (source, rate, text) in enumerate((("a\nb\n", 0.5, "1"), ("a\nc\n", 0.7, "2"))):
        transform = shop.Transform(key="fit.py", kind="script", source_code=source).save()
        params = {"model": {"rate": rate, "depth": 3}}
        run = shop.Run(transform=transform, status="completed", params=params, cli_args=f"--n {version}")
        run.started_at = f"2026-01-0{version + 1}"
        run.save()
        (workdir / "out.csv").write_text(text)
        shop.Artifact(workdir / "out.csv", key="out.csv", run=run).save()
        shop.Artifact.get(key="raw/a.csv").load(is_run_input=run)
        rows.append(run)
    return rows


def test_only_what_differs_is_shown(cli, runs):
    old, new = runs
    done = cli("diff", old.uid, new.uid)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:2] == [
        f"--- {old.uid}  fit.py  2026-01-01 00:00:00 UTC",
        f"+++ {new.uid}  fit.py  2026-01-02 00:00:00 UTC",
    ]
    assert [line for line in lines if line and line[0] not in " -+"] == ["source", "params", "cli args", "outputs"]
    assert "  -b" in lines
    assert "  +c" in lines
    assert "  model.rate: 0.5 → 0.7" in lines
    assert "depth" not in done.out
    assert "raw/a.csv" not in done.out


def test_runs_are_named_by_uid_artifact_and_key(cli, runs):
    old, new = runs
    whole = cli("diff", old.uid, new.uid).out
    assert cli("diff", old.uid[:8], "out.csv").out == whole
    assert cli("diff --key fit.py").out == whole
    assert cli("diff fit.py").out == whole
    assert cli("diff", new.uid).out == whole


def test_the_document_holds_all_of_it(cli, runs):
    old, new = runs
    told = cli("diff --key fit.py --json").json
    assert (told["same"], told["old"]["uid"], told["new"]["uid"]) == (False, old.uid, new.uid)
    assert told["params"] == [{"name": "model.rate", "change": "changed", "old": 0.5, "new": 0.7}]
    assert told["inputs"] == []
    assert told["outputs"][0]["name"] == "out.csv"
    assert told["source"].startswith("--- fit.py")
    assert json.loads(json.dumps(old.diff(new).to_dict())) == told


def test_the_exit_code_tells_of_a_difference_only_when_asked(cli, runs):
    old, _ = runs
    assert cli("diff --key fit.py").code == 0
    assert cli("diff --exit-code --key fit.py").code == 1
    same = cli("diff --exit-code", old.uid, old.uid)
    assert same.code == 0
    assert same.out.endswith("\n\nnothing differs\n")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("diff", 2, "name two runs"),
        ("diff a b c", 2, "name two runs"),
        ("diff a --key fit.py", 2, "name two runs"),
        ("diff nowhere", 1, "'nowhere'"),
        ("diff Atlas", 1, "Project Atlas is no run"),
        ("diff --key make.py", 1, "has no run before"),
        ("diff raw/a.csv checked", 1, "ULabel checked is no run"),
    ],
)
def test_what_cannot_be_compared_is_said(cli, runs, line, code, said):
    done = cli(line)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_files_of_steps_count_and_what_steps_hand_on_is_no_input(shop, runs, workdir):
    old, new = runs
    step = shop.Run(transform=new.transform, entrypoint="step", status="completed", initiated_by_run=new).save()
    shop.Artifact.get(key="out.csv").load(is_run_input=step)
    (workdir / "more.csv").write_text("3")
    shop.Artifact(workdir / "more.csv", key="more.csv", run=step).save()
    changes = old.diff(new).changes
    assert [change.name for change in changes["outputs"]] == ["out.csv", "more.csv"]
    assert "inputs" not in changes


def test_files_without_a_key_all_count_in_the_order_of_their_content(shop, runs, workdir):
    old, new = runs
    for run, texts in ((old, "abc"), (new, "ca")):
        for text in texts:
            (workdir / "x.svg").write_text(text)
            shop.Artifact(workdir / "x.svg", description="plot", run=run).save()
    hashes = sorted(hashlib.sha256(text.encode()).hexdigest() for text in "abc")
    assert list(files(old)[1].items())[1:] == list(zip(["plot", "plot (2)", "plot (3)"], hashes))
    found = {change.name: change.kind for change in old.diff(new).changes["outputs"]}
    assert found.pop("plot (3)") == "removed"
    (workdir / "x.svg").write_text("b")
    shop.Artifact(workdir / "x.svg", description="plot", run=new).save()
    assert [change.name for change in old.diff(new).changes["outputs"]] == ["out.csv"]


def test_diff_needs_another_saved_run(shop, runs):
    with pytest.raises(errors.InvalidArgument, match="another saved run"):
        runs[0].diff("text")
