"""Readings -> windows: avg, min, max and count per metric over fixed spans of one GPU."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs import schema
from spark_jobs.transforms.other_sensors import MORE
from spark_jobs.transforms.window_columns import TAKEN, Windows
from telemetry.catalogue import Catalogue

KEY = ("gpu", "start")


def windows(readings: DataFrame, catalogue: Catalogue, seconds: int) -> DataFrame:
    """One row per (gpu, start, metric), in the columns of :data:`spark_jobs.schema.WINDOWS`.

    The readings given must be those of whole windows. ``count`` counts those that had the metric; the row of a window
    whose metric is null counts all of its readings. ``change`` is the fastest change between two neighbours of the
    window, per second, for the metrics to which the catalogue gives a fastest change.
    """
    with_change = [metric.name for metric in catalogue if metric.fastest_change]
    makes = Windows(schema.WINDOWS.names, tuple(catalogue.metrics), with_change, seconds)
    started = readings.withColumn("start", start_of(seconds)).select(*TAKEN, *catalogue.metrics, MORE)
    # All readings of a GPU with one worker: what it holds of a batch is 1 KB a reading.
    return started.repartition("gpu").mapInArrow(makes, schema.WINDOWS)


def metrics_of(windows: DataFrame) -> set[str]:
    """The metrics that any of ``windows`` has."""
    return {row["metric"] for row in windows.select("metric").distinct().collect() if row["metric"] is not None}


def messages(windows: DataFrame) -> DataFrame:
    """Kafka's ``key`` and ``value`` (telemetry.messages.Window), one per window."""
    is_whole = F.col("metric").isNull()
    entry = F.when(~is_whole, F.struct(F.col("metric"), F.struct("avg", "min", "max", "count").alias("aggregate")))
    grouped = windows.groupBy(*KEY, "end").agg(
        *(F.max(name).alias(name) for name in ("host", "source", "mode")),
        F.max(F.when(is_whole, F.col("count"))).alias("readings"),
        F.map_from_entries(F.array_compact(F.collect_list(entry))).alias("metrics"),
    )
    times = (_instant("start"), _instant("end"))
    value = F.struct(F.lit(1).alias("schema"), "gpu", "host", "source", "mode", *times, "readings", "metrics")
    return grouped.select(F.col("gpu").alias("key"), F.to_json(value).alias("value"))


def start_of(seconds: int) -> Column:
    """The start of the window in which ``time`` lies, counted from 1970-01-01 UTC."""
    return F.timestamp_seconds(F.floor(F.unix_micros("time") / (seconds * 1_000_000)) * seconds)


def _instant(name: str) -> Column:
    return F.date_format(name, "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").alias(name)
