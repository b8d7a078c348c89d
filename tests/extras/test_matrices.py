"""Annotated matrices come back as they were saved, or are refused; opened ones stay on disk, and can be saved again."""

from __future__ import annotations

import datetime as dt
import decimal
import os

import pytest

import lamin_lite as ln

ad = pytest.importorskip("anndata")
pytest.importorskip("zarr")
np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
sparse = pytest.importorskip("scipy.sparse")

SUFFIXES = [".h5ad", ".anndata.zarr", ".zarr"]


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def matrix(**others):
    """Four observations of three genes."""
    observations = pd.DataFrame({"donor": list("abab")}, index=list("wxyz"))
    return ad.AnnData(np.arange(12, dtype="float32").reshape(4, 3), **{"obs": observations, **others})


def with_column(values):
    made = matrix()
    made.obs["odd"] = pd.Series(values, dtype=getattr(values, "dtype", object), index=made.obs_names)
    return made


def with_value(value):
    return matrix(uns={"odd": value})


def masked():
    return np.ma.masked_array(np.zeros((4, 3)), mask=np.eye(4, 3))


REFUSED = {
    "truths and a missing one": (lambda: with_column([True, None, True, False]), r"column 'odd' of obs .*\(bool\)"),
    "dates": (lambda: with_column([dt.date(2026, 1, 1)] * 4), r"column 'odd' of obs .*\(date\).*astype\(str\)"),
    "numbers beside texts": (lambda: with_column([1, "a", "b", "c"]), r"column 'odd' of obs .*\(int\)"),
    "decimals": (lambda: with_column([decimal.Decimal("1.5")] * 4), r"column 'odd' of obs .*\(Decimal\)"),
    "lists in cells": (lambda: with_column([[1], [2], [3], [4]]), r"column 'odd' of obs .*\(list\)"),
    "bytes": (lambda: with_column([b"a"] * 4), r"column 'odd' of obs .*\(bytes\)"),
    "nothing": (lambda: with_column([None] * 4), r"column 'odd' of obs has missing values.*astype\('category'\)"),
    "categories of mixed types": (
        lambda: with_column(pd.Categorical([1, "a", 1, "a"])),
        "column 'odd' of obs .*no texts",
    ),
    "moments": (
        lambda: with_column(pd.date_range("2026", periods=4)),
        r"there is no form for .*Datetime.*astype\(str\)",
    ),
    "a name that is none": (
        lambda: matrix(obs=pd.DataFrame({"": range(4)}, index=list("abcd"))),
        "name of column '' of",
    ),
    "names that are no texts": (
        lambda: renamed([1, 2, 3, 4]),
        r"obs_names are not all texts; .*obs\.index\.astype\(str\)",
    ),
    "a table that misses texts": (
        lambda: matrix(obsm={"t": pd.DataFrame({"c": ["a", None, "b", "c"]}, index=list("wxyz"))}),
        r"column 'c' of obsm\['t'\] has missing values",
    ),
    "a layer of objects": (
        lambda: matrix(layers={"l": np.array([[1, "a", None]] * 4, dtype=object)}),
        r"layers\['l'\]",
    ),
    "a layer with a mask": (lambda: matrix(layers={"l": masked()}), r"layers\['l'\] would lose its mask.*filled\(\)"),
    "a list of mixed types": (lambda: with_value([1, "a", None]), r"uns\['odd'\] is a list of mixed types"),
    "a list deep within": (
        lambda: with_value({"a": {"b": [1, "a"]}}),
        r"uns\['odd'\]\['a'\]\['b'\] is a list of mixed",
    ),
    "texts and nothing": (lambda: with_value(["a", None]), r"uns\['odd'\] is a list of mixed types"),
    "an array of objects": (
        lambda: with_value(np.array([1, "a"], dtype=object)),
        r"uns\['odd'\] holds objects .*\(int\)",
    ),
    "a table of objects": (lambda: with_value(pd.DataFrame({"c": [{}]})), r"column 'c' of uns\['odd'\] .*\(dict\)"),
    "a matrix of objects": (lambda: with_value(with_column([1, "a", "b", "c"])), r"uns\['odd'\]: column 'odd' of obs"),
    "a moment": (
        lambda: with_value(pd.Timestamp("2026")),
        "there is no form for .*Timestamp; .*leave it out",
    ),
    "a tuple": (lambda: with_value((1, 2)), "there is no form for tuple"),
    "a set": (lambda: with_value({1}), "there is no form for set"),
    "a key that is no text": (lambda: with_value({1: "a"}), r"the key 1 in uns\['odd'\] is no text; make a text of it"),
    "a key with a slash": (lambda: with_value({"a/b": 1}), r"the key 'a/b' in uns\['odd'\] .*; rename it"),
}


def renamed(names):
    made = matrix()
    made.obs.index = pd.Index(names)
    return made


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("suffix", SUFFIXES[:2])
def test_what_would_not_come_back_is_refused_with_its_place_and_the_remedy(instance, name, suffix):
    made, says = REFUSED[name]
    with pytest.raises(
        ln.errors.InvalidArgument, match=rf"^This AnnData cannot be saved as \{suffix}: .*{says}.*\.$"
    ) as told:
        instance.Artifact.from_anndata(made(), key=f"a{suffix}")
    assert "\n" not in str(told.value)
    assert instance.Artifact.filter().count() == 0
    folder = os.path.join(instance.cache_dir, "made")
    assert not os.path.isdir(folder) or os.listdir(folder) == []


@pytest.mark.parametrize("suffix", SUFFIXES[:2])
def test_of_what_the_library_refuses_the_place_is_told(instance, suffix):
    if not hasattr(ad, "io"):
        pytest.skip("earlier versions do not say where it was")
    for made, says in ((with_value((1, 2)), "uns 'odd'"), (with_column(pd.date_range("2026", periods=4)), "obs 'odd'")):
        with pytest.raises(ln.errors.InvalidArgument, match=rf"as \{suffix}: {says}: there is no form for"):
            instance.Artifact.from_anndata(made, key=f"a{suffix}")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_the_library_keeps_comes_back(instance, suffix):
    made = matrix(
        uns={"text": "a", "list": ["a", "b"], "n": 3, "deep": {"none": None, "xs": [0.5, 1.0], "grid": [[1], [2]]}},
        layers={"counts": sparse.csr_matrix(np.eye(4, 3))},
        obsm={"t": pd.DataFrame({"c": list("abca")}, index=list("wxyz"))},
    )
    made.obs["missing"] = ["a", None, "b", np.nan]
    made.obs["whole"] = pd.array([1, None, 3, 4], dtype="Int64")
    made.obs["level"] = pd.Categorical(["lo", "hi", None, "lo"], categories=["lo", "hi"], ordered=True)
    made.raw = made.copy()
    found = instance.Artifact.from_anndata(made, key=f"a{suffix}").save().load()
    assert (found.X == made.X).all()
    assert (found.layers["counts"] != made.layers["counts"]).nnz == 0
    assert found.obsm["t"]["c"].tolist() == list("abca")
    assert found.obs["missing"].isna().tolist() == [False, True, False, True]
    assert found.obs["missing"].astype(object)[["w", "y"]].tolist() == ["a", "b"]
    pd.testing.assert_series_equal(found.obs["whole"], made.obs["whole"])
    pd.testing.assert_series_equal(found.obs["level"], made.obs["level"])
    assert (found.uns["text"], found.uns["n"], list(found.uns["list"])) == ("a", 3, ["a", "b"])
    assert found.uns["deep"].get("none") is None  # earlier versions leave it out
    assert [found.uns["deep"][name].tolist() for name in ("xs", "grid")] == [[0.5, 1.0], [[1], [2]]]
    assert found.raw.var_names.tolist() == made.var_names.tolist()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_an_opened_matrix_is_on_disk_and_its_parts_can_be_read(instance, suffix, kind):
    made = matrix(layers={"twice": kind(np.arange(12).reshape(4, 3) * 2)}, uns={"n": 3})
    made.X = kind(made.X)
    made.raw = made.copy()
    expected = np.arange(12).reshape(4, 3)
    opened = instance.Artifact.from_anndata(made, key=f"a{suffix}").save().open()
    assert not isinstance(opened.X, (np.ndarray, sparse.csr_matrix, sparse.csc_matrix))
    if suffix != ".h5ad":  # of which the library reads them
        assert not isinstance(opened.layers["twice"], (np.ndarray, sparse.csr_matrix, sparse.csc_matrix))
        assert not isinstance(opened.raw.X, (np.ndarray, sparse.csr_matrix, sparse.csc_matrix))
    assert (dense(opened.X[:2]) == expected[:2]).all()
    part = opened[opened.obs["donor"] == "a"].to_memory() if kind is np.asarray else opened[::2].to_memory()
    assert (dense(part.X) == expected[::2]).all()
    assert (dense(part.layers["twice"]) == expected[::2] * 2).all()
    assert part.obs_names.tolist() == ["w", "y"]
    assert (dense(opened.to_memory().X) == expected).all()
    assert (opened.uns["n"], opened.obs["donor"].tolist()) == (3, list("abab"))


def dense(values):
    return values.toarray() if sparse.issparse(values) else np.asarray(values)


def test_a_matrix_without_numbers_is_opened(instance):
    made = ad.AnnData(obs=pd.DataFrame({"donor": ["a", "b"]}, index=["x", "y"]))
    opened = instance.Artifact.from_anndata(made, key="a.zarr").save().open()
    assert (opened.shape, opened.X, opened.obs["donor"].tolist()) == ((2, 0), None, ["a", "b"])


@pytest.mark.parametrize("first", SUFFIXES[:2])
@pytest.mark.parametrize("second", SUFFIXES[:2])
def test_an_opened_matrix_and_parts_of_it_can_be_saved_and_it_stays_what_it_was(instance, first, second):
    made = matrix(layers={"twice": np.ones((4, 3))})
    saved = instance.Artifact.from_anndata(made, key=f"a{first}").save()
    opened = saved.open()
    where = opened.filename
    copied = instance.Artifact.from_anndata(opened, key=f"copy{second}").save()
    part = instance.Artifact.from_anndata(opened[:2], key=f"part{second}").save()
    again = instance.Artifact.from_anndata(opened[1:], key=f"again{second}").save()
    assert [each.load().shape for each in (copied, part, again)] == [(4, 3), (2, 3), (3, 3)]
    assert (dense(part.load().X) == made.X[:2]).all()
    assert opened.filename == where
    assert (dense(opened.X[:]) == made.X).all()
    assert (saved.load().X == made.X).all()
