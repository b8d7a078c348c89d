"""Saving files and sources, and getting them back as files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lamin_lite.capture.source import source_of_file
from lamin_lite.instance import Instance
from lamin_lite.tracking import transforms
from tests.conftest import REPO, clean_environ

SCRIPT = "import lamin_lite as ln\nln.track()\nln.finish()\n"
SECRET = 'password = "hunter2hunter2"\n'


@pytest.fixture
def store(workdir):
    return Instance.init(workdir, storage="data")


def notebook(*cells, title="A title"):
    heading = {"cell_type": "markdown", "metadata": {}, "source": [f"# {title}"]}
    code = [
        {"cell_type": "code", "metadata": {}, "execution_count": 3, "outputs": [{"name": "x"}], "source": cell}
        for cell in cells
    ]
    return json.dumps({"cells": [heading, *code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def saved(done):
    return done.json["record"]


# -- save


def test_a_file_is_saved_under_its_name_and_once(cli, store, workdir):
    (workdir / "a.txt").write_text("one")
    done = cli("save a.txt")
    assert (done.code, done.out) == (0, "")
    row = store.Artifact.get(key="a.txt")
    assert done.err == f"→ saved Artifact 'a.txt' ({row.uid})\n"
    assert cli("save a.txt").err == f"→ unchanged: the same content is Artifact 'a.txt' ({row.uid}) already\n"
    (workdir / "a.txt").write_text("two")
    assert cli("save a.txt --json").json["action"] == "new version"
    assert store.Artifact.get(key="a.txt").stem_uid == row.stem_uid


def test_what_is_said_of_a_file_is_kept(cli, store, workdir):
    store.Project(name="Atlas").save()
    store.Space(name="Team").save()
    (workdir / "a.txt").write_text("one")
    cli("save a.txt --key t/b.txt --kind dataset --project Atlas --space Team", "--description", "An example")
    row = store.Artifact.get(key="t/b.txt")
    assert (row.description, row.kind, row.space.name) == ("An example", "dataset", "Team")
    assert row.projects.one().name == "Atlas"


def test_a_folder_is_one_artifact(cli, store, workdir):
    (workdir / "results").mkdir()
    (workdir / "results" / "a.txt").write_text("one")
    assert saved(cli("save results --json"))["n_files"] == 1
    assert saved(cli("save results/ --key study --json"))["key"] == "study"


def test_without_a_key_it_is_the_path_in_the_development_directory(cli, store, workdir):
    store.settings.dev_dir = workdir
    (workdir / "sub").mkdir()
    for name in ("a.txt", "b.py"):
        (workdir / "sub" / name).write_text("one = 1\n")
        assert saved(cli(f"save sub/{name} --json"))["key"] == f"sub/{name}"


def test_scripts_and_notebooks_become_transforms_unless_one_says_otherwise(cli, store, workdir):
    (workdir / "s.py").write_text(SCRIPT)
    (workdir / "n.ipynb").write_text(notebook("x = 1"))
    assert saved(cli("save s.py --json"))["kind"] == "script"
    row = saved(cli("save n.ipynb --json"))
    assert (row["registry"], row["kind"], row["description"]) == ("transform", "notebook", "A title")
    assert "unchanged" in cli("save n.ipynb").err
    assert saved(cli("save s.py --registry artifact --json"))["registry"] == "artifact"
    (workdir / "a.txt").write_text("x")
    assert saved(cli("save a.txt --registry transform --json"))["registry"] == "transform"


def test_a_transform_keeps_the_key_that_it_was_saved_under(cli, store, workdir):
    (workdir / "s.py").write_text(SCRIPT)
    row = saved(cli("save s.py --key templates/t.py --description What --json"))
    assert (row["key"], row["description"]) == ("templates/t.py", "What")
    (workdir / "s.py").write_text(SCRIPT + "2\n")
    again = saved(cli("save s.py --json"))
    assert (again["key"], again["uid"]) == ("templates/t.py", row["uid"][:12] + "0001")


def test_what_is_changed_of_a_known_source_is_written_and_said(cli, store, workdir):
    store.Project(name="Atlas").save()
    store.Space(name="Team").save()
    (workdir / "a.R").write_text("x <- 1\n")
    uid = saved(cli("save a.R --json"))["uid"]
    for more, what in (
        ("--description new", "description"),
        ("--kind pipeline", "kind"),
        ("--key b.R", "key"),
        ("--project Atlas", "projects"),
        ("--space Team", "space"),
    ):
        done = cli(f"save a.R {more}")
        assert (done.code, f"changed {what} of Transform" in done.err) == (0, True), done.err
        assert cli(f"save a.R {more} --json").json["action"] == "unchanged"
    row = store.Transform.get(uid)
    assert (row.description, row.kind, row.key, row.space.name) == ("new", "pipeline", "b.R", "Team")
    assert row.projects.one().name == "Atlas"
    assert cli("save a.R --kind script --description old --json").json["action"] == "updated"
    assert store.Transform.filter().count() == 1


def test_a_kind_that_there_is_not_is_refused_also_of_a_known_source(cli, store, workdir):
    (workdir / "a.R").write_text("x <- 1\n")
    cli("save a.R")
    done = cli("save a.R --kind foo --key b.R")
    assert (done.code, "'foo'" in done.err) == (1, True)
    assert store.Transform.filter().one().key == "a.R"


def test_what_is_changed_of_a_known_file_is_said(cli, store, workdir):
    store.Project(name="Atlas").save()
    (workdir / "a.txt").write_text("one")
    cli("save a.txt")
    done = cli("save a.txt --kind dataset --description new --project Atlas")
    assert "changed kind, description, projects of Artifact 'a.txt'" in done.err
    assert "unchanged" in cli("save a.txt --kind dataset --description new --project Atlas").err
    assert "unchanged" in cli("save a.txt").err


def test_what_cannot_be_saved_is_said_in_one_sentence(cli, store, workdir):
    (workdir / "a.txt").write_text("one")
    (workdir / "n.ipynb").write_text(notebook("x = 1"))
    (workdir / "dang").symlink_to("nowhere")
    store.Project(name="Atlas").save()
    for line, code, said in (
        ("save b.txt", 1, "There is no file or folder 'b.txt': did you mean 'a.txt'?"),
        ("save dang", 1, "dang is a link to nowhere, which is not there: correct the link."),
        ("save nothing-like-it", 1, "There is no file or folder 'nothing-like-it': correct the path."),
        ("save a.txt --project Atlsa", 1, "There is no project 'Atlsa': did you mean 'Atlas'?"),
        ("save a.txt --space X", 1, "There is no space 'X'"),
        ("save a.txt --key /b.txt", 1, "is absolute"),
        ("save a.txt --key b.csv", 1, "take 'b.txt'"),
        ("save https://example.org/a.txt", 1, "is a URL"),
        ("save . --registry transform", 1, "is a folder"),
        ("save n.ipynb --description Other", 1, "has the title 'A title'"),
        ("save a.txt --registry nothing", 2, "invalid choice"),
        ("save", 2, "usage:"),
    ):
        done = cli(line)
        assert (done.code, done.out) == (code, ""), done.err
        assert said in done.err
        assert len(done.err.splitlines()) == 1 or code == 2
    assert store.Artifact.filter().count() == store.Transform.filter().count() == 0


# -- load: sources


def test_a_source_is_written_under_its_key_into_the_development_directory(cli, store, workdir):
    store.settings.dev_dir = workdir
    (workdir / "sub").mkdir()
    (workdir / "sub" / "s.py").write_bytes("# coding: latin-1\r\nx = 'é'\r\n".encode("latin-1"))
    before = (workdir / "sub" / "s.py").read_bytes()
    cli("save sub/s.py")
    (workdir / "sub" / "s.py").unlink()
    (workdir / "sub").rmdir()
    (workdir / "elsewhere").mkdir()
    os.chdir("elsewhere")
    done = cli("load --key sub/s.py")
    assert done.out == f"{workdir / 'sub' / 's.py'}\n"
    assert (workdir / "sub" / "s.py").read_bytes() == before


def test_the_same_content_is_no_conflict_and_other_content_is_kept(cli, store, workdir):
    (workdir / "s.py").write_text(SCRIPT)
    uid = saved(cli("save s.py --json"))["uid"]
    done = cli("load s.py")
    assert (done.code, done.out) == (0, f"{workdir / 's.py'}\n")
    assert "here already" in done.err
    (workdir / "s.py").write_text("mine")
    done = cli("load s.py")
    assert (done.code, done.out) == (1, "")
    assert f"is there with other content than transform 's.py' ({uid}): --force replaces it" in done.err
    assert (workdir / "s.py").read_text() == "mine"
    os.chmod("s.py", 0o755)
    assert cli("load s.py --force --json").json["action"] == "written"
    assert (workdir / "s.py").read_text() == SCRIPT
    assert os.access("s.py", os.X_OK)


def test_a_notebook_is_made_anew_without_outputs_and_one_with_outputs_is_the_same(cli, store, workdir):
    (workdir / "n.ipynb").write_text(notebook("x = 1"))
    cli("save n.ipynb")
    before = (workdir / "n.ipynb").read_text()
    assert "here already" in cli("load n.ipynb").err
    assert (workdir / "n.ipynb").read_text() == before
    assert cli("load n.ipynb --to copies/").code == 0
    made = json.loads((workdir / "copies" / "n.ipynb").read_text())
    assert [cell["source"] for cell in made["cells"]] == ["# A title", "x = 1"]
    assert made["cells"][1]["outputs"] == []
    assert "unchanged" in cli("save copies/n.ipynb").err


def test_an_earlier_version_is_loaded_by_its_tag_or_number_or_uid(cli, store, workdir):
    for text in ("one", "two"):
        (workdir / "s.py").write_text(text)
        uid = saved(cli("save s.py --json"))["uid"]
    cli(f"update transform {uid} version=v2")
    for line, text in (("s.py --version 0000", "one"), ("s.py --version v2", "two"), (f"--uid {uid[:12]}", "two")):
        assert cli(f"load {line} --to out.py --force").code == 0
        assert (workdir / "out.py").read_text() == text
    assert "has no version 'v3': there are 0000, v2." in cli("load s.py --version v3").err


@pytest.mark.parametrize("name", ["s.py", "n.ipynb"])
def test_a_loaded_template_goes_on_as_the_same_transform_wherever_it_is_changed(cli, store, workdir, name):
    (workdir / "one").mkdir()
    (workdir / "two").mkdir()
    for text in (SCRIPT, notebook("x = 1")):
        (workdir / "one" / ("s.py" if text == SCRIPT else "n.ipynb")).write_text(text)
    stem = saved(cli(f"save one/{name} --json"))["uid"][:12]
    os.chdir("two")
    cli(f"load {name} --to other-{name}")
    copy = workdir / "two" / f"other-{name}"
    copy.write_text(SCRIPT + "2\n" if name == "s.py" else notebook("x = 2"))
    made, new = transforms.resolve(store, source_of_file(str(copy)))
    assert (made.uid, made.key, new) == (f"{stem}0001", name, True)
    original = source_of_file(str(workdir / "one" / name))
    assert transforms.resolve(store, original)[0].uid == f"{stem}0000"


def test_a_loaded_script_runs_as_a_run_or_a_new_version_of_the_same_transform(cli, store, workdir, run_python):
    (workdir / "s.py").write_text(SCRIPT)
    stem = saved(cli("save s.py --json"))["uid"][:12]
    (workdir / "two").mkdir()
    os.chdir("two")
    script = workdir / "two" / "s.py"
    assert cli("load s.py").out == f"{script}\n"
    for more in ("", "print(2)\n"):
        script.write_text(SCRIPT + more)
        done = run_python(script, cwd=workdir / "two")
        assert done.returncode == 0, done.stderr
    assert [run.transform.uid for run in store.Run.filter().order_by("id")] == [f"{stem}0000", f"{stem}0001"]


# -- load: masked sources


def test_a_masked_source_is_taken_from_the_file_that_still_has_it(cli, store, workdir):
    (workdir / "s.py").write_text(SECRET)
    cli("save s.py")
    assert "hunter2" not in store.Transform.get(key="s.py").source_code
    assert cli("load s.py --to copy.py").code == 0
    assert (workdir / "copy.py").read_text() == SECRET


def test_a_masked_source_that_is_nowhere_is_refused(cli, store, workdir):
    (workdir / "s.py").write_text(SECRET)
    cli("save s.py")
    (workdir / "s.py").unlink()
    done = cli("load s.py")
    assert (done.code, done.out) == (1, "")
    assert "is masked, as it holds secrets" in done.err
    assert len(done.err.splitlines()) == 1
    assert not (workdir / "s.py").exists()


def test_a_masked_source_is_taken_from_the_commit_of_its_run(cli, store, workdir, run_python):
    script = workdir / "s.py"
    script.write_text(SCRIPT + SECRET)
    for words in (["init", "-q"], ["add", "s.py"], ["commit", "-qm", "x"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *identity, *words], cwd=workdir, check=True)
    assert run_python(script, cwd=workdir).returncode == 0
    script.unlink()
    assert cli("load s.py").code == 0
    assert script.read_text() == SCRIPT + SECRET


# -- load: data


def test_an_artifact_is_named_where_it_is_stored_or_copied(cli, store, workdir):
    (workdir / "a.txt").write_text("one")
    cli("save a.txt --key t/a.txt")
    row = store.Artifact.get(key="t/a.txt")
    assert cli("load t/a.txt").out == f"{row.path}\n"
    (workdir / "out").mkdir()
    for to, path in (("out", "out/a.txt"), ("new/", "new/a.txt"), ("b.txt", "b.txt")):
        assert cli(f"load t/a.txt --to {to}").out == f"{workdir / path}\n"
        (workdir / path).write_text("mine")  # which a copy allows
        assert cli(f"load t/a.txt --to {path}").code == 1
        assert (workdir / path).read_text() == "mine"
        assert cli(f"load t/a.txt --to {path} --force").code == 0
        assert "here already" in cli(f"load t/a.txt --to {path}").err
    assert row.path.read_text() == "one"


def test_a_place_that_takes_no_files_is_named_as_it_was_given(cli, store, workdir):
    (workdir / "a.txt").write_text("one")
    cli("save a.txt")
    done = cli("load a.txt --to /proc/foo")
    assert done.code == 1
    assert "/proc/foo" in done.err
    assert "/proc/foo." not in done.err.replace("/proc/foo: ", "")


def test_what_is_no_file_is_neither_read_nor_replaced(cli, store, workdir):
    (workdir / "a.txt").write_text("one")
    (workdir / "s.py").write_text(SCRIPT)
    for name in ("a.txt", "s.py"):
        cli(f"save {name}")
    os.mkfifo(workdir / "pipe")
    (workdir / "link").symlink_to("pipe")
    (workdir / "dang").symlink_to("nowhere")
    before = {path.name: path.lstat() for path in workdir.iterdir()}
    for name in ("a.txt", "s.py"):
        for to, said in (("pipe", "is a pipe"), ("link", "is a pipe"), ("dang", "is a link that leads to nothing")):
            for more in ("", "--force"):
                done = cli(f"load {name} --to {to} {more}")
                assert (done.code, done.out) == (1, "")
                assert f"{workdir / to} {said}" in done.err
                assert "name another place by --to" in done.err
    assert {path.name: path.lstat() for path in workdir.iterdir()}.keys() == before.keys()


def test_a_copy_of_a_folder_needs_no_room_in_the_cache(cli, store, workdir):
    results = workdir / "results"
    (results / "sub" / "empty").mkdir(parents=True)
    (results / "run.sh").write_text("exit\n")
    (results / "run.sh").chmod(0o755)
    (results / "sub" / "link").symlink_to("../run.sh")
    row = saved(cli("save results --json"))
    assert cli("load results --to out").code == 0
    assert not os.path.exists(store.cache_dir)
    assert saved(cli("save out --json"))["hash"] == row["hash"]
    assert all(os.access(path, os.W_OK) and path.stat().st_mode & 0o200 for path in (workdir / "out").rglob("*"))


READER = """
import importlib, os, pkgutil, sys
import lamin_lite
for module in pkgutil.walk_packages(lamin_lite.__path__, "lamin_lite."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from lamin_lite.cli import main
lamin_lite.Instance.init("warm").Artifact("results", key="results").save()
for more in (["results"], ["results", "--to", "warm/copy"], ["nothing"]):  # what is imported late is imported now
    main(["load", *more, "--instance", "warm"])
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
print(main(["load", "results"]), main(["load", "results", "--to", "own/results"]))
os.environ["LAMIN_LITE_CACHE_DIR"] = os.path.abspath("own/cache")
print(main(["load", "results"]))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")
def test_a_reader_copies_a_folder_and_is_told_how_to_see_it_in_place(home):
    place = Path(tempfile.mkdtemp())
    try:
        for name, mode in (("results", 0o755), ("own", 0o777), ("warm", 0o755), (".", 0o755)):
            (place / name).mkdir(exist_ok=True)
            os.chmod(place / name, mode)
        (place / "results" / "a.txt").write_text("one")
        store = Instance.init(place)
        digest = store.Artifact(place / "results", key="results").save().hash
        store.database.close()
        environ = {**clean_environ(home), "PYTHONPATH": str(REPO), "LAMIN_LITE_INSTANCE": str(place)}
        done = subprocess.run(
            [sys.executable, "-c", READER], cwd=place, env=environ, capture_output=True, text=True, check=False
        )
        assert done.stdout.splitlines() == [
            f"{place}/warm/storage/.lamin_lite/cache/folders/{digest}",
            f"{place}/warm/copy",
            f"{place}/own/results",
            "1 0",
            f"{place}/own/cache/folders/{digest}",
            "0",
        ], done.stderr
        assert "set LAMIN_LITE_CACHE_DIR to a folder of your own" in done.stderr
        assert (place / "own/results/a.txt").read_text() == "one"
    finally:
        shutil.rmtree(place)


@pytest.fixture
def versions(store, workdir):
    """A collection with two versions of one file, and another file."""
    rows = []
    for name, text in (("a.csv", "1"), ("a.csv", "2"), ("b.csv", "3")):
        (workdir / name).write_text(text)
        rows.append(store.Artifact(name, key=f"raw/{name}").save())
    store.Collection(rows, key="both").save()
    return workdir / "out" / "raw"


def test_versions_of_one_key_lie_beside_each_other(cli, versions):
    for said in ("wrote", "here already"):
        done = cli("load both --to out --force")
        assert (done.code, said in done.err) == (0, True), done.err
        assert {each.name: each.read_text() for each in versions.iterdir()} == {
            "a.0000.csv": "1",
            "a.0001.csv": "2",
            "b.csv": "3",
        }
        assert done.out.split() == [str(versions / name) for name in ("a.0000.csv", "a.0001.csv", "b.csv")]


def test_of_a_collection_nothing_is_written_if_one_file_may_not_be(cli, versions):
    versions.mkdir(parents=True)
    (versions / "b.csv").write_text("mine")
    done = cli("load both --to out")
    assert (done.code, done.out) == (1, "")
    assert "b.csv is there with other content" in done.err
    assert [each.name for each in versions.iterdir()] == ["b.csv"]
    assert cli("load both --to out --force").code == 0
    assert (versions / "b.csv").read_text() == "3"


def test_nothing_is_written_if_one_place_lies_in_another_or_in_a_file(cli, store, workdir):
    (workdir / "t.txt").write_text("t")
    keys = ("a.txt", "x.txt", "x.txt/y.txt", "z.txt")
    rows = [store.Artifact("t.txt", key=key).save() for key in keys]
    store.Collection(rows, key="one in another").save()
    store.Collection(rows[2:], key="in a file").save()
    done = cli("load", "one in another", "--to", "out")
    assert (done.code, done.out, (workdir / "out").exists()) == (1, "", False)
    assert f"{workdir / 'out' / 'x.txt'} cannot hold both artifact 'x.txt'" in done.err
    (workdir / "out").mkdir()
    (workdir / "out" / "x.txt").write_text("mine")
    for line in (["in a file", "--to", "out"], ["x.txt/y.txt", "--to", "out/x.txt/y.txt"]):
        done = cli("load", *line)
        assert (done.code, done.out) == (1, "")
        assert f"error: {workdir / 'out' / 'x.txt'} is no folder" in done.err
    assert os.listdir(workdir / "out") == ["x.txt"]


def test_a_collection_is_all_its_files(cli, shop, workdir):
    paths = cli("load both --to out").out.split()
    assert paths == [str(workdir / "out" / "raw" / "a.csv")]
    assert cli("load collection both").out.split() == [str(shop.Artifact.get(key="raw/a.csv").path)]
    assert cli("load both --to a.csv").code == 1


# -- load: which row


def test_the_registry_is_found_by_looking(cli, store, workdir):
    (workdir / "n.ipynb").write_text(notebook("x = 1"))
    cli("save n.ipynb --registry artifact --key t/n.ipynb")
    assert cli("load --key t/n.ipynb").out == f"{store.Artifact.get(key='t/n.ipynb').path}\n"
    cli("save n.ipynb --key t/n.ipynb")
    done = cli("load --key t/n.ipynb")
    assert (done.code, done.out) == (1, "")
    assert "means Artifact" in done.err
    assert "and Transform" in done.err
    assert cli("load transform --key t/n.ipynb").code == 0


def test_what_is_not_there_or_has_no_files_is_said(cli, shop):
    assert "did you mean 'make.py'" in cli("load make.pi").err
    assert cli("load record Experiment1").code == 2
    assert cli("load Experiment1").code == 1
    for line in ("load", "load make.py --key make.py", "load https://h/a/b/artifact/x --key y"):
        assert cli(line).code == 2
    assert "WHAT, or one of --key and --uid\n" in cli("load").err
    assert "WHAT, or one of --key, --name and --uid\n" in cli("get").err
    for wrong in ("foo", "record"):
        assert (
            f"{wrong!r} is no registry here: it is one of artifact, transform, collection"
            in cli(f"load {wrong} --key k").err
        )
    shop.Transform(key="p", kind="pipeline").save()
    assert "No source is stored of transform 'p'" in cli("load p").err


def test_a_key_never_leads_out_of_the_folder(cli, shop, workdir):
    for key in ("../x.py", "/x.py", "a/../../x.py"):
        shop.Transform(key=key, source_code="x").save()
        assert cli("load", "--key", key).code == 1
        assert cli("load", "--key", key, "--to", "x.py", "--force").code == 0
    (workdir / "out").symlink_to(workdir.parent)
    shop.Transform(key="out/y.py", source_code="x").save()
    assert "leads out of" in cli("load out/y.py").err
    assert not (workdir.parent / "y.py").exists()
    beside = workdir.parent / f"{workdir.name}-secret"  # begins as the folder does
    beside.mkdir()
    (workdir / "beside").symlink_to(beside)
    shop.Transform(key="beside/y.py", source_code="x").save()
    assert "leads out of" in cli("load beside/y.py").err
    assert not (beside / "y.py").exists()


def test_an_address_names_a_row_of_this_instance(cli, shop):
    artifact, transform = shop.Artifact.get(key="raw/a.csv"), shop.Transform.get(key="make.py")
    for host in ("https://lamin.ai", "http://localhost:8000"):
        assert cli(f"load {host}/ada/shop/artifact/{artifact.uid}").out == f"{artifact.path}\n"
        assert cli(f"load {host}/ada/shop/transform/{transform.uid} --to x.py --force").code == 0


def test_an_address_elsewhere_is_refused_without_the_network(cli, shop):
    for url, said in (
        ("https://lamin.ai/laminlabs/lamindata/transform/F4L3oC6QsZvQ", "uses no network"),
        ("http://localhost:8000/ada/other/artifact/F4L3oC6QsZvQ", "localhost is not asked"),
        ("https://lamin.ai/laminlabs", "no address of the form"),
        ("s3://bucket/a/b/artifact/F4L3oC6QsZvQ", "no address of the form"),
    ):
        done = cli(f"load {url}")
        assert (done.code, done.out) == (1, "")
        assert said in done.err
        assert len(done.err.splitlines()) == 1
