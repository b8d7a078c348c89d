"""From links in a database to graphs, on real instances."""

from __future__ import annotations

import time

import pytest

import lamin_lite as ln
from lamin_lite import errors
from lamin_lite.lineage.graph import graph_of


@pytest.fixture
def instance(workdir):
    ln.init("./storage")
    ln.track(key="test.py", path=__file__)
    yield ln.connect()
    if ln.context.run is not None:
        ln.finish()
    ln.disconnect()


@ln.step()
def combine(*tables, key):
    rows = [row for table in tables for row in table.load()]
    return ln.Artifact.from_object([*rows, {"made": key}], key=key).save()


def test_the_graph_holds_what_was_read_and_made(instance):
    first = combine(key="first.csv")
    second = combine(first, key="second.csv")
    third = combine(first, second, key="third.csv")
    graph = second.view_lineage(return_graph=True)
    assert {(edge.source, edge.target, edge.role) for edge in graph.edges} == {
        (first.run.uid, first.uid, "created"),
        (first.uid, second.run.uid, "input"),
        (second.run.uid, second.uid, "created"),
        (second.uid, third.run.uid, "input"),
        (third.run.uid, third.uid, "created"),
    }
    assert {node.title for node in graph.nodes if node.kind == "artifact"} == {"first.csv", "second.csv", "third.csv"}
    assert {node.status for node in graph.nodes if node.kind == "run"} == {"completed"}
    assert [group.uid for group in graph.groups] == [ln.context.run.uid]


def test_the_graph_knows_hashes_sizes_and_times(instance):
    made = combine(key="first.csv")
    nodes = {node.uid: node for node in made.view_lineage(return_graph=True).nodes}
    assert (nodes[made.uid].hash, nodes[made.uid].size) == (made.hash, made.size)
    assert nodes[made.run.uid].at <= nodes[made.run.uid].finished
    described = made.view_lineage(return_graph=True).to_dict()
    assert described["root"] == made.uid
    assert described["edges"] == [{"source": made.run.uid, "target": made.uid, "role": "created"}]
    finished = next(node["finished"] for node in described["nodes"] if node["kind"] == "run")
    assert finished == made.run.refresh().finished_at.isoformat()


def test_a_depth_limits_tree_and_graph(instance, capsys):
    third = combine(combine(combine(key="first.csv"), key="second.csv"), key="third.csv")
    third.view_lineage(depth=2)
    shown = capsys.readouterr().out
    assert "second.csv" in shown
    assert "first.csv" not in shown
    assert "only what is nearest is shown" in shown
    assert len(third.view_lineage(return_graph=True, depth=2).nodes) == 3
    first = third.view_lineage(return_graph=True, depth=0)
    assert [node.title for node in first.nodes] == ["third.csv"]
    with pytest.raises(errors.InvalidArgument, match="depth is -1"):
        third.view_lineage(depth=-1)


def test_nothing_is_claimed_of_what_a_depth_left_out(instance, capsys):
    first = combine(key="first.csv")
    combine(first, key="second.csv")
    first.view_lineage(depth=0)
    assert "Nothing was made" not in capsys.readouterr().out


def test_steps_of_a_script_are_framed_by_it(instance):
    second = combine(combine(key="first.csv"), key="second.csv")
    svg = second.view_lineage(return_graph=True).to_svg()
    assert svg.count('class="frame"') == 1
    assert ">test.py · started</text>" in svg


def test_the_lineage_of_a_script_shows_its_runs(instance):
    first = combine(key="first.csv")
    combine(first, key="second.csv")
    text = first.run.transform.view_lineage(return_graph=True).to_mermaid()
    assert ":::transform" in text
    assert text.count("-.->") >= 2


def test_without_children_nothing_below_is_read(instance):
    first = combine(key="first.csv")
    combine(first, key="second.csv")
    graph = first.view_lineage(with_children=False, return_graph=True)
    assert [node.title for node in graph.nodes if node.kind == "artifact"] == ["first.csv"]


def test_the_same_bytes_again_are_dashed_and_not_followed(instance):
    first = combine(key="first.csv")
    second = combine(first, key="second.csv")
    combine(first, key="second.csv")
    graph = second.view_lineage(return_graph=True)
    assert sorted(edge.role for edge in graph.edges if edge.target == second.uid) == ["created", "recreated"]
    assert "└╌ remade by" in str(graph)
    below = str(first.view_lineage(return_graph=True)).partition("What was made")[2]
    assert below.count("└─ second.csv") == below.count("└╌ second.csv") == 1


@ln.step()
def count(table):
    return ln.Artifact.from_object([len(table.load())], key="count.json").save()


def test_what_a_run_read_that_only_made_again_is_shown_and_not_walked_from(instance):
    other = combine(combine(key="zero.csv"), key="other.csv")
    made = count(combine(combine(key="first.csv"), key="second.csv"))
    assert count(other) == made
    graph = made.view_lineage(return_graph=True)
    again = next(edge.source for edge in graph.edges if edge.role == "recreated")
    assert [edge.source for edge in graph.edges if edge.target == again] == [other.uid]
    remade = str(graph).partition("╌ remade by")[2]
    assert "└─ other.csv" in remade
    assert "zero.csv" not in remade
    assert "first.csv" in str(graph)
    assert 'class="edge again"' in graph.to_svg()
    assert not graph.is_cut


def test_of_very_many_inputs_of_remaking_runs_the_others_are_counted(instance, monkeypatch):
    monkeypatch.setattr("lamin_lite.lineage.graph.AGAIN", 3)
    made, *others = [count(combine(key=f"{name}.csv")) for name in "abcdef"]
    assert set(others) == {made}
    graph = made.view_lineage(return_graph=True)
    assert graph.is_cut
    assert [counts for _, *counts in graph.cuts] == [[1, 0], [1, 0]]  # of the two that came first
    assert [title in str(graph) for title in ("a.csv", "b.csv", "c.csv", "d.csv")] == [True, False, False, True]
    assert str(graph).count("… 1 more") == 2


def test_runs_and_transforms_have_a_lineage_too(instance, capsys):
    first = combine(key="first.csv")
    second = combine(first, key="second.csv")
    second.run.view_lineage()
    shown = capsys.readouterr().out
    assert shown.index("first.csv") < shown.index("What was made from it:") < shown.index("second.csv", 100)
    graph = second.run.transform.view_lineage(return_graph=True)
    assert graph.root.kind == "transform"
    assert {first.run.uid, second.run.uid} <= {node.uid for node in graph.nodes}


@ln.flow()
def both():
    return combine(inner(), key="third.csv")


@ln.flow()
def inner():
    return combine(combine(key="first.csv"), key="second.csv")


def test_the_lineage_of_a_flow_is_that_of_all_its_steps(instance):
    outside = combine(both(), key="outside.csv")
    run = instance.Run.filter(entrypoint="both").one()
    graph = run.view_lineage(return_graph=True)
    assert graph.starts[0] == graph.root.uid == run.uid
    assert len(graph.starts) == 5  # itself, the inner flow, three steps
    files = {node.title for node in graph.nodes if node.kind == "artifact"}
    assert files == {"first.csv", "second.csv", "third.csv", "outside.csv"}
    assert outside.run.uid not in graph.starts
    assert "within inner()" in str(graph)
    above = run.view_lineage(return_graph=True, with_children=False)
    assert {node.title for node in above.nodes if node.kind == "artifact"} == {"first.csv", "second.csv"}


def test_the_lineage_of_a_script_is_its_own_and_that_of_its_steps(instance):
    first = combine(key="first.csv")
    first.load()
    ln.Artifact.from_object([1], key="own.json").save()
    text = str(ln.context.run.view_lineage(return_graph=True))
    assert "├─ own.json" in text
    assert 'made by combine(key="first.csv", tables=[])' in text
    combine(key="second.csv")
    text = str(ln.context.run.view_lineage(return_graph=True))
    assert '└─ ran combine(key="second.csv", tables=[])' in text


def test_what_runs_initiated_takes_no_place_from_the_runs_of_their_transform(instance, monkeypatch):
    monkeypatch.setattr("lamin_lite.lineage.graph.RUNS", 4)
    script, library = (instance.Transform(key=key, kind="script").save() for key in ("script.py", "library.py"))
    runs, steps = [], []
    for _ in range(3):
        runs.append(instance.Run(transform=script).save())
        steps += [instance.Run(transform=library, initiated_by_run=runs[-1]).save() for _ in range(3)]
    graph = script.view_lineage(return_graph=True)
    assert graph.is_cut
    assert list(graph.starts) == [*(run.uid for run in runs), steps[-1].uid]
    monkeypatch.setattr("lamin_lite.lineage.graph.RUNS", 12)
    assert not script.view_lineage(return_graph=True).is_cut
    monkeypatch.setattr("lamin_lite.lineage.graph.RUNS", 2)
    assert list(script.view_lineage(return_graph=True).starts) == [run.uid for run in runs[1:]]


def test_of_a_flow_with_very_many_steps_the_latest_are_shown(instance, monkeypatch):
    monkeypatch.setattr("lamin_lite.lineage.graph.RUNS", 3)
    both()
    run = instance.Run.filter(entrypoint="both").one()
    graph = run.view_lineage(return_graph=True)
    assert graph.is_cut
    assert [node.title for node in graph.nodes if node.kind == "artifact" and node.title == "third.csv"]
    steps = list(instance.Run.filter(entrypoint="combine").order_by("id"))
    assert list(graph.starts) == [run.uid, *(step.uid for step in steps[-2:])]


def test_view_lineage_prints_and_returns_nothing(instance, capsys):
    made = combine(key="first.csv")
    assert made.view_lineage() is None
    assert capsys.readouterr().out == f"{made.view_lineage(return_graph=True)}\n"


def test_an_unsaved_artifact_has_no_lineage(instance, workdir):
    (workdir / "a.txt").write_text("a")
    with pytest.raises(errors.InvalidArgument, match=r"\.save\(\)"):
        ln.Artifact("a.txt", key="a.txt").view_lineage()


def test_rows_of_another_kind_have_no_lineage(instance):
    with pytest.raises(errors.InvalidArgument, match="ask an artifact, a run or a transform"):
        graph_of(instance.User.filter().first())


def test_versions_and_trash_are_told(instance):
    older = combine(key="a.csv")
    reader = combine(older, key="b.csv")
    combine(reader, key="a.csv")
    for put_away in ("main", "archive"):
        if put_away == "archive":
            older.refresh().archive()
        assert "a.csv  (older version)" in str(reader.view_lineage(return_graph=True))
    older.delete()
    assert "a.csv  (in the trash)" in str(reader.view_lineage(return_graph=True))


def test_runs_that_read_each_others_results_end_the_walk(instance):
    first = combine(key="first.csv")
    second = combine(first, key="second.csv")
    second.load(is_run_input=first.run)
    graph = second.view_lineage(return_graph=True)
    assert len(graph.nodes) == 4
    assert "↑ see above" in str(graph)


@pytest.fixture
def chain(instance):
    """5,000 artifacts, each made from the one before, and the last of them."""
    start = combine(key="a0.csv")
    common = {"is_locked": False, "branch_id": 1, "space_id": 1, "created_by_id": start.created_by.id}
    run = {**common, "transform_id": start.run.transform.id, "status": "completed", "is_end_estimated": False}
    made = {**common, "suffix": ".csv", "is_latest": True, "storage_id": 1}
    rows = {"run": [], "artifact": [], "run_artifact": []}
    with instance.database.write("make a long chain") as tx:
        runs, artifacts = tx.new_ids("run", 5000), tx.new_ids("artifact", 5000)
        for at, number, run_id, before in zip(range(1, 5001), artifacts, runs, [start.id, *artifacts]):
            times = {"created_at": at, "updated_at": at}
            rows["run"].append({**run, **times, "id": run_id, "uid": f"u{at:015}", "started_at": at})
            of = {"id": number, "uid": f"a{at:019}", "stem": f"a{at:015}", "key": f"a{at}.csv", "run_id": run_id}
            rows["artifact"].append({**made, **times, **of})
            for artifact, role in ((before, "input"), (number, "created")):
                link = {"run_id": run_id, "artifact_id": artifact, "role": role, "created_at": at}
                rows["run_artifact"].append(link)
        for table, many in rows.items():
            tx.insert_many(table, [*many[0]], ([*each.values()] for each in many))
    return instance.Artifact.get(key="a5000.csv")


def test_thousands_of_generations_need_neither_recursion_nor_patience(chain):
    before = time.process_time()
    graph = chain.view_lineage(return_graph=True)
    text = str(graph)
    assert time.process_time() - before < 10
    assert len(graph.nodes) == 2 * 5001
    assert not graph.is_cut
    assert "… more than 400 lines" in text


def test_a_cut_keeps_what_is_nearest_and_says_so(chain):
    graph = graph_of(chain, most=10)
    assert [node.title for node in graph.nodes if node.kind == "artifact"] == [f"a{at}.csv" for at in range(4991, 5001)]
    assert graph.is_cut
    assert "only what is nearest is shown" in str(graph)


def test_of_a_script_with_very_many_runs_the_latest_are_shown(chain):
    graph = chain.run.transform.view_lineage(return_graph=True)
    assert len(graph.starts) == 1000
    assert graph.starts[-1] == chain.run.uid
    assert graph.is_cut
    assert "… 980 more" in str(graph)
