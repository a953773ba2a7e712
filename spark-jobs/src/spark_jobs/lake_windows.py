"""The readings of the lake, asked for by the windows in which they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import spans
from spark_jobs.detectors import regions
from spark_jobs.lake import Lake
from spark_jobs.spans import Span
from spark_jobs.transforms import windows
from spark_jobs.window_keys import KEY, Key, keys
from telemetry.catalogue import Catalogue
from telemetry.timestamp import SECOND

MOST_SPANS = 50
"""Each is a condition in a query's text, and a straggler needs one; beyond, the nearest are read as one."""
_NO_PART_OF_A_WINDOW = ("date", "recorded", "model", "flags", "labels", "ingested")
"""Columns of readings that no window is made of."""


class LakeWindows:
    """Windows of ``seconds``."""

    def __init__(self, spark: SparkSession, lake: Lake, catalogue: Catalogue, seconds: int) -> None:
        self._spark = spark
        self._lake = lake
        self._catalogue = catalogue
        self._seconds = seconds

    def needed(self, names: Sequence[str]) -> list[str]:
        """The columns among ``names`` that a window may be made of."""
        return [name for name in names if name not in _NO_PART_OF_A_WINDOW]

    def readings(self, wanted: Sequence[Key]) -> pa.Table:
        """Those of these windows, with ``start`` and the metrics that any of them has."""
        found = self._of(wanted)
        table = found.select(*self.needed(found.columns)).toArrow()
        return table.drop_columns([name for name in self._catalogue.metrics if table[name].null_count == len(table)])

    def counts(self, wanted: Sequence[Key]) -> dict[Key, int]:
        """How many readings each has, where it has any."""
        rows = self._of(wanted).groupBy(*KEY).count().toArrow()
        return dict(zip(keys(rows), rows["count"].to_pylist(), strict=True))

    def touched_by(self, readings: DataFrame) -> list[Key]:
        """The windows that any of ``readings`` lies in."""
        return keys(readings.select("gpu", windows.start_of(self._seconds).alias("start")).distinct().toArrow())

    def first(self, wanted: Mapping[str, Span]) -> dict[str, int]:
        """GPU -> the time of its first reading in its span, where it has any."""
        edges = pa.table(
            {"gpu": list(wanted)}
            | {edge: pa.array([getattr(span, edge) for span in wanted.values()]) for edge in Span._fields}
        )
        near = self._lake.readings_between(regions.fewest({gpu: [span] for gpu, span in wanted.items()}, MOST_SPANS))
        times = near.select("gpu", F.unix_micros("time").alias("time"))
        edged = times.join(F.broadcast(self._spark.createDataFrame(edges)), on="gpu")
        inside = edged.filter((F.col("time") >= F.col("begin")) & (F.col("time") < F.col("end")))
        found = inside.groupBy("gpu").agg(F.min("time").alias("time")).toArrow()
        return dict(zip(found["gpu"].to_pylist(), found["time"].to_pylist(), strict=True))

    def rows(self, wanted: Sequence[Key]) -> DataFrame:
        """Rows of the table of windows: those of ``wanted``, and of others between them."""
        return self._lake.windows_between(self.covered(wanted))

    def covered(self, wanted: Sequence[Key]) -> list[Span]:
        """Spans that hold these windows, and as little else as MOST_SPANS can."""
        return spans.covering((start for _, start in wanted), self._seconds * SECOND, MOST_SPANS)

    def _of(self, wanted: Sequence[Key]) -> DataFrame:
        gpus, starts = zip(*wanted, strict=True)
        # From Arrow: rows of Python objects would be made into a DataFrame by a Python worker.
        asked = pa.table({"gpu": gpus, "start": pa.array(starts, pa.timestamp("us", "UTC"))})
        near = self._lake.readings_between(self.covered(wanted)).withColumn("start", windows.start_of(self._seconds))
        return near.join(F.broadcast(self._spark.createDataFrame(asked)), on=list(KEY), how="left_semi")
