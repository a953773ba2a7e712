"""PostgreSQL: state of the GPUs, positions in Kafka, alerts and their changes; together in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from kafka_consumers import text_column
from kafka_consumers.advisory_lock import AdvisoryLock
from kafka_consumers.alerts.alert import Alert, Change
from kafka_consumers.alerts.message import message_of
from kafka_consumers.alerts.track import Track
from kafka_consumers.alerts.transaction import Partition, Request, TrackKey, Transaction
from kafka_consumers.database import Connection, SoleDatabase, instant
from kafka_consumers.migrate import migrate
from kafka_consumers.positions import Positions
from telemetry.settings import Settings
from telemetry.timestamp import format_time

logger = logging.getLogger(__name__)

MIGRATIONS = ("kafka_consumers.alerts", "migrations")
"""The package whose tables these are, and the table that says which of its files were applied."""
_POSITIONS = Positions("positions", "alert engine")
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
# One statement for all, and each column one text (kafka_consumers/text_column.py).
_SAVE_TRACKS = """
INSERT INTO tracks (gpu, track, open_alerts, due, state)
SELECT gpu, track, open_alerts::integer, due::timestamptz, convert_to(state, 'UTF8')
FROM unnest(string_to_array(%(gpu)s, E'\\x1e'), string_to_array(%(track)s, E'\\x1e'),
            string_to_array(%(open_alerts)s, E'\\x1e'), string_to_array(%(due)s, E'\\x1e', ''),
            string_to_array(%(state)s, E'\\x1e')) AS saved (gpu, track, open_alerts, due, state)
ON CONFLICT (gpu, track) DO UPDATE SET open_alerts = excluded.open_alerts, due = excluded.due, state = excluded.state
"""
# The words of a request are kept beside all others about its alert.
_ANSWER = """
WITH answered AS (
    UPDATE requests SET done = now(), outcome = %s WHERE number = %s AND done IS NULL
    RETURNING alert_id, by_whom, at, comment
)
INSERT INTO comments (alert_id, by_whom, at, words)
SELECT alert_id, by_whom, at, comment FROM answered WHERE comment <> ''
"""


class Outgoing(NamedTuple):
    """A change on its way to the topic ``gpu-alerts``."""

    number: int
    gpu: str
    message: bytes


class Store(SoleDatabase):
    """What the engine knows. Every method may raise Unavailable: nothing was stored then."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "gpustream-alerts", AdvisoryLock.ALERT_ENGINE, "alert engine")

    def start(self) -> None:
        """Bring the tables to this version. Raises Misconfigured for a password that is refused, or newer tables."""
        for name in self.do(lambda c: migrate(c, *MIGRATIONS)):
            logger.info("migrated name=%s", name)

    def positions(self) -> dict[Partition, int]:
        """How far each partition has been judged."""
        return self.do(_POSITIONS.read)

    def tracks(self, keys: Collection[TrackKey]) -> dict[TrackKey, Track]:
        """Those of ``keys`` that are known."""
        gpus, names = [gpu for gpu, _ in keys], [name for _, name in keys]
        query = (
            "SELECT gpu, track, state FROM tracks"
            " JOIN unnest(%s::text[], %s::text[]) AS wanted (g, t) ON gpu = g AND track = t"
        )
        rows = self.do(lambda c: c.execute(query, (gpus, names)).fetchall())
        return _decoded(rows)

    def due(self, now: int) -> dict[TrackKey, Track]:
        """The tracks that time alone will have changed by ``now``; the longest overdue first, and not all at once."""
        query = "SELECT gpu, track, state FROM tracks WHERE due <= %s ORDER BY due LIMIT 1000"
        return _decoded(self.do(lambda c: c.execute(query, (instant(now),)).fetchall()))

    def watched(self) -> dict[TrackKey, Track]:
        """All tracks that time can change at all."""
        query = "SELECT gpu, track, state FROM tracks WHERE open_alerts > 0 OR due IS NOT NULL OR track = 'live'"
        return _decoded(self.do(lambda c: c.execute(query).fetchall()))

    def requests(self) -> list[Request]:
        """What people asked for and have no answer to, in their order."""
        query = "SELECT number, alert_id, action, by_whom FROM requests WHERE done IS NULL ORDER BY number LIMIT 500"
        return [Request(*row) for row in self.do(lambda c: c.execute(query).fetchall())]

    def tracks_of(self, alerts: Collection[str]) -> dict[TrackKey, Track]:
        """The tracks in which one of these alerts may be open."""
        query = (
            "SELECT gpu, track, state FROM tracks"
            " WHERE open_alerts > 0 AND gpu IN (SELECT gpu FROM alerts WHERE id = ANY(%s))"
        )
        return _decoded(self.do(lambda c: c.execute(query, (list(alerts),)).fetchall()))

    def commit(self, made: Transaction, judged_from: Mapping[Partition, int]) -> None:
        """All of ``made``, or nothing. Raises Unavailable where another engine has judged from the same positions."""
        self.do(lambda connection: self._commit(connection, made, judged_from))

    def _commit(self, connection: Connection, made: Transaction, judged_from: Mapping[Partition, int]) -> None:
        # Everything is on its way before the first answer is waited for.
        with connection.pipeline() as pipeline, connection.transaction(), connection.cursor() as cursor:
            moved = _POSITIONS.move(connection, made.positions, judged_from) if made.positions else None
            if made.tracks:
                connection.execute(_SAVE_TRACKS, _columns(made))
            if made.changes:
                cursor.executemany(_SAVE_ALERT, [_alert_row(change.alert) for change in made.changes])
                cursor.executemany(_SAVE_CHANGE, [_change_row(change) for change in made.changes])
            if made.answers:
                cursor.executemany(_ANSWER, [(outcome, number) for number, outcome in made.answers.items()])
            pipeline.sync()
            if moved is not None:
                _POSITIONS.check(moved, made.positions)

    def to_publish(self, most: int) -> list[Outgoing]:
        """The oldest changes that the topic does not have yet, in their order."""
        query = (
            "SELECT number, gpu, changes.message FROM changes JOIN alerts ON alerts.id = alert_id"
            " WHERE NOT published ORDER BY number LIMIT %s"
        )
        rows = self.do(lambda c: c.execute(query, (most,)).fetchall())
        return [Outgoing(number, gpu, bytes(message)) for number, gpu, message in rows]

    def published(self, sent: Iterable[Outgoing]) -> None:
        """Kafka has acknowledged these."""
        numbers = [each.number for each in sent]
        self.do(lambda c: c.execute("UPDATE changes SET published = true WHERE number = ANY(%s)", (numbers,)))


def _columns(made: Transaction) -> dict[str, str]:
    """The tracks, a text per column."""
    due = (made.due.get(key) for key in made.tracks)
    return {
        "gpu": text_column.of(gpu for gpu, _ in made.tracks),
        "track": text_column.of(name for _, name in made.tracks),
        "open_alerts": text_column.of(str(_open(track)) for track in made.tracks.values()),
        "due": text_column.of("" if at is None else format_time(at) for at in due),
        "state": text_column.of(track.encode().decode() for track in made.tracks.values()),
    }


def _open(track: Track) -> int:
    return sum(alert.fired is not None for alert in track.alerts.values())


def _decoded(rows: Iterable[tuple[str, str, bytes]]) -> dict[TrackKey, Track]:
    return {(gpu, name): Track.decode(bytes(state)) for gpu, name, state in rows}


def _change_row(change: Change) -> tuple[object, ...]:
    alert = change.alert
    return alert.id, alert.state, instant(alert.changed), message_of(change).encode()


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
        instant(alert.started),
        instant(alert.fired if alert.fired is not None else alert.changed),
        instant(alert.changed),
        instant(alert.changed) if alert.state == "resolved" else None,
        alert.acknowledged_by,
        alert.value,
        alert.worst,
        alert.threshold,
        alert.message,
        alert.action,
    )
