"""What became of each log, kept in a file for whoever shows it: once a second, where anything changed."""

from __future__ import annotations

import logging
from pathlib import Path

from kafka_producer import status
from kafka_producer.due import is_due
from kafka_producer.progress import Progress
from telemetry import log_states
from telemetry.clock import Clock
from telemetry.timestamp import SECOND

log = logging.getLogger(__name__)

EVERY = SECOND


class LogSnapshot:
    """The file ``logs.json`` of the state directory."""

    def __init__(self, progress: Progress, state_dir: Path, clock: Clock) -> None:
        self._progress = progress
        self._state_dir = state_dir
        self._clock = clock
        self._next = 0
        self._seen: tuple[int, int] | None = None
        self._failed = False

    def tend(self) -> None:
        """To be called often."""
        now = self._clock.now()
        if is_due(now, self._next, EVERY):
            self._next = now + EVERY
            self.write()

    def write(self) -> None:
        """Where anything changed since the last time."""
        seen = self._version()
        if seen == self._seen:
            return
        try:
            log_states.write(self._state_dir, log_states.document(status.lines(self._progress)))
        except OSError as error:
            # The logs themselves go on: who wants to look at them sees them a little late.
            if not self._failed:
                log.warning("what became of the logs cannot be told: %s", error)
            self._failed = True
            return
        self._seen, self._failed = seen, False

    def _version(self) -> tuple[int, int]:
        """Changes by ourselves, and by others (a replay beside us)."""
        connection = self._progress.connection
        (others,) = connection.execute("pragma data_version").fetchone()
        return connection.total_changes, others
