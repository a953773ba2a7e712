"""A day of the lake for the reports: one version of its readings, and what else they need when they ask for it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import NamedTuple

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import kafka_records
from spark_jobs.days import Days
from spark_jobs.decisions.economics import Economics
from spark_jobs.knowledge import Knowledge
from spark_jobs.lake import Lake
from spark_jobs.lake_history import LakeHistory
from spark_jobs.report_store import ReportStore
from spark_jobs.risk.model import Model
from spark_jobs.spans import Span
from spark_jobs.transforms import metrics
from telemetry import topics
from telemetry.catalogue import Catalogue
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

_NOT_ASKED_FOR = ("date", "origin", "row", "recorded")
_AHEAD = 3600 * SECOND
"""A reading may be sent so long before its own time (telemetry.reading.FUTURE_TOLERANCE)."""


class KafkaKeeps:
    """What Kafka keeps of the days of one run, each topic read once; ``since`` is the beginning of the first."""

    def __init__(self, spark: SparkSession, settings: Settings, since: int, now: int) -> None:
        self._spark = spark
        self._settings = settings
        self._since = since
        self.rejected_since = kafka_records.kept_since(settings, topics.GPU_DEAD_LETTERS, now)

    @cached_property
    def copies(self) -> DataFrame:
        since = self._since - _AHEAD
        return kafka_records.copies(
            kafka_records.records(self._spark, self._settings, topics.GPU_METRICS, since)
        ).persist()

    @cached_property
    def rejected(self) -> DataFrame:
        return kafka_records.rejected(
            kafka_records.records(self._spark, self._settings, topics.GPU_DEAD_LETTERS, self._since)
        ).persist()

    @cached_property
    def events(self) -> DataFrame:
        # All that there are: an event of the past may be told late.
        return kafka_records.events(
            kafka_records.records(self._spark, self._settings, topics.GPU_EVENTS, self._since)
        ).persist()

    def close(self) -> None:
        """Gives the memory back."""
        for name in ("copies", "rejected", "events"):
            if name in self.__dict__:
                getattr(self, name).unpersist()


class Places(NamedTuple):
    """Where a day is read."""

    lake: Lake
    history: LakeHistory
    store: ReportStore
    knowledge: Knowledge


class ReportDay:
    """What :class:`spark_jobs.reports.report.Day` promises, out of the lake and of Kafka."""

    def __init__(
        self, day: date, days: Days, catalogue: Catalogue, settings: Settings, places: Places, keeps: KafkaKeeps
    ) -> None:
        self.date = day
        self.days = days
        self.catalogue = catalogue
        self.settings = settings
        self._places = places
        self._keeps = keeps
        self._made: dict[str, DataFrame] = {}

    @cached_property
    def readings(self) -> DataFrame:
        # Not kept in memory: the files, of which compaction has made a few large ones, are read faster than rows that
        # were kept. A metric without a value is no column of them, because beyond a hundred Spark compiles nothing.
        whole = self._whole
        absent = {name: whole.schema[name].dataType for name in self.catalogue.metrics if name not in self.metrics}
        return whole.drop(*absent).withColumns({name: F.lit(None).cast(kind) for name, kind in absent.items()})

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        return metrics.present(self._whole, self.catalogue)

    @cached_property
    def _whole(self) -> DataFrame:
        # Of one version, whatever the stream adds: the reports of a day tell of the same readings.
        lake = self._places.lake
        return lake.readings_between([self._span], lake.mark()).drop(*_NOT_ASKED_FOR)

    @property
    def anomalies(self) -> DataFrame | None:
        return self._places.history.anomalies(self._span)

    @property
    def copies(self) -> DataFrame:
        return self._keeps.copies.filter(_inside(self._span))

    @property
    def rejected(self) -> DataFrame:
        return self._keeps.rejected.filter(_inside(self._span))

    @property
    def rejected_since(self) -> int:
        return self._keeps.rejected_since

    def windows(self, looks_back: int) -> DataFrame:
        return self._places.history.windows(self.days.period(self.date, looks_back + 1))

    def rows_of(self, report: str) -> DataFrame:
        # Not made in this run when it is only a day before that was touched.
        return self._made[report] if report in self._made else self._places.store.rows(report, self.date.isoformat())

    def stored(self, report: str, looks_back: int = 0) -> DataFrame | None:
        first = self.date - timedelta(days=looks_back)
        last = self.date - timedelta(days=1) if looks_back else self.date
        found = [day.isoformat() for day in self._places.store.dates(report) if first <= day <= last]
        if not found:
            return None
        return self._places.store.rows(report, *found)

    @property
    def events(self) -> DataFrame:
        return self._keeps.events.filter(_inside(self._span))

    @property
    def risk_model(self) -> Model | None:
        return self._places.knowledge.risk_model

    @property
    def economics(self) -> tuple[Economics, str] | None:
        return self._places.knowledge.economics

    def keep(self, report: str, rows: DataFrame) -> None:
        """For the reports that stand after this one in the list."""
        self._made[report] = rows

    def close(self) -> None:
        """Gives the memory back."""
        for frame in self._made.values():
            frame.unpersist()

    @cached_property
    def _span(self) -> Span:
        return self.days.bounds(self.date)


def _inside(span: Span) -> Column:
    return F.col("time").between(*(F.timestamp_micros(F.lit(edge)) for edge in (span.begin, span.end - 1)))
