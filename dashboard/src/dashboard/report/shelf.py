"""What of the reports lies in the lake: which pages are old, which tell all of a day or week that is over. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dashboard.report.period import Period, week_of

KINDS = ("html", "pdf")
LATELY = timedelta(hours=48)
"""A period that ended longer ago is told to nobody: an import from years ago is no news."""
_LATE = timedelta(hours=1)
"""A batch that ended so long after a day saw all of it, also where it had nothing new to make of that day."""
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Shelf(NamedTuple):
    """Times in milliseconds of HDFS's own clock."""

    tables: Mapping[date, int]
    """Day -> when the batch was done with it."""
    pages: Mapping[str, int]
    """Name of a file -> when it was written."""
    batch: int | None = None
    """When the batch last was done with everything that had come."""

    def stale(self) -> dict[date, int]:
        """The days that were reported after their page was made, or have none, the newest first."""
        newest_first = sorted(self.tables, reverse=True)
        return {day: self.tables[day] for day in newest_first if not self.is_made(Period(day, day))}

    def is_made(self, period: Period) -> bool:
        """Whether its pages are there, and younger than its tables."""
        youngest = max(self.tables.get(day, -1) for day in period.days)
        return all(self.pages.get(file_name(period, kind), -1) >= max(youngest, 0) for kind in KINDS)

    def is_over(self, period: Period, zone: str) -> bool:
        """Whether its tables tell all of it: a day may have been reported before it had ended."""
        if not any(day in self.tables for day in period.days):
            return False
        end = end_of(period, zone)
        last, batch = self.tables.get(period.last), self.batch
        return (last is not None and last >= _milliseconds(end)) or (
            batch is not None and batch >= _milliseconds(end + _LATE)
        )


def ended_lately(now: datetime, zone: str) -> list[Period]:
    """The days and the ISO weeks that ended within LATELY, the oldest first."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = [today - timedelta(days=back) for back in (3, 2, 1)]
    found = [Period(day, day) for day in days] + [week_of(today - timedelta(days=7))]
    return [period for period in found if timedelta(0) <= now - end_of(period, zone) < LATELY]


def end_of(period: Period, zone: str) -> datetime:
    """The instant at which it is over on the clock of ``zone``."""
    after = period.last + timedelta(days=1)
    return datetime.combine(after, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)


def file_name(period: Period, kind: str) -> str:
    """``report-2026-11-22.html``, ``report-2026-W47.pdf``."""
    return f"report-{period.name}.{kind}"


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MILLISECOND
