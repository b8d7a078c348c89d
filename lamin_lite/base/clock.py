"""The clock: times are integer microseconds since 1970 in UTC."""

from __future__ import annotations

import time

from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def now() -> int:
    """Microseconds since 1970-01-01 00:00 UTC."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Seconds on a clock that never goes back."""
    return time.monotonic()


def to_datetime(micros: int) -> datetime:
    """The moment as an aware datetime in UTC.

    >>> to_datetime(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micros)


def from_datetime(moment: datetime) -> int:
    """Microseconds of a datetime; one without a zone is local time.

    >>> from_datetime(to_datetime(1234567))
    1234567
    """
    from datetime import datetime, timedelta, timezone

    aware = moment if moment.tzinfo else moment.astimezone()
    return (aware - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def text(micros: int | None) -> str:
    """Seconds' precision, for people.

    >>> text(0)
    '1970-01-01 00:00:00 UTC'
    """
    return "" if micros is None else to_datetime(micros).strftime("%Y-%m-%d %H:%M:%S UTC")
