"""Up to when has everything been written? A mark is the end of every partition at a time. Pure.

Records come without end, so "nothing waits" may never be true; "what Kafka had a moment ago is written" is.
"""

from __future__ import annotations

from collections.abc import Mapping

from kafka_consumers.batch import Partition
from telemetry.timestamp import SECOND

EVERY = SECOND


class Tide:
    """One mark at a time."""

    def __init__(self) -> None:
        self._next = 0
        self._time = 0
        self._ends: Mapping[Partition, int] | None = None

    def is_due(self, now: int) -> bool:
        """Whether to set a mark. A clock that was set back makes it due, too."""
        return self._ends is None and not self._next - EVERY <= now < self._next

    def set(self, now: int, ends: Mapping[Partition, int]) -> None:
        """``ends``: of the partitions in which something waited, asked after ``now`` was read."""
        self._time, self._ends, self._next = now, ends, now + EVERY

    def forget(self) -> None:
        """Partitions came or went: what the mark meant is not known any more."""
        self._ends = None

    def reached(self, done: Mapping[Partition, int]) -> int | None:
        """The mark's time, once, when everything before it is written (``done``: the next offset to write)."""
        if self._ends is None or any(done.get(partition, 0) < end for partition, end in self._ends.items()):
            return None
        self._ends = None
        return self._time
