"""When a reading should have come and did not, in numpy: for Spark's applyInArrow, one GPU at a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import types as T

from spark_jobs.transforms.distribution import Counts
from spark_jobs.transforms.usual_interval import LOST, Moments, Usual, by_source
from telemetry.timestamp import SECOND

QUICKEST = 0.1
"""Seconds: GPU-Z at its quickest. What comes more often comes when it can, and nobody waits for each reading."""
QUARTER = 900 * SECOND
"""Of an hour, in microseconds: in every zone an hour begins with one of them."""
_WHO = ("gpu", "host", "demo")
SCHEMA = T.StructType(
    [
        *(T.StructField(name, T.StringType()) for name in ("gpu", "host")),
        T.StructField("demo", T.BooleanType()),
        T.StructField("time", T.TimestampType()),
        T.StructField("interval", T.DoubleType()),
        T.StructField("missing", T.LongType()),
    ]
)


def counted(readings: pa.Table) -> pa.Table:
    """Readings of one GPU (gpu, host, demo, source, time) -> a row of SCHEMA for each quarter of an hour in which some
    are missing (``time``: the first of them), and one of its first reading, where none is. ``interval`` is the GPU's
    usual one, of several sources the shortest; null where nobody knows."""
    order, sources, source = by_source(readings)
    times = readings.column("time").cast(pa.int64()).to_numpy()[order]
    absent, intervals = [times[:0]], []
    for place in range(len(sources)):
        moments = Moments.of(times[source == place])
        if (usual := Usual.of(moments)) is not None:
            intervals.append(usual.interval)
            absent.append(_absent(moments, usual))
    missing = np.sort(np.concatenate(absent))
    _, first, counts = np.unique(missing // QUARTER, return_index=True, return_counts=True)
    rows = len(first) + 1
    whose = readings.select(list(_WHO)).slice(0, 1).take(pa.array(np.zeros(rows, np.int64)))
    kind = readings.schema.field("time").type
    made = {
        "time": pa.array(np.append(times[:1], missing[first])).cast(kind),
        "interval": pa.array([min(intervals, default=None)] * rows, pa.float64()),
        "missing": pa.array(np.append(0, counts)),
    }
    return pa.table({name: whose.column(name) for name in _WHO} | made)


def _absent(moments: Moments, usual: Usual) -> Counts:
    """Microseconds: in each step that has lost a reading there should have been one at each whole interval."""
    if usual.interval < QUICKEST:
        return moments.begin[:0]
    steps = moments.steps
    there = moments.readings[:-1]
    expected = np.floor(steps / usual.interval + 0.5).astype(np.int64)
    lost = np.where(steps > LOST * usual.step, np.maximum(expected - there, 0), 0)
    # The n-th of a hole comes n intervals after those that its moment has.
    place = np.arange(lost.sum()) - np.repeat(np.cumsum(lost) - lost, lost)
    after = (np.repeat(there, lost) + place) * usual.interval
    moment: Counts = np.repeat(moments.begin[:-1], lost) + (after * SECOND).astype(np.int64)
    return moment
