"""Values of features are set together with what they are about, or one by one; what is wrong is told before a row is written."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

import lamin_lite as ln
from lamin_lite import errors
from lamin_lite.models import session


@pytest.fixture
def instance(workdir, monkeypatch):
    made = ln.Instance.init(workdir)
    monkeypatch.setattr(session, "default_store", made)
    (workdir / "x.csv").write_text("a\n1\n")
    return made


@pytest.fixture
def features(instance):
    """Three features, one of them of a type with one member."""
    kind = ln.Record(name="Experiment", is_type=True).save()
    ln.Record(name="Experiment1", type=kind).save()
    return {
        name: ln.Feature(name=name, dtype=dtype).save()
        for name, dtype in (("temperature", float), ("experiment", kind), ("sizes", list[int]))
    }


WRONG = {"temperatur": 3, "temperature": "warm", "experiment": "Experiment9", "sizes": [1, "2"]}


# -- given to a new row


def test_an_artifact_is_saved_together_with_the_values_of_its_features(features):
    artifact = ln.Artifact("x.csv", key="x.csv", features={"temperature": 21.5, features["experiment"]: "Experiment1"})
    assert artifact.features.get_values() == {}
    artifact.save()
    assert artifact.features.get_values() == {"experiment": "Experiment1", "temperature": 21.5}
    assert ln.Artifact.filter(temperature__gt=21, experiment="Experiment1").one() == artifact


def test_what_makes_artifacts_of_objects_and_folders_takes_values_too(features, workdir):
    (workdir / "folder").mkdir()
    (workdir / "folder" / "one.txt").write_text("1")
    made = [ln.Artifact.from_object([{"a": 1}], key="o.csv", features={"temperature": 1}).save()]
    made += ln.save(ln.Artifact.from_dir("folder", features={"temperature": 1}))
    assert [row.features["temperature"] for row in made] == [1.0, 1.0]


def test_one_error_tells_all_that_is_wrong_and_nothing_of_the_artifact_is_kept(features, instance):
    before = instance.database.one("SELECT count(*) FROM replica")
    artifact = ln.Artifact("x.csv", key="x.csv", features=WRONG)
    with pytest.raises(errors.ValidationError, match="4 things are wrong, so nothing was written") as caught:
        artifact.save()
    for said in ("did you mean 'temperature'", "temperature='warm'", "experiment='Experiment9'", "sizes[1]='2'"):
        assert said in str(caught.value)
    assert artifact.id is None
    assert ln.Artifact.filter().count() == 0
    assert instance.database.one("SELECT count(*) FROM replica") == before


def test_what_failed_can_be_saved_when_the_value_is_right(features):
    artifact = ln.Artifact("x.csv", key="x.csv", features={"temperature": "21"})
    with pytest.raises(errors.ValidationError, match="temperature='21'"):
        artifact.save()
    features["temperature"].coerce = True
    features["temperature"].save()
    assert artifact.save().features["temperature"] == 21.0


def test_the_same_bytes_again_take_the_values_of_the_last_time(features):
    first = ln.Artifact("x.csv", key="x.csv", features={"temperature": 1, "sizes": [1]}).save()
    again = ln.Artifact("x.csv", key="x.csv", features={"temperature": 2}).save()
    assert again == first
    assert first.features.get_values() == {"sizes": [1], "temperature": 2.0}
    again.description = "changed"
    first.features["temperature"] = 3
    again.save()
    assert first.features["temperature"] == 3.0


def test_a_locked_artifact_takes_no_values(features):
    first = ln.Artifact("x.csv", key="x.csv").save()
    first.is_locked = True
    first.save()
    with pytest.raises(errors.Conflict, match="is locked"):
        ln.Artifact("x.csv", key="x.csv", features={"temperature": 2}).save()
    assert first.features.get_values() == {}


def test_a_record_is_saved_together_with_the_values_of_its_features(features):
    record = ln.Record(name="S1", features={"temperature": 4}).save()
    assert record.features.get_values() == {"temperature": 4.0}
    assert ln.Record(name="S1", features={"temperature": 5}).save() == record
    assert record.features["temperature"] == 5.0
    with pytest.raises(errors.ValidationError, match="temperature='5'"):
        ln.Record(name="S2", features={"temperature": "5"}).save()
    assert not ln.Record.filter(name="S2").exists()


def test_rows_saved_at_once_are_checked_at_once(features):
    rows = [
        ln.Artifact("x.csv", key="x.csv", features={"temperature": "a", "nope": 1}),
        ln.Record(name="S1", features={"temperature": "b", "nope": 1}),
        ln.Record(name="S2"),
    ]
    with pytest.raises(errors.ValidationError, match="3 things are wrong") as caught:
        ln.save(rows)
    assert "x.csv: temperature='a'" in str(caught.value)
    assert "S1: temperature='b'" in str(caught.value)
    assert ln.Artifact.filter().count() == 0
    assert not ln.Record.filter(name__startswith="S").exists()
    rows = [
        ln.Artifact("x.csv", key="x.csv", features={"temperature": 1}),
        ln.Record(name="S1", features={"temperature": 2}),
        ln.Record(name="S2"),
    ]
    assert [row.features.get_values() for row in ln.save(rows)] == [{"temperature": 1.0}, {"temperature": 2.0}, {}]


# -- one by one


def test_a_value_is_set_and_read_by_name_or_by_the_feature_itself(features):
    artifact = ln.Artifact("x.csv", key="x.csv").save()
    artifact.features["temperature"] = 3
    artifact.features[features["sizes"]] = [1, 2]
    assert artifact.features[features["temperature"]] == artifact.features["temperature"] == 3.0
    assert features["sizes"] in artifact.features
    assert features["experiment"] not in artifact.features
    artifact.features.add_values({features["temperature"]: 4, "temperature": 5})
    assert artifact.features["temperature"] == 5.0
    with pytest.raises(errors.ValidationError, match="no feature 'nope'"):
        artifact.features["nope"] = 1


@pytest.mark.parametrize("given", [None, ["temperature"], "temperature", 3, dict, [("temperature", 3)]])
def test_what_is_no_dict_is_refused_in_one_sentence_and_takes_nothing_away(features, given):
    artifact = ln.Artifact("x.csv", key="x.csv", features={"temperature": 1}).save()
    for change in (artifact.features.add_values, artifact.features.set_values):
        with pytest.raises(errors.InvalidArgument, match="features need a dict of names and values, such as") as caught:
            change(given)
        assert "\n" not in str(caught.value)
    assert artifact.features.get_values() == {"temperature": 1.0}
    if given is not None:
        with pytest.raises(errors.InvalidArgument, match="features need a dict"):
            ln.Artifact("x.csv", key="x.csv", features=given)


@pytest.mark.parametrize("given", [{}, {"params": None, "features": None}])
def test_no_params_and_no_features_may_be_given(instance, given, workdir):
    (workdir / "s.py").write_text("")
    ln.track(path="s.py", **given)
    run = ln.context.run
    ln.finish()
    assert run.params == run.features.get_values() == {}


@pytest.mark.parametrize("name", ["params", "features"])
@pytest.mark.parametrize("given", [["a"], "a", 3, {"a"}, dict, "a long\ntext " * 1_000])
def test_params_and_features_of_a_run_that_are_no_dict_are_refused_in_one_short_sentence(instance, name, given):
    with pytest.raises(errors.InvalidArgument, match=f"{name} need a dict of names and values, such as") as caught:
        ln.track(**{name: given})
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)
    assert not ln.Run.filter().exists()


def test_what_names_no_feature_takes_no_value_away(features):
    artifact = ln.Artifact("x.csv", key="x.csv", features={"temperature": 1}).save()
    with pytest.raises(errors.InvalidArgument, match="list of names"):
        artifact.features.remove_values(3)
    assert artifact.features.get_values() == {"temperature": 1.0}


# -- names


def test_a_feature_is_not_named_as_what_queries_mean_otherwise(instance):
    with pytest.raises(errors.InvalidArgument, match="'version', which is a field of Artifact"):
        ln.Feature(name="version", dtype=str)


def test_a_condition_on_a_registry_without_features_says_which_have_them(features):
    with pytest.raises(errors.FieldError, match="artifacts, runs and records only"):
        ln.Transform.filter(features["temperature"] == 3)
    assert ln.Transform.filter(runs__temperature=3).count() == 0


def test_a_feature_needs_a_dtype_and_a_near_one_is_named(instance):
    with pytest.raises(errors.InvalidArgument, match=r"'f'\) needs a dtype, such as dtype=str"):
        ln.Feature(name="f")
    with pytest.raises(errors.InvalidArgument, match="did you mean int"):
        ln.Feature(name="f", dtype="integer")


# -- what does not fit, and what is no lookup


@pytest.mark.parametrize(
    ("number", "shown"), [(2**63, str(2**63)), (-(2**63) - 1, str(-(2**63) - 1)), (10**90, "299 bits")]
)
def test_a_whole_number_that_is_too_large_is_named_with_what_fits(instance, number, shown):
    ln.Feature(name="count", dtype=int).save()
    with pytest.raises(
        errors.ValidationError, match=rf"count: .*{shown}.* from -2\*\*63 to 2\*\*63 - 1.*make the feature a str"
    ):
        ln.Artifact("x.csv", key="x.csv", features={"count": number}).save()
    ln.Artifact("x.csv", key="x.csv", features={"count": 2**63 - 1}).save()
    assert ln.Artifact.filter(count=2**63 - 1).exists()


@pytest.mark.parametrize("part", ["hour", "minute", "second"])
def test_a_date_has_no_parts_of_a_day(instance, part):
    ln.Feature(name="day", dtype="date").save()
    artifact = ln.Artifact("x.csv", key="x.csv", features={"day": "2026-01-31"}).save()
    with pytest.raises(errors.FieldError, match=rf"'{part}' in 'day__{part}' is no lookup"):
        ln.Artifact.filter(**{f"day__{part}": 1})
    assert ln.Artifact.filter(day__week_day=7, day__month=1).one() == artifact


# -- defaults

UTC = timezone.utc


@pytest.mark.parametrize(
    ("dtype", "default", "read"),
    [
        ("date", date(2026, 1, 31), date(2026, 1, 31)),
        ("datetime", datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC), datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)),
        ("list[date]", ["2026-01-31", date(2026, 2, 1)], [date(2026, 1, 31), date(2026, 2, 1)]),
        ("float", 3, 3.0),
        ("list[int]", [], []),
        ("dict", {"a": {"b": [1, None]}}, {"a": {"b": [1, None]}}),
        (ln.ULabel, "A", "A"),
        (list[ln.ULabel], ["B", "A"], ["B", "A"]),
    ],
)
def test_a_default_is_read_as_the_value_that_it_would_be_if_it_were_set(instance, dtype, default, read):
    for name in "AB":
        ln.ULabel(name=name).save()
    feature = ln.Feature(name="f", dtype=dtype, default=default).save()
    one, two = (ln.Record(name=name).save() for name in ("one", "two"))
    two.features["f"] = None
    for found in (feature.default, ln.Feature.get(name="f").default, one.features["f"], two.features["f"]):
        assert found == read
        assert type(found) is type(read)
    assert two.features.get_values() == {"f": read}
    assert "f" not in one.features


def test_a_default_that_is_a_row_is_that_row_whatever_it_is_called(instance, capsys):
    kinds = [ln.ULabel(name=name, is_type=True).save() for name in ("K", "L")]
    meant, _ = (ln.ULabel(name="x", type=kind).save() for kind in kinds)
    other = ln.ULabel(name="other").save()
    feature = ln.Feature(name="f", dtype=list[ln.ULabel], default=["other", meant]).save()
    record = ln.Record(name="r").save()
    assert feature.default == record.features["f"] == ["other", "x"]
    record.features["f"] = None
    assert ln.Record.filter(f=meant).one() == record
    other.name = "renamed"
    other.save()
    assert feature.default == record.features["f"] == ["renamed", "x"]
    ln.Feature(name="g", dtype=ln.ULabel, default=meant).save().describe()
    assert "default value: x\n" in capsys.readouterr().out


def test_a_default_that_does_not_fit_leaves_the_one_that_was(instance):
    feature = ln.Feature(name="f", dtype=int, default=3).save()
    with pytest.raises(errors.ValidationError, match="The default does not fit"):
        feature.default = "4"
    assert feature.default == 3
    feature.default = None
    assert feature.save().refresh().default is None


# -- rows in the archive and in the trash


def test_a_value_is_rather_a_row_outside_of_the_archive(instance, workdir):
    ln.Feature(name="src", dtype=ln.Artifact).save()
    old = ln.Artifact("x.csv", key="x.csv").save().archive()
    record = ln.Record(name="r").save()
    record.features["src"] = "x.csv"
    assert ln.Record.filter(src=old).one() == record
    (workdir / "x.csv").write_text("a\n2\n")
    new = ln.Artifact("x.csv", key="x.csv", revises=old).save()
    record.features["src"] = "x.csv"
    assert ln.Record.filter(src=new).one() == record
    assert not ln.Record.filter(src=old).exists()


def test_a_value_in_the_trash_is_told_to_be_there_by_name_by_uid_and_as_a_row(features):
    kind = ln.Record.get(name="Experiment")
    member = ln.Record(name="M", type=kind).save()
    default = ln.Feature(name="usual", dtype=kind, default="M").save()
    member.delete()
    record = ln.Record(name="r").save()
    back = rf"is in the trash: bring it back with ln\.Record\.get\('{member.uid}', branch='trash'\)\.restore\(\)\.$"
    for said in ("M", member.uid, member):
        with pytest.raises(errors.ValidationError, match=rf"^experiment='.*' {back}"):
            record.features["experiment"] = said
    with pytest.raises(errors.ValidationError, match=rf"^The default of usual='{member.uid}' {back}"):
        record.features["usual"] = None
    assert record.features["usual"] == default.default == "M"
    ln.Record.get(member.uid, branch="trash").restore()
    record.features["experiment"] = "M"


def test_a_feature_in_the_trash_is_told_to_be_there(features):
    feature = features["temperature"]
    feature.delete()
    record = ln.Record(name="r").save()
    call = rf"ln\.Feature\.get\('{feature.uid}', branch='trash'\)\.restore\(\)"
    with pytest.raises(
        errors.ValidationError, match=f"^The feature 'temperature' is in the trash: bring it back with {call}"
    ):
        record.features["temperature"] = 3
    with pytest.raises(
        errors.FieldError, match=f"no field 'temperature', and the feature .* is in the trash: .*{call}"
    ):
        ln.Record.filter(temperature=3)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (
            lambda rows: rows.order_by("-temperature"),
            r"cannot be ordered by it; sort to_dicts\(features=True\) in Python",
        ),
        (lambda rows: rows.values_list("temperature"), r"to_dicts\(include=\['temperature'\]\) reads its values"),
        (lambda rows: rows.values("temperature__x"), r"to_dicts\(include=\['temperature'\]\) reads its values"),
        (lambda rows: rows.update(temperature=3), r"by row\.features\.add_values\(\{'temperature': \.\.\.\}\)"),
    ],
)
def test_a_feature_where_only_fields_can_be_is_told_to_be_one_with_what_does_it(features, ask, said):
    row = ln.Artifact("x.csv", key="x.csv", features={"temperature": 3}).save()
    with pytest.raises(errors.FieldError, match=rf"^'temperature' is a feature, no field of Artifact: .*{said}\.$"):
        ask(ln.Artifact.filter())
    assert ln.Artifact.filter().to_dicts(include=["temperature"])[0]["temperature"] == 3
    assert ln.Artifact.filter().to_dicts(features=True)[0]["temperature"] == row.features["temperature"]
    with pytest.raises(errors.FieldError, match=r"^Project has no field 'temperature'"):
        ask(ln.Project.filter())


def test_a_feature_of_a_related_row_is_no_field_of_that_row(features):
    with pytest.raises(errors.FieldError, match=r"^'temperature' is a feature, no field of Run: "):
        ln.Artifact.filter().order_by("run__temperature")


# -- names that mean something in Python


def test_features_named_self_and_cls_are_found_as_all_others(instance):
    one, two = (ln.Feature(name=name, dtype=str).save() for name in ("self", "cls"))
    row = ln.Record(name="r", features={"self": "x", "cls": "y"}).save()
    other = ln.Record(name="other").save()
    rows = ln.Record.filter()
    for found in (
        ln.Record.filter(self="x", cls="y"),
        ln.Record.filter(one == "x", two != "z"),
        ln.Record.filter(ln.Q(self="x") & ln.Q(cls="y")),
        ln.Record.exclude(cls=None, self=None),
        rows.filter(self="x").exclude(cls="z", self="z"),
        instance.Record.filter(self="x", cls="y"),
        instance.Record.exclude(self=None, cls=None),
    ):
        assert found.one() == row
    for get in (ln.Record.get, rows.get, instance.Record.get):
        assert get(self="x", cls="y") == row
    assert ln.Record.filter(self=None).one() == other
    with pytest.raises(errors.FieldError, match="'self' is a feature"):
        rows.update(self="x")


@pytest.mark.parametrize("name", ["_", "__", "a_", "a___b", "_a__b_", "key_", "__uid"])
def test_the_name_that_is_advised_for_a_feature_can_be_taken(instance, name):
    with pytest.raises(errors.InvalidArgument, match=r"Try '\w+'\.$") as caught:
        ln.Feature(name=name, dtype=str)
    advised = str(caught.value).rpartition("Try '")[2][:-2]
    assert ln.Feature(name=advised, dtype=str).save().name == advised


# -- rows that are no members of a type


def test_a_row_that_is_no_member_of_the_type_is_told_of_which_type_it_is(instance):
    one, two = (ln.Record(name=name, is_type=True).save() for name in ("TA", "TB"))
    ln.Record(name="same", type=one).save()
    other, loose = ln.Record(name="same", type=two).save(), ln.Record(name="loose").save()
    ln.Feature(name="ta", dtype=one).save()
    for row, said in (
        (other, f"Record same ({other.uid}) is of type 'TB'"),
        (loose, f"Record loose ({loose.uid}) has no type"),
        (two, f"Record TB ({two.uid}) is a type"),
    ):
        with pytest.raises(errors.ValidationError) as caught:
            loose.features["ta"] = row
        assert str(caught.value) == f"ta={said}, but the feature takes members of 'TA': there are 'same'."


def test_types_of_one_name_are_told_apart_by_their_uids(instance):
    one = ln.Record(name="T", is_type=True).save()
    two = ln.Record(name="T", is_type=True, type=ln.Record(name="Outer", is_type=True).save()).save()
    row = ln.Record(name="r", type=two).save()
    ln.Feature(name="t", dtype=one).save()
    with pytest.raises(errors.ValidationError) as caught:
        row.features["t"] = row
    assert (
        f"is of type Record T ({two.uid}), but the feature takes members of Record T ({one.uid}): there are none."
        in str(caught.value)
    )


def test_a_row_that_was_removed_for_good_is_no_value(features):
    row, record = ln.Record.get(name="Experiment1"), ln.Record(name="r").save()
    ln.Record.get(name="Experiment1").delete(permanent=True)
    with pytest.raises(
        errors.ValidationError, match=rf"^experiment=Record Experiment1 \({row.uid}\) was removed for good"
    ):
        record.features["experiment"] = row


# -- types of one name


def test_a_dtype_that_may_mean_several_types_is_refused(instance):
    outer = ln.Record(name="Outer", is_type=True).save()
    one = ln.Record(name="Exp", is_type=True).save()
    two = ln.Record(name="Exp", is_type=True, type=outer).save()
    for dtype in ("cat[Record[Exp]]", "list[cat[Record[Exp]]]"):
        with pytest.raises(errors.MultipleResults, match="may mean several types") as caught:
            ln.Feature(name="f", dtype=dtype)
        assert f"Record Exp ({one.uid}), Record Exp ({two.uid})" in str(caught.value)
    assert ln.Feature(name="f", dtype=f"cat[Record[{two.uid}]]").save().dtype == "cat[Record[Exp]]"
    with pytest.raises(errors.ValidationError) as caught:
        ln.Feature(name="f", dtype=one).save()
    assert f"is of dtype cat[Record[{two.uid}]], not cat[Record[{one.uid}]]: use another name" in str(caught.value)
    two.archive()
    assert ln.Feature(name="g", dtype="cat[Record[Exp]]")._values["dtype"] == f"cat[Record[{one.uid}]]"
    one.delete()
    assert ln.Feature(name="g", dtype="cat[Record[Exp]]")._values["dtype"] == f"cat[Record[{two.uid}]]"
    two.delete()
    with pytest.raises(
        errors.DoesNotExist, match=r"'Exp' that is a type is in the trash: bring it back with ln\.Record"
    ):
        ln.Feature(name="g", dtype="cat[Record[Exp]]")


# -- None among the values of `in`


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("float", [1.0, 2.0]),
        ("int", [1, 2]),
        ("str", ["a", "b" * 300]),
        ("bool", [True, False]),
        ("date", ["2026-01-31", "2026-02-01"]),
        ("datetime", [datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]),
        ("dict", [{"a": 1}, {"a": 2}]),
        (ln.ULabel, ["A", "B"]),
        (list[int], [[1], [2]]),
        (list[ln.ULabel], [["A"], ["B"]]),
    ],
)
def test_none_in_a_list_of_values_also_finds_rows_without_a_value(instance, dtype, values):
    for name in "AB":
        ln.ULabel(name=name).save()
    feature = ln.Feature(name="f", dtype=dtype).save()
    for name, value in (("one", values[0]), ("two", values[1]), ("none", None)):
        ln.Record(name=name, features={"f": value}).save()
    ln.Record(name="bare").save()
    first = values[0][0] if isinstance(values[0], list) else values[0]

    def found(*conditions, **lookups):
        return sorted(row.name for row in ln.Record.filter(*conditions, **lookups))

    assert found(f__in=[None, first]) == found(feature.in_(iter([first, None]))) == ["bare", "none", "one"]
    assert found(f__in=[None]) == found(f=None) == ["bare", "none"]
    assert found(~ln.Q(f__in=(first, None))) == ["two"]
    assert found(f__in=[first]) == ["one"]
    assert ln.Record.filter(f__in=[first, None]).order_by("-id").first().name == "bare"
    assert found(f__in=[None, first], name__in=["one", "two", "none"]) == ["none", "one"]
