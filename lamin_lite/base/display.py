"""Words to the user, and the drawing of trees.

Messages go through the ``logging`` of the application. Where nobody configured any, ``attach_handler`` (called by
track, flow and the CLI, never by an import) adds one plain handler that writes to the standard error as it is at
that moment. Data goes to standard output, words go to standard error.
"""

from __future__ import annotations

from _thread import get_ident

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence
    from typing import Union

    #: a tree: its label and the trees below it
    Tree = tuple[str, Sequence["Union[str, Tree]"]]

_logger: logging.Logger | None = None
_IN_ASCII = str.maketrans("├└│─╌↑⋯…", "|`|--^~~")  # how trees look where the encoding has no box characters
_speaking = 0  # the thread that is writing our own words


def logger() -> logging.Logger:
    """The package's logger, named after the package as it is installed (or vendored)."""
    global _logger
    if _logger is None:
        import logging

        _logger = logging.getLogger((__package__ or "lamin_lite").rpartition(".")[0])
    return _logger


def attach_handler() -> None:
    """Make messages visible on standard error, unless the application configured logging itself."""
    log = logger()
    if log.handlers or log.root.handlers:
        return
    import logging

    class Stderr(logging.Handler):
        """Writes to the ``sys.stderr`` of the moment, so that redirections are followed."""

        def emit(self, record: logging.LogRecord) -> None:
            import sys

            if sys.stderr is not None and not logging.getLogger().handlers:
                mark = "→" if record.levelno < logging.WARNING else "!"
                global _speaking
                _speaking = get_ident()
                try:
                    print(f"{mark} {self.format(record)}", file=sys.stderr)
                finally:
                    _speaking = 0

    handler = Stderr()
    log.addHandler(handler)
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)


def is_speaking() -> bool:
    """Whether what is written just now are our own words."""
    return _speaking == get_ident()


def info(text: str) -> None:
    """Say what was done."""
    logger().info("%s", text)


def warning(text: str) -> None:
    """Say what the user should look at."""
    logger().warning("%s", text)


def show(text: str) -> None:
    """Write data that somebody asked to see to standard output.

    Where its encoding lacks the characters of trees, ASCII stands for them; what else it lacks becomes ``?``.
    """
    import sys

    try:
        print(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "ascii"
        print(text.translate(_IN_ASCII).encode(encoding, "replace").decode(encoding))


def draw_tree(tree: Tree) -> str:
    """Draw a tree with box characters.

    >>> print(draw_tree(("a", ["b", ("c", ["d"])])))
    a
    ├── b
    └── c
        └── d
    """
    return "\n".join([tree[0], *_branches(tree[1])])


def _branches(children: Sequence[str | Tree]) -> list[str]:
    lines: list[str] = []
    for index, child in enumerate(children):
        label, below = (child, ()) if isinstance(child, str) else child
        last = index == len(children) - 1
        head, *rest = label.split("\n")
        stem = "    " if last else "│   "
        lines.append(("└── " if last else "├── ") + head)
        lines += [stem + line for line in rest]
        lines += [stem + line for line in _branches(below)]
    return lines
