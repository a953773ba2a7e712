"""What was sent x what a store holds -> what is missing, and what is there twice. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from dashboard.stores.loads import Held


class Verdict(NamedTuple):
    """Numbers of readings. A store is right where nothing is missing, double or stray."""

    sent: int
    found: int
    """Different ones."""
    missing: int
    double: int
    stray: int
    """Of GPUs or rows that were never sent."""

    @property
    def is_right(self) -> bool:
        return not (self.missing or self.double or self.stray)

    def __str__(self) -> str:
        words = f"sent {self.sent:,}, found {self.found:,}, missing {self.missing:,}, double {self.double:,}"
        return words + (f", never sent {self.stray:,}" if self.stray else "")


def verdict(wanted: Mapping[str, int], held: Mapping[str, Held]) -> Verdict:
    """``wanted``: GPU -> of how many rows, from 0 on.

    A GPU's rows are whole numbers, so as many different ones as were sent, between the first and the last of them,
    are those that were sent.
    """
    found = missing = double = stray = 0
    for gpu, count in wanted.items():
        there = held.get(gpu)
        if there is None:
            missing += count
            continue
        outside = max(0, -there.first) + max(0, there.last - (count - 1))
        # Rows beyond those that were sent are at least one, at most as many as the distance: one is enough to know.
        strangers = min(outside, there.distinct)
        found += there.distinct - strangers
        missing += max(0, count - (there.distinct - strangers))
        double += there.readings - there.distinct
        stray += strangers
    stray += sum(there.readings for gpu, there in held.items() if gpu not in wanted)
    return Verdict(sum(wanted.values()), found, missing, double, stray)


def rows_of(host: str, gpus: int, sent: int) -> dict[str, int]:
    """GPU -> how many of ``sent`` readings were its own, when the GPUs take turns."""
    return {f"{host}:{number}": sent // gpus + (number < sent % gpus) for number in range(gpus)}
