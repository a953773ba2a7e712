"""The thread that keeps the tables where PostgreSQL does not do it itself: aggregates, partitions, what has expired."""

from __future__ import annotations

import logging
from threading import Event, Thread

from kafka_consumers.timescale.store import Store
from kafka_consumers.waiting import Server
from telemetry.clock import Clock
from telemetry.errors import Unavailable

logger = logging.getLogger(__name__)


class Upkeep:
    """Of every writer, however many there are: what one does, another finds done."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._stop = Event()
        self._thread = Thread(target=self._run, name="upkeep", daemon=True)

    def start(self, every_seconds: float) -> None:
        self._every = every_seconds
        self._thread.start()

    def close(self) -> None:
        """A step that is under way ends with its connection, and is done again another time."""
        self._stop.set()

    def step(self) -> dict[str, int]:
        """What was done. Raises Unavailable."""
        return self._store.act(lambda connection, layout: layout.upkeep(connection, self._clock.now()))

    def _run(self) -> None:
        postgres = Server("postgres", self._clock, self._stop)
        while not self._stop.wait(self._every):
            try:
                done = self.step()
                postgres.answered()
                if did := " ".join(f"{what}={count}" for what, count in done.items() if count):
                    logger.info("upkeep %s", did)
            except Unavailable as error:
                postgres.pause(error)
            except Exception:
                # A fault must not leave the tables without upkeep for ever.
                logger.exception("fault in upkeep")
        self._store.close()
