"""What a process says of itself: counts since its start, lag, latency, memory, how often it was started."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from telemetry.clock import Clock
from telemetry.messages import PipelineReport, Scrape
from telemetry.timestamp import SECOND, format_time

REPORT_EVERY = 10 * SECOND


class SelfReport:
    """Counts, and says every 10 s whether a report is due. ``state_dir`` remembers the number of starts; ``measure``
    and ``scrapes`` are asked with each report, and must neither raise nor take long."""

    def __init__(
        self,
        process: str,
        state_dir: Path,
        clock: Clock,
        measure: Callable[[], Mapping[str, float]] = dict,
        scrapes: Callable[[], Mapping[str, Scrape]] = dict,
    ) -> None:
        self.received = 0
        self.sent = 0
        self.rejected: Counter[str] = Counter()
        self.lag: int | None = None
        self.latency_seconds: float | None = None
        self._process = process
        self._clock = clock
        self._measure = measure
        self._scrapes = scrapes
        self._started = clock.now()
        self._due = self._started
        self._starts = _count_start(state_dir / f"{process}.starts")

    def due(self) -> PipelineReport | None:
        """The report, once per interval; None in between."""
        # A clock that was set back must not silence us until it has caught up.
        if self._due - REPORT_EVERY <= self._clock.now() < self._due:
            return None
        return self.report()

    def report(self) -> PipelineReport:
        now = self._clock.now()
        self._due = now + REPORT_EVERY
        return PipelineReport(
            process=self._process,
            instance=str(os.getpid()),
            host=socket.gethostname(),
            time=format_time(now),
            started=format_time(self._started),
            starts=self._starts,
            received=self.received,
            sent=self.sent,
            rejected=dict(self.rejected),
            lag=self.lag,
            latency_seconds=self.latency_seconds,
            memory_bytes=memory_bytes(),
            gauges=dict(self._measure()),
            targets=dict(self._scrapes()),
        )


def memory_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell (no /proc)."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _count_start(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        starts = int(path.read_text(encoding="ascii")) + 1
    except (FileNotFoundError, ValueError):
        starts = 1
    path.write_text(str(starts), encoding="ascii")
    return starts
