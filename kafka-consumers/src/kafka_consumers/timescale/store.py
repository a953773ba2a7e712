"""The connection that writes readings: a batch is one transaction, and each of PostgreSQL's errors gets its meaning."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar

import psycopg
from psycopg import errors

from kafka_consumers.database import Connection, Database, instant
from kafka_consumers.timescale import columns, tables
from kafka_consumers.timescale.columns import FIXED, IMPORTS, READINGS
from kafka_consumers.timescale.layout import Keep, Layout
from kafka_consumers.timescale.row import Row, lines
from telemetry.catalogue import Metric
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

logger = logging.getLogger(__name__)
T = TypeVar("T")

_FIXED = ", ".join(FIXED)
_LATEST = """INSERT INTO gpu_latest (gpu, time)
SELECT gpu, time FROM unnest(%s::text[], %s::timestamptz[]) AS newest (gpu, time) ORDER BY gpu
ON CONFLICT (gpu) DO UPDATE SET time = excluded.time WHERE excluded.time > gpu_latest.time"""
_OTHERS = """SELECT count(*) FROM staged AS s JOIN {table} AS m USING (gpu, time)
WHERE s.aside = {aside} AND (s.origin, s."row") <> (m.origin, m."row")"""
_UNFIT = (errors.DataError, errors.IntegrityError, errors.ProgramLimitExceeded, errors.StatementTooComplex)
_CHANGED = (errors.UndefinedTable, errors.UndefinedColumn, errors.CheckViolation, errors.InvalidSchemaName)
"""Somebody has changed our tables. (CheckViolation: no partition for these readings.)"""


class Unfit(Exception):
    """Something in the rows themselves is what PostgreSQL can never take."""


class Store(Database):
    """For one thread. Raises Unavailable, Misconfigured, or Unfit: nothing was stored then."""

    def __init__(self, settings: Settings, metrics: Mapping[str, Metric], name: str) -> None:
        super().__init__(settings, name)
        self._metrics = metrics
        self._keep = Keep(settings.postgres_readings_days, settings.postgres_aggregates_days)
        self._database = settings.postgres_database
        self._layout: Layout | None = None
        self._staged_in: Connection | None = None

    def connected(self, connection: Connection) -> None:
        # Statements differ by the columns that a batch has: to remember them would fill the server's memory.
        connection.prepare_threshold = None
        # A late batch may touch many compressed rows; TimescaleDB's own limit would refuse it for ever.
        connection.execute("SELECT set_config('timescaledb.max_tuples_decompressed_per_dml_transaction', '0', false)")
        connection.execute("SET timezone TO 'UTC'")

    def start(self) -> Layout:
        """The tables, as they must be. Raises Misconfigured where they cannot."""
        return self._meant(self._bring)

    def act(self, what: Callable[[Connection, Layout], T]) -> T:
        """``what`` on tables that are there."""

        def on(connection: Connection) -> T:
            return what(connection, self._layout or self._bring(connection))

        return self._meant(on)

    def write(self, rows: Sequence[Row]) -> None:
        """Stores all of ``rows``, those that are there already but once."""
        self.act(lambda connection, layout: self._write(connection, layout, rows))

    def _write(self, connection: Connection, layout: Layout, rows: Sequence[Row]) -> None:
        if self._staged_in is not connection:
            # Of this connection alone, never in the log of the server, and empty after each transaction.
            typed = f"aside boolean, moved boolean, {columns.of_reading(self._metrics)}"
            connection.execute(f"CREATE TEMP TABLE staged ({typed}) ON COMMIT DELETE ROWS".encode())
            self._staged_in = connection
        layout.prepare(connection, {row.time for row in rows if not row.aside})
        _store(connection, layout, rows)

    def _bring(self, connection: Connection) -> Layout:
        self._layout = tables.bring(connection, self._metrics, self._keep)
        return self._layout

    def _meant(self, act: Callable[[Connection], T]) -> T:
        """What ``Database.do`` knows of errors, and what is about our statements."""

        def judged(connection: Connection) -> T:
            try:
                return act(connection)
            except errors.InsufficientPrivilege as error:
                raise self._not_allowed(error) from error
            except _CHANGED as error:
                raise Unavailable(f"PostgreSQL: {_words(error)}: the tables are looked at again") from error
            except _UNFIT as error:
                raise Unfit(_words(error)) from error

        try:
            return self.do(judged)
        except Unavailable:
            if self._layout is not None:
                self._layout.forget()
            self._layout = None
            raise
        except (errors.InternalError, errors.InterfaceError) as error:
            # A standby that takes no writes, a transaction that is broken: a new connection may do.
            self._layout = None
            self.close()
            raise Unavailable(f"PostgreSQL: {_words(error)}") from error

    def _not_allowed(self, error: psycopg.Error) -> Misconfigured:
        return Misconfigured(
            "POSTGRES_USER", _words(error), f"a user who owns the tables of the database {self._database}"
        )


def _store(connection: Connection, layout: Layout, rows: Sequence[Row]) -> None:
    """Straight into the tables, which nearly always does; where one is there already, by way of ``staged``."""
    metrics = sorted({name for row in rows for name in row.metrics})
    young = [row for row in rows if not row.aside]
    if not any(row.moved for row in rows):
        with suppress(errors.UniqueViolation), connection.transaction():
            for table, part in ((READINGS, young), (IMPORTS, [row for row in rows if row.aside])):
                if part:
                    _copy(connection, f"{table} ({_named(metrics)})", lines(part, metrics))
            _note(connection, layout, young)
            return
    with connection.transaction():
        _copy(connection, f"staged (aside, moved, {_named(metrics)})", lines(rows, metrics, staged=True))
        _insert(connection, READINGS, _named(metrics), "NOT aside", len(young))
        # Old when it came, and still here from when it came first, young.
        young_once = f"EXISTS (SELECT FROM {READINGS} AS m WHERE (m.gpu, m.time) = (s.gpu, s.time))"
        _insert(connection, IMPORTS, _named(metrics), f"aside AND NOT (moved AND {young_once})", len(rows) - len(young))
        _note(connection, layout, young)


def _named(metrics: Sequence[str]) -> str:
    return f"{_FIXED}, {columns.quoted(metrics)}" if metrics else _FIXED


def _copy(connection: Connection, where: str, pieces: Iterable[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {where} FROM STDIN".encode()) as copy:
        for piece in pieces:
            copy.write(piece)


def _note(connection: Connection, layout: Layout, young: Sequence[Row]) -> None:
    newest: dict[str, int] = {}
    for row in young:
        newest[row.gpu] = max(row.time, newest.get(row.gpu, row.time))
    if newest:
        connection.execute(_LATEST, (list(newest), [instant(time) for time in newest.values()]))
        layout.stored(connection, young)


def _insert(connection: Connection, table: str, named: str, which: str, count: int) -> None:
    if not count:
        return
    statement = f"INSERT INTO {table} ({named}) SELECT {named} FROM staged AS s WHERE {which} ON CONFLICT DO NOTHING"
    if connection.execute(statement.encode()).rowcount == count:
        return
    others = connection.execute(_OTHERS.format(table=table, aside=table == IMPORTS).encode()).fetchone()
    if others is not None and others[0]:
        logger.warning("taken table=%s readings=%d: another reading has their time, and stays", table, others[0])


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
