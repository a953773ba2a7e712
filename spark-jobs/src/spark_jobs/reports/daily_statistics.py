"""The report ``daily_statistics``: per GPU and metric, and per GPU as a whole; all real GPUs together as GPU ``all``.

Rows about a metric have ``metric`` and its statistics; rows about a GPU as a whole have no metric, and energy, cost and
minutes in each throttle state.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.transforms import distribution, whole_gpus
from spark_jobs.transforms.columnar import COUNTED, per_metric
from spark_jobs.transforms.metrics import ALL, demo, with_all
from telemetry.catalogue import Catalogue

NAME = "daily_statistics"
POWER = ("board_power_draw", "gpu_power")
"""What counts as the power of a GPU: the whole board where it is known, else what older cards report."""
_WHO = ("gpu", "host", "demo")
_MAPS = ("minutes_by_throttle_reason", "interval_by_source")


def rows(
    readings: DataFrame,
    metrics: Sequence[str],
    catalogue: Catalogue,
    price_per_kwh: float,
    anomalies: DataFrame | None = None,
) -> DataFrame:
    """One day's rows; ``readings`` in the columns of :func:`spark_jobs.schema.readings`, ``metrics`` those columns of
    the catalogue that hold a value, ``anomalies`` (id, gpu, host, metric) of the same day, None: nobody knows.

    Columns: gpu, host, demo, metric, readings, avg, min, max, stddev (of the sample), p95 (exact, interpolated linearly
    between the two nearest values), energy_kwh, cost, minutes_by_throttle_reason (map), throttled_minutes,
    interval_by_source (map: source -> its usual seconds from reading to reading), anomalies. Energy and minutes are
    counted over steps that are no absence (:mod:`spark_jobs.transforms.usual_interval`), null where there is none.
    """
    marked = readings.withColumn("demo", demo())
    wholes = _wholes(marked, metrics, catalogue, price_per_kwh)
    made = _statistics(marked, metrics).unionByName(wholes, allowMissingColumns=True)
    if anomalies is None:
        return made.withColumn("anomalies", F.lit(None).cast("bigint"))
    same = made["gpu"].eqNullSafe(F.col("of_gpu")) & made["metric"].eqNullSafe(F.col("of_metric"))
    counted = made.join(_anomalies(anomalies), on=same, how="left").drop("of_gpu", "of_metric")
    return counted.withColumn("anomalies", F.coalesce("anomalies", F.lit(0)))


def _statistics(readings: DataFrame, metrics: Sequence[str]) -> DataFrame:
    """Of counted values: a sensor shows few different ones, and those of all GPUs together are of the same counts."""
    counted = with_all(per_metric(readings, metrics, _WHO, COUNTED))
    # Put together first: the values of all GPUs, which one worker gets, are then no more than there are different ones.
    whole = counted.groupBy(*_WHO, "metric", "value").agg(F.sum("times").alias("times"))
    return whole.groupBy(*_WHO).applyInArrow(distribution.statistics, distribution.SCHEMA)


def _wholes(readings: DataFrame, metrics: Sequence[str], catalogue: Catalogue, price_per_kwh: float) -> DataFrame:
    masks = [metric for metric in catalogue if metric.bits and metric.name in metrics]
    power = F.coalesce(*(F.col(name) for name in POWER)).alias("power")
    # A reading without a source is no reading, but must not end the batch: a key of a map is never null.
    source = F.coalesce("source", F.lit("")).alias("source")
    wanted = readings.select(*_WHO, source, "time", power, *(metric.name for metric in masks))
    per_gpu = wanted.groupBy(*_WHO).applyInArrow(whole_gpus.row_of(masks), whole_gpus.SCHEMA)
    sums = ("readings", "energy_kwh", "throttled_minutes")
    # Of one GPU there is one row, and its sum. Not a union of two, which would make the rows twice.
    both = with_all(per_gpu).groupBy(*_WHO).agg(*(F.sum(name).alias(name) for name in sums), *map(_of_one, _MAPS))
    cost = (F.col("energy_kwh") * price_per_kwh).alias("cost")
    return both.select(*_WHO, F.lit(None).cast("string").alias("metric"), *sums, cost, *_MAPS)


def intervals(made: DataFrame) -> DataFrame:
    """gpu, source, interval (seconds): what the rows ``made`` of a day say is usual."""
    return made.filter(F.col("metric").isNull()).select(
        "gpu", F.explode("interval_by_source").alias("source", "interval")
    )


def _of_one(name: str) -> Column:
    return F.first(F.when(F.col("gpu") != ALL, F.col(name))).alias(name)


def _anomalies(anomalies: DataFrame) -> DataFrame:
    """of_gpu, of_metric (null: of the GPU as a whole), anomalies. One that was written again is the same one."""
    marked = with_all(anomalies.withColumn("demo", demo()).select(*_WHO, "metric", "id"))
    both = marked.unionByName(marked.withColumn("metric", F.lit(None).cast("string")))
    grouped = both.groupBy(F.col("gpu").alias("of_gpu"), F.col("metric").alias("of_metric"))
    return grouped.agg(F.count_distinct("id").alias("anomalies"))
