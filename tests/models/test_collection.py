"""Collections: artifacts in an order, as one thing with versions."""

from __future__ import annotations

import pytest

import lamin_lite as ln


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def artifacts(instance):
    return [made(instance, f"{name}.txt", name) for name in ("one", "two", "three")]


@pytest.fixture
def run(instance):
    transform = instance.Transform(key="t.py").save()
    return lambda: instance.Run(transform=transform).save()


def made(instance, key, text):
    with open("made.txt", "w") as file:
        file.write(text)
    return instance.Artifact("made.txt", key=key).save()


def test_a_collection_keeps_its_order(instance, artifacts):
    one, two, three = artifacts
    collection = instance.Collection([three, one, two], key="study").save()
    found = instance.Collection.get(key="study").artifacts
    assert found.to_list() == [three, one, two]
    assert found.first() == three
    assert found.last() == two
    assert found[1:].to_list("key") == ["one.txt", "two.txt"]
    assert found.order_by("key").to_list() == [one, three, two]
    assert found.filter(key__startswith="t").to_list() == [three, two]
    assert collection.load() == ["three", "one", "two"]
    assert [path.read_text() for path in collection.cache()] == ["three", "one", "two"]


def test_the_same_content_under_the_same_key_is_the_same_collection(instance, artifacts, run):
    one, two, _ = artifacts
    first, second = run(), run()
    collection = instance.Collection([one, two], key="study", run=first).save()
    again = instance.Collection([one, two], key="study", run=second).save()
    assert again == collection
    assert again.run == first
    assert second.output_collections.to_list() == [collection]
    assert set(collection.output_of_runs) == {first, second}
    assert instance.Collection([one, two], key="other").save() != collection


def test_another_order_or_content_is_another_version(instance, artifacts):
    one, two, _ = artifacts
    first = instance.Collection([one, two], key="study").save()
    second = instance.Collection([two, one], key="study").save()
    assert (second.stem_uid, second.version, second.is_latest) == (first.stem_uid, "0001", True)
    assert first.refresh().is_latest is False
    assert first.artifacts.to_list() == [one, two]
    assert instance.Collection.get(key="study", version="0000") == first
    assert instance.Collection.get(key="study") == second


def test_append_makes_the_next_version_and_leaves_this_one(instance, artifacts):
    one, two, three = artifacts
    first = instance.Collection([one, two], key="study", description="all").save()
    unsaved = first.append(three)
    assert unsaved.id is None
    second = unsaved.save()
    assert second.artifacts.to_list() == [one, two, three]
    assert (second.key, second.description, second.version) == ("study", "all", "0001")
    assert first.artifacts.count() == 2
    assert first.versions.to_list() == [first, second]
    assert three.collections.to_list() == [second]


def test_what_a_collection_holds_cannot_be_changed(instance, artifacts):
    one, two, three = artifacts
    collection = instance.Collection([one, two], key="study").save()
    with pytest.raises(ln.errors.Conflict, match="append"):
        collection.artifacts = [three]
    with pytest.raises(ln.errors.Conflict, match="hash"):
        collection.hash = "0"
    with pytest.raises(ln.errors.Conflict, match="1 collection"):
        one.delete(permanent=True, force=True)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda ln_, rows: ln_.Collection([], key="k"), "no artifacts"),
        (lambda ln_, rows: ln_.Collection(None, key="k"), "needs saved artifacts"),
        (lambda ln_, rows: ln_.Collection("a.txt", key="k"), "needs saved artifacts"),
        (lambda ln_, rows: ln_.Collection(["a.txt"], key="k"), "takes saved artifacts"),
        (lambda ln_, rows: ln_.Collection([rows[0], rows[1], rows[0]], key="k"), "twice"),
        (lambda ln_, rows: ln_.Collection(rows), "needs a key"),
        (lambda ln_, rows: ln_.Collection(rows, key="../k"), r"'\.\.'"),
        (lambda ln_, rows: ln_.Collection(rows, kye="k", key="k"), "kye"),
    ],
)
def test_a_collection_that_has_no_meaning_says_why(instance, artifacts, wrong, says):
    with pytest.raises(ln.errors.InvalidArgument, match=says):
        wrong(instance, artifacts)
    assert instance.Collection.filter().count() == 0


def test_reading_a_collection_records_it_and_its_artifacts_as_inputs(instance, artifacts, run):
    one, two, _ = artifacts
    collection = instance.Collection([one, two], key="study").save()
    reader = run()
    collection.load(is_run_input=reader)
    collection.cache(is_run_input=reader)
    assert reader.input_collections.to_list() == [collection]
    assert set(reader.input_artifacts) == {one, two}
    assert collection.input_of_runs.to_list() == [reader]
    collection.load(is_run_input=False)
    assert instance.Run.filter(input_artifacts=one).count() == 1


def test_collections_are_labelled_and_found_by_their_labels(instance, artifacts):
    collection = instance.Collection(artifacts, key="study").save()
    project = instance.Project(name="P").save()
    collection.projects.add(project)
    assert project.collections.to_list() == [collection]
    assert instance.Collection.filter(projects__name="P", artifacts__key="two.txt").one() == collection


def test_a_collection_that_is_removed_leaves_its_artifacts_and_its_earlier_version(instance, artifacts):
    first = instance.Collection(artifacts[:2], key="study").save()
    second = first.append(artifacts[2]).save()
    second.delete(permanent=True)
    assert instance.Collection.get(key="study") == first
    assert first.refresh().is_latest
    assert instance.Artifact.filter().count() == 3


def test_a_description_tells_what_a_collection_holds(instance, artifacts):
    collection = instance.Collection(artifacts[::-1], key="study").save()
    collection.ulabels.add(instance.ULabel(name="good").save())
    text = collection.describe(return_str=True)
    assert text.startswith("Collection: study")
    assert text.index("three.txt") < text.index("one.txt")
    assert "good" in text
