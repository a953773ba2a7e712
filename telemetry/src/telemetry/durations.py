"""How long many things took, in little room: counts by size, from which quantiles are told within some per cent."""

from __future__ import annotations

import math
from collections import Counter

_STEP = math.log(1.02)
"""Two neighbours differ by 2 %: a quantile is that near."""
_LEAST = 1e-6


class Durations:
    """Of any number of durations, in seconds."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self.count = 0

    def add(self, seconds: float) -> None:
        self._counts[math.ceil(math.log(max(seconds, _LEAST)) / _STEP)] += 1
        self.count += 1

    def quantile(self, share: float) -> float:
        """Seconds within which ``share`` (0 to 1) of all were, at most 2 % too much. Raises ValueError where there is
        none."""
        if not self.count:
            raise ValueError("no durations yet, expected one at least")
        wanted, seen = share * self.count, 0
        for size in sorted(self._counts):
            seen += self._counts[size]
            if seen >= wanted:
                return math.exp(size * _STEP)
        return math.exp(max(self._counts) * _STEP)

    def words(self) -> str:
        """``p50 3.1 ms, p99 12 ms``; without any: ``none yet``."""
        if not self.count:
            return "none yet"
        return ", ".join(f"p{share * 100:.0f} {_milliseconds(self.quantile(share))} ms" for share in (0.5, 0.99))


def _milliseconds(seconds: float) -> str:
    """Three digits where it is short, whole ones where it is long."""
    value = 1000 * seconds
    return f"{value:.3g}" if value < 100 else f"{value:,.0f}"
