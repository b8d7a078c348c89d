"""The commands that list, show, make, change, label and remove rows."""

from __future__ import annotations

import io
import json
import sys

import pytest

from lamin_lite import models
from lamin_lite.cli import COMMANDS, parser_of, reference
from tests.conftest import REPO

ESCAPE = "\x1b[31mred\x1b]0;title\x07"
ONE_ROW = ["get", "describe", "annotate", "delete", "restore"]


# -- list


def test_a_list_is_a_table_with_the_newest_first(cli, shop):
    lines = cli("list artifacts").out.splitlines()
    assert lines[0].split()[:3] == ["UID", "KEY", "SIZE"]
    assert [line.split()[1] for line in lines[1:]] == ["raw/b.csv", "raw/a.csv"]
    assert lines[1].index("4.0 KB") + 6 == lines[2].index("4 B") + 3  # numbers end in one column


@pytest.mark.parametrize("name", ["artifact", "artifacts", "Artifact", "ARTIFACTS"])
def test_registries_are_named_in_singular_and_plural_in_any_case(cli, shop, name):
    assert cli(f"list {name} --json").json["registry"] == "artifact"


def test_every_registry_can_be_listed(cli, shop):
    """W9 of the standard: a traceback for all but branches and spaces."""
    for model in models.REGISTRIES:
        listed = cli(f"list {model.__name__} --limit 0 --json").json
        assert listed["total"] == len(listed["rows"])
    assert {row["name"] for row in cli("list branches --json").json["rows"]} == {"main", "archive", "trash"}


def test_an_unknown_registry_is_wrong_usage_and_names_the_nearest(cli, shop):
    done = cli("list artefacts")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'artifacts'?" in done.err


def test_filters_are_lookups_with_values_as_json_or_text(cli, shop):
    def keys(*filters):
        rows = cli("list artifacts --order-by key --json --filter", *filters).json["rows"]
        return [row["key"] for row in rows]

    assert keys("size__lt=100") == ["raw/a.csv"]
    assert keys("key__contains=raw", "size__gt=100") == ["raw/b.csv"]
    assert keys('key__in=["raw/a.csv", "raw/b.csv"]') == ["raw/a.csv", "raw/b.csv"]
    assert keys("run__transform__key=make.py") == ["raw/a.csv", "raw/b.csv"]
    assert keys("description=null", "key=raw/a.csv") == ["raw/a.csv"]


def test_a_number_is_text_where_the_field_is_text(cli, shop):
    assert cli("create project --name 2026").code == 0
    assert cli("list projects --json --filter name=2026").json["total"] == 1
    assert cli("list projects --json --filter name=true").json["total"] == 0


def test_a_wrong_field_lookup_or_value_is_one_sentence(cli, shop):
    for text, says in (
        ("kye=a", "did you mean 'key'?"),
        ("key__contians=a", "did you mean"),
        ("size=big", "size='big'"),
    ):
        done = cli("list artifacts --filter", text)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert says in done.err


def test_a_filter_without_a_value_is_wrong_usage(cli, shop):
    for text in ("key", "=a"):
        assert cli("list artifacts --filter", text).code == 2
    for text in ("-1", "x", "1.5"):
        assert cli(f"list artifacts --limit={text}").code == 2


def test_a_cut_list_says_of_how_many(cli, shop):
    done = cli("list artifacts --limit 1")
    assert len(done.out.splitlines()) == 2
    assert "1 of 2 artifacts" in done.err
    listed = cli("list artifacts --limit 1 --json").json
    assert (listed["total"], len(listed["rows"])) == (2, 1)
    assert cli("list artifacts --limit 2").err == cli("list artifacts --limit 0").err == ""


def test_a_list_can_be_ordered_both_ways(cli, shop):
    for order, first in (("key", "raw/a.csv"), ("-key", "raw/b.csv")):
        assert cli(f"list artifacts --json --order-by {order}").json["rows"][0]["key"] == first
    assert "did you mean 'key'" in cli("list artifacts --order-by kye").err


def test_what_has_no_trash_says_so(cli, shop):
    done = cli("list users --trash")
    assert (done.code, done.out) == (1, "")
    assert "users have no trash and no archive" in done.err


def test_storages_are_shown_by_their_absolute_paths(cli, shop, workdir):
    assert str(workdir / "data") in cli("list storages").out
    assert cli("get raw/a.csv --json").json["storage"]["path"] == str(workdir / "data")


def test_an_empty_list_is_no_error(cli, shop):
    done = cli("list artifacts --filter key=nothing")
    assert (done.code, done.out) == (0, "")
    assert "no artifacts match" in done.err


def test_related_rows_are_named_by_uid_and_title(cli, shop):
    row = cli("list runs --json").json["rows"][0]
    assert row["transform"] == {"uid": shop.Transform.get(key="make.py").uid, "key": "make.py"}
    assert row["started_at"].endswith("+00:00")
    assert "id" not in row
    assert row["params"] == {"rate": 0.5}


# -- get and describe


def test_a_row_is_found_by_key_name_uid_and_start_of_uid(cli, shop):
    artifact = shop.Artifact.get(key="raw/a.csv")
    for what in ("raw/a.csv", artifact.uid, artifact.uid[:8]):
        found = cli(f"get {what} --json").json
        assert (found["registry"], found["uid"], found["version"]) == ("artifact", artifact.uid, "0000")
    assert cli("get Atlas --json").json["registry"] == "project"
    assert cli("get main --json").json["registry"] == "branch"
    assert cli(f"get run {shop.Run.filter().one().uid[:4]} --json").json["registry"] == "run"


def test_fields_are_an_aligned_list_without_empty_ones(cli, shop):
    lines = cli("get Experiment1").out.splitlines()
    assert lines[0].split() == ["registry:", "record"]
    assert len({len(line) - len(line.partition(":")[2].lstrip()) for line in lines}) == 1
    assert any(line.startswith("type:") and "Experiment (" in line for line in lines)
    assert not any(line.startswith("description:") for line in lines)


def test_source_code_is_one_line_among_the_fields(cli, shop):
    assert "a … (2 lines)" in cli("get make.py").out


def test_of_several_versions_the_latest_is_meant(cli, shop, workdir):
    (workdir / "a.csv").write_text("x\n3\n")
    latest = shop.Artifact(workdir / "a.csv", key="raw/a.csv").save()
    first = shop.Artifact.filter(key="raw/a.csv", is_latest=False).one()
    assert cli("get raw/a.csv --json").json["uid"] == latest.uid
    assert cli(f"get {latest.stem_uid} --json").json["uid"] == latest.uid
    assert cli(f"get {first.uid} --json").json["uid"] == first.uid


def test_a_name_in_two_registries_is_ambiguous_and_the_registry_decides(cli, shop):
    """W8 of the standard: the registry was guessed from the suffix."""
    shop.Transform(key="raw/a.csv", kind="pipeline").save()
    done = cli("get raw/a.csv")
    assert (done.code, done.out) == (1, "")
    assert shop.Artifact.get(key="raw/a.csv").uid in done.err
    assert shop.Transform.get(key="raw/a.csv").uid in done.err
    assert "`artifact raw/a.csv`" in done.err
    assert cli("get transform raw/a.csv --json").json["registry"] == "transform"
    assert cli("get --json artifact raw/a.csv").json["registry"] == "artifact"


def test_a_name_in_two_types_is_ambiguous_and_the_uid_decides(cli, shop):
    other = shop.Record(name="Experiment1").save()
    assert "say which by its uid" in cli("get Experiment1").err
    assert cli(f"get {other.uid} --json").json["type"] is None


def test_an_unknown_row_names_what_is_like_it(cli, shop):
    for line in ("get raw/c.csv", "describe raw/c.csv", "delete raw/c.csv --yes", "update artifact raw/c.csv key=a"):
        done = cli(line)
        assert (done.code, done.out) == (1, "")
        assert "did you mean 'raw/" in done.err
    assert "list projects` shows" in cli("get project zzzz").err


def test_three_characters_of_a_uid_are_no_name(cli, shop):
    assert cli(f"get {shop.Artifact.get(key='raw/a.csv').uid[:3]}").code == 1


def test_describe_as_json_has_related_rows(cli, shop):
    shop.Artifact.get(key="raw/a.csv").projects.add(shop.Project.get(name="Atlas"))
    found = cli("describe raw/a.csv --json").json
    assert found["related"]["projects"]["total"] == 1
    assert found["related"]["projects"]["rows"][0]["name"] == "Atlas"
    assert found["path"].endswith(".csv")
    assert found["run"]["transform"] == "make.py"


def test_every_kind_of_row_can_be_described_as_json(cli, shop):
    for model in models.REGISTRIES:
        for row in cli(f"list {model.__name__} --json").json["rows"]:
            assert cli(f"describe {model.__name__} {row['uid']} --json").json["uid"] == row["uid"]


def test_lineage_as_json_has_nodes_and_edges(cli, shop):
    artifact, run = shop.Artifact.get(key="raw/a.csv"), shop.Run.filter().one()
    with shop.database.write("link") as tx:
        tx.insert_new(
            "run_artifact", {"run_id": run.id, "artifact_id": artifact.id, "role": "created", "created_at": 1}
        )
    graph = cli("lineage raw/a.csv --json").json
    assert graph["root"] == artifact.uid
    assert {node["uid"]: node["kind"] for node in graph["nodes"]} == {artifact.uid: "artifact", run.uid: "run"}
    assert graph["edges"] == [{"source": run.uid, "target": artifact.uid, "role": "created"}]
    assert "has no lineage" in cli("lineage Atlas").err


# -- create and update


def test_create_makes_a_row_once(cli, shop):
    first = cli("create project --name New url=https://example.org --description 2026 --json").json
    again = cli("create project --name New --json").json
    assert (first["action"], again["action"]) == ("created", "found")
    assert first["record"] == again["record"]
    assert first["record"]["description"] == "2026"
    assert shop.Project.get(name="New").url == "https://example.org"


def test_create_takes_a_type_by_its_name(cli, shop):
    assert cli("create record --name Sample --is-type").code == 0
    done = cli("create records", "--name", "Sample 1", "--type", "Sample", "reference=S1")
    assert done.code == 0
    assert "made Record 'Sample 1'" in done.err
    assert shop.Record.get(name="Sample 1").type == shop.Record.get(name="Sample")


def test_create_with_what_is_wrong_makes_nothing(cli, shop):
    before = shop.Record.filter().count()
    for line, says in (
        ("create record --name A --type Nothing", "list records` shows"),
        ("create record --name A --type checked", "No record"),
        ("create record --name A --type Experiment1", "is no type"),
        ("create record --name A refrence=1", "did you mean 'reference'?"),
        ("create project --name A --dtype int", "Project has no field 'dtype'"),
    ):
        done = cli(line)
        assert (done.code, done.out) == (1, "")
        assert says in done.err
    for line in ("create record", "create run --name A", "create artifact --name A", "create record --name A name=B"):
        assert cli(line).code == 2
    assert shop.Record.filter().count() == before


def test_features_are_made_with_dtypes_and_types_of_records(cli, shop):
    assert cli("create feature --name temperature --dtype float unit=C default=20").code == 0
    assert cli("create feature --name experiment --dtype Experiment").code == 0
    feature = shop.Feature.get(name="temperature")
    assert (feature.dtype, feature.unit, feature.default) == ("float", "C", 20)
    assert "Experiment" in cli("list features").out
    assert "did you mean float" in cli("create feature --name other --dtype flot").err


def test_update_changes_fields_and_says_which(cli, shop):
    done = cli("update project Atlas", "description=all of them", "url=null")
    assert done.code == 0
    assert "changed description, url of Project 'Atlas'" in done.err
    assert shop.Project.get(name="Atlas").description == "all of them"
    assert cli("update record Experiment1 type=null --json").json["record"]["type"] is None
    assert cli("update artifact raw/a.csv version=v1 key=new/a.csv --json").json["record"]["version"] == "v1"
    assert shop.Artifact.get(key="new/a.csv").version == "v1"


def test_what_was_recorded_cannot_be_updated(cli, shop):
    for field in ("hash=x", "uid=x", "size=1", "created_at=2026-01-01", "branch=1", "id=1", "nothing=1", "stem=x"):
        done = cli("update artifact raw/a.csv description=changed", field)
        assert (done.code, done.out) == (1, "")
    assert shop.Artifact.get(key="raw/a.csv").description is None
    assert cli("update artifact raw/a.csv").code == 2
    assert cli("update raw/a.csv description=x").code == 2


# -- annotate


def test_annotate_adds_and_takes_away_labels(cli, shop):
    labels = "--project Atlas --ulabel checked --record Experiment1"
    done = cli(f"annotate raw/a.csv {labels}")
    assert "added project 'Atlas', record 'Experiment1', ulabel 'checked' to Artifact 'raw/a.csv'" in done.err
    artifact = shop.Artifact.get(key="raw/a.csv")
    assert [artifact.projects.one().name, artifact.records.one().name, artifact.ulabels.one().name] == [
        "Atlas",
        "Experiment1",
        "checked",
    ]
    assert cli(f"annotate {labels} raw/a.csv --remove --json").json["action"] == "unannotated"
    assert not artifact.projects.exists()
    assert not artifact.ulabels.exists()


def test_annotate_does_all_or_nothing(cli, shop):
    done = cli("annotate raw/a.csv --project Atlas --ulabel chekced")
    assert (done.code, done.out) == (1, "")
    assert "did you mean 'checked'?" in done.err
    assert cli("annotate raw/a.csv --project Atlas --feature nothing=1").code == 1
    assert not shop.Artifact.get(key="raw/a.csv").projects.exists()


def test_annotate_without_a_label_is_wrong_usage(cli, shop):
    for line in ("annotate raw/a.csv", "annotate raw/a.csv --feature a", "annotate raw/a.csv --feature a=1 --remove"):
        done = cli(line)
        assert (done.code, done.out) == (2, "")
        assert "usage:" in done.err


def test_annotate_of_what_cannot_have_labels_is_an_error(cli, shop):
    assert "cannot have" in cli("annotate main --project Atlas").err
    assert "cannot have" in cli("annotate Atlas --feature a=1").err


def test_annotate_sets_and_removes_values_of_features(cli, shop):
    cli("create feature --name temperature --dtype float")
    cli("create feature --name experiment --dtype Experiment")
    line = "annotate raw/a.csv --feature temperature=21.5 --feature experiment=Experiment1"
    assert cli(line).code == 0
    assert cli("describe raw/a.csv --json").json["features"] == {"temperature": 21.5, "experiment": "Experiment1"}
    assert cli("list artifacts --json --filter temperature__gt=21").json["total"] == 1
    assert "temperature='warm'" in cli("annotate raw/a.csv --feature temperature=warm").err
    assert cli("annotate raw/a.csv --feature temperature --remove").code == 0
    assert cli("describe raw/a.csv --json").json["features"] == {"experiment": "Experiment1"}


# -- delete and restore


def test_delete_asks_nothing_and_restore_undoes_it(cli, shop):
    done = cli("delete raw/a.csv")
    assert done.code == 0
    assert "restore artifact --uid" in done.err
    assert "is in the trash" in cli("get raw/a.csv").err
    assert cli("list artifacts --json").json["total"] == 1
    assert cli("list artifacts --trash --json").json["rows"][0]["key"] == "raw/a.csv"
    assert cli("restore raw/a.csv --json").json["record"]["branch"]["name"] == "main"
    assert cli("get raw/a.csv").code == 0


def test_restore_of_what_is_not_in_the_trash_is_an_error(cli, shop):
    assert "in the trash" in cli("restore raw/a.csv").err
    assert cli("restore raw/a.csv").code == 1


def test_what_has_no_trash_cannot_be_deleted(cli, shop):
    assert cli("delete branch main").code == 1


def test_nothing_is_lost_for_ever_without_a_terminal_or_yes(cli, shop):
    """W7 of the standard: it asked without a terminal, and had no --yes."""
    done = cli("delete raw/a.csv --permanent")
    assert (done.code, done.out) == (1, "")
    assert "--yes" in done.err
    assert cli("get raw/a.csv").code == 0


def test_with_yes_a_row_is_removed_also_from_the_trash(cli, shop):
    assert cli("delete ulabel checked --permanent --yes --json").json["action"] == "deleted"
    cli("delete Atlas")
    assert cli("delete Atlas --permanent --yes").code == 0
    assert shop.Project.filter(branch=None).count() == shop.ULabel.filter(branch=None).count() == 0
    assert cli("restore Atlas").code == 1


def test_what_refers_to_a_row_is_named_before_it_is_lost(cli, shop):
    cli("annotate raw/a.csv --project Atlas")
    done = cli("delete Atlas --permanent --yes")
    assert (done.code, done.out) == (1, "")
    assert "1 artifact" in done.err
    assert cli("delete Atlas --force").code == 2
    assert cli("delete Atlas --permanent --force --yes").code == 0
    assert cli("get raw/a.csv").code == 0


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("\n", 1), ("n\n", 1), ("", 1)])
def test_in_a_terminal_it_is_asked_once_with_no_as_default(cli, shop, monkeypatch, answer, code):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer + "y\ny\n" if answer else ""))
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: True, raising=False)
    done = cli("delete ulabel checked --permanent")
    assert done.code == code
    assert done.err.count("[y/N]") == 1
    assert shop.ULabel.filter(name="checked").exists() is (code == 1)


# -- search and settings


def test_search_finds_in_all_registries_the_best_first(cli, shop):
    found = cli("search experiment1 --json").json
    assert found["rows"][0]["title"] == "Experiment1"
    assert [row["title"] for row in cli("search experimnt --registry record --json").json["rows"]]
    assert cli("search raw/a.csv").out.splitlines()[1].split()[0] == "artifact"
    done = cli("search zzzzzzzzzz")
    assert (done.code, done.out) == (0, "")


def test_settings_as_json(cli, shop, workdir):
    (workdir / "code").mkdir()
    assert cli("settings get dev-dir --json").json == {"dev-dir": None}
    assert cli("settings set dev-dir code --json").json == {"dev-dir": str(workdir / "code")}
    assert cli("settings unset dev-dir --json").json == {"dev-dir": None}


# -- all commands


def test_escape_sequences_in_names_never_reach_the_terminal(cli, shop):
    shop.Project(name=ESCAPE, description=ESCAPE).save()
    shop.ULabel(name=ESCAPE).save()
    uid = shop.Project.get(name=ESCAPE).uid
    lines = [
        ["list", "projects"],
        ["list", "projects", "--json"],
        ["get", uid],
        ["get", uid, "--json"],
        ["get", ESCAPE],
        ["get", ESCAPE + "x"],
        ["describe", uid],
        ["describe", uid, "--json"],
        ["update", "project", uid, "abbr=x"],
        ["annotate", "raw/a.csv", "--project", uid],
        ["describe", "raw/a.csv"],
        ["search", "red"],
        ["delete", "project", uid, "--permanent", "--yes"],
        ["delete", "project", uid],
        ["get", "project", ESCAPE],
        ["restore", uid],
    ]
    for words in lines:
        done = cli("", *words)
        shown = done.out + done.err
        assert shown
        assert all(char.isprintable() or char == "\n" for char in shown), words


def test_wide_characters_keep_the_columns_aligned(cli, shop):
    shop.Project(name="細胞", description="cells").save()
    lines = cli("list projects").out.splitlines()
    assert lines[1].index(" cells") + 2 == lines[2].index(" cells")  # two of the characters take two columns each


def test_a_narrow_terminal_gets_a_narrow_table(cli, shop, monkeypatch):
    uid = shop.Project(name="long " * 20, description="word " * 50).save().uid
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    for columns in (80, 60, 40):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = cli("list projects").out.splitlines()
        assert max(map(len, lines)) <= columns
        assert uid in lines[1]
        assert len(cli("list artifacts").out.splitlines()) == 3


def test_numbers_that_json_lacks_are_text(cli, shop):
    run = shop.Run.filter().one()
    run.params = {"rate": float("nan"), "most": float("inf")}
    run.save()
    assert cli(f"get run {run.uid} --json").json["params"] == {"rate": "nan", "most": "inf"}


def test_options_may_stand_anywhere(cli, shop):
    for words in ("get --json artifact raw/a.csv", "get artifact --json raw/a.csv", "get artifact raw/a.csv --json"):
        assert cli(words).json["key"] == "raw/a.csv"
    assert cli("create --name A project url=x --json").json["record"]["url"] == "x"


def test_an_unknown_command_names_the_nearest(cli):
    done = cli("lits")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'list'?" in done.err


def test_the_overview_is_a_line_a_command_and_little_more(cli):
    lines = cli("--help").out.splitlines()
    assert len(lines) <= len(COMMANDS) + 8
    assert max(map(len, lines)) <= 80
    assert all(any(line.startswith(f"  {command} ") for line in lines) for command in COMMANDS)


def test_every_new_command_has_json_and_instance(cli):
    for command in (*ONE_ROW, "list", "search", "create", "update", "lineage", "info"):
        options = {option for action in parser_of(command)._actions for option in action.option_strings}
        assert {"--json", "--instance"} <= options, command


def test_another_instance_can_be_named(cli, shop, workdir, monkeypatch):
    monkeypatch.chdir("/")
    assert cli(f"list artifacts --json --instance {workdir}").json["total"] == 2
    assert cli("list artifacts").code == 1


def test_the_page_of_commands_is_made_from_the_parsers():
    page = (REPO / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == reference.reference(), "make it anew: python -m lamin_lite.cli.reference > docs/cli.md"
    assert all(f"\n## {command}\n" in page for command in COMMANDS)


def test_a_real_process_lists_and_deletes_without_a_terminal(run_python, shop, workdir):
    (workdir / "track.py").write_text("import lamin_lite as ln\nln.track(params={'rate': 0.25})\nln.finish()\n")
    assert run_python(workdir / "track.py", cwd=workdir).returncode == 0
    done = run_python("-m lamin_lite list runs --json --filter params__rate__lt=0.5 status=completed", cwd=workdir)
    assert json.loads(done.stdout)["total"] == 1
    done = run_python("-m lamin_lite delete raw/a.csv --permanent", cwd=workdir)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert run_python("-m lamin_lite delete raw/a.csv", cwd=workdir).returncode == 0
    assert run_python("-m lamin_lite list artifacts", cwd=workdir, env={"PYTHONIOENCODING": "ascii"}).returncode == 0
