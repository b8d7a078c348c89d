"""Labels, spaces, and what is filled in of every row."""

from __future__ import annotations

import pytest

import lamin_lite as ln
from lamin_lite.models import session


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def run(instance):
    return instance.Run(transform=instance.Transform(key="t.py").save()).save()


def artifact(instance, key="a.txt", **values):
    with open("a.txt", "w") as file:
        file.write(key)
    return instance.Artifact("a.txt", key=key, **values).save()


def every_row(instance):
    yield artifact(instance)
    yield instance.Collection([artifact(instance, "b.txt")], key="c").save()
    yield instance.Transform(key="p.py").save()
    yield instance.Run(transform=instance.Transform(key="p.py").save()).save()
    for kind in ("Project", "Record", "ULabel"):
        yield getattr(instance, kind)(name="n").save()
    yield instance.Feature(name="n", dtype=str).save()


def test_who_when_and_where_is_filled_in_everywhere(instance, run):
    with session.using(instance), session.running(run):
        rows = list(every_row(instance))
    for row in rows:
        assert row.created_by.handle, row
        assert row.created_at.tzinfo is not None, row
        assert row.updated_at >= row.created_at, row
        assert (row.branch.name, row.space.name) == ("main", "all"), row
        if not isinstance(row, (ln.Transform, ln.Run)):
            assert row.run == run, row


def test_a_later_change_is_stamped_and_the_making_stays(instance):
    project = instance.Project(name="P").save()
    before = project.updated_at
    project.description = "what for"
    project.save()
    assert project.updated_at > before
    assert project.refresh().created_at <= before


def test_saving_a_name_again_gives_the_row_that_is_there(instance):
    for kind in ("Project", "Record", "ULabel", "Space", "Branch"):
        registry = getattr(instance, kind)
        first = registry(name="same").save()
        assert registry(name="same").save() == first
        assert registry.filter(name="same").count() == 1


def test_a_name_is_needed_for_a_space(instance):
    with pytest.raises(ln.errors.InvalidArgument, match="name"):
        instance.Space(name=" ").save()


@pytest.mark.parametrize("kind", ["Project", "Record", "ULabel", "Space", "Branch", "Transform", "User"])
def test_what_is_not_named_says_how_it_is_named(instance, kind):
    field = {"Transform": "key"}.get(kind, "name")
    with pytest.raises(ln.errors.InvalidArgument, match=f"by name: {field}='P1'"):
        getattr(instance, kind)("P1")


@pytest.mark.parametrize("kind", ["Project", "Record", "ULabel", "Space"])
def test_a_keyword_that_is_mistyped_names_the_close_one(instance, kind):
    with pytest.raises(ln.errors.InvalidArgument, match="'name'"):
        getattr(instance, kind)(nam="x")


def test_labels_are_found_from_both_sides(instance, run):
    label, one = instance.ULabel(name="good").save(), artifact(instance)
    for row in (one, run, run.transform):
        row.ulabels.add(label)
        row.ulabels.add(label)
    assert label.artifacts.to_list() == [one]
    assert label.runs.to_list() == [run]
    assert label.transforms.to_list() == [run.transform]
    assert instance.Artifact.filter(ulabels__name="good").one() == one
    one.ulabels.clear()
    assert label.artifacts.count() == 0


def test_what_is_made_in_a_run_is_in_its_space(instance):
    space = instance.Space(name="team").save()
    transform = instance.Transform(key="t.py").save()
    run = instance.Run(transform=transform, space=space).save()
    with session.using(instance), session.running(run):
        made = [artifact(instance), instance.Record(name="r").save(), instance.Feature(name="f", dtype=str).save()]
        made.append(instance.Collection(made[:1], key="c").save())
        elsewhere = artifact(instance, "b.txt", space=instance.Space.get(name="all"))
    assert {row.space.name for row in made} == {"team"}
    assert elsewhere.space.name == "all"
    assert instance.Artifact.filter(space__name="team").to_list() == made[:1]
    assert made[0].load() == "a.txt"


# -- what is there already


def of_run_with_a_project(instance, run):
    project = instance.Project(name="P").save()
    run.projects.add(project)
    return project


LABELS = {"Record": {}, "ULabel": {}, "Feature": {"dtype": str}}


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("how", ["one", "many"])
def test_a_label_that_is_there_is_linked_to_the_projects_of_the_run_that_names_it(instance, run, kind, how):
    project, registry = of_run_with_a_project(instance, run), getattr(instance, kind)
    there = registry(name="there", **LABELS[kind]).save()
    other = registry(name="other", **LABELS[kind]).save()
    with session.using(instance), session.running(run):
        for _ in range(2):
            again = registry(name="there", **LABELS[kind])
            new = registry(name="new", **LABELS[kind])
            _ = [again.save(), new.save()] if how == "one" else ln.save([again, new])
    assert again == there
    assert there.refresh().run is None
    assert there.projects.to_list() == new.projects.to_list() == [project]
    assert not other.projects.exists()
    assert getattr(project, f"{kind.lower()}s").to_list("name") == ["there", "new"]


def test_a_label_that_is_there_is_linked_to_nothing_outside_of_a_run(instance, run):
    of_run_with_a_project(instance, run)
    there = instance.Record(name="there").save()
    assert instance.Record(name="there").save() == there
    assert not there.projects.exists()


def test_what_is_said_anew_of_a_label_that_is_there_is_not_dropped_in_silence(instance, caplog):
    for registry, first, more in (
        (instance.Record, {"description": "one"}, {"description": "two", "is_type": True}),
        (instance.Feature, {"dtype": float, "unit": "K"}, {"dtype": float, "unit": "°C", "default": 3.0}),
    ):
        there = registry(name="there", **first).save()
        assert not caplog.records
        registry(name="there", **first).save()
        registry(name="there", **{**first, "description": None}).save()
        assert not caplog.records
        assert registry(name="there", **more).save() == there
        said = caplog.records.pop().getMessage()
        assert "'there' was there already and stays as it was" in said
        named = {"default": "default_value"}
        assert all(named.get(name, name) in said for name in more if name != "dtype"), said
        for name, value in first.items():
            assert getattr(there.refresh(), name) == ("float" if name == "dtype" else value)


@pytest.mark.parametrize("kind", ["Record", "ULabel", "Project", "Feature"])
def test_a_name_that_is_taken_is_refused_with_who_has_it(instance, kind):
    registry, given = getattr(instance, kind), LABELS.get(kind, {})
    taken, other = registry(name="taken", **given).save(), registry(name="other", **given).save()
    other.name = "taken"
    with pytest.raises(ln.errors.Conflict, match=f"'taken', which is the name of {taken.uid}"):
        other.save()
    taken.delete()
    assert other.save().name == "taken"
    other.description = "still itself"
    assert registry.get(other.save().uid).description == "still itself"


def test_relations_say_what_they_take(instance):
    record, label = instance.Record(name="r").save(), instance.ULabel(name="u").save()
    for wrong, said in (("u", "of type str"), ([label], r"add\(\*rows\)"), (record, "of type Record")):
        with pytest.raises(ln.errors.InvalidArgument, match=f"ulabels takes saved ULabels.*{said}"):
            record.ulabels.add(wrong)
    with pytest.raises(ln.errors.InvalidArgument, match=r"ulabels\.set\(\) takes a list"):
        record.ulabels.set(label)
    record.ulabels.set([label])
    assert record.ulabels.to_list() == [label]


# -- what was put away


def test_a_name_that_is_in_the_archive_is_told_to_be_there(instance, caplog):
    there = instance.Project(name="P").save().archive()
    assert instance.Project(name="P").save() == there
    said = caplog.records.pop().getMessage()
    assert "'P'" in said
    assert "in the archive" in said
    assert "restore()" in said
    there.restore()
    instance.Project(name="P").save()
    assert not caplog.records


@pytest.mark.parametrize(("put_away", "where"), [("archive", "archive"), ("delete", "trash")])
def test_what_is_put_away_is_not_linked_to_anything(instance, put_away, where):
    label, one = instance.ULabel(name="U").save(), artifact(instance)
    other = instance.ULabel(name="V").save()
    getattr(label, put_away)()
    for link in (lambda: one.ulabels.add(other, label), lambda: one.ulabels.set([other, label])):
        with pytest.raises(
            ln.errors.InvalidArgument, match=rf"ULabel U \({label.uid}\) is in the {where}: restore\(\)"
        ):
            link()
    assert not one.ulabels.exists()
    one.ulabels.add(label.restore())
    assert one.ulabels.to_list() == [label]
    getattr(label, put_away)()
    one.ulabels.remove(label)


# -- who is known by a name of his own


def test_a_handle_that_is_there_gives_the_user_that_is_there(instance):
    there = instance.User.filter().one()
    assert instance.User(handle=there.handle).save() == there
    assert instance.User.filter().count() == 1
    other = instance.User(handle="ada").save()
    other.handle = there.handle
    with pytest.raises(
        ln.errors.Conflict, match=f"cannot be called '{there.handle}', which is the handle of {there.uid}"
    ):
        other.save()
    with pytest.raises(ln.errors.InvalidArgument, match="A User needs a handle"):
        instance.User(handle=" ").save()


# -- names that were perhaps meant


SIMILAR = {
    "Record": ["Blood sample", "BLOOD SAMPLE", "Blood sampel"],
    "Space": ["Team one", "team one", "Team noe"],
}


@pytest.mark.parametrize("kind", SIMILAR)
def test_a_name_that_was_perhaps_meant_is_told_whatever_its_case(instance, caplog, kind):
    registry, (first, *others) = getattr(instance, kind), SIMILAR[kind]
    with caplog.at_level("INFO", logger="lamin_lite"):
        registry(name=first).save()
        registry(name="Something else").save()
        assert not caplog.records
        for name in others:
            registry(name=name).save()
            said = caplog.records.pop().getMessage()
            assert f"{name!r}; there is a similar name: " in said
        registry(name=first).save()
    assert not caplog.records


def test_names_of_a_series_are_not_taken_for_mistakes(instance, caplog):
    with caplog.at_level("INFO", logger="lamin_lite"):
        for letter in "ABCDEFGH":
            instance.ULabel(name=f"group {letter}").save()
    assert len(caplog.records) == 2


NOTICES = """
import lamin_lite as ln
instance = ln.Instance.open(".")
instance.Record(name="Blood sample").save()
instance.Record(name="Blood sampel").save()
for _ in range(2):
    instance.Artifact.filter(created_at__gt="2026-01-01").to_list()
"""


def test_a_script_that_tracks_nothing_is_told_what_may_not_be_as_it_thinks(instance, workdir, run_python):
    done = run_python(NOTICES, cwd=workdir)
    assert done.stdout == ""
    similar, naive = done.stderr.splitlines()
    assert "similar name: 'Blood sample'" in similar
    assert "names no time zone" in naive


@pytest.mark.parametrize(("level", "lines"), [("WARNING", 0), ("INFO", 2)])
def test_an_application_that_configured_logging_says_what_is_shown(instance, workdir, run_python, level, lines):
    configured = f"import logging\nlogging.basicConfig(level='{level}', format='app: %(message)s')\n"
    said = run_python(configured + NOTICES, cwd=workdir).stderr.splitlines()
    assert len(said) == lines
    assert all(line.startswith("app: ") for line in said)


# -- above and below


def chain(instance, **values):
    return [instance.Record(name=name, **values).save() for name in ("a", "b", "c")]


def refused(row, how):
    return pytest.raises(
        ln.errors.InvalidArgument, match=f"cannot have {row} {how}, as it would be above itself: choose"
    )


def test_no_row_is_its_own_type_also_over_others(instance):
    a, b, c = chain(instance, is_type=True)
    a.type, b.type = b, c
    a.save(), b.save()
    for other, called in ((c, "itself"), (b, r"Record b \(\w{16}\)"), (a, r"Record a \(\w{16}\)")):
        c.type = other
        with refused(called, "as its type"):
            c.save()
        assert c.refresh().type is None
    assert (a.refresh().type, b.refresh().type) == (b, c)


def test_no_row_is_its_own_parent_also_over_others(instance):
    a, b, c = chain(instance)
    with refused("itself", "among its parents"):
        a.parents.add(a)
    a.parents.add(b)
    b.parents.add(c)
    with refused(r"Record a \(\w{16}\)", "among its parents"):
        b.parents.add(a)
    with refused(r"Record a \(\w{16}\)", "among its parents"):
        c.parents.set([a])
    with refused(r"Record c \(\w{16}\)", "among its children"):
        a.children.add(c)
    a.parents.add(c)
    assert set(a.parents) == {b, c}


def test_no_run_initiated_itself_also_over_others(instance, run):
    first, second = run, instance.Run(transform=run.transform, initiated_by_run=run).save()
    for other, called in ((first, "itself"), (second, f"Run {second.uid}")):
        first.initiated_by_run = other
        with refused(called, "as its initiated_by_run"):
            first.save()
        first.refresh()
    with refused("itself", "as its initiated_by_run"):
        instance.Run.filter(uid=first.uid).update(initiated_by_run=first)
    assert first.refresh().initiated_by_run is None


def test_a_type_stays_one_while_something_is_of_it(instance):
    kind = instance.Record(name="Sample", is_type=True).save()
    for in_use in (
        lambda: instance.Record(name="S1", type=kind).save(),
        lambda: instance.Feature(name="samples", dtype=kind).save(),
        lambda: instance.Feature(name="samples", dtype=list[kind]).save(),
    ):
        row = in_use()
        kind.is_type = False
        with pytest.raises(ln.errors.Conflict, match=r"'Sample' must stay a type, as .*'(S1|samples)'"):
            kind.save()
        row.delete(permanent=True)
        kind.refresh()
    kind.is_type = False
    assert kind.save().refresh().is_type is False
