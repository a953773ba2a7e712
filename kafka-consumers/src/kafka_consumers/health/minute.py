"""A minute of one GPU: what its readings come to. Pure, but for the minute that is filled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from telemetry.timestamp import SECOND

MINUTE = 60 * SECOND


@dataclass(slots=True)
class Minute:
    """``start`` in microseconds UTC, by the readings' clock."""

    start: int
    readings: int = 0
    values: dict[str, list[float]] = field(default_factory=dict)
    """Metric -> [count, sum, lowest, highest]."""
    bits: dict[str, dict[int, int]] = field(default_factory=dict)
    """Bit mask -> value -> readings that had it."""
    flags: dict[str, dict[str, int]] = field(default_factory=dict)
    """Metric -> why it was dropped -> readings in which it was."""

    def add(self, values: Mapping[str, float], flags: Mapping[str, str], metrics: Collection[str]) -> None:
        """One reading; ``metrics``: those that are looked at, without the bit masks."""
        self.readings += 1
        known = self.values
        for name, value in values.items():
            if name not in metrics:
                continue
            entry = known.get(name)
            if entry is None:
                known[name] = [1, value, value, value]
            else:
                entry[0] += 1
                entry[1] += value
                if value < entry[2]:
                    entry[2] = value
                elif value > entry[3]:
                    entry[3] = value
        for name, reason in flags.items():
            if name in metrics:
                reasons = self.flags.setdefault(name, {})
                reasons[reason] = reasons.get(reason, 0) + 1

    def add_mask(self, name: str, value: float) -> None:
        masks = self.bits.setdefault(name, {})
        mask = int(value)
        masks[mask] = masks.get(mask, 0) + 1

    def mean(self, name: str) -> float | None:
        entry = self.values.get(name)
        return None if entry is None else entry[1] / entry[0]

    def highest(self, name: str) -> float | None:
        entry = self.values.get(name)
        return None if entry is None else entry[3]

    def bad_reads(self, name: str, reasons: Collection[str]) -> float:
        """Of the readings that tell of a metric, those in which it was dropped; 0 of one that never came: a sensor that
        a card does not have is read badly all the time."""
        entry, flags = self.values.get(name), self.flags.get(name)
        if entry is None or flags is None:
            return 0.0
        bad = sum(count for reason, count in flags.items() if reason in reasons)
        return bad / (bad + entry[0])

    def share(self, name: str, bit: int) -> float | None:
        """Of the readings that have the bit mask, those in which ``bit`` is set."""
        masks = self.bits.get(name)
        if not masks:
            return None
        return sum(count for mask, count in masks.items() if mask & bit) / sum(masks.values())


def minute_of(time: int) -> int:
    """Its start."""
    return time // MINUTE * MINUTE
