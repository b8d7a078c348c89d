"""Conditions as they are written: in any number, with values of any kind of iterable and of any size."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import reduce
from operator import and_, or_

import pytest

import lamin_lite as ln

MANY = 3_000


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def runs(instance):
    transform = instance.Transform(key="t.py").save()
    return ln.save([instance.Run(transform=transform, exit_code=at, params={"i": at}) for at in range(5)])


# --- iterators -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["id__in", "exit_code__in", "params__i__in", "uid__in", "transform__in", "exit_code__range", "temp__in"]
)
def test_an_iterator_of_values_is_gone_through_once(instance, runs, name):
    instance.Feature(name="temp", dtype=int).save()
    for at, run in enumerate(runs):
        run.features.add_values({"temp": at})
    given = {
        "id__in": [runs[1].id, runs[2].id],
        "uid__in": [runs[1].uid, runs[2].uid],
        "transform__in": [runs[0].transform],
    }.get(name, [1, 2])
    for iterator in (lambda: iter(given), lambda: (one for one in given), lambda: filter(None, given)):
        found = instance.Run.filter(**{name: iterator()})
        many = 5 if name == "transform__in" else 2
        assert found.count() == found.count() == len(found.to_list()) == many
        assert instance.Run.filter(ln.Q(**{name: iterator()}) | ln.Q(id=0)).count() == many
        assert instance.Run.exclude(**{name: iterator()}).count() == 5 - many


def test_what_an_iterator_excludes_is_not_deleted(instance, runs):
    assert instance.Run.exclude(id__in=(run.id for run in runs[:2])).delete() == 3
    assert instance.Run.filter().to_list() == runs[:2]


def test_an_iterator_is_told_whole_where_nothing_is_found(instance, runs):
    with pytest.raises(ln.errors.DoesNotExist, match=r"\['a', 'b'\]"):
        instance.Transform.get(key__in=iter(["a", "b"]))
    runs[0].transform.delete()
    with pytest.raises(ln.errors.DoesNotExist, match="trash"):
        instance.Transform.get(key__in=iter(["t.py"]))


# --- very many conditions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [90, 320])  # SQLite before 3.32 takes 999 values, three of them for a param
def test_many_conditions_lie_side_by_side(instance, runs, many):
    ids = [run.id for run in runs]
    rows = instance.Run.filter()
    assert rows.filter(reduce(or_, [ln.Q(id=at) for at in range(many)])).to_list("id") == ids
    assert rows.filter(reduce(or_, [ln.Q(params__i=at) for at in range(2, many)])).to_list("id") == ids[2:]
    assert rows.filter(reduce(and_, [~ln.Q(exit_code=at) for at in range(1, many)])).to_list("id") == ids[:1]
    assert rows.exclude(reduce(or_, [ln.Q(exit_code=at) for at in range(1, many)])).to_list("id") == ids[:1]
    chained = rows
    for at in range(1, many):
        chained = chained.exclude(exit_code=at)
    assert chained.to_list("id") == ids[:1]
    assert repr(chained)


@pytest.mark.slow
def test_thousands_of_conditions_are_joined_or_refused_in_one_sentence(instance, runs):
    ids = [run.id for run in runs]
    for joined, left in (
        (reduce(or_, [ln.Q(exit_code__gt=at) for at in range(MANY)]), ids[1:]),
        (reduce(and_, [~ln.Q(exit_code=at) for at in range(1, MANY)]), ids[:1]),
    ):
        try:
            assert instance.Run.filter(joined).to_list("id") == left
        except ln.errors.FieldError as error:  # SQLite before 3.32 takes 999 values
            assert "too many SQL variables" in str(error)  # noqa: PT017


def test_any_number_of_negations_is_one_or_none(instance, runs):
    q = ln.Q(exit_code__lt=2)
    for _ in range(MANY):
        q = ~ln.Q(~q)
    assert instance.Run.filter(q).count() == 2
    assert instance.Run.filter(~q).count() == 3
    for _ in range(MANY + 1):
        q = ~q
    assert instance.Run.filter(q).count() == 3


@pytest.mark.parametrize("deep", [200, MANY])
def test_what_is_nested_too_deep_is_one_sentence(instance, runs, deep):
    q = ln.Q(id=1)
    for at in range(deep):
        q = ~(q & ln.Q(id=at)) | ln.Q(exit_code=at)
    with pytest.raises(ln.errors.FieldError, match="step by step") as caught:
        instance.Run.filter(q)
    assert "\n" not in str(caught.value)


@pytest.mark.sqlite
@pytest.mark.parametrize("deep", [4, 12, 20, 25])
def test_what_the_parser_of_sqlite_cannot_hold_is_one_sentence(instance, runs, deep):
    """Newer ones hold more; whatever they hold is answered."""
    q, wanted = ln.Q(exit_code=1), {1}
    for _ in range(deep):
        q, wanted = ~(q & ln.Q(exit_code__lt=3)) | ln.Q(exit_code=4), set(range(5)) - (wanted & {0, 1, 2}) | {4}
    try:
        assert set(instance.Run.filter(q).to_list("exit_code")) == wanted
    except ln.errors.FieldError as error:
        assert "step by step" in str(error)  # noqa: PT017
        assert deep > 4


def test_an_empty_condition_adds_nothing_to_another_one(instance, runs):
    some = ln.Q()
    for run in runs[:2]:
        some |= ln.Q(id=run.id)
    assert instance.Run.filter(some).to_list() == runs[:2]
    assert instance.Run.filter(ln.Q() & ln.Q(id=runs[0].id)).to_list() == runs[:1]
    assert instance.Run.filter(ln.Q()).count() == 5


def test_an_empty_condition_says_nothing_and_neither_does_its_opposite(instance, runs):
    none = ln.Q()
    for name in ():
        none |= ln.Q(name=name)
    for rows in (
        instance.Run.exclude(none),
        instance.Run.exclude(),
        instance.Run.exclude(name__in=[]),
        instance.Run.filter(~none),
        instance.Run.filter(~~none & ~ln.Q(~none)),
        instance.Run.filter(ln.Q(id__gt=0) & ~none),
    ):
        assert rows.to_list() == runs
    assert instance.Run.filter(ln.Q(exit_code=1) | ~none).to_list() == runs[1:2]


def test_a_condition_is_shown_as_it_is_written(instance):
    a, b, c = ln.Q(a=1), ln.Q(b__in=["x"]), ln.Q(c=None)
    for q, shown in (
        (a, "a=1"),
        (~a, "not (a=1)"),
        (ln.Q(a, b), "a=1, b__in=['x']"),
        ((a | b) & c, "(a=1 or b__in=['x']), c=None"),
        ((a & b) | c, "(a=1, b__in=['x']) or c=None"),
        ((a | b) | c, "a=1 or b__in=['x'] or c=None"),
        (~(a | b) & ~c, "not (a=1 or b__in=['x']), not (c=None)"),
        (~((a | b) & c), "not ((a=1 or b__in=['x']), c=None)"),
        (ln.Q(), "no condition"),
        (~ln.Q(), "no condition"),
    ):
        assert repr(q) == str(q) == shown
    heat = instance.Feature(name="heat", dtype=float).save()
    assert repr(heat > 3) == "heat__gt=3"
    with pytest.raises(ln.errors.DoesNotExist, match=r"matches \(id=1 or id=2\), name='x'\."):
        instance.Run.filter((ln.Q(id=1) | ln.Q(id=2)) & ln.Q(name="x")).one()


# --- values beyond all that are kept ---------------------------------------------------------------------------------

BEYOND = [2**63, 2**64, 2**70, 10**30]


@pytest.mark.parametrize("number", BEYOND)
@pytest.mark.parametrize("name", ["id", "exit_code", "transform_id"])
def test_numbers_of_more_than_64_bits_mean_what_they_say(instance, runs, number, name):
    def count(lookup, value):
        return instance.Run.filter(**{f"{name}{lookup}": value}).count()

    for greater in (number, float("inf")):
        assert count("", greater) == count("__gt", greater) == count("__gte", greater) == 0
        assert count("", -greater) == count("__lt", -greater) == count("__lte", -greater) == 0
        assert count("__lt", greater) == count("__lte", greater) == count("__gt", -greater) == 5
        assert count("__gte", -greater) == count("__range", (-greater, greater)) == 5
        assert instance.Run.exclude(**{name: greater}).count() == 5
    assert instance.Run.filter(**{f"{name}__in": [number, 1]}).count() in (1, 5)
    assert count("__in", [number]) == 0


def test_rows_by_numbers_of_more_than_64_bits_are_not_there(instance, runs):
    rows = instance.Run.filter()
    assert instance.Run.filter(transform=2**70).count() == instance.Run.filter(transform__in=[2**70]).count() == 0
    assert instance.Run.filter(projects=2**70).count() == instance.Run.filter(projects__id__in=[2**70]).count() == 0
    assert instance.Run.filter(created_at__month=2**70).count() == 0
    assert instance.Run.filter(created_at__day__lt=2**70).count() == 5
    with pytest.raises(ln.errors.DoesNotExist):
        instance.Run.get(2**70)
    for index in (2**70, -(2**70)):
        with pytest.raises(IndexError, match="There is no row"):
            rows[index]
    assert rows[: 2**70].to_list() == rows[-(2**70) :].to_list() == runs
    assert rows[2**70 :].to_list() == rows[2**63 : 2**64].to_list() == []


def test_the_greatest_number_is_less_than_infinity(instance, runs):
    runs[0].exit_code = 2**63 - 1
    runs[0].save()
    assert instance.Run.filter(exit_code__lt=float("inf")).count() == 5
    assert instance.Run.filter(exit_code__gte=float("inf")).count() == 0


EDGES = [
    datetime.min,
    datetime.max,
    datetime.min.replace(tzinfo=timezone(timedelta(hours=12))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+12:00",
]


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("edge", EDGES)
def test_moments_at_the_ends_of_the_calendar_are_bounds(instance, monkeypatch, zone, edge):
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        transform = instance.Transform(key="t.py").save()
        instance.Run(transform=transform, started_at="2026-01-31T00:00Z").save()
        after = str(edge).startswith("0001")
        assert instance.Run.filter(started_at__gt=edge).count() == instance.Run.filter(started_at__gte=edge).count()
        assert instance.Run.filter(started_at__gt=edge).count() == (1 if after else 0)
        assert instance.Run.filter(started_at__lt=edge).count() == (0 if after else 1)
        assert instance.Run.filter(started_at__range=(datetime.min, datetime.max)).count() == 1
        assert instance.Run.filter(started_at=edge).count() == instance.Run.filter(started_at__in=[edge]).count() == 0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_moment_that_utc_has_no_date_for_cannot_be_saved(instance, runs):
    with pytest.raises(ln.errors.InvalidArgument, match="9999"):
        runs[0].started_at = EDGES[3]


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lookups", "said", "unsaid"),
    [
        ({"started_at__month__contains": "1"}, "there are exact, gt, gte, in, lt, lte, range", "did you mean"),
        ({"started_at__quarter": 1}, "there are date, day, exact", "icontains"),
        ({"name__startswith__x": "1"}, "nothing can follow", "did you mean"),
        ({"transform__in": "rows"}, "takes saved Transforms", "transform__key=Project"),
        ({"transform": "row"}, "takes saved Transforms", "transform__key=Project"),
    ],
)
def test_the_remedy_is_one_that_works(instance, lookups, said, unsaid):
    project = instance.Project(name="p").save()
    given = {"rows": instance.Project.filter(), "row": project}
    with pytest.raises(ln.errors.FieldError, match=said) as caught:
        instance.Run.filter(**{name: given.get(value, value) for name, value in lookups.items()})
    assert unsaid not in str(caught.value)


def test_year_and_month_leave_other_bounds_of_the_moment_as_they_are(instance):
    transform = instance.Transform(key="t.py").save()
    days = [datetime(2026, 1, day, tzinfo=timezone.utc) for day in (5, 15, 25)]
    ln.save([instance.Run(transform=transform, name=f"d{day.day}", started_at=day) for day in days])
    january = {"started_at__year": 2026, "started_at__month": 1}
    for bound, names in (
        ({"started_at__date__gte": "2026-01-20"}, ["d25"]),
        ({"started_at__date__lt": "2026-01-10"}, ["d5"]),
        ({"started_at__date__gte": "2026-01-10", "started_at__date__lt": "2026-01-20"}, ["d15"]),
        ({"started_at__date__gte": "2025-01-01", "started_at__date__lt": "2027-01-01"}, ["d5", "d15", "d25"]),
    ):
        for rows in (
            instance.Run.filter(**bound, **january),
            instance.Run.filter(ln.Q(**bound) & ln.Q(**january)),
            instance.Run.filter(transform__runs__isnull=False).filter(**january, **bound),
        ):
            assert rows.to_list("name") == names
        assert set(instance.Run.exclude(**bound, **january).to_list("name")) == {"d5", "d15", "d25"} - {*names}
    assert instance.Run.filter(**january, started_at__date__gte="2026-01-20").delete() == 1
    assert instance.Run.filter().to_list("name") == ["d5", "d15"]
