"""Names that were perhaps meant when a new one is made."""

from __future__ import annotations

from ..base import display
from ..base._typing import TYPE_CHECKING
from .registry import TRASH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Optional

AMONG = 1_000  #: names that a new one is compared with
SERIES = 3  #: so many names that are alike are one, and no mistakes
_NO_DIGITS = dict.fromkeys(range(ord("0"), ord("9") + 1))


def hint(row: Any) -> None:
    """Tell of a name that was perhaps meant by that of a row which was just made; in a type, of one in it."""
    name, fields = row._values["name"], row.__table__.fields
    if name is None:
        return
    where, params = ["name IS NOT NULL", "id < ?"], [row.id]
    if "type" in fields:
        where.append("coalesce(type_id, 0) = ?")
        params.append(row._values["type_id"] or 0)
    if "branch" in fields:
        where.append("branch_id <> ?")
        params.append(TRASH)
    known = row._store.database.read(
        f"SELECT name FROM {row.__table__.name} WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT {AMONG}", params
    )
    near = meant(name, [one for (one,) in known])
    if near is not None:
        display.notice(f"made {type(row).__name__} {name!r}; there is a similar name: {near!r}")


def meant(name: str, names: Iterable[str]) -> Optional[str]:
    """The name that is most like this one, if any is; names of a series are not.

    A series differs in its numbers only, or is of several names that are alike.

    >>> meant("Blood sampel", ["Tissue", "blood sample"])
    'blood sample'
    >>> meant("sample 12", ["sample 11"]), meant("group D", ["group C", "group B", "group A"])
    (None, None)
    """
    import difflib

    wanted = name.casefold()
    known = {one.casefold(): one for one in names}
    if wanted in known:
        return known[wanted]
    plain = wanted.translate(_NO_DIGITS)
    others = [one for one in known if one.translate(_NO_DIGITS) != plain]
    alike = difflib.get_close_matches(wanted, others, AMONG, 0.85)
    if not alike or len({one.translate(_NO_DIGITS) for one in alike}) >= SERIES:
        return None
    return known[alike[0]]
