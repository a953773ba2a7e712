"""What is written together: items, the records that they come from, and the offsets that may move afterwards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Generic, NamedTuple

from kafka_consumers.sink import Item, Record, Refusal
from telemetry.errors import Rejected
from telemetry.timestamp import MILLISECOND

Partition = tuple[str, int]
"""(topic, number). kafka-python's TopicPartition is one."""


LIVE = 500 * MILLISECOND
"""What came within this is no backlog."""


class BadRecord(NamedTuple):
    """A record on its way to the dead letters."""

    record: Record
    error: Rejected


class Limits(NamedTuple):
    """When a batch goes: as soon as one of them is reached."""

    records: int
    milliseconds: int
    # What waits is kept in memory, twice (raw and encoded): 16 MiB is 5,000 readings of three times the usual size.
    size: int = 16 * 1024 * 1024


class Batch(Generic[Item]):
    """Filled by the loop, then handed to the writer and changed no more, but for partitions that a rebalance takes."""

    def __init__(self, limits: Limits) -> None:
        self.items: list[Item] = []
        self.rejected: list[BadRecord] = []
        self.offsets: dict[Partition, int] = {}
        """Partition -> the offset to commit once this batch and all before it are stored."""
        self.oldest_ms: int | None = None
        self.is_live = False
        """Its first record came to Kafka just now."""
        self._limits = limits
        self._records: list[Record] = []
        self._size = 0
        self._since = 0

    def __len__(self) -> int:
        return len(self.items) + len(self.rejected)

    @property
    def room(self) -> int:
        """How many records more may be polled for it."""
        return max(0, self._limits.records - len(self))

    def reach(self, partition: Partition, records: Sequence[Record], now: int) -> None:
        """``records``, the next ones of ``partition``, are about to be added; ``now`` in microseconds."""
        first = records[0].timestamp
        if not self.offsets:
            # What came a moment ago has waited already, in Kafka; what comes of a backlog is to fill the batch.
            came = first * 1000
            self.is_live = 0 <= now - came < LIVE
            self._since = came if 0 <= now - came < self._limits.milliseconds * 1000 else now
        self.offsets[partition] = records[-1].offset + 1
        self.oldest_ms = first if self.oldest_ms is None else min(first, self.oldest_ms)

    def add(self, record: Record, item: Item) -> None:
        self.items.append(item)
        self._records.append(record)
        self._size += len(record.value or b"")

    def reject(self, record: Record, error: Rejected) -> None:
        self.rejected.append(BadRecord(record, error))
        self._size += len(record.value or b"")

    def refused(self, refusals: Collection[Refusal]) -> list[BadRecord]:
        """The records of what the store refused."""
        return [BadRecord(self._records[refusal.place], refusal.error) for refusal in refusals]

    def wait_ms(self, now: int) -> float:
        """Milliseconds until it is due: 0 when it is; a clock that was set back makes it due, too."""
        waited = (now - self._since) / 1000
        if len(self) >= self._limits.records or self._size >= self._limits.size or waited < 0:
            return 0.0
        return max(0.0, self._limits.milliseconds - waited)

    def forget(self, partitions: Collection[Partition]) -> None:
        """These belong to another consumer now: what is theirs may be written, but never committed."""
        for partition in partitions:
            self.offsets.pop(partition, None)
