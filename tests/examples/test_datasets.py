"""The example data is what its page says, in each form."""

import sys

import pytest

import lamin_lite as ln
from lamin_lite.examples.datasets import mini_immuno


@pytest.mark.parametrize("get", [mini_immuno.get_dataset1, mini_immuno.get_dataset2])
def test_rows_need_no_library_and_all_have_the_same_columns(get):
    rows = get(otype="rows")
    assert len({tuple(row) for row in rows}) == 1
    assert set(mini_immuno.GENES) < set(rows[0])
    assert len({row["sample"] for row in rows}) == len(rows)


@pytest.mark.parametrize("get", [mini_immuno.get_dataset1, mini_immuno.get_dataset2])
def test_a_data_frame_holds_what_the_rows_hold(get):
    pd = pytest.importorskip("pandas")
    frame = get()
    rows = frame.reset_index().astype(object).where(lambda each: each.notna(), None).to_dict("records")
    assert isinstance(frame, pd.DataFrame)
    assert rows == get(otype="rows")


def test_what_is_changed_by_one_caller_is_not_seen_by_another():
    mini_immuno.get_dataset1("rows")[0]["CD8A"] = -1
    assert mini_immuno.get_dataset1("rows")[0]["CD8A"] >= 0


def test_another_form_is_refused_with_those_that_there_are():
    with pytest.raises(ln.errors.InvalidArgument, match=r"'Spreadsheet'.*'DataFrame', 'AnnData' or 'rows'"):
        ln.examples.datasets.mini_immuno.get_dataset1(otype="Spreadsheet")


@pytest.mark.parametrize(("otype", "library"), [("DataFrame", "pandas"), ("AnnData", "anndata")])
def test_without_the_library_one_sentence_says_what_to_install(otype, library, monkeypatch):
    for name in ("pandas", "anndata"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, f"lamin_lite_extras.{name}", raising=False)
    with pytest.raises(ln.errors.MissingExtra, match=rf"pip install 'lamin-lite\[{library}\]'"):
        mini_immuno.get_dataset1(otype=otype)
