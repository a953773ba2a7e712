"""A clock that stands."""

from __future__ import annotations


class At:
    """At ``now`` (microseconds UTC), for ever."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        return self._now

    def sleep(self, seconds: float) -> None:
        """Not here."""
