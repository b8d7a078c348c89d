"""``lineage`` in all its formats, to a terminal and to files."""

from __future__ import annotations

import json
import os
from xml.etree import ElementTree as ET

import pytest

from tests.cli.test_commands import cli, project

__all__ = ["cli", "project"]  # fixtures


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("svg", "<svg "),
        ("html", "<!DOCTYPE html>"),
        ("mermaid", "flowchart LR\n"),
        ("dot", "digraph "),
        ("json", "{\n"),
    ],
)
def test_each_format_goes_to_standard_output(cli, project, form, start):
    done = cli(f"lineage folder/a.csv --format {form}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(start)
    assert "folder/a.csv" in done.stdout


def test_the_suffix_of_a_file_says_the_format(cli, project):
    for name, start in (("a.svg", "<svg "), ("a.html", "<!DOCTYPE"), ("a.mmd", "flowchart"), ("a.dot", "digraph")):
        done = cli(f"lineage folder/a.csv --output {name}")
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr == f"→ wrote {project / name}\n"
        assert (project / name).read_text(encoding="utf-8").startswith(start)
    ET.parse(project / "a.svg")
    cli("lineage folder/a.csv -o a.txt")
    assert (project / "a.txt").read_text(encoding="utf-8") == cli("lineage folder/a.csv").stdout


def test_a_depth_and_no_children_make_less_of_it(cli, project):
    every = json.loads(cli("lineage folder/a.csv --format json").stdout)
    assert len(every["nodes"]) == 2
    near = json.loads(cli("lineage folder/a.csv --json --depth 0").stdout)
    assert [node["title"] for node in near["nodes"]] == ["folder/a.csv"]
    assert near["is_cut"]
    assert "What was made" not in cli("lineage folder/a.csv --no-children").stdout


FLOW = """
import lamin_lite as ln

@ln.step()
def raw(n):
    return ln.Artifact.from_object({"n": n}, key="raw.json").save()

@ln.step()
def clean(table):
    return ln.Artifact.from_object({"n": table.load(), "clean": True}, key="clean.json").save()

@ln.flow()
def whole():
    clean(raw(1))

if __name__ == "__main__":
    whole()
"""


def test_the_run_of_a_flow_has_the_lineage_of_its_steps_in_every_format(cli, project, run_python):
    (project / "flow.py").write_text(FLOW)
    assert run_python(project / "flow.py", cwd=project).returncode == 0
    rows = json.loads(cli("list run --json").stdout)["rows"]
    uid = next(row["uid"] for row in rows if row["entrypoint"] == "whole")
    for form in ("text", "svg", "html", "mermaid", "dot", "json"):
        shown = cli(f"lineage run {uid} --format {form}").stdout
        assert all(name in shown for name in ("raw.json", "clean.json", "whole")), form


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("--output a.png", 2, "no format is known by .png"),
        ("--json --format dot", 2, "exclude each other"),
        ("--format pdf", 2, "invalid choice"),
        ("--depth -1", 2, "'-1' is no number of steps"),
        ("--depth x", 2, "'x' is no number of steps"),
        ("--output nowhere/a.svg", 1, "There is no folder"),
        ("--format svg --output .", 1, "is a folder"),
    ],
)
def test_what_cannot_be_done_is_said(cli, project, line, code, said):
    done = cli(f"lineage folder/a.csv {line}")
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_there_already_is_replaced_at_once_in_every_format(cli, project):
    for name in ("a.svg", "a.html", "a.mmd", "a.dot", "a.json", "a.txt"):
        (project / name).write_text("before")
        os.link(project / name, project / "same")
        assert cli(f"lineage folder/a.csv -o {name}").returncode == 0
        assert (project / "same").read_text() == "before"  # the file was not emptied, to be written then
        assert (project / name).read_text() != "before"
        (project / "same").unlink()
    assert not [each for each in os.listdir(project) if each.startswith("a.") and each.count(".") > 1]


def test_a_file_that_only_its_owner_may_read_stays_so(cli, project):
    (project / "a.svg").write_text("before")
    (project / "a.svg").chmod(0o600)
    assert cli("lineage folder/a.csv -o a.svg").returncode == 0
    assert (project / "a.svg").stat().st_mode & 0o777 == 0o600
    assert (project / "a.svg").read_text().startswith("<svg ")


def test_a_link_stays_one_and_what_is_no_file_is_written_to(cli, project):
    (project / "a.svg").write_text("before")
    (project / "link.svg").symlink_to("a.svg")
    assert cli("lineage folder/a.csv -o link.svg").returncode == 0
    assert (project / "link.svg").is_symlink()
    assert (project / "a.svg").read_text().startswith("<svg ")
    assert cli("lineage folder/a.csv -o /dev/stdout --format svg").stdout.startswith("<svg ")
