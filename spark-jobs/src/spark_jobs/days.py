"""What a day is, and an hour of it: REPORT_TIMEZONE says so."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.spans import Span
from telemetry.timestamp import SECOND

HOUR = 3600


class Days:
    """Days and hours of one zone. Times in and out are UTC."""

    def __init__(self, zone: str) -> None:
        self._name = zone
        self._zone = ZoneInfo(zone)

    def bounds(self, day: date) -> Span:
        """``day``; 23 or 25 hours long where the clocks change."""
        return self.period(day, 1)

    def period(self, last: date, days: int) -> Span:
        """The ``days`` days of which ``last`` is the last."""
        first = last - timedelta(days=min(days - 1, (last - date.min).days))
        begin = datetime.combine(first, datetime.min.time(), self._zone)
        end = datetime.combine(last + timedelta(days=1), datetime.min.time(), self._zone)
        return Span(int(begin.timestamp()) * SECOND, int(end.timestamp()) * SECOND)

    def of(self, readings: DataFrame) -> list[date]:
        """The days in which ``readings`` lie, in order."""
        # West of Greenwich the first day of all lies in the year 0, which Python does not have.
        day = F.greatest(self.day_of("time"), F.lit(date.min.isoformat()).cast("date")).alias("day")
        return sorted(row["day"] for row in readings.select(day).distinct().collect())

    def day_of(self, time: str) -> Column:
        return F.to_date(self._local(time))

    def hour_of(self, time: str) -> Column:
        """0 to 23, as a clock on the wall shows it."""
        return F.hour(self._local(time))

    def hour_start(self, time: str) -> Column:
        """The instant at which the hour on the wall began; the hour that comes twice in autumn has two."""
        local = self._local(time)
        whole = (F.minute(local) * 60 + F.second(local)).cast("long")
        into = whole * SECOND + F.pmod(F.unix_micros(time), F.lit(SECOND))
        return F.timestamp_micros(F.unix_micros(time) - into)

    def _local(self, time: str) -> Column:
        return F.convert_timezone(F.lit("UTC"), F.lit(self._name), time)
