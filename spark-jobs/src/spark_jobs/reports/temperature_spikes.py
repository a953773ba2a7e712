"""The report ``temperature_spikes``: when a temperature was above its limit, or far above the day's usual at that load.

A spike is a run of hot readings of one temperature of one GPU, none more than LONGEST_GAP after the one before. A
reading is hot above the catalogue's warning limit for the GPU's model, or above the day's median in its band of load by
more than FAR times the scaled median absolute deviation there (Hampel's identifier, F. R. Hampel 1974).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.load_bands import LOAD, band_of
from spark_jobs.transforms.metrics import demo, each_metric
from telemetry.catalogue import Catalogue, Metric

NAME = "temperature_spikes"
FAR = 5.0
"""So many deviations are beyond what noise, a fan's steps or a short game show."""
LONGEST_GAP = 10.0
"""Seconds."""
_NORMAL = 1.4826
"""Median absolute deviation -> standard deviation, of a normal distribution."""
_LEAST_DEVIATION = 1.0
"""Sensors tell whole degrees, so that a steady one has a deviation of 0."""
_BAND = ("gpu", "metric", "band")


def rows(readings: DataFrame, metrics: Sequence[str], catalogue: Catalogue) -> DataFrame:
    """One day's rows, of ``readings`` of that day.

    Columns: gpu, host, demo, metric, start, end (first and last hot reading), seconds, readings, peak, threshold (the
    lowest that was broken), cause (``limit``: the catalogue's; ``load``: the day's usual at that load).
    """
    measured = [catalogue[name] for name in metrics if catalogue[name].kind == "temperature"]
    limits = [(metric.name, _limit(metric)) for metric in measured if metric.limits or metric.limits_by_model]
    limit = F.lit(None).cast("double")
    for name, level in limits:
        limit = F.when(F.col("metric") == name, level).otherwise(limit)
    unlisted = F.lit(None).cast("map<string,double>")
    marked = readings.withColumns({"demo": demo(), "band": band_of(F.col(LOAD)), "more": unlisted})
    values = each_metric(marked, [each.name for each in measured], "gpu", "host", "demo", "model", "time", "band")
    usual = values.filter(F.col("band").isNotNull()).groupBy(*_BAND).agg(F.median("value").alias("median"))
    distance = values.join(F.broadcast(usual), on=list(_BAND), how="inner")
    spread = distance.groupBy(*_BAND).agg(F.median(F.abs(F.col("value") - F.col("median"))).alias("mad"))
    beyond = F.col("median") + FAR * F.greatest(_NORMAL * F.col("mad"), F.lit(_LEAST_DEVIATION))
    known = usual.join(spread, on=list(_BAND), how="inner").select(*_BAND, beyond.alias("beyond"))
    judged = values.join(F.broadcast(known), on=list(_BAND), how="left").withColumn("limit", limit)
    over_limit = F.col("value") > F.col("limit")
    # What the processor does, the load of the GPU does not tell.
    of_card = F.col("metric").isin([metric.name for metric in measured if metric.scope == "gpu"])
    over_usual = of_card & (F.col("value") > F.col("beyond"))
    hot = judged.filter(over_limit | over_usual).withColumns(
        {
            "cause": F.when(over_limit, "limit").otherwise("load"),
            "threshold": F.when(over_limit & ~F.coalesce(over_usual, F.lit(False)), F.col("limit"))
            .when(over_limit, F.least("limit", "beyond"))
            .otherwise(F.col("beyond")),
        }
    )
    return _runs(hot)


def _runs(hot: DataFrame) -> DataFrame:
    order = Window.partitionBy("gpu", "metric").orderBy("time")
    pause = (F.unix_micros("time") - F.unix_micros(F.lag("time").over(order))) / 1e6
    begins = F.when(pause <= LONGEST_GAP, 0).otherwise(1)
    so_far = order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    numbered = hot.withColumn("begins", begins).withColumn("run", F.sum("begins").over(so_far))
    return (
        numbered.groupBy("gpu", "host", "demo", "metric", "run")
        .agg(
            F.min("time").alias("start"),
            F.max("time").alias("end"),
            F.count(F.lit(1)).alias("readings"),
            F.max("value").alias("peak"),
            F.min("threshold").alias("threshold"),
            # Once above the limit is enough: "limit" comes after "load".
            F.when(F.max(F.col("cause") == "limit"), "limit").otherwise("load").alias("cause"),
        )
        .withColumn("seconds", (F.unix_micros("end") - F.unix_micros("start")) / 1e6)
        .select("gpu", "host", "demo", "metric", "start", "end", "seconds", "readings", "peak", "threshold", "cause")
    )


def _limit(metric: Metric) -> Column:
    """The warning level of the GPU's model, as :meth:`telemetry.catalogue.Metric.limits_for` finds it."""
    limits = metric.limits
    level = F.lit(limits.warning if limits and limits.direction == "above" else None).cast("double")
    for entry in reversed(metric.limits_by_model):
        of_model = F.contains(F.lower(F.coalesce("model", F.lit(""))), F.lit(entry.model.lower()))
        level = F.when(of_model, F.lit(entry.warning).cast("double")).otherwise(level)
    return level
