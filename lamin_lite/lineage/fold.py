"""Less of a graph, so that a picture stays legible: what is near its root; one box for many siblings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Optional, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from .values import Data, Node

G = TypeVar("G", bound="Data")
ROUNDS = (4, 2, 1, 0)  #: how far around them siblings are compared; less far where too many boxes remain
LEGIBLE = 150  #: boxes; with more of them siblings are compared less exactly
PREFIX = "more:"  #: uids of boxes that stand for several nodes start so


class Link(NamedTuple):
    """A neighbour of a node; ``leads_here``: the edge comes from it."""

    uid: str
    role: str
    leads_here: bool


def calls(graph: Data) -> list[tuple[str, str]]:
    """Who called whom, of those from which the walk began: a run what it initiated, a transform is said to call its runs."""
    root, parents = graph.root, {node.uid: node.initiated_by for node in graph.nodes}
    own = {node.uid for node in graph.nodes if root.kind == "transform" and node.title == root.title}
    starts, found = set(graph.starts), []
    for uid in graph.starts:
        parent = parents.get(uid)
        is_inner = parent is not None and parent in starts
        if is_inner:
            found.append((str(parent), uid))
        if uid != root.uid and (uid in own or not is_inner):
            found.append((root.uid, uid))
    return found


def neighbours(graph: Data) -> dict[str, list[Link]]:
    """All neighbours of each node; who calls somebody is one too."""
    found: dict[str, list[Link]] = {uid: [] for uid in (graph.root.uid, *(node.uid for node in graph.nodes))}
    for source, target, role in [*((*call, "run") for call in calls(graph)), *graph.edges]:
        found[source].append(Link(target, role, False))
        found[target].append(Link(source, role, True))
    return found


def distances(graph: Data, near: Mapping[str, Iterable[Link]]) -> dict[str, int]:
    """Steps from the root, in whatever direction, of all that can be reached; nearest first."""
    found = {graph.root.uid: 0}
    queue = [graph.root.uid]
    for uid in queue:
        for each in near[uid]:
            if each.uid not in found:
                found[each.uid] = found[uid] + 1
                queue.append(each.uid)
    return found


def limited(graph: G, depth: Optional[int] = None, most: Optional[int] = None) -> G:
    """The graph up to ``depth`` steps from its root, an artifact or a run each, and not more than ``most`` nodes.

    ``cuts`` of the result tells where something was left out.
    """
    near = neighbours(graph)
    if depth is None and (most is None or len(near) <= most):
        return graph
    found = distances(graph, near)
    reached = [uid for uid, steps in found.items() if depth is None or steps <= depth][: most or None]
    kept = set(reached)
    nodes = tuple(node for node in graph.nodes if node.uid in kept)
    if len(nodes) == len(graph.nodes):
        return graph
    cuts = {uid: (before, after) for uid, before, after in graph.cuts if uid in kept}
    for uid in reached:
        beyond = [each for each in near[uid] if each.uid not in kept]
        if beyond:
            before, after = cuts.get(uid, (0, 0))
            back = sum(each.leads_here for each in beyond)
            cuts[uid] = before + back, after + len(beyond) - back
    return graph._replace(
        nodes=nodes,
        edges=tuple(edge for edge in graph.edges if edge.source in kept and edge.target in kept),
        starts=tuple(uid for uid in graph.starts if uid in kept),
        groups=_groups(graph, nodes),
        cuts=tuple((uid, *counts) for uid, counts in cuts.items()),
        is_cut=True,
    )


def _groups(graph: Data, nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The runs that initiated runs among these nodes and are not among them."""
    parents = {node.initiated_by for node in nodes}
    there = {node.uid for node in nodes}
    return tuple(node for node in (*graph.groups, *graph.nodes) if node.uid in parents and node.uid not in there)


def folded(graph: G, siblings: int) -> tuple[G, dict[str, list[Node]]]:
    """The graph with at most so many like siblings, the last of them a node that stands for the rest; and who that is.

    Siblings have the same neighbours towards the root, and are alike: same kind, same function or suffix, same
    status, and neighbours of their own that are alike. What only folded siblings made, or read, is folded with them.
    """
    result: tuple[G, dict[str, list[Node]]] = graph, {}
    for rounds in ROUNDS:
        result = _Folding(graph, siblings, rounds).folded()
        if len(result[0].nodes) <= LEGIBLE:
            break
    return result


class _Folding:
    """One try."""

    def __init__(self, graph: Any, siblings: int, rounds: int) -> None:
        self.graph, self.siblings = graph, max(2, siblings)
        self.near = neighbours(graph)
        self.steps = distances(graph, self.near)
        self.nodes: dict[str, Node] = {node.uid: node for node in (*graph.nodes, graph.root)}
        self.looks = self._looks(rounds)
        self.place = {uid: uid for uid in self.near}  # which box a node is in
        self.folds: dict[str, list[Node]] = {}
        self.hidden: set[str] = set()  # what hangs on these only is folded

    def folded(self) -> tuple[Any, dict[str, list[Node]]]:
        levels: dict[int, list[str]] = {}
        for uid, steps in self.steps.items():
            levels.setdefault(steps, []).append(uid)
        for steps in range(1, len(levels)):
            alike: dict[object, list[str]] = {}
            for uid in levels[steps]:
                above = frozenset(
                    each._replace(uid=self.place[each.uid]) for each in self.near[uid] if self.steps[each.uid] < steps
                )
                alike.setdefault((above, self.looks[uid]), []).append(uid)
            for (above, _), uids in alike.items():  # type: ignore[misc]
                self._fold(uids, above)
        return (self._graph(), self.folds) if self.folds else (self.graph, {})

    def _looks(self, rounds: int) -> dict[str, int]:
        """A number for each node, equal for those that look alike up to so many steps around them."""
        names = {node.uid: node.entrypoint or node.title for node in (*self.graph.groups, *self.nodes.values())}
        looks = _numbered({uid: _look(node, names.get(node.initiated_by or "")) for uid, node in self.nodes.items()})
        looks[self.graph.root.uid] = -1
        for _ in range(rounds):
            looks = _numbered(
                {
                    uid: (looks[uid], tuple(sorted((looks[each], role, here) for each, role, here in self.near[uid])))
                    for uid in looks
                }
            )
        return looks

    def _fold(self, uids: list[str], above: Collection[Link]) -> None:
        """Keep the latest, and fold the others; all if what made them, or what read them, is folded.

        One alone keeps its box and its name: a box that counts it would be as large.
        """
        bare = {(each.role, each.leads_here) for each in above if each.uid not in self.hidden}
        is_hidden = any((each.role, each.leads_here) not in bare for each in above)
        if not bare and len(uids) == 1:
            self.hidden.update(uids)
        if len(uids) <= (1 if is_hidden else self.siblings):
            return
        latest = sorted(uids, key=lambda uid: -(self.nodes[uid].at or 0))
        rest = latest if is_hidden else latest[self.siblings - 1 :]
        box = PREFIX + rest[0]
        self.hidden.add(box)
        self.folds[box] = [self.nodes[uid] for uid in rest]
        self.place.update(dict.fromkeys(rest, box))

    def _graph(self) -> Any:
        nodes = [node for node in self.graph.nodes if self.place[node.uid] == node.uid]
        nodes += [_standing_for(box, members) for box, members in self.folds.items()]
        edges = dict.fromkeys(
            edge._replace(source=self.place[edge.source], target=self.place[edge.target]) for edge in self.graph.edges
        )
        cuts: dict[str, tuple[int, int]] = {}
        for uid, before, after in self.graph.cuts:
            box = self.place[uid]
            cuts[box] = cuts.get(box, (0, 0))[0] + before, cuts.get(box, (0, 0))[1] + after
        return self.graph._replace(
            nodes=tuple(nodes),
            edges=tuple(edges),
            groups=_groups(self.graph, nodes),
            starts=tuple(dict.fromkeys(self.place.get(uid, uid) for uid in self.graph.starts)),
            cuts=tuple((uid, *counts) for uid, counts in cuts.items()),
        )


def _look(node: Node, parent: Optional[str]) -> tuple[object, ...]:
    if node.kind == "run":
        return "run", node.title, node.entrypoint, node.status, parent
    return node.kind, suffix(node.title), node.status


def suffix(title: str) -> str:
    """The end of a file name, from its last dot."""
    name = title.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""


def _numbered(looks: Mapping[str, object]) -> dict[str, int]:
    numbers: dict[object, int] = {}
    return {uid: numbers.setdefault(look, len(numbers)) for uid, look in looks.items()}


def _standing_for(box: str, members: list[Node]) -> Node:
    first = members[0]
    parents = {node.initiated_by for node in members}
    return first._replace(
        uid=box,
        title=f"… {len(members):,} more",
        params=None,
        size=None,
        hash=None,
        finished=None,
        initiated_by=first.initiated_by if len(parents) == 1 else None,
    )
