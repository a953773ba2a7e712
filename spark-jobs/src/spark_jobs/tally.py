"""What the stream has done since its start, counted by the batches themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple


class Tally(NamedTuple):
    """A batch replaces it whole when the store has acknowledged: another thread may read it at any time."""

    received: int = 0
    written: int = 0
    """Readings that are in the lake, those that were there already among them."""
    rejected: Mapping[str, int] = {}
    latency_seconds: float | None = None
    """From Kafka's timestamp to the end of the batch, the newest batch's slowest record."""

    def after(self, readings: int, rejected: Mapping[str, int], latency_seconds: float) -> Tally:
        """With one more batch."""
        return Tally(
            self.received + readings + sum(rejected.values()),
            self.written + readings,
            dict(Counter(self.rejected) + Counter(rejected)),
            latency_seconds,
        )
