"""Which readings of a log with its original time are live: from one instant on, which is decided once per log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_producer import sessions
from kafka_producer.pass_state import PassState
from kafka_producer.sessions import Sessions
from telemetry.clock import Clock
from telemetry.reading import DEMO_HOST_PREFIX, IMPORT_AGE, Mode, Reading, mode_of, split_gpu

if TYPE_CHECKING:  # a look at a log needs no database
    from kafka_producer.ledger import Known, Ledger


def live_after(gpu: str, spans: Sessions, now: int) -> int | None:
    """Of a log that is fresh, the start of its current session (no gap of an hour); None: all of it is imported."""
    if not spans or mode_of(split_gpu(gpu)[0], spans[-1].last, now) != "live":
        return None
    current = sessions.current(spans, IMPORT_AGE)
    return current.first if current is not None else None


def base_of(gpu: str) -> Mode:
    """The mode of readings that are not live."""
    return "demo" if gpu.startswith(DEMO_HOST_PREFIX) else "import"


def moded(reading: Reading, live_from: int | None) -> Reading:
    """``reading``, as live if it is."""
    if live_from is None or reading.time < live_from or reading.mode == "demo":
        return reading
    return reading._replace(mode="live")


class LogMode:
    """Of one known log; an import becomes live with its first fresh reading."""

    def __init__(self, known: Known, state: PassState, ledger: Ledger, clock: Clock) -> None:
        # What an earlier version replayed as live is live from its first reading on.
        self.live_after = 0 if known.live_after is None and state.mode == "live" else known.live_after
        self.base: Mode = "demo" if state.mode == "demo" else "import"
        self._fingerprint = known.fingerprint
        self._ledger = ledger
        self._clock = clock

    @property
    def current(self) -> Mode:
        return self.base if self.base == "demo" or self.live_after is None else "live"

    def of(self, reading: Reading) -> Reading:
        """With its mode: to be called before it is sent."""
        if self.live_after is None and self.base != "demo" and reading.time > self._clock.now() - IMPORT_AGE:
            # Saved before the first of these readings is sent: sent again, it must be live again.
            self.live_after = reading.time
            self._ledger.go_live(self._fingerprint, reading.time)
        return moded(reading, self.live_after)
