"""kafka-python behind what consumers tell: alerts, events and scores, dead letters, reports of themselves."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

from kafka import KafkaProducer
from kafka.errors import KafkaError

from kafka_consumers.batch import BadRecord
from kafka_consumers.kafka_client import ANSWER_MS, opened
from telemetry import topics
from telemetry.clock import Clock
from telemetry.errors import Unavailable
from telemetry.messages import DeadLetter, PipelineReport, TopicOrigin
from telemetry.settings import Settings
from telemetry.timestamp import format_time

logger = logging.getLogger(__name__)


class Message(NamedTuple):
    topic: str
    key: str
    value: bytes


class _Producer:
    """One of kafka-python, replaced once it has failed.

    After an outage that a batch did not outlive, kafka-python 3.0.12 can wait for that batch for ever, and with it for
    all that follow (tests/integration/test_kafka_publisher.py fails without this). For more than one thread.
    """

    def __init__(self, settings: Settings, client_id: str, **options: object) -> None:
        self._settings = settings
        self._timeout = settings.kafka_client_timeout_seconds
        self._options = {"client_id": client_id, "acks": "all", "max_block_ms": ANSWER_MS, **options}
        self._client: Any = None
        self._opening = Lock()

    def open(self) -> Any:
        """Raises Unavailable."""
        with self._opening:
            if self._client is None:
                self._client = opened(
                    KafkaProducer,
                    self._settings,
                    delivery_timeout_ms=int(self._timeout * 1000),
                    request_timeout_ms=int(self._timeout * 500),
                    **self._options,
                )
            return self._client

    def send(self, message: Message) -> Any:
        """Its future. Raises KafkaError; Unavailable where there is no client and none can be had."""
        try:
            return self.open().send(message.topic, key=message.key.encode(), value=message.value)
        except KafkaError:
            self.discard()
            raise

    def deliver(self, messages: Sequence[Message]) -> None:
        """Returns once Kafka has acknowledged all. Raises as ``send``; some may have arrived then."""
        sent = [self.send(each) for each in messages]
        try:
            self.open().flush(timeout=self._timeout)
            for each in sent:
                each.get(timeout=self._timeout)
        except KafkaError:
            self.discard()
            raise

    def discard(self) -> None:
        """The next message has a new one."""
        self.close(0)

    def close(self, seconds: float = ANSWER_MS / 1000) -> None:
        """``seconds`` for what is on its way."""
        client, self._client = self._client, None
        try:
            if client is not None:
                client.close(timeout=seconds)
        except KafkaError as error:
            logger.info("closed with messages that were not sent: error=%s", error)


class KafkaPublisher:
    """What an engine tells: messages in their order, acknowledged before ``publish`` returns."""

    def __init__(self, settings: Settings, process: str, first: str) -> None:
        """``first``: a topic of which it will tell, looked up when it opens."""
        self._process = process
        self._first = first
        self._producer = _Producer(settings, f"{process}-publisher")

    def open(self) -> None:
        """Before the first message, which would wait for what a client asks Kafka at first. Raises Unavailable."""
        try:
            self._producer.open().partitions_for(self._first)
        except KafkaError as error:
            raise Unavailable(f"Kafka does not say where {self._first} is ({error})") from error

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        """(topic, key, message) each. Raises Unavailable; some may have arrived then, and are sent again."""
        try:
            self._producer.deliver([Message(*each) for each in messages])
        except KafkaError as error:
            raise Unavailable(f"Kafka did not take what {self._process} tells ({error})") from error

    def close(self) -> None:
        self._producer.close()


class KafkaOutbox:
    """Dead letters (acknowledged before ``keep`` returns) and self-reports (sent and forgotten)."""

    def __init__(self, settings: Settings, process: str, clock: Clock) -> None:
        """Raises Unavailable where Kafka does not answer."""
        self._process = process
        self._clock = clock
        self._producer = _Producer(settings, process, compression_type="zstd")
        self._producer.open()
        self._last_report: Any = None

    def keep(self, records: Sequence[BadRecord]) -> None:
        now = format_time(self._clock.now())
        try:
            self._producer.deliver([self._letter(each, now) for each in records])
        except KafkaError as error:
            raise Unavailable(f"Kafka did not take the dead letters ({error})") from error
        logger.warning("dead_letters count=%d first=%s", len(records), str(records[0].error)[:200])

    def _letter(self, bad: BadRecord, now: str) -> Message:
        record = bad.record
        origin = TopicOrigin(topic=record.topic, partition=record.partition, offset=record.offset)
        letter = DeadLetter.of(record.value or b"", bad.error, self._process, now, origin)
        return Message(topics.GPU_DEAD_LETTERS, letter.reason, letter.encode())

    def tell(self, report: PipelineReport) -> None:
        try:
            if self._last_report is not None and not (self._last_report.is_done and self._last_report.succeeded()):
                # It had the time between two reports: nobody waits for this one, so nobody else would notice.
                self._producer.discard()
            message = Message(topics.GPU_PIPELINE, self._process, report.encode())
            self._last_report = self._producer.send(message)
        except KafkaError as error:
            raise Unavailable(f"Kafka did not take the self-report ({error})") from error

    def close(self) -> None:
        self._producer.close()
