"""Sets of rows that an index knows, and how a query goes about them.

Such a set can be listed, or asked for one row. A query that has several lists the smallest one and asks the others;
where each is large, it walks in the order that is wanted and asks all.
"""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .database import Database

    SQL = tuple[str, list[Any]]

FEW = 3_000  #: rows of a set that is listed rather than asked


class Test:
    """A condition on the rows of an index at some paths.

    ``by_value``: an index leads from it to the rows. ``exact``: the same index then knows the owner.
    """

    __slots__ = ("by_value", "exact", "params", "text")

    def __init__(self, text: str, params: list[Any], *, exact: bool = False, by_value: bool = False) -> None:
        self.text = text
        self.params = params
        self.exact = exact
        self.by_value = by_value or exact


class Probe:
    """The owners for which one of several tests holds at one of some paths, or that are in a list."""

    __slots__ = ("_lists", "_paths", "_tests", "_through")

    def __init__(self, through: str, paths: Sequence[str], tests: Iterable[Test], lists: Sequence[str] = ()) -> None:
        self._through = through
        self._paths = list(paths)
        self._tests = list(tests)
        self._lists = list(lists)

    def ids(self) -> SQL:
        """The select of the owners."""
        return self._select("")

    def ids_also_in(self, others: Sequence[Probe]) -> SQL:
        """The select of the owners that are also in the other sets."""
        parts = [other.holds("p.owner_id") for other in others]
        return self._select("".join(f" AND ({text})" for text, _ in parts), [v for _, values in parts for v in values])

    def _select(self, more: str, values: Sequence[Any] = ()) -> SQL:
        texts, params = [], []
        for test in self._tests:
            texts.append(f"SELECT p.owner_id FROM {self._through} p WHERE {self._at('p.path')} AND {test.text}{more}")
            params += [*self._paths, *test.params, *values]
        for one in self._lists:
            texts.append(f"SELECT p.owner_id FROM ({one}) p WHERE 1 = 1{more}")
            params += values
        return " UNION ALL ".join(texts) or "SELECT 0 WHERE 1 = 0", params

    def holds(self, column: str) -> SQL:
        """The condition that the row whose id is in a column is one of them, for few rows."""
        texts, params = [], []
        for test in self._tests:
            # Where no index leads from value to owner, the few values of the owner are looked at.
            path = "path" if test.exact else "(path || '')"
            texts.append(
                f"EXISTS (SELECT 1 FROM {self._through} WHERE owner_id = {column} AND {self._at(path)} AND {test.text})"
            )
            params += [*self._paths, *test.params]
        texts += [f"{column} IN ({one})" for one in self._lists]
        return " OR ".join(texts) or "1 = 0", params

    def _at(self, column: str) -> str:
        return f"{column} = ?" if len(self._paths) == 1 else f"{column} IN ({', '.join('?' * len(self._paths))})"

    def size(self, database: Database, most: int) -> int:
        """How many there are; one more than ``most`` if there are more, or if to count them is dear."""
        if not all(test.by_value for test in self._tests):
            return most + 1
        text, params = self.ids()
        found = database.one(f"SELECT count(*) FROM ({text} LIMIT {most + 1}) AS few", params)
        return int(found[0]) if found else 0


def planned(database: Database, probes: Sequence[Probe], *, walk: bool) -> tuple[str, list[Any], bool]:
    """The condition that ``t0.id`` is in all sets, its parameters, and whether few rows meet it.

    ``walk``: only the first rows are wanted, so that many need not be listed.
    """
    sizes = [probe.size(database, FEW) for probe in probes] if walk or len(probes) > 1 else [0]
    least = sizes.index(min(sizes))
    if walk and sizes[least] > FEW:
        parts = [probe.holds("t0.id") for probe in probes]
        return " AND ".join(f"({text})" for text, _ in parts), [v for _, values in parts for v in values], False
    text, params = probes[least].ids_also_in([probe for probe in probes if probe is not probes[least]])
    return f"t0.id IN ({text})", params, sizes[least] <= FEW
