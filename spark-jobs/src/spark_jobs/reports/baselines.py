"""The report ``baselines``: what is usual of a GPU in each band of load. The stream judges new windows by it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.transforms.loaded_windows import beside_load

NAME = "baselines"
DAYS = 30
"""How far back from a GPU's last window."""
_KEY = ("gpu", "host", "demo", "metric", "band")


def rows(windows: DataFrame, metrics: Sequence[str]) -> DataFrame:
    """One row per GPU, metric of ``metrics`` and band of load, of ``windows`` (:data:`spark_jobs.schema.WINDOWS`):
    all that there are until the end of the day. Of each GPU count the DAYS up to its own last window, so that a card
    that was away has not lost what was known of it.

    Columns: gpu, host, demo, metric, band, windows, median (of the windows' averages, exact), mad (median of their
    absolute distance from it).
    """
    loaded = beside_load(_recent(windows), metrics)
    usual = loaded.groupBy(*_KEY).agg(F.count("avg").alias("windows"), F.median("avg").alias("median"))
    beside = loaded.join(F.broadcast(usual), on=list(_KEY), how="inner")
    spread = beside.groupBy(*_KEY, "windows", "median")
    made = spread.agg(F.median(F.abs(F.col("avg") - F.col("median"))).alias("mad"))
    return made.select(*_KEY, "windows", "median", "mad")


def _recent(windows: DataFrame) -> DataFrame:
    last = windows.groupBy("gpu").agg(F.max("start").alias("last"))
    far = F.col("last") - F.make_dt_interval(days=F.lit(DAYS))
    return windows.join(F.broadcast(last), on="gpu", how="inner").filter(F.col("start") > far).drop("last")
