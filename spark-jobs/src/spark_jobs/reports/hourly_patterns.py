"""The report ``hourly_patterns``: what each metric does in each hour of the day; all real GPUs together as ``all``."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.days import Days
from spark_jobs.transforms.columnar import SPREAD, per_metric
from spark_jobs.transforms.metrics import demo, with_all

NAME = "hourly_patterns"
_KEY = ("gpu", "host", "demo", "metric", "start", "hour")


def rows(readings: DataFrame, metrics: Sequence[str], days: Days) -> DataFrame:
    """One day's rows, of ``readings`` of that day.

    Columns: gpu, host, demo, metric, start (the instant at which the hour begins), hour (0 to 23, on the wall),
    readings, avg, min, max.
    """
    hours = readings.withColumns({"demo": demo(), "start": days.hour_start("time"), "hour": days.hour_of("time")})
    per_part = per_metric(hours, metrics, ("gpu", "host", "demo", "start", "hour"), SPREAD)
    summed = with_all(per_part).groupBy(*_KEY)
    merged = summed.agg(
        F.sum("readings").alias("readings"),
        (F.sum("sum") / F.sum("readings")).alias("avg"),
        F.min("min").alias("min"),
        F.max("max").alias("max"),
    )
    return merged.select(*_KEY, "readings", "avg", "min", "max")
