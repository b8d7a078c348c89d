"""`view_lineage` of artifacts, runs and transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ..base import display
from . import graph, text

if TYPE_CHECKING:
    from ..models.base import SQLRecord


def view_lineage(row: SQLRecord, with_children: bool = True, return_graph: bool = False) -> Optional[graph.Graph]:
    """Print the trees of a row, or return its graph."""
    found = graph.graph_of(row, with_children=with_children)
    if return_graph:
        return found
    display.show(text.drawn(found))
    return None
