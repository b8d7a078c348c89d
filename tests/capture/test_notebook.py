"""The source of a notebook: what it holds, and that the notebook comes back from it."""

from __future__ import annotations

import copy
import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lamin_lite.capture.notebook import (
    TAGS,
    code_cells,
    notebook_from_source,
    notebook_source,
    notebook_title,
    read_notebook,
)
from lamin_lite.capture.source import source_of_file


def cell(source, kind="code", **more):
    """A cell as nbformat has it."""
    made = {"cell_type": kind, "metadata": {}, "source": source, **more}
    return {"outputs": [], "execution_count": None, **made} if kind == "code" else made


def notebook(*cells, **metadata):
    return {"cells": [cell(each) if isinstance(each, str) else each for each in cells], "metadata": metadata}


def plain(made):
    """Kind, text and tags of each cell."""
    return [(each["cell_type"], each["source"], each["metadata"].get("tags", [])) for each in made["cells"]]


ODD = ["", " ", "#", "##", "# ", "# %%", "## %%", "# %% [markdown]", "### %% x", "%%bash", "# # %%", "#%%", "%time x"]
PLAIN = ["!ls", "x = 1", "    return", "\r", "\t", "\x0b", "\u2028", "é 漢", "'''", '"""', "```", "# ---", "- %%"]
LINES = st.sampled_from(ODD + PLAIN) | st.text(max_size=8).filter(lambda text: "\n" not in text)
TEXTS = st.lists(LINES, max_size=6).map("\n".join)
CELLS = st.builds(
    lambda kind, text, tags: cell(text, kind, metadata={"tags": tags} if tags else {}),
    st.sampled_from(["code", "markdown", "raw"]),
    TEXTS,
    st.lists(st.sampled_from(TAGS), unique=True).map(lambda tags: [tag for tag in TAGS if tag in tags]),
)


@given(st.lists(CELLS, max_size=5).map(lambda cells: notebook(*cells)))
@example(notebook("# %%\nx", "", "\n", cell("%% x\n\n", "markdown")))
@example(notebook(cell("#", "markdown"), cell("# Title", "markdown")))
def test_a_notebook_comes_back_from_its_source(made):
    source, title = notebook_source(made), notebook_title(made)
    again = notebook_from_source(source, title)
    assert notebook_source(again) == source
    assert notebook_title(again) == title
    assert again == notebook_from_source(source, title)
    if title is None:
        expected = [(kind, text, tags) for kind, text, tags in plain(made)]
        headings = notebook_from_source(source)
        assert [part[::2] for part in plain(headings)] == [part[::2] for part in expected]


@given(
    st.lists(CELLS.filter(lambda each: each["cell_type"] != "markdown"), max_size=5).map(lambda cells: notebook(*cells))
)
def test_without_a_heading_every_cell_comes_back_to_the_letter(made):
    assert plain(notebook_from_source(notebook_source(made))) == plain(made)


@given(st.text(max_size=200))
def test_any_text_is_the_source_of_some_notebook_and_settles(text):
    once = notebook_source(notebook_from_source(text))
    assert notebook_source(notebook_from_source(once)) == once


def test_the_source_is_the_percent_format():
    made = notebook(
        cell("# Counts\nWe load them.\n\nAll of them.", "markdown"),
        "import pandas as pd\n%matplotlib inline",
        cell("n = 3", metadata={"tags": ["parameters", "hide-input"]}),
        cell(["a\n", "b"], "raw"),
        "",
    )
    assert notebook_source(made) == (
        "# %% [markdown]\n# #\n# We load them.\n#\n# All of them.\n\n"
        "# %%\nimport pandas as pd\n%matplotlib inline\n\n"
        '# %% tags=["parameters"]\nn = 3\n\n'
        "# %% [raw]\n# a\n# b\n\n"
        "# %%\n"
    )
    assert notebook_title(made) == "Counts"


def test_only_what_the_notebook_does_makes_another_source():
    made = notebook(cell("# One", "markdown", id="a"), cell("x = 1", id="b"))
    same = copy.deepcopy(made)
    same["cells"][0].update(source=["# Another", " title"], id="c")
    same["cells"][1].update(
        id="d", execution_count=7, outputs=[{"output_type": "stream", "name": "stdout", "text": "1"}]
    )
    same["cells"][1]["metadata"] = {"collapsed": True, "tags": ["hide-input"], "execution": {"a": 1}}
    same["metadata"] = {"kernelspec": {"name": "another"}}
    assert notebook_source(same) == notebook_source(made)
    for other in ("x = 2", "x = 1\n"):
        same["cells"][1]["source"] = other
        assert notebook_source(same) != notebook_source(made)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# A title", "A title"),
        ("text\n## Second level ##\n# First", "Second level"),
        ("#  C#  ", "C#"),
        ("#hashtag", None),
        ("    # code", None),
        ("```\n# a comment\n```\n# Real", "Real"),
        ("#\n# After an empty one", None),
        ("####### seven", None),
        ("text", None),
        ("# *É* — 漢字", "É — 漢字"),
        ("# Real `code` **title** [link](http://x)", "Real code title link"),
        ("# my_gene_name, 2 * 3 * 4 and <b>bold</b> ~~old~~", "my_gene_name, 2 * 3 * 4 and bold old"),
        (r"# \*one\* `#`", "*one* #"),
        ("Setext title\n====", "Setext title"),
        ("text\n\nof two\nlines\n---\n# Later", "of two lines"),
        ("- item\n---\n# Real", "Real"),
        ("> quote\n===\n# Real", "Real"),
        ("a | b\n--- | ---\n\n---\n# Real", "Real"),
        ("```\ncode\n===\n```", None),
        ("~~~~\n~~~\n# code\n~~~~\n# Real", "Real"),
        ("```a``` b\n# Real", "Real"),
        ("$$\na\n=\nb\n$$", None),
        ("$$ a $$\n# Real", "Real"),
        ("<!--\n# hidden\n-->\n# Real", "Real"),
        ("# The `__init__` method of `*args*`", "The __init__ method of *args*"),
        ("# $5*3*2 and $x_1*a*b$", "$5*3*2 and $x_1*a*b$"),
        ("# **bold *both* of** [![image](a_b_c)](http://x)", "bold both of image"),
        ("# " + "long " * 500, ("long " * 100).strip()),
    ],
)
def test_the_title_is_the_first_heading(text, title):
    assert notebook_title(notebook("# no heading", cell(text, "markdown"))) == title


@pytest.mark.parametrize("title", ["The __init__ method", "*args*", "`a` <b> [c](d)", "C #", "\\*", "`*`" * 100])
def test_a_title_with_marks_in_its_text_comes_back_to_the_letter(title):
    made = notebook(cell("#", "markdown"))
    assert notebook_title(notebook_from_source(notebook_source(made), title)) == title


@pytest.mark.parametrize(
    "part", ["`", "*a ", "_a ", "[", "[a](", "<a", "<!--", "$a", "~~a ", "`a``b```c", "\\", "**a*"]
)
def test_a_long_heading_is_read_in_time(part):
    long = "\n".join([part * 20_000] * 50)
    started = time.process_time()
    notebook_title(notebook(cell(f"{long}\n---", "markdown"), cell("$$\n\n" * 20_000, "markdown")))
    assert time.process_time() - started < 5


def test_an_underlined_heading_comes_back_with_a_mark():
    made = notebook(cell("Title\n=====\ntext\n\nPart\n---", "markdown"))
    assert notebook_source(made) == "# %% [markdown]\n# #\n# text\n#\n# Part\n# ---\n"
    again = notebook_from_source(notebook_source(made), notebook_title(made))
    assert again["cells"][0]["source"] == "# Title\ntext\n\nPart\n---"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a ![image.png](attachment:image.png) b", "a *(pasted image: image.png)* b"),
        ("![x](attachment:image%20(1).png 'title')", "*(pasted image: image%20(1).png)*"),
        ("![x](<attachment:a b.png>)", "*(pasted image: a b.png)*"),
        ("<img width=3 src='attachment:a.png' alt='x'/>", "*(pasted image: a.png)*"),
        ("![x][1]\n\n[1]: attachment:a.png", "![x][1]\n\n[1]: pasted:a.png"),
        ("an attachment: text", "an attachment: text"),
    ],
)
def test_a_pasted_image_leaves_a_note(text, kept):
    pasted = cell(text, "markdown", attachments={"image.png": {"image/png": "AAAA"}})
    source = notebook_source(notebook(pasted))
    assert notebook_from_source(source)["cells"][0]["source"] == kept
    assert notebook_source(notebook_from_source(source)) == source


def test_cells_of_different_notebooks_have_different_ids():
    def ids(*texts):
        return [each["id"] for each in notebook_from_source(notebook_source(notebook(*texts)))["cells"]]

    assert ids("a", "b") == ids("a", "b")
    assert len({*ids("a", "a"), *ids("b", "a")}) == 4


def test_text_by_hand_and_of_jupytext_is_read():
    text = "# ---\n# jupyter:\n#   kernelspec: x\n# ---\n\nimport os\n\n# %% [md]\n# # Title\n# %%\nx = 1\n# %%\n\n\ny = 2\n\n\n"
    assert plain(notebook_from_source(text)) == [
        ("code", "import os", []),
        ("markdown", "# Title", []),
        ("code", "x = 1", []),
        ("code", "\n\ny = 2\n\n", []),
    ]


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"cells": 3}', b'{"cells": [1]}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_notebook_is_none(data):
    assert read_notebook(data) is None


def test_blank_cells_and_text_are_no_code():
    made = notebook("x", " \n", cell("y", "markdown"), cell(["z\n", "w"]))
    assert [each["source"] for each in code_cells(made)] == ["x", ["z\n", "w"]]


def test_a_file_has_the_hash_of_its_source(tmp_path):
    path = tmp_path / "a b é.ipynb"
    path.write_text(json.dumps(notebook(cell("# T", "markdown"), "x = '\ud800\\x00'")), encoding="utf-8")
    first = source_of_file(str(path))
    assert (first["kind"], first["description"], first["path"]) == ("notebook", "T", str(path.resolve()))
    assert first["text"] == "# %% [markdown]\n# #\n\n# %%\nx = '?\\x00'\n"
    path.write_text(json.dumps(notebook(cell("# U", "markdown"), "x = '\ud800\\x00'", a=1), indent=1), encoding="utf-8")
    second = source_of_file(str(path))
    assert second["hash"] == first["hash"]
    assert second["description"] == "U"


@pytest.mark.parametrize(
    "text", ["", "<<<<<<< mine\n{}", "[]", "{}", '{"cells": {}}', '{"worksheets": [1, {"cells": [1]}]}']
)
def test_a_file_that_is_no_notebook_has_no_source(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text, encoding="utf-8")
    source = source_of_file(str(path))
    assert (source["kind"], source["text"], source["hash"], source["description"]) == ("notebook", None, None, None)


def test_a_notebook_of_nbformat_3_is_read(tmp_path):
    cells = [
        {"cell_type": "heading", "level": 1, "source": ["Old ", "title"]},
        {"cell_type": "code", "language": "python", "input": ["x = 1\n", "y = 2"], "outputs": [], "prompt_number": 3},
        {"cell_type": "markdown", "source": "words"},
    ]
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}), encoding="utf-8")
    source = source_of_file(str(path))
    assert source["description"] == "Old title"
    assert source["text"] == "# %% [markdown]\n# #\n\n# %%\nx = 1\ny = 2\n\n# %% [markdown]\n# words\n"
