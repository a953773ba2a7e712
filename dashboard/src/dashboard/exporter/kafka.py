"""What Kafka itself says: how far its topics are, how far each group of consumers is, and the Xids of gpu-events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from telemetry import topics
from telemetry.clock import Clock, SystemClock
from telemetry.errors import Rejected
from telemetry.messages import GpuEvent
from telemetry.settings import Settings
from telemetry.timestamp import MILLISECOND, SECOND, parse_time

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
_PATIENCE_MS = 4_000
_PAST = 600 * SECOND
"""Of events that are read when it starts."""


class Seen(NamedTuple):
    """What was last heard of Kafka."""

    up: bool
    ends: dict[TopicPartition, int]
    groups: dict[tuple[str, TopicPartition], int]
    xids: dict[tuple[str, str, int], float]
    """(GPU, host, number) -> when, in seconds."""


class Kafka:
    """prometheus_client's collector protocol, and a thread that asks; a scrape never waits for Kafka. ``each_round``
    is called by it, too."""

    def __init__(self, settings: Settings, each_round: Callable[[], None], clock: Clock | None = None) -> None:
        self._where = settings.kafka_bootstrap_servers
        self._each_round = each_round
        self._clock = clock or SystemClock()
        self._seen = Seen(False, {}, {}, {})
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-figures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def collect(self) -> Iterator[Metric]:
        seen = self._seen
        yield GaugeMetricFamily("gpustream_kafka_up", "Whether Kafka answers.", value=float(seen.up))
        place = ("topic", "partition")
        records = CounterMetricFamily("gpustream_kafka_topic_records", "Records ever written.", labels=place)
        offset = GaugeMetricFamily(
            "gpustream_kafka_consumer_offset", "How far a group of consumers is.", labels=("group", *place)
        )
        lag = GaugeMetricFamily(
            "gpustream_kafka_consumer_lag_records", "Records before a group of consumers.", labels=("group", *place)
        )
        for partition, end in seen.ends.items():
            records.add_metric((partition.topic, str(partition.partition)), end)
        for (group, partition), at in seen.groups.items():
            labels = (group, partition.topic, str(partition.partition))
            offset.add_metric(labels, at)
            lag.add_metric(labels, max(0, seen.ends.get(partition, at) - at))
        xid = GaugeMetricFamily(
            "gpustream_gpu_xid_last_timestamp_seconds", "When an Xid came last.", labels=("gpu", "host", "xid")
        )
        for (gpu, host, number), when in seen.xids.items():
            xid.add_metric((gpu, host, str(number)), when)
        yield from (records, offset, lag, xid)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow()
            except (KafkaError, OSError) as error:
                log.warning("waiting for Kafka: %s", type(error).__name__)
            except Exception:
                # A fault of ours must not end the figures for ever.
                log.exception("the figures of Kafka failed")
            self._seen = self._seen._replace(up=False)
            self._each_round()
            self._stopped.wait(2.0)

    def _follow(self) -> None:
        """Until Kafka does not answer any more."""
        client: dict[str, Any] = {
            "bootstrap_servers": self._where,
            "bootstrap_timeout_ms": _PATIENCE_MS,
            "request_timeout_ms": _PATIENCE_MS,
            "client_id": "gpustream-exporter",
        }
        consumer = KafkaConsumer(group_id=None, enable_auto_commit=False, allow_auto_create_topics=False, **client)
        try:
            admin = KafkaAdminClient(**client)
            try:
                self._go_back(consumer)
                while not self._stopped.is_set():
                    self._look(admin, consumer)
                    self._each_round()
                    self._stopped.wait(EVERY_SECONDS)
            finally:
                admin.close()
        finally:
            consumer.close(autocommit=False, timeout_ms=_PATIENCE_MS)

    def _go_back(self, consumer: Any) -> None:
        events = [TopicPartition(topics.GPU_EVENTS, n) for n in _partitions(consumer, topics.GPU_EVENTS)]
        consumer.assign(events)
        since = (self._clock.now() - _PAST) // MILLISECOND
        begins = consumer.offsets_for_times(dict.fromkeys(events, since), timeout_ms=_PATIENCE_MS) if events else {}
        ends = consumer.end_offsets(events, timeout_ms=_PATIENCE_MS) if events else {}
        for partition in events:
            found = begins.get(partition)
            consumer.seek(partition, ends[partition] if found is None or found.offset < 0 else found.offset)

    def _look(self, admin: Any, consumer: Any) -> None:
        partitions = [TopicPartition(name, n) for name in topics.ALL for n in _partitions(consumer, name)]
        ends = consumer.end_offsets(partitions, timeout_ms=_PATIENCE_MS) if partitions else {}
        names = [group["group_id"] for group in admin.list_groups()]
        committed = admin.list_group_offsets(dict.fromkeys(names)) if names else {}
        groups = {
            (name, partition): found.offset
            for name, offsets in committed.items()
            for partition, found in offsets.items()
            if found.offset >= 0
        }
        self._seen = Seen(True, dict(ends), groups, self._xids(consumer))

    def _xids(self, consumer: Any) -> dict[tuple[str, str, int], float]:
        xids = dict(self._seen.xids)
        if not consumer.assignment():
            return xids
        for records in consumer.poll(timeout_ms=100).values():
            for record in records:
                try:
                    event = GpuEvent.decode(record.value or b"")
                except Rejected:
                    continue
                if event.kind == "xid" and event.mode != "import":
                    key = (event.gpu or f"{event.host}/{event.device}", event.host, event.number)
                    xids[key] = max(xids.get(key, 0.0), parse_time(event.last) / SECOND)
        oldest = (self._clock.now() - _PAST) / SECOND
        return {key: when for key, when in xids.items() if when > oldest}


def _partitions(consumer: Any, topic: str) -> list[int]:
    return sorted(consumer.partitions_for_topic(topic) or ())
