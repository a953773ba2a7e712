"""One small pool of connections to PostgreSQL; errors as the contracts have them."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from dashboard.stores.away import Away
from telemetry.errors import Misconfigured
from telemetry.settings import Settings

STORE = "PostgreSQL"
Row = dict[str, Any]
_CONNECT_SECONDS = 3
_KEPT = 4
"""Connections that stay open between questions."""


class Postgres:
    """Threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._where = f"{settings.postgres_host}:{settings.postgres_port}"
        self._password_file = settings.postgres_password_file
        self._conninfo = make_conninfo(
            host=settings.postgres_host,
            port=settings.postgres_port,
            dbname=settings.postgres_database,
            user=settings.postgres_user,
            connect_timeout=_CONNECT_SECONDS,
            application_name="gpustream-console",
            options="-c statement_timeout=15000",
            tcp_user_timeout=15_000,
        )
        self._idle: queue.LifoQueue[psycopg.Connection[Row]] = queue.LifoQueue(_KEPT)

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Row]]:
        """Each statement by itself, or within ``connection.transaction()``. Raises Away."""
        connection: psycopg.Connection[Row] | None = None
        try:
            connection = self._take()
            yield connection
        except psycopg.errors.UndefinedTable as error:
            raise Away(STORE, "its tables are not made yet: who writes them makes them when it starts") from error
        except psycopg.OperationalError as error:
            words = " ".join(str(error).split())
            if "password authentication failed" in words:
                raise Misconfigured(f"POSTGRES_PASSWORD_FILE ({self._password_file})", words, "its password") from error
            raise Away(STORE, f"{self._where} does not answer ({words[:200]})") from error
        finally:
            if connection is not None:
                self._give(connection)

    def close(self) -> None:
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _take(self) -> psycopg.Connection[Row]:
        with suppress(queue.Empty):
            while True:
                kept = self._idle.get_nowait()
                with suppress(psycopg.Error):
                    # A server that was restarted has closed it; and nobody can tell without asking.
                    kept.execute("SELECT 1")
                    return kept
                kept.close()
        return psycopg.connect(self._conninfo, password=self._password(), autocommit=True, row_factory=dict_row)

    def _give(self, connection: psycopg.Connection[Row]) -> None:
        if connection.closed or connection.broken:
            return
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()

    def _password(self) -> str:
        try:
            return self._password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            expected = "a readable file; ./start.sh makes it"
            raise Misconfigured("POSTGRES_PASSWORD_FILE", str(error), expected) from error


def storable(text: str) -> str:
    """PostgreSQL keeps every character but one, and no half of a pair."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode().strip()
