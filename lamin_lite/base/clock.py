"""The clock: times are integer microseconds since 1970 in UTC."""

from __future__ import annotations

import time

from .. import errors
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

_epoch: Any = None  #: 1970 in UTC; made at the first use, as `datetime` is dear to load
_micro: Any = None  #: the time span of a microsecond


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
    if _epoch is None:
        _load()
    moment: datetime = _epoch + _micro * micros
    return moment


def from_datetime(moment: datetime) -> int:
    """Microseconds of a datetime; one without a zone is local time, or UTC at the very ends of the calendar.

    They may lie up to a day beyond what a datetime in UTC can say.

    >>> from_datetime(to_datetime(1234567))
    1234567
    """
    if _epoch is None:
        _load()
    try:
        aware = moment if moment.tzinfo else moment.astimezone()
    except (ValueError, OverflowError, OSError):  # there is no such moment in UTC, or in the C library
        aware = moment.replace(tzinfo=_epoch.tzinfo)
    micros: int = (aware - _epoch) // _micro
    return micros


def in_utc(moment: datetime) -> datetime:
    """The same moment as a plain aware datetime in UTC; `InvalidArgument` where UTC is before year 1 or after 9999.

    >>> in_utc(to_datetime(0)).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    if _epoch is None:
        _load()
    if type(moment) is type(_epoch) and moment.tzinfo is _epoch.tzinfo:
        return moment
    try:
        return to_datetime(from_datetime(moment))
    except OverflowError:
        raise errors.InvalidArgument(
            f"{moment.isoformat()} lies before the year 1 or after 9999 in UTC, where there are no dates: take another moment."
        ) from None


def _load() -> None:
    global _epoch, _micro
    from datetime import datetime, timedelta, timezone

    _micro = timedelta(microseconds=1)
    _epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)


def text(micros: int | None) -> str:
    """Seconds' precision, for people.

    >>> text(0)
    '1970-01-01 00:00:00 UTC'
    """
    return "" if micros is None else to_datetime(micros).strftime("%Y-%m-%d %H:%M:%S UTC")
