"""Small tables that come with the package."""

from __future__ import annotations

from . import mini_immuno

__all__ = ["mini_immuno"]
