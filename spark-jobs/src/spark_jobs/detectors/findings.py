"""The finding: one detector's word on one span of one GPU's metric. Adjacent ones are joined to an anomaly."""

from __future__ import annotations

from typing import Final, NamedTuple

LIMIT: Final = "limit"
THROTTLE: Final = "throttle"
IMPLAUSIBLE: Final = "implausible"
RATE: Final = "rate"
STUCK: Final = "stuck"
HOT: Final = "hot_for_load"
SHIFT: Final = "level_shift"
OF_READINGS: Final = frozenset({LIMIT, THROTTLE, IMPLAUSIBLE})
"""Each reading shows them by itself: a later reading adds to them and never takes one back."""
OF_WINDOWS: Final = frozenset({RATE, STUCK, HOT, SHIFT})
"""They look at averages and neighbours, so they are judged anew where a late reading changed a window."""

RANKS: Final = {"info": 0, "warning": 1, "critical": 2}
"""Severity -> its order."""
_LEAST = float("-inf")

Key = tuple[str, str, str, int]
"""gpu, kind, metric, bit: what findings must share to be one anomaly."""


class Finding(NamedTuple):
    """Times in microseconds UTC, severity as its rank; ``bit`` of a bit mask, else 0; ``peak``: when the worst was."""

    gpu: str
    host: str
    source: str
    mode: str
    kind: str
    metric: str
    bit: int
    start: int
    end: int
    rank: int
    badness: float | None
    """Orders the values of one severity."""
    peak: int
    value: float | None
    limit: float | None
    score: float | None

    @property
    def key(self) -> Key:
        return self.gpu, self.kind, self.metric, self.bit

    @property
    def is_expected(self) -> bool:
        """Worth knowing, and no fault."""
        return self.rank == RANKS["info"]

    def with_(self, other: Finding) -> Finding:
        """Both as one: the worst of the two, the first of equals."""
        worst = self if self._badness() >= other._badness() else other
        return worst._replace(
            host=max(self.host, other.host),
            source=max(self.source, other.source),
            mode=max(self.mode, other.mode),
            start=min(self.start, other.start),
            end=max(self.end, other.end),
        )

    def _badness(self) -> tuple[float, ...]:
        numbers = (_LEAST if each is None else each for each in (self.value, self.limit, self.score))
        return self.rank, _LEAST if self.badness is None else self.badness, -self.peak, *numbers
