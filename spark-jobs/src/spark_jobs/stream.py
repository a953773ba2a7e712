"""One batch of the stream: new readings into the lake, then every window that they touched, made anew from the lake,
and the anomalies that these windows tell of.

A reading that is there already is known by its identity, and lies in the same place because time is one-to-one with it:
so no state is kept, and a copy is dropped however late it comes.

There is no streaming aggregation. A window is recomputed from the readings in the lake whenever one of it arrives, so
live, late and imported data are right by one mechanism, and a batch that is run twice changes nothing.
docs/decisions/0002-windows-from-the-lake.md has what was rejected.
"""

from __future__ import annotations

from collections import Counter
from threading import Event

import pyarrow as pa
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from spark_jobs import schema, spans
from spark_jobs.detectors.detection import Detection
from spark_jobs.lake import Lake
from spark_jobs.tally import Tally
from spark_jobs.transforms import clean, windows
from telemetry import topics
from telemetry.catalogue import Catalogue
from telemetry.clock import Clock
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

MOST_SPANS = 50
"""Each is a condition in a query's text, and a straggler needs one; beyond, the nearest are read as one."""


class BatchWriter:
    """Given to foreachBatch: ``writer(batch, number)``, the batch as :func:`clean.judged` gives it."""

    def __init__(self, spark: SparkSession, lake: Lake, catalogue: Catalogue, settings: Settings, clock: Clock) -> None:
        self._spark = spark
        self._lake = lake
        self._catalogue = catalogue
        self._settings = settings
        self._clock = clock
        self._detect = Detection(spark, lake, catalogue, settings, clock) if settings.spark_anomalies else None
        self.tally = Tally()
        self._application = ""
        self._named = Event()

    def known_as(self, query_id: str) -> None:
        """The id that the checkpoint gives the query. Batches wait for it.

        Delta skips a batch whose number the application has written already. A new checkpoint counts from 0 again, so
        it must be another application.
        """
        self._application = query_id
        self._named.set()

    def __call__(self, batch: DataFrame, number: int) -> None:
        if not self._named.wait(60):
            raise RuntimeError("the query was started, but nobody said its id")
        batch.persist()
        try:
            # One job says all that must be known of the batch before it is written.
            start = windows.start_of(self._settings.window_seconds)
            groups = batch.groupBy(clean.REJECTED, "gpu", F.unix_micros(start).alias("start"))
            counted = groups.agg(
                F.count(F.lit(1)).alias("records"), F.unix_micros(F.min(clean.SENT)).alias("sent")
            ).collect()
            touched = [(row["gpu"], row["start"]) for row in counted if row[clean.REJECTED] is None]
            if touched:
                self._write(batch.filter(clean.is_reading()), touched, number)
        finally:
            batch.unpersist()
        self._count(counted)

    def _write(self, readings: DataFrame, touched: list[tuple[str, int]], number: int) -> None:
        length = self._settings.window_seconds
        covered = spans.covering((start for _, start in touched), length * SECOND, MOST_SPANS)
        there = self._already_there(touched, covered).persist()
        unique = readings.dropDuplicates(list(schema.IDENTITY))
        # Made anew for each of its uses, from a `there` that is the same in all, or that knows of the append.
        fresh = unique.join(there, on=list(schema.IDENTITY), how="left_anti").select(*there.columns)
        try:
            self._lake.append_readings(fresh, self._application, number)
            # All that the batch touched, not the fresh alone: a batch cut off after its append comes a second time.
            whole = there.unionByName(fresh)
            made = windows.windows(whole, self._catalogue, length).persist()
            self._lake.replace_windows(made, covered)
            (
                windows.messages(made)
                .write.format("kafka")
                .option("kafka.bootstrap.servers", self._settings.kafka_bootstrap_servers)
                .option("topic", topics.GPU_WINDOWS)
                .save()
            )
            made.unpersist()
            if self._detect is not None:
                self._detect(whole, touched)
        finally:
            there.unpersist()

    def _already_there(self, touched: list[tuple[str, int]], covered: list[spans.Span]) -> DataFrame:
        """The readings in the lake that lie in the windows that the batch touched."""
        gpus, starts = zip(*touched, strict=True)
        # From Arrow: rows of Python objects would be made into a DataFrame by a Python worker.
        table = pa.table({"gpu": pa.array(gpus), "start": pa.array(starts, pa.timestamp("us", "UTC"))})
        keys = F.broadcast(self._spark.createDataFrame(table))
        near = self._lake.readings_between(covered).withColumn("start", windows.start_of(self._settings.window_seconds))
        return near.join(keys, on=list(windows.KEY), how="left_semi").drop("start", "ingested")

    def _count(self, groups: list[Row]) -> None:
        rejected: Counter[str] = Counter()
        for row in groups:
            if row[clean.REJECTED] is not None:
                rejected[row[clean.REJECTED]] += row["records"]
        if not groups:
            return
        readings = sum(row["records"] for row in groups) - rejected.total()
        waited = self._clock.now() - min(row["sent"] for row in groups)
        self.tally = self.tally.after(readings, rejected, waited / SECOND)
