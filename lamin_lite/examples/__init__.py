"""Example data, for documentation, tests and first steps: ``ln.examples.datasets.mini_immuno.get_dataset1()``."""

from __future__ import annotations

from . import datasets

__all__ = ["datasets"]
