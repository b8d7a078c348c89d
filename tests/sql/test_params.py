"""Params are found by value: what the index answers is what Python would answer, whatever the value."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln
from lamin_lite.base import canon

ODD = [
    "",
    "a",
    "A",
    "É",
    "é",
    "ß",
    "\0",
    "a\0b",
    "\ud800",
    "'; DROP TABLE run; --",
    "%",
    "_",
    "x" * 200,
    "x" * 201,
    "x" * 300,
]
SCALARS = [
    *[None, True, False, 0, 1, -1, 2, 0.0, 0.5, 1.0, -0.0, 2**53, 2**53 + 1, -(2**53) - 1, 2**64, 10**30, 1e16, 1e300],
    *[math.nan, math.inf, -math.inf, *ODD],
]
scalars = st.one_of(
    st.sampled_from(SCALARS),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=5),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "0", "", "\0", "\ud800", "x\x1fy"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.fixture
def transform(instance):
    return instance.Transform(key="t.py").save()


def start(instance, transform, params):
    run = instance.Run(transform=transform, params=params)
    with instance.database.write("start run") as tx:
        run._write(tx)
    return run


def equal(one, other):
    """The oracle: Python's equality, but a bool is no number, and NaN is itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return set(one) == set(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return (type(one) is type(other) and one == other) or (
        isinstance(one, (int, float)) and isinstance(other, (int, float)) and one == other
    )


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def ordered(found, lookup, wanted):
    if not ((is_number(found) and is_number(wanted)) or (isinstance(found, str) and isinstance(wanted, str))):
        return False
    return {"gt": found > wanted, "gte": found >= wanted, "lt": found < wanted, "lte": found <= wanted}[lookup]


PLAIN = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


@PLAIN
@given(st.lists(values, min_size=1, max_size=6), st.lists(values, min_size=1, max_size=4))
def test_exact_and_in_answer_as_python_does(instance, transform, stored, wanted):
    made = [start(instance, transform, {"x": value}) for value in stored]
    mine = instance.Run.filter(id__in=[run.id for run in made])
    for value in [*wanted, *stored]:
        found = {run.id for run in mine.filter(params__x=value)}
        assert found == {run.id for run, kept in zip(made, stored) if equal(kept, value)}, value
    found = {run.id for run in mine.filter(params__x__in=wanted)}
    assert found == {run.id for run, kept in zip(made, stored) if any(equal(kept, value) for value in wanted)}


@PLAIN
@given(st.lists(scalars, min_size=1, max_size=8), scalars)
def test_order_answers_as_python_does(instance, transform, stored, wanted):
    made = [start(instance, transform, {"x": value}) for value in stored]
    mine = instance.Run.filter(id__in=[run.id for run in made])
    for lookup in ("gt", "gte", "lt", "lte"):
        if wanted is None or isinstance(wanted, bool):
            with pytest.raises(ln.errors.FieldError):
                mine.filter(**{f"params__x__{lookup}": wanted})
            continue
        found = {run.id for run in mine.filter(**{f"params__x__{lookup}": wanted})}
        assert found == {run.id for run, kept in zip(made, stored) if ordered(kept, lookup, wanted)}, lookup


@PLAIN
@given(st.lists(scalars, min_size=1, max_size=8), st.one_of(st.sampled_from(ODD), st.text(st.characters(), max_size=3)))
def test_parts_of_texts_answer_as_python_does(instance, transform, stored, wanted):
    made = [start(instance, transform, {"x": value}) for value in stored]
    mine = instance.Run.filter(id__in=[run.id for run in made])
    tests = {
        "contains": lambda text: wanted in text,
        "icontains": lambda text: wanted.casefold() in text.casefold(),
        "startswith": lambda text: text.startswith(wanted),
        "endswith": lambda text: text.endswith(wanted),
    }
    for lookup, test in tests.items():
        found = {run.id for run in mine.filter(**{f"params__x__{lookup}": wanted})}
        assert found == {run.id for run, kept in zip(made, stored) if isinstance(kept, str) and test(kept)}, lookup


@PLAIN
@given(st.dictionaries(st.text(st.characters(), max_size=4), values, max_size=4))
def test_any_params_are_kept_as_they_are(instance, transform, params):
    run = start(instance, transform, params)
    assert equal(instance.Run.get(uid=run.uid).params, params)


def test_what_lies_beyond_the_index_is_found_all_the_same(instance, transform):
    params = {f"p{at}": at for at in range(canon.MAX_LEAVES + 50)}
    run = start(instance, transform, {**params, "zz": {"deep": [1, None, "text"]}})
    start(instance, transform, {"p0": -1})
    last = f"p{canon.MAX_LEAVES + 49}"
    assert instance.Run.filter(**{f"params__{last}": params[last]}).to_list() == [run]
    assert instance.Run.filter(**{f"params__{last}__gte": params[last]}).to_list() == [run]
    assert instance.Run.filter(params__zz__deep__2__contains="ex").to_list() == [run]
    assert instance.Run.filter(params__zz__isnull=False).to_list() == [run]
    assert instance.Run.filter(params__has_key="zz").to_list() == [run]
    assert instance.Run.filter(params__zz__deep__1=None).to_list() == [run]
    assert instance.Run.filter(params__zz__isnull=True).count() == 1
    assert instance.Run.filter(params__zz={"deep": [1.0, None, "text"]}).to_list() == [run]
    assert instance.Run.filter(params__zz__in=[{"deep": [1, None, "text"]}]).to_list() == [run]


def test_a_name_with_two_underscores_is_found(instance, transform):
    run = start(instance, transform, {"learning__rate": "a long text " * 30})
    assert instance.Run.filter(params__learning__rate__contains="long").to_list() == [run]
    assert instance.Run.filter(params__learning__rate="a long text " * 30).to_list() == [run]
    assert instance.Run.filter(params__learning__rate__isnull=False).to_list() == [run]


def test_names_that_look_alike_in_a_path_are_told_apart(instance, transform):
    runs_ = [
        start(instance, transform, params) for params in ({"": {"a": 1}}, {"a": 1}, {"a": {"": 1}}, {"a": {"b": 1}})
    ]
    assert instance.Run.filter(params__a=1).to_list() == [runs_[1]]
    assert instance.Run.filter(params__a__b=1).to_list() == [runs_[3]]


def test_a_key_whose_value_is_none_is_a_key(instance, transform):
    run = start(instance, transform, {"a": None, "b": {"c": None}})
    assert instance.Run.filter(params__has_key="a").to_list() == [run]
    assert instance.Run.filter(params__b__has_key="c").to_list() == [run]
    assert instance.Run.filter(params__a__isnull=True).to_list() == [run]


def test_none_is_a_none_that_is_kept_and_isnull_also_finds_what_is_not_there(instance, transform):
    held = [{"a": None}, {"b": 1}, {"a": 3}]
    none, without, three = (instance.Run(transform=transform, params=one, extra_data=one).save() for one in held)
    instance.Feature(name="meta", dtype=dict).save()
    for run in (none, without, three):
        run.features["meta"] = run.params
    for name in ("params__a", "extra_data__a", "meta__a"):
        assert instance.Run.filter(**{name: None}).to_list() == [none]
        assert instance.Run.filter(**{f"{name}__in": [None, 3]}).to_list() == [none, three]
        assert instance.Run.filter(**{f"{name}__isnull": True}).to_list() == [none, without]


@pytest.mark.parametrize(
    ("lookup", "value", "said"),
    [
        ("x__in", 5, "needs a list of values; got 5"),
        ("x__y__range", [1], "needs the least and the greatest value"),
        ("x__range", [1, [2]], "needs a number or a text"),
        ("x__gt", None, "needs a number or a text; got None"),
        ("x__startswith", 3, "needs a text; got 3"),
        ("x__regex", 3, "needs a regular expression as text"),
        ("x__y__iregex", "(", "is no regular expression"),
        ("x__isnull", 3, "is True or False"),
    ],
)
def test_an_error_of_a_lookup_into_json_names_the_whole_condition(instance, transform, lookup, value, said):
    instance.Feature(name="meta", dtype=dict).save()
    for field in ("params", "extra_data", "meta"):
        with pytest.raises(ln.errors.FieldError, match=rf"^{field}__{lookup}\b.* {said}"):
            instance.Run.filter(**{f"{field}__{lookup}": value})


def test_in_takes_thousands_of_values(instance, transform):
    run = start(instance, transform, {"x": 4999})
    text = start(instance, transform, {"x": "4999"})
    assert instance.Run.filter(params__x__in=range(5000)).to_list() == [run]
    assert instance.Run.filter(params__x__in=[str(at) for at in range(5000)]).to_list() == [text]


def test_values_are_looked_up_in_the_form_in_which_they_are_kept(instance, transform, workdir):
    from datetime import date

    run = start(instance, transform, {"path": str(workdir), "day": "2026-01-02", "pair": [1, 2]})
    assert instance.Run.filter(params__path=workdir, params__day=date(2026, 1, 2), params__pair=(1, 2)).to_list() == [
        run
    ]


def test_a_number_of_ten_thousand_digits_does_not_stop_the_run(instance, transform):
    odd = []
    kept = canon.plain({"n": 10**10_000, "m": [-(10**10_000)]}, lambda value: None, odd)
    assert odd == ["n", "m[0]"]
    run = start(instance, transform, kept)
    assert int(instance.Run.get(uid=run.uid).params["n"], 16) == 10**10_000


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ({"params__learnig_rate": 0.1}, "params__learning_rate?"),
        ({"params__learnig_rate__gt": 0.1}, "params__learning_rate__gt?"),
        ({"params__model__widht": 3}, "params__model__width?"),
        ({"params__name__startwith": "a"}, "params__name__startswith?"),
        ({"params__learning_rate": 9}, None),
        ({"params__model__layers__7": 1}, None),
        ({"params__model": {}}, None),
        ({"params__seed": 1}, None),
        ({"params__model__isnull": True}, None),
    ],
)
def test_a_misspelt_param_finds_nothing_and_says_what_is_near(instance, transform, caplog, asked, meant):
    start(instance, transform, {"learning_rate": 0.1, "model": {"width": 3, "layers": [1, 2]}, "name": "ada"})
    for _ in range(2):  # told once
        assert instance.Run.filter(**asked).first() is None
        assert instance.Run.filter(**asked).to_list() == []
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == (meant is not None)
    assert not said or said[0].endswith(f"in any Run: did you mean {meant}")


def test_no_near_name_is_looked_for_among_very_many(instance, transform, caplog):
    for at in range(3):
        start(instance, transform, {f"p{at:02}{number}": number for number in range(100)})
    assert instance.Run.filter(params__p001_=1).first() is None
    assert not caplog.records


def test_what_a_condition_finds_in_params_is_what_is_read(instance, transform):
    held = {"l": [5, {"k": 6}], "a__b": 7, "a": {"c": 8}, "n": None}
    run = instance.Run(transform=transform, params=held, extra_data=held).save()
    for name, value in (("l__0", 5), ("l__1__k", 6), ("a__b", 7), ("a__c", 8), ("l", [5, {"k": 6}])):
        for path in (f"params__{name}", f"extra_data__{name}"):
            assert instance.Run.filter(**{path: value}).one() == run
            assert instance.Run.filter().values_list(path, flat=True) == [value]
            assert instance.Run.to_dicts(include=[path])[0][path] == value
    for name in ("l__2", "l__00", "l__x", "a__d", "n", "none"):
        assert instance.Run.filter().values_list(f"params__{name}", flat=True) == [None]
    both = instance.Run(transform=transform, params={"a": {"b": 1}, "a__b": 2}).save()
    assert instance.Run.filter(id=both.id).values_list("params__a__b", flat=True) == [1]  # as it is read in Python


@PLAIN
@given(st.lists(values, max_size=8))
def test_distinct_values_in_params_are_those_that_are_not_equal(instance, transform, held):
    instance.Run.filter().delete(permanent=True)
    ln.save([instance.Run(transform=transform, params={"x": one, "other": at}) for at, one in enumerate(held)])
    wanted = []
    for one in held:
        if not any(equal(one, other) for other in wanted):
            wanted.append(one)
    rows = instance.Run.order_by("id").distinct()  # which would tell apart what differs beside it
    found = rows.values_list("params__x", flat=True)
    assert [canon.dumps(one) for one in found] == [canon.dumps(one) for one in wanted]
    assert len(rows[1:3].values_list("params__x", "transform__key")) == len(wanted[1:3])
    assert len(rows.values_list("params__x", "params__other")) == len(held)
