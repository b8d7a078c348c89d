"""Folders that use an instance elsewhere, by a marker that names it."""

from __future__ import annotations

import json
import os

import pytest

import lamin_lite as ln
from lamin_lite.base import fsio, markers
from lamin_lite.instance import Instance, point, unpoint


@pytest.fixture
def away(shop, workdir, monkeypatch):
    """An empty folder beside that of the instance, which is the current one."""
    folder = workdir.parent / "away"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    ln.disconnect()


def marker(folder):
    return folder / ".lamin_lite" / "instance.json"


def test_a_folder_uses_the_instance_that_it_is_connected_to(cli, shop, away, workdir):
    done = cli(f"connect {workdir}")
    assert (done.code, done.out) == (0, "")
    assert f"{away} now uses the instance 'data' in {workdir}" in done.err
    assert cli("info --json").json["folder"] == str(workdir)
    (away / "new.csv").write_text("x\n")
    assert cli("save new.csv").code == 0
    assert shop.Artifact.get(key="new.csv").size == 2
    assert "already uses" in cli(f"connect {workdir}").err
    assert cli(f"connect {workdir} --json").json["action"] == "unchanged"


def test_python_follows_the_marker_too(cli, shop, away, workdir):
    cli(f"connect {workdir}")
    (away / "below").mkdir()
    os.chdir("below")
    assert ln.connect().uid == shop.uid
    assert ln.connect(away).root == str(workdir)


def test_connecting_to_a_connected_folder_names_the_instance_itself(cli, shop, away, workdir):
    cli(f"connect {workdir}")
    other = away.parent / "other"
    other.mkdir()
    os.chdir(other)
    assert cli("connect ../away").code == 0
    assert json.loads(marker(other).read_text())["connect"] == str(workdir)


def test_an_instance_inside_is_named_by_its_relative_path_so_that_all_can_be_moved(cli, away):
    (away / "one").mkdir()
    Instance.init(away / "one", storage="data")
    assert cli("connect one").code == 0
    assert json.loads(marker(away).read_text())["connect"] == "one"
    moved = away.with_name("moved")
    away.rename(moved)
    os.chdir(moved)
    assert cli("info --json").json["folder"] == str(moved / "one")


def test_a_folder_inside_of_an_instance_names_it_by_a_relative_path_too(cli, shop, workdir):
    (workdir / "below").mkdir()
    os.chdir("below")
    assert cli("connect ..").code == 0
    assert json.loads(marker(workdir / "below").read_text())["connect"] == ".."
    assert cli("info --json").json["folder"] == str(workdir)


def test_a_storage_is_a_name_of_its_instance(cli, shop, away, workdir):
    assert cli(f"connect {workdir / 'data'}").code == 0
    assert cli("info --json").json["uid"] == shop.uid


def test_disconnect_removes_the_marker_and_nothing_else(cli, shop, away, workdir):
    cli(f"connect {workdir}")
    done = cli("disconnect")
    assert done.code == 0
    assert f"no longer uses the instance in {workdir}" in done.err
    assert os.listdir(away) == []
    assert shop.Artifact.filter().count() == 2
    done = cli("disconnect")
    assert (done.code, done.out) == (1, "")
    assert "is not connected" in done.err


def test_a_folder_with_an_instance_keeps_it(cli, shop, away, workdir):
    Instance.init(away, storage="data")
    before = marker(away).read_bytes()
    for line in ("disconnect", f"connect {workdir}"):
        done = cli(line)
        assert done.code == 1
        assert "has an instance of its own" in done.err
    assert cli("connect .").code == 0
    assert marker(away).read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give a folder away")
def test_in_a_folder_of_another_owner_it_is_said_how_its_instance_is_used(cli, shop, workdir):
    os.chown(workdir / ".lamin_lite", 65534, 65534)
    for line in ("init", "connect ."):
        done = cli(line)
        assert done.code == 0
        assert f"{workdir} belongs to another owner" in done.err
        assert "only by `--instance PATH` or LAMIN_LITE_INSTANCE" in done.err
    done = cli("list artifacts")
    assert done.code == 1
    assert "has an instance of another owner" in done.err
    assert "or `--instance PATH`" in done.err
    assert cli(f"list artifacts --instance {workdir}").code == 0


def test_what_is_no_instance_is_not_connected(cli, away):
    (away / "empty").mkdir()
    for path, said in (
        ("empty", "There is no instance at"),
        ("nowhere", "There is no folder 'nowhere'"),
        ("laminlabs/lamindata", "`owner/name` means nothing here"),
        ("postgresql://db/atlas", "init --storage DIR --db postgresql://db/atlas"),
    ):
        done = cli(f"connect {path}")
        assert (done.code, done.out) == (1, "")
        assert said in done.err
    assert not marker(away).exists()


def test_an_instance_that_is_gone_or_another_one_is_said(cli, shop, away, workdir):
    cli(f"connect {workdir}")
    hidden = workdir.with_name("hidden")
    workdir.rename(hidden)
    done = cli("list artifacts")
    assert done.code == 1
    assert "but there is none any more" in done.err
    workdir.mkdir()
    Instance.init(workdir, storage="data")
    assert "but another one is there now" in cli("list artifacts").err
    assert cli(f"connect {hidden}").code == 0
    assert cli("info --json").json["uid"] == shop.uid


def test_each_folder_has_a_development_directory_of_its_own(cli, shop, away, workdir):
    cli(f"connect {workdir}")
    assert cli("settings set dev-dir .").code == 0
    assert cli("settings get").out == f"{away}\n"
    assert Instance.open(workdir).settings.dev_dir is None
    cli("settings unset dev-dir")
    assert cli("info --json").json["uid"] == shop.uid


def test_the_development_directory_exists_and_is_named_in_either_order(cli, shop, workdir):
    done = cli("settings set dev-dir nowhere")
    assert (done.code, (workdir / "nowhere").exists()) == (1, False)
    assert "is no folder" in done.err
    assert cli("settings dev-dir set .").code == 0
    assert cli("settings dev-dir get").out == cli("settings get dev-dir").out == f"{workdir}\n"
    assert cli("settings dev-dir unset --json").json == {"dev-dir": None}
    assert cli("settings dev-dir set").code == cli("settings dev-dir get .").code == 2


def test_a_setting_is_kept_where_another_process_disconnects_the_folder_meanwhile(shop, away, workdir, monkeypatch):
    point(away, workdir)
    written, taken = fsio._written_aside, []

    def written_after_another_disconnected(path, *args):
        if not taken:
            taken.append(path)
            unpoint(away)
        return written(path, *args)

    (away / "inner").mkdir()
    monkeypatch.setattr(fsio, "_written_aside", written_after_another_disconnected)
    ln.Instance.open(away).settings.dev_dir = away / "inner"
    assert taken
    assert Instance.open(away).uid == shop.uid


@pytest.mark.parametrize("what", ["both remove it", "another one is put there"])
def test_a_folder_is_disconnected_by_two_processes_at_once(shop, away, workdir, monkeypatch, what):
    point(away, workdir)
    remove = fsio.remove

    def removed_with_another(path):
        remove(path)
        monkeypatch.setattr(fsio, "remove", remove)
        if what == "both remove it":
            marker(away).parent.rmdir()
        else:
            point(away, workdir)

    monkeypatch.setattr(fsio, "remove", removed_with_another)
    assert unpoint(away) == str(workdir)
    assert marker(away).exists() == (what != "both remove it")


@pytest.mark.parametrize("use", [Instance.open, unpoint, lambda folder: ln.connect()])
def test_a_marker_that_another_process_takes_away_while_it_is_looked_for_is_none(shop, away, workdir, monkeypatch, use):
    point(away, workdir)
    read, taken = markers.read, []

    def read_when_it_was_taken_away(file):
        if not taken:
            taken.append(file)
            os.remove(marker(away))
        return read(file)

    monkeypatch.setattr(markers, "read", read_when_it_was_taken_away)
    with pytest.raises(ln.errors.NoInstance):
        use(away)
    assert taken == [str(marker(away))]
