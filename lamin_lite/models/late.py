"""Methods of records that higher floors implement: the one table of them, and their typed signatures.

A registry takes one by ``view_lineage = late.view_lineage`` in its body. The module with the code is imported when
the method is called, so that records know nothing of what is built upon them.
"""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, Optional, Union, overload

    from .artifact import Artifact
    from .base import SQLRecord
    from .run import Run
    from .session import Store

    Path = Union[str, os.PathLike[str]]
else:

    def overload(stub: object) -> object:
        """Stand-in for ``typing.overload``."""
        return stub


#: method -> module and function that do it, the module relative to the package
TABLE = {
    "describe": "lineage.describe:describe",
    "diff": "lineage.snapshot:diff",
    "end_dead_runs": "tracking.liveness:look",
    "report_as_html": "tracking.html:report_as_html",
    "view_lineage": "lineage.view:view_lineage",
}


class Graph(Protocol):
    """What `view_lineage` returns on demand: plain values; ``str(graph)`` is the tree that it prints else.

    In pictures: ``depth`` steps from the root, of more than ``siblings`` like siblings a box that counts the rest, not
    more than ``most`` boxes, and links to ``<base_url>/<kind>/<uid>``.
    """

    @property
    def nodes(self) -> Sequence[Any]:
        """Artifacts and runs: ``uid``, ``kind``, ``title``, ``status``, and more."""

    @property
    def edges(self) -> Sequence[Any]:
        """Links: ``source`` and ``target`` (uids), ``role`` (input, created or recreated)."""

    def to_svg(
        self,
        path: Optional[Path] = None,
        *,
        depth: Optional[int] = None,
        siblings: int = 6,
        most: int = 400,
        base_url: Optional[str] = None,
    ) -> str:
        """The picture as SVG; also written to ``path``, if one is given."""

    def to_html(
        self,
        path: Optional[Path] = None,
        *,
        depth: Optional[int] = None,
        siblings: int = 6,
        most: int = 400,
        base_url: Optional[str] = None,
    ) -> str:
        """A page to move, zoom and search the picture; also written to ``path``, if one is given."""

    def to_mermaid(self, *, depth: Optional[int] = None, siblings: int = 6, most: int = 200) -> str:
        """The picture as the text of a Mermaid flow chart."""

    def to_dot(
        self,
        *,
        depth: Optional[int] = None,
        siblings: int = 6,
        most: int = 400,
        base_url: Optional[str] = None,
    ) -> str:
        """The picture as DOT text, for Graphviz."""

    def to_dict(self) -> dict[str, Any]:
        """All that the graph holds, in JSON's own types; times in ISO 8601."""


class Difference(Protocol):
    """What `Run.diff` returns: plain values; ``str(difference)`` is the text that the command prints."""

    @property
    def is_same(self) -> bool:
        """Whether nothing differs of what was recorded of both runs."""

    @property
    def changes(self) -> Mapping[str, Sequence[Any]]:
        """Theme, such as ``params`` -> its changes: ``name``, ``kind`` (changed, added, removed), ``old``, ``new``."""

    @property
    def source(self) -> str:
        """The change of the source as a unified diff; empty if it is the same."""

    @property
    def unknown(self) -> Mapping[str, Sequence[str]]:
        """Theme -> uids of runs that did not record it."""

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's own types."""


def _implementation(name: str) -> Any:
    from importlib import import_module

    module, _, function = TABLE[name].partition(":")
    return getattr(import_module(f"..{module}", __package__), function)


@overload
def view_lineage(  # noqa: D103
    self: SQLRecord, with_children: bool = True, return_graph: Literal[False] = False, depth: Optional[int] = None
) -> None: ...
@overload
def view_lineage(  # noqa: D103, F811
    self: SQLRecord, with_children: bool = True, *, return_graph: Literal[True], depth: Optional[int] = None
) -> Graph: ...
def view_lineage(  # noqa: F811
    self: SQLRecord, with_children: bool = True, return_graph: bool = False, depth: Optional[int] = None
) -> Optional[Graph]:
    """Show what this came from and, unless ``with_children=False``, what was made from it.

    In a notebook as a picture, elsewhere as trees. ``depth``: how many steps from this, an artifact or a run each.
    ``return_graph=True`` shows nothing and returns the graph: plain values, which can be written as SVG, HTML, Mermaid
    or DOT, and whose ``str()`` is the text.

    >>> ln.Artifact.get(key="subset.csv").view_lineage()  # doctest: +SKIP
    subset.csv
    └─ made by my_workflow.py: subset(rows=2)  completed  2026-11-22 18:16:54 UTC
       └─ d.csv
    """
    graph: Optional[Graph] = _implementation("view_lineage")(self, with_children, return_graph, depth)
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


def diff(self: Run, other: Run) -> Difference:
    """What differs from this run to another one: source, params, features, arguments, environment, files, its end.

    Inputs and outputs are those of its steps too, compared by key and hash. What is the same is left out.

    >>> first, second = ln.Run.filter(transform__key="train.py").order_by("started_at")[:2]  # doctest: +SKIP
    >>> print(first.diff(second))  # doctest: +SKIP
    """
    found: Difference = _implementation("diff")(self, other)
    return found


def report_as_html(self: Run) -> Artifact:
    """The report of a run in a notebook as a page of HTML: made by nbconvert at the first call, and kept.

    Raises `MissingExtra` without nbconvert, `InvalidArgument` if the report is that of no notebook.

    >>> ln.Transform.get(key="analysis.ipynb").latest_run.report_as_html().path  # doctest: +SKIP
    """
    page: Artifact = _implementation("report_as_html")(self)
    return page


def end_dead_runs(store: Store) -> None:
    """Write the end of runs whose process is dead, if any run is open at all."""
    if store.database.one("SELECT 1 FROM run WHERE status = 'started' LIMIT 1") is not None:
        _implementation("end_dead_runs")(store)
