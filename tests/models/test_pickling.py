"""Rows and queries in another process, and copies of them."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle

import pytest

import lamin_lite as ln
from lamin_lite.models import session


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def artifacts(instance):
    for text in "abc":
        with open("a.txt", "w") as file:
            file.write(text)
        instance.Artifact("a.txt", key=f"{text}.txt").save()
    return instance.Artifact.filter(key__endswith=".txt").order_by("-key")


def content(artifact):
    return artifact.load(), id(artifact._store), os.getpid()


def keys(rows):
    return rows.to_list("key")


def renamed(artifact):
    artifact.key = f"new/{artifact.key}"
    return artifact.save()


@pytest.mark.parametrize("way", ["spawn", "fork"])
def test_rows_and_queries_go_to_the_processes_of_a_pool_and_back(instance, artifacts, tmp_path, monkeypatch, way):
    monkeypatch.chdir(tmp_path.parent)
    with multiprocessing.get_context(way).Pool(1) as pool:
        found = pool.map(content, artifacts.to_list())
        assert [text for text, _, _ in found] == ["c", "b", "a"]
        assert len({(store, process) for _, store, process in found}) == 1  # opened once, not for each row
        assert found[0][2] != os.getpid()
        assert pool.apply(keys, [artifacts[:2]]) == ["c.txt", "b.txt"]
        first = artifacts.first()
        assert pool.apply(renamed, [first]) == first
        assert first.refresh().key == "new/c.txt"


def test_a_row_comes_back_with_its_values_and_what_was_changed_of_it(instance, monkeypatch):
    monkeypatch.setattr(session, "default_store", instance)
    run = instance.Run(transform=instance.Transform(key="t.py").save(), params={"a": [1]}).save()
    run.description = "x"
    instance.Run.filter(id=run.id).update(name="n")
    there = pickle.loads(pickle.dumps(run))
    assert there._store is instance
    assert (there, there.params, there.transform) == (run, {"a": [1]}, run.transform)
    there.save()
    assert (run.refresh().description, run.name) == ("x", "n")
    new = pickle.loads(pickle.dumps(instance.ULabel(name="new")))
    assert new.save() == instance.ULabel.get(name="new")


def test_a_copy_has_values_of_its_own_and_the_same_instance(instance, artifacts):
    run = instance.Run(transform=instance.Transform(key="t.py").save(), params={"a": [1]}).save()
    twin = copy.deepcopy(run)
    twin.params["a"].append(2)
    assert (twin, run.params) == (run, {"a": [1]})
    assert twin._store is copy.copy(instance) is copy.deepcopy(instance) is instance
    assert copy.deepcopy({"rows": artifacts})["rows"].to_list() == copy.copy(artifacts).to_list() == artifacts.to_list()


def test_what_is_linked_to_a_row_can_be_asked_for_elsewhere(instance, artifacts):
    label = instance.ULabel(name="l").save()
    artifacts[0].ulabels.add(label)
    assert pickle.loads(pickle.dumps(artifacts[0].ulabels)).to_list() == [label]
    assert pickle.loads(pickle.dumps(label.artifacts)).to_list() == [artifacts[0]]
    assert pickle.loads(pickle.dumps(instance.Artifact)).filter().count() == 3
    collection = instance.Collection(artifacts.to_list(), key="c").save()
    assert pickle.loads(pickle.dumps(collection.artifacts)).to_list("key") == ["c.txt", "b.txt", "a.txt"]


def test_an_instance_that_is_gone_is_named(instance, artifacts, tmp_path):
    sent = pickle.dumps(artifacts[0])
    os.rename(instance.root, tmp_path / "elsewhere")
    with pytest.raises(ln.errors.NoInstance, match=str(instance.root)):
        pickle.loads(sent)
