"""A process without a port is healthy while the file that it touches is young."""

from __future__ import annotations

import time
from pathlib import Path


class Heartbeat:
    """Touches ``directory/<process>.heartbeat`` at most once a second."""

    def __init__(self, directory: Path, process: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / f"{process}.heartbeat"
        self._last = 0.0

    def beat(self) -> None:
        now = time.monotonic()
        if now - self._last >= 1.0:
            self._path.touch()
            self._last = now


def age(directory: Path, process: str) -> float | None:
    """Seconds since the last beat; None where there never was one."""
    try:
        return max(0.0, time.time() - (directory / f"{process}.heartbeat").stat().st_mtime)
    except FileNotFoundError:
        return None
