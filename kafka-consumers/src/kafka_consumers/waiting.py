"""Waiting for a server that is away: the one place that tries again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from telemetry.clock import Clock
from telemetry.errors import Unavailable

logger = logging.getLogger(__name__)
T = TypeVar("T")
_MOST_SAID = 5


class Server:
    """Says once that a server is away (and why, each time anew for another reason), and once that it is back."""

    def __init__(self, what: str, clock: Clock, stop: Event) -> None:
        self._what = what
        self._clock = clock
        self._stop = stop
        self._since: int | None = None
        self._said: set[str] = set()

    def insist(self, act: Callable[[], T], meanwhile: Callable[[], None] = lambda: None) -> T:
        """``act()``, as soon as it does not raise Unavailable; raises that only once the process is to stop."""
        while True:
            meanwhile()
            try:
                result = act()
            except Unavailable as error:
                if self.pause(error):
                    raise
            else:
                self.answered()
                return result

    def pause(self, error: Unavailable) -> bool:
        """Waits as long as ``error`` asks for; True when the process is to stop."""
        if self._since is None:
            self._since = self._clock.now()
        reason = str(error)
        if reason not in self._said and len(self._said) < _MOST_SAID:
            self._said.add(reason)
            logger.warning("away server=%s error=%s: waiting, nothing is lost", self._what, reason)
        return self._stop.wait(error.retry_after)

    def answered(self) -> None:
        if self._since is not None:
            logger.info("back server=%s after_seconds=%.1f", self._what, (self._clock.now() - self._since) / 1e6)
            self._since = None
            self._said.clear()
