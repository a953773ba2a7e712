"""Time comes in by argument, so that tests own it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """The wall clock and the patience of a process."""

    def now(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; may return early."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)
