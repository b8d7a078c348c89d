"""Data frames come back from Parquet and Feather as they were saved, or are refused when they are saved."""

from __future__ import annotations

import datetime as dt
import decimal
import re

import pytest

import lamin_lite as ln

pd = pytest.importorskip("pandas")
np = pytest.importorskip("numpy")
pa = pytest.importorskip("pyarrow")

from tests.extras.test_frames import COLUMNS, comes_back, same

BINARY = [".parquet", ".feather"]
LARGE = 2**53 + 1  #: no float is this number


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def objects(*values):
    return pd.Series(values, dtype=object)


def moment(*args, **others):
    return dt.datetime(2026, 1, 31, *args, **others)


MORE = {
    **{name: values for name, values in COLUMNS.items() if not name.startswith("text with nan")},
    "large numbers in objects": objects(LARGE, None, 3),
    "whole numbers in objects": objects(1, 2, 3),
    "truths and a missing one in objects": objects(True, None, False),
    "moments in objects": objects(moment(17, 30), None, moment()),
    "moments of a zone in objects": objects(moment(tzinfo=dt.timezone.utc), None, moment(1, tzinfo=dt.timezone.utc)),
    "moments of pandas in objects": objects(pd.Timestamp("2026-01-31 17:30"), None, pd.Timestamp("2026-01-01")),
    "durations in objects": objects(dt.timedelta(1), None, dt.timedelta(seconds=1)),
    "times": objects(dt.time(1), None, dt.time(2)),
    "decimals": objects(decimal.Decimal("1.0"), None, decimal.Decimal("2.0")),
    "bytes": objects(b"a", None, b"\xff"),
    "dicts of the same keys": objects({"x": 1, "y": "a"}, None, {"y": "b", "x": 2}),
    "categories of numbers in their order": pd.Categorical([3, 1, 3], categories=[3, 2, 1], ordered=True),
    "categories of truths": pd.Categorical([True, None, False]),
    "categories of moments": pd.Categorical(pd.to_datetime(["2026-01-31", None, "2026-01-01"])),
    "categories of moments of a zone": pd.Categorical(pd.to_datetime(["2026-01-31", None, "2026-01-01"], utc=True)),
    "categories of durations": pd.Categorical(pd.to_timedelta([2, None, 1], unit="s")),
    "categories of which one occurs": pd.Categorical([2, None, 2], categories=[2, 1]),
}


@pytest.mark.parametrize("name", MORE)
@pytest.mark.parametrize("suffix", BINARY)
def test_a_column_comes_back_as_it_was(instance, name, suffix):
    comes_back(instance, pd.DataFrame({"a": [1, 2, 3], name: MORE[name]}), f"a{suffix}")
    comes_back(instance, pd.DataFrame({name: MORE[name]})[::2], f"b{suffix}") if suffix == ".parquet" else None
    comes_back(instance, pd.DataFrame({name: MORE[name]})[:0], f"c{suffix}") if suffix == ".parquet" else None


@pytest.mark.parametrize("name", [name for name in MORE if not name.startswith(("no", "dicts"))])
def test_an_index_comes_back_as_it_was(instance, name):
    index = pd.Index(MORE[name], dtype=getattr(MORE[name], "dtype", None), name="i")
    comes_back(instance, pd.DataFrame({"a": ["1", "2", "3"]}, index=index), "a.parquet")
    levels = pd.MultiIndex.from_arrays([["x", "y", "z"], index], names=[None, "i"])
    found = (
        instance.Artifact.from_dataframe(pd.DataFrame({"a": [1, 2, 3]}, index=levels), key="b.parquet").save().load()
    )
    assert str(found.index.tolist()[0]) == str(levels.tolist()[0]) or "zone" in name
    assert found.index.get_level_values(1).dtype == levels.get_level_values(1).dtype


def arrow(*values, kind):
    return pd.Series(values, dtype=pd.ArrowDtype(kind))


KEPT_BY_ARROW = {
    "decimals": lambda: arrow(decimal.Decimal("1.50"), None, kind=pa.decimal128(5, 2)),
    "texts": lambda: arrow("a", None, kind=pa.string()),
    "long texts": lambda: arrow("a", None, kind=pa.large_string()),
    "whole numbers": lambda: arrow(LARGE, None, kind=pa.int64()),
    "numbers": lambda: arrow(0.5, None, kind=pa.float32()),
    "truths": lambda: arrow(True, None, kind=pa.bool_()),
    "days": lambda: arrow(dt.date(2026, 1, 1), None, kind=pa.date32()),
    "moments": lambda: arrow(moment(17, 30), None, kind=pa.timestamp("us")),
    "durations": lambda: arrow(dt.timedelta(1), None, kind=pa.duration("us")),
    "times": lambda: arrow(dt.time(1), None, kind=pa.time64("us")),
    "bytes": lambda: arrow(b"a", None, kind=pa.binary()),
    "strings": lambda: pd.Series(["a", None], dtype="string[pyarrow]"),
    "categories of strings": lambda: pd.Series(["b", None], dtype="string[pyarrow]").astype("category"),
}


@pytest.mark.parametrize("name", KEPT_BY_ARROW)
@pytest.mark.parametrize("suffix", BINARY)
def test_columns_of_types_of_arrow_come_back_as_they_were(instance, name, suffix):
    column = KEPT_BY_ARROW[name]()
    comes_back(instance, pd.DataFrame({"a": column}), f"a{suffix}")
    comes_back(instance, pd.DataFrame({"a": column})[:0], f"b{suffix}")
    if suffix == ".parquet":
        comes_back(instance, pd.DataFrame({"a": [1, 2]}, index=pd.Index(column, name="i")), "c.parquet")


@pytest.mark.parametrize("suffix", BINARY)
def test_types_of_arrow_that_would_not_come_back_are_refused(instance, suffix):
    kinds = {
        "lists": ([1], pa.list_(pa.int64())),
        "seconds": (moment(), pa.timestamp("s")),
        "moments of a zone": (pd.Timestamp("2026", tz="UTC"), pa.timestamp("us", "UTC")),
    }
    for name, (value, kind) in kinds.items():
        frame, said = pd.DataFrame({"a": arrow(value, None, kind=kind)}), ""
        try:
            comes_back(instance, frame, f"{name}{suffix}")
        except ln.errors.InvalidArgument as error:
            said = str(error)
        assert re.match(rf"$|This DataFrame cannot be saved as \{suffix}: .*(astype|make timestamp)", said)


def test_what_the_file_tells_itself_needs_no_layout_and_the_rest_a_small_one(instance):
    usual = {"a": [1, 2], "b": [0.5, None], "c": ["x", None], "d": pd.Categorical(["x", "y"]), "e": [[1], [2]]}
    for suffix in BINARY:
        saved = instance.Artifact.from_dataframe(pd.DataFrame(usual), key=f"a{suffix}").save()
        assert saved.otype_layout is None
        many = pd.DataFrame({"n": range(20_000), "g": objects(*range(19_999), None)})
        saved = instance.Artifact.from_dataframe(many, key=f"b{suffix}").save()
        assert saved.otype_layout["layout"]["columns"] == [[1, "object integer?None"]]
        same(saved.load(), many)


def test_the_number_that_names_the_index_comes_back_or_is_refused(instance):
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name=0))
    said = ""
    try:
        comes_back(instance, frame, "a.parquet")
    except ln.errors.InvalidArgument as error:  # older versions of pandas
        said = str(error)
    assert re.match(r"$|This DataFrame cannot be saved as \.parquet: Index level names must be strings", said)
    with pytest.raises(ln.errors.InvalidArgument, match=r"names must be strings|has the name 0.5, .* df.rename_axis"):
        instance.Artifact.from_dataframe(frame.rename_axis(index=0.5), key="b.parquet")


REFUSED = {
    "dates beside moments": (objects(dt.date(2026, 1, 1), moment(17, 30)), r"'a' holds dates .*pd\.to_datetime\(\)"),
    "moments beside dates": (objects(moment(17, 30), dt.date(2026, 1, 1)), "convert|pd.to_datetime"),
    "dates beside moments in dicts": (objects({"x": dt.date(2026, 1, 1)}, {"x": moment(17, 30)}), "holds dates beside"),
    "dates beside moments in lists": (objects([dt.date(2026, 1, 1), None], [moment(17, 30)]), "holds dates beside"),
    "moments of several zones": (objects(moment(tzinfo=dt.timezone.utc), moment()), "moments of several zones"),
    "nanoseconds in objects": (objects(pd.Timestamp(1), pd.Timestamp(2)), "with nanoseconds; make moments"),
    "sets": (objects({1}, {2}), "holds sets, .*; make sorted lists"),
    "sets in dicts": (objects({"x": {1}}, {"x": {2}}), "holds sets"),
    "dicts of other keys": (objects({"x": 1}, {"y": 2}), "holds dicts with different keys; give all of them the same"),
    "large numbers beside missing ones in lists": (objects([LARGE, None], [1]), "large whole numbers beside missing"),
    "large numbers in a list, missing ones in another": (objects([1, None], [LARGE]), "large whole numbers beside"),
    "large numbers beside nan in lists": (objects([LARGE, float("nan")], [1]), "large whole numbers beside missing"),
    "large numbers of numpy beside lists": (objects(np.array([LARGE]), [1, None]), "large whole numbers beside"),
    "texts beside bytes": (objects("a", b"b"), "holds texts beside bytes; convert"),
    "texts beside numbers": (objects("x", 3), "Expected bytes, got a 'int' object; Conversion failed .*; .*astype"),
    "huge numbers": (objects(2**70, 1), "whole numbers of more than 64 bits; save it as .csv"),
    "complex numbers": (pd.Series([1j, 2]), r"complex128; .*astype\(str\)"),
    "sparse numbers": (pd.Series(pd.arrays.SparseArray([1, 0])), r"'a' is Sparse.*; make it dense, as by \.sparse"),
    "half a character": (objects("\ud800", "b"), "half a character .*save it as .json"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("suffix", BINARY)
def test_what_would_not_come_back_is_refused_with_a_remedy_that_works(instance, name, suffix):
    values, says = REFUSED[name]
    with pytest.raises(
        ln.errors.InvalidArgument, match=rf"^This DataFrame cannot be saved as \{suffix}: .*{says}"
    ) as told:
        instance.Artifact.from_dataframe(pd.DataFrame({"a": values}), key=f"a{suffix}")
    assert "\n" not in str(told.value)
    assert '("' not in str(told.value)
    assert instance.Artifact.filter().count() == 0
    remedy = next((each for each in (".csv", ".json") if f"save it as {each}" in str(told.value)), "")
    if remedy:
        comes_back(instance, pd.DataFrame({"a": values}), f"a{remedy}")


def test_two_columns_of_one_name_are_sent_to_csv(instance):
    for suffix in (*BINARY, ".json"):
        with pytest.raises(ln.errors.InvalidArgument, match=r"are named 'a'.*; save it as \.csv, or rename one\.$"):
            instance.Artifact.from_dataframe(pd.DataFrame([[1, 2]], columns=["a", "a"]), key=f"a{suffix}")


def test_only_what_parquet_keeps_is_sent_there(instance):
    kept = {"lists": objects([1], [2]), "periods": pd.period_range("2026", periods=2, freq="M"), "a NUL": ["\0", "b"]}
    others = {name: REFUSED[name][0] for name in REFUSED if name not in ("huge numbers", "half a character")}
    for name, values in {**kept, **others}.items():
        frames = [pd.DataFrame({"a": values})]
        if "sparse" not in name:  # which as an index are numbers as others
            frames.append(pd.DataFrame({"b": [1, 2]}, index=pd.Index(values, dtype=getattr(values, "dtype", None))))
        for frame in frames:
            with pytest.raises(ln.errors.InvalidArgument) as told:
                instance.Artifact.from_dataframe(frame, key="a.csv")
            assert ("save it as .parquet" in str(told.value)) == (name in kept), told.value


def test_a_layout_that_does_not_fit_locks_no_data_away(instance, caplog):
    for suffix in BINARY:
        saved = instance.Artifact.from_dataframe(pd.DataFrame({"a": objects(1, 2)}), key=f"a{suffix}").save()
        saved.otype_layout = {**saved.otype_layout, "layout": {"columns": [[7, "object integer"]]}}
        assert saved.load()["a"].tolist() == [1, 2]
        assert f"a{suffix} is loaded with types and index as they are guessed" in caplog.messages[-1]
