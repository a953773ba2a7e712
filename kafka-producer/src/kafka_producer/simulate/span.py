"""How long a simulation lasts, as people write it."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s?)?")
_LONGEST = 366 * 86_400


def parse(text: str) -> int:
    """Seconds of ``90``, ``6m``, ``1h30m``, ``24h``. Raises ValueError in words."""
    match = _SPAN.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"found {text!r}, expected seconds or 6m, 1h30m, 24h")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = days * 86_400 + hours * 3_600 + minutes * 60 + seconds
    if not 0 < total <= _LONGEST:
        raise ValueError(f"found {text!r}, expected more than nothing and at most 366d")
    return total
