"""What counted values make together, in numpy: for Spark's applyInArrow, one GPU at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import types as T

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

P95 = 0.95
SCHEMA = T.StructType(
    [
        *(T.StructField(name, T.StringType()) for name in ("gpu", "host")),
        T.StructField("demo", T.BooleanType()),
        T.StructField("metric", T.StringType()),
        T.StructField("readings", T.LongType()),
        *(T.StructField(name, T.DoubleType()) for name in ("avg", "min", "max", "stddev", "p95")),
    ]
)


def statistics(counted: pa.Table) -> pa.Table:
    """Counted values (gpu, host, demo: the same in all rows; metric, value, times; a value may come several times) ->
    a row of :data:`SCHEMA` per metric. ``stddev`` of the sample: null of one reading; ``p95`` exact, between the two
    nearest values linearly."""
    metrics = counted.column("metric").combine_chunks().dictionary_encode()
    value, times = counted.column("value").to_numpy(), counted.column("times").to_numpy()
    codes = metrics.indices.to_numpy()
    order = np.lexsort((value, codes))
    codes, value, times = codes[order], value[order], times[order]
    begins = np.flatnonzero(np.diff(codes, prepend=-1))
    group = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(codes)))
    least, most = value[begins], value[np.append(begins[1:], len(codes)) - 1]
    readings = np.add.reduceat(times, begins)
    # From the least, so that a sensor that stands still has exactly its value, and no deviation from it.
    mean = least + np.add.reduceat((value - least[group]) * times, begins) / readings
    squares = np.add.reduceat(times * (value - mean[group]) ** 2, begins)
    deviation = np.sqrt(squares / np.maximum(readings - 1, 1))
    whose = counted.select(["gpu", "host", "demo"]).slice(0, 1).take(pa.array(np.zeros(len(begins), np.int64)))
    found = {
        "metric": metrics.dictionary.take(pa.array(codes[begins])),
        "readings": pa.array(readings),
        "avg": pa.array(mean),
        "min": pa.array(least),
        "max": pa.array(most),
        "stddev": pa.array(deviation, mask=readings < 2),
        "p95": pa.array(quantile(value, times, begins, P95)),
    }
    return pa.table({name: whose.column(name) for name in whose.column_names} | found)


def quantile(value: Numbers, times: Counts, begins: Counts, share: float) -> Numbers:
    """Of each group, which begins at one of ``begins``, the quantile of its values, in order, each of which counts so
    many ``times``: between the two nearest values linearly."""
    rank = share * (np.add.reduceat(times, begins) - 1)
    low = np.floor(rank)
    seen = np.cumsum(times)
    before = seen[begins] - times[begins]
    below = value[np.searchsorted(seen, before + low, side="right")]
    above = value[np.searchsorted(seen, before + np.ceil(rank), side="right")]
    between: Numbers = below + (rank - low) * (above - below)
    return between
