"""A small immunology table: expression of three genes in a few samples, and what was done to them.

The numbers are invented. Both datasets have the genes ``CD8A``, ``CD4`` and ``CD14`` (counts), ``cell_type`` (as an
expert named it), ``perturbation`` (``DMSO`` is the control) and ``donor``. The first also has ``dose`` (micromolar,
missing for controls), ``hours`` of treatment and a ``note``; the second, measured elsewhere, ``batch`` and ``viable``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import errors
from ...ext import extra

if TYPE_CHECKING:
    from typing import Any

    Columns = dict[str, list[Any]]

GENES = ("CD8A", "CD4", "CD14")  #: the columns that are measured; the others tell of the samples

_FIRST: Columns = {
    "sample": ["m1-s1", "m1-s2", "m1-s3", "m1-s4", "m1-s5", "m1-s6"],
    "CD8A": [14, 2, 0, 11, 3, 1],
    "CD4": [1, 17, 2, 0, 21, 3],
    "CD14": [0, 1, 33, 2, 0, 40],
    "cell_type": ["CD8 T cell", "CD4 T cell", "monocyte", "CD8 T cell", "CD4 T cell", "monocyte"],
    "perturbation": ["DMSO", "DMSO", "DMSO", "IFNG", "IFNG", "IFNG"],
    "donor": ["D1", "D1", "D2", "D1", "D1", "D2"],
    "dose": [None, None, None, 0.1, 0.1, 0.05],
    "hours": [24, 24, 24, 24, 24, 6],
    "note": ["fresh", "fresh", "low yield", "fresh", "naïve cells", "thawed"],
}
_SECOND: Columns = {
    "sample": ["m2-s1", "m2-s2", "m2-s3", "m2-s4"],
    "CD8A": [9, 0, 12, 1],
    "CD4": [2, 1, 0, 25],
    "CD14": [1, 28, 0, 2],
    "cell_type": ["CD8 T cell", "monocyte", "CD8 T cell", "CD4 T cell"],
    "perturbation": ["DMSO", "DMSO", "IFNG", "IFNG"],
    "donor": ["D3", "D3", "D3", "D4"],
    "batch": ["2026-03-02", "2026-03-02", "2026-03-05", "2026-03-05"],
    "viable": [True, True, False, True],
}


def get_dataset1(otype: str = "DataFrame") -> Any:
    """The first dataset: 6 samples with 9 columns.

    ``otype``: ``DataFrame`` of pandas, indexed by sample; ``AnnData``, counts in ``X`` and the rest in ``obs``; or
    ``rows``, a list of dicts, which needs no library. Raises `MissingExtra` where the library is not installed.

    >>> get_dataset1("rows")[0]["cell_type"]
    'CD8 T cell'
    """
    return _as(otype, _FIRST, "get_dataset1")


def get_dataset2(otype: str = "DataFrame") -> Any:
    """The second dataset: 4 samples with 8 columns; ``otype`` as in `get_dataset1`.

    >>> [row["CD14"] for row in get_dataset2("rows")]
    [1, 28, 0, 2]
    """
    return _as(otype, _SECOND, "get_dataset2")


def _as(otype: str, columns: Columns, wish: str) -> Any:
    if otype == "rows":
        return [dict(zip(columns, row)) for row in zip(*columns.values())]
    if otype not in ("DataFrame", "AnnData"):
        raise errors.InvalidArgument(f"{wish}(otype={otype!r}): choose 'DataFrame', 'AnnData' or 'rows'.")
    others = {name: list(values) for name, values in columns.items() if name != "sample"}
    if otype == "DataFrame":
        return extra("pandas", f"{wish}()").from_columns(others, columns["sample"], "sample")
    counts = {name: others.pop(name) for name in GENES}
    return extra("anndata", f"{wish}(otype='AnnData')").from_columns(counts, others, columns["sample"], "sample")
