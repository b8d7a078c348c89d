r"""The source of a notebook as text, and the notebook that such a text means.

The text is what jupytext calls the percent format, so that it reads like a script and a diff of it says something::

    # %% [markdown]
    # #
    # We load the counts.

    # %%
    counts = load()

It says what the notebook does: its cells, and those tags that tell others how to run them. Outputs, counts, ids, other
metadata and pasted images (a note stands for each) are left out, and so is the text of the first heading: that is the
title, kept beside the source, so that neither makes another source. A cell may hold any text: a line that looks like a
mark of a cell gets one more ``#``.
"""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING
from .headings import as_markdown, first_heading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Optional

    from .headings import Heading

    Notebook = dict[str, Any]

__all__ = [
    "code_cells",
    "is_skipped",
    "notebook_from_source",
    "notebook_source",
    "notebook_title",
    "read_notebook",
    "text_of",
    "with_notes",
]

MARK = "# %%"
TAGS = ("parameters", "skip-execution", "raises-exception")  #: tags by which a notebook runs in another way


def read_notebook(data: bytes) -> Optional[Notebook]:
    """Return the notebook in the bytes of an ``.ipynb`` file, of nbformat 4 or 3; None if they are none.

    Example::

        >>> read_notebook(b'{"nbformat": 4, "cells": []}')
        {'nbformat': 4, 'cells': []}
    """
    import json

    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(notebook, dict):
        return None
    if "cells" not in notebook and isinstance(notebook.get("worksheets"), list):
        notebook = _of_nbformat_3(notebook)
    cells = notebook.get("cells")
    whole = isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells)
    return notebook if whole else None


def _of_nbformat_3(notebook: Notebook) -> Notebook:
    """The notebook with its cells as nbformat 4 has them: programs that execute it make them so, too."""
    sheets = [sheet["cells"] for sheet in notebook["worksheets"] if isinstance(sheet, dict) and "cells" in sheet]
    found = [cell for cells in sheets if isinstance(cells, list) for cell in cells]
    return {**notebook, "cells": [_of_old_cell(cell) if isinstance(cell, dict) else cell for cell in found]}


def _of_old_cell(cell: dict[str, Any]) -> dict[str, Any]:
    kind = cell.get("cell_type")
    if kind == "code":
        return {**cell, "source": cell.get("input", "")}
    if kind == "heading":
        level = cell.get("level", 1)
        marks = "#" * (level if level in range(1, 7) else 1)
        return {**cell, "cell_type": "markdown", "source": f"{marks} {' '.join(text_of(cell).splitlines())}"}
    return {**cell, "cell_type": "markdown"} if kind == "html" else cell


def text_of(cell: dict[str, Any]) -> str:
    """Return the text of a cell, which a file may hold as a list of lines."""
    source = cell.get("source", "")
    if isinstance(source, list):
        return "".join(str(line) for line in source)
    return str(source)


def code_cells(notebook: Notebook) -> list[dict[str, Any]]:
    """Return the cells with code that is not blank."""
    return [cell for cell in notebook["cells"] if cell.get("cell_type") == "code" and text_of(cell).strip()]


def is_skipped(cell: dict[str, Any]) -> bool:
    """Tell whether programs that run whole notebooks pass over the cell, by its tag."""
    return "skip-execution" in _tags(cell)


def _tags(cell: dict[str, Any]) -> list[object]:
    given = cell.get("metadata")
    tags = given.get("tags") if isinstance(given, dict) else None
    return tags if isinstance(tags, list) else []


def notebook_title(notebook: Notebook) -> Optional[str]:
    """Return the plain text of the first heading; None if there is no heading, or one without a text.

    Example::

        >>> notebook_title({"cells": [{"cell_type": "markdown", "source": "# Quality control"}]})
        'Quality control'
    """
    heading = _heading_of(notebook["cells"])
    return (heading.text or None) if heading else None


def notebook_source(notebook: Notebook) -> str:
    r"""Return the source of a notebook, without its title; see the top of the module.

    Example::

        >>> notebook_source({"cells": [{"cell_type": "code", "source": "x = 1", "outputs": []}]})
        '# %%\nx = 1\n'
    """
    texts = [text_of(cell) for cell in notebook["cells"]]
    heading = _heading_of(notebook["cells"])
    if heading is not None:
        texts[heading.cell] = _with_heading(texts[heading.cell], heading, heading.marks)
    parts = [_part(cell, text) for cell, text in zip(notebook["cells"], texts)]
    return "\n\n".join(parts) + "\n"


def notebook_from_source(text: str, title: Optional[str] = None) -> Notebook:
    r"""Return the notebook (nbformat 4.5) that a source means, with this title as its first heading.

    Of one source it is always the same notebook. Text before the first mark is code, but for a header of jupytext,
    which is passed over.

    Example::

        >>> [cell["source"] for cell in notebook_from_source("# %%\nx = 1\n")["cells"]]
        ['x = 1']
    """
    cells = [_cell(mark, body) for mark, body in _split(text)]
    heading = _heading_of(cells) if title else None
    if heading is not None and not heading.text:
        cell = cells[heading.cell]
        cell["source"] = _with_heading(cell["source"], heading, f"{heading.marks} {as_markdown(title or '')}")
    _give_ids(cells)
    return {"cells": cells, "metadata": metadata(), "nbformat": 4, "nbformat_minor": 5}


def _heading_of(cells: list[dict[str, Any]]) -> Optional[Heading]:
    return first_heading(text_of(cell) if cell.get("cell_type") == "markdown" else None for cell in cells)


def _with_heading(text: str, heading: Heading, line: str) -> str:
    lines = text.split("\n")
    lines[heading.first : heading.end] = [line]
    return "\n".join(lines)


def with_notes(text: str) -> str:
    """Return a text cell with a note for each pasted image: its bytes are kept elsewhere, so it would not be found.

    Example::

        >>> with_notes("See ![image.png](attachment:image.png)")
        'See *(pasted image: image.png)*'
    """
    if "attachment:" not in text:
        return text
    import re

    for pattern, note in _PASTED:
        text = re.sub(pattern, note, text)
    return text


_NOTE = r"*(pasted image: \1)*"
_PASTED = (
    (r"""!\[[^\[\]]*\]\(\s*<?attachment:((?:[^()<>\n]|\([^()\n]*\))*?)>?(?:\s+["'][^\n()]*)?\s*\)""", _NOTE),
    (r"""<img\b[^<>]*?\ssrc\s*=\s*["']?attachment:([^"'<>]*?)["']?(?:\s[^<>]*)?/?>""", _NOTE),
    (r"""(?<=[\s("'<=])attachment:(?=\S)""", "pasted:"),  # as the target of [text][name]
)


def metadata() -> dict[str, Any]:
    """Return the metadata of a notebook in Python, without which no front end picks a kernel."""
    return {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


# ------------------------------------------------------------------------------------------------- from cells to text


def _part(cell: dict[str, Any], text: str) -> str:
    kind = cell.get("cell_type")
    mark = MARK if kind == "code" else f"{MARK} [markdown]" if kind == "markdown" else f"{MARK} [raw]"
    tags = _tags(cell)
    kept = [tag for tag in TAGS if tag in tags]
    if kept:
        quoted = ", ".join(f'"{tag}"' for tag in kept)
        mark += f" tags=[{quoted}]"
    if not text:
        return mark
    if kind == "markdown":
        text = with_notes(text)
    lines = text.split("\n")
    if kind != "code":
        lines = [f"# {line}" if line else "#" for line in lines]
    return "\n".join([mark, *map(_shielded, lines)])


def _looks_like_a_mark(line: str) -> bool:
    return line.startswith("#") and line.lstrip("#").startswith(" %%")


def _shielded(line: str) -> str:
    return f"#{line}" if _looks_like_a_mark(line) else line


# ------------------------------------------------------------------------------------------------- from text to cells


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Yield mark and body of each cell."""
    text = _without_header(text)
    lines = text.removesuffix("\n").split("\n")
    starts = [number for number, line in enumerate(lines) if line.startswith(MARK)]
    before = "\n".join(lines[: starts[0]] if starts else lines)
    if before.strip():
        yield MARK, before.strip("\n")
    for start, end in zip(starts, [*starts[1:], len(lines) + 1]):
        body = lines[start + 1 : end - 1]  # but for the empty line before the next mark
        if start < end - 1 < len(lines) and lines[end - 1]:
            body.append(lines[end - 1])  # somebody left it out
        yield lines[start], "\n".join(line[1:] if _looks_like_a_mark(line) else line for line in body)


def _without_header(text: str) -> str:
    if text.startswith("# ---\n"):
        header, end, rest = text.partition("\n# ---\n")
        if end and all(line.startswith("#") for line in header.split("\n")):
            return rest
    return text


def _cell(mark: str, body: str) -> dict[str, Any]:
    said = mark[len(MARK) :]
    kind = "markdown" if "[markdown]" in said or "[md]" in said else "raw" if "[raw]" in said else "code"
    if kind != "code":
        body = "\n".join(_uncommented(line) for line in body.split("\n"))
    tags = [tag for tag in TAGS if f'"{tag}"' in said]
    cell: dict[str, Any] = {"cell_type": kind, "id": "", "metadata": {"tags": tags} if tags else {}}
    if kind == "code":
        cell.update(execution_count=None, outputs=[])
    return {**cell, "source": body}


def _give_ids(cells: list[dict[str, Any]]) -> None:
    """Give ids by place and text: always the same for one source, and not those of another notebook."""
    from zlib import crc32

    before = 0
    for cell in cells:
        before = crc32(f"{cell['cell_type']}\n{cell['source']}".encode("utf-8", "replace"), before)
        cell["id"] = f"{before:08x}"
    if len({cell["id"] for cell in cells}) < len(cells):  # one of many millions
        for number, cell in enumerate(cells, 1):
            cell["id"] += f"-{number}"


def _uncommented(line: str) -> str:
    return line[2:] if line.startswith("# ") else line.removeprefix("#")
