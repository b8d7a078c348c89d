"""A query is answered in one of several ways, by how many rows there are: the answer is the same, and no table is read whole."""

from __future__ import annotations

import re
import tracemalloc
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln
from lamin_lite.sql import probes, query, relations, walks

MANY = 120
START = datetime(2023, 12, 30, tzinfo=timezone.utc)


class Made:
    """A run as it was made: what the oracle looks at."""

    def __init__(self, number):
        self.number = number
        self.params = {"group": number % 7, "half": number % 2 == 0, "none": None, "text": f"n{number % 5}"}
        if number % 3 == 0:
            self.params["rare"] = {"deep": number}
        self.status = "errored" if number % 40 == 5 else "completed"
        self.started_at = None if number % 11 == 3 else START + timedelta(hours=7 * (number * 37 % MANY))
        self.transform = number % 3


@pytest.fixture(scope="module")
def made():
    return [Made(number) for number in range(MANY)]


@pytest.fixture
def instance(workdir, made):
    instance = ln.Instance.init(workdir)
    transforms = ln.save([instance.Transform(key=f"t{at}.py") for at in range(3)])
    ln.save(
        [
            instance.Run(
                transform=transforms[one.transform],
                name=str(one.number),
                params=one.params,
                status=one.status,
                started_at=one.started_at,
            )
            for one in made
        ]
    )
    return instance


def _started(test):
    return lambda one: one.started_at is not None and test(one.started_at)


#: what is asked, and what it means
ASKED = [
    (ln.Q(params__group=3), lambda one: one.params["group"] == 3),
    (ln.Q(params__half=True), lambda one: one.params["half"]),
    (ln.Q(params__none=None), lambda one: True),
    (ln.Q(params__text="n1"), lambda one: one.params["text"] == "n1"),
    (ln.Q(params__text__startswith="n"), lambda one: True),
    (ln.Q(params__group__gt=4), lambda one: one.params["group"] > 4),
    (ln.Q(params__group__in=[1, 2]), lambda one: one.params["group"] in (1, 2)),
    (ln.Q(params__rare__deep=30), lambda one: one.number == 30),
    (ln.Q(params__rare__isnull=False), lambda one: "rare" in one.params),
    (ln.Q(params__rare__isnull=True), lambda one: "rare" not in one.params),
    (~ln.Q(params__half=True), lambda one: not one.params["half"]),
    (
        ln.Q(params__group=0) | ln.Q(params__text="n2"),
        lambda one: one.params["group"] == 0 or one.params["text"] == "n2",
    ),
    (ln.Q(status="completed"), lambda one: one.status == "completed"),
    (ln.Q(status="errored"), lambda one: one.status == "errored"),
    (ln.Q(transform__key="t1.py"), lambda one: one.transform == 1),
    (ln.Q(transform__key__startswith="t"), lambda one: True),
    (ln.Q(name="77"), lambda one: one.number == 77),
    (ln.Q(started_at__year=2024), _started(lambda at: at.year == 2024)),
    (ln.Q(started_at__year=2024, started_at__month=1), _started(lambda at: (at.year, at.month) == (2024, 1))),
    (ln.Q(started_at__year=2023, started_at__month=12), _started(lambda at: (at.year, at.month) == (2023, 12))),
    (ln.Q(started_at__month=1), _started(lambda at: at.month == 1)),
    (ln.Q(started_at__gte=START + timedelta(days=20)), _started(lambda at: at >= START + timedelta(days=20))),
    (ln.Q(created_by__handle__contains=""), lambda one: True),
]
NEVER = datetime(1, 1, 1, tzinfo=timezone.utc)
ORDERS = {
    "id": lambda one: one.number,
    "-id": lambda one: -one.number,
    "started_at": lambda one: (one.started_at is None, one.started_at or NEVER, one.number),
    "-started_at": lambda one: (
        one.started_at is None,
        -((one.started_at or NEVER) - NEVER).total_seconds(),
        -one.number,
    ),
}
PLAIN = settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("few", "least"), [(3000, 200), (2, 1), (20, 5), (0, 60)])
@PLAIN
@given(
    st.lists(st.sampled_from(range(len(ASKED))), min_size=1, max_size=3, unique=True),
    st.sampled_from(list(ORDERS)),
    st.integers(0, 12),
    st.sampled_from([None, 1, 5, 30]),
)
def test_each_way_gives_the_same_rows(instance, made, few, least, asked, order, offset, limit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "FEW", few)
        patch.setattr(relations, "FEW", few)
        patch.setattr(walks, "LEAST", least)
        patch.setattr(walks, "EACH", 1)
        tests = [ASKED[at][1] for at in asked]
        wanted = sorted((one for one in made if all(test(one) for test in tests)), key=ORDERS[order])
        names = [str(one.number) for one in wanted]
        runs = instance.Run.filter(*(ASKED[at][0] for at in asked)).order_by(order)
        end = None if limit is None else offset + limit
        assert runs[offset:end].to_list("name") == names[offset:end]
        assert [run.name for run in runs[offset:end].iterator()] == names[offset:end]
        assert runs.count() == len(names)
        assert runs[offset:end].count() == len(names[offset:end])
        assert runs.exists() is bool(names)
        first, last = runs.first(), runs.last()
        assert [run and run.name for run in (first, last)] == ([names[0], names[-1]] if names else [None, None])
        assert instance.Run.filter(id__in=runs.values_list("id", flat=True)).count() == len(names)


def statements(instance, monkeypatch, work):
    """What is asked of the database meanwhile, and how SQLite goes about it."""
    database, seen = instance.database, []
    read = type(database).read
    monkeypatch.setattr(
        type(database), "read", lambda self, sql, params=(): seen.append((sql, params)) or read(self, sql, params)
    )
    work()
    monkeypatch.undo()
    return [(sql, [row[3] for row in database.read(f"EXPLAIN QUERY PLAN {sql}", params)]) for sql, params in seen]


QUICK = {
    "one param": lambda runs: runs.filter(params__group=3).first(),
    "one param that most have": lambda runs: runs.filter(params__half=True)[:20].to_list(),
    "none": lambda runs: runs.filter(params__none=None).first(),
    "two params": lambda runs: runs.filter(params__group=3, params__half=True)[:20].to_list(),
    "two params of which each is of many": lambda runs: runs.filter(params__text="n1", params__half=True)[
        :20
    ].to_list(),
    "last": lambda runs: runs.filter(params__half=True).last(),
    "exists": lambda runs: runs.filter(params__half=True).exists(),
    "last run of a transform": lambda runs: runs.filter(transform_id=1).order_by("-started_at").first(),
    "all in the order of start": lambda runs: runs.order_by("-started_at")[:20].to_list(),
    "status": lambda runs: runs.filter(status="errored")[:20].to_list(),
    "uid": lambda runs: runs.filter(uid__startswith="abc").first(),
}


@pytest.mark.sqlite
@pytest.mark.parametrize("name", list(QUICK))
def test_first_rows_come_from_an_index_in_its_order(instance, monkeypatch, name):
    for sql, plan in statements(instance, monkeypatch, lambda: QUICK[name](instance.Run.filter())):
        assert not re.search(r"SCAN (t0|p|run|run_param)\b(?! USING)", " / ".join(plan)), (sql, plan)
        if "ORDER BY" in sql and "uid" not in sql.partition(" WHERE ")[2]:
            assert not any("TEMP B-TREE FOR ORDER" in step for step in plan if "IS NULL" not in sql), (sql, plan)


RELATED = {
    "last started": lambda runs: runs.order_by("-started_at").first(),
    "first started": lambda runs: runs.order_by("started_at")[:5].to_list(),
    "first": lambda runs: runs.first(),
    "last": lambda runs: runs.last(),
    "of a param": lambda runs: runs.filter(params__half=True).order_by("-started_at").first(),
}


@pytest.mark.sqlite
@pytest.mark.parametrize("few", [0, probes.FEW])
@pytest.mark.parametrize("name", list(RELATED))
def test_first_rows_of_a_relation_come_from_an_index_as_those_of_the_condition(instance, monkeypatch, name, few):
    transform = instance.Transform.get(key="t1.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "FEW", few)
        of_row = statements(instance, monkeypatch, lambda: RELATED[name](transform.runs))
        by_condition = statements(
            instance, monkeypatch, lambda: RELATED[name](instance.Run.filter(transform=transform))
        )
    assert [plan for _, plan in of_row] == [plan for _, plan in by_condition]
    for sql, plan in () if few else of_row:
        assert not re.search(r"SCAN (t0|run)\b|TEMP B-TREE", " / ".join(plan)), (sql, plan)
    assert RELATED[name](transform.runs) == RELATED[name](instance.Run.filter(transform=transform))


@pytest.mark.sqlite
def test_last_runs_of_a_person_are_found_at_the_beginning_of_the_order(instance, monkeypatch):
    runs = instance.User.filter().one().created_runs.order_by("-started_at")
    asked = statements(instance, monkeypatch, runs[:5].to_list)
    assert len(asked) == 1
    assert f"LIMIT {walks.LEAST}" in asked[0][0]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("name", "order"), [("started_at__year", "id"), ("status", "-started_at"), ("created_by", "-started_at")]
)
def test_what_most_rows_meet_is_found_at_the_beginning_of_the_order(instance, monkeypatch, name, order):
    values = {"started_at__year": 2024, "status": "completed", "created_by": instance.User.filter().one()}
    runs = instance.Run.filter(**{name: values[name]}).order_by(order)
    asked = statements(instance, monkeypatch, runs[:5].to_list)
    assert len(asked) == 1
    assert f"LIMIT {walks.LEAST}" in asked[0][0]


@pytest.mark.sqlite
def test_year_and_month_are_one_range(instance):
    sql, params = instance.Run.filter(started_at__year=2024, started_at__month=2)._sql("id")
    assert "/" not in sql
    assert [at for at in params if at > 10**12] == [
        datetime(2024, month, 1, tzinfo=timezone.utc).timestamp() * 1e6 for month in (2, 3)
    ]


def test_year_and_month_of_params_are_names(instance):
    transform = instance.Transform.get(key="t0.py")
    run = instance.Run(transform=transform, params={"started_at": {"year": 2024, "month": 1}}).save()
    assert instance.Run.filter(params__started_at__year=2024, params__started_at__month=1).to_list() == [run]


def peak(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def many_runs(instance, count):
    transform = instance.Transform(key="many.py").save()
    for first in range(0, count, 2_000):
        ln.save(
            [instance.Run(transform=transform, params={"text": "x" * 50}) for _ in range(min(2_000, count - first))]
        )


WALKS = {"for": iter, "iterator": lambda runs: runs.iterator()}


@pytest.mark.parametrize("walk", list(WALKS))
def test_going_through_many_rows_takes_no_memory_for_them(workdir, walk, monkeypatch):
    monkeypatch.setattr(query, "KEPT", 200)
    instance = ln.Instance.init(workdir)
    many_runs(instance, 1_200)
    for runs in (instance.Run.filter(), instance.Run.filter(params__text="x" * 50).order_by("-started_at")):
        few = peak(lambda some=runs[:400]: [None for _ in WALKS[walk](some)])
        many = peak(lambda some=runs: [None for _ in WALKS[walk](some)])
        assert many < few + 150_000, f"{many:,} bytes for 1,200 rows, {few:,} for 400"


def test_rows_may_be_changed_and_removed_while_one_goes_through_them(workdir, monkeypatch):
    monkeypatch.setattr(query, "KEPT", 10)
    monkeypatch.setattr(query, "BATCH", 4)
    instance = ln.Instance.init(workdir)
    many_runs(instance, 40)
    runs, names = instance.Run.filter(name=None).order_by("-id"), []
    for run in runs:
        names.append(run.id)
        run.name = "seen"
        run.save()
        if run.id == 30:
            instance.Run.get(10).delete(permanent=True)
            many_runs(instance, 3)
    assert names == [number for number in range(40, 0, -1) if number != 10]


@pytest.mark.stress
@pytest.mark.sqlite
def test_iterating_over_a_million_rows_takes_no_memory_for_them(workdir, run_python):
    instance = ln.Instance.init(workdir)
    transform = instance.Transform(key="many.py").save()
    ln.save([instance.Run(transform=transform, params={"at": at}) for at in range(1_000)])
    columns = ln.Run.__table__.written
    copied = ", ".join("'u' || (a.id * 1000 + b.id)" if name == "uid" else f"a.{name}" for name in columns)
    numbers = "WITH RECURSIVE b (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM b WHERE id < 1000)"
    with instance.database.write("copy") as tx:
        tx.execute(f"{numbers} INSERT INTO run ({', '.join(columns)}) SELECT {copied} FROM run a, b")
    for walk in ("ln.Run.filter().iterator()", "iter(ln.Run.filter())"):
        done = run_python(ITERATE, walk, cwd=workdir)
        assert done.returncode == 0, done.stderr
        count, before, after = map(int, done.stdout.split())
        assert count > 1_000_000
        # most of it is what SQLite keeps of the file, and 8 bytes a row where the ids are held
        assert after < before + 60_000, f"{walk}: from {before:,} to {after:,} KB"


ITERATE = """
import resource, sys
import lamin_lite as ln
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ln.Run.filter().first()
before = peak()
count = sum(1 for _ in eval(sys.argv[1]))
print(count, before, peak())
"""
