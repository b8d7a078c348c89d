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


def test_query_sets_become_frames_newest_first_with_the_same_columns_when_empty(instance, frame):
    for number in range(3):
        instance.Artifact.from_object(frame.head(number), key=f"{number}.csv").save()
    made = instance.Artifact.filter().to_dataframe()
    assert list(made["key"]) == ["2.csv", "1.csv", "0.csv"]
    assert list(instance.Artifact.filter(key="none").to_dataframe().columns) == list(made.columns)
