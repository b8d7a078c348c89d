"""What rows, tables and descriptions are in a notebook: the same words as in a terminal, none of them taken for HTML."""

import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lamin_lite as ln
from lamin_lite.base import markup

EVIL = '<script>alert("1")</script> & ünïcode'


class Reader(HTMLParser):
    """Collects texts and tags, and fails where a tag is closed that was not opened."""

    def __init__(self):
        super().__init__()
        self.texts, self.tags, self.open = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture
def instance(workdir):
    return ln.Instance.init(workdir)


def test_a_query_set_is_a_table_of_its_rows_that_says_when_it_is_cut(instance):
    ln.save([instance.ULabel(name=f"label {number}") for number in range(70)])
    instance.ULabel(name=EVIL).save()
    html = instance.ULabel.filter().order_by("-id")._repr_html_()
    found = read(html)
    assert found.tags == {"div", "table", "thead", "tbody", "tr", "th", "td"}
    assert any("label 69" in text for text in found.texts)
    assert "<script" not in html
    assert found.texts[-1].endswith("of 71 rows are not shown")
    assert "no rows" in read(instance.ULabel.filter(name="nobody")._repr_html_()).texts


def test_a_table_tells_keys_apart_and_has_them_whole_under_the_pointer(instance, workdir):
    keys = [f"analysis/2026/a/long/common/folder/of/all/file_{at}.csv" for at in range(3)]
    for at, key in enumerate(keys):
        (workdir / "a.csv").write_text(str(at))
        instance.Artifact("a.csv", key=key).save()
    html = instance.Artifact.filter()._repr_html_()
    shown = [text for text in read(html).texts if "file_" in text]
    assert [text.rpartition("/")[2] for text in shown] == ["file_0.csv", "file_1.csv", "file_2.csv"]
    assert all(text.startswith("…/") for text in shown)
    assert all(f'title="{key}"' in html for key in keys)


def test_a_row_on_its_own_shows_all_of_its_texts(instance, workdir):
    (workdir / "a.csv").write_text("a")
    key, words = f"{'folder/' * 20}a.csv", "many words " * 30
    row = instance.Artifact("a.csv", key=key, description=words).save()
    html = row._repr_html_()
    assert {key, words.strip(), row.hash} <= {text.strip() for text in read(html).texts}
    assert "nowrap" not in html.partition("<tbody>")[2]


def test_source_code_stands_as_it_is_written(instance):
    html = markup.tree(("Source code", ["def f():\n\n    return 1"]))
    assert "font-family:monospace" in html
    assert "def f():\n\n    return 1</pre>" in html


def test_a_row_is_a_table_of_its_fields(instance):
    html = instance.ULabel(name=EVIL).save()._repr_html_()
    assert read(html).texts[0] == "ULabel"
    assert "<script" not in html


@given(st.recursive(st.text(), lambda below: st.tuples(st.text(), st.lists(below))))
def test_a_tree_keeps_every_word_and_is_well_formed(tree):
    branch = tree if isinstance(tree, tuple) else (tree, [])

    def words(each):
        return [each] if isinstance(each, str) else [each[0], *(word for one in each[1] for word in words(one))]

    found = read(markup.tree(branch))
    assert found.tags <= {"details", "summary", "ul", "li", "pre"}
    kept = "".join(found.texts).replace("\r", "").replace("\n", "")
    assert kept == "".join(words(branch)).replace("\r", "").replace("\n", "")


def test_in_a_notebook_descriptions_and_views_are_shown_as_html_and_as_text_elsewhere(instance, monkeypatch, capsys):
    row = instance.ULabel(name=EVIL).save()
    monkeypatch.chdir(instance.root)
    shown = []
    kernel = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()))
    with monkeypatch.context() as notebook:
        notebook.setitem(sys.modules, "IPython", kernel)
        notebook.setitem(sys.modules, "IPython.display", SimpleNamespace(display=shown.append))
        row.describe()
        ln.view()
    assert capsys.readouterr().out == ""
    described, viewed = shown
    assert read(described._repr_html_()).texts[0].startswith("ULabel: ")
    assert "ULabel" in read(viewed._repr_html_()).texts
    assert str(described) == row.describe(return_str=True)
    row.describe()
    assert capsys.readouterr().out.startswith("ULabel: <script>")
