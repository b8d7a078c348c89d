"""Texts of ISO 8601 mean the same with each version of Python."""

from __future__ import annotations

import sys
from datetime import date, datetime

import pytest

from lamin_lite.base import clock

DAYS = ["2026-01-31", "20260131", "2024-02-29", "2026-W05-6", "2026W056", "2026-W05", "0001-01-01", "9999-12-31"]
TIMES = [
    "12",
    "12:30",
    "1230",
    "12:30:15",
    "123015",
    "12:30:15.5",
    "12:30:15,25",
    "123015.123456789",
    "00:00:00.000001",
]
ZONES = ["", "Z", "+02", "+0200", "+02:00", "-05:30", "+00:00", "+01:02:03.5"]


def test_any_form_is_read():
    assert clock.day_of("20260131") == date(2026, 1, 31)
    assert clock.day_of("2026-W05-6") == date(2026, 1, 31)
    for text in ("2026-01-31T12:00:00.5+02:00", "20260131T120000.5+0200", "2026-W05-6 10:00:00,500000000Z"):
        assert clock.moment_of(text).isoformat() in (
            "2026-01-31T12:00:00.500000+02:00",
            "2026-01-31T10:00:00.500000+00:00",
        )
    assert clock.moment_of("2026-01-31").isoformat() == "2026-01-31T00:00:00"
    assert clock.moment_of("2026-01-31T12:00:00.0123456789").microsecond == 12345


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before 3.11 Python knows one form only")
def test_each_means_what_python_takes_it_for():
    for day in DAYS:
        assert clock.day_of(day) == date.fromisoformat(day)
        for rest in ("", *(f"{sign}{time}{zone}" for sign in "T " for time in TIMES for zone in ZONES)):
            moment = clock.moment_of(day + rest)
            assert moment.isoformat() == datetime.fromisoformat(day + rest).isoformat(), day + rest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-1-31",
        "2026-0131",
        "202601-31",
        "2026-02-29",
        "2026-W54-1",
        "2026-W05-8",
        "\u0662026-01-31",
        "31.01.2026",
        " 2026-01-31",
        "2026-01-31T",
        "2026-01-3112:00",
        "2026-01-31T24:00",
        "2026-01-31T1:00",
        "2026-01-31T12:00:",
        "2026-01-31T12:00:00.",
        "2026-01-31T12.5",
        "2026-01-31T12:00Z0",
        "2026-01-31T12:00z",
        "2026-01-31T12:00+2",
        "2026-01-31T12:00+25:00",
    ],
)
def test_what_is_none_is_refused(text):
    with pytest.raises(ValueError):
        clock.moment_of(text)
