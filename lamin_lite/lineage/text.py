"""A lineage graph as trees for a terminal. Pure: from plain values to text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import words
from .fold import calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .values import Data, Node

MADE = ("created", "recreated")
WIDTH = 100  #: columns
DEPTH = 12  #: levels of one tree (an artifact or a run is one); what lies deeper is drawn as a tree of its own
SIBLINGS = 20  #: branches of one node that are drawn
LINES = 400  #: lines of one tree


class _Branch(NamedTuple):
    """A node, and why it hangs there."""

    node: Node
    word: str
    dashed: bool = False
    within: str = ""  #: the transform of the next run towards the root, which need not be named again
    again: bool = False  #: whether it was read by a run that only made again what was there


def drawn(graph: Data, *, width: int = WIDTH, lines: int = LINES) -> str:
    """The trees: what the root came from, and what was made from it if the graph holds that."""
    trees = ["\n".join(_Tree(graph, True, width, lines).drawn())]
    if graph.with_children:
        below = list(_Tree(graph, False, width, lines).drawn())
        if len(below) > 1:
            trees.append("\n".join(["What was made from it:", *below]))
        elif graph.root.kind == "artifact" and not any(after for uid, _, after in graph.cuts if uid == graph.root.uid):
            trees.append("Nothing was made from it yet.")
    if graph.is_cut:
        trees.append("… the graph is larger: only what is nearest is shown.")
    return "\n\n".join(trees)


class _Tree:
    """One direction of a graph, drawn without recursion, each sub-tree once."""

    def __init__(self, graph: Data, up: bool, width: int, lines: int) -> None:
        self.graph, self.up, self.width, self.most = graph, up, width, lines
        self.nodes = {node.uid: node for node in (*graph.groups, *graph.nodes, graph.root)}
        self.names = {node.uid: node.title for node in graph.nodes if node.kind == "artifact"}
        self.below: dict[str, list[_Branch]] = {}
        self.cut = {uid: before for uid, before, _ in graph.cuts if up and self.nodes[uid].kind == "run"}
        for source, target, role in graph.edges:
            self._hang(source, target, role)
        self._hang_calls()
        self.seen: set[str] = set()
        self.followed: set[str] = set()
        self._follow(graph.root.uid, self.followed, self._shown)

    def _follow(self, start: str, found: set[str], branches: Callable[[str], list[_Branch]]) -> None:
        """Add to what is found what lineage follows from there."""
        found.add(start)
        queue = [start]
        for uid in queue:
            new = [each.node.uid for each in branches(uid) if not each.dashed and each.node.uid not in found]
            found.update(new)
            queue += dict.fromkeys(new)

    def _hang_calls(self) -> None:
        """Runs hang on their transform, the latest first; and what a run initiated on that run."""
        root, called = self.graph.root, calls(self.graph)
        runs = [uid for caller, uid in called if root.kind == "transform" and caller == root.uid]
        if runs:
            self.below[root.uid] = [_Branch(self.nodes[uid], "run") for uid in reversed(runs)]
        callers, owners = {uid: caller for caller, uid in called}, {root.uid, *runs}
        steps: dict[str, list[str]] = {}
        for uid, owner in callers.items():
            while owner not in owners:
                owner = callers.get(owner, root.uid)  # noqa: PLW2901 up to a run that has a branch
            if uid not in owners:
                steps.setdefault(owner, []).append(uid)
        news = self._news(called)
        for owner, uids in steps.items():
            self._hang_steps(owner, [uid for uid in uids if uid in news])

    def _news(self, called: list[tuple[str, str]]) -> set[str]:
        """The runs that are worth a branch of their own: not those that only called others, whose branches name them."""
        found: set[str] = set()
        named: set[str] = set()
        for caller, uid in reversed(called):
            is_plain = uid in named and self.nodes[uid].status == "completed"
            if self.below.get(uid) or (self.up and not is_plain):
                found.add(uid)
                named.add(caller)
        return found

    def _hang_steps(self, owner: str, uids: list[str]) -> None:
        """Hang steps on who called them, but for those that are below another one; the end of their ways first."""
        found: set[str] = set()
        self._follow(owner, found, self._all_below)
        for uid in reversed(uids) if self.up else uids:
            if uid not in found:
                self._follow(uid, found, self._all_below)
                self.below.setdefault(owner, []).append(_Branch(self.nodes[uid], "ran"))

    def _all_below(self, uid: str) -> list[_Branch]:
        return self.below.get(uid, [])

    def _shown(self, uid: str) -> list[_Branch]:
        """The branches of a node that are drawn; the rest is counted."""
        every = self._all_below(uid)
        return every if len(every) <= SIBLINGS + 1 else every[:SIBLINGS]

    def _hang(self, source: str, target: str, role: str) -> None:
        upper, lower = (target, source) if self.up else (source, target)
        up_word, down_word = _WORDS[role]
        branch = _Branch(self.nodes[lower], up_word if self.up else down_word, role == "recreated")
        self.below.setdefault(upper, []).append(branch)

    def drawn(self) -> Iterator[str]:
        """The lines of the tree, and of the trees that it was too deep for."""
        self.later: list[Node] = []
        yield self._label(_Branch(self.graph.root, ""), self.width)
        count = 1
        for line in self._all(self.graph.root):
            count += 1
            if count > self.most:
                yield f"… more than {self.most} lines: ask for the lineage of one of the above."
                return
            yield line

    def _all(self, root: Node) -> Iterator[str]:
        yield from self._lines(root)
        while self.later:
            node = self.later.pop(0)
            yield f"⋯ {self._label(_Branch(node, ''), self.width - 2)}, continued:"
            yield from self._lines(node)

    def _lines(self, root: Node) -> Iterator[str]:
        """Depth first; the stack holds what is still to be drawn: indent, whether it is the last, and the branch."""
        self.seen.add(root.uid)
        stack = self._stacked(root, "", "" if root.kind == "artifact" else root.title)
        while stack:
            stem, last, branch = stack.pop()
            if isinstance(branch, str):
                yield f"{stem}{'└' if last else '├'}─ {branch}"
                continue
            bar = "╌" if branch.dashed else "─"
            mark = self._mark(branch, len(stem) // 3 + 1)
            label = self._label(branch, self.width - len(stem) - 3 - len(mark))
            yield f"{stem}{'└' if last else '├'}{bar} {label}{mark}"
            if not mark and not branch.again and branch.node.uid not in self.seen and self._is_told(branch):
                self.seen.add(branch.node.uid)
                within = branch.node.title if branch.node.kind == "run" else branch.within
                stack += self._stacked(branch.node, stem + ("   " if last else "│  "), within, again=branch.dashed)

    def _is_told(self, branch: _Branch) -> bool:
        """Whether the tree says what is below: of what was made again what its run read, not who read it."""
        return self.up or not branch.dashed

    def _mark(self, branch: _Branch, level: int) -> str:
        """What is said instead of drawing the sub-tree here."""
        uid = branch.node.uid
        if not self.below.get(uid) or not self._is_told(branch):
            return ""
        if uid in self.seen:
            return "  ↑ see above"
        if branch.again or branch.dashed:
            return "  ⋯ see below" if uid in self.followed else ""
        if level < DEPTH:
            return ""
        self.seen.add(uid)
        self.later.append(branch.node)
        return "  ⋯ see below"

    def _stacked(
        self, node: Node, stem: str, within: str, *, again: bool = False
    ) -> list[tuple[str, bool, _Branch | str]]:
        shown = self._shown(node.uid)
        more = len(self.below.get(node.uid, ())) - len(shown) + self.cut.get(node.uid, 0)
        branches: list[_Branch | str] = [each._replace(within=within, again=again) for each in shown]
        branches += [f"… {more:,} more"] if more else []
        count = len(branches)
        return [(stem, at == count - 1, branches[at]) for at in reversed(range(count))]

    # -- labels

    def _label(self, branch: _Branch, width: int) -> str:
        node = branch.node
        if node.kind != "run":
            title = words.plain(node.title)
            notes = f"  ({node.status})" if node.status in _NOTABLE else ""
            return words.shortened(title, width - len(notes)) + notes
        word = f"{branch.word} " if branch.word else ""
        end = f"  {node.status}  {words.minute(node.at)}"
        group = self._group(node)
        if group:
            end += f"  {group}"
        head = word + self._name(branch)
        room = width - len(head) - len(end) - 2
        call = words.arguments(node.params, max(room, 0), self.names)
        if call and room >= 8:
            head += f"({call})"
        elif node.entrypoint and room >= 0:
            head += "(…)" if call and room > 0 else "()"
        return words.shortened(head, max(12, width - len(end))) + (end if width > len(end) + 12 else "")

    def _name(self, branch: _Branch) -> str:
        """Transform and entrypoint; the entrypoint alone where the run above is of the same transform."""
        node = branch.node
        if node.entrypoint:
            return node.entrypoint if node.title == branch.within else f"{words.plain(node.title)}: {node.entrypoint}"
        return words.plain(node.title)

    def _group(self, node: Node) -> str:
        """The run that initiated it, if that is not what the tree is about."""
        initiator = self.nodes.get(node.initiated_by or "")
        if initiator is None or initiator.uid == self.graph.root.uid:
            return ""
        name = initiator.entrypoint + "()" if initiator.entrypoint else initiator.title
        same = initiator.title == node.title or not initiator.entrypoint
        return f"within {name}" if same else f"within {initiator.title}: {name}"


_WORDS = {"input": ("from", "read by"), "created": ("made by", "made"), "recreated": ("remade by", "remade")}
_NOTABLE = ("older version", "in the trash")
