"""Readings -> windows: avg, min, max and count per metric over fixed spans of one GPU."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs import schema
from spark_jobs.transforms.other_sensors import MORE
from spark_jobs.transforms.window_columns import TAKEN, Windows
from spark_jobs.transforms.window_messages import SCHEMA, Messages
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
    """Kafka's ``key`` and ``value`` (telemetry.messages.Window), one per window; ``windows`` as :func:`windows` makes
    them, all rows of a window in one partition."""
    return windows.mapInArrow(Messages(), SCHEMA)


def start_of(seconds: int) -> Column:
    """The start of the window in which ``time`` lies, counted from 1970-01-01 UTC."""
    return F.timestamp_seconds(F.floor(F.unix_micros("time") / (seconds * 1_000_000)) * seconds)
