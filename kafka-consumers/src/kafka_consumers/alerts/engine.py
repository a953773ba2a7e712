"""The alert engine as a sink of the loop: records -> tracks -> store -> the topic ``gpu-alerts``.

What the store holds moves in one transaction with the position in Kafka, so a kill at any point changes no row. The
topic is fed from the store: a change is there at least once, and twice with equal content after a kill in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.known_tracks import KnownTracks
from kafka_consumers.alerts.store import Store
from kafka_consumers.alerts.transaction import (
    Arrival,
    Partition,
    Transaction,
    answer,
    judge_batch,
    keys_of,
    look_around,
    tick_all,
)
from kafka_consumers.publisher import Publisher
from kafka_consumers.remade_topics import Ends, judged_so_far
from kafka_consumers.sink import Record, Refusal
from kafka_consumers.storable import storable
from telemetry import reading, topics
from telemetry.clock import Clock
from telemetry.errors import Rejected, Unavailable
from telemetry.messages import PAYLOAD_LIMIT, Anomaly
from telemetry.reading import FUTURE_TOLERANCE, GPU_NAME
from telemetry.timestamp import SECOND, format_time, parse_time

_PUBLISHED_AT_ONCE = 500
_ANSWER_EVERY = SECOND // 2
_PAUSE = 10 * SECOND


class Companion(Protocol):
    """Who tells people; see ``Notifier`` and ``Postman``."""

    def start(self) -> None: ...

    def wake(self) -> None: ...

    def close(self) -> None: ...


class Engine:
    """A sink whose store remembers by itself how far it has judged."""

    topics: Final = (topics.GPU_METRICS, topics.GPU_ANOMALIES)

    def __init__(
        self,
        judge: Judge,
        store: Store,
        publisher: Publisher,
        clock: Clock,
        resume: int,
        ends: Ends,
    ) -> None:
        """``resume``: after a start, or a pause as long, time alone raises nothing for so long (microseconds)."""
        self._ends = ends
        self._judge = judge
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._resume = resume
        self.companions: tuple[Companion, ...] = ()
        """They begin once no other engine works, and are woken when alerts have changed."""
        self._positions: dict[Partition, int] | None = None
        self._known = KnownTracks(store.tracks)
        self._answered = 0
        self._ticked: int | None = None
        self._watching_from = 0
        self._looked_around = False
        self._to_publish = True

    def start(self) -> None:
        self._store.start()
        self._store.take_over()
        self._positions = self._store.positions()
        self._publisher.open()
        for each in self.companions:
            each.start()

    def is_current(self) -> bool:
        """Whether the alerts are as of now: no backlog is being judged."""
        ticked = self._ticked
        return ticked is not None and self._clock.now() - ticked < _PAUSE

    def encode(self, record: Record) -> Arrival:
        now = self._clock.now()
        arrived = record.timestamp * 1000 if record.timestamp >= 0 else now
        raw = storable(record.value or b"")
        about = _anomaly(raw, now) if record.topic == topics.GPU_ANOMALIES else reading.decode(raw, now)
        return Arrival(record.topic, record.partition, record.offset, arrived, about)

    def write(self, items: Sequence[Arrival]) -> list[Refusal]:
        try:
            self._write(items)
        except Unavailable:
            self._forget()
            raise
        return []

    def tick(self, now: int) -> None:
        """Everything that Kafka had taken by ``now`` has been judged. Called about once a second."""
        try:
            self._answer()
            self._pass_time(now)
            self._publish()
        except Unavailable:
            self._forget()
            raise

    def _write(self, items: Sequence[Arrival]) -> None:
        positions = self._store.positions() if self._positions is None else self._positions
        judged = judged_so_far(positions, items, self._ends)
        made = judge_batch(self._judge, self._known.of(keys_of(items)), judged, items)
        self._store.commit(made, positions)
        self._positions = {**positions, **made.positions}
        self._known.keep(made.tracks)
        self._note(made)
        if self._clock.now() - self._answered >= _ANSWER_EVERY:
            self._answer()
        self._publish()

    def _forget(self) -> None:
        """A commit may have come through all the same, and another engine may have worked: only the store knows."""
        self._positions = None
        self._known.forget()

    def _answer(self) -> None:
        """What people asked for. They do not wait for a backlog."""
        if requests := self._store.requests():
            tracks = self._store.tracks_of({each.alert_id for each in requests})
            self._commit(answer(self._judge, tracks, requests, self._clock.now()))
        self._answered = self._clock.now()

    def _pass_time(self, now: int) -> None:
        if self._ticked is None or now - self._ticked > max(self._resume, _PAUSE):
            # We, or Kafka, were away; what sends to it may need a moment, too, and is not silent for that.
            self._watching_from = now + self._resume
        self._ticked = now
        if now < self._watching_from:
            return
        if not self._looked_around:
            self._commit(look_around(self._judge, self._store.watched(), now))
            self._looked_around = True
        elif due := self._store.due(now):
            self._commit(tick_all(self._judge, due, now))

    def _commit(self, made: Transaction) -> None:
        if made.tracks or made.answers:
            self._store.commit(made, {})
            self._known.keep(made.tracks)
            self._note(made)

    def _note(self, made: Transaction) -> None:
        if made.changes:
            self._to_publish = True
            for each in self.companions:
                each.wake()

    def _publish(self) -> None:
        while self._to_publish:
            waiting = self._store.to_publish(_PUBLISHED_AT_ONCE)
            if waiting:
                self._publisher.publish([(topics.GPU_ALERTS, each.gpu, each.message) for each in waiting])
                self._store.published(waiting)
            self._to_publish = len(waiting) == _PUBLISHED_AT_ONCE

    def close(self) -> None:
        for each in self.companions:
            each.close()
        self._publisher.close()
        self._store.close()


def _anomaly(raw: bytes, now: int) -> Anomaly:
    """Of whoever writes to the topic: what the stores and ``gpu-alerts`` could not take is refused here."""
    if len(raw) > PAYLOAD_LIMIT:
        raise Rejected("too_large", f"an anomaly of {len(raw)} bytes; expected at most {PAYLOAD_LIMIT}")
    anomaly = Anomaly.decode(raw)
    if GPU_NAME.fullmatch(anomaly.gpu) is None:
        raise Rejected("bad_value", f"gpu: expected host:index, found {anomaly.gpu[:80]!r}")
    for time in filter(None, (anomaly.start, anomaly.end)):
        if parse_time(time) > now + FUTURE_TOLERANCE:
            raise Rejected("future_time", f"{time} is more than an hour ahead of {format_time(now)}")
    return anomaly
