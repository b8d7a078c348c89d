"""The plain values of a lineage graph; renderers need nothing else, and no database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Optional

ROLES = ("input", "created", "recreated")


class Node(NamedTuple):
    """An artifact, a run, or the transform that was asked for.

    ``kind``: ``artifact``, ``run`` or ``transform``. ``title``: key of the artifact or transform; of a run, the key
    of its transform. ``status``: of a run; of an artifact ``latest``, ``older version`` or ``in the trash``.
    ``at``: start of the run, or creation, in microseconds since 1970 UTC.
    """

    uid: str
    kind: str
    title: str
    status: str = ""
    at: Optional[int] = None
    entrypoint: Optional[str] = None
    params: Optional[Mapping[str, Any]] = None
    initiated_by: Optional[str] = None  #: uid of the run that started this one
    size: Optional[int] = None
    hash: Optional[str] = None  #: of the content of an artifact
    finished: Optional[int] = None  #: end of a run, in microseconds since 1970 UTC


class Edge(NamedTuple):
    """A link: ``input`` from an artifact to the run that read it, the others from a run to an artifact.

    ``recreated``: the run made bytes that were there already. It is drawn dashed and not followed, so that what
    came from what stays free of circles; what such a run read is there, and where that came from is not.
    """

    source: str
    target: str
    role: str


class Data(NamedTuple):
    """A graph around a root.

    ``starts``: uids from which the walks began: the root, or the runs of a transform; and what these runs initiated,
    behind them. ``groups``: the runs that
    initiated runs of the graph and are no nodes themselves, by uid. ``with_children``: whether it holds what was
    made from the root. ``is_cut``: whether there is more than it holds. ``cuts``: where a limit cut it: the uid of a
    node, and how many of its sources and of its targets were left out.
    """

    root: Node
    starts: tuple[str, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Node, ...] = ()
    with_children: bool = True
    is_cut: bool = False
    cuts: tuple[tuple[str, int, int], ...] = ()
