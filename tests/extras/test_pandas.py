"""Data frames, with the real library where it is installed."""

import pytest

import lamin_lite as ln

pd = pytest.importorskip("pandas")


@pytest.fixture
def frame():
    return pd.DataFrame({"gene": ["CD8A", "CD4"], "count": [3, 5]})


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_a_frame_comes_back_as_it_was(instance, frame, suffix):
    pytest.importorskip("pyarrow")
    saved = instance.Artifact.from_object(frame, key=f"genes{suffix}").save()
    pd.testing.assert_frame_equal(saved.load(), frame)


@pytest.mark.parametrize(("suffix", "rows"), [(".csv", "3"), (".tsv", "3"), (".json", 3)])
def test_a_frame_written_as_text_is_read_as_rows_without_pandas(instance, frame, suffix, rows):
    saved = instance.Artifact.from_object(frame, key=f"genes{suffix}").save()
    assert saved.load()[0] == {"gene": "CD8A", "count": rows}


def test_a_named_index_is_written_as_a_column(instance, frame):
    saved = instance.Artifact.from_object(frame.set_index("gene"), key="genes.csv").save()
    assert saved.load()[1] == {"gene": "CD4", "count": "5"}


def test_query_sets_become_frames_newest_first_with_the_same_columns_when_empty(instance, frame):
    for number in range(3):
        instance.Artifact.from_object(frame.head(number), key=f"{number}.csv").save()
    made = instance.Artifact.filter().to_dataframe()
    assert list(made["key"]) == ["2.csv", "1.csv", "0.csv"]
    assert list(instance.Artifact.filter(key="none").to_dataframe().columns) == list(made.columns)
