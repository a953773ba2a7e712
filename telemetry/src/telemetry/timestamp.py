"""UTC instants: microseconds since 1970 inside, RFC 3339 with milliseconds (or microseconds) on the wire."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MILLISECOND = 1_000
_FIRST = -62_135_596_800 * SECOND
_LAST = 253_402_300_800 * SECOND - 1

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_WHOLE_SECONDS = [f":{number:02d}.000Z" for number in range(60)]


@lru_cache(maxsize=4096)
def _minute_text(minute: int) -> str:
    # Not strftime, which writes the year 1 with one digit.
    return (EPOCH + timedelta(minutes=minute)).isoformat()[:16]


def format_time(microseconds: int) -> str:
    """``2021-05-16T08:17:08.000Z``; six digits only where milliseconds do not tell all.

    Raises OverflowError for an instant outside the years 1 to 9999.
    """
    seconds, fraction = divmod(microseconds, SECOND)
    minute, second = divmod(seconds, 60)
    if not fraction:  # most often; to format a number takes longer than all else here
        return _minute_text(minute) + _WHOLE_SECONDS[second]
    if fraction % MILLISECOND:
        return f"{_minute_text(minute)}:{second:02d}.{fraction:06d}Z"
    return f"{_minute_text(minute)}:{second:02d}.{fraction // MILLISECOND:03d}Z"


def parse_time(text: str) -> int:
    """The inverse of :func:`format_time`; any RFC 3339 instant with a zone, at most six digits of a second and in the
    years 1 to 9999 of UTC. Raises ValueError for anything else (fromisoformat alone takes week dates, and more)."""
    if _RFC_3339.fullmatch(text) is None:
        what = "has no zone" if _RFC_3339.fullmatch(f"{text}Z") else "is no instant"
        raise ValueError(f"{text[:80]!r} {what}: expected RFC 3339 such as 2021-05-16T08:17:08.000Z")
    # Not timedelta // timedelta, which is slower.
    since = datetime.fromisoformat(text) - EPOCH
    microseconds = (since.days * 86_400 + since.seconds) * SECOND + since.microseconds
    if not _FIRST <= microseconds <= _LAST:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999 of UTC")
    return microseconds
