"""Methods of records that higher floors implement: the one table of them, and their typed signatures.

A registry takes one by ``view_lineage = late.view_lineage`` in its body. The module with the code is imported when
the method is called, so that records know nothing of what is built upon them.
"""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, Optional, overload

    from .base import SQLRecord
    from .session import Store
else:

    def overload(stub: object) -> object:
        """Stand-in for ``typing.overload``."""
        return stub


#: method -> module and function that do it, the module relative to the package
TABLE = {
    "describe": "lineage.describe:describe",
    "end_dead_runs": "tracking.liveness:look",
    "view_lineage": "lineage.view:view_lineage",
}


class Graph(Protocol):
    """What `view_lineage` returns on demand: plain values; ``str(graph)`` is the tree that it prints else."""

    @property
    def nodes(self) -> Sequence[Any]:
        """Artifacts and runs: ``uid``, ``kind``, ``title``, ``status``, and more."""

    @property
    def edges(self) -> Sequence[Any]:
        """Links: ``source`` and ``target`` (uids), ``role`` (input, created or recreated)."""


def _implementation(name: str) -> Any:
    from importlib import import_module

    module, _, function = TABLE[name].partition(":")
    return getattr(import_module(f"..{module}", __package__), function)


@overload
def view_lineage(self: SQLRecord, with_children: bool = True, return_graph: Literal[False] = False) -> None: ...  # noqa: D103
@overload
def view_lineage(self: SQLRecord, with_children: bool = True, *, return_graph: Literal[True]) -> Graph: ...  # noqa: D103, F811
def view_lineage(self: SQLRecord, with_children: bool = True, return_graph: bool = False) -> Optional[Graph]:  # noqa: F811
    """Print what this came from and, unless ``with_children=False``, what was made from it, as trees.

    ``return_graph=True`` prints nothing and returns the graph: plain values, whose ``str()`` is the text.

    >>> ln.Artifact.get(key="subset.csv").view_lineage()  # doctest: +SKIP
    subset.csv
    └─ made by my_workflow.py: subset(rows=2)  completed  2026-11-22 18:16:54 UTC
       └─ d.csv
    """
    graph: Optional[Graph] = _implementation("view_lineage")(self, with_children, return_graph)
    return graph


@overload
def describe(self: SQLRecord, return_str: Literal[False] = False) -> None: ...  # noqa: D103
@overload
def describe(self: SQLRecord, return_str: Literal[True]) -> str: ...  # noqa: D103, F811
def describe(self: SQLRecord, return_str: bool = False) -> Optional[str]:  # noqa: F811
    """Print all that is known of this, as a tree; ``return_str=True`` returns the text instead.

    >>> ln.Run.filter().last().describe()  # doctest: +SKIP
    """
    text: Optional[str] = _implementation("describe")(self, return_str)
    return text


def end_dead_runs(store: Store) -> None:
    """Write the end of runs whose process is dead, if any run is open at all."""
    if (
        store.database.one(
            "SELECT 1 FROM run WHERE status IN ('scheduled', 'started') AND status <> 'scheduled' LIMIT 1"
        )
        is not None
    ):
        _implementation("end_dead_runs")(store)
