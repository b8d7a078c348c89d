"""``lineage``: what a row came from, and what was made from it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

from .. import errors
from ..base import display
from ..lineage import formats
from . import finding, output
from .program import Usage

if TYPE_CHECKING:
    import argparse

EXAMPLES = (
    "lineage results/summary.json",
    "lineage results/summary.json --output lineage.html",
    "lineage my_script.py --no-children --format mermaid --depth 4",
)
FORMATS = ("text", "svg", "html", "mermaid", "dot", "json")
_SUFFIXES = {
    "": "text",
    ".txt": "text",
    ".svg": "svg",
    ".html": "html",
    ".htm": "html",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
    ".json": "json",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A row, in which directions and how far, and in which form."""
    finding.add_arguments(parser)
    parser.add_argument("--no-children", action="store_true", help="leave out what was made from it")
    parser.add_argument("--depth", metavar="N", type=_depth, help="so many steps, a file or a run each (all)")
    parser.add_argument("--format", choices=FORMATS, help="text, or what the suffix of the output says")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to this file, not to standard output")
    finding.add_common(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the trees, a picture, or the graph."""
    form = _form(arguments)
    _, row = finding.of(arguments)
    if not hasattr(type(row), "view_lineage"):
        raise errors.InvalidArgument(
            f"{type(row).__name__} {row.uid} has no lineage: ask an artifact, a run or a transform."
        )
    graph = row.view_lineage(with_children=not arguments.no_children, return_graph=True, depth=arguments.depth)
    text = _written(graph, form)
    if arguments.output in (None, "-"):
        display.show(text.rstrip("\n"))
        return 0
    formats.kept(text, arguments.output)
    display.info(f"wrote {os.path.abspath(arguments.output)}")
    return 0


def _depth(text: str) -> int:
    """A number of steps."""
    import argparse

    try:
        depth = int(text)
    except ValueError:
        depth = -1
    if depth < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of steps, 0 or more")
    return depth


def _form(arguments: argparse.Namespace) -> str:
    wish: Optional[str] = "json" if arguments.json else arguments.format
    if arguments.json and arguments.format not in (None, "json"):
        raise Usage(f"--json and --format {arguments.format} exclude each other.")
    suffix = os.path.splitext(arguments.output or "")[1].lower()
    form = wish or _SUFFIXES.get(suffix)
    if form is None:
        known = ", ".join(each for each in _SUFFIXES if each)
        raise Usage(
            f"--output {arguments.output}: no format is known by {suffix}: choose one of {known}, or say --format."
        )
    return form


def _written(graph: Any, form: str) -> str:
    if form == "json":
        return output.json_text(graph.to_dict()) + "\n"
    text: str = str(graph) + "\n" if form == "text" else getattr(graph, f"to_{form}")()
    return text
