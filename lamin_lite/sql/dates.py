"""Parts of moments, such as ``started_at__year=2026``: by arithmetic on microseconds, the same on each database.

All parts are those of UTC. Years and dates become ranges, which an index answers.
"""

from __future__ import annotations

from .. import errors
from ..base import clock
from ..base._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    SQL = tuple[str, list[Any]]

PARTS = frozenset("year month day hour minute second week_day date".split())
PARTS_OF_DAYS = {"year": "1, 4", "month": "6, 2", "day": "9, 2", "date": "1, 10"}  #: where they stand in the text
LOOKUPS = frozenset("exact in gt gte lt lte range".split())
DAY = 86_400_000_000  #: microseconds
BEYOND = 10**5  #: what no part of any date is, in either direction
_EPOCH = 719_468  # days from 0000-03-01, where the count of the civil calendar begins, to 1970-01-01
_SIGNS = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def condition(name: str, column: str, part: str, lookup: str, value: object) -> SQL:
    """``column__part__lookup=value`` as SQL that is never NULL; `FieldError` for a value that is no such part."""
    title = f"{name}__{part}"
    values = [_checked(title, part, item) for item in _given(title, lookup, value)]
    if part in ("year", "date"):
        text, params = _ranges(column, lookup, [_edges(part, item) for item in values])
    else:
        text, params = _numbers(_EXPRESSIONS[part](column), lookup, values)
    return f"{column} IS NOT NULL AND ({text})", params


def together(lookups: dict[str, Any]) -> list[tuple[str, Any]]:
    """Lookups that must all hold, with ``x__year=2026`` and ``x__month=1`` as one range of days.

    Pairs, as the same bound may be among those that were given.

    >>> together({"x__year": 2026, "x__month": 1, "y": 2})
    [('y', 2), ('x__date__gte', datetime.date(2026, 1, 1)), ('x__date__lt', datetime.date(2026, 2, 1))]
    """
    rest, spans = dict(lookups), []
    for name in lookups:
        field, _, part = name.rpartition("__")
        year: Any = rest.get(name)
        month: Any = rest.get(f"{field}__month")
        if part == "year" and _is_whole(year, 1, 9998) and _is_whole(month, 1, 12):
            from datetime import date

            del rest[name], rest[f"{field}__month"]
            spans.append((f"{field}__date__gte", date(year, month, 1)))
            spans.append((f"{field}__date__lt", date(year + month // 12, month % 12 + 1, 1)))
    return [*rest.items(), *spans]


def _is_whole(value: Any, least: int, greatest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= greatest


def of_day(name: str, column: str, part: str, lookup: str, value: object) -> SQL:
    """The same for a day that is kept as ISO 8601 text."""
    title = f"{name}__{part}"
    values = [_checked(title, part, item) for item in _given(title, lookup, value)]
    expression = column if part == "date" else f"CAST(substr({column}, {PARTS_OF_DAYS[part]}) AS INTEGER)"
    kept = [value.isoformat() if part == "date" else value for value in values]
    text, params = _numbers(expression, lookup, kept)
    return f"{column} IS NOT NULL AND ({text})", params


def _given(title: str, lookup: str, value: Any) -> list[Any]:
    if lookup not in ("in", "range"):
        return [value]
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise errors.FieldError(f"{title}__{lookup} needs a list of values; got {value!r}.")
    values = list(value)
    if lookup == "range" and len(values) != 2:
        raise errors.FieldError(f"{title}__range needs the least and the greatest value; got {value!r}.")
    return values


def _checked(title: str, part: str, value: Any) -> Any:
    if part != "date":
        if isinstance(value, int) and not isinstance(value, bool):
            return min(max(value, -BEYOND), BEYOND)  # databases take no number of any size
        raise errors.FieldError(f"{title} needs a whole number; got {value!r}.")
    from datetime import date, datetime

    try:
        found = clock.day_of(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if isinstance(found, datetime) or not isinstance(found, date):
        raise errors.FieldError(f"{title} needs a date such as '2026-01-31'; got {value!r}.")
    return found


def _edges(part: str, value: Any) -> tuple[int, int]:
    """The first microsecond of a year or day, and the first one after it."""
    if part == "date":
        start = (value.toordinal() - 719_163) * DAY  # 719,163 is the ordinal of 1970-01-01
        return start, start + DAY
    return _new_year(value), _new_year(value + 1)


def _new_year(year: int) -> int:
    before = year - 1
    return (before * 365 + before // 4 - before // 100 + before // 400 - 719_162) * DAY


def _ranges(column: str, lookup: str, edges: list[tuple[int, int]]) -> SQL:
    if lookup in ("exact", "in"):
        text = " OR ".join(f"{column} >= ? AND {column} < ?" for _ in edges) or "1 = 0"
        return text, [edge for pair in edges for edge in pair]
    if lookup == "range":
        return f"{column} >= ? AND {column} < ?", [edges[0][0], edges[1][1]]
    start, after = edges[0]
    return f"{column} {'>=' if lookup in ('gt', 'gte') else '<'} ?", [after if lookup in ("gt", "lte") else start]


def _numbers(expression: str, lookup: str, values: list[Any]) -> SQL:
    if lookup == "in":
        return (f"{expression} IN ({', '.join('?' * len(values))})" if values else "1 = 0"), values
    if lookup == "range":
        return f"{expression} BETWEEN ? AND ?", values
    return f"{expression} {_SIGNS[lookup]} ?", values


def _days(column: str) -> str:
    """Days since 0000-03-01: never negative, so that division rounds down on each database."""
    return f"(({column} + {_EPOCH * DAY}) / {DAY})"


def _month_from_march(column: str) -> tuple[str, str]:
    """Day of the year that begins in March, and the month in it: the well-known count in eras of 400 years."""
    of_era = f"({_days(column)} % 146097)"
    year = f"(({of_era} - {of_era} / 1460 + {of_era} / 36524 - {of_era} / 146096) / 365)"
    of_year = f"({of_era} - (365 * {year} + {year} / 4 - {year} / 100))"
    return of_year, f"((5 * {of_year} + 2) / 153)"


def _month(column: str) -> str:
    return f"((({_month_from_march(column)[1]} + 2) % 12) + 1)"


def _day(column: str) -> str:
    of_year, month = _month_from_march(column)
    return f"({of_year} - (153 * {month} + 2) / 5 + 1)"


def _clock(size: int, many: int) -> Callable[[str], str]:
    return lambda column: f"((({column} + {_EPOCH * DAY}) / {size}) % {many})"


_EXPRESSIONS: dict[str, Callable[[str], str]] = {
    "month": _month,
    "day": _day,
    "week_day": lambda column: f"(({_days(column)} + 3) % 7 + 1)",  # 1 is Sunday
    "hour": _clock(3_600_000_000, 24),
    "minute": _clock(60_000_000, 60),
    "second": _clock(1_000_000, 60),
}
