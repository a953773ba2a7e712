"""PostgreSQL: state of the GPUs, positions in Kafka, alerts and their changes; together in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from kafka_consumers.alerts.alert import Alert, Change
from kafka_consumers.alerts.message import message_of
from kafka_consumers.alerts.migrate import migrate
from kafka_consumers.alerts.track import Track
from kafka_consumers.alerts.transaction import Partition, TrackKey, Transaction
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

logger = logging.getLogger(__name__)
T = TypeVar("T")

_CONNECT_SECONDS = 3
_SAVE_ALERT = """
INSERT INTO alerts (id, rule, gpu, host, source, model, mode, severity, metric, state, reason, started, fired, changed,
                    resolved, acknowledged_by, value, worst, threshold, message, action)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, reason = excluded.reason, changed = excluded.changed,
    resolved = excluded.resolved, acknowledged_by = excluded.acknowledged_by, value = excluded.value,
    worst = excluded.worst, threshold = excluded.threshold, message = excluded.message
"""
_SAVE_CHANGE = """
INSERT INTO changes (alert_id, state, time, message) VALUES (%s, %s, %s, %s)
ON CONFLICT (alert_id, state, time) DO NOTHING
"""
_SAVE_TRACK = """
INSERT INTO tracks (gpu, track, open_alerts, state) VALUES (%s, %s, %s, %s)
ON CONFLICT (gpu, track) DO UPDATE SET open_alerts = excluded.open_alerts, state = excluded.state
"""
# The condition is the lock: a second engine that has judged the same records meanwhile makes this change no row.
_MOVE = """
INSERT INTO positions (topic, partition, next_offset) VALUES (%s, %s, %s)
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset WHERE positions.next_offset = %s
"""


class Outgoing(NamedTuple):
    """A change on its way to the topic ``gpu-alerts``."""

    number: int
    gpu: str
    message: bytes


class Store:
    """One connection, opened anew after each failure. Every method may raise Unavailable: nothing was stored then."""

    def __init__(self, settings: Settings) -> None:
        self._where = f"{settings.postgres_host}:{settings.postgres_port}"
        self._password_file = settings.postgres_password_file
        self._conninfo = make_conninfo(
            host=settings.postgres_host,
            port=settings.postgres_port,
            dbname=settings.postgres_database,
            user=settings.postgres_user,
            connect_timeout=_CONNECT_SECONDS,
            application_name="gpustream-alerts",
            # A server that is there and does not answer must not hold the engine for ever.
            options="-c statement_timeout=30000",
            tcp_user_timeout=30_000,
        )
        self._connection: psycopg.Connection[Any] | None = None

    def start(self) -> None:
        """Bring the tables to this version. Raises Misconfigured for a password that is refused, or newer tables."""
        for name in self._do(migrate):
            logger.info("migrated name=%s", name)

    def positions(self) -> dict[Partition, int]:
        """How far each partition has been judged."""
        rows = self._do(lambda c: c.execute("SELECT topic, partition, next_offset FROM positions").fetchall())
        return {(topic, partition): at for topic, partition, at in rows}

    def tracks(self, keys: Collection[TrackKey]) -> dict[TrackKey, Track]:
        """Those of ``keys`` that are known."""
        gpus, names = [gpu for gpu, _ in keys], [name for _, name in keys]
        query = (
            "SELECT gpu, track, state FROM tracks"
            " JOIN unnest(%s::text[], %s::text[]) AS wanted (g, t) ON gpu = g AND track = t"
        )
        rows = self._do(lambda c: c.execute(query, (gpus, names)).fetchall())
        return {(gpu, name): Track.decode(bytes(state)) for gpu, name, state in rows}

    def commit(self, made: Transaction, judged_from: Mapping[Partition, int]) -> None:
        """All of ``made``, or nothing. Raises Unavailable where another engine has judged from the same positions."""
        self._do(lambda connection: self._commit(connection, made, judged_from))

    def _commit(
        self, connection: psycopg.Connection[Any], made: Transaction, judged_from: Mapping[Partition, int]
    ) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            for partition, after in made.positions.items():
                cursor.execute(_MOVE, (*partition, after, judged_from.get(partition, 0)))
                if cursor.rowcount != 1:
                    raise Unavailable(
                        f"another alert engine judges {partition[0]}/{partition[1]}: one of the two must end"
                    )
            cursor.executemany(_SAVE_TRACK, [_track_row(key, track) for key, track in made.tracks.items()])
            cursor.executemany(_SAVE_ALERT, [_alert_row(change.alert) for change in made.changes])
            cursor.executemany(_SAVE_CHANGE, [_change_row(change) for change in made.changes])

    def to_publish(self, most: int) -> list[Outgoing]:
        """The oldest changes that the topic does not have yet, in their order."""
        query = (
            "SELECT number, gpu, changes.message FROM changes JOIN alerts ON alerts.id = alert_id"
            " WHERE NOT published ORDER BY number LIMIT %s"
        )
        rows = self._do(lambda c: c.execute(query, (most,)).fetchall())
        return [Outgoing(number, gpu, bytes(message)) for number, gpu, message in rows]

    def published(self, sent: Iterable[Outgoing]) -> None:
        """Kafka has acknowledged these."""
        numbers = [each.number for each in sent]
        self._do(lambda c: c.execute("UPDATE changes SET published = true WHERE number = ANY(%s)", (numbers,)))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _do(self, act: Callable[[psycopg.Connection[Any]], T]) -> T:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._conninfo, password=self._password(), autocommit=True)
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


def _track_row(key: TrackKey, track: Track) -> tuple[object, ...]:
    return (*key, len(track.alerts), track.encode())


def _change_row(change: Change) -> tuple[object, ...]:
    alert = change.alert
    return alert.id, alert.state, _instant(alert.changed), message_of(change).encode()


def _alert_row(alert: Alert) -> tuple[object, ...]:
    return (
        alert.id,
        alert.rule,
        *(alert.subject.gpu, alert.subject.host, alert.subject.source, alert.subject.model),
        alert.mode,
        alert.severity,
        alert.metric,
        alert.state,
        alert.reason,
        _instant(alert.started),
        _instant(alert.fired if alert.fired is not None else alert.changed),
        _instant(alert.changed),
        _instant(alert.changed) if alert.state == "resolved" else None,
        alert.acknowledged_by,
        alert.value,
        alert.worst,
        alert.threshold,
        alert.message,
        alert.action,
    )


def _instant(microseconds: int) -> datetime:
    seconds, fraction = divmod(microseconds, SECOND)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=fraction)
