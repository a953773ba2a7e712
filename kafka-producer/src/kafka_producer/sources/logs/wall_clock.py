"""The times of a log: local wall clock without a zone in, instants that are unique within the log out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from telemetry.errors import Rejected
from telemetry.timestamp import EPOCH, MILLISECOND, SECOND

FUTURE_TIME: Final = "future_time"

_STAMP = re.compile(rb"\s*(\d{4})([-/.])(\d{1,2})\2(\d{1,2})[ T]+(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?\s*")
_SECONDS = {f":{second:02d}{end}".encode(): second for second in range(60) for end in ("", " ")}
_TEXTS = [f":{second:02d}" for second in range(60)]
_MINUTE_LENGTH = len("2023-06-16 10:17")
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
"""Of clocks that may be wrong; beyond them not all programs behind us can write a time."""
_MOST_STEPS = MILLISECOND - 1


class WallClock:
    """Turns the stamps of a log, in file order, into microseconds UTC. The same stamps always give the same instants.

    - Instants lie on whole milliseconds and rise within a session: rows of one second follow each other by 1 ms.
    - A backward step inside the hour that a zone repeats in autumn is the second pass of that hour.
    - Any other backward step begins a new session; each session adds one more microsecond to its instants, so that
      no two rows of a log share one.
    - A time that the zone skips in spring moves forward by what was skipped.
    """

    def __init__(self, zone: tzinfo, latest: int) -> None:
        self.recorded = ""
        """The stamp of the last call, as ISO 8601 without a zone."""
        self._zone = zone
        self._latest = latest
        self._minute = b""
        self._minute_text = ""
        self._base = 0
        self._fold = 0
        self._raw = -(10**18)
        self._last = -(10**18)
        self._highest = -(10**18)
        self._steps = 0

    def at(self, stamp: bytes) -> int:
        """Raises Rejected(``bad_time``, or ``future_time`` beyond ``latest``)."""
        second = _SECONDS.get(stamp[_MINUTE_LENGTH:])
        if second is not None and stamp[:_MINUTE_LENGTH] == self._minute:
            self.recorded = self._minute_text + _TEXTS[second]
            raw = self._base + second * SECOND
        else:
            raw = self._read(stamp)
        if raw > self._raw:
            time = raw + self._steps
            if time <= self._last:
                time = self._last + MILLISECOND
        elif raw == self._raw:
            time = self._last + MILLISECOND
        else:
            time = self._step_back(raw)
            raw = self._raw
        self._raw = raw
        self._last = time
        if time > self._latest:
            raise Rejected(FUTURE_TIME, f"{self.recorded} is more than an hour ahead: is the time zone right?")
        return time

    def _read(self, stamp: bytes) -> int:
        match = _STAMP.fullmatch(stamp)
        if match is None:
            raise Rejected("bad_time", f"found {stamp[:40]!r}, expected a time such as 2023-06-16 10:17:08")
        year, month, day, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6, 7))
        fraction = (match[8] or b"").decode()
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            raise Rejected("bad_time", f"found {stamp[:40]!r}, expected a year from {_FIRST_YEAR} to {_LAST_YEAR}")
        try:
            local = datetime(year, month, day, hour, minute, second)
            base = self._to_utc(local.replace(second=0))
        except (ValueError, OverflowError) as error:
            raise Rejected("bad_time", f"{stamp[:40]!r}: {error}") from error
        self._base = base
        self._minute_text = local.isoformat(timespec="minutes")
        # Only GPU-Z's own spelling may be compared by its bytes; other spellings come here each time.
        self._minute = stamp[:_MINUTE_LENGTH] if stamp[:_MINUTE_LENGTH] == _native(local) else b""
        self.recorded = self._minute_text + _TEXTS[second] + (f".{fraction}" if fraction else "")
        # Finer than a millisecond would collide with what tells sessions apart.
        return base + second * SECOND + int(fraction.ljust(3, "0")[:3] or 0) * MILLISECOND

    def _to_utc(self, local: datetime) -> int:
        """Microseconds UTC of a local minute, in the pass of a repeated hour that we are in."""
        first, second = (local.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        is_repeated = _offset(first) > _offset(second)
        # What the first pass would put behind all rows so far lies in another autumn.
        if not is_repeated or _microseconds(first) > self._raw:
            self._fold = 0
        return _microseconds(second if is_repeated and self._fold else first)

    def _step_back(self, raw: int) -> int:
        """The instant of a row that is earlier than the one before it; sets ``_raw`` to what the zone makes of it."""
        local = datetime.fromisoformat(self._minute_text)
        within = raw - self._base
        if self._fold == 0:
            self._fold = 1
            base = self._to_utc(local)
            if self._fold == 1 and base + within >= self._raw:
                self._base, self._raw = base, base + within
                return max(self._raw + self._steps, self._last + MILLISECOND)
        self._fold = 0
        self._base = self._to_utc(local)
        self._raw = self._base + within
        self._highest = max(self._highest, self._last)
        if self._steps < _MOST_STEPS:
            self._steps += 1
            return self._raw + self._steps
        # A clock that jumps a thousand times tells no time: from here on, rows only follow one another.
        return self._highest // MILLISECOND * MILLISECOND + MILLISECOND + _MOST_STEPS


def _native(local: datetime) -> bytes:
    return local.isoformat(sep=" ", timespec="minutes").encode()


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta(0)


def _microseconds(moment: datetime) -> int:
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)
