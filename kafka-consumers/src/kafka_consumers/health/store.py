"""PostgreSQL: what is known of each GPU, positions in Kafka, scores, events; together in one transaction."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import partial
from typing import NamedTuple

from kafka_consumers import text_column
from kafka_consumers.advisory_lock import AdvisoryLock
from kafka_consumers.batch import Partition
from kafka_consumers.database import Connection, SoleDatabase, instant
from kafka_consumers.health.track import Track
from kafka_consumers.health.transaction import TrackKey, Transaction
from kafka_consumers.migrate import migrate
from kafka_consumers.positions import Positions
from telemetry import topics
from telemetry.health import Decision, FailurePrediction, HealthScore
from telemetry.messages import GpuEvent
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time, parse_time

logger = logging.getLogger(__name__)

MIGRATIONS = ("kafka_consumers.health", "gpu_health_migrations")
"""The package whose tables these are, and the table that says which of its files were applied."""
_POSITIONS = Positions("gpu_health_positions", "health engine")
_DAY = 86_400 * SECOND
_SAVE_TRACKS = """
INSERT INTO gpu_health_tracks (gpu, track, arrived, is_open, state)
SELECT gpu, track, arrived::timestamptz, is_open::boolean, convert_to(state, 'UTF8')
FROM unnest(string_to_array(%(gpu)s, E'\\x1e'), string_to_array(%(track)s, E'\\x1e'),
            string_to_array(%(arrived)s, E'\\x1e'), string_to_array(%(is_open)s, E'\\x1e'),
            string_to_array(%(state)s, E'\\x1e')) AS saved (gpu, track, arrived, is_open, state)
ON CONFLICT (gpu, track) DO UPDATE SET arrived = excluded.arrived, is_open = excluded.is_open, state = excluded.state
"""
_SAVE_SCORE = """
INSERT INTO gpu_health_scores (gpu, time, host, mode, score, components, reasons, version)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (gpu, time) DO UPDATE SET host = excluded.host, mode = excluded.mode, score = excluded.score,
    components = excluded.components, reasons = excluded.reasons, version = excluded.version
"""
# The highest count is the right one, of equal ones the latest end: however often and in which order it comes.
_SAVE_EVENT = """
INSERT INTO gpu_events AS e (id, kind, number, host, device, gpu, source, mode, name, action, severity, text,
                             first, last, count)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET gpu = excluded.gpu, name = excluded.name, action = excluded.action,
    severity = excluded.severity, text = excluded.text, last = excluded.last, count = excluded.count
WHERE (excluded.count, excluded.last) >= (e.count, e.last)
"""
_SAVE_PREDICTION = """
INSERT INTO gpu_failure_predictions (gpu, time, host, mode, horizon_hours, probability, model_version, reasons)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (gpu, time, horizon_hours) DO UPDATE SET host = excluded.host, mode = excluded.mode,
    probability = excluded.probability, model_version = excluded.model_version, reasons = excluded.reasons
"""
_SAVE_DECISION = """
INSERT INTO gpu_decisions (gpu, time, host, mode, action, yearly_cost, currency, reasons, flips, version)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (gpu, time) DO UPDATE SET host = excluded.host, mode = excluded.mode, action = excluded.action,
    yearly_cost = excluded.yearly_cost, currency = excluded.currency, reasons = excluded.reasons,
    flips = excluded.flips, version = excluded.version
"""
_TELL = "INSERT INTO gpu_health_outbox (topic, key, message) VALUES (%s, %s, %s)"
# Not all at once: whoever writes meanwhile waits for no long transaction.
_EXPIRE = "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {old} LIMIT {most}))"
_EXPIRE_MOST = 20_000


class Outgoing(NamedTuple):
    """A message that Kafka has not acknowledged."""

    number: int
    topic: str
    key: str
    message: bytes


class Store(SoleDatabase):
    """What the engine knows. Every method may raise Unavailable: nothing was stored then."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "gpustream-health", AdvisoryLock.HEALTH_ENGINE, "health engine")
        kept = settings.health_scores_days * _DAY
        long = settings.health_events_days * _DAY
        # By its own time, but imports stay, and a track goes when nothing came for so long.
        self._expiring = (
            ("gpu_health_scores", "time < %s AND mode <> 'import'", kept),
            ("gpu_health_tracks", "arrived < %s", kept),
            ("gpu_events", "last < %s AND mode <> 'import'", long),
            ("gpu_failure_predictions", "time < %s", long),
            ("gpu_decisions", "time < %s", long),
        )

    def start(self) -> None:
        """Bring the tables to this version. Raises Misconfigured for a password that is refused, or newer tables."""
        for name in self.do(lambda c: migrate(c, *MIGRATIONS)):
            logger.info("migrated name=%s", name)

    def positions(self) -> dict[Partition, int]:
        """How far each partition has been judged."""
        return self.do(_POSITIONS.read)

    def all_tracks(self) -> dict[TrackKey, Track]:
        """Of every GPU, and of imported logs those whose last minute is still open."""
        query = "SELECT gpu, track, state FROM gpu_health_tracks WHERE is_open OR track NOT LIKE 'import/%'"
        return _decoded(self.do(lambda c: c.execute(query).fetchall()))

    def tracks(self, keys: Collection[TrackKey]) -> dict[TrackKey, Track]:
        """Those of ``keys`` that are known."""
        query = (
            "SELECT gpu, track, state FROM gpu_health_tracks"
            " JOIN unnest(%s::text[], %s::text[]) AS wanted (g, t) ON gpu = g AND track = t"
        )
        given = ([gpu for gpu, _ in keys], [name for _, name in keys])
        return _decoded(self.do(lambda c: c.execute(query, given).fetchall()))

    def commit(self, made: Transaction, judged_from: dict[Partition, int]) -> None:
        """All of ``made``, or nothing. Raises Unavailable where another engine has judged from the same positions."""
        self.do(lambda connection: _commit(connection, made, judged_from))

    def to_publish(self, most: int) -> list[Outgoing]:
        """The oldest messages that the topics do not have yet, in their order."""
        query = "SELECT number, topic, key, message FROM gpu_health_outbox ORDER BY number LIMIT %s"
        rows = self.do(lambda c: c.execute(query, (most,)).fetchall())
        return [Outgoing(number, topic, key, bytes(message)) for number, topic, key, message in rows]

    def published(self, sent: Iterable[Outgoing]) -> None:
        """Kafka has acknowledged these."""
        numbers = [each.number for each in sent]
        self.do(lambda c: c.execute("DELETE FROM gpu_health_outbox WHERE number = ANY(%s)", (numbers,)))

    def expire(self, now: int) -> int:
        """Rows that are too old leave, some of them; how many did."""
        gone = 0
        for table, old, kept in self._expiring:
            query = _EXPIRE.format(table=table, old=old, most=_EXPIRE_MOST).encode()
            gone += self.do(partial(_rows_changed, query=query, parameter=instant(now - kept)))
        return gone


def _rows_changed(connection: Connection, query: bytes, parameter: datetime) -> int:
    return connection.execute(query, (parameter,)).rowcount


def _commit(connection: Connection, made: Transaction, judged_from: dict[Partition, int]) -> None:
    # Everything is on its way before the first answer is waited for.
    with connection.pipeline() as pipeline, connection.transaction(), connection.cursor() as cursor:
        moved = _POSITIONS.move(connection, made.positions, judged_from) if made.positions else None
        if made.tracks:
            connection.execute(_SAVE_TRACKS, _columns(made))
        for statement, rows in (
            (_SAVE_SCORE, [_score_row(each) for each in made.scores.values()]),
            (_SAVE_EVENT, [_event_row(each) for each in (*made.heard.values(), *made.events.values())]),
            (_SAVE_PREDICTION, [_prediction_row(each) for each in made.predictions.values()]),
            (_SAVE_DECISION, [_decision_row(each) for each in made.decisions.values()]),
            (_TELL, [*_messages(made)]),
        ):
            if rows:
                cursor.executemany(statement, rows)
        pipeline.sync()
        if moved is not None:
            _POSITIONS.check(moved, made.positions)


def _messages(made: Transaction) -> Iterable[tuple[str, str, bytes]]:
    for event in made.events.values():
        yield topics.GPU_EVENTS, f"{event.host}/{event.device}", event.encode()
    for score in made.scores.values():
        yield topics.GPU_HEALTH, score.gpu, score.encode()


def _columns(made: Transaction) -> dict[str, str]:
    """The tracks, a text per column."""
    return {
        "gpu": text_column.of(gpu for gpu, _ in made.tracks),
        "track": text_column.of(name for _, name in made.tracks),
        "arrived": text_column.of(format_time(track.arrived) for track in made.tracks.values()),
        "is_open": text_column.of(str(track.is_open) for track in made.tracks.values()),
        "state": text_column.of(track.encode().decode() for track in made.tracks.values()),
    }


def _decoded(rows: Iterable[tuple[str, str, bytes]]) -> dict[TrackKey, Track]:
    return {(gpu, name): Track.decode(bytes(state)) for gpu, name, state in rows}


def _score_row(score: HealthScore) -> tuple[object, ...]:
    reasons = json.dumps([each.model_dump() for each in score.reasons])
    return (
        *(score.gpu, instant(parse_time(score.time)), score.host, score.mode, score.score),
        *(json.dumps(score.components), reasons, score.version),
    )


def _event_row(event: GpuEvent) -> tuple[object, ...]:
    return (
        *(event.id, event.kind, event.number, event.host, event.device, event.gpu, event.source, event.mode),
        *(event.name, event.action, event.severity, event.text),
        *(instant(parse_time(event.first)), instant(parse_time(event.last)), event.count),
    )


def _prediction_row(told: FailurePrediction) -> tuple[object, ...]:
    return (
        *(told.gpu, instant(parse_time(told.time)), told.host, told.mode, told.horizon_hours, told.probability),
        *(told.model_version, json.dumps(told.reasons)),
    )


def _decision_row(told: Decision) -> tuple[object, ...]:
    return (
        *(told.gpu, instant(parse_time(told.time)), told.host, told.mode, told.action),
        *(json.dumps(told.yearly_cost), told.currency, json.dumps(told.reasons), json.dumps(told.flips), told.version),
    )
