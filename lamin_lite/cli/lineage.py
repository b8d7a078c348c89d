"""``lineage``: what a row came from, and what was made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import errors
from ..base import clock
from . import finding, output

if TYPE_CHECKING:
    import argparse

EXAMPLES = ("lineage results/summary.json", "lineage my_script.py --no-children --json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row, and in which directions."""
    finding.add_arguments(parser)
    parser.add_argument("--no-children", action="store_true", help="leave out what was made from it")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the trees, or the graph."""
    (_, row), with_children = finding.of(arguments), not arguments.no_children
    if not hasattr(type(row), "view_lineage"):
        raise errors.InvalidArgument(
            f"{type(row).__name__} {row.uid} has no lineage: ask an artifact, a run or a transform."
        )
    if not arguments.json:
        row.view_lineage(with_children=with_children)
        return 0
    graph = row.view_lineage(with_children=with_children, return_graph=True)
    output.document(
        {
            "root": graph.root.uid,
            "nodes": [_node(node) for node in graph.nodes],
            "edges": [edge._asdict() for edge in graph.edges],
            "groups": [_node(node) for node in graph.groups],
            "is_cut": graph.is_cut,
        }
    )
    return 0


def _node(node: Any) -> dict[str, Any]:
    return {**node._asdict(), "at": None if node.at is None else clock.to_datetime(node.at)}
