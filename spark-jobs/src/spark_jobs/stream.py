"""One batch of the stream: new readings into the lake, then every window that they touched, made anew from the lake,
and the anomalies that these windows tell of.

A reading that is there already is known by its identity, and lies in the same place because time is one-to-one with it:
so no state is kept, and a copy is dropped however late it comes.

There is no streaming aggregation. A window is recomputed from the readings in the lake whenever one of it arrives, so
live, late and imported data are right by one mechanism, and a batch that is run twice changes nothing.
docs/decisions/0002-windows-from-the-lake.md has what was rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Lock

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.catch_up import CatchUp
from spark_jobs.detectors.detection import Detection
from spark_jobs.lake import Lake
from spark_jobs.lake_windows import LakeWindows
from spark_jobs.near_readings import NearReadings
from spark_jobs.session import forget_plans
from spark_jobs.tally import Tally
from spark_jobs.transforms import clean, windows
from spark_jobs.transforms.clean import Judged
from spark_jobs.transforms.copies import without_copies
from spark_jobs.window_keys import Key, belonging, different
from spark_jobs.window_store import WindowStore
from telemetry.catalogue import Catalogue
from telemetry.clock import Clock
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

MOST_WINDOWS = 4000
"""So many are looked at for anomalies at once: 40,000 rows, in some 20 MB."""
REST_TRIGGERS = 2
"""So long without a batch, in triggers, means that none is coming."""


class BatchWriter:
    """Given to foreachBatch: ``writer(batch, number)``, the batch as :func:`clean.packed` gives it."""

    def __init__(self, spark: SparkSession, lake: Lake, catalogue: Catalogue, settings: Settings, clock: Clock) -> None:
        self._spark = spark
        self._lake = lake
        self._catalogue = catalogue
        self._settings = settings
        self._clock = clock
        length = settings.window_seconds
        self._lake_windows = LakeWindows(spark, lake, catalogue, length)
        self._near = NearReadings(self._lake_windows.readings, self._lake_windows.first, length * SECOND)
        self._windows = WindowStore(spark, lake, self._lake_windows, settings)
        self._detection = Detection(spark, lake, catalogue, settings, clock) if settings.spark_anomalies else None
        self._catch_up = CatchUp(lake, self._lake_windows, self._windows, self._detection, catalogue, length)
        self._ended = clock.now()
        self._busy = Lock()
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
        self._catch_up.needed()

    def rest(self, *, ends: bool = False) -> None:
        """Between batches, or at the end: writes what a batch to come would have written."""
        waited = self._clock.now() - self._ended
        is_quiet = waited >= REST_TRIGGERS * self._settings.spark_trigger_seconds * SECOND
        if not (ends or is_quiet) or not self._busy.acquire(blocking=False):
            return
        try:
            if not ends:
                self._catch_up.run()
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
        needed = self._lake_windows.needed(readings.column_names)
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
            self._catch_up.not_needed()
        self._catch_up.run()
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

    def _count(self, judged: Judged) -> None:
        if judged.oldest is None:
            return
        waited = self._clock.now() - judged.oldest
        self.tally = self.tally.after(len(judged.readings), judged.rejected, waited / SECOND)
