"""The report ``correlations``: how each metric goes with load, temperature and power; all real GPUs as ``all``."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.load_bands import LOAD
from spark_jobs.transforms import moments
from spark_jobs.transforms.metrics import demo, with_all
from spark_jobs.transforms.other_sensors import MORE

NAME = "correlations"
WITH = (LOAD, "gpu_temperature", "board_power_draw")
_WHO = ("gpu", "host", "demo")


def rows(readings: DataFrame, metrics: Sequence[str]) -> DataFrame:
    """One day's rows, of ``readings`` of that day. A metric is not compared with itself, nor one that stood still.

    Columns: gpu, host, demo, metric, readings, and ``with_<metric>`` for each of WITH: Pearson's coefficient over the
    readings that have both, -1 to 1; null where it is not defined.
    """
    marked = readings.withColumn("demo", demo()).select(*_WHO, *dict.fromkeys((*metrics, *WITH)), MORE)
    schema = moments.schema([marked.schema[name] for name in _WHO])
    parts = with_all(marked.mapInArrow(moments.Pairs(tuple(metrics), _WHO, WITH), schema))
    pairs = parts.select(*schema.names).groupBy(*_WHO).applyInArrow(moments.together, schema)
    coefficients = (F.max(F.when(F.col("beside") == name, _pearson())).alias(f"with_{name}") for name in WITH)
    return pairs.groupBy(*_WHO, "metric").agg(F.max("readings").alias("readings"), *coefficients)


def _pearson() -> Column:
    # Where one of the two stood still there is no coefficient.
    return F.try_divide("products", F.sqrt("squares") * F.sqrt("squares_beside"))
