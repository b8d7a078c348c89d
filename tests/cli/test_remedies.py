"""What commands and errors advise: commands that do it when they are typed as they stand."""

from __future__ import annotations

import itertools
import re
import shlex

import pytest

from lamin_lite.cli import registries
from lamin_lite.models.base import Manager
from lamin_lite.models.related import Links


def advised(done):
    """The arguments of the command that is advised."""
    found = re.search(r"`python -m lamin_lite ([^`]+)`", done.err)
    assert found, done.err
    return shlex.split(found[1])


# -- what comes back


def test_the_version_that_was_deleted_is_the_one_that_comes_back(cli, shop, workdir):
    (workdir / "a.csv").write_text("x\n3\n")
    latest = shop.Artifact("a.csv", key="raw/a.csv").save()
    first = latest.versions.first()
    said = [advised(cli("delete raw/a.csv")) for _ in range(2)]
    for command, row in ((said[1], first), (said[0], latest)):
        assert cli("", *command, "--json").json["record"]["uid"] == row.uid


def test_of_rows_of_one_name_the_one_that_was_deleted_comes_back(cli, shop):
    for command in ("delete", "archive"):
        cli("delete ulabel checked")
        made = cli("create ulabel --name checked --json").json["record"]["uid"]
        remedy = advised(cli(f"{command} ulabel checked"))
        assert cli("", *remedy, "--json").json["record"]["uid"] == made
    cli("delete ulabel checked")
    done = cli("get ulabel checked")
    assert "is in the trash, as ULabel " in done.err
    assert cli("", *advised(done)).code == 0


def test_an_instance_that_was_named_is_named_in_what_is_advised(cli, shop, workdir, monkeypatch):
    away = workdir.parent / "away"
    away.mkdir()
    monkeypatch.chdir(away)
    there = f"--instance {workdir}"
    assert "--instance" in advised(cli(f"load raw/a.csv {there}"))
    for line in ("delete raw/a.csv", "get raw/a.csv"):
        remedy = advised(cli(f"{line} {there}"))
        assert remedy[-2:] == ["--instance", str(workdir)]
    monkeypatch.chdir(workdir)
    assert "--instance" not in advised(cli("get raw/a.csv"))
    monkeypatch.chdir(away)
    assert cli("", *remedy).code == 0


# -- what can be said of a row


@pytest.mark.parametrize("registry", registries.known())
def test_each_registry_takes_the_labels_that_it_can_bear(cli, shop, registry):
    model = registries.known()[registry]
    row = Manager(model, shop).filter().first()
    for (name, (option, _)), more in itertools.product(registries.LABELS.items(), ("", "--remove")):
        label = {"project": "Atlas", "record": "Experiment1", "ulabel": "checked"}[option]
        done = cli(f"annotate {registry} {row.uid} --{option} {label} {more}")
        can = isinstance(model.__relations__.get(name), Links)
        assert done.code == (0 if can else 1), done.err
        assert can or f"cannot have {name}." in done.err


def test_a_relation_is_no_field_and_the_command_for_it_is_named(cli, shop):
    done = cli("update artifact raw/a.csv projects=Atlas")
    assert (
        "projects of Artifact names linked rows, and is no field: `annotate --project NAME` adds to them." in done.err
    )
    assert "`annotate" not in cli("update record Experiment records=Experiment1").err
    assert "did you mean 'name'?" in cli("update record Experiment nam=x").err


def test_a_feature_is_no_field_and_the_command_or_option_for_it_is_named(cli, shop):
    cli("create feature --name temperature --dtype float")
    remedy = r"'temperature' is a feature, no field of Artifact: `annotate ROW --feature temperature=VALUE` sets it\."
    assert re.search(remedy, cli("update artifact raw/a.csv temperature=3").err)
    assert cli("annotate raw/a.csv --feature temperature=3").code == 0
    done = cli("list artifacts --order-by temperature")
    assert "cannot be ordered by it; order by a field, and `--include` shows it." in done.err
    rows = cli("list artifacts --include temperature --order-by key --json").json["rows"]
    assert rows[0]["temperature"] == 3.0


def test_null_takes_the_tag_of_a_version_away(cli, shop):
    assert cli("update artifact raw/a.csv version=v1 --json").json["record"]["version"] == "v1"
    assert cli("update artifact raw/a.csv version=null --json").json["record"]["version"] == "0000"
    assert shop.Artifact.get(key="raw/a.csv").version_tag is None
    assert cli("update artifact raw/a.csv version=2 --json").json["record"]["version"] == "2"


def test_what_stays_as_it_was_is_said_once_with_the_command_that_changes_that_row(cli, shop):
    shop.Record(name="Other", is_type=True).save()
    cli("create record --name Experiment1 --type Other")
    done = cli("create record --name Experiment1 --type Experiment --description new")
    assert done.err.count("as it was") == 1
    assert "save it again" not in done.err
    remedy = advised(done)
    assert remedy[-1] == "description=VALUE"
    assert cli("", *remedy).code == 0
    kind = shop.Record.get(name="Experiment")
    assert shop.Record.get(name="Experiment1", type=kind).description == "VALUE"
    done = cli("create space --name all --json", "description=mine")
    assert "description: as before" in done.err
    assert cli("", *advised(done)[:-1], "description=mine").code == 0


def test_a_lock_is_ended_by_a_command(cli, shop):
    for line, registry, row in (
        ("project Atlas", "project", shop.Project.get(name="Atlas")),
        ("artifact raw/a.csv", "artifact", shop.Artifact.get(key="raw/a.csv")),
    ):
        assert cli(f"update {line} is_locked=true").code == 0
        remedy = advised(cli(f"update {line} description=new"))
        assert remedy == ["update", registry, row.uid, "is_locked=false"]
        assert cli("", *remedy).code == 0
        assert cli(f"update {line} description=new").code == 0


def test_a_name_in_the_archive_comes_back_by_a_command(cli, shop):
    cli("archive ulabel checked")
    done = cli("create ulabel --name checked")
    assert "stays hidden" in done.err
    assert advised(done)[0] == "restore"
    assert cli("", *advised(done)).code == 0


def test_a_value_of_a_feature_is_taken_away_by_a_command(cli, shop):
    shop.Feature(name="it's", dtype=shop.Record.get(name="Experiment")).save()
    shop.Artifact.get(key="raw/a.csv").features.add_values({"it's": "Experiment1"})
    cli("delete record Experiment1")
    remedy = advised(cli("delete record Experiment1 --permanent --yes"))
    assert remedy == ["annotate", "ROW", "--feature", "it's", "--remove"]
    assert cli("", "annotate", "raw/a.csv", *remedy[2:]).code == 0
    assert cli("delete record Experiment1 --permanent --yes").code == 0
