"""Readings to Kafka: nothing is forgotten until the broker has acknowledged it, in order."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError, RecordListTooLargeError

from kafka_producer import kafka_client
from telemetry import topics
from telemetry.clock import Clock
from telemetry.errors import Rejected
from telemetry.heartbeat import Heartbeat
from telemetry.messages import DeadLetter, FileOrigin, Scrape
from telemetry.pipeline import SelfReport
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time

log = logging.getLogger(__name__)

OnAcknowledged = Callable[[], None]

MOST_IN_FLIGHT = 10_000
"""Records sent and not yet acknowledged: about 15 MB, and a third of a second of the client's full speed."""
_SETTLE_EVERY = 500
_SILENCE = 5 * SECOND
"""So long without an acknowledgement is worth a word."""


class Stopped(Exception):
    """Somebody asked the process to end."""


class _Sent:
    """A record on its way."""

    __slots__ = ("future", "key", "on_acknowledged", "topic", "value")

    def __init__(self, topic: str, key: bytes, value: bytes, on_acknowledged: OnAcknowledged | None) -> None:
        self.topic = topic
        self.key = key
        self.value = value
        self.on_acknowledged = on_acknowledged
        self.future: Any = None


class Publisher:
    """The one way from this project to Kafka. ``alive`` is called while it waits, and may raise Stopped."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        process: str,
        alive: Callable[[], None],
        measure: Callable[[], Mapping[str, float]] = dict,
        scrapes: Callable[[], Mapping[str, Scrape]] = dict,
    ) -> None:
        """``measure``, ``scrapes``: as for SelfReport."""
        self.report = SelfReport(process, settings.state_dir, clock, measure, scrapes)
        self._settings = settings
        self._clock = clock
        self._process = process
        self._alive = alive
        self._heartbeat = Heartbeat(settings.state_dir, process)
        self._heartbeat.beat()
        self._in_flight: deque[_Sent] = deque()
        self._since_settled = 0
        self._last_acknowledged = clock.now()
        self._is_silent = False
        self._producer: Any = self._open()

    def send(self, topic: str, key: str, value: bytes, on_acknowledged: OnAcknowledged | None = None) -> None:
        """Takes over a record; ``on_acknowledged`` runs once it is safe, after those of all records before it."""
        record = _Sent(topic, key.encode(), value, on_acknowledged)
        if not self._in_flight:
            self._last_acknowledged = self._clock.now()
        self._hand_over(record)
        self._in_flight.append(record)
        self._since_settled += 1
        if self._since_settled >= _SETTLE_EVERY:
            self.tend()
            while len(self._in_flight) >= MOST_IN_FLIGHT:
                self._wait_for_oldest()

    def dead_letter(
        self,
        raw: bytes,
        error: Rejected,
        origin: FileOrigin,
        length: int | None = None,
        sha256: str | None = None,
        on_acknowledged: OnAcknowledged | None = None,
    ) -> None:
        """A record that could not be used; ``length`` and ``sha256`` where ``raw`` is only its beginning."""
        now = format_time(self._clock.now())
        letter = DeadLetter.of(raw, error, self._process, now, origin)
        if length is not None and sha256 is not None:
            letter = letter.model_copy(update={"length": length, "sha256": sha256})
        self.report.rejected[error.reason] += 1
        self.send(topics.GPU_DEAD_LETTERS, error.reason, letter.encode(), on_acknowledged)

    def tend(self) -> None:
        """To be called at least once a second: settles what was acknowledged, beats, reports."""
        self._settle()
        self._heartbeat.beat()
        self._alive()
        if (report := self.report.due()) is not None:
            self._since_settled = 0
            self.send(topics.GPU_PIPELINE, self._process, report.encode())

    def flush(self, patience: float | None = None) -> bool:
        """Waits until all is acknowledged, at most ``patience`` seconds (None: as long as it takes)."""
        began = self._clock.now()
        while self._in_flight:
            if patience is not None and self._clock.now() - began > patience * SECOND:
                return False
            self._wait_for_oldest()
            self._settle()
        return True

    @property
    def unacknowledged(self) -> int:
        """Records on their way."""
        return len(self._in_flight)

    def close(self, patience: float = 10.0, left: str = "they are sent again next time") -> None:
        """Flushes within ``patience`` seconds and lets go; ``left`` says what becomes of what was not acknowledged."""
        self._alive = _nothing
        if not self.flush(patience):
            log.warning("ended with unacknowledged=%d: %s", len(self._in_flight), left)
        with suppress(KafkaError):
            self._producer.close(timeout=1)

    def _open(self) -> Any:
        return kafka_client.opened(kafka_client.new_producer, self._settings, self._clock, self._while_waiting)

    def _while_waiting(self) -> None:
        self._heartbeat.beat()
        self._alive()

    def _hand_over(self, record: _Sent) -> None:
        """Gives a record to the client, however long that takes."""
        said = False
        while True:
            try:
                record.future = self._producer.send(record.topic, value=record.value, key=record.key)
            except KafkaTimeoutError as error:
                if not said:
                    log.warning("waiting for topic %s: %s (`kafka-producer topics` creates it)", record.topic, error)
                    said = True
                self._while_waiting()
            except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
                self._reject(record, error)
                return
            except KafkaError as error:
                log.warning("producer failed, starting it anew: %s", error)
                self._start_anew()
            else:
                if said:
                    log.info("topic %s is there", record.topic)
                return

    def _start_anew(self) -> None:
        with suppress(KafkaError):
            self._producer.close(timeout=0)
        self._producer = self._open()
        for record in list(self._in_flight):
            if record.future is not None and not (record.future.is_done and record.future.succeeded()):
                self._hand_over(record)

    def _settle(self) -> None:
        self._since_settled = 0
        settled = False
        while self._in_flight and self._is_settled(self._in_flight[0]):
            record = self._in_flight.popleft()
            settled = True
            if record.topic == topics.GPU_METRICS:
                self.report.sent += 1
            if record.on_acknowledged is not None:
                record.on_acknowledged()
        now = self._clock.now()
        if settled or not self._in_flight:
            if self._is_silent:
                log.info("Kafka acknowledges again after %.1f s", (now - self._last_acknowledged) / SECOND)
            self._is_silent = False
            self._last_acknowledged = now
        elif now - self._last_acknowledged > _SILENCE and not self._is_silent:
            log.warning(
                "waiting for Kafka at %s: unacknowledged=%d",
                self._settings.kafka_bootstrap_servers,
                len(self._in_flight),
            )
            self._is_silent = True

    def _is_settled(self, record: _Sent) -> bool:
        future = record.future
        if future is None:
            return True
        if not future.is_done:
            return False
        if future.succeeded():
            return True
        error = future.exception
        if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
            self._reject(record, error)
            return True
        log.warning("a batch failed, sending what is not acknowledged again: %s", error)
        self._start_anew()
        return False

    def _wait_for_oldest(self) -> None:
        if self._in_flight and self._in_flight[0].future is not None:
            with suppress(KafkaError):
                self._in_flight[0].future.get(timeout=1.0)
        self.tend()

    def _reject(self, record: _Sent, error: KafkaError) -> None:
        """A record that Kafka will never take."""
        record.future = None
        if record.topic == topics.GPU_METRICS:
            reason = Rejected("too_large", f"{len(record.value)} bytes: {error}")
            self.dead_letter(record.value, reason, FileOrigin(file=record.key.decode(), offset=0))
        log.error("rejected by Kafka topic=%s bytes=%d: %s", record.topic, len(record.value), error)


def _nothing() -> None:
    """Nobody waits for a word any more."""
