"""Readings -> windows: avg, min, max and count per metric over fixed spans of one GPU."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from spark_jobs import schema
from telemetry.catalogue import Catalogue
from telemetry.timestamp import SECOND

KEY = ("gpu", "start")
_WHOLE = ""
_AGGREGATES = {"avg": F.avg, "min": F.min, "max": F.max}


def touched(readings: DataFrame, seconds: int) -> DataFrame:
    """The windows (gpu, start) in which ``readings`` lie, with the span of time that they cover."""
    return readings.select("gpu", start_of(seconds).alias("start")).distinct()


def windows(readings: DataFrame, catalogue: Catalogue, seconds: int) -> DataFrame:
    """One row per (gpu, start, metric), in the columns of :data:`spark_jobs.schema.WINDOWS`.

    The readings given must be those of whole windows. ``count`` counts those that had the metric; the row of a window
    whose metric is null counts all of its readings. ``change`` is the fastest change between two neighbours of the
    window, per second, for the metrics to which the catalogue gives a fastest change.
    """
    columns = [F.col(name) for name in ("gpu", "host", "source", "mode")]
    rows = readings.select("*", start_of(seconds).alias("start"))
    changes = _changes(catalogue)
    return (
        # One pass: the readings of a window are counted as if they were one more metric.
        rows.select(*columns, "start", _all_metrics(catalogue).alias("all"), changes.alias("changes"))
        .select(*columns, "start", "changes", F.explode("all").alias("metric", "value"))
        .filter(F.col("value").isNotNull())
        .groupBy(*KEY, "metric")
        .agg(
            *(F.max(name).alias(name) for name in ("host", "source", "mode")),
            *(_unless_whole(aggregate("value")).alias(name) for name, aggregate in _AGGREGATES.items()),
            F.count("value").alias("count"),
            F.max(F.try_element_at("changes", F.col("metric"))).alias("change"),
        )
        .withColumns(
            {
                "date": F.to_date("start"),
                "end": F.col("start") + F.make_interval(secs=F.lit(float(seconds))),
                "metric": F.nullif("metric", F.lit(_WHOLE)),
            }
        )
        .select(*schema.WINDOWS.names)
    )


def messages(windows: DataFrame) -> DataFrame:
    """Kafka's ``key`` and ``value`` (telemetry.messages.Window), one per window."""
    is_whole = F.col("metric").isNull()
    entry = F.when(~is_whole, F.struct(F.col("metric"), F.struct("avg", "min", "max", "count").alias("aggregate")))
    grouped = windows.groupBy(*KEY, "end").agg(
        *(F.max(name).alias(name) for name in ("host", "source", "mode")),
        F.max(F.when(is_whole, F.col("count"))).alias("readings"),
        F.map_from_entries(F.array_compact(F.collect_list(entry))).alias("metrics"),
    )
    times = (_instant("start"), _instant("end"))
    value = F.struct(F.lit(1).alias("schema"), "gpu", "host", "source", "mode", *times, "readings", "metrics")
    return grouped.select(F.col("gpu").alias("key"), F.to_json(value).alias("value"))


def _unless_whole(value: Column) -> Column:
    return F.when(F.col("metric") != _WHOLE, value)


def _all_metrics(catalogue: Catalogue) -> Column:
    known = [part for name in catalogue.metrics for part in (F.lit(name), F.col(name))]
    known += [F.lit(_WHOLE), F.lit(1.0)]
    return F.map_concat(F.create_map(*known), F.coalesce("more", F.create_map().cast("map<string,double>")))


def _changes(catalogue: Catalogue) -> Column:
    """Metric -> its change since the last reading of the window that had it, per second; a second is the least."""
    before = W.partitionBy(*KEY).orderBy("time", "row").rowsBetween(W.unboundedPreceding, -1)
    entries: list[Column] = []
    for metric in catalogue:
        if metric.fastest_change:
            known = F.when(F.col(metric.name).isNotNull(), F.struct(F.col("time"), F.col(metric.name).alias("value")))
            last = F.last(known, ignorenulls=True).over(before)
            elapsed = (F.unix_micros("time") - F.unix_micros(last["time"])) / SECOND
            change = F.abs(F.col(metric.name) - last["value"]) / F.greatest(elapsed, F.lit(1.0))
            entries += [F.lit(metric.name), change]
    return F.create_map(*entries) if entries else F.create_map().cast("map<string,double>")


def start_of(seconds: int) -> Column:
    """The start of the window in which ``time`` lies, counted from 1970-01-01 UTC."""
    return F.timestamp_seconds(F.floor(F.unix_micros("time") / (seconds * 1_000_000)) * seconds)


def _instant(name: str) -> Column:
    return F.date_format(name, "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").alias(name)
