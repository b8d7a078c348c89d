"""Frames of polars and tables of pyarrow in text formats come back with their types, or are refused."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import HealthCheck, given, settings
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
    assert re.search("^$|its only column has missing values|ends with white space", said)
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


def test_what_texts_cannot_give_back_is_refused_with_the_remedy(instance):
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    for table in (pl.DataFrame({"a": [[1, 2]]}), pl.DataFrame(), pa.table({"a": [[1, 2]]})):
        with pytest.raises(
            ln.errors.InvalidArgument, match=r"^This .* cannot be saved as \.csv: .*; save it as \.parquet\.$"
        ):
            instance.Artifact.from_dataframe(table, key="t.csv")
