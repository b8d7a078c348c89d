"""The clock: times are integer microseconds since 1970 in UTC."""

from __future__ import annotations

import time

from .. import errors
from ._typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from typing import Any

_epoch: Any = None  #: 1970 in UTC; made at the first use, as `datetime` is dear to load
_micro: Any = None  #: the time span of a microsecond


def now() -> int:
    """Microseconds since 1970-01-01 00:00 UTC."""
    return time.time_ns() // 1000


def monotonic() -> float:
    """Seconds on a clock that never goes back."""
    return time.monotonic()


def of_boot() -> int:
    """When the machine was started, where the system tells (Linux does): microseconds since 1970."""
    return (time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) // 1000


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


# -- ISO 8601, as Python's own parser reads it from 3.11 on; before that it knows one form only


def day_of(text: str) -> date:
    """The day of a text such as ``2026-01-31``, ``20260131`` or ``2026-W05-6``; `ValueError` for any other text.

    >>> day_of("20260131").isoformat()
    '2026-01-31'
    """
    day, rest = _split_day(text)
    if rest:
        raise ValueError(f"{rest!r} stands behind the day")
    return day


def moment_of(text: str) -> datetime:
    """The moment of a text such as ``2026-01-31T12:00:00.5+02:00`` or ``20260131T1200Z``; without a zone a naive one.

    What is shorter than a microsecond is dropped. `ValueError` for any other text.

    >>> moment_of("2026-01-31 12:00:00.5+0200").isoformat()
    '2026-01-31T12:00:00.500000+02:00'
    """
    from datetime import datetime, time, timedelta, timezone

    day, rest = _split_day(text)
    if rest[:1].isdigit():
        raise ValueError(f"{rest!r} stands behind the day")
    at = next((at for at, char in enumerate(rest) if at and char in "+-Z"), len(rest))
    moment = datetime.combine(day, time(*_parts(rest[1:at])) if rest else time())
    if at == len(rest):
        return moment
    if rest[at] == "Z":
        if rest[at:] != "Z":
            raise ValueError(f"{rest[at:]!r} is no zone")
        return moment.replace(tzinfo=timezone.utc)
    hours, minutes, seconds, micros = _parts(rest[at + 1 :])
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros)
    return moment.replace(tzinfo=timezone(-offset if rest[at] == "-" else offset))


def _split_day(text: str) -> tuple[date, str]:
    """The day with which a text begins, and what follows it."""
    from datetime import date

    dash = text[4:5] if text[4:5] == "-" else ""
    year, rest = _number(text[:4], 4), text[4 + len(dash) :]
    if rest[:1] == "W":
        week, rest = _number(rest[1:3], 2), rest[3:]
        if not rest.startswith(dash) or not rest[len(dash) : len(dash) + 1].isdigit():
            return date.fromisocalendar(year, week, 1), rest
        of_week, rest = rest[len(dash)], rest[len(dash) + 1 :]
        return date.fromisocalendar(year, week, _number(of_week, 1)), rest
    month, rest = _number(rest[:2], 2), rest[2:]
    if not rest.startswith(dash):
        raise ValueError(f"{text!r} mixes two ways to write a day")
    start = len(dash)
    return date(year, month, _number(rest[start : start + 2], 2)), rest[start + 2 :]


def _parts(text: str) -> tuple[int, int, int, int]:
    """Hours, minutes, seconds and microseconds of ``12:30:00.5``, ``123000,5``, ``12:30`` or ``12``."""
    whole, _, fraction = text.replace(",", ".").partition(".")
    parts = whole.split(":") if ":" in whole else [whole[at : at + 2] for at in range(0, len(whole) or 1, 2)]
    if len(parts) > 3 or (len(parts) < 3 and whole != text):
        raise ValueError(f"{text!r} is no time of day")
    hours, minutes, seconds = (_number(part, 2) for part in [*parts, "00", "00"][:3])
    micros = _number(fraction, len(fraction) or 1) if whole != text else 0
    return hours, minutes, seconds, int(f"{fraction:0<6}"[:6]) if micros else 0


def _number(digits: str, many: int) -> int:
    if len(digits) != many or not digits.isascii() or not digits.isdigit():
        raise ValueError(f"{digits!r} is no number of {many} digits")
    return int(digits)


def text(micros: int | None) -> str:
    """Seconds' precision, for people.

    >>> text(0)
    '1970-01-01 00:00:00 UTC'
    """
    return "" if micros is None else to_datetime(micros).strftime("%Y-%m-%d %H:%M:%S UTC")
