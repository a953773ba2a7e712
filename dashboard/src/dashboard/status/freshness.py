"""Check: what was read last stands in a store soon after."""

from __future__ import annotations

import time
from collections.abc import Callable

from dashboard.status.check import Finding, Line
from dashboard.status.words import duration
from dashboard.stores.newest import Newest
from telemetry.reading import Mode
from telemetry.timestamp import SECOND, format_time

MODES: tuple[Mode, ...] = ("live", "demo", "import")


class Freshness:
    """The age of a store's newest reading, per mode.

    Nobody knows when the next live reading is due; of the demonstration everybody does: while it has run for longer
    than ``limit`` seconds, a newest reading older than that means that the path to this store is broken.
    """

    def __init__(
        self,
        store: Newest,
        demo_uptime: Callable[[], float],
        limit: float,
        do: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._demo_uptime = demo_uptime
        self._limit = limit
        self._now = now
        self.title = f"Newest reading in {store.name}"
        self.do = do

    def look(self) -> Finding:
        newest = self._store.newest()
        ages = {mode: self._now() - newest[mode] / SECOND if mode in newest else None for mode in MODES}
        lines = [self._line(mode, newest.get(mode), ages[mode]) for mode in MODES]
        return Finding(
            tuple(line for line in lines if line is not None) or (Line("note", "readings", "none yet"),),
            {mode: None if age is None else round(age, 1) for mode, age in ages.items()},
        )

    def _line(self, mode: Mode, newest: int | None, age: float | None) -> Line | None:
        due = mode == "demo" and self._demo_uptime() > self._limit
        if newest is None or age is None:
            return Line("bad", mode, "none, though the demonstration runs", self.do) if due else None
        if mode == "import":
            return Line("ok", mode, f"of {format_time(newest)[:19]}Z")
        if due and age > self._limit:
            return Line("bad", mode, f"{duration(age)} old, though the demonstration runs", self.do)
        return Line("ok", mode, f"{duration(age)} old")
