"""What is drawn of a graph: boxes with their words, links, frames. Pure; each format draws the same picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from .. import errors
from ..base import clock
from . import words
from .fold import PREFIX, calls, folded, limited, suffix
from .labels import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .values import Data, Node

SIBLINGS = 6  #: like siblings that are drawn; of more the latest, and a box that counts the others
MOST = 400  #: boxes of one picture
FOLDED = 5_000  #: nodes among which siblings are looked for: ten times that would cost seconds
CALL = 200  #: characters of a call; each format shortens it to what it has room for
AMONG = 20  #: titles of folded nodes that are told
VALUE = 300  #: characters of one param
#: status of a run that is no news, and of an artifact
_PLAIN = {"completed", "latest", ""}
_TONES = {"older version": "older", "in the trash": "trashed", "latest": "latest"}


class Member(NamedTuple):
    """One of several nodes that a box stands for; ``words``: all that is told of it, to be searched."""

    title: str
    words: str


class Box(NamedTuple):
    """A node, or several: ``members`` are those that it stands for if it is no single one.

    ``tone``: what its colours say: the status of a run; ``latest``, ``older`` or ``trashed``. ``before``, ``after``:
    how many of its sources and targets are not drawn. ``frame``: uid of the run whose frame it is in.
    """

    uid: str
    kind: str
    title: str
    note: str
    tone: str
    details: tuple[tuple[str, str], ...]
    is_root: bool = False
    members: tuple[Member, ...] = ()
    before: int = 0
    after: int = 0
    frame: Optional[str] = None

    @property
    def several(self) -> int:
        """How many nodes it stands for; 0 for a single one."""
        return len(self.members)


class Link(NamedTuple):
    """An edge; its role is ``input``, ``created``, ``recreated``, or ``run`` from a transform to a run of it, and from a run to one that it initiated.

    ``again``: an input of a run that only made again what was there.
    """

    source: str
    target: str
    role: str


class Frame(NamedTuple):
    """What a run initiated; the root is one if it has no box, as only its steps read and made something."""

    uid: str
    title: str
    details: tuple[tuple[str, str], ...]
    tone: str = ""
    is_root: bool = False
    kind: str = "run"


class Picture(NamedTuple):
    """All that is drawn; ``notes``: what is not, in words."""

    title: str
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    frames: tuple[Frame, ...]
    notes: tuple[str, ...]


def picture_of(graph: Data, *, depth: Optional[int] = None, siblings: int = SIBLINGS, most: int = MOST) -> Picture:
    """The picture of a graph: up to ``depth`` steps from its root, and not more than ``most`` boxes.

    Of more than ``siblings`` like siblings the last box counts the rest. Raises `InvalidArgument` for limits that
    leave nothing to draw.
    """
    check_depth(depth)
    for name, value, least in (("siblings", siblings, 2), ("most", most, 1)):
        if not _is_whole(value) or value < least:
            raise errors.InvalidArgument(f"{name} is {value!r}, but must be a whole number, at least {least}.")
    near = limited(graph, depth, max(FOLDED, most))
    few, folds = folded(near, siblings)
    drawn = limited(few, None, most)
    files = {node.uid: node.title for node in graph.nodes if node.kind == "artifact"}
    nodes = [*([graph.root] if graph.root.uid not in {node.uid for node in drawn.nodes} else []), *drawn.nodes]
    initiators = {node.uid: node for node in (*drawn.groups, *drawn.nodes)}
    frames = _frames(nodes, drawn, initiators)
    links = _links(graph, folds, drawn, _called(near, folds, nodes, frames))
    if graph.root.uid in frames.values() and not any(graph.root.uid in link[:2] for link in links):
        nodes.remove(graph.root)  # the frame is enough
    cuts = {uid: (before, after) for uid, before, after in drawn.cuts}
    boxes = [
        _box(node, folds.get(node.uid, ()), files, initiators, frames.get(node.uid))._replace(
            is_root=node.uid == graph.root.uid,
            before=cuts.get(node.uid, (0, 0))[0],
            after=cuts.get(node.uid, (0, 0))[1],
            frame=frames.get(node.uid),
        )
        for node in sorted(nodes, key=_from_above)
    ]
    place = {box.uid: at for at, box in enumerate(boxes)}  # what is drawn from top to bottom begins in this order
    links.sort(key=lambda link: (place[link.source], place[link.target], link.role))
    shown = {uid: initiators[uid] for uid in sorted({uid for uid in frames.values() if uid})}
    return Picture(
        f"Lineage of {clean(graph.root.title)}",
        tuple(boxes),
        tuple(links),
        tuple(
            _frame(node, initiators, files)._replace(is_root=uid == graph.root.uid and uid not in place)
            for uid, node in shown.items()
        ),
        tuple(_notes(graph, near, few, drawn)),
    )


def _from_above(node: Node) -> tuple[object, ...]:
    """Siblings stand in the order of their times, the box that counts the rest below; runs start before they make."""
    return is_several(node.uid), node.at or 0, node.kind == "artifact", node.uid


def _links(
    graph: Data, folds: Mapping[str, Sequence[Node]], drawn: Data, called: Iterable[tuple[str, str]]
) -> list[Link]:
    again = _making_again(graph, folds)
    return [
        *(
            Link(*edge[:2], "again" if edge.role == "input" and edge.target in again else edge.role)
            for edge in drawn.edges
        ),
        *(Link(*call, "run") for call in called),
    ]


def _called(
    near: Data, folds: Mapping[str, Sequence[Node]], nodes: Iterable[Node], frames: Mapping[str, str]
) -> Iterable[tuple[str, str]]:
    """Who called whom, among what is drawn, where no frame says so."""
    place = {member.uid: box for box, members in folds.items() for member in members}
    there = {node.uid for node in nodes}
    pairs = dict.fromkeys((place.get(caller, caller), place.get(uid, uid)) for caller, uid in calls(near))
    return [
        (caller, uid)
        for caller, uid in pairs
        if caller in there and uid in there and caller != uid and frames.get(uid) != caller
    ]


def _making_again(graph: Data, folds: Mapping[str, Sequence[Node]]) -> set[str]:
    """The runs that made nothing but what was there, and boxes that stand for such runs only."""
    made = {edge.source for edge in graph.edges if edge.role == "created"}.union(graph.starts)
    found = {edge.source for edge in graph.edges if edge.role == "recreated"} - made
    return found.union(box for box, members in folds.items() if all(each.uid in found for each in members))


def check_depth(depth: Optional[int]) -> None:
    """Raise `InvalidArgument` for a depth that is no number, or less than nothing."""
    if depth is not None and (not _is_whole(depth) or depth < 0):
        raise errors.InvalidArgument(f"depth is {depth!r}, but must be a number of steps from the root, 0 or more.")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _notes(graph: Data, near: Data, few: Data, drawn: Data) -> Iterator[str]:
    if len(drawn.nodes) < len(few.nodes):
        yield f"Only the {len(drawn.nodes):,} boxes nearest to the root are drawn, for {len(graph.nodes):,} artifacts and runs."
    elif len(near.nodes) < len(graph.nodes) or graph.cuts:
        yield "Only what is near the root is drawn; a number beside a box counts what was left out there."
    if graph.is_cut and not graph.cuts:
        yield "The graph is larger: only what is nearest is drawn."


# -- frames


def _frames(nodes: Sequence[Node], graph: Data, initiators: Mapping[str, Node]) -> dict[str, str]:
    """In whose frame each node is: runs in that of their initiator, artifacts in that in which they are made and read."""
    found = {node.uid: node.initiated_by for node in nodes if node.initiated_by in initiators}
    starters = set(found.values())
    found.update({node.uid: node.uid for node in nodes if node.uid in starters})
    makers = {edge.target: found.get(edge.source) for edge in graph.edges if edge.role == "created"}
    readers: dict[str, set[Optional[str]]] = {}
    for edge in graph.edges:
        if edge.role == "input":
            readers.setdefault(edge.source, set()).add(found.get(edge.target))
    found.update({uid: maker for uid, maker in makers.items() if maker in readers.get(uid, ())})
    return {uid: frame for uid, frame in found.items() if frame is not None}


def _frame(node: Node, initiators: Mapping[str, Node], files: Mapping[str, str]) -> Frame:
    name = _call(node, files)
    if node.entrypoint:
        name = f"{clean(node.title)}: {name}"
    if node.status not in _PLAIN:
        name += f" · {node.status}"
    return Frame(node.uid, name, tuple(_details(node, files, initiators)), tone=node.status)


# -- boxes


def _box(
    node: Node, members: Sequence[Node], files: Mapping[str, str], initiators: Mapping[str, Node], frame: Optional[str]
) -> Box:
    tone = _TONES.get(node.status, node.status)
    if members:
        told = tuple(_member(each, files, initiators) for each in members)
        among = (("among them", "\n".join(each.title for each in told[:AMONG])),)
        return Box(node.uid, node.kind, node.title, _kin(members[0]), tone, among, members=told)
    details = tuple(_details(node, files, initiators))
    if node.kind == "run":
        within = initiators[frame].title if frame else ""
        return Box(node.uid, "run", _call(node, files), _joined(*_run_note(node, within)), tone, details)
    if node.kind == "transform":
        return Box(node.uid, "transform", clean(node.title), "its runs", tone, details)
    status = "" if node.status in _PLAIN else node.status
    note = _joined(status or words.size(node.size), _minute(node.at))
    return Box(node.uid, "artifact", clean(node.title), note, tone, details)


def _member(node: Node, files: Mapping[str, str], initiators: Mapping[str, Node]) -> Member:
    title = _call(node, files) if node.kind == "run" else clean(node.title)
    return Member(title, "\n".join(value for _, value in _details(node, files, initiators)))


def _kin(node: Node) -> str:
    """What folded nodes have in common."""
    status = "" if node.status in _PLAIN else node.status
    if node.kind == "artifact":
        return _joined(status, "*" + clean(suffix(node.title)) if suffix(node.title) else "files")
    return _joined(status, f"{clean(node.entrypoint)}()" if node.entrypoint else clean(node.title))


def _call(node: Node, files: Mapping[str, str]) -> str:
    call = clean(words.arguments(node.params, CALL, files))
    if node.entrypoint:
        return f"{clean(node.entrypoint)}({call})"
    return clean(node.title) + (f"({call})" if call else "")


def _run_note(node: Node, within: str) -> Iterator[str]:
    """Status, transform and time; the transform not where the title of the frame names it."""
    if node.status not in _PLAIN:
        yield node.status
    if node.entrypoint and node.title != within:
        yield clean(node.title)
    yield _minute(node.at)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _details(node: Node, files: Mapping[str, str], initiators: Mapping[str, Node]) -> Iterator[tuple[str, str]]:
    """What is told of a node where there is room: name and value."""
    is_run = node.kind == "run"
    facts = {
        "transform" if is_run else "key": clean(node.title),
        "function": clean(node.entrypoint or ""),
        "uid": node.uid,
        "status": node.status,
        "started" if is_run else "created": _moment(node.at),
        "finished": _moment(node.finished),
        "size": words.size(node.size),
        "SHA-256": node.hash or "",
        "params": "\n".join(_params(node, files)),
    }
    parent = initiators.get(node.initiated_by or "")
    if parent is not None:
        facts["initiated by"] = f"{_call(parent, files)} ({parent.uid})"
    yield from ((name, value) for name, value in facts.items() if value)


def _params(node: Node, files: Mapping[str, str]) -> Iterable[str]:
    for name, value in (node.params or {}).items():
        yield f"{clean(name)} = {words.shortened(clean(words.value(value, files)), VALUE)}"


def _minute(micros: Optional[int]) -> str:
    return words.minute(micros).removesuffix(" UTC")  # boxes are small; the details name the zone


def _moment(micros: Optional[int]) -> str:
    return "" if micros is None else clock.text(micros)


def is_several(uid: str) -> bool:
    """Whether a box with this uid stands for several nodes, and so is no row to look at."""
    return uid.startswith(PREFIX)
