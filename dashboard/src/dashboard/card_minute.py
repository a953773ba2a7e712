"""Which minute of a session was the worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.card import Moment
from dashboard.card_track import Track
from telemetry.catalogue import Severity

# A critical second outweighs one that was throttled, and that one a warning.
_WEIGHT: dict[Severity, float] = {"critical": 4.0, "warning": 1.0}
_THROTTLED_WEIGHT = 2.0


@dataclass
class Minute:
    """One minute while it lasts."""

    number: int
    begin: Moment
    trouble: float = 0.0
    beyond: Counter[tuple[str, Severity]] = field(default_factory=Counter)
    """(metric, level) -> microseconds."""
    reasons: Counter[str] = field(default_factory=Counter)
    """What a bit mask said, in words -> microseconds."""
    averages: dict[str, float] = field(default_factory=dict)
    heat: float = float("-inf")


class WorstMinute:
    """Holds the worst minute so far and the running one."""

    def __init__(self, heat_metrics: list[str]) -> None:
        self.worst: Minute | None = None
        self._now: Minute | None = None
        self._heat_metrics = heat_metrics
        """Metrics that say how hot it was; the first one that is there counts."""

    def see(self, number: int, moment: Moment, tracks: Mapping[str, Track]) -> Minute:
        """The minute to which a reading belongs."""
        if self._now is None or self._now.number != number:
            self.close(tracks)
            self._now = Minute(number, moment)
        return self._now

    def close(self, tracks: Mapping[str, Track]) -> None:
        """The running minute is over."""
        minute = self._now
        if minute is None:
            return
        minute.averages = {
            name: track.minute_total / track.minute_count
            for name, track in tracks.items()
            if track.minute == minute.number and track.minute_count
        }
        minute.heat = next((minute.averages[n] for n in self._heat_metrics if n in minute.averages), float("-inf"))
        if self.worst is None or (minute.trouble, minute.heat) > (self.worst.trouble, self.worst.heat):
            self.worst = minute
        self._now = None


def weigh(minute: Minute, name: str, severity: Severity, microseconds: int, counts: bool) -> None:
    """Time that a metric spent beyond a limit; ``counts`` where the limit speaks of a fault."""
    minute.beyond[name, severity] += microseconds
    if counts:
        minute.trouble += _WEIGHT[severity] * microseconds


def weigh_throttling(minute: Minute, words: list[str], microseconds: int) -> None:
    """Time for which the clocks were held back, and why."""
    minute.trouble += _THROTTLED_WEIGHT * microseconds
    for reason in words:
        minute.reasons[reason] += microseconds
