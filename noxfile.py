"""Developer sessions: ``nox -l`` lists them, ``nox -s lint types`` runs two.

``sh tests/run`` needs nothing installed and runs all checks on one Python; nox is for single ones, and other Pythons.
"""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False
nox.needs_version = ">=2024.4"

PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13"]


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting."""
    session.install("ruff>=0.9")
    session.run("ruff", "check", ".", *session.posargs)
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Static types, strictly."""
    session.install("mypy>=1.11")
    session.run("mypy", "--strict", *session.posargs)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests; arguments go to pytest."""
    session.install("pytest>=8.2", "pytest-xdist>=3.5", "hypothesis>=6.100")
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def notebooks(session: nox.Session) -> None:
    """The tests of notebooks, in real kernels; without a network once Jupyter is installed."""
    session.install("pytest>=8.2", "pytest-xdist>=3.5", "hypothesis>=6.100")
    session.install("ipykernel>=6.4", "jupyter_server>=2", "nbclient>=0.7", "nbconvert>=6.5", "papermill>=2.4")
    tests = ["tests/tracking/test_notebooks.py", "tests/tracking/test_notebook_paths.py", "tests/capture"]
    session.run("pytest", "-n", "2", *(session.posargs or tests))


@nox.session
def oldest(session: nox.Session) -> None:
    """The tests of extras with the oldest versions of their libraries that pyproject.toml claims."""
    session.run("sh", "tests/oldest", *session.posargs, external=True)


@nox.session
def bench(session: nox.Session) -> None:
    """The benchmarks, on the plain interpreter."""
    session.run("python", "benchmarks/run.py", *session.posargs)


@nox.session
def old_sqlite(session: nox.Session) -> None:
    """The tests that touch the database, on SQLite 3.26.0 and 3.34.0, compiled here."""
    session.install("pytest>=8.2", "pytest-xdist>=3.5", "hypothesis>=6.100")
    session.run("sh", "tests/old_sqlite", f"{session.virtualenv.bin}/python", *session.posargs, external=True)
