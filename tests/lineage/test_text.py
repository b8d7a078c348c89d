"""Trees from plain values: nothing is lost, nothing is drawn twice, everything fits."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from lamin_lite.lineage import words
from lamin_lite.lineage.text import SIBLINGS, WIDTH, drawn
from lamin_lite.lineage.values import Data
from tests.lineage.graphs import LINKS, called_graph, graph_of, linked, node


def test_a_file_its_run_and_what_that_read_are_a_tree():
    assert drawn(graph_of(["r1 > a0", "a1 > r1", "a2 > r1", "r2 > a2"])) == (
        "a0.csv\n"
        "└─ made by flow.py: r1()  completed  1970-01-01 00:00 UTC\n"
        "   ├─ a1.csv\n"
        "   └─ a2.csv\n"
        "      └─ made by r2()  completed  1970-01-01 00:00 UTC"
    )


def test_what_a_run_initiated_hangs_on_it_each_step_where_its_data_goes():
    assert drawn(called_graph()) == (
        "flow.py: main()  completed  1970-01-01 00:00 UTC\n"
        "└─ ran r2()  completed  1970-01-01 00:00 UTC\n"
        "   └─ a1.csv\n"
        "      └─ made by r1()  completed  1970-01-01 00:00 UTC\n"
        "\n"
        "What was made from it:\n"
        "flow.py: main()  completed  1970-01-01 00:00 UTC\n"
        "└─ ran r1()  completed  1970-01-01 00:00 UTC\n"
        "   └─ a1.csv\n"
        "      └─ read by r2()  completed  1970-01-01 00:00 UTC\n"
        "         └─ a2.csv"
    )


def test_steps_that_neither_read_nor_made_anything_are_told_once():
    text = drawn(called_graph(["r1 > a1"], ("r1", "r2", "r3")))
    assert [text.count(f"ran r{at}()") for at in (1, 2, 3)] == [2, 1, 1]


def test_a_run_between_is_told_by_its_name_only_unless_it_failed():
    graph = called_graph(["r1 > a1"], ("r8", "r1"))
    nodes = {each.uid: each for each in graph.nodes}
    nodes["r1"] = nodes["r1"]._replace(initiated_by="r8")
    text = drawn(graph._replace(nodes=tuple(nodes.values())))
    assert "└─ ran r1()  completed  1970-01-01 00:00 UTC  within r8()" in text
    assert "ran r8()" not in text
    nodes["r8"] = nodes["r8"]._replace(status="errored")
    assert "ran r8()  errored" in drawn(graph._replace(nodes=tuple(nodes.values())))


def test_of_a_script_what_its_runs_initiated_in_others_hangs_on_them():
    graph = called_graph(["r1 > a1"], ("r1", "r2"))
    nodes = {each.uid: each for each in graph.nodes}
    nodes["r1"] = nodes["r1"]._replace(title="library.py")
    root = graph.root._replace(uid="t1", kind="transform", title="flow.py")
    above = drawn(graph._replace(root=root, nodes=tuple(nodes.values()))).partition("\n\n")[0]
    assert above == (
        "flow.py\n"
        "├─ run r2()  completed  1970-01-01 00:00 UTC  within main()\n"
        "└─ run main()  completed  1970-01-01 00:00 UTC\n"
        "   └─ ran library.py: r1()  completed  1970-01-01 00:00 UTC  within flow.py: main()"
    )


def test_a_shared_sub_tree_is_drawn_once():
    text = drawn(graph_of(["r1 > a0", "a1 > r1", "a2 > r1", "r2 > a1", "r3 > a2", "a3 > r2", "a3 > r3", "r4 > a3"]))
    assert text.count("made by r4()") == 1
    assert text.count("a3.csv  ↑ see above") == 1


def test_what_has_nothing_below_needs_no_mark():
    text = drawn(graph_of(["r1 > a0", "a1 > r1", "a2 > r1", "r2 > a1", "r3 > a2", "a3 > r2", "a3 > r3"]))
    assert text.count("a3.csv") == 2
    assert "see above" not in text


def test_a_remaking_run_is_dashed_and_what_it_read_is_not_followed():
    text = drawn(graph_of(["r1 > a0", "r2 ~ a0", "a1 > r2", "r3 > a1"]))
    assert text.endswith("└╌ remade by flow.py: r2()  completed  1970-01-01 00:00 UTC\n   └─ a1.csv")


def test_what_a_remaking_run_read_is_drawn_where_lineage_follows_it():
    above = drawn(graph_of(["r1 > a0", "a1 > r1", "r3 > a1", "r2 ~ a0", "a1 > r2"]))
    assert above.count("made by r3()") == 1
    assert above.endswith("└─ a1.csv  ↑ see above")
    below = drawn(graph_of(["r1 ~ a0", "a1 > r1", "r2 > a0", "a1 > r2", "r3 > a1"]))
    assert "├╌ remade by flow.py: r1()  completed  1970-01-01 00:00 UTC\n│  └─ a1.csv  ⋯ see below\n" in below
    assert below.endswith("└─ a1.csv\n      └─ made by r3()  completed  1970-01-01 00:00 UTC")


def test_below_is_only_what_is_drawn_there():
    reads = [f"a{number} > r1" for number in range(1, 41)]
    text = drawn(graph_of(["r2 ~ a0", "r1 > a0", *reads, "r3 > a1", "r4 > a40", "a1 > r2", "a40 > r2"]))
    assert text.count("see below") == 1
    assert "─ a1.csv  ⋯ see below\n" in text
    assert "─ a40.csv\n" in text


def test_a_run_that_made_one_file_and_remade_another_is_drawn_once():
    text = drawn(graph_of(["r1 > a0", "a1 > r1", "r2 > a1", "r1 ~ a1", "a2 > r1"]))
    assert text.count("─ a2.csv") == 1
    assert "└╌ remade by r1()  completed  1970-01-01 00:00 UTC  ↑ see above" in text


def test_inputs_that_were_left_out_are_counted_at_their_run():
    text = drawn(graph_of(["r1 > a0", "r2 ~ a0"], cuts=(("r2", 1234, 0),), is_cut=True))
    assert "└╌ remade by flow.py: r2()  completed  1970-01-01 00:00 UTC\n   └─ … 1,234 more\n" in text


def test_a_circle_ends():
    text = drawn(graph_of(["r1 > a0", "a1 > r1", "r2 > a1", "a0 > r2"]))
    assert text.endswith("└─ a0.csv  ↑ see above")


def test_what_was_made_is_a_second_tree():
    links = ["r1 > a0", "a0 > r2", "r2 > a3", "a0 > r3", "r3 ~ a3"]
    up, down = drawn(graph_of(links, with_children=True)).split("\n\n")
    assert "made by flow.py: r1()" in up
    assert down.splitlines()[:2] == ["What was made from it:", "a0.csv"]
    assert down.count("└─ a3.csv") == down.count("└╌ a3.csv") == 1


def test_a_long_chain_is_continued_at_the_margin_and_fits():
    links = [link for at in range(500) for link in (f"r{at} > a{at}", f"a{at + 1} > r{at}")]
    text = drawn(graph_of(links), lines=5000)
    assert all(re.search(rf"─ a{at}\.csv", text) for at in range(1, 501))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "⋯ see below" in text


def test_a_tree_too_long_for_anybody_says_so():
    links = [link for at in range(500) for link in (f"r{at} > a{at}", f"a{at + 1} > r{at}")]
    lines = drawn(graph_of(links)).splitlines()
    assert len(lines) == 401
    assert lines[-1].startswith("… more than 400 lines")


def test_many_siblings_are_counted():
    text = drawn(graph_of(["r1 > a0", *(f"a{at} > r1" for at in range(1, 1235))]))
    assert len(text.splitlines()) == SIBLINGS + 3
    assert text.endswith(f"└─ … {1234 - SIBLINGS:,} more")


def test_a_graph_that_was_cut_says_so():
    assert "the graph is larger" in drawn(graph_of(["r1 > a0"], is_cut=True))


def test_the_run_that_initiated_a_run_is_named():
    one = node("r1", initiated_by="r9")
    there = Data(one, ("r1",), (one,), (), groups=(node("r9"),), with_children=False)
    elsewhere = there._replace(groups=(node("r9")._replace(title="other.py"),))
    script = there._replace(groups=(node("r9", entrypoint=None)._replace(title="main.py"),))
    assert drawn(there).endswith("  within r9()")
    assert drawn(elsewhere).endswith("  within other.py: r9()")
    assert drawn(script).endswith("  within main.py")


def test_params_that_are_saved_rows_show_their_keys():
    graph = graph_of(["r1 > a0", "a1 > r1"])
    runs = tuple(each._replace(params={"table": "Artifact[a1]"}) if each.uid == "r1" else each for each in graph.nodes)
    assert "r1(table=a1.csv)" in drawn(graph._replace(nodes=runs))


def test_artifacts_within_a_param_show_their_keys_too():
    params = {"parents": ["Artifact[a1]", "Artifact[other]", 2], "in": {"a": ["Artifact[a1]"]}}
    text = drawn(graph_of(["r1 > a0", "a1 > r1"], nodes=[node("r1", params=params)]))
    assert 'r1(parents=[a1.csv, …, 2], in={"a": [a1.csv]})' in text


def test_no_title_can_steer_the_terminal():
    root = node("a0")._replace(title="a\x1b[31m\nb")
    assert drawn(Data(root, ("a0",), (root,), (), with_children=False)) == "a·[31m·b"


@settings(max_examples=100, deadline=None)
@given(LINKS, st.text(max_size=300), st.booleans())
def test_any_graph_is_drawn_within_the_width(links, title, with_children):
    graph = linked(links, with_children=with_children)
    odd = tuple(each._replace(title=title, params={title: title}) for each in graph.nodes)
    for drawing in (drawn(graph), drawn(graph._replace(nodes=odd))):
        assert max(map(len, drawing.splitlines())) <= WIDTH


@settings(max_examples=100, deadline=None)
@given(LINKS)
def test_every_ancestor_is_in_the_tree(links):
    made = [f"a{a} > r{r}" if mark == "> r" else f"r{r} > a{a}" for a, mark, r in links]
    parents: dict[str, set[str]] = {}
    for link in made:
        source, _, target = link.split()
        parents.setdefault(target, set()).add(source)
    reached, left = set(), ["a0"]
    while left:
        each = left.pop()
        if each not in reached:
            reached.add(each)
            left += parents.get(each, ())
    text = drawn(graph_of(made))
    assert set(re.findall(r"\b[ar]\d+\b", text)) == reached


@settings(max_examples=100, deadline=None)
@given(LINKS, st.lists(st.integers(-1, 8), min_size=9, max_size=9))
def test_every_step_of_a_run_is_in_its_tree_or_named_by_those_it_called(links, parents):
    made = [f"a{a} > r{r}" if mark == "> r" else f"r{r} > a{a}" for a, mark, r in links]
    called = {f"r{at}": f"r{up}" if 0 <= up < at else "r99" for at, up in enumerate(parents)}
    nodes = [node(uid, initiated_by=parent) for uid, parent in called.items()]
    graph = graph_of(made, root="r99", nodes=[node("r99"), *nodes], with_children=True)
    text = drawn(graph._replace(starts=("r99", *called)), lines=5000)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert {*called, *(f"a{a}" for a, _, _ in links)} <= set(re.findall(r"\b[ar]\d+\b", text))


def test_sizes_are_read_by_people():
    assert [words.size(count) for count in (0, 999, 1000, 10_123, 999_949, 999_950, 3 * 10**9, 10**18, None)] == [
        "0 B",
        "999 B",
        "1.0 KB",
        "10.1 KB",
        "999.9 KB",
        "1.0 MB",
        "3.0 GB",
        "1000.0 PB",
        "",
    ]


def test_durations_are_read_by_people():
    assert [words.duration(micros) for micros in (-5, 12_000, 1_500_000, 61_000_000, 3_725_000_000)] == [
        "0 ms",
        "12 ms",
        "1.5 s",
        "1 min 1 s",
        "1 h 2 min",
    ]
