"""The report ``daily_statistics``: per GPU and metric, and per GPU as a whole; all real GPUs together as GPU ``all``.

Rows about a metric have ``metric`` and its statistics; rows about a GPU as a whole have no metric, and energy, cost and
minutes in each throttle state.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.transforms import distribution
from spark_jobs.transforms.columnar import COUNTED, per_metric
from spark_jobs.transforms.metrics import ALL, demo, with_all
from telemetry.catalogue import Catalogue, Metric

NAME = "daily_statistics"
LONGEST_GAP = 10.0
"""Seconds: over a longer gap nothing is known, so neither energy nor time is counted (design.md, step 3)."""
POWER = ("board_power_draw", "gpu_power")
"""What counts as the power of a GPU: the whole board where it is known, else what older cards report."""
_JOULES_PER_KWH = 3.6e6
_WHO = ("gpu", "host", "demo")


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
    between the two nearest values), energy_kwh, cost, minutes_by_throttle_reason (map), throttled_minutes, anomalies.
    """
    marked = readings.withColumn("demo", demo())
    per_gpu = _wholes(marked, catalogue, price_per_kwh)
    wholes = per_gpu.unionByName(_sum_of_real(per_gpu))
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


def _wholes(readings: DataFrame, catalogue: Catalogue, price_per_kwh: float) -> DataFrame:
    order = Window.partitionBy("gpu").orderBy("time")
    power = F.coalesce(*(F.col(name) for name in POWER))
    seconds = (F.unix_micros("time") - F.unix_micros(F.lag("time").over(order))) / 1e6
    masks = [metric for metric in catalogue if metric.bits]
    steps = readings.select(*_WHO, "time", *(metric.name for metric in masks), power.alias("power")).withColumns(
        {
            "power_before": F.lag("power").over(order),
            "seconds": F.when(seconds <= LONGEST_GAP, seconds).otherwise(F.lit(0.0)),
        }
    )
    joules = (F.col("power") + F.col("power_before")) / 2 * F.col("seconds")
    minutes = {
        text: F.sum(F.when(_has_bit(metric, bit), F.col("seconds"))) / 60
        for metric in masks
        for bit, text in metric.bits.items()
    }
    held_back = F.lit(False)
    for metric in masks:
        held_back = held_back | F.coalesce(_has_bit(metric, sum(metric.throttling)), F.lit(False))
    measured = F.count(F.coalesce(*(F.col(metric.name) for metric in masks)))
    throttled = F.when(measured > 0, F.sum(F.when(held_back, F.col("seconds")).otherwise(F.lit(0.0))) / 60)
    energy = F.sum(joules) / _JOULES_PER_KWH
    return (
        steps.groupBy(*_WHO)
        .agg(
            F.count(F.lit(1)).alias("readings"),
            energy.alias("energy_kwh"),
            _map_of(minutes).alias("minutes"),
            throttled.alias("throttled_minutes"),
        )
        .select(
            *_WHO,
            F.lit(None).cast("string").alias("metric"),
            "readings",
            "energy_kwh",
            (F.col("energy_kwh") * price_per_kwh).alias("cost"),
            F.map_filter("minutes", lambda _, value: value.isNotNull()).alias("minutes_by_throttle_reason"),
            "throttled_minutes",
        )
    )


def _sum_of_real(per_gpu: DataFrame) -> DataFrame:
    real = per_gpu.filter(~F.col("demo"))
    sums = ("readings", "energy_kwh", "cost", "throttled_minutes")
    return (
        real.groupBy(F.lit(ALL).alias("gpu"), F.lit(ALL).alias("host"), "demo", "metric")
        .agg(*(F.sum(name).alias(name) for name in sums))
        .withColumn("minutes_by_throttle_reason", F.lit(None).cast("map<string,double>"))
    )


def _anomalies(anomalies: DataFrame) -> DataFrame:
    """of_gpu, of_metric (null: of the GPU as a whole), anomalies. One that was written again is the same one."""
    marked = with_all(anomalies.withColumn("demo", demo()).select(*_WHO, "metric", "id"))
    both = marked.unionByName(marked.withColumn("metric", F.lit(None).cast("string")))
    grouped = both.groupBy(F.col("gpu").alias("of_gpu"), F.col("metric").alias("of_metric"))
    return grouped.agg(F.count_distinct("id").alias("anomalies"))


def _has_bit(metric: Metric, bit: int) -> Column:
    return F.col(metric.name).cast("long").bitwiseAND(F.lit(bit)) > 0


def _map_of(columns: dict[str, Column]) -> Column:
    return F.create_map(*(part for name, value in columns.items() for part in (F.lit(name), value)))
