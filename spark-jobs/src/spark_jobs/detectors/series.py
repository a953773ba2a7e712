"""What the detectors of windows look at: the windows of one GPU, and one metric of them as a series. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from telemetry.timestamp import SECOND

_LOOSE = 1.5
"""A frame of n windows may span n times this many, so that a lost window does not blind the detectors."""


def look_back(seconds: int) -> int:
    """No frame reaches further back from the start of its window: seconds, for windows of ``seconds``."""
    return max(15 * 60, 30 * seconds)


def follows(seconds: int) -> int:
    """A window is closed by another that begins at most so many seconds after it."""
    return max(120, 4 * seconds)


class Stats(NamedTuple):
    """One metric in one window; ``change`` is the fastest from one reading to the next, per second."""

    avg: float
    min: float
    max: float
    change: float | None


class GpuWindow(NamedTuple):
    """One window of one GPU; times in microseconds UTC."""

    start: int
    end: int
    host: str
    source: str
    mode: str
    metrics: dict[str, Stats]


class Row(NamedTuple):
    """One window of a series, beside the load of its GPU."""

    window: GpuWindow
    stats: Stats
    load: float | None


class Frame(NamedTuple):
    """The last ``wanted`` rows up to one of a series; fewer where the series is younger."""

    rows: Sequence[Row]
    wanted: int

    def is_whole(self, seconds: int) -> bool:
        """Whether it has all of its rows, and no gap worth the name among them."""
        if len(self.rows) < self.wanted:
            return False
        spanned = self.rows[-1].window.start - self.rows[0].window.start
        return spanned <= min(_LOOSE * self.wanted * seconds, look_back(seconds)) * SECOND

    def loads(self) -> list[float]:
        return [row.load for row in self.rows if row.load is not None]

    def load_moved(self) -> float | None:
        """Points between the least and the greatest load; None where no window has one."""
        loads = self.loads()
        return max(loads) - min(loads) if loads else None


def frame(series: Sequence[Row], place: int, wanted: int) -> Frame:
    return Frame(series[max(0, place + 1 - wanted) : place + 1], wanted)


def rows_of(minutes: float, seconds: int) -> int:
    """How many windows of ``seconds`` hold so many minutes."""
    return math.ceil(minutes * 60 / seconds)
