"""Graphs as plain values, from a few words."""

from __future__ import annotations

from hypothesis import strategies as st

from lamin_lite.lineage.formats import Graph
from lamin_lite.lineage.values import Edge, Node

#: links between nine artifacts and nine runs, in any direction: also circles, doubles, loose ends
LINKS = st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["> r", "< r", "~ r"]), st.integers(0, 8)), max_size=40)
#: keys and params that mean something to XML, HTML, JavaScript, Mermaid, DOT, or to a terminal
HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "]]><!--",
    "{% end %} %%{init: {}}%%",
    'a"]; click n0 call alert(1)',
    "a\\N\\n&amp;&#60;",
    "\x00\x1b[31m\u202e\ufffe\ud800",
    "javascript:alert(1)",
    "données/表/😀👩\u200d🔬.csv",
]
TEXTS = st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE))


def graph_of(links, root="a0", nodes=(), **others):
    """A graph from ``"a1 > r1"`` (read), ``"r1 > a0"`` (made), ``"r1 ~ a0"`` (remade); a: artifacts, r: runs."""
    edges, uids = [], {root: None}
    for link in links:
        source, mark, target = link.split()
        uids.update({source: None, target: None})
        role = "recreated" if mark == "~" else "created" if source[0] == "r" else "input"
        edges.append(Edge(source, target, role))
    made = {uid: node(uid) for uid in uids} | {each.uid: each for each in nodes}
    return Graph(made[root], (root,), tuple(made.values()), tuple(edges), **{"with_children": False, **others})


def called_graph(links=("r1 > a1", "a1 > r2", "r2 > a2"), steps=("r1", "r2"), **others):
    """The graph of a run ``main()`` that initiated these steps."""
    nodes = [node(uid, initiated_by="r9") for uid in steps]
    graph = graph_of(links, root="r9", nodes=[node("r9", entrypoint="main", **others), *nodes], with_children=True)
    return graph._replace(starts=("r9", *steps))


def linked(links, **others):
    """A graph from what `LINKS` gives."""
    made = [f"a{a} > r{r}" if mark == "> r" else f"r{r} {mark[0].replace('<', '>')} a{a}" for a, mark, r in links]
    return graph_of(dict.fromkeys(made), **others)


def node(uid, **others):
    """An artifact (``a1``) or a run (``r1``)."""
    if uid[0] == "a":
        return Node(uid, "artifact", **{"title": f"{uid}.csv", "status": "latest", "at": 0, **others})
    plain = {"title": "flow.py", "status": "completed", "at": 0, "entrypoint": uid, "params": {}}
    return Node(uid, "run", **{**plain, **others})
