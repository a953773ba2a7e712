"""Which time a page looks at: the last minutes, or from one instant to another. It stands in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from dashboard.pages.moments import clock, lasted
from dashboard.stores.history import KnownGpu, Span
from telemetry.timestamp import MILLISECOND, SECOND, parse_time

MINUTE = 60 * SECOND
LASTS = {"15m": 15, "1h": 60, "6h": 360, "24h": 1440, "7d": 10_080, "30d": 43_200}
"""Name -> minutes."""
WORDS = {"15m": "15 min", "1h": "1 h", "6h": "6 h", "24h": "24 h", "7d": "7 d", "30d": "30 d"}
_LEAST = 2 * SECOND
_LATEST = 4_102_444_800 * SECOND


@dataclass(frozen=True, slots=True)
class View:
    """``last`` is a key of LASTS: the view moves on by itself; empty: it stands."""

    span: Span
    last: str = ""

    @classmethod
    def of_last(cls, last: str, now: int) -> Self:
        return cls(Span(now - LASTS[last] * MINUTE, now), last)

    @classmethod
    def between(cls, begin: int, end: int) -> Self:
        begin, end = max(0, min(begin, end)), min(_LATEST, max(begin, end))
        return cls(Span(begin, max(end, begin + _LEAST)))

    @classmethod
    def whole(cls, known: KnownGpu) -> Self:
        """Everything that there is of a GPU."""
        return cls.between(known.first, known.last + SECOND)

    @classmethod
    def asked(cls, last: str, begin: str, end: str, known: KnownGpu | None, now: int) -> Self:
        """As the address says; else the last minutes of a GPU that runs, or all of one that was recorded."""
        if last in LASTS:
            return cls.of_last(last, now)
        first, second = instant(begin), instant(end)
        if first is not None and second is not None:
            return cls.between(first, second)
        if known is not None and now - known.last > 15 * MINUTE:
            return cls.whole(known)
        return cls.of_last("15m", now)

    @property
    def query(self) -> str:
        if self.last:
            return f"last={self.last}"
        return f"from={self.span.begin // MILLISECOND}&to={-(-self.span.end // MILLISECOND)}"

    @property
    def words(self) -> str:
        length = lasted(self.span.begin, self.span.end)
        if self.last:
            return f"The last {length}, moving on"
        return f"{clock(self.span.begin)} to {clock(self.span.end)} UTC, {length}"

    def moved(self, part: float) -> View:
        """Earlier (negative) or later by a part of its length."""
        by = round((self.span.end - self.span.begin) * part)
        return self.between(self.span.begin + by, self.span.end + by)

    def scaled(self, factor: float) -> View:
        """Around its middle."""
        middle, half = (self.span.begin + self.span.end) // 2, (self.span.end - self.span.begin) / 2
        return self.between(round(middle - half * factor), round(middle + half * factor))


def instant(text: str) -> int | None:
    """Milliseconds since 1970 as in links, RFC 3339, or ``2021-05-16 08:17[:08]`` in UTC. None: none of these."""
    text = text.strip()
    if text.isdecimal() and text.isascii() and len(text) <= 14:
        return int(text) * MILLISECOND
    plain = text.replace(" ", "T", 1)
    for form in (plain, f"{plain}Z", f"{plain}:00Z", f"{plain}T00:00:00Z"):
        try:
            return parse_time(form)
        except ValueError:
            continue
    return None
