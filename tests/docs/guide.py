"""A page of Markdown as a notebook: ``python`` blocks are its code, ``sh`` blocks commands of a shell."""

from __future__ import annotations

import json
import re
from pathlib import Path

FENCE = re.compile(r"^```(python|sh)([^\n]*)\n(.*?)^```$\n?", re.DOTALL | re.MULTILINE)


def notebook(page: str) -> dict[str, object]:
    """The notebook, in nbformat 4.5; a ``python`` block that names a file shows it, and is no cell."""
    cells, at = [], 0
    for found in FENCE.finditer(page):
        language, info, code = found.groups()
        cells.append(_cell("markdown", page[at : found.start()], len(cells)))
        at = found.end()
        if info.strip():
            continue
        text = code if language == "python" else f"%%sh\nset -e\n{code}"  # a command that fails is an error
        cells.append(_cell("code", text, len(cells)))
    cells.append(_cell("markdown", page[at:], len(cells)))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell(kind: str, text: str, number: int) -> dict[str, object]:
    cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": text.strip("\n")}
    return {**cell, "outputs": [], "execution_count": None} if kind == "code" else cell


def write(page: Path, path: Path) -> None:
    """Write the page as a notebook."""
    path.write_text(json.dumps(notebook(page.read_text("utf-8")), indent=1), "utf-8")


def shown_files(page: str) -> dict[str, str]:
    """What the page shows of files, by their names."""
    return {info.strip(): code for language, info, code in FENCE.findall(page) if info.strip()}
