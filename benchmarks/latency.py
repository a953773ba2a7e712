"""What a sorted list of latencies says."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(latencies: Sequence[float], share: float) -> float:
    """The one below which this share of them lies, 0.99 for the 99th percentile: one that was measured."""
    return latencies[min(len(latencies) - 1, int(len(latencies) * share))]
