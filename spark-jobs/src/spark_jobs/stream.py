"""One batch of the stream: new readings into the lake, then every window that they touched, made anew from the lake,
and the anomalies that these windows tell of.

A reading that is there already is known by its identity, and lies in the same place because time is one-to-one with it:
so no state is kept, and a copy is dropped however late it comes.

There is no streaming aggregation. A window is recomputed from the readings in the lake whenever one of it arrives, so
live, late and imported data are right by one mechanism, and a batch that is run twice changes nothing.
docs/decisions/0002-windows-from-the-lake.md has what was rejected.
"""

from __future__ import annotations

import logging
from collections import Counter
from threading import Event, Lock

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from spark_jobs import schema, spans
from spark_jobs.detectors.detection import Detection
from spark_jobs.detectors.known_anomalies import HELD_BATCHES
from spark_jobs.detectors.suspects import SUSPICIOUS
from spark_jobs.lake import Lake, in_spans
from spark_jobs.session import forget_plans
from spark_jobs.tally import Tally
from spark_jobs.transforms import clean, windows
from telemetry import topics
from telemetry.catalogue import Catalogue
from telemetry.clock import Clock
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

logger = logging.getLogger(__name__)

MOST_SPANS = 50
"""Each is a condition in a query's text, and a straggler needs one; beyond, the nearest are read as one."""
MOST_WINDOWS = 4000
"""So many are looked at for anomalies at once: 40,000 rows, in some 20 MB."""
TRIES_TO_CATCH_UP = 3
REST_TRIGGERS = 2
"""So long without a batch, in triggers, means that none is coming."""


class BatchWriter:
    """Given to foreachBatch: ``writer(batch, number)``, the batch as :func:`clean.judged` gives it."""

    def __init__(self, spark: SparkSession, lake: Lake, catalogue: Catalogue, settings: Settings, clock: Clock) -> None:
        self._spark = spark
        self._lake = lake
        self._catalogue = catalogue
        self._settings = settings
        self._clock = clock
        self._detection = Detection(spark, lake, catalogue, settings, clock) if settings.spark_anomalies else None
        self._ended = clock.now()
        self._busy = Lock()
        self._tries_to_catch_up = TRIES_TO_CATCH_UP
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
        with self._busy:
            counted = self._take(batch, number)
            forget_plans()
        self._count(counted)

    def _take(self, batch: DataFrame, number: int) -> list[Row]:
        batch.persist()
        try:
            # One job says all that must be known of the batch before it is written.
            start = windows.start_of(self._settings.window_seconds)
            groups = batch.groupBy(clean.REJECTED, "gpu", F.unix_micros(start).alias("start"))
            suspicious = self._detection.suspects.condition if self._detection else F.lit(False)
            counted = groups.agg(
                F.count(F.lit(1)).alias("records"),
                F.count_distinct("origin", "row").alias("different"),
                F.unix_micros(F.min(clean.SENT)).alias("sent"),
                F.max(suspicious).alias(SUSPICIOUS),
            ).collect()
            accepted = [row for row in counted if row[clean.REJECTED] is None]
            if accepted:
                readings = batch.filter(clean.is_reading())
                if any(row["different"] < row["records"] for row in accepted):
                    # Not always: it sorts readings of 140 columns.
                    readings = readings.dropDuplicates(list(schema.IDENTITY))
                touched = [(row["gpu"], row["start"]) for row in accepted]
                self._write(readings, touched, number, any(row[SUSPICIOUS] for row in accepted))
        finally:
            batch.unpersist()
            self._ended = self._clock.now()
        return counted

    def _catch_up(self) -> None:
        """Once: judges again what the last batches of the run before brought, which may have been killed with anomalies
        that it had not written yet. After the first readings stand in the lake: whoever starts waits for those."""
        if self._detection is None or not self._tries_to_catch_up:
            return
        self._tries_to_catch_up -= 1
        try:
            self._judge_again()
            self._tries_to_catch_up = 0
        except PySparkException as error:
            # HDFS was away for a moment; or what was compacted a week ago cannot be asked for by its commits any more,
            # and nothing waits for so long.
            words = "the last batches are not judged again, tries_left=%d: error=%s"
            logger.warning(words, self._tries_to_catch_up, str(error).splitlines()[0])

    def _judge_again(self) -> None:
        # Some of them may be of this run.
        readings = self._lake.last_appended(HELD_BATCHES + 1 + TRIES_TO_CATCH_UP).persist()
        length = self._settings.window_seconds
        starts = readings.select("gpu", F.unix_micros(windows.start_of(length)).alias("start")).distinct().collect()
        touched = [(row["gpu"], row["start"]) for row in starts]
        if touched:
            covered = spans.covering((start for _, start in touched), length * SECOND, MOST_SPANS)
            self._look(readings, self._lake.windows_between(covered), touched)
        readings.unpersist()

    def rest(self, *, ends: bool = False) -> None:
        """Between batches, or at the end: writes what a batch to come would have written."""
        waited = self._clock.now() - self._ended
        is_quiet = waited >= REST_TRIGGERS * self._settings.spark_trigger_seconds * SECOND
        if self._detection is None or not (ends or is_quiet) or not self._busy.acquire(blocking=False):
            return
        try:
            if not ends:
                self._catch_up()
            self._detection.flush()
        finally:
            self._busy.release()

    def _write(self, readings: DataFrame, touched: list[tuple[str, int]], number: int, suspicious: bool) -> None:
        length = self._settings.window_seconds
        covered = spans.covering((start for _, start in touched), length * SECOND, MOST_SPANS)
        there = self._already_there(touched, covered)
        # A lake that a newer catalogue has written has columns that ours does not know, and keeps them.
        there = there.select(*(name for name in there.columns if name in readings.columns)).persist()
        # Of what is there the identities alone, given to each task: the readings, which are wide, stay where they are.
        known = F.broadcast(there.select(*schema.IDENTITY))
        # Made anew for each of its uses, from a `there` that is the same in all, or that knows of the append.
        fresh = readings.join(known, on=list(schema.IDENTITY), how="left_anti").select(*there.columns)
        try:
            # All that the batch touched, not the fresh alone: a batch cut off after its append comes a second time.
            whole = there.unionByName(fresh)
            made = windows.windows(whole, self._catalogue, length).persist()
            # The windows know which of the 130 metrics the batch has: a file without the others is smaller.
            absent = self._catalogue.metrics.keys() - windows.metrics_of(made)
            self._lake.append_readings(fresh.drop(*absent), self._application, number)
            self._lake.replace_windows(made, covered)
            (
                windows.messages(made)
                .write.format("kafka")
                .option("kafka.bootstrap.servers", self._settings.kafka_bootstrap_servers)
                .option("topic", topics.GPU_WINDOWS)
                .save()
            )
            if number == 0:
                # A query's very first: there is none before it, and it begins with the oldest that Kafka has.
                self._tries_to_catch_up = 0
            self._catch_up()
            # The batch's readings and no others: what those before them showed is known.
            self._look(readings if suspicious else None, made, touched)
            made.unpersist()
        finally:
            there.unpersist()

    def _look(self, readings: DataFrame | None, made: DataFrame, touched: list[tuple[str, int]]) -> None:
        """For anomalies, in ``readings`` if they are given, and in the windows that are ``made`` of all ``touched``."""
        if self._detection is None:
            return
        if len(touched) <= MOST_WINDOWS:
            self._detection(readings, made, touched)
            return
        # A sparse log has a window per reading, and all of them at once would not fit into the driver's memory.
        in_order = sorted(touched, key=lambda each: each[1])
        for place in range(0, len(in_order), MOST_WINDOWS):
            part = in_order[place : place + MOST_WINDOWS]
            length = self._settings.window_seconds * SECOND
            covered = spans.covering((start for _, start in part), length, MOST_SPANS)
            near = in_spans("time", covered)
            of_part = readings.filter(near) if readings is not None else None
            self._detection(of_part, made.filter(in_spans("start", covered)), part)

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
