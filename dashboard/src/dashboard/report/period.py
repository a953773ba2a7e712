"""What a document is of: a day of REPORT_TIMEZONE, or an ISO week, and its hours."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from telemetry.errors import Misconfigured

_WEEK = re.compile(r"(\d{4})-W(\d{1,2})")


class Period(NamedTuple):
    """``first`` to ``last`` day, both in it."""

    first: date
    last: date

    @property
    def is_day(self) -> bool:
        return self.first == self.last

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def name(self) -> str:
        """``2026-11-22`` or ``2026-W48``: of files, and as the command takes it."""
        if self.is_day:
            return self.first.isoformat()
        year, week, _ = self.first.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def title(self) -> str:
        """``Sunday, 22 November 2026``, ``Week 48 of 2026``."""
        if self.is_day:
            return f"{self.first:%A}, {long_date(self.first)}"
        year, week, _ = self.first.isocalendar()
        return f"Week {week} of {year}"

    @property
    def span(self) -> str:
        """``22 November 2026``, ``23 November to 29 November 2026``."""
        if self.is_day:
            return long_date(self.first)
        begin = f"{self.first.day} {self.first:%B}"
        if self.first.year != self.last.year:
            begin += f" {self.first.year}"
        return f"{begin} to {long_date(self.last)}"


class Hours:
    """The hours of a period on the clock of a zone; a day has 23 or 25 where the clocks change."""

    def __init__(self, period: Period, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self.period = period
        self.begin = datetime.combine(period.first, datetime.min.time(), self._zone).astimezone(UTC)
        end = datetime.combine(period.last + timedelta(days=1), datetime.min.time(), self._zone).astimezone(UTC)
        self.seconds = (end - self.begin).total_seconds()
        self.count = round(self.seconds / 3600)

    def index(self, moment: datetime) -> int:
        """Of the hour in which ``moment`` lies; outside of 0 to ``count`` - 1 for another period's."""
        return int((moment - self.begin).total_seconds() // 3600)

    def share(self, moment: datetime) -> float:
        """How much of the period has passed, 0 to 1."""
        return min(1.0, max(0.0, (moment - self.begin).total_seconds() / self.seconds))

    def label(self, index: int) -> str:
        """``14:00``; in a week ``Tue 14:00``."""
        local = (self.begin + timedelta(hours=index)).astimezone(self._zone)
        return f"{local:%H:%M}" if self.period.is_day else f"{local:%a %H:%M}"

    def clock(self, moment: datetime) -> str:
        """``14:03:22``; in a week ``Tue 14:03:22``."""
        local = moment.astimezone(self._zone)
        return f"{local:%H:%M:%S}" if self.period.is_day else f"{local:%a %H:%M:%S}"

    def axis(self) -> list[str]:
        """What stands under a picture of the whole period, evenly from left to right."""
        if self.period.is_day:
            return ["00:00", "06:00", "12:00", "18:00", "24:00"]
        return [*(f"{day:%a}" for day in self.period.days), ""]


def week(text: str) -> Period:
    """Of ``2026-W48``, or of any date in it. Raises Misconfigured."""
    match = _WEEK.fullmatch(text)
    try:
        day = date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else date.fromisoformat(text)
        return week_of(day)
    except (ValueError, OverflowError) as error:
        raise Misconfigured("--week", repr(text), "a week such as 2026-W48, or a date in it") from error


def week_of(day: date) -> Period:
    """The ISO week in which ``day`` lies. Raises OverflowError at the ends of the calendar."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6))


def day(text: str) -> Period:
    """Raises Misconfigured."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise Misconfigured("--date", repr(text), "a date such as 2026-11-22") from error
    return Period(found, found)


def long_date(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
