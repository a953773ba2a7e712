"""The report ``temperature_spikes``: when a temperature was above its limit, or far above the day's usual at that load.

A spike is a run of hot readings of one temperature of one GPU, none so long after the one before that the GPU was
absent (:mod:`spark_jobs.transforms.usual_interval`). A reading is hot above the catalogue's warning limit for the GPU's
model, or above what is usual in its band of load on that day (:mod:`spark_jobs.transforms.hampel`).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs.load_bands import LOAD, band_of
from spark_jobs.transforms import hampel, hot
from spark_jobs.transforms.columnar import COUNTED, per_metric
from spark_jobs.transforms.metrics import demo
from spark_jobs.transforms.other_sensors import MORE
from spark_jobs.transforms.usual_interval import longest_gap_of
from telemetry.catalogue import Catalogue, Metric

NAME = "temperature_spikes"


def rows(readings: DataFrame, metrics: Sequence[str], catalogue: Catalogue, intervals: DataFrame) -> DataFrame:
    """One day's rows, of ``readings`` of that day and of ``intervals``
    (:func:`spark_jobs.reports.daily_statistics.intervals`).

    Columns: gpu, host, demo, metric, start, end (first and last hot reading), seconds, readings, peak, threshold (the
    lowest that was broken), cause (``limit``: the catalogue's; ``load``: the day's usual at that load).
    """
    measured = [catalogue[name] for name in metrics if catalogue[name].kind == "temperature"]
    unlisted = F.lit(None).cast("map<string,double>")
    marked = readings.withColumns({"demo": demo(), "band": band_of(F.col(LOAD)), MORE: unlisted})
    names = [metric.name for metric in measured]
    usual = hot.Usual.of(_usual(marked, measured).toArrow(), names)
    wanted = marked.select(*hot.WHO, "band", "model", *names)
    schema = T.StructType([*(wanted.schema[name] for name in hot.WHO), *hot.FOUND])
    found = wanted.mapInArrow(hot.Hot(measured, usual), schema)
    return _runs(found.join(F.broadcast(intervals), on=["gpu", "source"], how="left"))


def _usual(readings: DataFrame, measured: Sequence[Metric]) -> DataFrame:
    """gpu, band, metric, beyond: the value above which it is not usual."""
    # What the processor does, the load of the GPU does not tell.
    of_card = [metric.name for metric in measured if metric.scope == "gpu"]
    known = readings.filter(F.col("band").isNotNull())
    counted = per_metric(known, of_card, ("gpu", "band"), COUNTED)
    whole = counted.groupBy("gpu", "band", "metric", "value").agg(F.sum("times").alias("times"))
    return whole.groupBy("gpu").applyInArrow(hampel.bounds, hampel.SCHEMA)


def _runs(found: DataFrame) -> DataFrame:
    order = Window.partitionBy("gpu", "metric").orderBy("time")
    pause = (F.unix_micros("time") - F.unix_micros(F.lag("time").over(order))) / 1e6
    gap = longest_gap_of(F.col("interval"))
    begins = F.when(pause <= F.greatest(gap, F.lag(gap).over(order)), 0).otherwise(1)
    so_far = order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    numbered = found.withColumn("begins", begins).withColumn("run", F.sum("begins").over(so_far))
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
