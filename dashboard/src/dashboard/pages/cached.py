"""A value that many open pages show: asked for once, however many look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from telemetry.errors import Unavailable

T = TypeVar("T")


class Cached(Generic[T]):
    """The answer of ``ask`` (which may wait for a server), at most ``seconds`` old. A store that is away is not asked
    again before that time either."""

    def __init__(self, ask: Callable[[], T], seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._until = 0.0
        self._answer: T | None = None
        self._error: Unavailable | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> T:
        """Raises what the store raised."""
        async with self._lock:
            if time.monotonic() >= self._until:
                try:
                    self._answer, self._error = await asyncio.to_thread(self._ask), None
                except Unavailable as error:
                    self._error = error
                self._until = time.monotonic() + self._seconds
        if self._error is not None:
            raise self._error
        assert self._answer is not None
        return self._answer

    def forget(self) -> None:
        """What was known is old: something was done about it."""
        self._until = 0.0
