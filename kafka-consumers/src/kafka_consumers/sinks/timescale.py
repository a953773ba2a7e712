"""The sink of PostgreSQL, with TimescaleDB or without: readings and what they amount to per minute, 5 minutes and hour.

At least once: a reading is its GPU and its time, so the same reading written again changes nothing. Stored means that
the transaction of the whole batch was committed. The topic gpu-windows is not written: the minutes say the same.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from kafka_consumers.sink import Record, Refusal
from kafka_consumers.timescale import columns
from kafka_consumers.timescale.row import Row, Rows
from kafka_consumers.timescale.store import Store, Unfit
from kafka_consumers.timescale.upkeep import Upkeep
from telemetry import reading, topics
from telemetry.catalogue import Catalogue
from telemetry.clock import Clock
from telemetry.errors import Rejected
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

logger = logging.getLogger(__name__)

LARGEST = 1024 * 1024
"""Bytes of a message, as for InfluxDB."""
_DAY = 86_400 * SECOND


class Timescale:
    """Writes the topic of readings."""

    topics = (topics.GPU_METRICS,)

    def __init__(self, settings: Settings, catalogue: Catalogue, clock: Clock) -> None:
        metrics = columns.metrics_of(catalogue)
        self._clock = clock
        self._kept = settings.postgres_readings_days * _DAY
        self._rows = Rows(metrics, self._kept)
        self._store = Store(settings, metrics, "gpustream-readings")
        self._upkeep = Upkeep(Store(settings, metrics, "gpustream-upkeep"), clock)
        self._keeping = False

    def start(self) -> None:
        every = self._store.start().upkeep_seconds
        if every is not None and not self._keeping:
            self._keeping = True
            self._upkeep.start(every)

    def encode(self, record: Record) -> Row:
        value = record.value
        if value is None or not value:
            raise Rejected("empty", "expected JSON, found a message without a value")
        if len(value) > LARGEST:
            raise Rejected("too_large", f"{len(value)} bytes; expected at most {LARGEST}")
        now = self._clock.now()
        arrived = record.timestamp * 1000 if record.timestamp >= 0 else now
        return self._rows.of(reading.decode(value, now), arrived)

    def write(self, items: Sequence[Row]) -> list[Refusal]:
        # What lay in Kafka for so long that its time to stay is over: it would be deleted within the hour, and until
        # then spoil the aggregates of a time whose other readings have gone.
        horizon = self._clock.now() - self._kept
        rows = [(place, row) for place, row in enumerate(items) if row.aside or row.time >= horizon]
        if expired := len(items) - len(rows):
            words = "expired readings=%d: they lay in Kafka for as long as readings are kept, and are not stored"
            logger.warning(words, expired)
        return self._write(rows)

    def _write(self, rows: Sequence[tuple[int, Row]]) -> list[Refusal]:
        """In halves until every part is stored or one row that cannot be."""
        if not rows:
            return []
        try:
            self._store.write([row for _, row in rows])
        except Unfit as error:
            if len(rows) == 1:
                return [Refusal(rows[0][0], Rejected("refused_by_postgres", str(error)))]
            middle = len(rows) // 2
            return self._write(rows[:middle]) + self._write(rows[middle:])
        return []

    def close(self) -> None:
        self._upkeep.close()
        self._store.close()
