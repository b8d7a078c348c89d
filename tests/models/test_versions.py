"""Versions: families, numbers, tags."""

from __future__ import annotations

import pytest

import lamin_lite as ln


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def saved(instance, text, **values):
    with open("a.txt", "w") as file:
        file.write(text)
    return instance.Artifact("a.txt", **values).save()


def test_a_version_is_found_by_its_tag_and_by_its_number(instance):
    first = saved(instance, "one", key="a.txt", version="v1")
    second = saved(instance, "two", key="a.txt")
    other = saved(instance, "two", key="b.txt", version="v1")
    for version in ("v1", "0000"):
        assert instance.Artifact.get(key="a.txt", version=version) == first
    assert instance.Artifact.get(key="a.txt", version="0001") == second
    assert set(instance.Artifact.filter(version="v1")) == {first, other}
    assert set(instance.Artifact.filter(version__in=["v1", "0001"])) == {first, second, other}
    assert instance.Artifact.filter(key="a.txt").exclude(version="v1").to_list() == [second]
    assert (first.version, second.version) == ("v1", "0001")
    with pytest.raises(ln.errors.DoesNotExist, match="v9"):
        instance.Artifact.get(key="a.txt", version="v9")


def test_a_tag_can_be_set_later_and_is_found_across_relations(instance):
    transform = instance.Transform(key="t.py").save()
    run = instance.Run(transform=transform).save()
    transform.version = "T1"
    transform.save()
    assert instance.Transform.get(key="t.py", version="T1") == transform
    assert instance.Run.filter(transform__version="T1").one() == run
    transform.version = None
    transform.save()
    assert transform.refresh().version == "0000"


def test_a_tag_is_there_once_in_a_family(instance):
    first = saved(instance, "one", key="a.txt", version="v1")
    with pytest.raises(ln.errors.Conflict, match=first.uid):
        saved(instance, "two", key="a.txt", version="v1")
    assert instance.Artifact.filter().count() == 1


@pytest.mark.parametrize("tag", ["0001", "", " ", 3])
def test_a_tag_that_would_mislead_is_refused(instance, tag):
    artifact = saved(instance, "one", key="a.txt")
    with pytest.raises(ln.errors.InvalidArgument, match="version"):
        artifact.version = tag


def test_the_own_number_as_a_tag_is_no_tag(instance):
    artifact = saved(instance, "one", key="a.txt")
    artifact.version = "0000"
    assert artifact.version_tag is None


def test_a_lookup_of_versions_that_has_no_meaning_says_so(instance):
    for lookup in ({"version__gt": "0001"}, {"version": 3}, {"version__in": "v1"}):
        with pytest.raises(ln.errors.FieldError, match="version"):
            instance.Artifact.filter(**lookup)


def test_revises_goes_on_under_another_key(instance):
    first = saved(instance, "one", key="a.txt", description="first")
    second = saved(instance, "two", key="b.txt", revises=first)
    assert (second.stem_uid, second.version, second.description) == (first.stem_uid, "0001", "first")
    assert first.versions.to_list() == [first, second]
    assert instance.Artifact.get(key="b.txt") == second
    third = saved(instance, "three", revises=second)
    assert (third.key, third.version) == ("b.txt", "0002")


def test_revises_never_takes_a_key_that_is_anothers(instance):
    first = saved(instance, "one", key="a.txt")
    other = saved(instance, "x", key="b.txt")
    with pytest.raises(ln.errors.Conflict, match=other.uid):
        saved(instance, "two", key="b.txt", revises=first)
    assert first.refresh().is_latest
    with pytest.raises(ln.errors.InvalidArgument, match="revises"):
        saved(instance, "two", key="c.txt", revises="a.txt")


def test_renaming_onto_a_key_that_is_anothers_names_it(instance):
    first = saved(instance, "one", key="a.txt")
    other = saved(instance, "x", key="b.txt")
    first.key = "b.txt"
    with pytest.raises(ln.errors.Conflict, match=other.uid):
        first.save()


def test_a_transform_of_the_same_key_is_the_same_unless_its_source_differs(instance):
    first = instance.Transform(key="p.py", source_code="print(1)").save()
    assert instance.Transform(key="p.py").save() == first
    assert instance.Transform(key="p.py", source_code="print(1)").save() == first
    second = instance.Transform(key="p.py", source_code="print(2)").save()
    assert (second.stem_uid, second.version) == (first.stem_uid, "0001")
    third = instance.Transform(revises=second, version="T1").save()
    assert (third.key, third.version, third.uid[-4:]) == ("p.py", "T1", "0002")
    assert instance.Transform.filter().count() == 3


def test_a_version_in_the_trash_is_still_counted(instance):
    first = saved(instance, "one", key="a.txt")
    second = saved(instance, "two", key="a.txt")
    second.delete()
    third = saved(instance, "three", key="a.txt")
    assert third.version == "0002"
    assert first.versions.to_list() == [first, third]
    second.delete(permanent=True)
    assert third.refresh().is_latest
