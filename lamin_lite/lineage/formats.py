"""The graph that `view_lineage` returns: plain values that can draw themselves in several formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .. import errors
from ..base import clock
from . import picture, text, words
from .values import Data

if TYPE_CHECKING:
    import os
    from typing import Union

    from .values import Node

    Path = Union[str, os.PathLike[str]]


class Graph(Data):
    """A lineage graph: ``nodes``, ``edges``, ``groups``, ``root``.

    ``str(graph)`` is the tree that `view_lineage` prints; in a notebook it shows itself as a picture. All formats draw
    the same: ``depth`` steps from the root (an artifact or a run each; None: all), of more than ``siblings`` like
    siblings a box that counts the rest, and not more than ``most`` boxes. ``base_url``: where rows can be looked at;
    boxes link to ``<base_url>/<kind>/<uid>``.

    >>> graph = ln.Artifact.get(key="summary.json").view_lineage(return_graph=True)  # doctest: +SKIP
    >>> graph.to_svg("summary.svg")  # doctest: +SKIP
    """

    __slots__ = ()

    def __str__(self) -> str:
        return text.drawn(self)

    def __repr__(self) -> str:
        runs = sum(node.kind == "run" for node in self.nodes)
        counts = ((len(self.nodes) - runs, "artifact"), (runs, "run"))
        held = ", ".join(f"{count:,} {kind}{'' if count == 1 else 's'}" for count, kind in counts)
        return f"<Lineage of {words.plain(self.root.title)}: {held}>"

    def to_svg(
        self,
        path: Optional[Path] = None,
        *,
        depth: Optional[int] = None,
        siblings: int = picture.SIBLINGS,
        most: int = picture.MOST,
        base_url: Optional[str] = None,
    ) -> str:
        """The picture as SVG; also written to ``path``, if one is given.

        >>> graph.to_svg("lineage.svg", depth=4)  # doctest: +SKIP
        """
        from . import svg

        drawn = picture.picture_of(self, depth=depth, siblings=siblings, most=most)
        return kept(svg.drawn(drawn, base_url=base_url), path)

    def to_html(
        self,
        path: Optional[Path] = None,
        *,
        depth: Optional[int] = None,
        siblings: int = picture.SIBLINGS,
        most: int = picture.MOST,
        base_url: Optional[str] = None,
    ) -> str:
        """A page that needs nothing else, to move, zoom and search the picture; also written to ``path``.

        >>> graph.to_html("lineage.html")  # doctest: +SKIP
        """
        from . import html

        drawn = picture.picture_of(self, depth=depth, siblings=siblings, most=most)
        return kept(html.page(drawn, base_url=base_url), path)

    def to_mermaid(self, *, depth: Optional[int] = None, siblings: int = picture.SIBLINGS, most: int = 200) -> str:
        """The picture as the text of a Mermaid flow chart, which may not have many more than 200 boxes.

        >>> print(graph.to_mermaid())  # doctest: +SKIP
        """
        from . import mermaid

        return mermaid.drawn(picture.picture_of(self, depth=depth, siblings=siblings, most=most))

    def to_dot(
        self,
        *,
        depth: Optional[int] = None,
        siblings: int = picture.SIBLINGS,
        most: int = picture.MOST,
        base_url: Optional[str] = None,
    ) -> str:
        """The picture as DOT text, for Graphviz.

        >>> print(graph.to_dot())  # doctest: +SKIP
        """
        from . import dot

        return dot.drawn(picture.picture_of(self, depth=depth, siblings=siblings, most=most), base_url=base_url)

    def to_dict(self) -> dict[str, Any]:
        """All that the graph holds, in JSON's own types; times in ISO 8601.

        >>> graph.to_dict()["edges"]  # doctest: +SKIP
        """
        return {
            "root": self.root.uid,
            "nodes": [
                _facts(node) for node in ((self.root, *self.nodes) if self.root not in self.nodes else self.nodes)
            ],
            "edges": [edge._asdict() for edge in self.edges],
            "groups": [_facts(node) for node in self.groups],
            "starts": list(self.starts),
            "is_cut": self.is_cut,
        }

    def _repr_svg_(self) -> str:
        from . import svg

        return svg.for_notebook(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What notebooks show. No HTML: where a notebook is not trusted, its front end would empty that."""
        del include, exclude  # asked for by the protocol; there are these two only
        return {"image/svg+xml": self._repr_svg_(), "text/plain": str(self)}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """The text that goes with it: IPython has its own for tuples."""
        del cycle
        printer.text(str(self))


def _facts(node: Node) -> dict[str, Any]:
    moments = {name: _iso(getattr(node, name)) for name in ("at", "finished")}
    return {**node._asdict(), "params": None if node.params is None else dict(node.params), **moments}


def _iso(micros: Optional[int]) -> Optional[str]:
    return None if micros is None else clock.to_datetime(micros).isoformat()


def kept(text: str, path: Optional[Path]) -> str:
    """The text, once it is written to the path, if there is one: whole, else what was there stays.

    Raises `MissingFile` where there is no such folder, `InvalidArgument` for a folder.
    """
    if path is not None:
        import os

        from ..base import fsio
        from ..storage.translate import translating

        target = os.path.abspath(os.fspath(path))
        if not os.path.isdir(os.path.dirname(target)):
            raise errors.MissingFile(f"There is no folder {os.path.dirname(target)}: make it, or write elsewhere.")
        if os.path.isdir(target):
            raise errors.InvalidArgument(f"{target} is a folder: name the file to write.")
        with translating("write", target):
            if os.path.exists(target) and not os.path.isfile(target):  # a pipe or a terminal: nothing to replace
                with open(target, "wb") as file:
                    file.write(text.encode())
            else:
                fsio.write_file(os.path.realpath(target), text.encode(), keep_mode=True)  # what a link means, not it
    return text
