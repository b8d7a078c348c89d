"""Data frames of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence


def register(ext: Any) -> None:
    """Nothing is read or written yet: frames are made of rows only."""


def frame(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> pd.DataFrame:
    """Rows as a data frame with these columns, also if there are none; its index is ``id``."""
    made = pd.DataFrame.from_records(list(rows), columns=list(dict.fromkeys(names)))
    return made.set_index("id")
