"""The upkeep of the lake around the reports: many small files become one before, what is old or unused goes after.

Readers see a version of a table whole, so they may read while this happens. VACUUM leaves what was in use in the last
seven days (Delta's default): the batch asks for the commits of as many days, and their files must be there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from delta.exceptions import (
    ConcurrentAppendException,
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentWriteException,
    DeltaConcurrentModificationException,
)
from delta.tables import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from spark_jobs.report_store import ReportStore
from spark_jobs.spans import Span
from telemetry.settings import Settings

logger = logging.getLogger(__name__)

TABLES = ("readings", "windows", "anomalies")
_READINGS = "readings"
_KEPT = timedelta(days=7)
"""Delta's default for VACUUM."""
_EXPIRED = "expired_dates"
_DISTURBED = (
    ConcurrentAppendException,
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentWriteException,
    DeltaConcurrentModificationException,
)
"""In Python none of them is a kind of another."""
_TRIES = 5
"""A stream that catches up commits each few seconds; it must not come between each time."""


class Upkeep:
    """Of the tables below LAKE_PATH; one that is not there is passed over."""

    def __init__(self, spark: SparkSession, settings: Settings, store: ReportStore) -> None:
        self._spark = spark
        self._store = store
        self._root = f"{settings.hdfs_url.rstrip('/')}{settings.lake_path.rstrip('/')}"
        self._retention_days = settings.lake_retention_days

    def compact(self, touched: Iterable[Span], today: date) -> None:
        """Of the dates (UTC) of ``touched``. Before the reports, because each of them reads the day."""
        dates = sorted({day for span in touched for day in span.dates()})
        for name, table in self._tables():
            # The stream changes those of today that late readings fall into: one of the two would have to give way.
            self._compact(table, name, dates if name == _READINGS else [day for day in dates if day < today])

    def clear(self, today: date) -> None:
        """Expires readings, removes files that no version needs. After the reports, which may still tell of them."""
        for name, table in self._tables():
            if name == _READINGS:
                self._expire(table)
            if self._may_have_unneeded_files(table, today):
                self._spark.sql(f"VACUUM delta.`{table}`").collect()

    def _tables(self) -> Iterator[tuple[str, str]]:
        for name in TABLES:
            table = f"{self._root}/{name}"
            if DeltaTable.isDeltaTable(self._spark, table):
                yield name, table

    def _may_have_unneeded_files(self, table: str, today: date) -> bool:
        """Not while the table is younger than what VACUUM keeps anyway: looking at all files takes its time."""
        (row,) = DeltaTable.forPath(self._spark, table).detail().select(F.to_date("createdAt").alias("made")).collect()
        return bool(today - row["made"] >= _KEPT)

    def _compact(self, table: str, name: str, dates: list[date]) -> None:
        if not dates:
            return
        wanted = ", ".join(f"DATE'{day.isoformat()}'" for day in dates)
        try:
            (row,) = self._spark.sql(f"OPTIMIZE delta.`{table}` WHERE date IN ({wanted})").collect()
        except PySparkException as error:
            # The stream came between; what is compacted is compacted, the rest waits for the next night.
            logger.warning("compaction=%s put off: error=%s", name, _first_line(error))
            return
        before, after = row["metrics"].numFilesRemoved, row["metrics"].numFilesAdded
        if before:
            logger.info("compaction=%s dates=%d files=%d to=%d", name, len(dates), before, after)

    def _expire(self, table: str) -> None:
        """Readings that came into the lake more than LAKE_RETENTION_DAYS ago; by when they came, not by their own time,
        or an imported log would be gone the night after."""
        if not self._retention_days:
            return
        oldest = F.current_timestamp() - F.make_dt_interval(days=F.lit(self._retention_days))
        readings = DeltaTable.forPath(self._spark, table)
        old = readings.toDF().filter(F.col("ingested") < oldest)
        dates = {row["date"] for row in old.select("date").distinct().collect()}
        if dates:
            # Said before it is done: killed between the two, a report stays where it could have been made again.
            known = sorted(dates | set(expired_dates(self._store)))
            self._store.remember(_EXPIRED, " ".join(day.isoformat() for day in known))
            # With the dates: what the stream adds to others meanwhile is no conflict.
            their = F.col("date").isin([F.lit(day.isoformat()).cast("date") for day in sorted(dates)])
            if delete(readings, their & (F.col("ingested") < oldest)):
                logger.info("expired=readings days_kept=%d dates=%d", self._retention_days, len(dates))


def delete(table: DeltaTable, condition: Column) -> bool:
    """Whether it is done, though others write; else it waits for the next night."""
    for number in range(1, _TRIES + 1):
        try:
            table.delete(condition)
        except _DISTURBED as error:
            logger.warning(
                "expiry: another writer came between, try=%d of=%d error=%s", number, _TRIES, _first_line(error)
            )
        else:
            return True
    logger.warning("expiry put off to the next night")
    return False


def _first_line(error: PySparkException) -> str:
    return str(error).splitlines()[0]


def expired_dates(store: ReportStore) -> list[date]:
    """The dates (UTC) of which retention has taken readings out of the lake, in order."""
    return [date.fromisoformat(text) for text in (store.remembered(_EXPIRED) or "").split()]
