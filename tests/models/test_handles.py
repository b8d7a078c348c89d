"""Two objects of one row: a save writes what was changed through it, and leaves what others changed meanwhile."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln
from lamin_lite.models import changes, session

VERSIONED = ["Artifact", "Transform", "Collection"]
KINDS = [*VERSIONED, "Run", "Record", "ULabel", "Project", "Feature", "Space"]


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def artifact(instance, text="one", key="a.txt", **values):
    with open("a.txt", "w") as file:
        file.write(text)
    return instance.Artifact("a.txt", key=key, **values).save()


def version(instance, kind, number, key="k.txt", **values):
    """The next version of a family, whose content is a number."""
    if kind == "Artifact":
        return artifact(instance, str(number), key, **values)
    if kind == "Transform":
        return instance.Transform(key=key, source_code=str(number), **values).save()
    return instance.Collection([artifact(instance, str(number), "member.txt")], key=key, **values).save()


def made(instance, kind):
    if kind in VERSIONED:
        return version(instance, kind, 0)
    if kind == "Run":
        return instance.Run(transform=instance.Transform(key="t.py").save()).save()
    return getattr(instance, kind)(name="n", **({"dtype": str} if kind == "Feature" else {})).save()


def read(row):
    """Another object of the same row."""
    return type(row)._from_row(row._store, row._store.database.one(all_of(row), [row.id]))


def all_of(row):
    return f"SELECT {', '.join(row.__table__.columns)} FROM {row.__table__.name} WHERE id = ?"


# -- versions


@pytest.mark.parametrize("kind", VERSIONED)
def test_an_older_version_is_edited_after_a_newer_one_was_saved(instance, kind):
    first = version(instance, kind, 1)
    second = version(instance, kind, 2)
    third = version(instance, kind, 3, key="other.txt", revises=second)
    first.version, second.description = "v1", "the second"
    first.save()
    second.save()
    assert [row.is_latest for row in third.versions] == [False, False, True]
    assert [row.version for row in third.versions] == ["v1", "0001", "0002"]
    assert [row.key for row in third.versions] == ["k.txt", "k.txt", "other.txt"]
    assert (first.is_latest, second.is_latest) == (False, False)  # as it is known now
    first.is_locked = True
    assert first.save().refresh().is_locked
    assert third.refresh().is_latest


@pytest.mark.parametrize("kind", VERSIONED)
def test_an_edit_does_not_undo_that_its_family_was_renamed(instance, kind):
    first, second = version(instance, kind, 1), version(instance, kind, 2)
    stale, other = read(first), read(first)
    second.key = "new.txt"
    second.save()
    stale.description = "read before"
    assert stale.save().key == "new.txt"
    other.key = "newer.txt"  # from what it is called now, with all its versions
    other.save()
    assert {row.key for row in second.versions} == {"newer.txt"}
    assert second.refresh().is_latest
    assert getattr(instance, kind).filter(key__iexact="NEWER.TXT").count() == 2


def test_a_collection_that_was_continued_can_still_be_described(instance):
    one, two = artifact(instance, "1", "1.txt"), artifact(instance, "2", "2.txt")
    first = instance.Collection([one], key="c").save()
    second = first.append(two).save()
    first.description = "the first"
    assert first.save().refresh().description == "the first"
    assert (first.is_latest, second.refresh().is_latest, second.description) == (False, True, None)


def test_a_version_that_is_put_on_another_branch_is_the_latest_there_and_its_forerunner_here(instance):
    first, second = version(instance, "Artifact", 1), version(instance, "Artifact", 2)
    second.branch = instance.Branch(name="trial").save()
    assert second.save().is_latest
    assert first.refresh().is_latest
    second.branch = instance.Branch.get(name="main")
    second.save()
    assert [row.is_latest for row in second.versions] == [False, True]


# -- runs


def test_a_run_that_was_read_while_it_went_on_keeps_its_end(instance, monkeypatch, caplog):
    monkeypatch.setattr(session, "default_store", instance)
    ln.track(key="k.py")
    read_before = ln.Run.filter(transform__key="k.py").first()
    ln.finish()
    ended = ln.Run.get(read_before.uid)
    read_before.description = "x"
    read_before.save()
    now = ln.Run.get(read_before.uid)
    assert (now.description, now.status, now.finished_at) == ("x", "completed", ended.finished_at)
    assert (now.report, now.environment) == (ended.report, ended.environment)
    assert (read_before.status, read_before.finished_at) == ("completed", ended.finished_at)


def test_a_value_that_was_changed_in_place_is_saved_and_found(instance):
    run = instance.Run(transform=instance.Transform(key="t.py").save(), params={"a": 1}).save()
    held = run.params
    held["x"] = 1
    run.save()
    held["y"] = [2]
    run.save()
    assert instance.Run.filter(params__x=1, params__y=[2], params__a=1).one() == run
    held.pop("a")
    ln.save([run])
    assert instance.Run.filter(params__a=1).count() == 0
    assert run.refresh().params == {"x": 1, "y": [2]}


# -- any row


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_object_changed_is_not_lost_to_the_save_of_another(instance, kind):
    row = made(instance, kind)
    stale = read(row)
    label = "description" if kind != "Space" else "name"
    setattr(row, label, "mine")
    row.save()
    if kind != "Space":
        row.delete()
        stale.space = instance.Space(name="team").save()
        assert stale.save().branch.name == "trash"
        assert row.refresh().space.name == "team"
    else:
        stale.description = "theirs"
        stale.save()
    assert getattr(row.refresh(), label) == getattr(stale, label) == "mine"


@pytest.mark.parametrize("kind", KINDS)
def test_a_save_without_a_change_writes_nothing(instance, kind):
    row = made(instance, kind)
    stale = read(row)
    before = instance.database.one(all_of(row), [row.id])
    row.save()
    ln.save([row, stale])
    assert instance.database.one(all_of(row), [row.id]) == before
    row.description = "x"
    row.save()
    changed = instance.database.one(all_of(row), [row.id])
    stale.save()
    assert instance.database.one(all_of(row), [row.id]) == changed != before


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_was_removed_meanwhile_is_not_written_again(instance, kind):
    row = made(instance, kind)
    stale = read(row)
    row.delete(permanent=True)
    for description in ("x", None):
        stale.description = description
        with pytest.raises(ln.errors.Conflict, match=rf"{kind} (.* \()?{stale.uid}\)? was removed for good meanwhile"):
            stale.save()
    assert instance.database.one(all_of(stale), [stale.id]) is None


def test_what_was_changed_of_all_rows_at_once_is_not_undone(instance):
    rows = ln.save([instance.ULabel(name=name) for name in "ab"])
    assert instance.ULabel.filter().update(description="all", reference="r") == 2
    rows[0].reference = "own"
    rows[0].save()
    rows[1].name = "c"
    ln.save(rows)
    found = instance.ULabel.filter().order_by("name")
    assert found.values_list("name", "description", "reference") == [("a", "all", "own"), ("c", "all", "r")]
    assert instance.ULabel.filter(name__iexact="C").one() == rows[1]


def test_what_referred_to_a_run_that_was_removed_can_be_saved(instance):
    run = made(instance, "Run")
    one = artifact(instance, run=run)
    record = instance.Record(name="r", run=run).save()
    run.delete(permanent=True, force=True)
    for row in (one, record):
        row.description = "x"
        assert row.save().run is None
        assert row.refresh().description == "x"


def test_a_name_that_was_given_away_meanwhile_is_not_in_the_way(instance):
    row = instance.Record(name="a").save()
    stale, typed = read(row), read(row)
    row.name = "b"
    row.save()
    new = instance.Record(name="a").save()
    stale.description = "x"
    assert stale.save().name == "b"
    typed.type = instance.Record(name="T", is_type=True).save()
    assert (typed.save().name, typed.description) == ("b", "x")
    assert instance.Record.get(name="a") == new


def test_who_unlocks_a_row_unlocks_it_however_old_the_object_is(instance):
    row = instance.Record(name="r").save()
    stale = read(row)
    row.is_locked = True
    row.save()
    stale.description = "x"
    with pytest.raises(ln.errors.Conflict, match="is locked"):
        stale.save()
    stale.is_locked = False
    stale.save()
    assert (row.refresh().is_locked, row.description) == (False, "x")
    row.is_locked = True
    row.save()
    stale.description = "y"
    with pytest.raises(ln.errors.Conflict, match="is locked"):
        stale.save()


def test_what_a_failed_save_did_not_write_is_written_by_the_next_one(instance):
    taken, row = instance.Record(name="taken").save(), instance.Record(name="r").save()
    stale = read(row)
    row.reference = "theirs"
    row.save()
    stale.name, stale.description = "taken", "x"
    for save in (stale.save, lambda: ln.save([stale])):
        with pytest.raises(ln.errors.Conflict, match=taken.uid):
            save()
    taken.delete()
    stale.save()
    assert instance.Record.filter(name="taken", description="x", reference="theirs").one() == row


# -- any order

MOMENTS = [None, *(datetime(2026, 1, day, tzinfo=timezone.utc) for day in (1, 2))]
VALUES = {
    "name": [None, "a", "b"],
    "description": [None, "é", ""],
    "exit_code": [None, 0, 1],
    "started_at": MOMENTS,
    "is_locked": [False],
    "params": [None, {}, {"a": 1}, {"a": 1.5, "b": [None, True]}],
    "extra_data": [None, {"x": {"y": "\u2028"}}],
}
STEP = st.sampled_from([(name, value) for name, values in VALUES.items() for value in values])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["first", "second", "all"]), st.lists(STEP, max_size=3)), max_size=8))
def test_what_two_objects_set_in_turn_stays_as_the_oracle_says(instance, steps):
    """Each save writes what its object changed since it last knew the row, and learns the rest."""
    row = instance.Run(transform=instance.Transform(key="t.py").save()).save()
    objects, there = {"first": row, "second": read(row)}, dict.fromkeys(VALUES)
    there["is_locked"] = False
    known = {"first": dict(there), "second": dict(there)}
    for who, sets in steps:
        if who == "all":
            instance.Run.filter(id=row.id).update(**dict(sets))
            there.update(sets)
            continue
        for name, value in sets:
            setattr(objects[who], name, value)
        objects[who].save()
        there.update({name: value for name, value in dict(sets).items() if value != known[who][name]})
        known[who] = dict(there)
        assert {name: getattr(objects[who], name) for name in VALUES} == there
    fresh = instance.Run.get(row.uid)
    assert {name: getattr(fresh, name) for name in VALUES} == there
    assert instance.Run.filter(id=row.id, params__a=1).count() == ((there["params"] or {}).get("a") == 1)


def test_a_failed_save_does_not_forget_that_the_row_was_to_be_unlocked(instance):
    row = instance.Record(name="r").save()
    other = instance.Record.get(row.uid)
    other.is_locked = True
    other.save()
    row.is_locked = False
    row.is_type, row.type = True, row
    with pytest.raises(ln.errors.InvalidArgument, match="above itself"):
        row.save()
    row.type, row.is_type = None, False
    row.save()
    assert (row.is_locked, row.refresh().is_locked) == (False, False)


@pytest.mark.parametrize("registry", ["Space", "Branch"])
def test_an_old_handle_does_not_claim_a_name_that_another_one_gave_up(instance, registry):
    model = getattr(instance, registry)
    model(name="p").save()
    one, other = model.get(name="p"), model.get(name="p")
    one.name = "q"
    one.save()
    model(name="p").save()
    other.description = "d"
    other.save()
    assert (other.name, model.get(name="q").description, model.get(name="p").description) == ("q", "d", None)


#: fields that `update()` writes without a look at anything else, with a value
PLAIN_VALUES = {
    "description": "d",
    "reference": "r",
    "reference_type": "t",
    "entrypoint": "main",
    "cli_args": "--a 1",
    "status": "errored",
    "exit_code": 3,
    "started_at": "2026-01-01T00:00:00+00:00",
    "finished_at": "2026-01-02T00:00:00+00:00",
    "extra_data": {"a": [1]},
    "is_locked": True,
    "space": None,
    "run": None,
    "report": None,
    "environment": None,
}


def twins(instance):
    """Of each registry two rows that differ in nothing but what they are known by."""
    first, second = (instance.Transform(key=f"{at}.py").save() for at in range(2))
    yield first, second
    yield tuple(instance.Run(transform=first).save() for _ in range(2))
    for registry in ("Record", "ULabel", "Project"):
        yield tuple(getattr(instance, registry)(name=f"{registry} {name}").save() for name in ("one", "other"))
    yield tuple(instance.Feature(name=name, dtype=str).save() for name in ("f_one", "f_other"))


def test_update_writes_what_saves_would(instance):
    assert set(PLAIN_VALUES) == changes.PLAIN
    known = {"reference", "id", "uid", "stem", "key", "name", "name_fold", "key_fold", "created_at", "updated_at"}
    seen = set()
    for one, other in twins(instance):
        plain = changes.PLAIN.intersection(one.__table__.fields)
        for name in sorted(plain, key=lambda name: (name == "is_locked", name)):
            seen.add(name)
            value = PLAIN_VALUES[name]
            model = getattr(instance, type(one).__name__)
            assert model.filter(uid=one.uid).update(**{name: value}) == 1
            setattr(other, name, "another" if name == "reference" else value)  # no two runs may have the same one
            other.save()
            cells = [
                {
                    at: cell
                    for at, cell in zip(row.__table__.columns, row.refresh()._values[changes.KEPT])
                    if at not in known
                }
                for row in (one, other)
            ]
            assert cells[0] == cells[1], (type(one), name)
    assert seen == changes.PLAIN
