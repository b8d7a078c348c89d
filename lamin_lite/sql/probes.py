"""Sets of rows that an index knows, and how a query goes about them.

Such a set can be listed, or asked for one row. A query that has several lists the smallest one and asks the others;
where each is large, it walks in the order that is wanted and asks all.
"""

from __future__ import annotations

from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Union

    from .database import Database

    SQL = tuple[str, list[Any]]

ASKED = " LIMIT 1 OFFSET 0"  #: has PostgreSQL ask row by row, in their order, and not join and sort all
FEW = 3_000  #: rows of a set that is listed rather than asked


class Test:
    """A condition on the rows of an index at some keys.

    ``by_value``: an index leads from it to the rows. ``in_order``: to each owner once, in the order of their ids.
    """

    __slots__ = ("by_value", "in_order", "params", "text")

    def __init__(self, text: str, params: list[Any], *, by_value: bool = False, in_order: bool = False) -> None:
        self.text = text
        self.params = params
        self.by_value = by_value or in_order
        self.in_order = in_order


class Probe:
    """The owners for which one of several tests holds at one of some keys, or that are in a list.

    ``through``: the table of the index. ``key``: its column that tells what a row is about; ``asked``: how it is
    written to find the rows of one owner, if not so.
    """

    __slots__ = ("_asked", "_key", "_keys", "_lists", "_tests", "_through")

    def __init__(
        self,
        through: str,
        keys: Sequence[Union[str, int]],
        tests: Iterable[Test],
        lists: Sequence[str] = (),
        *,
        key: str = "path",
        asked: str = "",
    ) -> None:
        self._through = through
        self._keys = list(keys)
        self._tests = list(tests)
        self._lists = list(lists)
        self._key = f"p.{key}"
        self._asked = asked or key

    @property
    def in_order(self) -> bool:
        """Whether an index gives each owner once, in the order of their ids: one can stop after the first ones."""
        return len(self._keys) == len(self._tests) == 1 and not self._lists and self._tests[0].in_order

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
            texts.append(f"SELECT p.owner_id FROM {self._through} p WHERE {self._at(self._key)} AND {test.text}{more}")
            params += [*self._keys, *test.params, *values]
        for one in self._lists:
            texts.append(f"SELECT p.owner_id FROM ({one}) p WHERE 1 = 1{more}")
            params += values
        return " UNION ALL ".join(texts) or "SELECT 0 WHERE 1 = 0", params

    def holds(self, column: str) -> SQL:
        """The condition that the row whose id is in a column is one of them, for few rows."""
        texts, params = [], []
        for test in self._tests:
            at = self._at(self._asked)
            texts.append(
                f"EXISTS (SELECT 1 FROM {self._through} WHERE owner_id = {column} AND {at} AND {test.text}{ASKED})"
            )
            params += [*self._keys, *test.params]
        texts += [f"{column} IN ({one})" for one in self._lists]
        return " OR ".join(texts) or "1 = 0", params

    def _at(self, column: str) -> str:
        return f"{column} = ?" if len(self._keys) == 1 else f"{column} IN ({', '.join('?' * len(self._keys))})"

    def size(self, database: Database, most: int) -> int:
        """How many there are; one more than ``most`` if there are more, or if to count them is dear."""
        if not all(test.by_value for test in self._tests):
            return most + 1
        text, params = self.ids()
        return counted(database, (f"{text} ORDER BY p.owner_id" if self.in_order else text, params), most)


def counted(database: Database, ids: SQL, most: int) -> int:
    """How many ids a select gives; one more than ``most`` if there are more."""
    found = database.one(f"SELECT count(*) FROM ({ids[0]} LIMIT {most + 1}) AS few", ids[1])
    return int(found[0]) if found else 0


class Plan:
    """How a query goes about its sets.

    ``driver``: the select that gives the ids of the rows, each once, if they are to be read in its order; else ``text``
    is a condition on ``t0.id``. ``few``: whether few rows meet it.
    """

    __slots__ = ("driver", "few", "params", "text")

    def __init__(self, sql: SQL, *, few: bool, drives: bool = False) -> None:
        self.text, self.params = sql
        self.driver = self.text if drives else ""
        self.few = few


def planned(database: Database, probes: Sequence[Probe], *, walk: bool, by_id: bool, alone: bool) -> Plan:
    """How to find the rows that are in all sets.

    ``walk``: only the first rows are wanted, so that many need not be listed. ``by_id``: in the order of their ids.
    ``alone``: nothing else is asked, which another index might answer better.
    """
    driving = [alone and probe.in_order for probe in probes]
    counted = len(probes) > 1 or (walk and not (by_id and driving[0]))
    sizes = [probe.size(database, FEW) for probe in probes] if counted else [0]
    least = min(range(len(probes)), key=lambda at: (sizes[at], not driving[at]))
    few, drives = sizes[least] <= FEW, driving[least]
    if walk and not few and not (by_id and drives):
        parts = [probe.holds("t0.id") for probe in probes]
        condition = " AND ".join(f"({text})" for text, _ in parts)
        return Plan((condition, [value for _, values in parts for value in values]), few=False)
    text, params = probes[least].ids_also_in([probe for probe in probes if probe is not probes[least]])
    return Plan((text if drives else f"t0.id IN ({text})", params), few=few, drives=drives)
