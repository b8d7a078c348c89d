"""Finding rows exactly, filters by what is related, the archive, and what commands say of what they did."""

from __future__ import annotations

import sys

import pytest

from lamin_lite.models.base import query


@pytest.fixture
def two_runs(shop):
    """A second version of the script with a run of its own; features of the runs."""
    latest = shop.Transform(key="make.py", kind="script", source_code="c\n").save()
    run = shop.Run(transform=latest, status="completed", params={"rate": 0.75, "opt": {"name": "adam"}})
    run.started_at = "2026-01-03"
    run.save()
    shop.Feature(name="note", dtype=str).save()
    run.features.add_values({"count": 3, "note": "2024"})
    run.projects.add(shop.Project.get(name="Atlas"))
    return shop


def uids(listed):
    return [row["uid"] for row in listed.json["rows"]]


# -- which row


def test_a_row_is_named_by_its_key_name_or_uid_alone(cli, shop):
    artifact = shop.Artifact.get(key="raw/a.csv")
    for line in (
        "get --key raw/a.csv",
        "get artifact --key raw/a.csv",
        f"get --uid {artifact.uid}",
        f"get artifacts --uid {artifact.uid[:8]}",
        f"get --uid={artifact.stem_uid}",
    ):
        assert cli(f"{line} --json").json["uid"] == artifact.uid
    assert cli("get --name Atlas --json").json["registry"] == "project"
    for line in ("get --name raw/a.csv", "get --key Atlas", f"get --key {artifact.uid}", "get --uid raw/a.csv"):
        done = cli(line)
        assert (done.code, done.out) == (1, "")
    assert "has the key 'raw/c.csv': did you mean 'raw/" in cli("get --key raw/c.csv").err


def test_a_row_is_named_once(cli, shop):
    for line in (
        "get",
        "get artifact raw/a.csv --key raw/a.csv",
        "get --key raw/a.csv --uid abcd",
        "get artefact raw/a.csv",
        "get artefact --key raw/a.csv",
    ):
        done = cli(line)
        assert (done.code, done.out) == (2, "")
        assert "usage:" in done.err


def test_a_name_that_looks_like_an_option_stands_after_two_dashes(cli, shop):
    assert cli("create project --name=-x").code == 0
    assert cli("get --json -- -x").json["name"] == "-x"
    done = cli("delete -- -x")
    assert "is in the trash" in done.err
    assert cli("restore -- -x").code == 0


def test_a_storage_is_named_by_its_path(cli, shop, workdir):
    (workdir / "more").mkdir()
    assert f"made Storage '{workdir / 'more'}'" in cli("create storage root=more").err
    for what in ("more", str(workdir / "more")):
        assert cli(f"get storage {what} --json").json["path"] == str(workdir / "more")
    assert len(uids(cli("list artifacts --json --filter storage=data"))) == 2
    assert uids(cli("list artifacts --json --filter storage=more")) == []


# -- filters


def test_a_related_row_is_named_by_what_people_call_it(cli, two_runs):
    atlas, latest = two_runs.Project.get(name="Atlas"), two_runs.Run.filter(params__rate=0.75).one()
    assert len(uids(cli("list runs --json --filter transform=make.py"))) == 2  # of all versions
    assert uids(cli(f"list runs --json --filter transform={latest.transform.uid}")) == [latest.uid]
    for text in ("projects=Atlas", f"projects={atlas.uid}", f"projects={atlas.uid[:6]}"):
        assert uids(cli(f"list runs --json --filter {text}")) == [latest.uid]
    assert cli("list runs --json --filter projects=null").json["total"] == 1
    assert cli("list runs --json --filter initiated_by_run=null created_by=nobody").json["total"] == 0
    assert cli("list artifacts --json --filter run__transform=make.py").json["total"] == 2
    assert cli("list artifacts --json --filter run=null").json["total"] == 0


def test_a_number_names_no_row_by_its_hidden_id(cli, two_runs):
    assert two_runs.Project.get(name="Atlas").id == 1
    assert cli("list runs --json --filter projects=1").json["total"] == 0


def test_a_filter_that_is_given_again_asks_for_another_related_row(cli, two_runs):
    latest = two_runs.Run.filter(params__rate=0.75).one()
    latest.projects.add(two_runs.Project(name="Zeta", abbr="z").save())
    for texts in (["projects=Atlas", "projects=Zeta"], ["projects=Zeta", "projects__abbr=z"]):
        assert uids(cli("list runs --json --filter", *texts)) == [latest.uid]
    assert uids(cli("list runs --json --filter projects=Atlas projects__abbr=z")) == []


def test_filters_know_params_features_and_branches(cli, two_runs):
    latest = two_runs.Run.filter(params__rate=0.75).one().uid
    for texts in (
        ["params__rate__gt=0.5"],
        ["params__opt__name=adam"],
        ["count=3"],
        ["count__gte=2", "note=2024"],
        ['note__in=["2024"]'],
    ):
        assert uids(cli("list run --json --filter", *texts)) == [latest]
    cli("delete raw/a.csv")
    assert [row["key"] for row in cli("list artifacts --json --filter branch=trash").json["rows"]] == ["raw/a.csv"]
    assert cli("list artifacts --json --filter branch=null").json["total"] == 2


def test_more_columns_can_be_included(cli, two_runs):
    rows = cli("list runs --json --include params__rate count projects__name").json["rows"]
    rows.sort(key=lambda row: row["params__rate"])
    assert [(row["params__rate"], row["count"], row["projects__name"]) for row in rows] == [
        (0.5, None, []),
        (0.75, 3, ["Atlas"]),
    ]
    head, first, _ = cli("list runs --include projects__name count params__nothing").out.splitlines()
    assert head.split()[-3:] == ["PROJECTS__NAME", "COUNT", "PARAMS__NOTHING"]
    assert first.split()[-2:] == ["Atlas", "3"]
    assert "did you mean 'count'" in cli("list runs --include cuont").err


def test_a_list_can_be_ordered_by_several_fields(cli, two_runs):
    for words in ("--order-by status,-started_at", "--order-by status --order-by -started_at"):
        rows = cli(f"list runs --json {words}").json["rows"]
        assert [row["params"]["rate"] for row in rows] == [0.75, 0.5]
    assert cli("list runs --order-by", "").code == 2
    assert "order by a field" in cli("list runs --order-by params__rate").err


def test_columns_without_room_are_named_and_those_asked_for_stay_longest(cli, two_runs, monkeypatch):
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    monkeypatch.setenv("COLUMNS", "60")
    done = cli("list runs --include params__rate projects__name")
    assert max(map(len, done.out.splitlines())) <= 60
    assert "PARAMS__RATE  PROJECTS__NAME" in done.out
    assert "no room for status, started at, created by: --json has all" in done.err


# -- archive and trash


def test_what_is_archived_is_hidden_and_comes_back(cli, shop):
    done = cli("archive raw/a.csv")
    assert (done.code, done.out) == (0, "")
    assert "restore artifact --uid" in done.err
    assert "is in the archive" in cli("get raw/a.csv").err
    assert [row["key"] for row in cli("list artifacts --archive --json").json["rows"]] == ["raw/a.csv"]
    assert cli("list artifacts --trash --json").json["total"] == 0
    assert cli("restore raw/a.csv --json").json["record"]["branch"]["name"] == "main"
    assert cli("archive raw/a.csv --json").json["action"] == "archived"


def test_from_the_archive_a_row_goes_to_the_trash_and_from_both_for_ever(cli, shop):
    cli("archive ulabel checked")
    assert cli("archive ulabel checked").code == 1
    assert cli("delete ulabel checked --json").json["record"]["branch"]["name"] == "trash"
    assert "is in the trash" in cli("delete ulabel checked").err
    assert cli("delete ulabel checked --permanent --yes").code == 0
    cli("archive Atlas")
    assert cli("delete Atlas --permanent --yes").code == 0
    assert shop.ULabel.filter(branch=None).count() == shop.Project.filter(branch=None).count() == 0


def test_restore_names_what_is_not_put_away(cli, shop):
    assert "Artifact 'raw/a.csv'" in cli("restore raw/a.csv").err
    assert cli("list artifacts --trash --archive").code == 2
    assert "leave --archive out" in cli("list users --archive").err


def test_a_removal_is_told_in_options_of_the_command(cli, shop):
    shop.Artifact.get(key="raw/a.csv").projects.add(shop.Project.get(name="Atlas"))
    said = cli("delete Atlas --permanent --yes").err
    assert "--permanent --force`" in said
    assert "permanent=True" not in said
    assert "`delete --permanent`" in cli("delete branch main").err
    assert "bytes" in cli("delete --help").out


# -- what was done


def test_values_of_features_are_text_where_text_is_meant(cli, shop):
    shop.Feature(name="note", dtype=str).save()
    shop.Feature(name="experiment", dtype=shop.Record.get(name="Experiment")).save()
    shop.Record(name="2024", type=shop.Record.get(name="Experiment")).save()
    line = "annotate raw/a.csv --feature note=2024 --feature experiment=2024 --feature count=2024"
    assert cli(line).code == 0
    features = cli("describe raw/a.csv --json").json["features"]
    assert features == {"count": 2024, "experiment": "2024", "note": "2024"}
    assert cli("annotate raw/a.csv --feature count=1 --feature count=2").code == 2


def test_labels_and_features_of_runs_and_labels_of_transforms(cli, shop):
    run = shop.Run.filter().one()
    for what, more in ((f"run {run.uid}", " --feature count=3"), ("make.py", "")):
        labels = "--project Atlas --ulabel checked --record Experiment1"
        assert cli(f"annotate {what} {labels}{more}").code == 0
        related = cli(f"describe {what} --json").json["related"]
        assert [related[name]["total"] for name in ("projects", "ulabels", "records")] == [1, 1, 1]
        assert cli(f"annotate {what} {labels} --remove").code == 0
        assert cli(f"describe {what} --json").json["related"]["projects"]["total"] == 0
    assert run.features.get_values() == {"count": 3}
    assert "cannot have values of features" in cli("annotate make.py --feature count=3").err


def test_only_what_was_there_is_said_to_be_taken_away(cli, shop):
    cli("annotate raw/a.csv --ulabel checked --feature count=1")
    done = cli("annotate raw/a.csv --ulabel checked --project Atlas --feature count --remove")
    assert "took ulabel 'checked', feature 'count' from Artifact" in done.err
    again = cli("annotate raw/a.csv --ulabel checked --feature count --remove")
    assert (again.code, "took nothing from Artifact" in again.err) == (0, True)
    assert cli("annotate raw/a.csv --feature nothing --remove").code == 1


def test_several_problems_are_a_line_each_and_nothing_is_written(cli, shop):
    done = cli("annotate raw/a.csv --project Atlas --feature count=many --feature cuont=1")
    first, *others = done.err.splitlines()
    assert (done.code, done.out, first.startswith("error: 2 things are wrong")) == (1, "", True)
    assert [line[:2] for line in others] == ["- ", "- "]
    assert "create feature --name cuont --dtype int`" in done.err
    assert not shop.Artifact.get(key="raw/a.csv").projects.exists()


def test_all_kinds_of_problems_of_annotate_are_told_at_once(cli, shop):
    shop.Feature(name="weight", dtype=float).save()
    line = (
        "annotate raw/a.csv --project Altas --record Experiment1 --ulabel none --feature weight=heavy --feature nope=3"
    )
    done = cli(line)
    assert (done.code, done.out) == (1, "")
    first, *others = done.err.splitlines()
    assert first == "error: 4 things are wrong, so nothing was written:"
    for each, said in zip(others, ("did you mean 'Atlas'?", "'none'", "no feature 'nope'", "weight='heavy'")):
        assert said in each
    assert not shop.Artifact.get(key="raw/a.csv").records.exists()
    done = cli("annotate raw/a.csv --ulabel none --feature nope --feature weight --remove")
    assert done.err.startswith("error: 2 things are wrong")
    assert cli("annotate main --project Atlas --feature count=1").err.count("cannot have") == 2


def test_what_is_json_is_text_where_the_feature_takes_texts(cli, shop):
    shop.Feature(name="note", dtype=str).save()
    for text in ("null", "true", "[1]", '"quoted"'):
        assert cli(f"annotate raw/a.csv --feature note={text}").code == 0
        assert shop.Artifact.get(key="raw/a.csv").features["note"] == text
    assert cli("annotate raw/a.csv --feature count=null").code == 0
    assert shop.Artifact.get(key="raw/a.csv").features["count"] is None


def test_a_day_is_looked_for_without_a_word_on_time_zones(cli, shop):
    sampled = shop.Feature(name="sampled", dtype="date").save()
    shop.Artifact.get(key="raw/a.csv").features.add_values({sampled: "2026-01-01"})
    done = cli("list artifacts --filter sampled=2026-01-01")
    assert "raw/a.csv" in done.out
    assert done.err == ""


def test_a_feature_is_of_lists_of_a_type_by_its_bare_name(cli, shop):
    assert cli("create feature --name experiments --dtype list[Experiment]").code == 0
    feature = shop.Feature.get(name="experiments")
    assert feature.dtype == shop.Feature(name="same", dtype=list[shop.Record.get(name="Experiment")]).dtype
    assert "'Experimen'" in cli("create feature --name others --dtype list[Experimen]").err


def test_create_says_what_stayed_as_it_was(cli, shop):
    done = cli("create ulabel --name checked description=new reference=R1")
    assert "found ULabel 'checked'" in done.err
    assert (
        f"update ulabel {shop.ULabel.get(name='checked').uid} description=VALUE reference=VALUE` changes it" in done.err
    )
    assert shop.ULabel.get(name="checked").description is None
    assert cli("create ulabel --name checked").err.count("\n") == 1


def test_what_every_instance_has_keeps_its_name(cli, shop):
    for line in ("update space all name=mine", "update branch trash name=bin"):
        done = cli(line)
        assert (done.code, "keeps its name" in done.err) == (1, True)
    assert cli("update space all description=everybody").code == 0
    assert cli("update project Atlas name=null").code == 1


# -- init and reap


def test_init_says_what_it_is_about_as_json(cli, workdir):
    made, again = cli("init --storage data --name mine --json").json, cli("init --json").json
    assert (made.pop("action"), again.pop("action")) == ("created", "connected")
    assert made == again == cli("info --json").json
    assert made["instance"] == "mine"


@pytest.mark.sqlite
def test_init_joins_a_storage_that_is_there(cli, workdir, monkeypatch):
    cli("init --storage data")
    cli("create project --name Ours")
    (workdir / "other").mkdir()
    monkeypatch.chdir(workdir / "other")
    assert "joined instance 'data'" in cli("init --storage ../data").err
    assert cli("get Ours").code == 0


def test_init_refuses_what_it_cannot_mean_and_makes_nothing(cli, workdir):
    (workdir / "file").write_text("x")
    for line, says in (
        ("init --db lamin.db", "is no URL"),
        ("init --db mysql://db/lab", "mysql://"),
        ("init --db postgresql://me:hunter2@db/lab", "error: "),
        ("init --storage s3://bucket/lab", "is no folder"),
        ("init --storage file", "is a file"),
    ):
        done = cli(line)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert says in done.err
        assert "hunter2" not in done.err
        assert [path.name for path in workdir.iterdir()] == ["file"]


@pytest.mark.sqlite
def test_init_changes_neither_the_name_nor_a_storage_that_lost_its_database(cli, workdir):
    cli("init --storage data")
    assert "keeps its name" in cli("init --name other").err
    assert cli("init --name data").code == 0
    (workdir / ".lamin_lite" / "instance.json").unlink()
    for file in (workdir / "data" / ".lamin_lite").glob("lamin.db*"):
        file.unlink()
    done = cli("init --storage data")
    assert (done.code, "from a backup" in done.err) == (1, True)
    assert not (workdir / "data" / ".lamin_lite" / "lamin.db").exists()


def test_reap_tells_what_it_ended_as_json(cli, shop):
    run = shop.Run(transform=shop.Transform.get(key="make.py"), status="started", started_at="2026-01-02").save()
    shown = cli("reap --dry-run --json").json
    assert (shown["dry_run"], shown["total"], uids_of(shown)) == (True, 1, [run.uid])
    ended = cli("reap --json").json
    assert (ended["action"], ended["dry_run"], uids_of(ended)) == ("ended", False, [run.uid])
    assert query(type(run), shop).filter(uid=run.uid).one().status == "aborted"
    assert cli("reap --json").json["total"] == 0


def uids_of(document):
    return [row["uid"] for row in document["rows"]]
