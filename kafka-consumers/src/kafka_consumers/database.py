"""One connection to PostgreSQL, opened anew after each failure: the edge that turns its errors into ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings
from telemetry.timestamp import EPOCH, SECOND

T = TypeVar("T")
Connection = psycopg.Connection[Any]

_CONNECT_SECONDS = 3


class Database:
    """For one thread. What ``do`` runs either came through, or raised Unavailable."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._where = f"{settings.postgres_host}:{settings.postgres_port}"
        self._password_file = settings.postgres_password_file
        self._conninfo = make_conninfo(
            host=settings.postgres_host,
            port=settings.postgres_port,
            dbname=settings.postgres_database,
            user=settings.postgres_user,
            connect_timeout=_CONNECT_SECONDS,
            application_name=name,
            # A server that is there and does not answer must not hold the engine for ever.
            options="-c statement_timeout=30000",
            tcp_user_timeout=30_000,
        )
        self._connection: Connection | None = None

    def do(self, act: Callable[[Connection], T]) -> T:
        """Raises Unavailable while the server is away, Misconfigured for a password that is refused."""
        try:
            if self._connection is None:
                connection = psycopg.connect(self._conninfo, password=self._password(), autocommit=True)
                try:
                    self.connected(connection)
                except BaseException:
                    connection.close()
                    raise
                self._connection = connection
            return act(self._connection)
        except psycopg.errors.InvalidPassword as error:
            raise self._refused(error) from error
        except psycopg.OperationalError as error:
            with suppress(psycopg.Error):
                self.close()
            # libpq tells a refused password in words only.
            if "password authentication failed" in str(error):
                raise self._refused(error) from error
            words = " ".join(str(error).split())
            raise Unavailable(f"PostgreSQL at {self._where} does not answer ({words})") from error

    def connected(self, connection: Connection) -> None:
        """Called with each new connection before it is used."""

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _refused(self, error: Exception) -> Misconfigured:
        return Misconfigured(
            f"POSTGRES_PASSWORD_FILE ({self._password_file})", str(error).strip(), "its user's password"
        )

    def _password(self) -> str:
        try:
            return self._password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            expected = "a readable file; scripts/native/postgres.sh configure makes it"
            raise Misconfigured("settings: POSTGRES_PASSWORD_FILE", str(error), expected) from error


class SoleDatabase(Database):
    """Of an engine of which only one may work at a time; ``lock``: its number among ours, ``engine``: its name."""

    def __init__(self, settings: Settings, name: str, lock: int, engine: str) -> None:
        super().__init__(settings, name)
        self._lock = lock
        self._engine = engine
        self._alone = False

    def take_over(self) -> None:
        """From now on no other engine works, as long as this connection lives. Raises Unavailable while one does."""
        self._alone = True
        self.close()
        self.do(lambda _: None)

    def connected(self, connection: Connection) -> None:
        if not self._alone:
            return
        locked = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._lock,)).fetchone()
        if locked is None or not locked[0]:
            raise Unavailable(f"another {self._engine} works on this PostgreSQL: this one begins when that has ended")


def instant(microseconds: int) -> datetime:
    """As PostgreSQL takes it, exact to the microsecond."""
    seconds, fraction = divmod(microseconds, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=fraction)


def microseconds(at: datetime) -> int:
    """The inverse of :func:`instant`."""
    return (at - EPOCH) // timedelta(microseconds=1)
