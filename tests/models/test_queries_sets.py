"""Query sets as sets of rows: what one has read it keeps, slices are settled, `get` looks among its rows."""

from __future__ import annotations

import pickle
from itertools import product

import pytest

import lamin_lite as ln
from lamin_lite.sql import query

KEPT, MANY = 10, 40


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def runs(instance, monkeypatch):
    monkeypatch.setattr(query, "KEPT", KEPT)
    monkeypatch.setattr(query, "BATCH", 4)
    transform = instance.Transform(key="t.py").save()
    return ln.save([instance.Run(transform=transform, name=f"r{at}", exit_code=at % 3) for at in range(MANY)])


def counted(monkeypatch):
    """How many rows of runs are made into objects from now on."""
    made = []
    make = ln.Run._from_row.__func__
    monkeypatch.setattr(ln.Run, "_from_row", classmethod(lambda cls, *args: made.append(args) or make(cls, *args)))
    return made


@pytest.mark.parametrize("many", [KEPT // 2, MANY])
@pytest.mark.parametrize("work", [list, sorted, lambda rows: rows.to_list(), lambda rows: (len(rows), list(rows))[1]])
def test_each_row_is_made_once(instance, runs, monkeypatch, many, work):
    monkeypatch.setattr(ln.Run, "__lt__", lambda self, other: self.id < other.id, raising=False)
    made, rows = counted(monkeypatch), instance.Run.filter(id__in=[run.id for run in runs[:many]])
    assert work(rows) == runs[:many]
    assert len(made) == many
    assert len(rows) == many
    assert len(made) == many


@pytest.mark.parametrize("many", [KEPT // 2, MANY])
def test_what_was_read_answers_all_questions_alike(instance, runs, many):
    ids = [run.id for run in runs[:many]]
    rows = instance.Run.filter(id__in=ids)
    assert len(rows) == many
    runs[many - 1].delete(permanent=True)
    left = ids if many <= KEPT else ids[:-1]  # of many only the ids are kept, and what was removed is not there
    assert [run.id for run in rows] == left
    assert [run.id for run in reversed(rows)] == left[::-1]
    assert len(rows) == rows.count() == many
    assert bool(rows) is rows.exists() is True
    assert rows.first().id == rows[0].id == ids[0]
    assert [run.id for run in rows[2:4]] == ids[2:4]
    assert rows[many - 2].id == rows[-2].id == ids[-2]
    if many <= KEPT:
        assert rows[many - 1].id == rows[-1].id == rows.last().id == ids[-1]
    else:
        for index in (many - 1, -1):
            with pytest.raises(IndexError, match="was removed since"):
                rows[index]
    with pytest.raises(IndexError, match=f"the query found {many}"):
        rows[many]
    assert rows.all().count() == len(rows.all()) == many - 1
    assert rows.all()[-1].id == ids[-2]


def test_nothing_is_kept_by_what_gives_another_query_set(instance, runs):
    rows = instance.Run.filter(exit_code=0)
    few = rows[:3]
    assert len(few) == 3
    assert len(rows.filter(name="r0")) == 1
    runs[0].delete()
    assert few[0] == runs[0]
    assert rows.first() == runs[3]
    assert rows.update(description="seen") == rows.count() == 13


def test_slices_from_the_end_are_query_sets(instance, runs):
    rows, ids = instance.Run.filter(), [run.id for run in runs]
    for cut in (slice(-3, None), slice(-5, -2), slice(None, -38), slice(2, -30), slice(-50, 3), slice(-2, -4)):
        assert rows[cut].to_list("id") == [run.id for run in rows[cut]] == ids[cut], cut
        assert rows[cut].count() == len(ids[cut])
        assert rows[3:20][cut].to_list("id") == ids[3:20][cut]
    for read in (False, True):
        assert not read or len(rows) == MANY
        for index in (-100, 100):
            with pytest.raises(IndexError, match=rf"There is no row {index}: the query found {MANY}\."):
                rows[index]
        assert rows[-1] == rows[MANY - 1] == runs[-1]
    assert [run.id for run in rows[::-7]] == ids[::-7]
    with pytest.raises(ln.errors.InvalidArgument, match="whole numbers"):
        rows["a":]


def test_which_rows_a_slice_holds_is_settled(instance, runs):
    rows = instance.Run.order_by("id")[2:6]
    for change in (
        lambda: rows.order_by("-id"),
        rows.distinct,
        lambda: rows.filter(id=1),
        lambda: rows.exclude(id=1),
        lambda: rows.get(runs[0].uid),
        lambda: rows.search("r"),
        rows.lookup,
    ):
        with pytest.raises(ln.errors.InvalidArgument, match=r"A slice cannot be .* first, then slice\.$"):
            change()
    assert list(reversed(rows)) == runs[2:6][::-1]
    assert rows.update(description="seen") == 4
    assert instance.Run.filter(description="seen").to_list() == runs[2:6]
    assert rows.delete() == 4
    assert instance.Run.filter(id__in=[run.id for run in runs[:8]]).to_list() == [*runs[:2], *runs[6:8]]


def test_one_without_a_condition_asks_for_one(instance, runs):
    rows = instance.Run.filter()
    for ask in (rows.one, rows.one_or_none):
        with pytest.raises(
            ln.errors.MultipleResults,
            match=rf"^{MANY} rows of Run: add a condition that one of them meets, or use first",
        ):
            ask()
    with pytest.raises(ln.errors.DoesNotExist, match=r"^There is no Project here\.$"):
        instance.Project.filter().one()
    with pytest.raises(
        ln.errors.MultipleResults, match=rf"^{MANY} rows of Run match id__gt=0: add a condition, or use"
    ):
        rows.filter(id__gt=0).one()


def test_get_looks_among_the_rows_of_a_query_set(instance):
    mine, other = instance.Project(name="mine").save(), instance.Project(name="other").save()
    transform = instance.Transform(key="t.py").save()
    transform.projects.add(mine)
    assert transform.projects.get(name="mine") == transform.projects.get(mine.uid) == mine
    assert transform.projects.get(mine.id) == transform.projects.get(mine.uid[:5]) == mine
    assert mine.transforms.get(key="t.py") == transform
    assert instance.Project.filter().get(name="other") == other
    assert instance.Project.filter(name__startswith="o").get(name__contains="the") == other
    for asked, said in (
        ({"name": "other"}, "No Project matches name='other'"),
        ({"name": "mime"}, "Did you mean name='mine'"),
        ({"uid": other.uid}, "None of these Projects has a uid"),
    ):
        with pytest.raises(ln.errors.DoesNotExist, match=said):
            transform.projects.get(**asked)
    with pytest.raises(ln.errors.InvalidArgument, match="needs a uid, or a condition"):
        transform.projects.get()
    with pytest.raises(ln.errors.MultipleResults):
        instance.Project.filter().get(name__contains="e")
    mine.delete()
    with pytest.raises(ln.errors.DoesNotExist, match="One is in the trash"):
        transform.projects.get(name="mine")
    assert transform.projects.get(name="mine", branch="trash") == mine


def test_get_means_one_transform_only_where_its_files_have_one_name(instance):
    for at in range(3):
        instance.Transform(key=f"dir/{at}.py").save()
    with pytest.raises(ln.errors.MultipleResults, match="3 families of Transform"):
        instance.Transform.get(key__startswith="dir")
    assert instance.Transform.get(key__endswith="1.py").key == "dir/1.py"


def test_features_are_included_by_name_or_as_themselves(instance):
    width = instance.Feature(name="width", dtype=int).save()
    transform = instance.Transform(key="t.py").save()
    run = instance.Run(transform=transform).save()
    run.features.add_values({"width": 3})
    for rows in (
        instance.Run.to_dicts(include=["width", "transform__key"]),
        instance.Run.to_dicts(include="width"),
        instance.Run.to_dicts(features=[width]),
        instance.Run.to_dicts(features=width),
        instance.Run.to_dicts(features="width"),
        instance.Run.to_dicts(features=True),
    ):
        assert rows[0]["width"] == 3
    assert "width" not in instance.Run.to_dicts()[0]
    for registry, name in ((instance.Run, "widht"), (instance.Transform, "width"), (instance.Run, "trasform__key")):
        with pytest.raises(ln.errors.FieldError, match=f"'{name.split('__')[0]}"):
            registry.to_dicts(include=[name])
    with pytest.raises(ln.errors.FieldError, match="'widht'"):
        instance.Run.to_dicts(features=["widht"])


def test_what_include_cannot_follow_names_another_way(instance):
    with pytest.raises(ln.errors.FieldError, match="'artifacts__key' of the Projects themselves") as caught:
        instance.Transform.to_dicts(include=["projects__artifacts__key"])
    assert "include=[" not in str(caught.value)


def test_linked_rows_that_were_read_are_read_anew_after_a_change_of_the_links(instance):
    row, labels = instance.Record(name="r").save(), [instance.ULabel(name=name).save() for name in "ab"]
    linked = row.ulabels
    assert len(linked) == 0
    linked.add(*labels)
    assert (linked.exists(), linked.count(), linked.first().name, linked.to_list("name")) == (True, 2, "a", ["a", "b"])
    linked.remove(labels[0])
    assert [each.name for each in linked] == ["b"]
    linked.set([labels[0]])
    assert (len(linked), linked.last().name) == (1, "a")
    linked.clear()
    assert (bool(linked), linked.one_or_none(), list(linked)) == (False, None, [])


PARTS = {
    "filtered": lambda rows: rows.filter(name="b"),
    "filtered to none": lambda rows: rows.filter(name="zzz"),
    "by no condition": lambda rows: rows.filter(),
    "excluded": lambda rows: rows.exclude(name="b"),
    "ordered": lambda rows: rows.order_by("-name"),
    "cut": lambda rows: rows[:1],
    "distinct": lambda rows: rows.distinct(),
    "searched": lambda rows: rows.search("b"),
    "anew": lambda rows: rows.filter(name="b").all(),
}
CHANGES = {
    "clear": lambda rows, _: rows.clear(),
    "set": lambda rows, label: rows.set([label]),
    "add": lambda rows, label: rows.add(label),
    "remove": lambda rows, label: rows.remove(label),
}


def test_links_are_changed_by_the_relation_itself_not_by_a_part_of_it(instance):
    row, labels = instance.Record(name="r").save(), [instance.ULabel(name=name).save() for name in "abcd"]
    row.ulabels.add(*labels[:3])
    told = r"record\.ulabels\.remove\(\*record\.ulabels\.filter\(\.\.\.\)\)"
    for part, change in product(PARTS.values(), CHANGES.values()):
        with pytest.raises(ln.errors.InvalidArgument, match=told):
            change(part(row.ulabels), labels[3])
        assert row.ulabels.to_list("name") == ["a", "b", "c"]


def test_a_part_of_a_relation_is_a_query_set_as_others_are(instance):
    row, labels = instance.Record(name="r").save(), [instance.ULabel(name=name).save() for name in "abcd"]
    row.ulabels.add(*labels[:3])
    part = row.ulabels.filter(name__in=["a", "b", "d"])
    assert part.order_by("-name").to_list("name") == ["b", "a"]
    assert (part.get(name="a"), part[1:].one(), part.all().count()) == (labels[0], labels[1], 2)
    assert pickle.loads(pickle.dumps(part)).to_list() == labels[:2]
    row.ulabels.remove(*part)
    assert row.ulabels.to_list() == labels[2:3]
    row.ulabels.all().set(labels)
    assert part.update(description="seen") == 3
    assert part.delete() == 3
    assert row.ulabels.to_list() == labels[2:3]
    row.ulabels.all().clear()
    assert row.ulabels.count() == 0


def test_rows_that_refer_to_each_other_are_removed_together(instance):
    older = instance.Record(name="older").save()
    kind = instance.Record(name="Kind", is_type=True).save()
    older.type = kind
    older.save()
    for name in "abc":
        instance.Record(name=name, type=kind).save()
    transform = instance.Transform(key="t.py").save()
    parent = instance.Run(transform=transform).save()
    for _ in range(2):
        parent = instance.Run(transform=transform, initiated_by_run=parent).save()
    assert instance.Record.filter().delete(permanent=True) == 5
    assert instance.Run.order_by("id").delete(permanent=True) == 3
    assert not instance.Record.filter(branch=None).exists()
    assert not instance.Run.filter(branch=None).exists()


def test_what_others_refer_to_is_removed_with_force_or_none_is(instance):
    kind, other = (instance.Record(name=name, is_type=True).save() for name in ("Kind", "Other"))
    member = instance.Record(name="a", type=kind).save()
    rows = instance.Record.filter(is_type=True)
    with pytest.raises(ln.errors.Conflict, match=r"delete\(permanent=True, force=True\)"):
        rows.delete(permanent=True)
    assert rows.to_list() == [kind, other]
    with pytest.raises(ln.errors.InvalidArgument, match="only with permanent=True"):
        rows.delete(force=True)
    assert rows.delete(permanent=True, force=True) == 2
    assert instance.Record.filter(branch=None).one() == member
    assert member.refresh().type is None
