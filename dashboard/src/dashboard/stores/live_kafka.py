"""The feed: one consumer without a group in a thread of its own, which keeps the board up to date.

It commits nothing and nobody waits for it; when it starts, or Kafka was away, it reads the last minutes again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from dashboard.stores.live import SPARK_SECONDS
from dashboard.stores.live_board import Board, Record
from telemetry import topics
from telemetry.clock import Clock, SystemClock
from telemetry.settings import Settings
from telemetry.timestamp import MILLISECOND, SECOND

log = logging.getLogger(__name__)

TOPICS = (topics.GPU_METRICS, topics.GPU_ALERTS, topics.GPU_PIPELINE)
MOST_PRIMED = 50_000
"""Records of one partition that are read again at the start: a fleet's last minutes would take too long."""
MOST_BEHIND = 100_000
"""A feed further behind than that shows the past: it jumps."""
_ANSWER_MS = 3_000
_NAP_SECONDS = 0.1
"""Between two looks: records come in batches, which cost less each."""
_ASK_EVERY = 5 * SECOND
_NEW_PARTITIONS = 30 * SECOND
_RETRY_SECONDS = 2.0


class Feed(Board):
    """The live store. ``start`` and ``close`` belong to the application."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        super().__init__()
        self._where = settings.kafka_bootstrap_servers
        self._clock = clock or SystemClock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stopped.is_set():
            consumer = None
            try:
                consumer = self._connect()
                self._follow(consumer)
            except (KafkaError, OSError) as error:
                self.tell("away", f"Kafka at {self._where} does not answer ({type(error).__name__})")
                log.warning("the feed waits for Kafka: %s", error)
            except Exception:
                # A fault of ours must not leave every page without live values for ever.
                self.tell("away", "the feed failed and starts again: see the console's log")
                log.exception("the feed failed")
            finally:
                if consumer is not None:
                    consumer.close(autocommit=False, timeout_ms=_ANSWER_MS)
            self._stopped.wait(_RETRY_SECONDS)

    def _connect(self) -> Any:
        return KafkaConsumer(
            bootstrap_servers=self._where,
            group_id=None,
            client_id="gpustream-console",
            enable_auto_commit=False,
            auto_offset_reset="latest",
            isolation_level="read_committed",
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=_ANSWER_MS,
            request_timeout_ms=10_000,
            reconnect_backoff_max_ms=1_000,
            metadata_max_age_ms=10_000,
            # Kafka holds answers about quiet partitions back for so long, and those about the others with them.
            fetch_max_wait_ms=50,
            # What is held between two looks.
            fetch_max_bytes=4 * 1024 * 1024,
            max_partition_fetch_bytes=1024 * 1024,
        )

    def _follow(self, consumer: Any) -> None:
        partitions = self._partitions(consumer)
        missing = sorted(set(TOPICS) - {each.topic for each in partitions})
        if missing:
            self.tell("starting", f"waiting for the topics {', '.join(missing)}")
            return
        consumer.assign(partitions)
        self._go_back(consumer, partitions)
        asked = looked = self._clock.now()
        ends = consumer.end_offsets(partitions, timeout_ms=_ANSWER_MS)
        primed = False
        while not self._stopped.is_set():
            polled = consumer.poll(timeout_ms=500, max_records=5_000)
            now = self._clock.now()
            count = sum(len(records) for records in polled.values())
            if count:
                asked = now
            self.feed(_records(polled), now)
            if not primed and all(consumer.position(each) >= ends[each] for each in partitions):
                primed = True
                self.tell("live")
                log.info("live gpus=%d", self.state().gpus)
            if now - asked > _ASK_EVERY:
                # A poll is silent both where nothing comes and where nobody is there.
                asked = now
                consumer.end_offsets(partitions[:1], timeout_ms=_ANSWER_MS)
            if primed and now - looked > _NEW_PARTITIONS:
                looked = now
                if set(self._partitions(consumer)) != set(partitions):
                    return
                self._jump(consumer, partitions)
            if count < 1000:
                self._stopped.wait(_NAP_SECONDS)

    def _partitions(self, consumer: Any) -> list[TopicPartition]:
        return [TopicPartition(name, n) for name in TOPICS for n in sorted(consumer.partitions_for_topic(name) or ())]

    def _go_back(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        since = (self._clock.now() - SPARK_SECONDS * SECOND) // MILLISECOND
        begins = consumer.offsets_for_times(dict.fromkeys(partitions, since), timeout_ms=_ANSWER_MS)
        ends = consumer.end_offsets(partitions, timeout_ms=_ANSWER_MS)
        for partition in partitions:
            found = begins.get(partition)
            begin = ends[partition] if found is None or found.offset < 0 else found.offset
            consumer.seek(partition, max(begin, ends[partition] - MOST_PRIMED))

    def _jump(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        for partition, end in consumer.end_offsets(partitions, timeout_ms=_ANSWER_MS).items():
            behind = end - consumer.position(partition)
            if behind > MOST_BEHIND:
                log.warning("behind topic=%s records=%d: only the newest are shown", partition.topic, behind)
                consumer.seek(partition, end - MOST_PRIMED)


def _records(polled: Any) -> Iterable[Record]:
    for partition, records in polled.items():
        for record in records:
            yield Record(partition.topic, record.key, record.value, record.timestamp * MILLISECOND)
