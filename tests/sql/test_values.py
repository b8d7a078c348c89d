"""Values of fields: checked when they are given, compared by what they mean, never a riddle later on."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln

PLAIN = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
HELD = [
    3,
    3.5,
    -1,
    True,
    None,
    "3",
    "abc",
    "Abc",
    [],
    [1, "a"],
    {"y": 1},
    {"y": {"z": "deep"}},
    {"y": None},
    float("nan"),
]
WANTED = [3, 3.0, 2.5, True, None, "3", "b", "A", [1, "a"], {"y": 1}, "y"]
LOOKUPS = ["", "__gt", "__lte", "__contains", "__icontains", "__startswith", "__endswith", "__iexact", "__y", "__y__z"]


@pytest.fixture
def instance(workdir):
    (workdir / "a.csv").write_text("a,b\n1,2\n")
    return ln.Instance.init(workdir)


@pytest.fixture
def runs(instance):
    transform = instance.Transform(key="t.py").save()
    rows = [instance.Run(transform=transform, params={"x": held}, extra_data={"x": held}) for held in HELD]
    return ln.save([*rows, instance.Run(transform=transform)])


def found(instance, name, value):
    try:
        return instance.Run.filter(**{name: value}).to_list("id")
    except ln.errors.FieldError as error:
        return str(error).replace("extra_data", "params")


def test_what_is_held_in_extra_data_is_found_as_in_params(instance, runs):
    for wanted in WANTED:
        for lookup in LOOKUPS:
            name = f"x{lookup}"
            assert found(instance, f"extra_data__{name}", wanted) == found(instance, f"params__{name}", wanted), name
    for name, wanted in {"x__in": [3, "abc"], "x__range": [0, 3], "x__isnull": True, "x__y__isnull": False}.items():
        assert found(instance, f"extra_data__{name}", wanted) == found(instance, f"params__{name}", wanted), name
    assert found(instance, "extra_data__x", 3) == [runs[0].id]
    assert found(instance, "extra_data__x__y__z__startswith", "de") == [runs[11].id]
    assert found(instance, "extra_data__has_key", "x") == [run.id for run in runs[:-1]]
    assert found(instance, "extra_data__x__regex", "^[aA]bc") == [runs[6].id, runs[7].id]
    assert "regular expression" in found(instance, "extra_data__x__regex", "(")


def test_rows_without_any_json_are_asked_for_as_such(instance, runs):
    for name in ("params", "extra_data"):
        assert instance.Run.filter(**{f"{name}__isnull": True}).one() == runs[-1]
        assert instance.Run.filter(**{name: None}).one() == runs[-1]
        assert instance.Run.filter(**{f"{name}__isnull": False}).count() == len(HELD)
    assert runs[-1] in instance.Run.filter(extra_data__x__isnull=True)
    assert runs[-1] in instance.Run.exclude(extra_data__x=3)


@pytest.mark.parametrize("wrong", [3, "a", ["a"], True])
def test_params_and_extra_data_are_dicts(instance, wrong):
    transform = instance.Transform(key="t.py").save()
    for call in (
        lambda: instance.Run(transform=transform, params=wrong),
        lambda: instance.Run(transform=transform, extra_data=wrong),
        lambda: instance.Record(name="r", extra_data=wrong),
    ):
        with pytest.raises(ln.errors.InvalidArgument, match="is a dict"):
            call()


def test_what_json_lacks_has_its_documented_form_and_what_has_none_is_told(instance, caplog):
    transform = instance.Transform(key="t.py").save()
    at = datetime(2026, 1, 31, tzinfo=timezone.utc)
    given_ = {"set": {2, 1}, "path": Path("a/b"), "at": at, "row": transform, "nan": float("nan"), 3: (1,)}
    run = instance.Run(transform=transform, params=given_, extra_data=given_).save().refresh()
    kept = {"set": [1, 2], "path": "a/b", "at": at.isoformat(), "row": f"Transform[{transform.uid}]", "3": [1]}
    assert {name: value for name, value in run.params.items() if name != "nan"} == kept
    assert run.extra_data.keys() == run.params.keys()
    assert instance.Run.filter(params__row=transform, extra_data__row=transform, params__at=at).one() == run
    assert not caplog.records
    instance.Record(name="r", extra_data={"odd": {"inner": object()}}).save()
    assert "extra_data: kept as text" in caplog.text
    assert "odd.inner" in caplog.text
    endless: dict = {}
    endless["self"] = endless
    with pytest.raises(ln.errors.InvalidArgument, match="holds itself"):
        instance.Record(name="r", extra_data=endless)
    deep: dict = {}
    for _ in range(300):
        deep = {"a": deep}
    with pytest.raises(ln.errors.InvalidArgument, match=r"extra_data .* nested more than 200 deep"):
        instance.Record(name="r", extra_data=deep)


numbers = st.one_of(
    st.integers(-3, 12), st.floats(-3, 12), st.sampled_from([8.0, 1e3, float("inf"), -float("inf"), 7.5])
)
SIGNS = {
    "": lambda a, b: a == b,
    "__gt": lambda a, b: a > b,
    "__gte": lambda a, b: a >= b,
    "__lt": lambda a, b: a < b,
    "__lte": lambda a, b: a <= b,
}


@PLAIN
@given(numbers, numbers)
def test_whole_numbers_are_compared_with_any_number(instance, wanted, other):
    if not instance.Run.exists():
        transform = instance.Transform(key="t.py").save()
        ln.save([instance.Run(transform=transform, exit_code=code) for code in range(10)])

    def codes(**lookups):
        return instance.Run.filter(**lookups).values_list("exit_code", flat=True)

    for sign, holds in SIGNS.items():
        assert codes(**{f"exit_code{sign}": wanted}) == [code for code in range(10) if holds(code, wanted)], sign
    assert codes(exit_code__range=(wanted, other)) == [code for code in range(10) if wanted <= code <= other]
    assert codes(exit_code__in=[wanted, other]) == [code for code in range(10) if code in (wanted, other)]


def test_what_is_needed_and_missing_is_named(instance):
    transform = instance.Transform(key="t.py").save()
    for call, part in (
        (lambda: instance.Run().save(), "run needs transform"),
        (lambda: ln.save([instance.Run(transform=transform), instance.Run()]), "run needs transform"),
        (lambda: instance.User().save(), "needs a handle"),
        (lambda: instance.Storage().save(), "needs a root"),
    ):
        with pytest.raises(ln.errors.InvalidArgument, match=part):
            call()
    assert not instance.Run.exists()


def test_a_mistyped_attribute_is_not_lost_in_silence(instance):
    project = instance.Project(name="P").save()
    with pytest.raises(AttributeError, match="did you mean 'description'"):
        project.desciption = "what for"
    with pytest.raises(AttributeError, match="did you mean 'description'"):
        _ = project.desciption
    project.description = "what for"
    assert project.save().refresh().description == "what for"


def test_what_is_no_condition_row_number_or_limit_says_what_is(instance, runs):
    rows = instance.Run.filter()
    for call, part in (
        (lambda: rows.filter("status"), "'status' is no condition"),
        (lambda: rows.exclude(3), "3 is no condition"),
        (lambda: ln.Q(None), "None is no condition"),
        (lambda: rows["a"], "whole numbers and slices"),
        (lambda: rows[1.5], "whole numbers and slices"),
        (lambda: rows.to_dataframe(limit="x"), "limit='x'"),
        (lambda: rows.to_dataframe(limit=-1), "limit=-1"),
        (lambda: rows.to_dicts(features=["tmperature"]), "There is no feature 'tmperature'"),
    ):
        with pytest.raises(ln.errors.InvalidArgument, match=part):
            call()
    with pytest.raises(IndexError, match="There is no row 99: the query found 15"):
        _ = rows[99]
