"""The report ``correlations``: how each metric goes with load, temperature and power; all real GPUs as ``all``."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.load_bands import LOAD
from spark_jobs.transforms.metrics import demo, each_metric, with_all

NAME = "correlations"
WITH = (LOAD, "gpu_temperature", "board_power_draw")
_WHO = ("gpu", "host", "demo")


def rows(readings: DataFrame, metrics: Sequence[str]) -> DataFrame:
    """One day's rows, of ``readings`` of that day. A metric is not compared with itself, nor one that stood still.

    Columns: gpu, host, demo, metric, readings, and ``with_<metric>`` for each of WITH: Pearson's coefficient over the
    readings that have both, -1 to 1; null where it is not defined.
    """
    beside = [F.col(name).alias(f"beside_{name}") for name in WITH]
    marked = readings.withColumn("demo", demo()).select("*", *beside)
    pairs = with_all(each_metric(marked, metrics, *_WHO, *(f"beside_{name}" for name in WITH)))
    coefficients = (_pearson(name).alias(f"with_{name}") for name in WITH)
    return pairs.groupBy(*_WHO, "metric").agg(F.count("value").alias("readings"), *coefficients)


def _pearson(name: str) -> Column:
    # Not F.corr: where one of the two stood still it divides by zero, which is an error to Spark 4.
    beside = F.col(f"beside_{name}")
    both = (F.col("metric") != name) & beside.isNotNull()
    value, other = F.when(both, F.col("value")), F.when(both, beside)
    return F.try_divide(F.covar_pop(value, other), F.stddev_pop(value) * F.stddev_pop(other))
