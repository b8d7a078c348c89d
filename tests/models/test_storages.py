"""Storages are known by their absolute root, wherever it lies, and also after the instance was moved."""

from __future__ import annotations

import os
import re

import pytest

import lamin_lite as ln


@pytest.fixture
def lake(workdir):
    """A second storage of the default instance, with an artifact; the main one has another."""
    ln.connect(ln.Instance.init(workdir).root)
    (workdir / "lake").mkdir()
    (workdir / "a.txt").write_text("a")
    storage = ln.Storage(root="lake").save()
    ln.Artifact("a.txt", key="far.txt", storage=storage).save()
    ln.Artifact("a.txt", key="near.txt").save()
    return storage


def main(workdir):
    return ln.Storage.get(root=str(workdir / "storage"))


def test_a_storage_is_found_by_the_root_that_it_shows_and_by_the_path_that_made_it(lake, workdir):
    assert lake.root == lake.path == str(workdir / "lake")
    assert f"root={lake.root!r}" in repr(lake)
    for given in (lake.root, "lake", f"{lake.root}/", "./lake"):
        assert ln.Storage.get(root=given) == ln.Storage.filter(root__in=[given]).one() == lake
    assert main(workdir).root == main(workdir).path
    assert ln.Storage(root="lake").save() == lake


@pytest.mark.parametrize(
    ("lookup", "value"),
    [
        ("endswith", "/lake"),
        ("contains", "work/la"),
        ("icontains", "/LAKE"),
        ("regex", "l[a]ke$"),
        ("lt", "{root}a"),
        ("range", ["{root}", "{root}"]),
    ],
)
def test_each_lookup_is_asked_of_the_absolute_root_also_across_relations(lake, lookup, value):
    value = [one.format(root=lake.root) for one in value] if isinstance(value, list) else value.format(root=lake.root)
    assert ln.Storage.filter(**{f"root__{lookup}": value}).to_list() == [lake]
    assert ln.Artifact.filter(**{f"storage__root__{lookup}": value}).one().key == "far.txt"
    assert ln.Artifact.exclude(**{f"storage__root__{lookup}": value}).one().key == "near.txt"


def test_a_text_that_all_roots_begin_with_finds_all(lake, workdir):
    assert ln.Storage.filter(root__startswith=str(workdir)).count() == 2
    assert ln.Storage.filter(root__isnull=True).count() == 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"root__like": "a"}, "'like' in 'root__like' is no lookup"), ({"root__in": "lake"}, "root__in needs a list")],
)
def test_a_wrong_condition_on_the_root_is_told_as_of_any_text(lake, asked, words):
    with pytest.raises(ln.errors.FieldError, match=words):
        ln.Storage.filter(**asked)


def test_values_are_the_absolute_roots(lake, workdir, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    far, near = lake.root, str(workdir / "storage")
    assert sorted(row["root"] for row in ln.Storage.to_dicts()) == [far, near]
    by_key = ln.Artifact.order_by("-storage__root").values_list("key", "storage__root")
    assert by_key == [("near.txt", near), ("far.txt", far)]
    assert ln.Storage.order_by("root").values_list("root", flat=True) == [far, near]
    assert ln.Artifact.to_dicts(include=["storage__root"])[0]["storage__root"] == far
    assert ln.User.to_dicts(include=["created_artifacts__storage__root"])[0]["created_artifacts__storage__root"] == [
        far,
        near,
    ]
    assert f"{workdir.name}/lake  " in str(ln.Artifact.filter(key="far.txt"))


def test_search_and_lookup_go_by_the_absolute_root(lake, workdir):
    assert ln.Storage.search("lake").first() == lake
    assert ln.Storage.search(str(workdir / "storage")).first() == main(workdir)
    assert ln.Storage.lookup()[lake.root] == lake
    assert getattr(ln.Storage.lookup(), re.sub(r"\W", "_", lake.root).strip("_")) == lake


def test_a_storage_that_is_the_value_of_a_feature_goes_by_its_root(lake):
    ln.Feature(name="place", dtype=ln.Storage).save()
    artifact = ln.Artifact.get(key="far.txt")
    artifact.features.add_values({"place": lake.root})
    assert artifact.features.get_values() == {"place": lake.root}
    for asked in (lake, lake.root, lake.uid):
        assert ln.Artifact.filter(place=asked).one() == artifact


@pytest.mark.sqlite
def test_the_roots_are_those_of_the_place_to_which_the_instance_was_moved(lake, workdir, tmp_path):
    os.rename(workdir, tmp_path / "moved")
    moved = ln.Instance.open(tmp_path / "moved")
    storage = moved.Storage.get(root=str(tmp_path / "moved/lake"))
    assert (storage.uid, storage.root) == (lake.uid, str(tmp_path / "moved/lake"))
    assert moved.Artifact.get(storage__root=storage.root).load() == "a"


def test_a_root_that_is_set_to_where_it_is_changes_nothing_that_is_kept(lake):
    kept = "SELECT root FROM storage ORDER BY id"
    before = lake._store.database.read(kept)
    lake.root = lake.root
    lake.description = "big"
    lake.save()
    assert lake._store.database.read(kept) == before == [(".",), ("../lake",)]
    assert lake.refresh().root == lake.path
