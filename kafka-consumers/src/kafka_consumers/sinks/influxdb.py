"""The sink of InfluxDB 2: every topic to its bucket; stored means HTTP 204.

Never the batching mode of influxdb-client: it returns before it has written, and drops what it could not. At least
once: a point is its measurement, tags and time, so the same line written again changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from kafka_consumers.sink import Record, Refusal
from kafka_consumers.sinks import points, refusals
from kafka_consumers.sinks.influxdb_api import InfluxApi
from kafka_consumers.sinks.points import Point
from kafka_consumers.sinks.refusals import Entry
from telemetry.clock import Clock
from telemetry.errors import Rejected

LARGEST = 1024 * 1024
"""Bytes of a message. A reading of 300 metrics has 15,000; what is larger is no reading, whatever its JSON says."""


class InfluxDB:
    """Writes every topic of gpustream, but the dead letters."""

    topics = tuple(points.OF_TOPIC)

    def __init__(self, api: InfluxApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def start(self) -> None:
        self._api.check(points.BUCKETS)

    def encode(self, record: Record) -> Point:
        value = record.value
        if value is None or not value:
            raise Rejected("empty", "expected JSON, found a message without a value")
        if len(value) > LARGEST:
            raise Rejected("too_large", f"{len(value)} bytes; expected at most {LARGEST}")
        return points.OF_TOPIC[record.topic](value, self._clock.now())

    def write(self, items: Sequence[Point]) -> list[Refusal]:
        entries: dict[str, list[Entry]] = defaultdict(list)
        for place, point in enumerate(items):
            entries[point.bucket].append(Entry(place, point.line))
        return [refusal for bucket, lines in entries.items() for refusal in self._write(bucket, lines)]

    def _write(self, bucket: str, lines: Sequence[Entry]) -> list[Refusal]:
        return refusals.write(lines, lambda part: self._api.write(bucket, part))

    def close(self) -> None:
        self._api.close()
