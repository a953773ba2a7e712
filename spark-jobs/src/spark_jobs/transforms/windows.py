"""Readings -> windows: avg, min, max and count per metric over fixed spans of one GPU."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs import schema
from spark_jobs.transforms.other_sensors import MORE
from spark_jobs.transforms.window_columns import TAKEN, Windows
from telemetry.catalogue import Catalogue
from telemetry.timestamp import SECOND


def windows(readings: pa.Table, catalogue: Catalogue, seconds: int) -> pa.Table:
    """One row per (gpu, start, metric), in the columns of :data:`spark_jobs.schema.WINDOWS`.

    The readings given (:func:`started`) must be those of whole windows. ``count`` counts those that had the metric; the
    row of a window whose metric is null counts all of its readings. ``change`` is the fastest change between two
    neighbours of the window, per second, for the metrics to which the catalogue gives a fastest change.
    """
    known = [name for name in catalogue.metrics if name in readings.column_names]
    with_change = [name for name in known if catalogue[name].fastest_change]
    makes = Windows(schema.WINDOWS.names, known, with_change, seconds)
    return makes.of(readings.select([*TAKEN, *known, MORE]))


def started(readings: pa.Table, seconds: int) -> pa.Table:
    """``readings`` and ``start``, that of the window in which ``time`` lies, counted from 1970-01-01 UTC."""
    length = seconds * SECOND
    times = readings.column("time").cast(pa.int64()).to_numpy()
    return readings.append_column("start", pa.array(times // length * length).cast(pa.timestamp("us", "UTC")))


def start_of(seconds: int) -> Column:
    """As :func:`started` makes it, for Spark."""
    return F.timestamp_seconds(F.floor(F.unix_micros("time") / (seconds * 1_000_000)) * seconds)
