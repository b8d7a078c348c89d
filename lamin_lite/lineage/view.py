"""`view_lineage` of artifacts, runs and transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from ..base import display
from . import fold, picture
from .graph import graph_of

if TYPE_CHECKING:
    from ..models.base import SQLRecord
    from .formats import Graph


def view_lineage(
    row: SQLRecord, with_children: bool = True, return_graph: bool = False, depth: Optional[int] = None
) -> Optional[Graph]:
    """Show the lineage of a row, as a picture in a notebook and as trees elsewhere, or return its graph."""
    picture.check_depth(depth)
    found = fold.limited(graph_of(row, with_children=with_children), depth)
    if return_graph:
        return found
    display.show_rich(found)
    return None
