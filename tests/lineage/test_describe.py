"""All that is known of a record, as a tree."""

from __future__ import annotations

import re

import pytest

import lamin_lite as ln
from lamin_lite.lineage.describe import describe


@pytest.fixture
def instance(workdir):
    ln.init("./storage")
    ln.track(key="test.py", path=__file__, params={"learning_rate": 0.01, "deep": {"er": [1, None]}})
    (workdir / "data.bin").write_bytes(b"x" * 10_123)
    ln.Artifact("data.bin", key="data.bin", description="Ten kilobytes").save()
    ln.finish()
    yield ln.connect()
    ln.disconnect()


def test_an_artifact_tells_size_hash_path_and_run(instance):
    artifact = ln.Artifact.get(key="data.bin")
    text = artifact.describe(return_str=True)
    for fact in (artifact.uid, "10.1 KB", artifact.hash, str(artifact.path), "Ten kilobytes", "test.py(", "0000"):
        assert fact in text


def test_a_run_tells_params_outputs_environment_and_process(instance):
    text = ln.Run.filter().one().describe(return_str=True)
    for fact in (
        "learning_rate = 0.01",
        'deep = {"er": [1, null]}',
        "data.bin",
        "Environment",
        "Python 3.",
        "completed",
    ):
        assert fact in text


def test_artifacts_among_the_params_of_a_run_are_told_by_their_keys(instance):
    @ln.step()
    def count(tables, single):
        return ln.Artifact.from_object([len(tables)], key="count.json").save()

    one = ln.Artifact.get(key="data.bin")
    ln.track(key="other.py", path=__file__)
    run = count([one, one], single=one).run
    ln.finish()
    text = run.describe(return_str=True)
    assert "tables = [data.bin, data.bin]" in text
    assert "single = data.bin" in text
    assert "count(tables=[data.bin, data.bin], single=data.bin)" in text


def test_a_transform_tells_its_runs_and_source(instance):
    text = ln.Transform.get(key="test.py").describe(return_str=True)
    assert ln.Run.filter().one().uid in text
    assert "All that is known of a record" in text
    assert "more lines" in text


def test_versions_are_listed_once_there_are_two(instance, workdir):
    assert "Versions" not in ln.Artifact.get(key="data.bin").describe(return_str=True)
    (workdir / "data.bin").write_bytes(b"y")
    ln.Artifact("data.bin", key="data.bin").save()
    assert "this one" in ln.Artifact.get(key="data.bin").describe(return_str=True)


def test_long_keys_in_a_narrow_terminal_keep_their_ends_and_uids(instance, workdir, monkeypatch):
    (workdir / "a.csv").write_text("a")
    collected = ln.Collection([ln.Artifact("a.csv", key=f"{'folder/' * 20}a.csv").save()], key="all").save()
    for columns in (80, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        line = collected.describe(return_str=True).splitlines()[-1]
        assert len(line) <= min(columns, 100)
        assert re.search(r"…/(folder/)+a\.csv  \w{20}  1 B$", line)


def test_descriptions_and_calls_are_cut_in_a_narrow_terminal_and_uids_are_not(instance, workdir, monkeypatch):
    @ln.step()
    def count(first, second, third, fourth):
        return ln.Artifact.from_object([first], key="count.json", description="many words " * 15).save()

    ln.track(key="a_script_with_a_long_name_for_its_key.py", path=__file__)
    made = count("a" * 40, "b" * 40, "c" * 40, "d" * 40)
    ln.finish()
    monkeypatch.setenv("COLUMNS", "80")
    told = {}
    for row in (made, made.run):
        for line in row.describe(return_str=True).splitlines():
            name, _, value = line.strip("│├└─ ").partition(":")
            told[name, type(row).__name__] = value
            assert len(line) <= 80 or name in ("hash", "path", "transform", "Run")
    assert told["description", "Artifact"].endswith("…")
    assert told["run", "Artifact"].endswith(f"… ({made.run.uid})")
    assert told["initiated by", "Run"].endswith(f"({made.run.initiated_by_run.uid})")
    assert told["hash", "Artifact"].strip() == made.hash
    assert told["path", "Artifact"].strip() == str(made.path)


def test_describe_prints_and_returns_nothing(instance, capsys):
    assert ln.Artifact.get(key="data.bin").describe() is None
    assert capsys.readouterr().out.startswith("Artifact: data.bin\n")


def test_other_records_tell_their_fields(instance):
    assert "handle:" in (describe(instance.User.filter().first(), return_str=True) or "")
    assert "root:" in (describe(instance.Storage.filter().first(), return_str=True) or "")


def test_describing_reads_no_input_and_survives_missing_content(instance):
    artifact, run = ln.Artifact.get(key="data.bin"), ln.Run.filter().one()
    artifact.path.unlink()
    run.environment.path.unlink()
    assert "not there:" in artifact.describe(return_str=True)
    assert "not readable:" in run.describe(return_str=True)
    assert not run.input_artifacts.exists()
