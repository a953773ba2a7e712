"""Running figures of one sensor, in constant memory however long the session is."""

from __future__ import annotations

from collections import Counter

from dashboard.card import Extreme, Moment
from telemetry.catalogue import Limits, Metric, Severity

STEPS = 512
"""Most steps of a chart; when they are used up, each two become one."""


class Series:
    """A sensor's values in steps of equal length."""

    __slots__ = ("counts", "highs", "lows", "sums")

    def __init__(self) -> None:
        self.sums: list[float] = []
        self.counts: list[int] = []
        self.lows: list[float] = []
        self.highs: list[float] = []

    def see(self, step: int, value: float) -> None:
        if step >= len(self.sums):
            missing = step + 1 - len(self.sums)
            self.sums += [0.0] * missing
            self.counts += [0] * missing
            self.lows += [float("inf")] * missing
            self.highs += [float("-inf")] * missing
        self.sums[step] += value
        self.counts[step] += 1
        if value < self.lows[step]:
            self.lows[step] = value
        if value > self.highs[step]:
            self.highs[step] = value

    def halve(self) -> None:
        """Each two steps become one."""
        odd = len(self.sums) % 2
        if odd:
            self.sums.append(0.0)
            self.counts.append(0)
            self.lows.append(float("inf"))
            self.highs.append(float("-inf"))
        self.sums = [a + b for a, b in zip(self.sums[::2], self.sums[1::2], strict=True)]
        self.counts = [a + b for a, b in zip(self.counts[::2], self.counts[1::2], strict=True)]
        self.lows = [min(a, b) for a, b in zip(self.lows[::2], self.lows[1::2], strict=True)]
        self.highs = [max(a, b) for a, b in zip(self.highs[::2], self.highs[1::2], strict=True)]

    def points(self, steps: int) -> tuple[tuple[float, float, float] | None, ...]:
        """(lowest, average, highest) of each of ``steps`` steps."""
        seen = [
            (low, total / count, high) if count else None
            for low, total, count, high in zip(self.lows, self.sums, self.counts, self.highs, strict=True)
        ]
        return tuple(seen + [None] * (steps - len(seen)))


class Track:
    """One sensor of one GPU."""

    def __init__(self, name: str, metric: Metric | None, limits: Limits | None, charted: bool) -> None:
        self.name = name
        self.metric = metric
        self.limits = limits
        self.count = 0
        self.total = 0.0
        self.lowest: Extreme | None = None
        self.highest: Extreme | None = None
        self.beyond: dict[Severity, float] = {"warning": 0.0, "critical": 0.0}
        self.masks: Counter[int] = Counter()
        """Of a bit mask: microseconds for which it had this value."""
        self.flags: Counter[str] = Counter()
        self.more_than_whole = 0
        self.minute = -1
        self.minute_total = 0.0
        self.minute_count = 0
        self.series = Series() if charted else None

    def see(self, value: float, moment: Moment, minute: int, step: int) -> Severity | None:
        """One value; the level that it is beyond."""
        self.count += 1
        self.total += value
        if self.highest is None or value > self.highest.value:
            self.highest = Extreme(value, moment)
        if self.lowest is None or value < self.lowest.value:
            self.lowest = Extreme(value, moment)
        if minute != self.minute:
            self.minute, self.minute_total, self.minute_count = minute, 0.0, 0
        self.minute_total += value
        self.minute_count += 1
        if self.series is not None:
            self.series.see(step, value)
        return self.limits.judge(value) if self.limits is not None else None

    def worst(self) -> Extreme | None:
        """The value furthest in the direction of the limits."""
        return self.lowest if self.limits is not None and self.limits.direction == "below" else self.highest
