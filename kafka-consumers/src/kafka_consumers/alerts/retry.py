"""Attempts at contacts and the pauses between them: 5 s, 10 s, ... 5 minutes, each contact by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable

from telemetry.errors import Unavailable
from telemetry.timestamp import SECOND

logger = logging.getLogger(__name__)
_FIRST, _LAST = 5 * SECOND, 300 * SECOND


class Retries:
    """When each contact may be tried again. For one thread; times in microseconds."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, int] = {}

    def may_try(self, contact: str, now: int) -> bool:
        return now >= self._not_before.get(contact, 0)

    def taken(self, contact: str) -> None:
        self._failures.pop(contact, None)

    def failed(self, contact: str, now: int) -> tuple[int, int]:
        """How many times in a row by now, and the pause."""
        failures = self._failures[contact] = self._failures.get(contact, 0) + 1
        pause = min(_LAST, _FIRST * 2 ** min(failures - 1, 10))
        self._not_before[contact] = now + pause
        return failures, pause


def attempt(contact: str, deliver: Callable[[], None]) -> str:
    """What went wrong; empty where it was taken."""
    try:
        deliver()
    except Unavailable as error:
        return str(error) or "not taken"
    except Exception as error:
        logger.exception("fault contact=%s", contact)
        return f"{type(error).__name__}: {error}"[:300]
    return ""
