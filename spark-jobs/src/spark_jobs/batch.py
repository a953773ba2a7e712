"""A run of the nightly batch: which days, which of their reports, and where the rows go."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.days import Days
from spark_jobs.knowledge import Knowledge
from spark_jobs.lake import Lake, Mark
from spark_jobs.lake_history import LakeHistory
from spark_jobs.report_day import KafkaKeeps, Places, ReportDay
from spark_jobs.report_list import REPORTS
from spark_jobs.report_messages import messages
from spark_jobs.report_store import ReportStore
from spark_jobs.reports.report import Report
from spark_jobs.session import forget_plans
from spark_jobs.upkeep import Upkeep, expired_dates
from telemetry import topics
from telemetry.catalogue import Catalogue
from telemetry.settings import Settings

logger = logging.getLogger(__name__)

MARK = "reported_until"
"""Remembered after each run that was done with everything that had come; the console looks how old it is."""

ARROW_ROWS = 10_000
ARROW_BYTES = 2**31 - 1
"""No limit. Spark measures a batch by its bytes after each row of it, and of a map that is a walk over all rows before:
10,000 readings with one took half a second to hand over, without it 20 ms."""


def days_to_make(
    touched: Iterable[date], reports: Iterable[Report], reported: Callable[[str], Iterable[date]]
) -> dict[date, list[Report]]:
    """Day -> its reports to be made, both in order: all of a day that was touched, and of the later days that have
    been ``reported`` (report -> its days) those that look back to a touched one."""
    made: dict[date, list[Report]] = {}
    own = set(touched)
    for report in reports:
        later = reported(report.name) if report.looks_back and own else ()
        depending = {day for day in later if any(0 < (day - old).days <= report.looks_back for old in own)}
        for day in own | depending:
            made.setdefault(day, []).append(report)
    return dict(sorted(made.items()))


class Batch:
    """Makes the reports of the days that it is given. Idempotent: a day's rows are replaced, never added to.

    ``reports``: in the order in which they are made, each after those whose rows it takes.
    """

    def __init__(
        self, spark: SparkSession, settings: Settings, catalogue: Catalogue, reports: Sequence[Report] = REPORTS
    ) -> None:
        self._spark = spark
        self._reports = reports
        # A worker's rows at a time: it groups whole columns here, and a thousand are too few for that.
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", ARROW_ROWS)
        spark.conf.set("spark.sql.execution.arrow.maxBytesPerBatch", ARROW_BYTES)
        self._settings = settings
        self._catalogue = catalogue
        self._days = Days(settings.report_timezone)
        self._lake = Lake(spark, settings, catalogue)
        self._store = ReportStore(spark, settings)
        knowledge = Knowledge(settings, self._store)
        self._places = Places(self._lake, LakeHistory(spark, settings), self._store, knowledge)

    def run_touched(self) -> list[date]:
        """Every day of which readings came into the lake since the last such run, and what looks back to it."""
        if not self._has_readings():
            return []
        now = self._lake.mark()
        touched = self._days_since(Mark.parse(self._store.remembered(MARK)), now)
        self._make(days_to_make(touched, self._reports, self._store.dates), touched)
        # Remembered last: a run that is killed is made again in full.
        self._store.remember(MARK, now.text())
        return touched

    def run(self, days: list[date]) -> None:
        """The reports of ``days``; a day without readings gets no rows and loses those that it had."""
        if self._has_readings():
            self._make({day: list(self._reports) for day in days}, days)

    def _has_readings(self) -> bool:
        if self._lake.has_readings():
            return True
        logger.warning("the lake is empty: there is nothing to report on yet")
        return False

    def _days_since(self, before: Mark | None, now: Mark) -> list[date]:
        if before is None or before.table != now.table or before.version > now.version:
            return self._days.of(self._lake.readings())
        try:
            return self._days.of(self._lake.readings_added(before, now))
        except PySparkException as error:
            # Delta forgets what came when, after delta.logRetentionDuration.
            reason = str(error).splitlines()[0]
            logger.warning("unknown what came since version %d, so all days anew: error=%s", before.version, reason)
            return self._days.of(self._lake.readings())

    def _make(self, plan: dict[date, list[Report]], touched: list[date]) -> None:
        """``touched``: the days of which there may be new files in the lake."""
        upkeep, today = Upkeep(self._spark, self._settings, self._store), datetime.now(UTC).date()
        upkeep.compact((self._days.bounds(day) for day in touched), today)
        self._make_reports(plan)
        upkeep.clear(today)

    def _make_reports(self, plan: dict[date, list[Report]]) -> None:
        plan = {day: reports for day, reports in plan.items() if self._is_whole(day)}
        if not plan:
            return
        for report in self._reports:
            self._store.sweep(report.name)
        since = self._days.bounds(min(plan)).begin
        keeps = KafkaKeeps(self._spark, self._settings, since, time.time_ns() // 1000)
        for number, (day, reports) in enumerate(plan.items(), 1):
            began = time.monotonic()
            made = ReportDay(day, self._days, self._catalogue, self._settings, self._places, keeps)
            try:
                for report in reports:
                    self._report(made, report, f"{number}/{len(plan)}")
            finally:
                made.close()
                del made
                forget_plans()
            logger.info("date=%s reports=%d seconds=%.1f", day, len(reports), time.monotonic() - began)
        keeps.close()

    def _is_whole(self, day: date) -> bool:
        """False where retention has taken readings of it: its reports would say less than they do."""
        first, last = self._days.bounds(day).dates()
        whole = not any(first <= gone <= last for gone in expired_dates(self._store))
        if not whole:
            logger.warning("date=%s has expired in the lake (LAKE_RETENTION_DAYS): its reports stay as they are", day)
        return whole

    def _report(self, day: ReportDay, report: Report, progress: str) -> None:
        began = time.monotonic()
        rows = report.rows(day).persist()
        count = rows.count()
        self._store.replace(report.name, day.date.isoformat(), rows)
        if report.told is not None:
            self._send(report.told(rows), report.topic)
        if report.numbers:
            self._send(messages(report, rows, day.date, self._days), topics.GPU_REPORTS)
        day.keep(report.name, rows)
        seconds = time.monotonic() - began
        logger.info("report=%s date=%s rows=%d seconds=%.1f day=%s", report.name, day.date, count, seconds, progress)

    def _send(self, rows: DataFrame, topic: str) -> None:
        (
            rows.write.format("kafka")
            .option("kafka.bootstrap.servers", self._settings.kafka_bootstrap_servers)
            .option("topic", topic)
            .save()
        )
