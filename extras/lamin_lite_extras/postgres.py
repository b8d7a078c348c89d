"""Databases on a PostgreSQL server, by psycopg 3.

Only what needs the driver: connections, streams, and telling its errors from others. Where the server is, who asks
and with which password comes from libpq's usual places: the URL, ``PGHOST``, ``PGUSER``, ``~/.pgpass``, ``PGSERVICE``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONNECT_TIMEOUT = 10  #: seconds that a server has to answer
ROWS = 200  #: rows that come at once where they are streamed


class Driver:
    """Connects to the server at a URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self) -> psycopg.Connection[Any]:
        """A connection that commits each statement."""
        return psycopg.connect(
            self.url,
            autocommit=True,
            prepare_threshold=None,  # a plan for any value takes the wrong index where the values tell which is right
            client_encoding="utf8",
            connect_timeout=CONNECT_TIMEOUT,
            fallback_application_name="lamin_lite",
        )

    def encoding(self, connection: psycopg.Connection[Any]) -> str | None:
        """The encoding of the database, as the server told it when the connection was made."""
        told: str | None = connection.info.parameter_status("server_encoding")
        return told

    def state(self, error: BaseException) -> tuple[str, str] | None:
        """SQLSTATE and message of an error of psycopg; None for others. Class 08: nobody answered; 22000: not sent."""
        if not isinstance(error, psycopg.Error):
            return None
        text = " ".join((error.diag.message_primary or str(error)).split()).rstrip(".")
        if error.sqlstate is not None:
            return error.sqlstate, text
        if isinstance(error, (psycopg.DataError, psycopg.ProgrammingError)):
            return "22000", text  # a value is of a type that is not known, or the URL cannot be read
        return _state_of_refusal(text), text

    def stream(self, connection: psycopg.Connection[Any], sql: Any, params: Sequence[object]) -> Iterator[Any]:
        """The rows of a query one after the other, as they arrive."""
        with connection.transaction(), connection.cursor("rows") as cursor:
            cursor.itersize = ROWS
            yield from cursor.execute(sql, params)


def _state_of_refusal(text: str) -> str:
    """A connection that fails has no SQLSTATE in libpq, only words."""
    words = {"password": "28P01", "authentication": "28000", "role": "28000", "database": "3D000"}
    refused = "FATAL" in text or "fe_sendauth" in text
    found = (state for word, state in words.items() if refused and word in text)
    return next(found, "08001")


def open_database(url: str, options: dict[str, Any]) -> Driver:  # noqa: ARG001 - the shape of all factories
    """What the core needs to use the database at a URL."""
    return Driver(url)


def register(ext: Any) -> None:
    """Answer to ``postgresql://`` and ``postgres://``."""
    ext.register_database("postgresql", open_database)
    ext.register_database("postgres", open_database)
