"""Collections: artifacts in an order, as one thing with versions."""

from __future__ import annotations

import time

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
    both = instance.Collection([one], key="both").save().append(two, three).save()
    assert both.artifacts.to_list() == [one, two, three]


def test_what_a_collection_holds_cannot_be_changed(instance, artifacts):
    one, two, three = artifacts
    collection = instance.Collection([one, two], key="study").save()
    with pytest.raises(ln.errors.Conflict, match="append"):
        collection.artifacts = [three]
    for change in (collection.artifacts.add, collection.artifacts.remove, collection.artifacts.set):
        with pytest.raises(ln.errors.Conflict, match=f"study \\({collection.uid}\\) are fixed"):
            change(three)
    with pytest.raises(ln.errors.Conflict, match="fixed"):
        collection.artifacts.clear()
    assert collection.artifacts.to_list() == [one, two]
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
        (lambda ln_, rows: ln_.Collection(rows[0], rows[1], key="k"), r"as a list: ln\.Collection\(\[one, two\]"),
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


def test_a_key_or_tag_that_is_asked_for_is_never_lost_to_the_same_content(instance, artifacts):
    first = instance.Collection(artifacts, key="study").save()
    assert instance.Collection(artifacts, key="study", version="v1", description="all").save() == first
    assert (first.refresh().version, first.description) == ("v1", "all")
    second = instance.Collection(artifacts, key="study", version="v2").save()
    assert (second.stem_uid, second.uid[-4:]) == (first.stem_uid, "0001")
    third = instance.Collection(artifacts, key="other", revises=second).save()
    assert (third.stem_uid, third.key) == (first.stem_uid, "other")
    assert instance.Collection.get(key="study", version="v1") == first
    assert instance.Collection.get(key="other").artifacts.to_list() == artifacts


def test_what_a_collection_finds_out_cannot_be_given_or_changed(instance, artifacts):
    for name in ("hash", "uid", "is_latest"):
        with pytest.raises(ln.errors.InvalidArgument, match="found out, not chosen"):
            instance.Collection(artifacts, key="study", **{name: "x"})
    with pytest.raises(ln.errors.InvalidArgument, match=r"one argument without a name, the artifacts; .*key='study'"):
        instance.Collection(artifacts, "study")
    with pytest.raises(ln.errors.InvalidArgument, match="needs a key"):
        instance.Collection(artifacts, description="  ")
    collection = instance.Collection(artifacts, key="study").save()
    with pytest.raises(ln.errors.Conflict, match="is_latest of a saved Collection"):
        collection.is_latest = False


def test_a_collection_holds_the_versions_that_it_was_made_of(instance, artifacts):
    collection = instance.Collection(artifacts, key="study").save()
    newer = made(instance, "one.txt", "one, corrected")
    assert collection.load() == ["one", "two", "three"]
    later = instance.Collection([newer, *artifacts[1:]], key="study").save()
    assert later.version == "0001"
    assert later.load() == ["one, corrected", "two", "three"]
    assert instance.Collection.get(key="study", version="0000").load() == ["one", "two", "three"]


def test_a_collection_reads_members_that_were_put_away_since(instance, artifacts):
    collection = instance.Collection(artifacts, key="study").save()
    artifacts[0].delete()
    artifacts[1].archive()
    again = instance.Collection.get(key="study")
    assert again.artifacts.to_list() == artifacts
    assert again.load() == ["one", "two", "three"]
    assert collection in artifacts[0].collections


def test_a_collection_in_the_trash_comes_back_and_its_key_is_free_meanwhile(instance, artifacts):
    old = instance.Collection(artifacts, key="study").save()
    old.delete()
    with pytest.raises(ln.errors.DoesNotExist, match="in the trash"):
        instance.Collection.get(key="study")
    new = instance.Collection(artifacts[:1], key="study").save()
    assert new.stem_uid != old.stem_uid
    with pytest.raises(
        ln.errors.Conflict, match=f"{old.uid} cannot be restored: Collection {new.uid} has the key 'study'"
    ):
        old.restore()
    new.delete()
    assert old.restore().artifacts.to_list() == artifacts


def test_a_collection_of_thousands_is_checked_in_one_go(instance, artifacts):
    one = artifacts[0]
    rows = []
    for at in range(4_000):  # as read from the database, but for the time that it takes to save them
        row = object.__new__(type(one))
        row.__dict__.update(_store=one._store, _related={}, _values={**one._values, "id": at + 1, "uid": f"{at:020d}"})
        rows.append(row)
    started = time.process_time()
    instance.Collection(rows, key="study")
    assert time.process_time() - started < 5
    with pytest.raises(ln.errors.InvalidArgument, match="twice"):
        instance.Collection([*rows, rows[7]], key="study")


def test_a_collection_that_was_removed_for_good_is_not_saved_as_an_empty_one(instance, artifacts):
    collection = instance.Collection(artifacts, key="study").save()
    collection.delete(permanent=True)
    with pytest.raises(ln.errors.Conflict, match="removed for good"):
        collection.save()
    assert instance.Collection.filter().count() == 0
