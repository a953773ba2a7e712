"""How often a live GPU is asked, as people write it."""

from __future__ import annotations

import re
from typing import Final

from telemetry.timestamp import MILLISECOND, SECOND

_UNITS: Final = {"ms": MILLISECOND, "s": SECOND, "m": 60 * SECOND}
SHORTEST: Final = 100 * MILLISECOND
LONGEST: Final = 3600 * SECOND


def parse(text: str) -> int:
    """Microseconds of ``500ms``, ``1s``, ``2.5s`` or ``1m``. Raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m)", text.strip())
    found = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    if not SHORTEST <= found <= LONGEST:
        raise ValueError("a number with ms, s or m, from 100ms to 60m, such as 1s")
    return found
