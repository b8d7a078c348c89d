"""Data frames in text formats come back as they were saved, or are refused when they are saved."""

from __future__ import annotations

import copy
import datetime as dt
import gc
import math
import os
import pickle
import re
import zoneinfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lamin_lite as ln

pd = pytest.importorskip("pandas")
np = pytest.importorskip("numpy")

TEXTS = [".csv", ".tsv.gz", ".json"]
PLAIN = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def comes_back(instance, frame, key):
    before = frame.copy()
    instance.Artifact.from_dataframe(frame, key=key).save()
    same(instance.Artifact.get(key=key).load(), frame)
    same(frame, before)


def same(found, frame):
    pd.testing.assert_frame_equal(found, frame, check_exact=True, check_freq=False, check_column_type="equiv")
    assert all(type(a) is type(b) for a, b in zip(found.iloc[:1].squeeze(axis=0), frame.iloc[:1].squeeze(axis=0)))


def moments(tz=None):
    return pd.to_datetime(["2026-01-31 12:30:00.123456", None, "1970-01-01 00:00:00.0"]).tz_localize(tz)


COLUMNS = {
    "text of digits": ["007", "008", "1e3"],
    "text of decimals": ["1.0", "2.50", ".5"],
    "text that looks missing": ["NA", "None", "nan"],
    "text with a missing value": ["NA", None, "n/a"],
    "text with a missing value and an empty one": ["", None, "x"],
    "text with nan": ["a", np.nan, ""],
    "text that looks true": ["True", "False", "-"],
    "text of dates": ["2026-01-01", "", " x "],
    "text with line ends": ["a\r", "b\r\nc", "d\ne"],
    "text with marks": ['"', "a,b", "a\tb"],
    "whole numbers": [1, -(2**62), 2**63 - 1],
    "large whole numbers": np.array([2**64 - 1, 0, 1], dtype="uint64"),
    "small whole numbers": np.array([1, 2, 3], dtype="int8"),
    "numbers": [0.1 + 0.2, -0.0, 1e-300],
    "numbers with a missing one": [1.0, None, 2.0],
    "short numbers": np.array([0.1, 2.5, math.nan], dtype="float32"),
    "truths": [True, False, True],
    "truths with a missing one": [True, None, False],
    "days": [dt.date(2026, 1, 1), None, dt.date(1999, 12, 31)],
    "moments": moments(),
    "moments of a zone": moments("Europe/Berlin"),
    "moments in UTC": moments("UTC"),
    "durations": pd.to_timedelta(["1 days 00:00:00.000000001", None, "-3h"]),
    "nothing": [None, None, None],
    "no numbers": [math.nan, math.nan, math.nan],
    "nullable numbers": pd.array([1, None, 2**62 + 1], dtype="Int64"),
    "nullable floats": pd.array([0.1, None, 3], dtype="Float64"),
    "nullable truths": pd.array([True, None, False], dtype="boolean"),
    "strings": pd.array(["007", None, ""], dtype="string"),
    "strings as categories": pd.Series(["b", None, "a"], dtype="string").astype("category"),
    "categories": pd.Categorical(["b", "a", None]),
    "categories in order": pd.Categorical(["low", "high", None], categories=["low", "mid", "high"], ordered=True),
    "categories of numbers": pd.Categorical([3, 1, None]),
    "categories of large numbers": pd.Categorical([2**62 + 1, 1, None]),
    "categories of days": pd.Categorical([dt.date(2026, 1, 1), None, dt.date(1999, 12, 31)]),
    "objects that are whole numbers": pd.Series([2**62 + 1, None, 1], dtype=object),
    "objects that are numbers": pd.Series([0.1, None, 3e300], dtype=object),
    "objects that are truths": pd.Series([True, False, True], dtype=object),
    "categories of digits": pd.Categorical(["01", "1", "01"]),
    "categories of nothing": pd.Categorical([None, None, None]),
    "durations as categories": pd.Categorical(pd.to_timedelta([86_400, 0, 10], unit="s")),
    "categories of long times": pd.Categorical(pd.to_timedelta(["1D", None, "2h"])),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back_as_it_was(instance, name):
    for suffix in TEXTS:
        comes_back(instance, pd.DataFrame({"a": [1, 2, 3], name: COLUMNS[name]}), f"a{suffix}")
        comes_back(instance, pd.DataFrame({name: COLUMNS[name]}), f"b{suffix}")


@pytest.mark.parametrize("name", [name for name in COLUMNS if not name.startswith(("truths with", "objects that"))])
def test_an_index_comes_back_as_it_was(instance, name):
    for title, suffix in [("i", ".csv"), (None, ".csv"), ("i", ".json"), (None, ".json")]:
        frame = pd.DataFrame({"a": ["1", "2", "3"]}, index=pd.Index(COLUMNS[name], name=title))
        if name.startswith("categories of") and frame.index.hasnans:
            with pytest.raises(ln.errors.InvalidArgument, match="missing values among categories"):
                instance.Artifact.from_dataframe(frame, key=f"a{suffix}")
        else:
            comes_back(instance, frame, f"a{suffix}")


FRAMES = {
    "several levels": lambda: pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("01", 1), ("02", 2)], names=["l", None])
    ),
    "levels without names": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)])),
    "no columns": lambda: pd.DataFrame(index=["a", "b"]),
    "rows only": lambda: pd.DataFrame(index=range(3)),
    "nothing": pd.DataFrame,
    "no rows": lambda: pd.DataFrame({"a": pd.Series([], dtype="int64"), "b": pd.Series([], dtype="object")}),
    "no rows of an index": lambda: pd.DataFrame(
        {"a": pd.Series([], dtype="float64")}, index=pd.Index([], name="i", dtype="int64")
    ),
    "numbered columns": lambda: pd.DataFrame([[1, "x"], [2, "y"]]),
    "a title of the columns": lambda: pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], name="gene")),
    "names as of the index": lambda: pd.DataFrame({"index": ["a", "b"]}, index=["x", "y"]),
    "a part of the rows": lambda: pd.DataFrame({"a": range(6)})[1::2],
    "an empty name": lambda: pd.DataFrame({"": ["1", "2"], "b": ["x", "y"]}),
    "odd names": lambda: pd.DataFrame({"a\r": ["x"], 'b"\n': ["y"], "Unnamed: 0": ["z"]}),
    "many columns": lambda: pd.DataFrame(np.eye(3), columns=["x", "y", "z"]),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_comes_back_with_its_index_and_its_names(instance, name):
    for suffix in TEXTS:
        comes_back(instance, FRAMES[name](), f"a{suffix}")


def test_columns_of_one_name_come_back_in_csv_and_are_refused_elsewhere(instance):
    frame = pd.DataFrame([[1, "02"], [3, "04"]], columns=["a", "a"])
    comes_back(instance, frame, "a.csv")
    for suffix in (".json", ".parquet", ".feather"):
        if suffix != ".json":
            pytest.importorskip("pyarrow")
        with pytest.raises(ln.errors.InvalidArgument, match=rf"^This DataFrame cannot be saved as \{suffix}: .*\.$"):
            instance.Artifact.from_dataframe(frame, key=f"a{suffix}")


REFUSED = {
    "columns of several levels": (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), TEXTS),
    "lists": (pd.DataFrame({"a": [[1], [2]]}), TEXTS),
    "text and numbers": (pd.DataFrame({"a": ["1", 1]}), TEXTS),
    "names of two kinds": (pd.DataFrame([[1, 2]], columns=["a", 1]), TEXTS),
    "a NUL": (pd.DataFrame({"a": ["\0"]}), [".csv", ".tsv"]),
    "dates beside moments": (
        pd.DataFrame({"a": pd.Series([dt.date(2026, 1, 1), dt.datetime(2026, 1, 1, 17)], dtype=object)}),
        TEXTS,
    ),
    "moments beside dates in the index": (
        pd.DataFrame({"a": [1, 2]}, index=[dt.date(2026, 1, 1), dt.datetime(2026, 1, 1, 17)]),
        TEXTS,
    ),
    "half a character": (pd.DataFrame({"a": ["\ud800"]}, dtype=object), [".csv"]),
    "infinities": (pd.DataFrame({"a": [math.inf]}), [".json"]),
    "intervals": (pd.DataFrame({"a": pd.cut([1, 2], 2)}), TEXTS),
    "labels that are categories": (pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["lo", "hi"])), TEXTS),
    "labels that are none": (pd.DataFrame(columns=pd.DatetimeIndex([])), TEXTS),
    "durations of all nanoseconds": (pd.DataFrame({"a": [pd.Timedelta.max, pd.Timedelta.min]}), TEXTS),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_come_back_is_refused_with_the_remedy_and_leaves_nothing(instance, name):
    frame, suffixes = REFUSED[name]
    for suffix in suffixes:
        others = {
            "dates beside moments": r"holds dates beside moments; make moments of all, as by pd\.to_datetime\(\)",
            "moments beside dates in the index": "the index holds dates beside moments; make moments",
            "half a character": r"save it as \.json",
            "intervals": "astype",
            "text and numbers": "astype",
        }
        usual = "make texts of them" if "names" in name or "labels" in name else r"save it as \.parquet"
        remedy = others.get(name, usual)
        with pytest.raises(ln.errors.InvalidArgument, match=rf"^This DataFrame cannot be .*{remedy}.*\.$"):
            instance.Artifact.from_dataframe(frame, key=f"a{suffix}")
    assert instance.Artifact.filter().count() == 0
    made = os.path.join(instance.cache_dir, "made")
    assert not os.path.isdir(made) or os.listdir(made) == []


LABELS = {
    "categories": pd.CategoricalIndex(["lo", "hi"]),
    "categories of numbers": pd.CategoricalIndex([1, 2]),
    "small numbers": pd.Index(np.array([1, 2], dtype="uint8")),
    "large numbers": pd.Index(np.array([1, 2**64 - 1], dtype="uint64")),
    "numbers": pd.Index([4, -2]),
    "counted": pd.RangeIndex(2),
    "nullable numbers": pd.Index(pd.array([1, 2], dtype="Int64")),
    "floats": pd.Index([0.5, 1.0]),
    "truths": pd.Index([True, False]),
    "texts": pd.Index(["1", "NA"]),
    "objects": pd.Index(["a", "b"], dtype=object, name="gene"),
    "strings": pd.Index(["a", "b"], dtype="string"),
    "texts and numbers": pd.Index(["a", 1], dtype=object),
    "moments": pd.date_range("2026-01-01", periods=2),
    "days": pd.Index([dt.date(2026, 1, 1), dt.date(2026, 1, 2)], dtype=object),
    "durations": pd.to_timedelta([1, 2], unit="h"),
    "periods": pd.period_range("2026-01", periods=2, freq="M"),
    "intervals": pd.interval_range(0, 2),
    "pairs": pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    "levels": pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")]),
    "levels of categories": pd.MultiIndex.from_arrays([pd.Categorical(["a", "b"]), ["x", "y"]]),
}


@pytest.mark.parametrize("name", LABELS)
def test_names_of_columns_of_any_type_come_back_or_are_refused_with_the_remedy(instance, name):
    frame, refused = pd.DataFrame([[1, 2], [3, 4]], columns=LABELS[name]), {}
    for suffix in (".csv", ".json", ".parquet", ".feather"):
        if suffix in (".parquet", ".feather"):
            pytest.importorskip("pyarrow")
        try:
            found = instance.Artifact.from_dataframe(frame, key=f"a{suffix}").save().load()
        except ln.errors.InvalidArgument as error:
            refused[suffix] = str(error)
        else:
            # pandas 3 gives texts from Parquet and Feather a type of its own
            exact = suffix in (".csv", ".json") and "equiv"
            pd.testing.assert_frame_equal(found, frame, check_column_type=exact, check_freq=False)
    assert all(re.search(r"astype|\.parquet|df\.columns = ", said) for said in refused.values())
    assert name not in ("numbers", "counted", "texts", "objects") or not {".csv", ".json"} & {*refused}


TIMES = {
    "old moments": ["1500-01-01", "NaT", "2026-01-01T00:00:01"],
    "moments far ahead": ["2026-01-01", "9000-12-31", "NaT"],
    "midnights": ["2026-01-01", "2026-07-01", "NaT"],
}


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("zone", [None, "UTC", "-03:30"])
def test_moments_of_any_year_and_zone_come_back(instance, name, unit, zone):
    try:
        times = pd.Series(np.array(TIMES[name], dtype=f"datetime64[{unit}]")).dt.tz_localize(zone)
    except pd.errors.OutOfBoundsDatetime:
        pytest.skip("this pandas has none of them")
    for suffix in TEXTS:
        comes_back(instance, pd.DataFrame({"a": times}), f"a{suffix}")
        comes_back(instance, pd.DataFrame({"x": [1, 2, 3]}, index=pd.Index(times, name="a")), f"b{suffix}")
        if name == "midnights":  # pandas writes no categories of others
            comes_back(instance, pd.DataFrame({"a": times.dropna().astype("category")}), f"c{suffix}")


@pytest.mark.parametrize("year", [1890, 1935, 2026])
@pytest.mark.parametrize("place", ["Europe/Amsterdam", "America/New_York", "Africa/Monrovia"])
def test_moments_before_zones_had_whole_minutes_come_back_or_are_refused(instance, year, place):
    for zone in (place, zoneinfo.ZoneInfo(place)):
        frame = pd.DataFrame({"a": pd.to_datetime([f"{year}-01-01 12:00:00", f"{year}-07-01 12:00:00"])})
        frame["a"] = frame["a"].dt.tz_localize(zone)
        for suffix in TEXTS:
            said = ""
            try:
                comes_back(instance, frame, f"a{year}{type(zone).__name__}{suffix}")
            except ln.errors.InvalidArgument as error:
                said = str(error)
            # pandas 2 makes another type of the name of a zone of zoneinfo
            assert not said or (year < 2026 and "distance from UTC" in said) or "is datetime64" in said


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_durations_that_no_reader_can_read_are_refused_when_they_are_saved(instance, unit):
    def frame(days):
        seconds = np.array([1, days * 86_400], dtype="timedelta64[s]")
        return pd.DataFrame({"a": seconds.astype(f"timedelta64[{unit}]")})

    for suffix in TEXTS:
        for days in (106_750, -106_750):
            comes_back(instance, frame(days), f"a{suffix}")
        for days in (106_752, -2_000_000):
            try:
                long = frame(days)
            except pd.errors.OutOfBoundsTimedelta:
                continue  # this pandas has none of them
            with pytest.raises(ln.errors.InvalidArgument, match="column 'a' holds durations of more than 106,751 days"):
                instance.Artifact.from_dataframe(long, key=f"b{suffix}")


def test_a_layout_that_does_not_fit_locks_no_data_away(instance, caplog):
    frame = pd.DataFrame({"lo": [1], "hi": [2]})
    for suffix in TEXTS:
        saved = instance.Artifact.from_dataframe(frame, key=f"a{suffix}").save()
        saved.otype_layout = {**saved.otype_layout, "layout": {**saved.otype_layout["layout"], "labels": "int64"}}
        same(saved.load(), frame)
        assert [
            f"a{suffix} is loaded with types and index as they are guessed" in said for said in caplog.messages
        ] == [True]
        caplog.clear()


def test_an_index_comes_back_from_feather_or_is_refused(instance):
    pytest.importorskip("pyarrow")
    said = ""
    try:
        comes_back(instance, pd.DataFrame({"a": [1]}, index=["x"]), "a.feather")
    except ln.errors.InvalidArgument as error:  # older versions of pandas
        said = str(error)
    assert re.match(r"$|This DataFrame cannot be saved as \.feather: .*; save it as \.parquet.*\.$", said)


def test_infinities_come_back_in_csv(instance):
    comes_back(instance, pd.DataFrame({"a": [math.inf, -math.inf, math.nan]}), "a.csv")


ATTRS = [
    ({"source": "plate 7", "n": [1, {"x": None}]}, True),
    ({1: "a"}, False),
    ({"day": dt.date(2026, 1, 1)}, False),
    ({"pair": (1, 2)}, False),
    ({"long": "a" * 200_000}, False),
]


@pytest.mark.parametrize("suffix", [*TEXTS, ".parquet", ".feather"])
def test_attrs_come_back_if_json_keeps_them(instance, suffix):
    if suffix in (".parquet", ".feather"):
        pytest.importorskip("pyarrow")
    for number, (attrs, kept) in enumerate(ATTRS):
        frame = pd.DataFrame({"a": [1, 2]})
        frame.attrs = dict(attrs)
        found = instance.Artifact.from_dataframe(frame, key=f"{number}{suffix}").save(), frame.attrs
        assert found[0].load().attrs in ([attrs] if kept else [{}, attrs])
        assert found[1] == attrs


def test_of_the_same_bytes_the_frame_that_was_saved_first_comes_back_and_that_is_told(instance, caplog):
    texts, numbers = pd.DataFrame({"a": ["7", "8"]}), pd.DataFrame({"a": [7, 8]})
    comes_back(instance, texts, "a.csv")
    first = instance.Artifact.get(key="a.csv")
    first.extra_data, first.is_locked = {"mine": 1}, True
    first.save()
    comes_back(instance, texts, "a.csv")
    assert caplog.messages == []
    for save in (ln.Artifact.save, lambda row: ln.save([row])):
        save(instance.Artifact.from_dataframe(numbers, key="a.csv"))
        assert "a.csv holds the same bytes already, and comes back with the types" in caplog.messages[-1]
    assert len(caplog.messages) == 2
    assert instance.Artifact.get(key="a.csv") == first
    assert instance.Artifact.get(key="a.csv").extra_data == {"mine": 1}
    same(instance.Artifact.get(key="a.csv").load(), texts)
    instance.Artifact.from_dataframe(numbers, key="a.csv", skip_hash_lookup=True).save()
    assert len(caplog.messages) == 2
    same(instance.Artifact.get(key="a.csv").load(), numbers)
    same(first.load(), texts)


def test_a_layout_is_kept_where_none_was(instance, workdir):
    (workdir / "a.csv").write_text("a\n07\n")
    instance.Artifact.from_dataframe("a.csv", key="a.csv").save()
    comes_back(instance, pd.DataFrame({"a": ["07"]}), "a.csv")


def test_a_locked_artifact_stays_as_it_is_when_its_bytes_are_saved_again_as_a_frame(instance, workdir):
    (workdir / "a.csv").write_text("a\n07\n")
    locked = instance.Artifact("a.csv", key="a.csv").save()
    locked.is_locked = True
    locked.save()
    again = instance.Artifact.from_dataframe(pd.DataFrame({"a": ["07"]}), key="a.csv").save()
    assert (again, again.kind, again.otype) == (locked, None, None)
    with pytest.raises(ln.errors.Conflict, match=r"a\.csv .* is locked"):
        instance.Artifact.from_dataframe(pd.DataFrame({"a": ["07"]}), key="a.csv", kind="mine").save()


def test_a_file_that_somebody_else_wrote_is_read_as_before(instance, workdir):
    comes_back(instance, pd.DataFrame({"a": ["7"]}), "a.csv")
    (workdir / "a.csv").write_text("a\n07\n")
    instance.Artifact.from_dataframe("a.csv", key="a.csv").save()
    assert instance.Artifact.get(key="a.csv").load()["a"].tolist() == [7]
    instance.Artifact("a.csv", key="rows.csv").save()
    assert instance.Artifact.get(key="rows.csv").load() == [{"a": "07"}]


cells = st.text(st.sampled_from("a0.-1NA\r\n\t,\"' \ufeffé\\"), max_size=4)
columns = st.sampled_from(
    [
        st.one_of(st.none(), cells),
        cells,
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.booleans(),
        st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1)),
    ]
)


@PLAIN
@given(st.data(), st.sampled_from(TEXTS))
def test_any_frame_comes_back_or_is_refused(instance, data, suffix):
    rows = data.draw(st.integers(0, 4))
    fields = [
        data.draw(st.lists(data.draw(columns), min_size=rows, max_size=rows))
        for _ in range(data.draw(st.integers(1, 4)))
    ]
    frame = pd.DataFrame(dict(enumerate(fields)))
    frame.columns = [data.draw(cells) for _ in fields]
    levels = [
        pd.Index(data.draw(st.lists(cells, min_size=rows, max_size=rows)), dtype=object, name=data.draw(cells))
        for _ in range(data.draw(st.integers(0, 2)))
    ]
    if levels:
        frame.index = pd.MultiIndex.from_arrays(levels) if len(levels) > 1 else levels[0]
    said = ""
    try:
        pd.testing.assert_frame_equal(
            instance.Artifact.from_dataframe(frame, key=f"a{suffix}", skip_hash_lookup=True).save().load(),
            frame,
            check_exact=True,
        )
    except ln.errors.InvalidArgument as error:
        said = str(error)
    assert re.search("^$|infinities|two fields|byte order", said)


class TestTheFileOfAnUnsavedArtifact:
    @staticmethod
    def made(instance):
        folder = os.path.join(instance.cache_dir, "made")
        return os.listdir(folder) if os.path.isdir(folder) else []

    @pytest.fixture
    def unsaved(self, instance):
        return [instance.Artifact.from_dataframe(pd.DataFrame({"a": [1]}), key="a.csv")]

    @pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
    def test_it_stays_until_the_last_copy_goes(self, instance, unsaved, copied):
        other = copied(unsaved[0])
        unsaved.clear()
        gc.collect()
        assert len(self.made(instance)) == 1
        assert other.save().load()["a"].tolist() == [1]
        assert self.made(instance) == []

    def test_it_goes_with_the_last_copy_and_with_what_is_saved(self, instance, unsaved):
        other = copy.copy(unsaved[0])
        unsaved.clear()
        del other
        gc.collect()
        assert self.made(instance) == []
        ln.save([instance.Artifact.from_dataframe(pd.DataFrame({"a": [2]}), key="b.csv")])
        assert self.made(instance) == []

    def test_what_is_unpickled_can_be_saved_while_it_is_there_and_else_says_so(self, instance, unsaved):
        early, late = (pickle.loads(pickle.dumps(unsaved[0])) for _ in range(2))
        assert early.save().load()["a"].tolist() == [1]
        assert len(self.made(instance)) == 1
        unsaved.clear()
        gc.collect()
        with pytest.raises(ln.errors.MissingFile, match=r"a\.csv"):
            late.save()
