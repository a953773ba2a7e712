"""Where a value is too far from the usual ones: Hampel's identifier (F. R. Hampel, 1974), in numpy.

Of counted values, because a sensor shows few different ones: for Spark's applyInArrow, one GPU at a time.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import types as T

from spark_jobs.transforms.distribution import Counts, Numbers, quantile

FAR = 5.0
"""So many deviations are beyond what noise, a fan's steps or a short game show."""
_NORMAL = 1.4826
"""Median absolute deviation -> standard deviation, of a normal distribution."""
_LEAST_DEVIATION = 1.0
"""Sensors tell whole degrees, so that a steady one has a deviation of 0."""

SCHEMA = T.StructType([T.StructField(name, T.StringType()) for name in ("gpu", "band", "metric")]).add(
    "beyond", T.DoubleType()
)


def bounds(counted: pa.Table) -> pa.Table:
    """Counted values (gpu, the same in all rows; band, metric, value, times; each value once) -> a row of SCHEMA per
    band and metric: the median plus FAR deviations."""
    band, metric = (counted.column(name).combine_chunks().dictionary_encode() for name in ("band", "metric"))
    pairs = band.indices.to_numpy().astype(np.int64) * len(metric.dictionary) + metric.indices.to_numpy()
    different, group = np.unique(pairs, return_inverse=True)
    value, times = counted.column("value").to_numpy(), counted.column("times").to_numpy()
    median = medians(group, value, times)
    deviation = medians(group, np.abs(value - median[group]), times)
    found = {
        "gpu": counted.column("gpu").slice(0, 1).take(pa.array(np.zeros(len(different), np.int64))),
        "band": band.dictionary.take(pa.array(different // len(metric.dictionary))),
        "metric": metric.dictionary.take(pa.array(different % len(metric.dictionary))),
        "beyond": pa.array(median + FAR * np.maximum(_NORMAL * deviation, _LEAST_DEVIATION)),
    }
    return pa.table(found)


def medians(group: Counts, value: Numbers, times: Counts) -> Numbers:
    """Of each group 0, 1, 2, ... the median of its values, each of which counts so many ``times``."""
    order = np.lexsort((value, group))
    group, value, times = group[order], value[order], times[order]
    begins = np.flatnonzero(np.diff(group, prepend=-1))
    return quantile(value, times, begins, 0.5)
