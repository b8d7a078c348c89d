"""What is in an instance at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

from .. import models
from ..base import display
from ..errors import InvalidArgument
from ..models import session
from ..models.base import Manager, SQLRecord
from ..sql.lookups import advice
from ..sql.tables import html_table, terminal_width, text_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Named = Union[str, type[SQLRecord]]

SHOWN = ("Artifact", "Collection", "Feature", "Project", "Record", "Run", "Storage", "Transform", "ULabel")
OTHERS = ("Branch", "Space", "User")  #: shown if they are asked for


def view(*, limit: int = 7, registries: Union[Named, Sequence[Named], None] = None) -> None:
    """Print the newest rows of each registry that has any, at most ``limit`` of each.

    ``registries``: names or classes, to see only these.

    >>> ln.view(limit=3, registries=["Run", "Artifact"])  # doctest: +SKIP
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidArgument(f"limit={limit!r} must be a whole number from 1 on.")
    store = session.current_store()
    texts, pages = [], []
    for name in SHOWN if registries is None else _names(registries):
        rows: Any = Manager(getattr(models, name), store).order_by("-id")
        total = rows.count()
        if not total:
            continue
        title = name + (f": the newest {limit:,} of {total:,}" if total > limit else "")
        shown = rows[:limit]._labelled()
        if display.is_notebook():
            pages.append(html_table(shown, title))
        texts.append(f"{title}\n{text_table(shown, terminal_width())}")
    text = "\n\n".join(texts) or "There are no rows yet."
    display.show_rich(display.Rich(text, "".join(pages)) if pages else text)


def _names(registries: Union[Named, Sequence[Named]]) -> list[str]:
    given = [registries] if isinstance(registries, (str, type)) else list(registries)
    names = [str(getattr(each, "__name__", each)) for each in given]
    known = (*SHOWN, *OTHERS)
    for name in names:
        if name not in known:
            raise InvalidArgument(f"There is no registry {name!r}: {advice(name, known)}")
    return names
