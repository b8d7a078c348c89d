"""Versions: families, numbers, tags."""

from __future__ import annotations

import random

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


def test_a_key_that_is_asked_for_is_never_lost_to_the_same_content(instance):
    first = saved(instance, "one", key="a.txt")
    second = saved(instance, "one", key="b.txt", revises=first)
    assert (second.key, second.stem_uid, second.version) == ("b.txt", first.stem_uid, "0001")
    assert instance.Artifact.get(key="b.txt") == second
    assert saved(instance, "one", revises=second) == second


def test_a_tag_that_is_asked_for_is_never_lost_to_the_same_content(instance):
    first = saved(instance, "one", key="a.txt")
    assert saved(instance, "one", key="a.txt", version="v1") == first
    assert instance.Artifact.get(key="a.txt", version="v1") == first
    second = saved(instance, "one", key="a.txt", version="v2")
    assert [row.version for row in first.versions] == ["v1", "v2"]
    assert instance.Artifact.get(key="a.txt", version="v2") == second
    transform = instance.Transform(key="p.py", source_code="1").save()
    assert instance.Transform(key="p.py", version="T1", description="one").save() == transform
    assert instance.Transform.get(key="p.py", version="T1").description == "one"


@pytest.mark.parametrize("kind", ["Artifact", "Transform", "Collection"])
def test_a_number_is_never_given_twice_also_when_its_version_was_removed_for_good(instance, kind):
    def version(text):
        if kind == "Artifact":
            return saved(instance, text, key="a.txt")
        if kind == "Transform":
            return instance.Transform(key="a.py", source_code=text).save()
        return instance.Collection([saved(instance, text, description=text)], key="c").save()

    first, second, third = (version(text) for text in ("one", "two", "three"))
    for row in (third, second):
        row.delete(permanent=True)
    fourth = version("four")
    assert (fourth.stem_uid, fourth.version) == (first.stem_uid, "0003")
    assert getattr(instance, kind).get(first.stem_uid) == fourth


def test_numbers_and_the_latest_follow_what_was_done_in_any_order(instance):
    chance = random.Random(20261122)
    for family in range(12):
        alive, put_away, given = [], [], []
        anchor = saved(instance, "anchor", key=f"{family}.txt")
        given.append(anchor.uid)
        for step in range(8):
            what = chance.choice(["save", "save", "trash", "restore", "remove"])
            if what == "save":
                row = saved(instance, f"{family} {step}", revises=anchor)
                assert row.uid > max(given)
                given.append(row.uid)
                alive.append(row)
            elif what == "restore" and put_away:
                alive.append(put_away.pop(chance.randrange(len(put_away))).restore())
            elif what == "trash" and alive:
                row = alive.pop(chance.randrange(len(alive)))
                row.delete()
                put_away.append(row)
            elif what == "remove" and alive:
                alive.pop(chance.randrange(len(alive))).delete(permanent=True)
            expected = sorted([anchor.uid, *(row.uid for row in alive)])
            assert [row.uid for row in anchor.versions] == expected
            assert [row.uid for row in anchor.versions if row.is_latest] == expected[-1:]
            assert instance.Artifact.get(key=f"{family}.txt").uid == expected[-1]


def test_a_pinned_transform_goes_on_when_its_versions_are_in_the_trash_or_removed(workdir, run_python):
    instance = ln.Instance.init(workdir)
    script = workdir / "s.py"
    script.write_text("import lamin_lite as ln\nln.track('abcdEFGH1234')\nln.finish()\n")
    for version in ("0000", "0001", "0002"):
        done = run_python(script, cwd=workdir)
        assert done.returncode == 0, done.stderr
        transform = instance.Transform.get("abcdEFGH1234")
        assert transform.version == version
        if version == "0000":
            transform.delete()
        else:
            transform.latest_run.delete(permanent=True)
            transform.delete(permanent=True)


def test_a_new_key_is_that_of_all_versions_that_had_the_old_one(instance):
    first = saved(instance, "one", key="a.txt")
    second = saved(instance, "two", key="a.txt")
    stale = instance.Artifact.get(first.uid)
    second.key = "b.txt"
    second.save()
    assert instance.Artifact.filter(key="a.txt").count() == 0
    assert instance.Artifact.get(key="b.txt", version="0000") == first
    stale.description = "read before it was renamed"
    stale.save()
    assert (stale.key, first.refresh().key) == ("b.txt", "b.txt")
    assert instance.Artifact.filter(key__iexact="B.TXT").count() == 2
    third = saved(instance, "three", key="a.txt")
    assert third.stem_uid != first.stem_uid


def test_renaming_onto_a_key_that_is_taken_says_who_has_it_and_changes_nothing(instance):
    other = saved(instance, "x", key="b.txt")
    first = saved(instance, "one", key="a.txt")
    second = saved(instance, "two", key="a.txt")
    for row in (first, second):
        row.key = "b.txt"
        with pytest.raises(ln.errors.Conflict, match=f"cannot be renamed to 'b.txt': Artifact {other.uid} has the key"):
            row.save()
        assert row.refresh().key == "a.txt"
    other.delete()
    second.key = "b.txt"
    assert second.save().key == "b.txt"
    with pytest.raises(ln.errors.Conflict, match=r"cannot be restored: .* has the key 'b.txt'"):
        other.restore()


def test_a_failed_renaming_can_be_tried_again(instance):
    other = saved(instance, "x", key="b.txt")
    first = saved(instance, "one", key="a.txt")
    first.key = "b.txt"
    with pytest.raises(ln.errors.Conflict):
        first.save()
    other.delete()
    assert first.save().refresh().key == "b.txt"


def test_a_key_that_was_left_behind_says_that_the_artifact_goes_on(instance, caplog):
    first = saved(instance, "one", key="a.txt")
    second = saved(instance, "two", key="b.txt", revises=first)
    assert instance.Artifact.get(key="a.txt") == first
    said = caplog.text
    caplog.clear()
    assert "goes on as b.txt" in said
    assert second.uid in said
    assert instance.Artifact.get(key="b.txt") == second
    assert instance.Artifact.get(first.uid) == first
    assert instance.Artifact.get(key="a.txt", version="0000") == first
    assert caplog.text == ""


def test_a_key_that_several_versions_left_behind_says_so_too(instance, caplog):
    saved(instance, "one", key="a.txt")
    second = saved(instance, "two", key="a.txt")
    third = saved(instance, "three", key="b.txt", revises=second)
    assert instance.Artifact.get(key="a.txt") == second
    said = caplog.text
    caplog.clear()
    assert f"a.txt is Artifact {second.uid}, which goes on as b.txt ({third.uid})" in said
    assert instance.Artifact.get(key="a.txt", version="0001") == second
    assert instance.Artifact.get(key="b.txt") == third
    assert caplog.text == ""


def test_a_locked_version_keeps_its_family_from_being_renamed(instance):
    first = saved(instance, "one", key="a.txt")
    first.is_locked = True
    first.save()
    second = saved(instance, "two", key="a.txt")
    second.key = "b.txt"
    with pytest.raises(ln.errors.Conflict, match=f"{first.uid} is locked"):
        second.save()
    assert instance.Artifact.filter(key="a.txt").count() == 2


def latest(row):
    return [(each.version, each.branch.name) for each in type(row).filter(branch=None, is_latest=True)]


def test_a_version_that_was_put_away_is_not_the_latest_where_another_one_is_shown(instance):
    first = saved(instance, "one", key="a.txt")
    saved(instance, "two", key="a.txt")
    for put_away in (first.archive, first.delete):
        put_away()
        assert latest(first) == [("0001", "main")]
        assert "0000 (not the latest)" in first.describe(return_str=True)
    first.restore()
    assert latest(first) == [("0001", "main")]


def test_of_a_family_that_is_put_away_the_highest_is_the_latest_until_one_comes_back(instance):
    first, second, third = (saved(instance, text, key="a.txt") for text in ("one", "two", "three"))
    second.archive()
    third.delete()
    assert latest(first) == [("0000", "main")]
    first.archive()
    assert latest(first) == [("0002", "trash")]
    second.restore()
    assert latest(first) == [("0001", "main")]
    second.archive()
    third.delete(permanent=True)
    assert latest(first) == [("0001", "archive")]
    fourth = saved(instance, "four", key="b.txt", revises=first)
    assert latest(first) == [(fourth.version, "main")] == [("0003", "main")]


def test_a_version_whose_key_another_family_has_by_now_stands_in_nobodys_way(instance):
    first = saved(instance, "one", key="a.txt")
    second = saved(instance, "two", key="b.txt", revises=first)
    other = saved(instance, "three", key="a.txt")
    second.delete()
    assert instance.Artifact.get(key="a.txt") == other
    assert not first.refresh().is_latest
    second.restore()
    second.delete(permanent=True)
    assert instance.Artifact.get(key="a.txt") == other
    other.delete()
    assert instance.Artifact.get(key="a.txt") == first


def test_a_transform_that_goes_on_after_all_its_versions_were_put_away_is_the_only_latest(instance):
    first = instance.Transform(key="p.py", source_code="1").save()
    second = instance.Transform(source_code="2", revises=first.archive()).save()
    assert latest(first) == [(second.version, "main")]


def test_a_version_that_goes_on_under_a_key_which_another_family_has_by_now_is_refused_by_name(instance):
    first = saved(instance, "one", key="a.txt")
    saved(instance, "two", key="b.txt", revises=first)
    other = saved(instance, "three", key="a.txt")
    with pytest.raises(ln.errors.Conflict, match=f"cannot be a version under the key 'a.txt': Artifact {other.uid}"):
        saved(instance, "four", revises=first)
    alone = saved(instance, "five", key="c.txt")
    alone.delete()
    holder = saved(instance, "six", key="c.txt")
    with pytest.raises(ln.errors.Conflict, match=f"cannot be a version under the key 'c.txt': Artifact {holder.uid}"):
        saved(instance, "seven", revises=alone)


def test_a_version_that_is_put_away_is_not_renamed_to_a_key_that_is_taken_where_others_are_shown(instance):
    first = saved(instance, "one", key="a.txt")
    saved(instance, "two", key="a.txt")
    other = saved(instance, "three", key="b.txt")
    first.archive()
    first.key = "b.txt"
    with pytest.raises(ln.errors.Conflict, match=f"cannot be renamed to 'b.txt': Artifact {other.uid} has the key"):
        first.save()
