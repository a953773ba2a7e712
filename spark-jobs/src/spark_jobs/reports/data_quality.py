"""The report ``data_quality``: per GPU and hour what is missing, flagged, duplicated, late or rejected."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.days import Days
from spark_jobs.transforms import holes
from spark_jobs.transforms.metrics import ALL, demo, with_all
from telemetry.timestamp import SECOND

NAME = "data_quality"
LATE_AFTER = 300.0
"""Seconds from a reading's own time to the lake. Below lie a trigger, a restart of Spark, a short night of Kafka."""
_HOUR = ("gpu", "host", "demo", "start")
_COUNTS = ("readings", "missing", "late")


def rows(readings: DataFrame, copies: DataFrame, rejected: DataFrame, rejected_since: int, days: Days) -> DataFrame:
    """One day's rows. ``readings`` of the lake of that day; ``copies`` (gpu, host, time, copies) one row per identity
    that Kafka still has and whose time lies in that day; ``rejected`` (gpu, host, time of rejection) one row per dead
    letter of that day, all that came since ``rejected_since`` (microseconds UTC).

    Columns: gpu, host, demo, start (of the hour), interval (seconds, the usual one of the day, of several sources the
    shortest; null: nobody knows), readings, missing (:mod:`spark_jobs.transforms.holes`), late, flagged (map: why ->
    how many values), duplicated and rejected (null: unknown).
    """
    marked = readings.withColumns({"demo": demo(), "start": days.hour_start("time")})
    counted = _sum([_arrived(marked), _missing(marked, days), _copied(copies, days), _refused(rejected, days)])
    known = F.unix_micros("start") >= rejected_since
    # Every hour of a GPU has the day's.
    interval = F.max("interval").over(Window.partitionBy("gpu")).alias("interval")
    per_gpu = counted.select(
        *_HOUR,
        interval,
        *_COUNTS,
        # Of each reading that the lake has, Kafka must still have a copy: else others may be gone, too.
        F.when(F.col("identities") >= F.col("readings"), F.col("copies") - F.col("identities")).alias("duplicated"),
        F.when(known, F.col("rejected")).alias("rejected"),
    )
    together = with_all(per_gpu).groupBy(*_HOUR)
    sums = (*(F.sum(name).alias(name) for name in _COUNTS), _known_sum("duplicated"), _known_sum("rejected"))
    own = F.max(F.when(F.col("gpu") != ALL, F.col("interval"))).alias("interval")
    joined = together.agg(own, *sums).join(_flagged(marked), on=list(_HOUR), how="left")
    flagged = F.coalesce("flagged", F.create_map().cast("map<string,bigint>")).alias("flagged")
    return joined.select(*_HOUR, "interval", *_COUNTS, flagged, "duplicated", "rejected")


def _arrived(readings: DataFrame) -> DataFrame:
    waited = (F.unix_micros("ingested") - F.unix_micros("time")) / SECOND
    late = (waited > LATE_AFTER) & (F.col("mode") == "live")
    return readings.groupBy(*_HOUR).agg(F.count(F.lit(1)).alias("readings"), F.count_if(late).alias("late"))


def _missing(readings: DataFrame, days: Days) -> DataFrame:
    # A reading without a source is no reading, but is counted as one of a source of its own.
    wanted = readings.select("gpu", "host", "demo", F.coalesce("source", F.lit("")).alias("source"), "time")
    found = wanted.groupBy("gpu", "host", "demo").applyInArrow(holes.counted, holes.SCHEMA)
    placed = found.withColumn("start", days.hour_start("time"))
    return placed.groupBy(*_HOUR).agg(F.sum("missing").alias("missing"), F.max("interval").alias("interval"))


def _copied(copies: DataFrame, days: Days) -> DataFrame:
    placed = copies.withColumns({"demo": demo(), "start": days.hour_start("time")})
    return placed.groupBy(*_HOUR).agg(F.sum("copies").alias("copies"), F.count(F.lit(1)).alias("identities"))


def _refused(rejected: DataFrame, days: Days) -> DataFrame:
    placed = rejected.withColumns({"demo": demo(), "start": days.hour_start("time")})
    return placed.groupBy(*_HOUR).agg(F.count(F.lit(1)).alias("rejected"))


def _flagged(readings: DataFrame) -> DataFrame:
    values = readings.select(*_HOUR, F.explode("flags").alias("metric", "why"))
    kinds = with_all(values).groupBy(*_HOUR, "why").agg(F.count(F.lit(1)).alias("values"))
    pairs = F.array_sort(F.collect_list(F.struct("why", "values")))
    return kinds.groupBy(*_HOUR).agg(F.map_from_entries(pairs).alias("flagged"))


def _sum(parts: list[DataFrame]) -> DataFrame:
    """The hours that any part knows, with 0 for what the others do not say."""
    names = (*_COUNTS, "copies", "identities", "rejected")
    stacked = parts[0]
    for part in parts[1:]:
        stacked = stacked.unionByName(part, allowMissingColumns=True)
    sums = (F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in names)
    return stacked.groupBy(*_HOUR).agg(F.max("interval").alias("interval"), *sums)


def _known_sum(name: str) -> Column:
    """Of all real GPUs together; unknown where it is of one of them."""
    return F.when(F.count(name) == F.count(F.lit(1)), F.sum(name)).alias(name)
