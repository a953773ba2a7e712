"""``collect``: readings of live GPUs to Kafka. The GPUs are asked whether Kafka is there or not."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

from kafka_producer.due import is_due
from kafka_producer.live_buffer import LiveBuffer
from kafka_producer.publish import Publisher, Stopped
from kafka_producer.sampler import Sampler
from kafka_producer.source import LiveSource
from telemetry import topics
from telemetry.clock import Clock
from telemetry.messages import MOST_TARGETS, Scrape
from telemetry.reading import encode
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

log = logging.getLogger(__name__)

LOST = "a live reading cannot be read again, they are lost"
BUFFER_FULL = "buffer_full"
"""In the self-report: readings that gave way to newer ones while Kafka was away."""
_NAP = 0.05
_SAY_LOST_EVERY = 60 * SECOND


class Sampling:
    """A sampler of all sources in a thread of its own, into a buffer."""

    def __init__(self, sources: Sequence[tuple[LiveSource, int]], buffer: LiveBuffer, clock: Clock) -> None:
        self._is_over = threading.Event()
        self._failure: BaseException | None = None
        self._sampler = Sampler(sources, clock, buffer.put, self._is_over)
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises what the sampler died of: a fault of ours, which must not pass for silence."""
        if self._failure is not None:
            raise self._failure

    def scrapes(self) -> dict[str, Scrape]:
        """Target -> how its last question went; of too many, those that do not answer and the slowest."""
        return worst(self._sampler.scrapes(), MOST_TARGETS)

    def figures(self) -> dict[str, float]:
        """The same of all targets together, for stores that keep a field for each name."""
        every = [scrape for _, scrape in self._sampler.scrapes()]
        return {
            "targets": float(len(every)),
            "targets_failing": float(sum(not each.success for each in every)),
            "scrape_seconds_max": max((each.seconds for each in every), default=0.0),
            "scrapes_missed": float(self._sampler.missed),
        }

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        try:
            self._sampler.run()
        except BaseException as error:
            self._failure = error


def worst(scrapes: Iterable[tuple[str, Scrape]], most: int) -> dict[str, Scrape]:
    """Of more than ``most`` those that failed, then the slowest."""
    return dict(sorted(scrapes, key=lambda named: (named[1].success, -named[1].seconds))[:most])


class Collect:
    """From the buffer to Kafka."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        name: str,
        buffer: LiveBuffer,
        sampling: Sampling,
        check: Callable[[], None],
    ) -> None:
        self._buffer = buffer
        self._sampling = sampling
        self._clock = clock
        self._check = check
        self._publisher: Publisher | None = None
        self._said_lost = 0
        self._say_lost_at = 0
        self._settings = settings
        self._name = name

    def run(self) -> None:
        """Until the check raises Stopped; waits for Kafka first."""
        asked = self._sampling
        publisher = self._publisher = Publisher(
            self._settings, self._clock, self._name, self._alive, asked.figures, asked.scrapes
        )
        while True:
            self._send_waiting(publisher)
            publisher.tend()
            self._clock.sleep(_NAP)

    def close(self, patience: float) -> None:
        """Sends what is there within ``patience`` seconds; says what could not be sent."""
        end = self._clock.now() + int(patience * SECOND)
        self._check = partial(self._until, end)
        if self._publisher is not None:
            with suppress(Stopped):
                self._send_waiting(self._publisher)
            left_seconds = max(0.0, (end - self._clock.now()) / SECOND)
            self._publisher.close(left_seconds, LOST)
        self._say_lost_at = 0
        self._say_lost()
        if left := len(self._buffer):
            log.warning("ended with unsent=%d: %s", left, LOST)

    def _send_waiting(self, publisher: Publisher) -> None:
        while (reading := self._buffer.take()) is not None:
            publisher.send(topics.GPU_METRICS, reading.gpu, encode(reading))

    def _alive(self) -> None:
        self._say_lost()
        if self._publisher is not None:
            report = self._publisher.report
            report.received = self._buffer.received
            report.lag = len(self._buffer)
            if self._buffer.lost:
                report.rejected[BUFFER_FULL] = self._buffer.lost
        self._check()

    def _until(self, end: int) -> None:
        if self._clock.now() >= end:
            raise Stopped

    def _say_lost(self) -> None:
        now = self._clock.now()
        if self._buffer.lost > self._said_lost and is_due(now, self._say_lost_at, _SAY_LOST_EVERY):
            log.warning(
                "readings lost=%d since the start: Kafka is away, and the newest %d wait (COLLECT_BUFFER_READINGS)",
                *(self._buffer.lost, self._buffer.size),
            )
            self._said_lost = self._buffer.lost
            self._say_lost_at = now + _SAY_LOST_EVERY
