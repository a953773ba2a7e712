"""The health engine as a sink of the loop: records -> tracks -> store -> the topics ``gpu-events`` and ``gpu-health``.

What the store holds moves in one transaction with the position in Kafka, so a kill at any point loses no edge and
counts none twice. The topics are fed from the store: a message is there at least once, and twice with equal content
after a kill in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from kafka_consumers.batch import Partition
from kafka_consumers.health.fleet import Fleet
from kafka_consumers.health.judge import Judge
from kafka_consumers.health.store import Store
from kafka_consumers.health.transaction import About, Arrival, Transaction, judge_batch
from kafka_consumers.publisher import Publisher
from kafka_consumers.remade_topics import Ends, judged_so_far
from kafka_consumers.sink import Record, Refusal
from kafka_consumers.storable import storable
from telemetry import reading, topics
from telemetry.clock import Clock
from telemetry.errors import Rejected
from telemetry.health import Decision, FailurePrediction
from telemetry.messages import GpuEvent
from telemetry.timestamp import SECOND

LARGEST = 1024 * 1024
"""Bytes of a message, as for the stores."""
_PUBLISHED_AT_ONCE = 2000
_LOOK_EVERY = 5 * SECOND
_EXPIRE_EVERY = 600 * SECOND
_PAUSE = 10 * SECOND
_MOST_NUMBER, _MOST_COUNT = 2**31 - 1, 2**63 - 1
"""Of PostgreSQL's integer and bigint."""


class Engine:
    """A sink whose store remembers by itself how far it has judged."""

    topics: Final = (topics.GPU_METRICS, topics.GPU_EVENTS, topics.GPU_PREDICTIONS, topics.GPU_DECISIONS)

    def __init__(self, judge: Judge, store: Store, publisher: Publisher, clock: Clock, kept: int, ends: Ends) -> None:
        """``kept``: a GPU that was silent for so long (microseconds) is forgotten."""
        self._ends = ends
        self._judge = judge
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._kept = kept
        self._fleet = Fleet(store.all_tracks, store.tracks)
        self._positions: dict[Partition, int] | None = None
        self._ticked: int | None = None
        self._looked = 0
        self._losing_from = 0
        self._expired = 0
        self._to_publish = True

    def start(self) -> None:
        self._store.start()
        self._store.take_over()
        self._positions = self._store.positions()
        self._publisher.open()

    def encode(self, record: Record) -> Arrival:
        raw = record.value
        if not raw:
            raise Rejected("empty", "expected JSON, found a message without a value")
        if len(raw) > LARGEST:
            raise Rejected("too_large", f"{len(raw)} bytes; expected at most {LARGEST}")
        now = self._clock.now()
        arrived = record.timestamp * 1000 if record.timestamp >= 0 else now
        if record.topic == topics.GPU_METRICS:
            about: About = reading.decode(storable(raw), now)
        else:
            about = _DECODE[record.topic](raw)
        return Arrival(record.topic, record.partition, record.offset, arrived, about)

    def write(self, items: Sequence[Arrival]) -> list[Refusal]:
        """Any error leaves tracks that nobody stored."""
        try:
            positions = self._store.positions() if self._positions is None else self._positions
            tracks = self._fleet.of({key for each in items if (key := each.track_key) is not None})
            made = judge_batch(self._judge, tracks, judged_so_far(positions, items, self._ends), items)
            self._commit(made, positions)
            self._positions = {**positions, **made.positions}
            self._publish()
        except BaseException:
            self._forget()
            raise
        return []

    def tick(self, now: int) -> None:
        """Everything that Kafka had taken by ``now`` has been judged. Called about once a second."""
        if self._ticked is None or now - self._ticked > _PAUSE:
            # We, or Kafka, were away; what sends to it may need a moment, too, and is not lost for that.
            self._losing_from = now + self._judge.rules.clocks.resume
        self._ticked = now
        try:
            if not self._looked <= now < self._looked + _LOOK_EVERY:
                made = self._fleet.pass_time(self._judge, now, may_lose=now >= self._losing_from, kept=self._kept)
                self._commit(made, {})
                self._looked = now
            if not self._expired <= now < self._expired + _EXPIRE_EVERY and not self._store.expire(now):
                self._expired = now
            self._publish()
        except BaseException:
            self._forget()
            raise

    def _commit(self, made: Transaction, positions: dict[Partition, int]) -> None:
        if made.is_empty:
            return
        self._store.commit(made, positions)
        self._fleet.keep(made)
        self._to_publish = self._to_publish or bool(made.events or made.scores)

    def _forget(self) -> None:
        """A commit may have come through all the same, and another engine may have worked: only the store knows."""
        self._positions = None
        self._fleet.forget()

    def _publish(self) -> None:
        while self._to_publish:
            waiting = self._store.to_publish(_PUBLISHED_AT_ONCE)
            if waiting:
                self._publisher.publish([(each.topic, each.key, each.message) for each in waiting])
                self._store.published(waiting)
            self._to_publish = len(waiting) == _PUBLISHED_AT_ONCE

    def close(self) -> None:
        self._publisher.close()
        self._store.close()


def _event(raw: bytes) -> GpuEvent:
    event = GpuEvent.decode(storable(raw))
    if event.number > _MOST_NUMBER or event.count > _MOST_COUNT:
        raise Rejected("bad_value", f"number {event.number}, count {event.count}: more than PostgreSQL can store")
    return event


def _prediction(raw: bytes) -> FailurePrediction:
    told = FailurePrediction.decode(storable(raw))
    if told.horizon_hours > _MOST_NUMBER:
        raise Rejected("bad_value", f"horizon_hours {told.horizon_hours}: more than PostgreSQL can store")
    return told


def _decision(raw: bytes) -> Decision:
    return Decision.decode(storable(raw))


_DECODE: dict[str, Callable[[bytes], GpuEvent | FailurePrediction | Decision]] = {
    topics.GPU_EVENTS: _event,
    topics.GPU_PREDICTIONS: _prediction,
    topics.GPU_DECISIONS: _decision,
}
