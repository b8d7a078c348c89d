"""Artifacts: what may be given to a new one, what is refused and how, and folders as many artifacts."""

from __future__ import annotations

import os
import sys

import pytest

import lamin_lite as ln
from lamin_lite.base import names


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def write(name, content="one"):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "w") as file:
        file.write(content)
    return name


@pytest.mark.parametrize(
    ("args", "kwargs", "says"),
    [
        ((), {}, r"Artifact\(\) needs the path of a file or folder: ln\.Artifact\('data\.csv', key='data\.csv'\)"),
        (("a.txt", "b.txt"), {}, r"one argument without a name, the path; .* key='b\.txt'"),
        (("a.txt",), {"kye": "a.txt"}, r"no argument 'kye': did you mean 'key'\?"),
        (("a.txt",), {"skip_hash_lokup": True}, "did you mean 'skip_hash_lookup'"),
        (("a.txt",), {"versoin": "v1"}, "did you mean 'version'"),
        (("a.txt",), {"qqq": 1}, "no argument 'qqq': there are .*copy.*description.*key.*n_observations.*revises"),
        (("a.txt",), {"hash": "0"}, "takes no hash='0': it is found out, not chosen"),
        (("a.txt",), {"key": "a.txt", "is_latest": False}, "is_latest=False"),
        (("a.txt",), {"key": "a.txt", "uid": "x"}, "uid='x'"),
        (("missing.txt",), {"key": "missing.txt"}, r"There is no file or folder .*missing\.txt: check the path"),
        (("a.txt",), {"key": "a.csv"}, r"'a\.csv' must end as the file .*a\.txt does, with '\.txt': take 'a\.txt'"),
        (("a.txt",), {"key": "a"}, r"take 'a\.txt'"),
        (("plain",), {"key": "plain.csv"}, "without a suffix: take 'plain'"),
        (("a.txt",), {"key": "/abs/a.txt"}, r"'/abs/a\.txt' is absolute: pass a path relative"),
        (("a.txt",), {}, r"needs a key to be found by, such as key='a\.txt'; or a description"),
        (("a.txt",), {"description": " "}, "needs a key"),
        (("a.txt",), {"run": False}, "needs a key"),
        (("a.txt",), {"key": "a.txt", "run": "r"}, "run='r' is of type str"),
        (("a.txt",), {"key": "a.txt", "kind": names.KIND_OF_RUN_FILES}, "choose another one"),
        (("a.txt",), {"key": "a.txt", "kind": 3}, "kind=3"),
        (("a.txt",), {"key": "a.txt", "n_observations": -1}, "n_observations=-1"),
        (("a.txt",), {"key": "a.txt", "n_observations": "3"}, "n_observations='3'"),
        (("s3://bucket/a.txt",), {"key": "a.txt"}, r"s3://bucket/a\.txt is a URL.*fetch it first"),
        ((3,), {"key": "a.txt"}, "3 is of type int: pass the path of a file or folder"),
        (({"a": 1},), {"key": "a.json"}, r"of type dict: .*from_object"),
    ],
)
def test_what_cannot_be_given_to_an_artifact_is_one_sentence_with_the_remedy(instance, args, kwargs, says):
    write("a.txt")
    write("plain")
    with pytest.raises(ln.errors.LaminLiteError, match=says) as caught:
        instance.Artifact(*args, **kwargs).save()
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, (ValueError, FileNotFoundError))
    assert instance.Artifact.filter().count() == 0


def test_what_people_say_of_an_artifact_is_kept(instance):
    said = {
        "kind": "dataset",
        "description": "counts",
        "otype": "DataFrame",
        "n_observations": 3,
        "extra_data": {"a": 1},
    }
    artifact = instance.Artifact(write("a.txt"), key="a.txt", **said).save()
    kept = instance.Artifact.get(key="a.txt")
    assert {name: getattr(kept, name) for name in said} == said
    assert artifact == kept
    assert instance.Artifact.filter(kind="dataset", n_observations__gte=3).one() == kept


def test_what_is_said_anew_of_the_same_content_is_written_to_what_is_there(instance):
    first = instance.Artifact(write("a.txt"), key="a.txt", kind="dataset", n_observations=3).save()
    again = instance.Artifact("a.txt", key="a.txt", kind="model", description="fitted").save()
    assert again == first
    kept = first.refresh()
    assert (kept.kind, kept.description, kept.n_observations) == ("model", "fitted", 3)


def test_the_same_bytes_can_be_a_new_version_when_that_is_asked_for(instance):
    first = instance.Artifact(write("a.txt"), key="a.txt").save()
    assert instance.Artifact("a.txt", key="a.txt", skip_hash_lookup=False).save() == first
    second = instance.Artifact("a.txt", key="a.txt", skip_hash_lookup=True).save()
    assert (second.stem_uid, second.version, second.path) == (first.stem_uid, "0001", first.path)
    assert not first.refresh().is_latest


@pytest.mark.parametrize("name", ["uid", "hash", "size", "suffix", "n_files", "is_latest", "storage"])
def test_what_was_found_out_cannot_be_changed_afterwards(instance, name):
    artifact = instance.Artifact(write("a.txt"), key="a.txt").save()
    with pytest.raises(ln.errors.Conflict, match=f"{name} of a saved Artifact cannot be changed"):
        setattr(artifact, name, getattr(artifact, name))


def test_the_path_cannot_be_set_and_says_what_to_do(instance):
    artifact = instance.Artifact(write("a.txt"), key="a.txt").save()
    with pytest.raises(ln.errors.Conflict, match=r"path of a\.txt cannot be set to 'b\.txt'.*key.*new version"):
        artifact.path = "b.txt"


def test_objects_and_folders_are_of_the_instance_whose_registry_makes_them(instance, tmp_path):
    other = ln.Instance.init(tmp_path / "other")
    write("data/a.txt")
    made = [other.Artifact.from_object([{"a": "1"}], key="a.csv"), *other.Artifact.from_dir("data")]
    assert [row.save()._store.uid for row in made] == [other.uid] * 2
    assert other.Artifact.filter().count() == 2
    assert instance.Artifact.filter().count() == 0


# -- a folder as many artifacts


def test_each_file_of_a_folder_becomes_an_artifact_under_its_path(instance):
    for name in ("data/b.csv", "data/a.txt", "data/sub/deep/c.fastq.gz", "data/empty.txt"):
        write(name, "" if "empty" in name else name)
    os.makedirs("data/nothing")
    rows = instance.Artifact.from_dir("data", kind="dataset")
    assert [row.key for row in rows] == ["data/a.txt", "data/b.csv", "data/empty.txt", "data/sub/deep/c.fastq.gz"]
    assert {row.id for row in rows} == {None}
    assert ln.save(rows) == rows
    kept = instance.Artifact.get(key="data/sub/deep/c.fastq.gz")
    assert (kept.suffix, kept.kind, kept.path.read_text()) == (".fastq.gz", "dataset", "data/sub/deep/c.fastq.gz")
    ln.save(instance.Artifact.from_dir("data"))
    assert instance.Artifact.filter().count() == 4


@pytest.mark.parametrize("key", ["study/raw", "study/raw/"])
def test_what_stands_before_the_paths_of_a_folder_can_be_chosen(instance, key):
    write("data/a.txt")
    assert [row.key for row in instance.Artifact.from_dir("data/", key)] == ["study/raw/a.txt"]


@pytest.mark.sqlite
def test_files_of_a_folder_in_a_registered_storage_stay_there(instance, tmp_path):
    lake = tmp_path / "lake"
    write(str(lake / "raw/a.txt"))
    storage = instance.Storage(root=str(lake)).save()
    rows = ln.save(instance.Artifact.from_dir(lake / "raw"))
    assert [(row.key, row.storage) for row in rows] == [("raw/a.txt", storage)]
    assert os.path.samefile(rows[0].path, lake / "raw/a.txt")
    copied = instance.Artifact.from_dir(lake / "raw", copy=True)
    assert [row.key for row in copied] == ["raw/a.txt"]
    assert ".lamin_lite" in str(copied[0].save().path)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("nope", "There is no file or folder"),
        ("data/a.txt", r"a\.txt is a file: make an Artifact of it"),
        ("empty", "holds no file"),
        (".", r"holds \.lamin_lite, in which data of an instance or storage is kept"),
    ],
)
def test_a_folder_that_cannot_become_artifacts_says_why(instance, path, says):
    write("data/a.txt")
    os.makedirs("empty/inner")
    with pytest.raises(ln.errors.LaminLiteError, match=says):
        instance.Artifact.from_dir(path, key="all")


def test_a_folder_that_holds_the_instance_is_not_saved_with_its_database(instance):
    write("a.txt")
    with pytest.raises(ln.errors.InvalidArgument, match=r"holds \.lamin_lite"):
        instance.Artifact(".", key="all").save()
    assert instance.Artifact.filter().count() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a promise for Linux")
def test_links_in_a_folder_are_followed_to_files_and_never_out_of_it(instance):
    write("data/a.txt")
    os.makedirs("data/sub")
    os.symlink("../a.txt", "data/sub/same.txt")
    os.symlink("sub", "data/folder")
    assert [row.key for row in instance.Artifact.from_dir("data")] == ["data/a.txt", "data/sub/same.txt"]
    write("outside.txt")
    os.symlink("../outside.txt", "data/out.txt")
    with pytest.raises(ln.errors.InvalidArgument, match=r"out\.txt"):
        instance.Artifact.from_dir("data")
