"""The query language: what it finds is what Python would find; tables, search, bulk changes."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln

PLAIN = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
TEXTS = ["", "a", "A", "ab", "É", "é", "ß", "%", "_", "'; DROP TABLE run; --", "x\ny"]
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(timezone.utc))
LEAVES = {
    "name": lambda row, v: row["name"] == v,
    "name__iexact": lambda row, v: row["name"] is not None and row["name"].casefold() == v.casefold(),
    "name__contains": lambda row, v: row["name"] is not None and v in row["name"],
    "name__istartswith": lambda row, v: row["name"] is not None and row["name"].casefold().startswith(v.casefold()),
    "name__regex": lambda row, v: row["name"] is not None and re.search(v, row["name"]) is not None,
    "name__iregex": lambda row, v: row["name"] is not None and re.search(v, row["name"], re.IGNORECASE) is not None,
    "name__isnull": lambda row, v: (row["name"] is None) is v,
    "name__in": lambda row, v: row["name"] in v,
    "exit_code__gt": lambda row, v: row["exit_code"] is not None and row["exit_code"] > v,
    "exit_code__range": lambda row, v: row["exit_code"] is not None and v[0] <= row["exit_code"] <= v[1],
    "transform__key": lambda row, v: row["key"] == v,
    "transform__key__regex": lambda row, v: re.search(v, row["key"]) is not None,
    "params__x": lambda row, v: row["x"] == v,
    "params__x__contains": lambda row, v: v in row["x"],
    "params__x__iregex": lambda row, v: re.search(v, row["x"], re.IGNORECASE) is not None,
    "params__x__range": lambda row, v: v[0] <= row["x"] <= v[1],
}
texts = st.sampled_from(TEXTS)
patterns = texts.map(re.escape)


def value_of(name):
    if name.endswith("isnull"):
        return st.booleans()
    if "exit_code" in name:
        number = st.integers(-2, 3)
        return st.lists(number, min_size=2, max_size=2) if name.endswith("range") else number
    if name.endswith("regex"):
        return patterns
    if name.endswith(("__in", "__range")):
        return st.lists(texts, min_size=2, max_size=2)
    return st.sampled_from(["a.py", "b.py"]) if name == "transform__key" else texts


leaves = st.sampled_from(sorted(LEAVES)).flatmap(lambda name: st.tuples(st.just(name), value_of(name)))
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    ),
    max_leaves=5,
)


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def q_of(tree):
    if tree[0] == "not":
        return ~q_of(tree[1])
    if tree[0] in ("and", "or"):
        one, other = q_of(tree[1]), q_of(tree[2])
        return one & other if tree[0] == "and" else one | other
    return ln.Q(**{tree[0]: tree[1]})


def holds(tree, row):
    if tree[0] == "not":
        return not holds(tree[1], row)
    if tree[0] in ("and", "or"):
        found = (holds(tree[1], row), holds(tree[2], row))
        return all(found) if tree[0] == "and" else any(found)
    return LEAVES[tree[0]](row, tree[1])


@pytest.fixture
def rows(instance):
    transforms = {key: instance.Transform(key=key).save() for key in ("a.py", "b.py")}
    made = []
    for at, text in enumerate(TEXTS):
        facts = {"name": text or None, "exit_code": None if at % 4 == 0 else at % 3, "x": TEXTS[-at - 1]}
        key = "a.py" if at % 2 else "b.py"
        run = instance.Run(
            transform=transforms[key], name=facts["name"], exit_code=facts["exit_code"], params={"x": facts["x"]}
        )
        made.append({**facts, "key": key, "uid": run.uid})
        ln.save([run])
    return made


@PLAIN
@given(conditions)
def test_conditions_mean_what_python_would(instance, rows, tree):
    wanted = [row["uid"] for row in rows if holds(tree, row)]
    found = instance.Run.filter(q_of(tree))
    assert found.to_list("uid") == wanted
    assert found.count() == len(wanted)
    assert [run.uid for run in found[:3]] == wanted[:3]
    assert found.exists() is bool(wanted)


@PLAIN
@given(st.lists(moments, min_size=1, max_size=4), moments)
def test_parts_of_moments_are_those_of_the_calendar(instance, stored, wanted):
    with instance.database.write("clean") as tx:
        tx.execute("DELETE FROM run_param")
        tx.execute("DELETE FROM run")
    transform = instance.Transform.filter().first() or instance.Transform(key="t.py").save()
    stored = [*stored, wanted, wanted + timedelta(microseconds=1)]
    ln.save([instance.Run(transform=transform, started_at=moment) for moment in stored])
    parts = {
        **{part: (lambda m, part=part: getattr(m, part)) for part in "year month day hour minute second".split()},
        "week_day": lambda m: m.isoweekday() % 7 + 1,
        "date": lambda m: m.date(),
    }
    for part, of in parts.items():
        for lookup, test in {
            "": lambda a, b: a == b,
            "__gt": lambda a, b: a > b,
            "__lte": lambda a, b: a <= b,
        }.items():
            found = instance.Run.filter(**{f"started_at__{part}{lookup}": of(wanted)}).values_list(
                "started_at", flat=True
            )
            assert found == [m for m in stored if test(of(m), of(wanted))], (part, lookup)
        assert instance.Run.filter(**{f"started_at__{part}__in": [of(wanted)]}).exists()


def test_params_hold_items_names_and_texts(instance):
    transform = instance.Transform(key="t.py").save()
    held = [["a", 1, "x" * 300], {"a": 1, "b": {"c": 2}}, "banana", {"0": "a"}, [["a"]], 3]
    ln.save([instance.Run(transform=transform, name=str(at), params={"v": v}) for at, v in enumerate(held)])

    def found(wanted):
        return instance.Run.filter(params__v__contains=wanted).to_list("name")

    assert found("a") == ["0", "1", "2"]
    assert found(1) == ["0"]
    assert found("x" * 300) == ["0"]
    assert found({"a": 1}) == ["1"]
    assert found({"b": {"c": 2}}) == ["1"]
    assert found(["a"]) == ["4"]
    assert found("0") == ["3"]


def test_values_and_order_go_across_foreign_keys(instance, rows):
    runs = instance.Run.filter(name__isnull=False).order_by("-transform__key", "name")
    assert [r["transform__key"] for r in runs.values("transform__key")] == sorted(
        (row["key"] for row in rows if row["name"]), reverse=True
    )
    assert set(runs.values_list("created_by__handle", flat=True))
    assert sorted(instance.Run.filter().distinct().values_list("transform__key", flat=True)) == ["a.py", "b.py"]
    for call in (
        lambda: runs.order_by("transform__kye"),
        lambda: runs.values("nmae"),
        lambda: runs.filter(nmae="a"),
        lambda: runs.filter(name__containz="a"),
        lambda: runs.order_by("params__x"),
        lambda: runs.values("projects__name"),
    ):
        with pytest.raises(ln.errors.FieldError):
            call()


def test_a_missing_value_comes_last_in_both_directions(instance, rows):
    for order in ("exit_code", "-exit_code"):
        found = instance.Run.filter().order_by(order).to_list("exit_code")
        assert found[-1] is None
        assert found[0] is not None
        assert [run.exit_code for run in instance.Run.filter().order_by(order)[1:9]] == found[1:9]
        assert instance.Run.filter().order_by(order).last().exit_code is None


def test_update_and_delete_change_all_rows_or_none(instance, rows):
    found = instance.Run.filter(transform__key="a.py")
    assert found.update(description="seen", params={"x": "new"}) == found.count() > 1
    assert instance.Run.filter(params__x="new", description="seen").count() == found.count()
    with pytest.raises(ln.errors.InvalidArgument):
        found.update(description="again", exit_code="x")
    with pytest.raises(ln.errors.FieldError):
        found.update(uid="x")
    assert not instance.Run.filter(description="again").exists()
    many = found.count()
    assert found.delete() == many
    assert instance.Run.filter().count() == len(rows) - many


def test_search_forgives_typos_and_ranks(instance):
    for key in ("dataset.csv", "my dataset.csv", "data.csv", "other.csv", "datasets/x.csv"):
        instance.Transform(key=key).save()
    assert instance.Transform.search("dataset.csv").first().key == "dataset.csv"
    assert "dataset.csv" in instance.Transform.search("datset").to_list("key")
    assert "other.csv" not in instance.Transform.search("datset").to_list("key")
    assert instance.Transform.search("ohter").to_list("key") == ["other.csv"]
    assert instance.Transform.search("zzzz").to_list() == []
    assert instance.Transform.search("").to_list() == []


def test_search_finds_the_nearest_among_any_number_of_rows_that_have_the_text(instance):
    many = 400
    first = [instance.ULabel(name=name).save().name for name in ("data", "data of mice", "mice_data.csv", "x data")]
    ln.save([instance.ULabel(name=f"my metadata of mice {at}") for at in range(many)])
    assert instance.ULabel.search("data").to_list("name")[:4] == ["data", "data of mice", "x data", "mice_data.csv"]
    assert instance.ULabel.search("DATA", limit=2).to_list("name") == first[:2]
    for limit in (1000, None):
        rows = instance.ULabel.search("data", limit=limit)
        assert rows.count() == len(rows) == len(set(rows.to_list("id"))) == many + 4
        assert rows.to_list("name") == [row.name for row in rows]
        assert rows.first().name == "data"
    assert instance.ULabel.search("data", limit=350).count() == 350
    assert instance.ULabel.search("data", limit=0).to_list() == []


def test_search_looks_for_a_uid_by_its_start_and_not_for_what_stands_in_it_by_chance(instance):
    row = instance.ULabel(uid="xxCaFxyz", name="one").save()
    assert instance.ULabel.search("xxcaf").one() == row
    assert not instance.ULabel.search("caf").exists()


def test_search_says_where_it_ranks_no_more_rows(instance, monkeypatch, caplog):
    monkeypatch.setattr("lamin_lite.sql.finding.MOST", 310)
    ln.save([instance.ULabel(name=f"data {at}") for at in range(320)])
    assert instance.ULabel.search("data").count() == 20
    assert not caplog.records
    assert instance.ULabel.search("data", limit=None).count() == 310
    assert "more than 310 ULabels are like 'data'" in caplog.text


@pytest.mark.parametrize("limit", [-1, "3", 2.0, True])
def test_a_limit_of_a_search_that_is_none_is_refused(instance, limit):
    instance.Transform(key="data.csv").save()
    for search in (instance.Transform.search, instance.Transform.filter().search):
        with pytest.raises(ln.errors.InvalidArgument, match=re.escape(f"limit={limit!r}")):
            search("data", limit=limit)


def test_each_row_of_a_name_can_be_looked_up(instance):
    one, two = (instance.Record(name=name, is_type=True).save() for name in ("One", "Two"))
    plain = instance.Record(name="s1").save()
    of_one, of_two = (instance.Record(name="s1", type=each).save() for each in (one, two))
    found = instance.Record.lookup()
    assert [*found] == ["One", "Two", "s1", f"s1/{plain.uid}", "One/s1"]
    assert found.s1 == found["s1"] == of_two
    assert found.One_s1 == found["One/s1"] == of_one
    assert found[f"s1/{plain.uid}"] == plain
    assert len(found) == len(found.to_dict()) == 5
    transform = instance.Transform(key="t.py").save()
    runs = ln.save([instance.Run(transform=transform, name="r") for _ in range(2)])
    assert instance.Run.lookup().to_dict() == {f"r/{runs[0].uid}": runs[0], "r": runs[1]}
    named_so = instance.Record(name=f"s1/{plain.uid}").save()
    assert instance.Record.lookup()[named_so.name] == named_so
    assert instance.Record.lookup()[plain.uid] == plain
    assert [*instance.Storage.lookup()] == [instance.Storage.filter().one().path]  # whose type is a text


def test_a_name_that_cannot_be_looked_up_is_told_with_the_nearest(instance):
    instance.Project(name="class").save()
    names = instance.Project.lookup()
    for ask, error in (
        (lambda name: names[name], ln.errors.DoesNotExist),
        (lambda name: getattr(names, name), AttributeError),
    ):
        for name, said in (("clas", r"'clas': did you mean 'class'\?$"), ("zzz", r"'zzz'\.$")):
            with pytest.raises(error, match=f"^There is no Project {said}"):
                ask(name)


def test_of_versions_the_latest_is_looked_up(instance, workdir):
    for text in ("one", "two"):
        (workdir / "a.txt").write_text(text)
        latest = instance.Artifact("a.txt", key="a.txt").save()
    assert instance.Artifact.lookup().to_dict() == {"a.txt": latest}


def test_branches_and_versions_are_listed_in_any_iterable(instance):
    here, trashed, archived = (instance.Record(name=name).save() for name in "abc")
    trashed.delete()
    archived.archive()
    for branches, rows in (
        (["main", "trash"], [here, trashed]),
        ({"archive": 1, "trash": 2}.keys(), [trashed, archived]),
        (("archive" for _ in range(1)), [archived]),
        ([here.branch, "trash"], [here, trashed]),
        ([-1, 0], [trashed, archived]),
        (["main", None], [here, trashed, archived]),
        ([], []),
    ):
        found = instance.Record.filter(branch__in=branches)
        assert found.to_list() == found.all().to_list() == [row.refresh() for row in rows]
    with pytest.raises(ln.errors.DoesNotExist, match="no branch 'mian': there are main"):
        instance.Record.filter(branch__in=["main", "mian"])
    with pytest.raises(ln.errors.FieldError, match=r"branch__in=\['main'\]"):
        instance.Record.filter(branch__in="main")
    transform = instance.Transform(key="t.py").save()
    for versions in ({"0000": 1}.keys(), iter(["0000", "v2"]), ("0000",)):
        assert instance.Transform.filter(version__in=versions).one() == transform
    assert instance.Run.filter(transform__branch__in=["trash"]).count() == 0


def test_names_are_attributes(instance):
    for name in ("My project", "class", "1st", "my.project"):
        instance.Project(name=name).save()
    found = instance.Project.lookup()
    assert found.My_project.name == "My project"
    assert found.class_.name == "class"
    assert found["my.project"].name == "my.project"
    assert set(found.to_dict()) == {"My project", "class", "1st", "my.project"}
    with pytest.raises(AttributeError, match="My_project"):
        _ = found.My_projct


def test_a_table_fits_and_says_that_it_is_cut(instance, monkeypatch):
    transform = instance.Transform(key="a.py").save()
    ln.save([instance.Run(transform=transform, name=f"run {at}") for at in range(25)])
    for width in ("60", "120"):
        monkeypatch.setenv("COLUMNS", width)
        lines = str(instance.Run.filter()).splitlines()
        assert max(map(len, lines[:21])) <= int(width)
    assert "a.py" in lines[1]
    assert lines[-1] == "... 5 of 25 rows are not shown"


def test_related_values_are_included(instance):
    one, two = (instance.Project(name=name).save() for name in ("one", "two"))
    made = instance.Transform(key="a.py").save()
    made.projects.add(one, two)
    instance.Transform(key="b.py").save()
    rows = instance.Transform.filter().to_dicts(include=["projects__name", "created_by__handle", "projects"])
    assert [row["projects__name"] for row in rows] == [["one", "two"], []]
    assert rows[0]["projects"] == ["one", "two"]
    assert rows[0]["created_by__handle"]


def test_a_data_frame_needs_pandas_and_says_so(instance):
    try:
        import pandas as pd  # noqa: F401
    except ImportError:
        with pytest.raises(ln.errors.MissingExtra, match=r"lamin-lite\[pandas\]"):
            instance.Run.filter().to_dataframe()
        return
    instance.Transform(key="a.py").save()
    full, empty = instance.Transform.to_dataframe(), instance.Transform.filter(key="x").to_dataframe()
    assert list(full.columns) == list(empty.columns)
    assert full.index.name == empty.index.name == "id"


def test_many_rows_are_saved_together_or_not_at_all(instance, workdir):
    (workdir / "a.txt").write_text("a")
    rows = [instance.Artifact("a.txt", key="a.txt"), instance.Record(name="r"), instance.Record(name=" ")]
    with pytest.raises(ln.errors.InvalidArgument):
        ln.save(rows)
    assert not instance.Artifact.exists()
    assert not instance.Record.exists()
    assert len(ln.save(rows[:2])) == 2
    assert instance.Artifact.get(key="a.txt").load() == "a"
    with pytest.raises(ln.errors.InvalidArgument):
        ln.save(["a"])


@pytest.mark.parametrize("text", ["'; DROP TABLE run; --", '" OR 1=1 --', "%' OR 1=1 /*", "x) OR (1=1", "$1 ?1 :a"])
def test_no_text_becomes_sql(instance, rows, text):
    runs = instance.Run.filter()
    for lookup in ("regex", "iregex", "contains", "startswith"):
        try:
            runs.filter(**{f"name__{lookup}": text, f"params__{text}__{lookup}": text}).count()
        except ln.errors.FieldError:
            assert "regex" in lookup
    instance.Transform.search(text).to_list()
    for call in (
        lambda: runs.order_by(text),
        lambda: runs.values(text),
        lambda: runs.values_list(f"transform__{text}"),
        lambda: runs.to_dicts(include=[text]),
        lambda: runs.update(**{text: 1}),
        lambda: runs.filter(**{f"started_at__{text}": 1}),
        lambda: runs.filter(started_at__date=text),
        lambda: runs.filter(started_at__year=text),
    ):
        with pytest.raises(ln.errors.InvalidArgument):
            call()
    assert instance.Run.filter().count() == len(rows)


def test_a_date_is_a_date(instance, rows):
    assert instance.Run.filter(created_at__date=datetime.now(timezone.utc).date()).count() in (0, len(rows))
    assert not instance.Run.filter(created_at__date=date(1999, 1, 1)).exists()


def test_a_data_frame_that_is_cut_says_of_how_many_rows_without_being_asked(instance, rows, caplog):
    pytest.importorskip("pandas")
    frame = instance.Run.to_dataframe(limit=2)
    assert list(frame["uid"]) == [row["uid"] for row in rows[-1:-3:-1]]
    said = caplog.records.pop()
    assert said.levelname == "WARNING"  # shown where nobody configured any logging, too
    assert said.getMessage() == f"2 of {len(rows)} rows are in the data frame: limit=None gives all"
    assert len(instance.Run.to_dataframe(limit=None)) == len(instance.Run.to_dataframe()) == len(rows)
    assert not caplog.records
