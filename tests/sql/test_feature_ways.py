"""Conditions on features are answered in one of several ways, by how many rows there are: the answer is the same."""

from __future__ import annotations

import math
import operator
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln
from lamin_lite.models import session
from lamin_lite.sql import probes

MANY = 80


class Made:
    """A run as it was made: what the oracle looks at."""

    def __init__(self, number):
        self.number = number
        self.values = {
            "group": number % 7,
            "half": number % 2 == 0,
            "text": f"n{number % 5}" + "x" * (number % 2 * 300),
        }
        self.values["level"] = math.nan if number % 10 == 0 else number / MANY
        self.values["experiment"] = f"E{number % 4}"
        if number % 3 == 0:
            self.values["rare"] = None if number % 2 else number
        if number % 4:
            self.values["tags"] = ["a", "b", "a"][: number % 4]

    def has(self, name, test):
        value = self.values.get(name)
        return value is not None and bool(test(value))


@pytest.fixture(scope="module")
def made():
    return [Made(number) for number in range(MANY)]


@pytest.fixture
def instance(workdir, made, monkeypatch):
    instance = ln.Instance.init(workdir)
    monkeypatch.setattr(session, "default_store", instance)
    kind = ln.Record(name="Experiment", is_type=True).save()
    ln.save([ln.Record(name=f"E{at}", type=kind) for at in range(4)])
    dtypes = {
        "group": int,
        "half": bool,
        "text": str,
        "level": float,
        "experiment": kind,
        "rare": int,
        "tags": list[str],
    }
    for name, dtype in dtypes.items():
        ln.Feature(name=name, dtype=dtype).save()
    transform = ln.Transform(key="t.py").save()
    runs = ln.save([ln.Run(transform=transform, name=str(one.number)) for one in made])
    for run, one in zip(runs, made):
        run.features.add_values(one.values)
    return instance


#: what is asked, and what it means
ASKED = [
    (ln.Q(group=3), lambda one: one.has("group", lambda value: value == 3)),
    (ln.Q(group__gt=4), lambda one: one.has("group", lambda value: value > 4)),
    (ln.Q(group__in=[1, 2, 9]), lambda one: one.has("group", lambda value: value in (1, 2))),
    (ln.Q(half=True), lambda one: one.has("half", bool)),
    (ln.Q(text="n1"), lambda one: one.has("text", lambda value: value == "n1")),
    (ln.Q(text="n1" + "x" * 300), lambda one: one.has("text", lambda value: value == "n1" + "x" * 300)),
    (ln.Q(text__startswith="n1"), lambda one: one.has("text", lambda value: value.startswith("n1"))),
    (ln.Q(text__endswith="xx"), lambda one: one.has("text", lambda value: value.endswith("xx"))),
    (ln.Q(text__regex="^n[12]x*$"), lambda one: one.has("text", lambda value: value[1] in "12")),
    (ln.Q(text__gt="n2"), lambda one: one.has("text", lambda value: value > "n2")),
    (ln.Q(level__lte=0.5), lambda one: one.has("level", lambda value: value <= 0.5)),
    (ln.Q(level=math.nan), lambda one: one.has("level", math.isnan)),
    (ln.Q(level__isnull=False), lambda one: True),
    (ln.Q(experiment="E2"), lambda one: one.has("experiment", lambda value: value == "E2")),
    (ln.Q(experiment__in=["E2", "E3"]), lambda one: one.has("experiment", lambda value: value in ("E2", "E3"))),
    (ln.Q(experiment__name__endswith="1"), lambda one: one.has("experiment", lambda value: value == "E1")),
    (ln.Q(rare__isnull=True), lambda one: one.values.get("rare") is None),
    (ln.Q(rare__isnull=False), lambda one: one.has("rare", lambda value: True)),
    (ln.Q(rare=30), lambda one: one.has("rare", lambda value: value == 30)),
    (ln.Q(tags="b"), lambda one: one.has("tags", lambda value: "b" in value)),
    (ln.Q(tags=["a"]), lambda one: one.has("tags", lambda value: value == ["a"])),
    (~ln.Q(half=True), lambda one: not one.has("half", bool)),
    (
        ln.Q(group=0) | ln.Q(tags__contains="a"),
        lambda one: one.has("group", lambda value: value == 0) or one.has("tags", lambda value: "a" in value),
    ),
    (ln.Q(name="77"), lambda one: one.number == 77),
]
PLAIN = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("few", [3000, 10, 0])
@PLAIN
@given(
    st.lists(st.sampled_from(range(len(ASKED))), min_size=1, max_size=3, unique=True),
    st.sampled_from(["id", "-id"]),
    st.integers(0, 5),
    st.sampled_from([None, 1, 5]),
)
def test_each_way_gives_the_same_rows(instance, made, few, asked, order, offset, limit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(probes, "FEW", few)
        wanted = [str(one.number) for one in made if all(ASKED[at][1](one) for at in asked)]
        wanted = wanted if order == "id" else wanted[::-1]
        runs = ln.Run.filter(*(ASKED[at][0] for at in asked)).order_by(order)
        end = None if limit is None else offset + limit
        assert runs[offset:end].to_list("name") == wanted[offset:end]
        assert runs.count() == len(wanted)
        assert runs.exists() is bool(wanted)
        first, last = runs.first(), runs.last()
        assert [run and run.name for run in (first, last)] == ([wanted[0], wanted[-1]] if wanted else [None, None])


def leading(instance, runs):
    """The feature whose values are listed, while the others are asked."""
    sql, params = runs._sql("t0.id")
    listed = re.search(r"SELECT p\.owner_id FROM run_value p WHERE p\.feature_id = \?", sql)
    number = params[sql[: listed.start()].count("?")]
    return ln.Feature.get(number).name


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("rare", "common"),
    [
        ({"group": 3}, {"half": True}),
        ({"rare": 30}, {"experiment": "E2"}),
        ({"experiment": "E1"}, {"level__gt": 0.01}),
        ({"text": "n1"}, {"text__startswith": "n"}),
    ],
)
def test_of_two_conditions_the_rarer_is_listed_and_the_other_asked(instance, rare, common, swapped):
    pair = [ln.Q(**rare), ln.Q(**common)]
    runs = ln.Run.filter(*(pair[::-1] if swapped else pair))
    assert leading(instance, runs) == next(iter(rare)).split("__")[0]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "asked",
    [
        {"group": 3},
        {"half": True, "group": 3},
        {"level__gt": 0.2, "half": True},
        {"experiment": "E1", "text__startswith": "n1"},
        {"rare__isnull": False},
        {"group__gt": 1},
    ],
)
@pytest.mark.parametrize("few", [3000, 0])
def test_no_condition_reads_all_values_for_each_row(instance, monkeypatch, asked, few):
    """Of a range the index would lead to all values in it, once for every row."""
    monkeypatch.setattr(probes, "FEW", few)
    sql, params = ln.Run.filter(**asked)[:20]._select()._statement(["t0.id"])
    steps = [row[3] for row in instance.database.read(f"EXPLAIN QUERY PLAN {sql}", params)]
    asked_each = [step for at, step in enumerate(steps) if at and "CORRELATED" in steps[at - 1]]
    assert all(re.search(r"owner_id=\?", step) for step in asked_each), steps
    assert not any(re.search(r"SCAN (p|run_value)\b", step) for step in steps), steps


def test_isnull_takes_true_or_false_only(instance):
    for asked in ({"group__isnull": "no"}, {"experiment__isnull": 1}):
        with pytest.raises(ln.errors.FieldError, match="is True or False"):
            ln.Run.filter(**asked)


# -- what a lookup means does not depend on where the value is held

PLACES = ["", "__a", "__a__0", "__a__1", "__a__b", "__a__00", "__b__0__c", "__a__b__c"]
inner = st.one_of(
    st.sampled_from(
        [None, True, False, 0, 1, 1.0, 2.5, math.nan, math.inf, 2**53, 2**53 + 1, 2**70, "", "a", "A1", "1"]
    ),
    st.text("aA1é", max_size=2),
)
nested = st.recursive(
    inner,
    lambda each: st.lists(each, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "c", "0"]), each, max_size=2),
    max_leaves=4,
)
held_dicts = st.dictionaries(st.sampled_from(["a", "b", "x__y", "0"]), nested, min_size=1, max_size=3)
texts = st.text("aA1é", max_size=2)
wanted = st.one_of(
    st.tuples(st.sampled_from(["", "__exact", "__contains"]), nested),
    st.tuples(st.sampled_from(["__gt", "__gte", "__lt", "__lte"]), inner),
    st.tuples(st.just("__in"), st.lists(nested, max_size=3)),
    st.tuples(st.just("__range"), st.lists(inner, min_size=2, max_size=2)),
    st.tuples(st.just("__isnull"), st.booleans()),
    st.tuples(st.just("__has_key"), st.sampled_from(["a", "b", "0", "x__y", "c"])),
    st.tuples(st.sampled_from("__iexact __icontains __startswith __istartswith __endswith __iendswith".split()), texts),
    st.tuples(st.sampled_from(["__regex", "__iregex"]), st.sampled_from(["^a", "1$", "[A-Z]", "("])),
)


@pytest.fixture
def dicts(workdir, monkeypatch):
    made = ln.Instance.init(workdir)
    monkeypatch.setattr(session, "default_store", made)
    ln.Feature(name="told", dtype=dict).save()
    return ln.Transform(key="t.py").save()


def answer(runs, name, value):
    try:
        return ln.Run.filter(id__in=[run.id for run in runs], **{name: value}).order_by("id").to_list("id")
    except ln.errors.FieldError as error:
        return str(error)


@PLAIN
@given(st.lists(held_dicts, min_size=1, max_size=4), st.lists(st.tuples(st.sampled_from(PLACES), wanted), min_size=8))
def test_lookups_into_a_dict_feature_mean_what_they_mean_for_params(dicts, held, asked):
    runs = ln.save([ln.Run(transform=dicts, params={"told": value}) for value in held])
    for run, value in zip(runs, held):
        run.features.add_values({"told": value})
    for place, (lookup, value) in asked:
        if place or lookup not in ("", "__isnull"):
            found = [answer(runs, f"{name}{place}{lookup}", value) for name in ("params__told", "told")]
            assert isinstance(found[0], str) == isinstance(found[1], str), (place, lookup, value, found)
            assert isinstance(found[0], str) or found[0] == found[1], (place, lookup, value, held)


def test_positions_in_lists_and_names_in_dicts_are_found(dicts):
    run = ln.Run(transform=dicts).save()
    run.features.add_values({"told": {"a": [1, {"b": None}], "c": {}}})
    for asked in ({"told__a__0": 1}, {"told__a__1__has_key": "b"}, {"told__has_key": "a"}, {"told__c": {}}):
        assert ln.Run.filter(**asked).to_list() == [run], asked
    assert not ln.Run.filter(told__a__has_key="2").exists()
    with pytest.raises(ln.errors.FieldError, match=r"^told__a__regex='\('"):
        ln.Run.filter(told__a__regex="(")


WHOLE = [2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 0, 3]
COMPARED = [*map(float, WHOLE), *WHOLE, 2.5, -0.5, 1e300, -1e300, math.inf, -math.inf, math.nan, 2**64, -(2**64)]


@pytest.fixture
def counted(workdir, monkeypatch):
    made = ln.Instance.init(workdir)
    monkeypatch.setattr(session, "default_store", made)
    for name, dtype in {"one": int, "many": list[int], "real": float}.items():
        ln.Feature(name=name, dtype=dtype).save()
    transform = ln.Transform(key="t.py").save()
    values = [{"one": value, "many": [value, 7], "real": float(value)} for value in WHOLE]
    runs = ln.save([ln.Run(transform=transform, name=str(value["one"])) for value in values])
    for run, value in zip(runs, values):
        run.features.add_values(value)
    return runs


@pytest.mark.parametrize("feature", ["one", "many"])
def test_whole_numbers_are_compared_with_floats_as_numbers_not_as_doubles(counted, feature):
    def found(**asked):
        return sorted(int(name) for name in ln.Run.filter(**asked).to_list("name"))

    def meant(test, wanted):
        values = [(value, [value, 7] if feature == "many" else [value]) for value in WHOLE]
        return sorted(value for value, items in values if any(test(item, wanted) for item in items))

    orders = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
    for number in COMPARED:
        assert found(**{feature: number}) == meant(operator.eq, number), number
        assert found(**{f"{feature}__in": [number, 0, 2.5]}) == meant(lambda item, many: item in many, (number, 0)), (
            number
        )
        for lookup, order in orders.items():
            assert found(**{f"{feature}__{lookup}": number}) == meant(order, number), (lookup, number)
        between = meant(lambda item, least: least <= item <= 1e300, number)
        assert found(**{f"{feature}__range": (number, 1e300)}) == between, number


def test_nan_has_no_order_for_features_as_for_params(counted):
    counted[0].features.add_values({"real": math.nan})
    for lookup in ("gt", "gte", "lt", "lte"):
        assert not ln.Run.filter(**{f"real__{lookup}": math.nan}).exists()
    assert ln.Run.filter(real=math.nan).to_list() == [counted[0]]
    assert ln.Run.filter(real__in=[math.nan, 3]).order_by("id").to_list() == [counted[0], counted[-1]]
    assert not ln.Run.filter(real__range=(math.nan, 3)).exists()
    with pytest.raises(ln.errors.FieldError, match="is no lookup"):
        ln.Run.filter(real__gtt=math.nan)
