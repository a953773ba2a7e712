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
from collections.abc import Mapping, Sequence
from threading import Event, Lock

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import spans
from spark_jobs.detectors import regions
from spark_jobs.detectors.detection import Detection
from spark_jobs.detectors.known_anomalies import HELD_BATCHES
from spark_jobs.lake import Lake
from spark_jobs.near_readings import NearReadings
from spark_jobs.session import forget_plans
from spark_jobs.spans import Span
from spark_jobs.tally import Tally
from spark_jobs.transforms import clean, windows
from spark_jobs.transforms.clean import Judged
from spark_jobs.transforms.copies import without_copies
from spark_jobs.window_keys import KEY, Key, belonging, different
from spark_jobs.window_store import WindowStore
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
_NOT_OF_WINDOWS = ("date", "recorded", "model", "flags", "labels", "ingested")
"""Columns of readings that no window is made of."""


class BatchWriter:
    """Given to foreachBatch: ``writer(batch, number)``, the batch as :func:`clean.packed` gives it."""

    def __init__(self, spark: SparkSession, lake: Lake, catalogue: Catalogue, settings: Settings, clock: Clock) -> None:
        self._spark = spark
        self._lake = lake
        self._catalogue = catalogue
        self._settings = settings
        self._clock = clock
        self._windows = WindowStore(spark, lake, settings)
        self._near = NearReadings(self._of_lake, self._first_of_lake, settings.window_seconds * SECOND)
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
            judged = clean.judged(batch, self._clock.now())
            if judged.readings:
                try:
                    self._write(judged.readings, number)
                except BaseException:
                    self._forget()
                    raise
            self._ended = self._clock.now()
            forget_plans()
        self._count(judged)

    def _forget(self) -> None:
        """What a batch that was cut off has written, and has not, is not known here."""
        self._near.forget()
        self._windows.forget()
        self._tries_to_catch_up = TRIES_TO_CATCH_UP

    def _catch_up(self) -> None:
        """Once: looks again at what the last batches of the run before brought, which may have been killed with windows
        and anomalies that it had not written yet. After the first readings stand in the lake: whoever starts waits for
        those."""
        if not self._tries_to_catch_up:
            return
        self._tries_to_catch_up -= 1
        try:
            self._look_again()
            self._tries_to_catch_up = 0
        except PySparkException as error:
            # HDFS was away for a moment; or what was compacted a week ago cannot be asked for by its commits any more,
            # and nothing waits for so long.
            words = "the last batches are not looked at again, tries_left=%d: error=%s"
            logger.warning(words, self._tries_to_catch_up, str(error).splitlines()[0])

    def _look_again(self) -> None:
        # Some of them may be of this run.
        appended = self._lake.last_appended(HELD_BATCHES + 1 + TRIES_TO_CATCH_UP).toArrow()
        readings = windows.started(appended, self._settings.window_seconds)
        touched = different(readings)
        if touched:
            made = windows.windows(self._of_lake(touched), self._catalogue, self._settings.window_seconds)
            self._windows.mend(made, touched)
            self._look(readings, made, touched)

    def rest(self, *, ends: bool = False) -> None:
        """Between batches, or at the end: writes what a batch to come would have written."""
        waited = self._clock.now() - self._ended
        is_quiet = waited >= REST_TRIGGERS * self._settings.spark_trigger_seconds * SECOND
        if not (ends or is_quiet) or not self._busy.acquire(blocking=False):
            return
        try:
            if not ends:
                self._catch_up()
            self._windows.flush()
            if self._detection is not None:
                self._detection.flush()
        finally:
            self._busy.release()

    def _write(self, readings: pa.Table, number: int) -> None:
        length = self._settings.window_seconds
        readings = windows.started(readings, length)
        touched = different(readings)
        there = self._near.of(touched)
        fresh = without_copies(readings, there)
        # All that the batch touched, not the fresh alone: a batch cut off after its append comes a second time.
        needed = [name for name in readings.column_names if name not in _NOT_OF_WINDOWS]
        whole = pa.concat_tables([there, fresh.select(needed)], promote_options="default")
        made = windows.windows(whole, self._catalogue, length)
        # Before the windows: where the lake has no reading of a window, it has no row of it either.
        if fresh:
            self._lake.append_readings(
                self._spark.createDataFrame(fresh.drop_columns("start")), self._application, number
            )
        live = {*readings.filter(pc.not_equal(readings.column("mode"), "import")).column("gpu").unique().to_pylist()}
        self._near.take(whole, touched, live)
        self._windows.take(made, touched, {*different(there)}, live, self._clock.now())
        if number == 0:
            # A query's very first: there is none before it, and it begins with the oldest that Kafka has.
            self._tries_to_catch_up = 0
        self._catch_up()
        # The batch's readings and no others: what those before them showed is known.
        self._look(readings, made, touched)

    def _look(self, readings: pa.Table, made: pa.Table, touched: Sequence[Key]) -> None:
        """For anomalies, in ``readings`` and in the windows that are ``made`` of all ``touched``."""
        if self._detection is None:
            return
        # A sparse log has a window per reading, and a fleet one per GPU: all at once would not fit into memory.
        in_order = sorted(touched)
        for place in range(0, len(in_order), MOST_WINDOWS):
            part = in_order[place : place + MOST_WINDOWS]
            self._detection(belonging(readings, part), belonging(made, part), part)
        self._detection.end_batch()

    def _of_lake(self, touched: Sequence[Key]) -> pa.Table:
        """The readings in the lake that lie in these windows, with what they have."""
        length = self._settings.window_seconds
        gpus, starts = zip(*touched, strict=True)
        keys = pa.table({"gpu": gpus, "start": pa.array(starts, pa.timestamp("us", "UTC"))})
        near = self._lake.readings_between(spans.covering(starts, length * SECOND, MOST_SPANS))
        wanted = near.withColumn("start", windows.start_of(length))
        wanted = wanted.join(F.broadcast(self._spark.createDataFrame(keys)), on=list(KEY), how="left_semi")
        found = wanted.drop(*_NOT_OF_WINDOWS).toArrow()
        return found.drop_columns([name for name in self._catalogue.metrics if found[name].null_count == len(found)])

    def _first_of_lake(self, wanted: Mapping[str, Span]) -> Mapping[str, int]:
        """GPU -> the time of its first reading in its span, where it has any."""
        edges = pa.table(
            {"gpu": list(wanted)}
            | {edge: pa.array([getattr(span, edge) for span in wanted.values()]) for edge in Span._fields}
        )
        keys = F.broadcast(self._spark.createDataFrame(edges))
        near = self._lake.readings_between(regions.fewest({gpu: [span] for gpu, span in wanted.items()}, MOST_SPANS))
        times = near.select("gpu", F.unix_micros("time").alias("time")).join(keys, on="gpu")
        inside = times.filter((F.col("time") >= F.col("begin")) & (F.col("time") < F.col("end")))
        found = inside.groupBy("gpu").agg(F.min("time").alias("time")).toArrow()
        return dict(zip(found["gpu"].to_pylist(), found["time"].to_pylist(), strict=True))

    def _count(self, judged: Judged) -> None:
        if judged.oldest is None:
            return
        waited = self._clock.now() - judged.oldest
        self.tally = self.tally.after(len(judged.readings), judged.rejected, waited / SECOND)
