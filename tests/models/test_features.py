"""Features keep what they were given, refuse all that does not fit at once, and are found by what lookups say."""

from __future__ import annotations

import doctest
import math
import operator
import re
from datetime import date, datetime, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln
from lamin_lite import errors
from lamin_lite.models import session
from tests.conftest import REPO

UTC = timezone.utc
INJECTION = [
    "'; DROP TABLE run; --",
    '" OR 1=1 --',
    "%",
    "_",
    "\\",
    "a'b",
    "?",
    ":x",
    "Ünïcode ß",
    "x" * 200,
    "x" * 201,
]
relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

texts = st.one_of(
    st.sampled_from(INJECTION),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=6),
)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
VALUES = {
    "str": texts,
    "int": st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1), st.sampled_from([2**53, 2**53 + 1])),
    "float": st.one_of(st.sampled_from([0.0, 1.0, 0.5, math.inf, -math.inf]), st.floats(allow_nan=False)),
    "bool": st.booleans(),
    "date": st.dates(date(2000, 1, 1), date(2000, 1, 9)),
    "datetime": st.one_of(moments, st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC)])),
}


@pytest.fixture
def instance(workdir, monkeypatch):
    made = ln.Instance.init(workdir)
    monkeypatch.setattr(session, "default_store", made)
    return made


@pytest.fixture
def run(instance):
    return started(instance)


def started(instance):
    transform = instance.Transform.filter(key="t.py").first() or instance.Transform(key="t.py").save()
    return instance.Run(transform=transform).save()


@pytest.fixture
def experiment():
    """A type with two members, and a record that is none."""

    def make():
        kind = ln.Record(name="Experiment", is_type=True).save()
        for name in ("Experiment1", "Experiment2"):
            ln.Record(name=name, type=kind).save()
        ln.Record(name="Elsewhere").save()
        return kind

    return make


# -- dtypes


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        *[(kind, kind.__name__) for kind in (str, int, float, bool, date, datetime, dict)],
        *[(text, text) for text in ("str", "float", "datetime", "list[int]", "cat[ULabel]", "list[cat[Record]]")],
        (list[str], "list[str]"),
        (ln.ULabel, "cat[ULabel]"),
        (ln.Artifact, "cat[Artifact]"),
        ("Project", "cat[Project]"),
        (list[ln.User], "list[cat[User]]"),
    ],
)
def test_a_dtype_is_given_as_a_type_or_as_text(instance, dtype, text):
    assert ln.Feature(name="f", dtype=dtype).save().dtype == text
    assert ln.Feature.filter(dtype=dtype).one().name == "f"


def test_a_type_is_kept_by_its_uid_and_shown_by_its_name(instance, experiment):
    kind = experiment()
    feature = ln.Feature(name="f", dtype=kind).save()
    assert feature._values["dtype"] == f"cat[Record[{kind.uid}]]"
    assert feature.dtype == "cat[Record[Experiment]]"
    assert "dtype='cat[Record[Experiment]]'" in repr(feature)
    kind.name = "Trial"
    kind.save()
    assert ln.Feature.get(name="f").dtype == "cat[Record[Trial]]"
    assert ln.Feature(name="g", dtype="cat[Record[Trial]]").dtype == "cat[Record[Trial]]"
    assert ln.Feature(name="h", dtype=list[kind]).dtype == "list[cat[Record[Trial]]]"


@pytest.mark.parametrize(
    "dtype", ["strr", "", complex, list, dict[str, int], "list[dict]", "list[list[int]]", 3, "cat[]"]
)
def test_an_unknown_dtype_lists_the_allowed_ones(instance, dtype):
    with pytest.raises(errors.InvalidArgument, match="str, int, float, bool, date, datetime, dict, a registry"):
        ln.Feature(name="f", dtype=dtype)


def test_a_label_that_is_no_type_is_no_dtype(instance):
    label = ln.Record(name="Experiment1").save()
    with pytest.raises(errors.InvalidArgument, match="is_type=True"):
        ln.Feature(name="f", dtype=label)
    with pytest.raises(errors.DoesNotExist, match="'Nope' that is a type"):
        ln.Feature(name="f", dtype="cat[Record[Nope]]")


def test_the_same_name_again_is_the_same_feature_and_another_dtype_names_both(instance):
    first = ln.Feature(name="f", dtype=int, unit="s").save()
    assert ln.Feature(name="f", dtype=int).save() == first
    with pytest.raises(errors.ValidationError, match=r"'f' is there and is of dtype int, not float"):
        ln.Feature(name="f", dtype=float).save()
    first.delete()
    assert ln.Feature(name="f", dtype=float).save() != first


@pytest.mark.parametrize(
    "name",
    ["key", "status", "params", "transform", "transform_id", "parents", "uid", "id", "a__b", "a_", "", " ", None],
)
def test_a_name_that_queries_could_not_tell_from_a_field_is_refused(instance, name):
    with pytest.raises(errors.InvalidArgument, match="Feature"):
        ln.Feature(name=name, dtype=str)


def test_a_feature_of_a_projects_run_belongs_to_the_project(instance, run):
    project = ln.Project(name="P").save()
    run.projects.add(project)
    with session.running(run):
        feature = ln.Feature(name="f", dtype=str).save()
    assert list(project.features) == [feature]
    assert feature.run == run


# -- values


def same(one, other):
    return one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


@relaxed
@given(
    st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), st.lists(VALUES[kind], max_size=4)))
)
def test_values_come_back_as_they_were(instance, case):
    kind, values = case
    owner = started(instance)
    ln.Feature(name=f"one {kind}", dtype=kind).save()
    ln.Feature(name=f"many {kind}", dtype=f"list[{kind}]").save()
    owner.features.add_values({f"many {kind}": values})
    assert owner.features.get_values() == {f"many {kind}": values}
    for value in values:
        owner.features.set_values({f"one {kind}": value})
        found = owner.features.get_values()
        assert found == {f"one {kind}": value}
        assert type(found[f"one {kind}"]) is type(value)


def test_every_kind_of_value_in_every_registry(instance, experiment, workdir):
    kind = experiment()
    (workdir / "a.txt").write_text("a")
    artifact = ln.Artifact("a.txt", key="a.txt").save()
    label = ln.Record.get(name="Experiment2")
    said = {
        "an artifact": (ln.Artifact, artifact, "a.txt"),
        "by key": (ln.Artifact, "a.txt", "a.txt"),
        "by uid": (kind, label.uid, "Experiment2"),
        "dict": (dict, {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        "experiment": (kind, "Experiment1", "Experiment1"),
        "labels": (list[kind], [label, "Experiment1"], ["Experiment2", "Experiment1"]),
        "nan": (float, math.nan, math.nan),
        "none": (str, None, None),
        "user": (ln.User, artifact.created_by, artifact.created_by.handle),
        "when": (datetime, "2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    }
    for name, (dtype, _, _) in said.items():
        ln.Feature(name=name, dtype=dtype).save()
    for row in (started(instance), artifact, label):
        row.features.add_values({name: value for name, (_, value, _) in reversed(said.items())})
        found = row.features.get_values()
        assert list(found) == sorted(said)
        assert all(same(found[name], value) for name, (_, _, value) in said.items())
        assert 'experiment = "Experiment1"' in row.describe(return_str=True)


def test_add_keeps_set_replaces_and_remove_removes(instance, run):
    for name in "abc":
        ln.Feature(name=name, dtype=int).save()
    run.features.add_values({"a": 1, "b": 2})
    run.features.add_values({"b": 3, "c": 4})
    assert run.features.get_values() == {"a": 1, "b": 3, "c": 4}
    run.features.remove_values(["a", "c"])
    run.features.remove_values("a")
    assert run.features.get_values() == {"b": 3}
    run.features.set_values({"a": 5})
    assert run.features.get_values() == {"a": 5}
    assert run.features["a"] == 5
    assert "b" not in run.features
    with pytest.raises(errors.ValidationError, match="no feature 'd'"):
        run.features.remove_values("d")


def test_a_default_counts_where_no_value_was_set(instance, run, experiment):
    kind = experiment()
    ln.Feature(name="days", dtype=int, default=3).save()
    ln.Feature(name="since", dtype=date, default=date(2026, 1, 31)).save()
    ln.Feature(name="experiment", dtype=kind, default="Experiment1").save()
    ln.Feature(name="bare", dtype=str).save()
    assert run.features.get_values() == {}
    assert run.features["days"] == 3
    assert run.features["bare"] is None
    run.features.add_values({"days": None, "since": None, "experiment": None})
    assert run.features.get_values() == {"days": 3, "since": date(2026, 1, 31), "experiment": "Experiment1"}
    with pytest.raises(errors.ValidationError, match="default"):
        ln.Feature(name="worse", dtype=int, default="3")


@pytest.mark.parametrize(
    ("dtype", "given", "kept"),
    [
        (int, "3", 3),
        (int, 3.0, 3),
        (int, True, 1),
        (float, "0.5", 0.5),
        (bool, "true", True),
        (bool, 0, False),
        (str, 3, "3"),
        (date, datetime(2026, 1, 31, 12, tzinfo=UTC), date(2026, 1, 31)),
        (list[int], "3", [3]),
        (list[str], {"b", "a"}, ["a", "b"]),
    ],
)
def test_coerce_converts_what_else_is_refused(instance, run, dtype, given, kept):
    strict = ln.Feature(name="f", dtype=dtype).save()
    with pytest.raises(errors.ValidationError, match="f="):
        run.features.add_values({"f": given})
    strict.coerce = True
    strict.save()
    run.features.add_values({"f": given})
    assert run.features["f"] == kept


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (int, True),
        (int, 1.5),
        (int, 2**63),
        (float, True),
        (float, "x"),
        (bool, 1),
        (str, 1),
        (str, "a\0b"),
        (str, "\ud800"),
        (date, "31.1.2026"),
        (date, datetime(2026, 1, 31, tzinfo=UTC)),
        (datetime, "soon"),
        (dict, [1]),
        (dict, {"a": object()}),
        (list[int], 1),
        (list[int], [1, "2"]),
        (ln.ULabel, "unknown"),
        (ln.ULabel, 3),
        (ln.User, ["a"]),
    ],
)
def test_a_value_of_another_type_is_refused(instance, run, dtype, value):
    ln.Feature(name="f", dtype=dtype).save()
    with pytest.raises(errors.ValidationError, match="f"):
        run.features.add_values({"f": value})
    assert run.features.get_values() == {}


def test_one_error_tells_everything_that_is_wrong_and_nothing_is_written(instance, run, experiment):
    kind = experiment()
    ln.Feature(name="s3_folder", dtype=str, nullable=False).save()
    ln.Feature(name="experiment", dtype=kind).save()
    ln.Feature(name="count", dtype=int).save()
    ln.Feature(name="fine", dtype=int).save()
    run.features.add_values({"fine": 1})
    wrong = {"s3_foldr": "x", "s3_folder": None, "count": "3", "experiment": "Experiment3", "fine": 2, "ids": [1]}
    with pytest.raises(errors.ValidationError) as caught:
        run.features.set_values(wrong)
    text = str(caught.value)
    assert "did you mean 's3_folder'" in text
    assert "ln.Feature(name='s3_foldr', dtype=str).save()" in text
    assert "ln.Feature(name='ids', dtype=list[int]).save()" in text
    assert "s3_folder=None, but the feature is not nullable" in text
    assert "count='3' is of type str, but the feature is int" in text
    assert "'Experiment1', 'Experiment2'" in text
    assert "'Elsewhere'" not in text
    remedy = re.search(r"Make it with (ln\.Record\(name='Experiment3'.*\))\.", text)
    assert run.features.get_values() == {"fine": 1}
    eval(remedy[1], {"ln": ln})
    run.features.add_values({"experiment": "Experiment3"})


def test_a_secret_does_not_become_a_value(instance, run):
    ln.Feature(name="api_key", dtype=str).save()
    run.features.add_values({"api_key": "hunter2hunter2"})
    assert "hunter2" not in str(run.features.get_values())


# -- queries


@pytest.fixture
def labelled(instance, experiment):
    """Two runs: of the first and of the second experiment."""
    kind = experiment()
    ln.Feature(name="s3_folder", dtype=str).save()
    ln.Feature(name="experiment", dtype=kind).save()
    runs = [started(instance), started(instance), started(instance)]
    runs[0].features.add_values({"s3_folder": "s3://my-bucket/A", "experiment": "Experiment1"})
    runs[1].features.add_values({"s3_folder": "s3://my-bucket/a", "experiment": "Experiment2"})
    return runs


def test_runs_are_found_by_features_by_name(labelled):
    one, two, bare = labelled
    assert list(ln.Run.filter(s3_folder="s3://my-bucket/A", experiment="Experiment1")) == [one]
    assert list(ln.Run.filter(experiment=ln.Record.get(name="Experiment2"))) == [two]
    assert list(ln.Run.filter(experiment__in=["Experiment1", "nope", ln.Record.get(name="Experiment2")])) == [one, two]
    assert list(ln.Run.filter(experiment__type__name="Experiment", experiment__name__endswith="2")) == [two]
    assert list(ln.Run.filter(experiment__isnull=True)) == [bare]
    assert list(ln.Run.filter(experiment=None)) == [bare]
    assert list(ln.Run.filter().exclude(experiment="Experiment1")) == [two, bare]


def test_startswith_means_startswith_and_case_counts(labelled):
    """The standard turns it into contains without case."""
    one, two, _ = labelled
    assert not ln.Run.filter(s3_folder__startswith="bucket").exists()
    assert not ln.Run.filter(s3_folder__startswith="S3").exists()
    assert list(ln.Run.filter(s3_folder__endswith="/a")) == [two]
    assert list(ln.Run.filter(s3_folder__contains="/A")) == [one]
    assert ln.Run.filter(s3_folder__icontains="BUCKET/a").count() == 2
    assert ln.Run.filter(experiment__startswith="Exp").count() == 2
    assert not ln.Run.filter(experiment__startswith="exp").exists()


def test_a_value_that_is_no_label_finds_nothing(labelled):
    """The standard raises ObjectDoesNotExist."""
    assert list(ln.Run.filter(experiment="ExperimentX")) == []
    assert list(ln.Run.filter(experiment="Elsewhere")) == []


def test_a_name_that_is_neither_field_nor_feature_names_the_nearest_of_both(labelled):
    with pytest.raises(errors.FieldError, match="did you mean 's3_folder'"):
        ln.Run.filter(s3_foldr="x")
    with pytest.raises(errors.FieldError, match="did you mean 'status'"):
        ln.Run.filter(statu="x")
    with pytest.raises(errors.FieldError, match="no lookup"):
        ln.Run.filter(s3_folder__foo="x")
    with pytest.raises(errors.InvalidArgument, match="holds Records"):
        ln.Run.filter(experiment=3)
    with pytest.raises(errors.FieldError, match="no field 's3_folder'"):
        ln.Transform.filter(s3_folder="x")


def test_conditions_by_expression(labelled):
    one, two, bare = labelled
    folder, experiment = ln.Feature.get(name="s3_folder"), ln.Feature.get(name="experiment")
    assert list(ln.Run.filter(folder == "s3://my-bucket/A")) == [one]
    assert list(ln.Run.filter(experiment == ln.Record.get(name="Experiment1"))) == [one]
    assert list(ln.Run.filter(experiment != "Experiment1")) == [two]
    assert list(ln.Run.filter(~(experiment == "Experiment1"))) == [two, bare]
    assert list(ln.Run.filter((experiment == "Experiment1") | experiment.is_null())) == [one, bare]
    assert list(ln.Run.filter((experiment == "Experiment2") & folder.endswith("a"), status="scheduled")) == [two]
    assert list(ln.Run.filter(experiment == None)) == [bare]  # noqa: E711 - a condition
    assert list(ln.Run.filter(experiment.in_(["Experiment1", "x"]))) == [one]
    assert list(ln.Run.filter(folder.startswith("s3"), folder.contains("A"))) == [one]


@pytest.mark.parametrize("combine", [lambda one, two: one, lambda one, two: one & two, lambda one, two: ~one])
def test_a_condition_is_neither_true_nor_false(labelled, combine):
    folder, experiment = ln.Feature.get(name="s3_folder"), ln.Feature.get(name="experiment")
    with pytest.raises(TypeError, match=r"pass it to filter\(\)"):
        bool(combine(experiment == "Experiment1", folder == "x"))


def test_two_features_are_compared_as_rows(labelled):
    folder, experiment = ln.Feature.get(name="s3_folder"), ln.Feature.get(name="experiment")
    assert (folder == ln.Feature.get(name="s3_folder")) is True
    assert (folder == experiment) is False
    assert (folder != experiment) is True
    assert len({folder, ln.Feature.get(name="s3_folder"), experiment}) == 2


def test_lists_are_found_by_any_item_and_as_a_whole(instance):
    ln.Feature(name="tags", dtype=list[str]).save()
    runs = [started(instance) for _ in range(4)]
    for row, tags in zip(runs, (["a", "b"], ["a"], [])):
        row.features.add_values({"tags": tags})

    def found(**conditions):
        return [runs.index(row) for row in ln.Run.filter(**conditions)]

    assert found(tags="a") == [0, 1]
    assert found(tags__contains="b") == [0]
    assert found(tags__in=["b", "c"]) == [0]
    assert found(tags__gt="a") == [0]
    assert found(tags=["a"]) == [1]
    assert found(tags=["a", "b"]) == [0]
    assert found(tags=["b", "a"]) == []
    assert found(tags=[]) == [2]
    assert found(tags__isnull=True) == [3]


def test_dicts_are_looked_into(instance):
    ln.Feature(name="meta", dtype=dict).save()
    runs = [started(instance) for _ in range(3)]
    runs[0].features.add_values({"meta": {"a": {"b": 1}, "c": None}})
    runs[1].features.add_values({"meta": {"a": {"b": "1"}}})
    assert list(ln.Run.filter(meta__a__b=1)) == [runs[0]]
    assert list(ln.Run.filter(meta__a__b__gt=0)) == [runs[0]]
    assert list(ln.Run.filter(meta__a__b__startswith="1")) == [runs[1]]
    assert list(ln.Run.filter(meta={"a": {"b": "1"}})) == [runs[1]]
    assert list(ln.Run.filter(meta__a__b__regex="[0-9]")) == [runs[1]]
    assert list(ln.Run.filter(meta__a__b__in=[1, 2])) == [runs[0]]
    assert list(ln.Run.filter(meta__a__b__range=(0, 2))) == [runs[0]]
    assert list(ln.Run.filter(meta__c__isnull=True)) == runs
    assert list(ln.Run.filter(meta__a__isnull=True)) == [runs[2]]


def test_parts_of_dates_and_patterns_of_texts(instance):
    ln.Feature(name="day", dtype=date).save()
    ln.Feature(name="at", dtype=datetime).save()
    ln.Feature(name="text", dtype=str).save()
    ln.Feature(name="label", dtype=ln.ULabel).save()
    ln.ULabel(name="checked 1").save()
    run, other = started(instance), started(instance)
    run.features.add_values(
        {"day": "2026-01-31", "at": "2024-02-29T23:59:00Z", "text": "y" * 300, "label": "checked 1"}
    )
    other.features.add_values({"day": "2025-12-31", "at": "2024-03-01T00:00:00Z", "text": "n"})
    assert list(ln.Run.filter(day__year=2026)) == [run]
    assert list(ln.Run.filter(day__month__lt=12)) == [run]
    assert list(ln.Run.filter(at__day=29, at__hour__gte=23)) == [run]
    assert list(ln.Run.filter(text__regex="^y{300}$")) == [run]
    assert list(ln.Run.filter(text__iregex="^N")) == [other]
    assert list(ln.Run.filter(label__regex="[0-9]$")) == [run]
    assert list(ln.Run.filter(day__gt=date(2026, 1, 1), day__lt=datetime(2026, 2, 1, tzinfo=UTC))) == [run]
    assert list(ln.Run.filter(at__gt="2024-02-29T23:59:30Z")) == [other]


ORDER = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
TEXT = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": operator.contains,
    "icontains": lambda held, wanted: wanted.casefold() in held.casefold(),
    "istartswith": lambda held, wanted: held.casefold().startswith(wanted.casefold()),
    "iexact": lambda held, wanted: held.casefold() == wanted.casefold(),
}


def expected(values, lookup, wanted):
    if lookup == "in":
        return [held is not None and held in wanted for held in values]
    if lookup == "range":
        return [held is not None and wanted[0] <= held <= wanted[1] for held in values]
    test = {"exact": operator.eq, **ORDER, **TEXT}[lookup]
    return [held is not None and bool(test(held, wanted)) for held in values]


@st.composite
def cases(draw):
    kind = draw(st.sampled_from(sorted(VALUES)))
    values = draw(st.lists(st.one_of(st.none(), VALUES[kind]), min_size=1, max_size=6))
    wish = st.one_of(VALUES[kind], st.sampled_from([value for value in values if value is not None] or [None]))
    wish = wish.filter(lambda value: value is not None)
    lookup = draw(st.sampled_from(["exact", "in", "range", *ORDER, *(TEXT if kind == "str" else ())]))
    wanted = draw(
        st.lists(wish, max_size=3) if lookup == "in" else st.tuples(wish, wish) if lookup == "range" else wish
    )
    if lookup in TEXT and draw(st.booleans()):
        wanted = wanted[: draw(st.integers(0, 3))]
    return kind, values, lookup, wanted


@settings(relaxed, max_examples=150)
@given(cases())
def test_lookups_answer_what_python_would(instance, case):
    kind, values, lookup, wanted = case
    ln.Feature(name=f"of {kind}", dtype=kind).save()
    owners = []
    for value in values:
        owners.append(ln.Record(name=None).save())
        owners[-1].features.add_values({f"of {kind}": value})
    ids = [owner.id for owner in owners]
    found = set(ln.Record.filter(id__in=ids, **{f"of {kind}__{lookup}": wanted}).values_list("id", flat=True))
    assert [number in found for number in ids] == expected(values, lookup, wanted)
    others = ln.Record.filter(id__in=ids).exclude(**{f"of {kind}__{lookup}": wanted}).values_list("id", flat=True)
    assert set(others) == set(ids) - found


@pytest.mark.sqlite
def test_a_query_uses_the_index_of_values(instance):
    ln.Feature(name="f", dtype=str).save()
    ln.Feature(name="n", dtype=int).save()
    connection = instance.database.connection()
    for condition in ({"f": "a"}, {"f__startswith": "a"}, {"n__gt": 3}):
        said = []
        connection.set_trace_callback(said.append)
        assert list(ln.Run.filter(**condition)) == []
        connection.set_trace_callback(None)
        plan = " ".join(row[3] for row in instance.database.read(f"EXPLAIN QUERY PLAN {said[-1]}"))
        assert re.search(r"USING (COVERING )?INDEX run_value_(text|whole)", plan), plan


def test_what_a_feature_needs_is_not_removed_for_good(instance, run, experiment):
    kind = experiment()
    label, feature = ln.Record.get(name="Experiment1"), ln.Feature(name="experiment", dtype=kind).save()
    run.features.add_values({"experiment": label})
    for row in (label, kind, feature):
        with pytest.raises(errors.Conflict, match="cannot be removed"):
            row.delete(permanent=True)
    label.delete()
    assert run.features.get_values() == {"experiment": "Experiment1"}
    with pytest.raises(errors.ValidationError, match="experiment='Experiment1' is in the trash"):
        started(instance).features.add_values({"experiment": label})
    run.delete(permanent=True)
    label.delete(permanent=True)
    assert not instance.database.read("SELECT 1 FROM run_value")


def test_a_feature_in_the_trash_is_none(instance, run):
    feature = ln.Feature(name="count", dtype=int).save()
    run.features.add_values({"count": 3})
    feature.delete()
    assert run.features.get_values() == {}
    with pytest.raises(errors.FieldError, match="no field"):
        ln.Run.filter(count=3)
    feature.restore()
    assert list(ln.Run.filter(count=3)) == [run]


def test_a_row_of_another_instance_is_no_value(instance, run, tmp_path):
    ln.Feature(name="label", dtype=ln.ULabel).save()
    other = ln.Instance.init(tmp_path / "other").ULabel(name="checked").save()
    with pytest.raises(errors.InvalidArgument, match="two instances"):
        run.features.add_values({"label": other})
    with pytest.raises(errors.InvalidArgument, match="two instances"):
        ln.Feature(name="sort", dtype=ln.Instance.open(tmp_path / "other").Record(name="T", is_type=True).save())


def test_members_of_types_below_count(instance):
    animal = ln.ULabel(name="Animal", is_type=True).save()
    bird = ln.ULabel(name="Bird", is_type=True, type=animal).save()
    owl = ln.ULabel(name="Owl", type=bird).save()
    feature = ln.Feature(name="species", dtype=list[animal]).save()
    run = started(instance)
    run.features.add_values({feature: ["Owl"]})
    assert list(ln.Run.filter(species=owl)) == [run]
    with pytest.raises(errors.ValidationError, match="no ULabel of type 'Animal'"):
        run.features.add_values({feature: ["Bird"]})


def test_two_labels_of_one_name_are_told_apart_by_the_row(instance, run):
    kinds = [ln.Record(name=name, is_type=True).save() for name in ("A", "B")]
    one, _ = [ln.Record(name="x", type=kind).save() for kind in kinds]
    ln.Feature(name="any", dtype=ln.Record).save()
    with pytest.raises(errors.ValidationError, match="several Records"):
        run.features.add_values({"any": "x"})
    run.features.add_values({"any": one})
    assert list(ln.Run.filter(any="x")) == [run]


# -- track


SCRIPT = """
import sys
import lamin_lite as ln
ln.track(features={"s3_folder": sys.argv[1], "experiment": sys.argv[2]}, params={"example_param": 42})
ln.finish()
"""


def test_features_of_track_are_found_by_name(instance, experiment, run_python, workdir):
    kind = experiment()
    ln.Feature(name="s3_folder", dtype=str).save()
    ln.Feature(name="experiment", dtype=kind).save()
    (workdir / "s.py").write_text(SCRIPT)
    done = run_python(workdir / "s.py", "s3://my-bucket/my-folder", "Experiment1", cwd=workdir)
    assert done.returncode == 0, done.stderr
    assert "features: experiment='Experiment1', s3_folder='s3://my-bucket/my-folder'" in done.stderr
    run = ln.Run.filter(s3_folder="s3://my-bucket/my-folder", experiment="Experiment1").last()
    assert run.features.get_values() == {"experiment": "Experiment1", "s3_folder": "s3://my-bucket/my-folder"}


def test_a_track_that_fails_leaves_no_run_and_no_transform(instance, experiment, run_python, workdir):
    """The standard leaves a started run and a new version behind."""
    kind = experiment()
    ln.Feature(name="experiment", dtype=kind).save()
    (workdir / "s.py").write_text(SCRIPT)
    done = run_python(workdir / "s.py", "x", "ExperimentX", cwd=workdir)
    assert done.returncode == 1
    assert "no feature 's3_folder'" in done.stderr
    assert "'Experiment1', 'Experiment2'" in done.stderr
    assert not instance.Run.filter().exists()
    assert not instance.Transform.filter().exists()


# -- documentation


BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.sqlite
def test_the_page_on_features_does_what_it_says(instance, workdir):
    text = (REPO / "docs" / "features.md").read_text(encoding="utf-8")
    (workdir / "sample.csv").write_text("a,b\n1,2\n")
    examples = doctest.DocTestParser().get_doctest("\n".join(BLOCK.findall(text)), {"ln": ln}, "features.md", None, 0)
    said = []
    failed = doctest.DocTestRunner().run(examples, out=said.append)
    assert failed.attempted > 20
    assert not failed.failed, "".join(said)


def test_features_are_columns_of_tables(instance):
    ln.Feature(name="dose", dtype=float).save()
    runs = [started(instance) for _ in range(3)]
    runs[0].features.add_values({"dose": 0.5})
    runs[2].features.add_values({"dose": 2.0})
    rows = ln.Run.filter().order_by("id").to_dicts(features=True)
    assert [row["dose"] for row in rows] == [0.5, None, 2.0]
    assert [row["dose"] for row in ln.Run.filter().order_by("id").to_dicts(features=["dose"])] == [0.5, None, 2.0]
    assert "dose" not in ln.Run.filter().to_dicts()[0]
    pd = pytest.importorskip("pandas")
    frame = ln.Run.filter().to_dataframe(features=True)
    assert isinstance(frame, pd.DataFrame)
    assert frame["dose"].tolist()[0] == 2.0
