"""Durations as people write them, ``90s`` or ``1h30m``, as microseconds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from telemetry.timestamp import SECOND

_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND}
_PART = re.compile(r"(\d+)(ms|s|m|h|d)")


def parse(value: object) -> int:
    """Microseconds. Raises ValueError for anything but ``0`` or numbers with a unit: a bare 5 could be anything."""
    if value == 0 and type(value) is int:
        return 0
    if type(value) is not str or not re.fullmatch(rf"(?:{_PART.pattern})+", value):
        raise ValueError("a duration such as 10s, 5m, 1h30m or 0")
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(value))


def spell(microseconds: int) -> str:
    """The inverse of :func:`parse`, the largest units first."""
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        number, microseconds = divmod(microseconds, _UNITS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0"


Duration = Annotated[int, BeforeValidator(parse)]
"""A field of a configuration file: text there, microseconds here."""
