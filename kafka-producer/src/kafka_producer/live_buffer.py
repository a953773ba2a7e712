"""Where readings wait between the sampler, which never waits, and Kafka, which may be away."""

from __future__ import annotations

import threading
from collections import deque

from telemetry.reading import Reading


class LiveBuffer:
    """The newest ``size`` readings; an older one gives way, and is counted. For two threads."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._readings: deque[Reading] = deque()
        self._lock = threading.Lock()
        self._received = 0
        self._lost = 0

    def put(self, reading: Reading) -> None:
        with self._lock:
            self._received += 1
            self._readings.append(reading)
            if len(self._readings) > self.size:
                self._readings.popleft()
                self._lost += 1

    def take(self) -> Reading | None:
        """The oldest; None where there is none."""
        with self._lock:
            return self._readings.popleft() if self._readings else None

    def __len__(self) -> int:
        return len(self._readings)

    @property
    def received(self) -> int:
        """Readings put in so far."""
        return self._received

    @property
    def lost(self) -> int:
        """Of those, how many gave way before anybody took them."""
        return self._lost
