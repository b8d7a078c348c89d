"""Parsers that tell what is wrong as an exception, so that all words take one way out."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from .program import Usage


class Parser(argparse.ArgumentParser):
    """A parser without abbreviated options, which would change their meaning when new ones come."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise `Usage` instead of printing and ending the process."""
        raise Usage(message, self)
