"""From the links in the database to a graph of plain values.

The walk is one recursive query over artifacts, with the run between two of them as a join: ``UNION`` drops what was
seen, so it is linear and ends also where two runs read each other's results; its queue is first in, first out, so
that a limit keeps what is nearest. (Walking artifacts and runs alike needs a union of tables within the recursion,
which SQLite rebuilds at every step.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import errors
from ..base import canon
from ..models import Artifact, Run, Transform
from ..models.base import TRASH
from .formats import Graph
from .text import MADE
from .values import Edge, Node

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from typing import Any

    from ..models.base import SQLRecord
    from ..sql.database import Database

    Link = tuple[int, int, str]

MOST = 20_000  #: artifacts of one walk; a graph with more is cut, and says so
RUNS = 1_000  #: runs from which the walks begin: the latest of a transform, and as there is room of what they initiated
AGAIN = 2_000  #: links to what was read by runs that only made again what was there
CHUNK = 500  #: ids in one query: SQLite before 3.32 takes 999

#: roles of the links to follow: from an artifact to its run, and from there to other artifacts
_UP, _DOWN = ("created", "input"), ("input", "created")


def graph_of(row: SQLRecord, *, with_children: bool = True, most: int = MOST) -> Graph:
    """The graph of what a saved artifact, run or transform came from, and of what was made from it.

    A run is with all that it initiated, directly or over others, and so are the runs of a transform. Holds at most
    ``most`` artifacts in each direction, the nearest ones, and of very many runs the latest. Raises `InvalidArgument`
    for other rows.
    """
    database, root = row._store.database, _root(row)
    ids, (runs, is_cut) = ([row._saved_id()], ([], False)) if isinstance(row, Artifact) else ([], _runs_of(row))
    up = _walk(database, ids or _far(database, runs, "input"), _UP, most)
    down: list[int] = []
    if with_children:
        down = _walk(database, ids or _far(database, runs, "created"), _DOWN, most)
    is_cut = is_cut or max(len(up), len(down)) > most
    links = [*_upward(database, runs, up[:most])]
    again, left_out = _read_again(database, runs, links)
    links += again
    if with_children:
        links += _downward(database, runs, down[:most])
    graph = _assembled(database, root, [*up[:most], *down[:most]], runs, links, left_out)
    return graph._replace(with_children=with_children, is_cut=is_cut or bool(graph.cuts))


def _root(row: SQLRecord) -> Node:
    row._saved_id()
    if isinstance(row, Artifact):
        return Node(row.uid, "artifact", row.key or row.description or row.uid)
    if isinstance(row, Run):
        return Node(row.uid, "run", row.transform.key or row.transform.uid)
    if isinstance(row, Transform):
        return Node(row.uid, "transform", row.key or row.uid)
    raise errors.InvalidArgument(
        f"{type(row).__name__} {row.uid} has no lineage: ask an artifact, a run or a transform."
    )


def _runs_of(row: SQLRecord) -> tuple[list[int], bool]:
    """The runs from which the walks begin, in their order, the run itself first; and whether there are more."""
    if isinstance(row, Run):
        own = [row._saved_id()]
    else:
        sql = "SELECT id FROM run WHERE transform_id = ? ORDER BY id DESC LIMIT ?"
        own = [number for (number,) in row._store.database.read(sql, [row.id, RUNS + 1])]
    first, known, room = sorted(own[:RUNS]), set(own), max(0, RUNS - len(own))
    others = [number for number in _initiated(row._store.database, first) if number not in known]
    runs = first + (others[-room:] if room else [])
    return runs if isinstance(row, Run) else sorted(runs), len(own) > RUNS or len(others) > room


def _initiated(database: Database, runs: Iterable[int]) -> list[int]:
    """These runs and the latest of what they initiated, directly or over others, in their order; one too many shows that there are more."""
    found: set[int] = set()
    for chunk in _chunks(runs):
        found.update(
            number
            for (number,) in database.read(
                f"WITH RECURSIVE under (id) AS (SELECT id FROM run WHERE id IN ({', '.join('?' * len(chunk))}) "
                "UNION SELECT run.id FROM under JOIN run ON run.initiated_by_run_id = under.id) "
                "SELECT id FROM under ORDER BY id DESC LIMIT ?",
                [*chunk, RUNS + 1],
            )
        )
    return sorted(found)[-RUNS - 1 :]


def _walk(database: Database, starts: Iterable[int], roles: tuple[str, str], most: int) -> list[int]:
    """Ids of the artifacts to be reached, nearest first, starts included; one more than allowed shows the cut."""
    found: dict[int, None] = {}
    for several in _chunks(starts):
        chunk = [number for number in several if number not in found]  # from the others it went already
        if not chunk or len(found) > most:
            continue
        marks = ", ".join("?" * len(chunk))
        sql = (
            f"WITH RECURSIVE walk (id) AS (SELECT id FROM artifact WHERE id IN ({marks}) "
            "UNION SELECT there.artifact_id FROM walk "
            "JOIN run_artifact here ON here.artifact_id = walk.id AND here.role = ? "
            "JOIN run_artifact there ON there.run_id = here.run_id AND there.role = ?) SELECT id FROM walk LIMIT ?"
        )
        found.update(dict.fromkeys(number for (number,) in database.read(sql, [*chunk, *roles, most + 1])))
    return list(found)


def _far(database: Database, runs: Iterable[int], role: str) -> list[int]:
    return list(dict.fromkeys(artifact for _, artifact, _ in _links(database, "run_id", runs, [role])))


def _upward(database: Database, runs: list[int], artifacts: list[int]) -> Iterator[Link]:
    """How these artifacts were made, and from what."""
    made = [*_links(database, "artifact_id", artifacts, ["created", "recreated"])]
    yield from made
    makers = dict.fromkeys([*runs, *(run for run, _, role in made if role == "created")])
    known = set(artifacts)
    yield from (link for link in _links(database, "run_id", makers, ["input"]) if link[1] in known)


def _read_again(database: Database, runs: list[int], links: list[Link]) -> tuple[list[Link], dict[int, int]]:
    """What was read by the runs that only made again what was there: it is shown, and not walked from.

    They may be many, and each may have read much: of those for which there is no room, the earlier ones first, how many
    inputs each has.
    """
    makers = {run for run, _, role in links if role == "created"}.union(runs)
    counts: dict[int, int] = {}
    for chunk in _chunks(dict.fromkeys(run for run, _, role in links if role == "recreated" and run not in makers)):
        counts.update(
            database.read(
                f"SELECT run_id, count(*) FROM run_artifact WHERE run_id IN ({', '.join('?' * len(chunk))}) "
                "AND role = 'input' GROUP BY run_id",
                chunk,
            )
        )
    room, shown = AGAIN, []
    for run in sorted(counts, reverse=True):
        if counts[run] <= room:
            room -= counts[run]
            shown.append(run)
    found = [*_links(database, "run_id", shown[::-1], ["input"])]
    return found, {run: count for run, count in counts.items() if run not in shown}


def _downward(database: Database, runs: list[int], artifacts: list[int]) -> Iterator[Link]:
    """Who read these artifacts, and what they made."""
    read = [*_links(database, "artifact_id", artifacts, ["input"])]
    yield from read
    known = set(artifacts)
    for link in _links(database, "run_id", dict.fromkeys([*runs, *(run for run, _, _ in read)]), MADE):
        if link[1] in known or link[2] == "recreated":
            yield link


def _links(database: Database, column: str, ids: Iterable[int], roles: Collection[str]) -> Iterator[Link]:
    """Run, artifact and role of the links with one of these ids."""
    among = ", ".join("?" * len(roles))
    for chunk in _chunks(ids):
        yield from database.read(
            f"SELECT run_id, artifact_id, role FROM run_artifact WHERE {column} IN ({', '.join('?' * len(chunk))}) "
            f"AND role IN ({among}) ORDER BY id",
            [*chunk, *roles],
        )


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    every = list(ids)
    return (every[at : at + CHUNK] for at in range(0, len(every), CHUNK))


def _assembled(
    database: Database,
    root: Node,
    artifacts: list[int],
    starts: list[int],
    links: list[Link],
    left_out: dict[int, int],
) -> Graph:
    runs = dict.fromkeys([*starts, *(run for run, _, _ in links)])
    files = _artifacts(database, dict.fromkeys([*artifacts, *(artifact for _, artifact, _ in links)]))
    made, parents = _runs(database, runs)
    groups, _ = _runs(database, dict.fromkeys(parent for parent in parents if parent not in runs))
    edges = dict.fromkeys(
        Edge(files[artifact].uid, made[run].uid, role)
        if role == "input"
        else Edge(made[run].uid, files[artifact].uid, role)
        for run, artifact, role in links
        if run in made and artifact in files
    )
    nodes = (*files.values(), *made.values())
    root = next((node for node in nodes if node.uid == root.uid), root)
    first = tuple(made[run].uid for run in starts) or (root.uid,)
    there = [run for run, _, role in dict.fromkeys(links) if role == "input" and run in left_out]
    cuts = ((made[run].uid, count - there.count(run), 0) for run, count in left_out.items() if run in made)
    return Graph(root, first, nodes, tuple(edges), tuple(groups.values()), cuts=tuple(cut for cut in cuts if cut[1]))


def _artifacts(database: Database, ids: Iterable[int]) -> dict[int, Node]:
    found: dict[int, Node] = {}
    for chunk in _chunks(ids):
        for number, uid, key, description, is_latest, branch, at, size, digest in database.read(
            "SELECT id, uid, key, description, is_latest, branch_id, created_at, size, hash FROM artifact "
            f"WHERE id IN ({', '.join('?' * len(chunk))})",
            chunk,
        ):
            status = "in the trash" if branch == TRASH else "latest" if is_latest else "older version"
            found[number] = Node(uid, "artifact", key or description or uid, status, at, size=size, hash=digest)
    return found


def _runs(database: Database, ids: Iterable[int]) -> tuple[dict[int, Node], list[int]]:
    """The runs by their ids, and the ids of the runs that initiated them."""
    found: dict[int, Node] = {}
    parents: list[int] = []
    for chunk in _chunks(ids):
        for number, uid, key, transform, status, at, end, entrypoint, params, parent, parent_uid in database.read(
            "SELECT r.id, r.uid, t.key, t.uid, r.status, r.started_at, r.finished_at, r.entrypoint, r.params, p.id, p.uid "
            "FROM run r JOIN transform t ON t.id = r.transform_id LEFT JOIN run p ON p.id = r.initiated_by_run_id "
            f"WHERE r.id IN ({', '.join('?' * len(chunk))}) ORDER BY r.id",
            chunk,
        ):
            kept: Any = canon.loads(params) if params else None
            found[number] = Node(uid, "run", key or transform, status, at, entrypoint, kept, parent_uid, finished=end)
            parents += [] if parent is None else [parent]
    return found, parents
