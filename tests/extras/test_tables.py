"""Frames of polars and tables of pyarrow in text formats come back with their types, or are refused."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import lamin_lite as ln

PLAIN = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))

cells = st.text(st.sampled_from("a0.-1N\r\n\t,\"' é\\"), max_size=4)
#: values, and how polars and pyarrow name types for them
COLUMNS = [
    (cells, ("String",), ("string", "large_string")),
    (st.integers(-128, 127), ("Int8", "Int64"), ("int8", "int64")),
    (st.integers(2**63, 2**64 - 1), ("UInt64",), ("uint64",)),
    (st.floats(allow_nan=False), ("Float64",), ("float64",)),
    (st.floats(width=32, allow_nan=False), ("Float32",), ("float32",)),
    (st.booleans(), ("Boolean",), ("bool",)),
    (st.dates(dt.date(1900, 1, 1)), ("Date",), ("date32",)),
    (st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)), ("Datetime",), ("timestamp[us]",)),
]


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@st.composite
def tables(draw, types):
    """Names, values and types of some columns of the same length."""
    rows, made = draw(st.integers(0, 4)), []
    names = draw(st.lists(cells.filter(bool), min_size=1, max_size=4, unique=True))
    for name in names:
        values, *kinds = draw(st.sampled_from(COLUMNS))
        held = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        made.append((name, held, draw(st.sampled_from(kinds[types]))))
    return made


@PLAIN
@given(tables(0), st.sampled_from([".csv", ".tsv"]))
@example([("a", [" 0", "\t0"], "String")], ".csv")
def test_a_frame_of_polars_comes_back_or_is_refused(instance, made, suffix):
    pl = pytest.importorskip("polars")
    kinds = {"String": getattr(pl, "String", None) or pl.Utf8, "Datetime": pl.Datetime("us")}
    frame = pl.DataFrame(
        [pl.Series(name, held, dtype=kinds.get(kind) or getattr(pl, kind)) for name, held, kind in made]
    )
    found, said = frame, ""
    try:
        found = instance.Artifact.from_dataframe(frame, key=f"t{suffix}", skip_hash_lookup=True).save().load()
    except ln.errors.InvalidArgument as error:
        said = str(error)
    assert re.search("^$|its only column has missing values|begins or ends with white space", said)
    assert found.schema == frame.schema
    assert found.to_dicts() == frame.to_dicts()


@PLAIN
@given(tables(1), st.sampled_from([".csv", ".tsv"]))
def test_a_table_of_pyarrow_comes_back(instance, made, suffix):
    pa = pytest.importorskip("pyarrow")
    names, arrays = zip(*((name, pa.array(held, pa.type_for_alias(kind))) for name, held, kind in made))
    table = pa.table(list(arrays), names=list(names))
    found = instance.Artifact.from_dataframe(table, key=f"t{suffix}", skip_hash_lookup=True).save().load()
    assert found.schema == table.schema
    assert found.to_pylist() == table.to_pylist()


def opened(instance, frame, key):
    return instance.Artifact.from_dataframe(frame, key=key, skip_hash_lookup=True).save().open()


SUFFIXES = [".csv", ".csv.gz", ".tsv"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_parts_of_a_frame_of_pandas_have_the_types_that_were_saved(instance, suffix):
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    columns = {
        "id": (["007", "NA", "1"], pa.string()),
        "with\nline": (["a\nb", None, 'q"'], pa.string()),
        "n": ([1, 2, 3], pa.int64()),
        "small": (pd.array([1, None, 3], dtype="Int8"), pa.int8()),
        "x": ([0.5, None, float("inf")], pa.float64()),
        "true": ([True, False, True], pa.bool_()),
        "perhaps": (pd.array([True, None, False], dtype="boolean"), pa.bool_()),
        "day": ([dt.date(2026, 1, 1), None, dt.date(1999, 12, 31)], pa.date32()),
        "time": (pd.to_datetime(["2026-01-31 12:30", None, "1970-01-01 00:00"]), pa.timestamp("ns")),
        "label": (pd.Categorical(["01", "2", None]), pa.string()),
        "number": (pd.Categorical([3, 1, None]), pa.int64()),
        "large": (pd.Series([2**53 + 1, None, 3], dtype=object), pa.int64()),
    }
    frame = pd.DataFrame({name: values for name, (values, _) in columns.items()})
    table = opened(instance, frame, f"a{suffix}").to_table()
    assert {name: table.schema.field(name).type for name in columns} == {
        name: kind for name, (_, kind) in columns.items()
    }
    for name, (values, kind) in columns.items():
        assert table[name].to_pylist() == pa.array(pd.Series(values).astype(object), kind, from_pandas=True).to_pylist()
    frame = frame[["id", "n"]].set_index("id")
    assert opened(instance, frame, f"b{suffix}").to_table()["id"].to_pylist() == ["007", "NA", "1"]


def test_parts_of_a_frame_are_not_guessed_from_its_first_rows(instance):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    ids = [*(f"{number:06}" for number in range(180_000)), "A1"]
    for frame in (pd.DataFrame({"id": ids}), pd.DataFrame({"id": [*([None] * 600_000), "A1"]})):
        assert opened(instance, frame, "a.csv").to_table()["id"].to_pylist()[-1] == "A1"


def test_missing_values_open_as_such_and_empty_texts_as_texts(instance):
    pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    for frame in (pd.DataFrame({"a": ["x", None]}), pd.DataFrame({"a": ["", None, "NA"]})):
        held = frame["a"].tolist()
        assert opened(instance, frame, "a.csv").to_table()["a"].to_pylist() == held
        assert opened(instance, pa.table({"a": held}), "b.csv").to_table()["a"].to_pylist() == held
    both = pd.DataFrame({"a": ["", "x"], "b": [None, "y"], "n": [None, 1.0]})  # one text stands for both
    found = opened(instance, both, "c.csv").to_table()
    assert [found[name].to_pylist() for name in "abn"] == [["", "x"], ["", "y"], [None, 1.0]]


def test_two_columns_of_one_name_are_not_opened_and_that_is_told(instance, workdir):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    (workdir / "file.csv").write_text("b,a,a\n1,2,3\n")
    saved = [
        instance.Artifact("file.csv", key="file.csv").save(),
        instance.Artifact.from_dataframe(pd.DataFrame([[1, 2]], columns=["a", "a"]), key="frame.csv").save(),
    ]
    for each in saved:
        with pytest.raises(
            ln.errors.InvalidArgument, match=r"\.csv has two columns named 'a' and .*: artifact\.load\(\) reads it\.$"
        ):
            each.open()


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_parts_of_other_tables_have_the_types_that_were_saved(instance, suffix):
    pa = pytest.importorskip("pyarrow")
    table = pa.table(
        {"id": ["007", None, ""], "n": pa.array([1, None, 3], pa.int8()), "t": [dt.datetime(2026, 1, 1)] * 3}
    )
    assert opened(instance, table, f"a{suffix}").to_table().equals(table)
    pl = pytest.importorskip("polars")
    found = opened(instance, pl.DataFrame(table.to_pydict(), schema_overrides={"n": pl.Int8}), f"b{suffix}").to_table()
    assert found.to_pydict() == table.to_pydict()
    assert found.schema.types == [pa.string(), pa.int8(), pa.timestamp("us")]


def test_a_layout_that_cannot_be_told_is_guessed_with_a_warning(instance, caplog):
    pa = pytest.importorskip("pyarrow")
    saved = instance.Artifact.from_dataframe(pa.table({"a": [1]}), key="a.csv").save()
    saved.otype_layout = {**saved.otype_layout, "layout": [["of another version", 1]]}
    assert saved.open().to_table().to_pydict() == {"a": [1]}
    assert "a.csv is opened with types and index as they are guessed" in caplog.messages[-1]


def test_what_texts_cannot_give_back_is_refused_with_the_remedy(instance):
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    for table in (pl.DataFrame({"a": [[1, 2]]}), pl.DataFrame(), pa.table({"a": [[1, 2]]})):
        with pytest.raises(
            ln.errors.InvalidArgument, match=r"^This .* cannot be saved as \.csv: .*; save it as \.parquet\.$"
        ):
            instance.Artifact.from_dataframe(table, key="t.csv")
