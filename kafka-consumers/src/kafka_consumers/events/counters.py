"""Counters: by how much each has grown since the reading before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from telemetry.timestamp import SECOND

OWNED = 300 * SECOND
"""A counter is its source's until that was silent for so long: two sources of one GPU would count everything twice."""


@dataclass(slots=True)
class Counter:
    """What it showed last, and who said so when (microseconds UTC)."""

    metric: str
    source: str
    value: float
    at: int


def counted(number: float, plural: str) -> str:
    """``1 uncorrected memory error``, ``3 uncorrected memory errors``."""
    return f"{number:g} {plural.removesuffix('s') if number == 1 else plural}"


def grown(
    counters: dict[str, Counter], name: str, metrics: Sequence[str], values: Mapping[str, float], source: str, time: int
) -> float:
    """By how much, since it was seen last. 0 for the first sight, and where it began anew, as after a reboot."""
    metric = next((each for each in metrics if each in values), None)
    if metric is None:
        return 0.0
    known = counters.get(name)
    if known is not None and known.source != source and abs(time - known.at) < OWNED:
        return 0.0
    value = values[metric]
    if known is None:
        counters[name] = Counter(metric, source, value, time)
        return 0.0
    rise = value - known.value if (known.metric, known.source) == (metric, source) else 0.0
    known.metric, known.source, known.value, known.at = metric, source, value, time
    return max(0.0, rise)
