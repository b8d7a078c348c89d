"""The order of cells: a warning only where it is true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamin_lite.capture.order import executed, order_problem, with_executed, without_later

SAME = "The notebook, run from top to bottom, would not do the same: "


def notebook(*texts, tags=()):
    return {
        "cells": [
            {"cell_type": "markdown", "source": "text", "metadata": {}},
            *(
                {
                    "cell_type": "code",
                    "id": f"c{place}",
                    "source": text,
                    "metadata": {"tags": tags if not place else []},
                }
                for place, text in enumerate(texts)
            ),
        ]
    }


def by_id(*places, texts="abcdef"):
    """Cells run in a front end, which gives their ids."""
    return [(count, texts[place], f"c{place}") for count, place in enumerate(places, 1)]


def by_text(text):
    """Cells run by a program that gives no ids."""
    return list(zip(range(1, 99), text, [None] * 99))


@given(texts=st.lists(st.sampled_from("abc"), max_size=8), upto=st.integers(0, 8), ids=st.booleans())
def test_cells_that_ran_in_order_are_no_problem(texts, upto, ids):
    ran = [(count, text, f"c{count - 1}" if ids else None) for count, text in enumerate(texts[:upto], 1)]
    assert order_problem(ran, notebook(*texts)) is None


@pytest.mark.parametrize(
    ("ran", "says"),
    [
        (by_id(0, 1, 1, 2), None),
        (by_id(0, 1, 2, 0, 1, 2), None),
        (by_id(2, 0, 1, 2), None),
        (by_id(0, 2, 1, 2), None),
        (by_id(1, 0), "[1] ran out of order."),
        (by_text("ba"), "[1] ran out of order."),
        (by_id(0, 1, 2, 3, 1), "[5] ran out of order."),
        (by_id(3, 2, 1, 0, 5, 4), "[1], [2], [3] and [5] ran out of order."),
        (by_id(0, 2), "'b' did not run."),
        (by_text("ae"), "'b', 'c' and 'd' did not run."),
        ([*by_id(0, 1), (3, "edited", "c2")], "[3] ran code that the saved notebook does not hold."),
        ([*by_id(0, 1), (3, "edited", "c2"), (4, "c", "c2")], None),
        ([*by_id(0, 1), (3, "removed", "gone"), (4, "c", "c2")], "[3] ran code that the saved notebook does not hold."),
        ([*by_text("ab"), (3, "# Parameters\nput in", None)], None),
        ([(1, "  a\n", None), (2, "b", "vscode-notebook-cell:/x.ipynb#W1")], None),
        (
            [(1, "c", "c2"), (2, "other", "c0")],
            "[1] ran out of order; 'b' did not run; [2] ran code that the saved notebook does not hold.",
        ),
    ],
)
def test_the_sentence_names_the_cells(ran, says):
    assert order_problem(ran, notebook(*"abcdef")) == (says and SAME + says)


def test_many_cells_are_counted():
    texts = [str(number) for number in range(20)]
    ran = [(1, "19", None)]
    assert order_problem(ran, notebook(*texts)) == SAME + "'0', '1', '2', '3', '4' and 14 more did not run."


def test_cells_of_one_text_are_left_out_where_nobody_tells_them_apart():
    assert order_problem(by_text("abaca"), notebook(*"abaca")) is None
    assert order_problem(by_text("aab"), notebook(*"aba")) is None


def test_a_cell_tagged_to_be_skipped_is_not_missed():
    assert order_problem(by_text("b"), notebook("a", "b", tags=["skip-execution"])) is None
    assert order_problem(by_text("b"), notebook("a", "b", tags=["other"])) == SAME + "'a' did not run."


def texts(made):
    return [cell["source"] for cell in made["cells"]]


def test_cells_alone_are_those_that_ran_each_as_it_ran_last():
    assert texts(executed([(1, "x = 1", "a"), (2, "x", None), (3, "x = 2", "a"), (4, "x", None)])) == [
        "x",
        "x = 2",
        "x",
    ]


@pytest.mark.parametrize(
    ("ran", "made", "counts"),
    [
        (by_id(0, 1, 2), ["a", "b", "c"], []),
        (by_id(1), ["a", "b", "c"], []),
        ([(1, "a", "c0"), (2, "other", "c1"), (3, "c", "c2")], ["a", "other", "c"], [2]),
        ([(1, "other", "c1"), (2, "b", "c1")], ["a", "b", "c"], []),
        ([(1, "a", "c0"), (2, "new", "n1"), (3, "newer", "n2")], ["a", "new", "newer", "b", "c"], [2, 3]),
        ([(1, "new", "n1"), (2, "a", "c0")], ["new", "a", "b", "c"], [1]),
        ([(1, "b", "of a copy"), (2, "new", "n1")], ["a", "b", "new", "c"], [2]),
        ([(1, "a", "c0"), (9, "removed", "n1")], ["a", "b", "c"], []),
        ([(1, "put in", None), (2, "a", "c0")], ["a", "b", "c"], []),
        ([(1, "a edited", ""), (2, "b", "c1")], ["a edited", "b", "c"], [1]),
        ([(1, "new", ""), (2, "a", "c0")], ["new", "a", "b", "c"], [1]),
    ],
)
def test_what_ran_takes_the_place_of_what_is_saved(ran, made, counts):
    found, not_saved = with_executed(ran, notebook(*"abc"), lambda count: count < 9)
    assert (texts(found)[1:], not_saved) == (made, counts)
    assert texts(found)[0] == "text"


def test_code_that_was_written_later_is_left_out():
    before = notebook(*"abc")
    now = notebook("a", "edited", "c", "later", "ran")
    now["cells"].insert(0, {"cell_type": "code", "id": "blank", "source": " ", "metadata": {}})
    found = without_later(now, [(1, "a", "c0"), (2, "ran before", now["cells"][-1]["id"])], before["cells"][1:])
    assert texts(found) == [" ", "text", "a", "b", "c", "ran"]


def test_a_notebook_that_was_never_saved_is_what_ran():
    blank = {"cells": [{"cell_type": "code", "id": "b", "source": "", "metadata": {}}]}
    for first in ("b", "", "another"):
        found, not_saved = with_executed([(1, "x", first), (2, "y", "c")], blank, lambda _: True)
        assert (texts(found), not_saved) == (["x", "y"], [1, 2])


def test_a_cell_of_comments_that_was_passed_over_is_no_problem():
    cells = notebook("a", "# !pip install foo\n\n  # or from source", "#", "b", "# set it\nc", "d")
    assert order_problem([(1, "a", None), (2, "b", None)], cells) is None
    assert order_problem([(1, "a", None), (2, "d", None)], cells) == SAME + "'b' and '# set it' did not run."
