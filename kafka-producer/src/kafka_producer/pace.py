"""When a recorded reading is played: pure arithmetic on microseconds, the clock is the caller's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Speed = float | Literal["max"]
TimeKind = Literal["now", "original"]


class Playback:
    """Plays recorded instants from ``start`` on, ``speed`` times as fast as they were recorded.

    The first instant is played at ``start``, a later one at start + (recorded - first) / speed. Where the recorded
    clock steps back, nothing is waited for and playing goes on. Played instants rise strictly, so they tell readings
    apart; they depend on the order of calls, on ``start`` and ``speed`` alone.
    """

    def __init__(self, start: int, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._recorded: int | None = None
        self._elapsed = 0
        self._played = start - 1

    def at(self, recorded: int) -> int:
        """Call it for every reading, in file order."""
        if self._recorded is not None and recorded > self._recorded:
            self._elapsed += recorded - self._recorded
        self._recorded = recorded
        self._played = max(self._start + int(self._elapsed / self._speed), self._played + 1)
        return self._played


def shifted(newest: int, end: int) -> Callable[[int], int]:
    """Keeps the recorded spacing and moves it so that ``newest`` comes to lie at ``end``."""
    shift = end - newest
    return lambda recorded: recorded + shift


def parse_speed(text: str) -> Speed:
    """``max`` or a number above 0. Raises ValueError."""
    if text == "max":
        return "max"
    speed = float(text)
    if not 0.0 < speed <= 1_000_000.0:
        raise ValueError(f"found {text}, expected max or a number above 0 such as 1, 2 or 60")
    return speed


def speed_text(speed: Speed) -> str:
    return "max" if speed == "max" else f"{speed:g}"
