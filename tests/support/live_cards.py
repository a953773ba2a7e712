"""GPUs that live as long as a test: their readings go to a real Kafka twice a second."""

from __future__ import annotations

import math
import threading
import time
from types import TracebackType
from typing import NamedTuple, Self

from kafka import KafkaProducer

from telemetry import topics
from telemetry.reading import Reading, encode
from telemetry.timestamp import MILLISECOND, SECOND

HOT, WELL, LATER = "desk-01:0", "desk-01:1", "desk-01:2"
BEFORE = 600
"""Seconds of a past that they bring along, so that charts and reports have something to show."""


class _Card(NamedTuple):
    temperature: float
    model: str


_CARDS = {
    HOT: _Card(97.4, "GeForce RTX 3080"),
    WELL: _Card(61.0, "GeForce RTX 4090"),
    LATER: _Card(98.6, "GeForce RTX 2080 Ti"),
}


class LiveCards:
    """``HOT`` and ``WELL`` from the start, ``LATER`` (as hot as the first) once it is told to join."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
        self._gpus = [HOT, WELL]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-cards", daemon=True)

    def __enter__(self) -> Self:
        for gpu in self._gpus:
            self._send_past(gpu)
        self._thread.start()
        return self

    def join(self, gpu: str) -> None:
        self._send_past(gpu)
        self._gpus = [*self._gpus, gpu]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._producer.close()

    def _run(self) -> None:
        while not self._over.wait(0.5):
            for gpu in self._gpus:
                self._send(gpu, time.time_ns() // 1000)

    def _send_past(self, gpu: str) -> None:
        now = time.time_ns() // 1000
        for second in range(BEFORE, 0, -1):
            self._send(gpu, now - second * SECOND)
        self._producer.flush()

    def _send(self, gpu: str, instant: int) -> None:
        reading = _reading(gpu, instant - instant % MILLISECOND)
        self._producer.send(topics.GPU_METRICS, key=gpu.encode(), value=encode(reading))


def _reading(gpu: str, instant: int) -> Reading:
    temperature, model = _CARDS[gpu]
    wave = math.sin(instant / SECOND / 40)
    metrics = {
        "gpu_temperature": round(temperature + 1.2 * wave + 0.1 * (instant // MILLISECOND % 7), 1),
        "hot_spot_temperature": round(temperature + 9 + 1.5 * wave, 1),
        "gpu_load": round(88 + 6 * wave, 0),
        "board_power_draw": round(251 + 22 * wave, 1),
        "gpu_clock": round(1830 + 45 * wave, 0),
        "gpu_memory_used": 7320.0,
        "perfcap_reason": 2.0 if temperature > 90 else 4.0,
    }
    return Reading(
        "live-cards", instant // MILLISECOND, "live", instant, None, gpu, "desk-01", "test", model, metrics, {}
    )
