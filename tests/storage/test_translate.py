"""Errors of the system, translated at the border."""

from __future__ import annotations

import gc
import weakref

import pytest

from lamin_lite import errors
from lamin_lite.storage.translate import translating


class Held:
    """Something that a frame holds, as a connection."""


def failing(seen):
    held = Held()
    seen.append(weakref.ref(held))
    with translating("read", "nothing"):
        open("nothing-like-it")  # noqa: SIM115


def test_a_translated_error_keeps_nothing_open_once_it_is_handled():
    seen = []
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(errors.MissingFile):
            failing(seen)
        try:
            failing(seen)
        except errors.MissingFile:
            pass
        assert seen[-1]() is None
    finally:
        gc.enable()
