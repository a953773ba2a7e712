"""The report ``summary``: one row per GPU and day, for a person; all real GPUs together as ``all``."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.load_bands import LOAD
from spark_jobs.transforms.metrics import with_all

NAME = "summary"
TEMPERATURE = "gpu_temperature"
_WHO = ["gpu", "host", "demo"]


def rows(daily: DataFrame, spikes: DataFrame, trends: DataFrame, quality: DataFrame) -> DataFrame:
    """One day's rows, of that day's rows of daily_statistics, temperature_spikes, trends and data_quality.

    Columns: gpu, host, demo, readings, hours (with a reading), avg_load, avg_temperature, max_temperature, energy_kwh,
    cost, throttled_minutes, spikes, anomalies, missing, flagged, duplicated, late, rejected, temperature_slope_7 (°C
    per day at equal load).
    """
    whole = daily.filter(F.col("metric").isNull())
    carried = ("readings", "energy_kwh", "cost", "throttled_minutes", "anomalies")
    drift = trends.filter(F.col("metric") == TEMPERATURE).select(*_WHO, F.col("slope_7").alias("temperature_slope_7"))
    made = whole.select(*_WHO, *carried)
    for part in (_metrics(daily), _hours(quality), _spikes(spikes), drift):
        made = made.join(part, on=_WHO, how="left")
    return made.select(
        *_WHO,
        "readings",
        "hours",
        "avg_load",
        "avg_temperature",
        "max_temperature",
        "energy_kwh",
        "cost",
        "throttled_minutes",
        F.coalesce("spikes", F.lit(0)).alias("spikes"),
        "anomalies",
        "missing",
        "flagged",
        "duplicated",
        "late",
        "rejected",
        "temperature_slope_7",
    )


def _metrics(daily: DataFrame) -> DataFrame:
    return daily.groupBy(*_WHO).agg(
        _of(LOAD, "avg").alias("avg_load"),
        _of(TEMPERATURE, "avg").alias("avg_temperature"),
        _of(TEMPERATURE, "max").alias("max_temperature"),
    )


def _of(metric: str, statistic: str) -> Column:
    return F.max(F.when(F.col("metric") == metric, F.col(statistic)))


def _hours(quality: DataFrame) -> DataFrame:
    flagged = F.aggregate(F.map_values("flagged"), F.lit(0).cast("bigint"), lambda total, count: total + count)
    return quality.groupBy(*_WHO).agg(
        F.count_if(F.col("readings") > 0).alias("hours"),
        F.sum(flagged).alias("flagged"),
        *(F.sum(name).alias(name) for name in ("missing", "late")),
        # One unknown hour makes the day unknown.
        *(F.when(F.count(name) == F.count(F.lit(1)), F.sum(name)).alias(name) for name in ("duplicated", "rejected")),
    )


def _spikes(spikes: DataFrame) -> DataFrame:
    return with_all(spikes.select(*_WHO)).groupBy(*_WHO).agg(F.count(F.lit(1)).alias("spikes"))
