"""The Delta tables of the lake: where they are, appending exactly once, replacing windows and anomalies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple, Self

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from spark_jobs import schema
from spark_jobs.spans import Span
from telemetry.catalogue import Catalogue
from telemetry.settings import Settings

_COMMITS_A_BATCH = 4
"""The nightly batch's lie between those of the stream, and there are few."""


class Mark(NamedTuple):
    """A moment in the life of the table of readings, by Delta's own count of its commits.

    Not a time: the clock of a writer may be late or go back, and a reading committed late would never be seen.
    """

    table: str
    """Delta's id of it: a lake that was made anew counts from 0 again."""
    version: int

    def text(self) -> str:
        return f"{self.table} {self.version}"

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        table, _, version = (text or "").partition(" ")
        return cls(table, int(version)) if version.isdecimal() else None


class Lake:
    """The tables on HDFS. Writers carry an application's name and a batch number: a batch lands once."""

    def __init__(self, spark: SparkSession, settings: Settings, catalogue: Catalogue) -> None:
        root = f"{settings.hdfs_url.rstrip('/')}{settings.lake_path.rstrip('/')}"
        self.readings_uri = f"{root}/readings"
        self.windows_uri = f"{root}/windows"
        self.anomalies_uri = f"{root}/anomalies"
        self._spark = spark
        self._catalogue = catalogue
        self._looks_for_anomalies = settings.spark_anomalies

    def create(self) -> None:
        """The tables, where they are not there yet; new metrics of the catalogue become columns."""
        # Of 130 columns what anybody searches by, `status` too; the least and greatest of each cost every commit.
        searched = {"delta.dataSkippingStatsColumns": "gpu,host,mode,origin,row,time,ingested"}
        changes = {"delta.enableChangeDataFeed": "true"}
        self._create(self.readings_uri, schema.readings(self._catalogue), searched | changes)
        self._create(self.windows_uri, schema.WINDOWS, {"delta.dataSkippingStatsColumns": "gpu,start"})
        # A table that is there and empty says that somebody has looked.
        if self._looks_for_anomalies:
            self._create(self.anomalies_uri, schema.ANOMALIES, {})

    def _create(self, uri: str, columns: StructType, properties: dict[str, str]) -> None:
        if not DeltaTable.isDeltaTable(self._spark, uri):
            table = DeltaTable.createIfNotExists(self._spark).location(uri).addColumns(columns).partitionedBy("date")
            # A reader without a JVM must understand the table: no feature beyond the plainest. A commit each trigger is
            # thousands of small files a day; the nightly batch asks for those since its last run.
            plain = {
                "delta.enableDeletionVectors": "false",
                "delta.logRetentionDuration": "interval 7 days",
                # Delta does not look at parquet.writer.version: rows and times that grow take 2 bytes, not 7.
                "delta.parquet.format.version": "2.12.0",
            }
            for name, value in (plain | properties).items():
                table = table.property(name, value)
            table.execute()
            return
        # A table that was there keeps its columns. The stream reads and appends by these, so a new metric of the
        # catalogue must be one of them before its first reading comes.
        there = set(self._spark.read.format("delta").load(uri).columns)
        new = [f"`{field.name}` {field.dataType.simpleString()}" for field in columns if field.name not in there]
        if new:
            self._spark.sql(f"ALTER TABLE delta.`{uri}` ADD COLUMNS ({', '.join(new)})")

    def readings(self, at: Mark | None = None) -> DataFrame:
        """With a column for each metric of the catalogue, those included that the table has not got yet. None: each
        query of this frame sees what is there then, what others add meanwhile included."""
        reader = self._spark.read.format("delta")
        if at is not None:
            reader = reader.option("versionAsOf", at.version)
        return self._of_today(reader.load(self.readings_uri))

    def _of_today(self, readings: DataFrame) -> DataFrame:
        """A catalogue may be newer than what was written: the stream brings the table up to it when it starts."""
        fields = (field for field in schema.readings(self._catalogue) if field.name not in readings.columns)
        return readings.withColumns({field.name: F.lit(None).cast(field.dataType) for field in fields})

    def has_readings(self) -> bool:
        return DeltaTable.isDeltaTable(self._spark, self.readings_uri)

    def mark(self) -> Mark:
        """Now."""
        table = DeltaTable.forPath(self._spark, self.readings_uri)
        version = table.history(1).collect()[0]["version"]
        return Mark(table.detail().collect()[0]["id"], version)

    def readings_added(self, after: Mark, until: Mark) -> DataFrame:
        """What was committed after ``after``, up to ``until``; compaction adds nothing.

        Raises PySparkException where Delta does not know any more.
        """
        if after.version == until.version:
            return self.readings().limit(0)
        return self._inserted(after.version + 1, until.version)

    def _inserted(self, first: int, last: int) -> DataFrame:
        changes = self._spark.read.format("delta").option("readChangeFeed", "true")
        versions = changes.option("startingVersion", first).option("endingVersion", last)
        return versions.load(self.readings_uri).filter(F.col("_change_type") == "insert")

    def last_appended(self, batches: int, at_once: int) -> Iterator[DataFrame]:
        """The readings of the last so many batches, the oldest first: of as many together as have no more than
        ``at_once``, but of one at least."""
        commits = DeltaTable.forPath(self._spark, self.readings_uri).history(_COMMITS_A_BATCH * batches)
        appends = commits.filter(F.col("operation") == "WRITE").orderBy(F.col("version").desc()).limit(batches)
        rows = F.col("operationMetrics")["numOutputRows"].cast("long").alias("rows")
        together: list[int] = []
        count = 0
        for commit in appends.select("version", rows).orderBy("version").collect():
            count += commit["rows"] or 0
            if together and count > at_once:
                yield self._of_today(self._inserted(together[0], together[-1]))
                together, count = [], commit["rows"] or 0
            together.append(commit["version"])
        if together:
            yield self._of_today(self._inserted(together[0], together[-1]))

    def append_readings(self, readings: DataFrame, application: str, number: int) -> None:
        """``readings``: in the columns of :func:`spark_jobs.schema.readings`, but for metrics that none of them has."""
        (
            # One file per date: a file costs more than the few rows in it.
            readings.coalesce(1)
            .write.format("delta")
            .mode("append")
            .option("mergeSchema", "true")
            .option("txnAppId", application)
            .option("txnVersion", number)
            .save(self.readings_uri)
        )

    def readings_between(self, spans: list[Span], at: Mark | None = None) -> DataFrame:
        """The readings of each span: partitions are pruned by date, files by the times in them."""
        return self.readings(at).filter(in_spans("time", spans))

    def windows_between(self, spans: list[Span]) -> DataFrame:
        """The windows that begin in each span."""
        return self._spark.read.format("delta").load(self.windows_uri).filter(in_spans("start", spans))

    def anomalies_of(self, spans: list[Span]) -> DataFrame:
        """The anomalies of the dates of each span: each lies in the partition of its start, and ends with its date."""
        dated: Column = F.lit(False)
        for span in spans:
            dated = dated | _dated(span)
        return self._spark.read.format("delta").load(self.anomalies_uri).filter(dated)

    def replace_anomalies(self, changed: DataFrame, dates: Iterable[date]) -> None:
        """``changed``, all of ``dates``: the columns of schema.ANOMALIES and ``gone``, true for an anomaly that is none
        any more."""
        columns = {name: f"new.`{name}`" for name in schema.ANOMALIES.names}
        # Said as literals, too, or the files of all dates would be read.
        wanted = ", ".join(f"DATE'{day.isoformat()}'" for day in sorted(set(dates)))
        same = f"old.date IN ({wanted}) AND old.date = new.date AND old.id = new.id"
        table = DeltaTable.forPath(self._spark, self.anomalies_uri)
        merge = table.alias("old").merge(changed.alias("new"), same)
        kept = merge.whenMatchedDelete("new.gone").whenMatchedUpdate(set=dict(columns))
        kept.whenNotMatchedInsert("NOT new.gone", values=dict(columns)).execute()

    def append_windows(self, windows: DataFrame) -> None:
        """``windows``: none of them is there."""
        windows.coalesce(1).write.format("delta").mode("append").save(self.windows_uri)

    def replace_windows(self, windows: DataFrame, spans: list[Span]) -> None:
        """Puts ``windows``, which lie in ``spans``, in the place of those with the same (gpu, start, metric). Twice is
        as good as once."""
        inside = " OR ".join(
            f"(old.date BETWEEN DATE'{first}' AND DATE'{last}' AND old.start >= timestamp_micros({span.begin}) "
            f"AND old.start < timestamp_micros({span.end}))"
            for span in spans
            for first, last in [span.dates()]
        )
        same = "old.date = new.date AND old.gpu = new.gpu AND old.start = new.start AND old.metric <=> new.metric"
        table = DeltaTable.forPath(self._spark, self.windows_uri)
        merge = table.alias("old").merge(windows.alias("new"), f"({inside}) AND {same}")
        merge.whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()


def in_spans(time: str, spans: list[Span]) -> Column:
    wanted: Column = F.lit(False)
    for span in spans:
        wanted = wanted | (_dated(span) & (F.col(time) >= _at(span.begin)) & (F.col(time) < _at(span.end)))
    return wanted


def _dated(span: Span) -> Column:
    # By their text: PySpark cannot hand over a date before the year 1000.
    return F.col("date").between(*(F.lit(day.isoformat()).cast("date") for day in span.dates()))


def _at(microseconds: int) -> Column:
    # Not a Python datetime: Spark would read one without a zone in the zone of this machine.
    return F.timestamp_micros(F.lit(microseconds))
