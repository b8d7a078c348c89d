"""What is drawn: near the root all of it, of many siblings a few, and nothing is lost without a word."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamin_lite import errors
from lamin_lite.lineage import labels
from lamin_lite.lineage.fold import folded, limited
from lamin_lite.lineage.picture import MOST, picture_of
from tests.lineage.graphs import LINKS, TEXTS, called_graph, graph_of, linked, node


def titles(picture):
    return [box.title for box in picture.boxes]


def box_of(picture, title):
    return next(box for box in picture.boxes if box.title == title)


def fan(count, **others):
    """An artifact that many runs of one function read, each making an artifact, which one run reads in turn."""
    runs = range(1, count + 1)
    links = [link for at in runs for link in (f"a0 > r{at}", f"r{at} > a{at}", f"a{at} > r900")]
    nodes = [node(f"r{at}", entrypoint="train", params={"seed": at}, at=at) for at in runs]
    return graph_of([*links, "r900 > a900"], nodes=nodes, with_children=True, **others)


def test_many_siblings_become_one_box_that_counts_them():
    picture = picture_of(fan(40))
    assert titles(picture).count("… 35 more") == 2
    assert [box.several for box in picture.boxes if box.several] == [35, 35]
    assert {box.note for box in picture.boxes if box.several} == {"train()", "*.csv"}
    assert [title for title in titles(picture) if title.startswith("train(")] == [
        f"train(seed={at})" for at in range(36, 41)
    ]
    assert box_of(picture, "a900.csv")


def test_a_box_that_counts_the_rest_knows_who_they_are():
    files, runs = (next(box for box in picture_of(fan(40)).boxes if box.note == note) for note in ("*.csv", "train()"))
    assert {member.title for member in files.members} == {f"a{at}.csv" for at in range(1, 36)}
    assert [member.title for member in runs.members][-2:] == ["train(seed=2)", "train(seed=1)"]
    assert dict(runs.details)["among them"].startswith("train(seed=35)\n")


def test_what_would_be_counted_alone_keeps_its_name():
    runs = range(1, 11)
    links = [link for at in runs for link in (f"a{90 if at <= 5 else 91} > r{at}", f"r{at} > a{at}")]
    nodes = [node(f"r{at}", entrypoint=None, title="job.py", at=at) for at in runs]
    graph = graph_of(links, nodes=nodes)
    root = graph.root._replace(uid="t1", kind="transform", title="job.py")
    graph = graph._replace(root=root, starts=tuple(f"r{at}" for at in runs))
    assert {"a90.csv", "a91.csv", "… 5 more"} <= set(titles(picture_of(graph)))
    assert "… 1 more" not in titles(picture_of(graph))


def test_what_only_folded_steps_made_is_folded_with_them_also_where_a_step_that_is_drawn_read_it():
    uids = [f"r{at}" for at in range(100, 140)]
    links = [link for uid in uids for link in (f"{uid} > a{uid[1:]}", f"a{uid[1:]} > r50")]
    graph = called_graph([*links, "r50 > a60"], [*uids, "r50"])
    alike = {uid: node(uid, entrypoint="clean", initiated_by="r9", at=at) for at, uid in enumerate(uids)}
    picture = picture_of(graph._replace(nodes=tuple(alike.get(each.uid, each) for each in graph.nodes)))
    assert [box.several for box in picture.boxes if box.several] == [35, 35]
    assert sum(box.kind == "artifact" for box in picture.boxes) == 5 + 1 + 1


def test_few_siblings_are_all_drawn():
    assert len(picture_of(fan(6)).boxes) == len(fan(6).nodes)
    assert len(picture_of(fan(40), siblings=40).boxes) == len(fan(40).nodes)


def test_what_is_unlike_its_siblings_is_not_folded_with_them():
    graph = fan(40)
    failed = tuple(each._replace(status="errored") if each.uid == "r7" else each for each in graph.nodes)
    assert "train(seed=7)" in titles(picture_of(graph._replace(nodes=failed)))
    read = graph_of(["a9 > r800", "r800 > a800"])
    used = graph._replace(nodes=graph.nodes + read.nodes[2:], edges=graph.edges + read.edges)
    assert {"a9.csv", "a800.csv"} <= set(titles(picture_of(used)))


@settings(max_examples=100, deadline=None)
@given(LINKS, st.integers(2, 5))
def test_folding_loses_nothing_and_invents_nothing(links, siblings):
    graph = linked(links)
    few, folds = folded(graph, siblings)
    place = {each.uid: box for box, members in folds.items() for each in members}
    kept = [each.uid for each in few.nodes if each.uid not in folds]
    assert sorted([*kept, *place]) == sorted(each.uid for each in graph.nodes)
    wanted = {
        (place.get(edge.source, edge.source), place.get(edge.target, edge.target), edge.role) for edge in graph.edges
    }
    assert {tuple(edge) for edge in few.edges} == wanted
    assert graph.root.uid in kept


@settings(max_examples=100, deadline=None)
@given(LINKS, st.integers(0, 6))
def test_a_depth_keeps_what_is_near_and_counts_the_rest(links, depth):
    graph = linked(links)
    near = limited(graph, depth)
    steps, level = {"a0": 0}, ["a0"]
    for step in range(1, depth + 1):
        pairs = [pair for edge in graph.edges for pair in (edge[:2], edge[1::-1])]
        level = [other for uid in level for one, other in pairs if one == uid and other not in steps]
        steps.update(dict.fromkeys(level, step))
    assert {each.uid for each in near.nodes} == set(steps)
    left_out = sum((edge.source in steps) != (edge.target in steps) for edge in graph.edges)
    assert sum(before + after for _, before, after in near.cuts) == left_out
    assert near.is_cut is (len(near.nodes) < len(graph.nodes))


def test_a_cut_is_told_beside_the_box_and_below():
    picture = picture_of(graph_of(["r1 > a0", "a1 > r1", "a2 > r1", "a1 > r2"]), depth=1)
    assert titles(picture) == ["r1()", "a0.csv"]
    assert (box_of(picture, "r1()").before, box_of(picture, "r1()").after) == (2, 0)
    assert "a number beside a box counts" in picture.notes[0]


def test_a_picture_has_a_bound_and_says_so():
    chain = graph_of([link for at in range(1500) for link in (f"r{at} > a{at}", f"a{at + 1} > r{at}")])
    before = time.process_time()
    picture = picture_of(chain)
    assert time.process_time() - before < 10
    assert len(picture.boxes) == MOST
    assert picture.notes == ("Only the 400 boxes nearest to the root are drawn, for 3,001 artifacts and runs.",)


def test_a_graph_that_was_not_read_to_its_end_says_so():
    assert picture_of(graph_of(["r1 > a0"], is_cut=True)).notes == (
        "The graph is larger: only what is nearest is drawn.",
    )


@pytest.mark.parametrize(
    "limit", [{"depth": -1}, {"depth": "x"}, {"depth": 1.5}, {"siblings": 1}, {"siblings": None}, {"most": 0}]
)
def test_limits_that_leave_nothing_are_refused(limit):
    with pytest.raises(errors.InvalidArgument, match=f"{next(iter(limit))} is"):
        picture_of(graph_of(["r1 > a0"]), **limit)


def test_what_a_run_initiated_is_in_its_frame_with_what_it_passed_on():
    main = node("r9", title="main.py", entrypoint="main", params={"n": 3})
    steps = [node("r1", initiated_by="r9"), node("r2", initiated_by="r9")]
    links = ["a1 > r1", "r1 > a2", "a2 > r2", "r2 > a0", "a2 > r3"]
    picture = picture_of(graph_of(links, nodes=steps, groups=(main,)))
    assert [frame.title for frame in picture.frames] == ["main.py: main(n=3)"]
    assert {box.title for box in picture.boxes if box.frame} == {"r1()", "a2.csv", "r2()"}


def test_a_run_that_initiates_and_reads_is_in_its_own_frame():
    nodes = [node("r1", initiated_by="r9"), node("r9", entrypoint="main")]
    picture = picture_of(graph_of(["r9 > a1", "a1 > r1", "r1 > a0"], nodes=nodes))
    assert {box.title for box in picture.boxes if box.frame == "r9"} == {"main()", "a1.csv", "r1()"}


def test_a_run_whose_steps_did_the_work_is_the_frame_around_them():
    picture = picture_of(called_graph())
    (frame,) = picture.frames
    assert (frame.title, frame.is_root) == ("flow.py: main()", True)
    assert {box.title: box.frame for box in picture.boxes} == {
        "r1()": "r9",
        "a1.csv": "r9",
        "r2()": "r9",
        "a2.csv": None,
    }
    assert not any(box.is_root for box in picture.boxes)
    assert {link.role for link in picture.links} == {"input", "created"}


def test_a_script_that_read_something_itself_is_a_box_among_its_steps():
    picture = picture_of(called_graph(["r1 > a1", "a1 > r2", "a2 > r9"]))
    assert [(box.title, box.frame) for box in picture.boxes if box.is_root] == [("main()", "r9")]
    assert [frame.is_root for frame in picture.frames] == [False]


def test_runs_that_a_run_initiated_over_others_are_in_frames_to_which_lines_lead():
    graph = called_graph(["r1 > a1", "a1 > r2"], ("r8", "r1", "r2"))
    inner = {"r1": "r8", "r2": "r8"}
    nodes = tuple(each._replace(initiated_by=inner.get(each.uid, each.initiated_by)) for each in graph.nodes)
    picture = picture_of(graph._replace(nodes=nodes))
    assert {box.uid: box.frame for box in picture.boxes} == {"r9": "r9", "r8": "r8", "r1": "r8", "r2": "r8", "a1": "r8"}
    assert [link for link in picture.links if link.role == "run"] == [("r9", "r8", "run")]
    assert box_of(picture, "main()").is_root


@settings(max_examples=100, deadline=None)
@given(LINKS, st.lists(st.integers(-1, 8), min_size=9, max_size=9), st.integers(2, 5))
def test_of_what_a_run_initiated_nothing_is_lost(links, parents, siblings):
    called = {f"r{at}": f"r{up}" if 0 <= up < at else "r99" for at, up in enumerate(parents)}
    nodes = [node("r99"), *(node(uid, entrypoint="step", initiated_by=parent) for uid, parent in called.items())]
    graph = linked(links, root="r99", nodes=nodes)._replace(starts=("r99", *called))
    picture = picture_of(graph, siblings=siblings)
    boxes = {box.uid for box in picture.boxes if not box.several}
    assert len(boxes) + sum(box.several for box in picture.boxes) + any(each.is_root for each in picture.frames) == len(
        graph.nodes
    )
    for box in picture.boxes:
        if box.uid in called:
            assert box.frame in (called[box.uid], box.uid)
    assert {uid for link in picture.links for uid in link[:2]} <= {box.uid for box in picture.boxes}


def test_a_run_without_its_steps_is_a_box():
    picture = picture_of(called_graph(), depth=0)
    assert [(box.title, box.after) for box in picture.boxes] == [("main()", 2)]
    assert not picture.frames


def test_what_runs_read_that_only_made_again_is_dashed():
    runs = range(10, 30)
    again = [link for at in runs for link in (f"r{at} ~ a0", f"a2 > r{at}")]
    nodes = [node(f"r{at}", entrypoint="again") for at in runs]
    graph = graph_of(["r1 > a0", "a1 > r1", "r1 ~ a3", *again], nodes=nodes)
    picture = picture_of(graph)
    roles = {(link.source, link.target): link.role for link in picture.links}
    assert roles["a1", "r1"] == "input"
    assert {role for (source, _), role in roles.items() if source == "a2"} == {"again"}
    assert any(box.several for box in picture.boxes)


def test_a_transform_is_drawn_with_its_runs():
    graph = graph_of(["a1 > r1", "r1 > a0", "a1 > r2"], nodes=[node("r1"), node("r2")])
    root = graph.root._replace(uid="t1", kind="transform", title="flow.py")
    picture = picture_of(graph._replace(root=root, starts=("r1", "r2")))
    assert box_of(picture, "flow.py").is_root
    assert [(link.source, link.target) for link in picture.links if link.role == "run"] == [("t1", "r1"), ("t1", "r2")]


def test_boxes_say_what_is_news_and_details_say_all():
    nodes = [
        node("r1", status="errored", params={"table": "Artifact[a1]", "n": 3}, finished=2_000_000),
        node("a1", status="older version", size=1234, hash="ab" * 32),
    ]
    picture = picture_of(graph_of(["a1 > r1", "r1 > a0"], nodes=nodes))
    run, older = box_of(picture, "r1(table=a1.csv, n=3)"), box_of(picture, "a1.csv")
    assert run.note == "errored · flow.py · 1970-01-01 00:00"
    assert older.note == "older version · 1970-01-01 00:00"
    assert dict(run.details) == {
        "transform": "flow.py",
        "function": "r1",
        "uid": "r1",
        "status": "errored",
        "started": "1970-01-01 00:00:00 UTC",
        "finished": "1970-01-01 00:00:02 UTC",
        "params": "table = a1.csv\nn = 3",
    }
    assert dict(older.details)["SHA-256"] == "ab" * 32
    assert dict(older.details)["size"] == "1.2 KB"


# -- text


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(15, 300), st.booleans())
def test_a_label_fits_and_is_a_part_of_the_text(text, room, keep_end):
    plain = labels.clean(text)
    label = labels.fitted(plain, room, 12, keep_end=keep_end)
    assert labels.width(label, 12) <= room
    if label != plain:
        kept = label.removeprefix("…") if keep_end else label.removesuffix("…")
        assert plain.endswith(kept) if keep_end else plain.startswith(kept)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_clean_text_is_one_line_of_printable_characters(text):
    plain = labels.clean(text)
    assert len(plain) == len(text)
    assert all(char.isprintable() or char in "\u200c\u200d" for char in plain)


def test_a_long_path_keeps_its_name():
    assert labels.fitted("some/long/path/to/the/file.csv", 70, 12, keep_end=True) == "…/file.csv"


def test_letters_of_several_characters_are_not_cut_apart():
    scientist, umlaut = "👩\u200d🔬", "a\u0308"
    for room in range(12, 80):
        label = labels.fitted(scientist * 4 + umlaut * 9, room, 12).removesuffix("…")
        assert not label.replace(scientist, "").replace(umlaut, "")
