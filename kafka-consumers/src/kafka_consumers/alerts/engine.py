"""The alert engine as a sink of the loop: records -> tracks -> store -> the topic ``gpu-alerts``.

What the store holds moves in one transaction with the position in Kafka, so a kill at any point changes no row. The
topic is fed from the store: a change is there at least once, and twice with equal content after a kill in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.store import Store
from kafka_consumers.alerts.transaction import Arrival, Partition, judge_batch, keys_of
from kafka_consumers.sink import Record, Refusal
from telemetry import reading, topics
from telemetry.clock import Clock
from telemetry.errors import Unavailable
from telemetry.messages import Anomaly

_PUBLISHED_AT_ONCE = 500


class Publisher(Protocol):
    """Where changes go; see ``KafkaAlerts``."""

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None: ...

    def close(self) -> None: ...


class Engine:
    """A sink whose store remembers by itself how far it has judged."""

    topics: Final = (topics.GPU_METRICS, topics.GPU_ANOMALIES)

    def __init__(self, judge: Judge, store: Store, publisher: Publisher, clock: Clock) -> None:
        self._judge = judge
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._positions: dict[Partition, int] | None = None

    def start(self) -> None:
        self._store.start()
        self._positions = self._store.positions()

    def encode(self, record: Record) -> Arrival:
        now = self._clock.now()
        arrived = record.timestamp * 1000 if record.timestamp >= 0 else now
        raw = record.value or b""
        about = Anomaly.decode(raw) if record.topic == topics.GPU_ANOMALIES else reading.decode(raw, now)
        return Arrival(record.topic, record.partition, record.offset, arrived, about)

    def write(self, items: Sequence[Arrival]) -> list[Refusal]:
        try:
            positions = self._store.positions() if self._positions is None else self._positions
            made = judge_batch(self._judge, self._store.tracks(keys_of(items)), positions, items)
            self._store.commit(made, positions)
        except Unavailable:
            # The commit may have come through all the same: only the store knows.
            self._positions = None
            raise
        self._positions = {**positions, **made.positions}
        self._publish()
        return []

    def _publish(self) -> None:
        while waiting := self._store.to_publish(_PUBLISHED_AT_ONCE):
            self._publisher.publish([(each.gpu, each.message) for each in waiting])
            self._store.published(waiting)

    def close(self) -> None:
        self._publisher.close()
        self._store.close()
