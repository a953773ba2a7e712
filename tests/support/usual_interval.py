"""What is usual between the readings of a source, in plain Python: the reports' is in numpy."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import pandas as pd

MICROSECONDS = 1e6


class Tick(NamedTuple):
    """Readings that share a moment, in microseconds since 1970."""

    at: int
    readings: int


class Pace(NamedTuple):
    """Of one source of one GPU on a day; None: nobody knows."""

    ticks: list[Tick]
    step: float | None
    interval: float | None

    @property
    def longest(self) -> float:
        return max(10.0, 2.5 * (self.interval or 0.0))


def pace(times: Iterable[pd.Timestamp]) -> Pace:
    ticks: list[Tick] = []
    last = -1_000_000
    for at in sorted(each.value // 1000 for each in times):
        if at - last <= 5000:
            ticks[-1] = Tick(ticks[-1].at, ticks[-1].readings + 1)
        else:
            ticks.append(Tick(at, 1))
        last = at
    steps = [(after.at - before.at) / MICROSECONDS for before, after in pairwise(ticks)]
    if len(steps) < 5:
        return Pace(ticks, None, None)
    step = median(steps)
    kept = [(each, tick.readings) for each, tick in zip(steps, ticks, strict=False) if each <= 1.5 * step]
    return Pace(ticks, step, sum(each for each, _ in kept) / sum(count for _, count in kept))


def paces(frame: pd.DataFrame) -> dict[tuple[str, str], Pace]:
    """(gpu, source) -> how often it told."""
    return {(str(gpu), str(source)): pace(each.time) for (gpu, source), each in frame.groupby(["gpu", "source"])}
