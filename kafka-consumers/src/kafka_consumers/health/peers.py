"""What GPUs of one model show at one load in one minute: the peers of each of them. Pure, but for the board itself."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

from kafka_consumers.health.minute import MINUTE
from telemetry.detection import LOWEST_LOAD
from telemetry.reading import Mode

_KEPT = 8
"""Minutes, by when they came: GPUs whose clocks are off have minutes of their own."""


class Middle(NamedTuple):
    value: float
    gpus: int


class Board:
    """Filled by each minute that closes. A minute is compared with the one before it, which all have closed by then.

    Only in memory: after a start there is nobody to compare with for two minutes, and what was found before stands.
    """

    def __init__(self) -> None:
        self._minutes: dict[int, dict[tuple[Mode, str, str, str], list[float]]] = {}
        self._middles: dict[tuple[int, Mode, str, str, str], Middle | None] = {}

    def add(self, minute: int, mode: Mode, model: str, band: str, means: Mapping[str, float]) -> None:
        """``minute``: its start."""
        if minute not in self._minutes:
            for old in list(self._minutes)[: max(0, len(self._minutes) + 1 - _KEPT)]:
                del self._minutes[old]
            self._middles = {key: middle for key, middle in self._middles.items() if key[0] in self._minutes}
        shown = self._minutes.setdefault(minute, {})
        for name, value in means.items():
            shown.setdefault((mode, model, band, name), []).append(value)

    def middle(self, minute: int, mode: Mode, model: str, band: str, name: str, least: int) -> Middle | None:
        """Of the minute before; None where fewer than ``least`` had this load then."""
        key = (minute - MINUTE, mode, model, band, name)
        if key not in self._middles:
            values = self._minutes.get(minute - MINUTE, {}).get(key[1:], [])
            self._middles[key] = Middle(median(values), len(values)) if len(values) >= least else None
        return self._middles[key]


def band_of(load: float) -> str:
    """The band of load, by its name."""
    found = next(iter(LOWEST_LOAD))
    for name, lowest in LOWEST_LOAD.items():
        if load >= lowest:
            found = name
    return found
