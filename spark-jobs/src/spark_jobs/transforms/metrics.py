"""Which metrics a day's readings have, and whose they are."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from telemetry.catalogue import Catalogue
from telemetry.reading import DEMO_HOST_PREFIX

ALL = "all"
"""All real GPUs together, in the columns gpu and host."""
_COMPILED = 40
"""Columns. Beyond a hundred Spark compiles nothing: all at once took twice as long as these one after another."""


def demo() -> Column:
    """Whether the host is one of the built-in demonstration."""
    return F.startswith(F.col("host"), F.lit(DEMO_HOST_PREFIX))


def with_all(rows: DataFrame) -> DataFrame:
    """``rows`` (gpu, host, demo, ...), and once more those of real GPUs, as of the GPU ``all``."""
    own, every = F.struct("gpu", "host"), F.struct(F.lit(ALL).alias("gpu"), F.lit(ALL).alias("host"))
    # Not a union of two: that would make the rows twice.
    whose = F.explode(F.when(F.col("demo"), F.array(own)).otherwise(F.array(own, every)))
    doubled = rows.withColumn("whose", whose)
    return doubled.withColumns({"gpu": F.col("whose.gpu"), "host": F.col("whose.host")}).drop("whose")


def present(readings: DataFrame, catalogue: Catalogue) -> tuple[str, ...]:
    """The catalogue's metrics that any of ``readings`` has: to look at the others costs time for nothing."""
    names = tuple(catalogue.metrics)
    found: list[str] = []
    for first in range(0, len(names), _COMPILED):
        some = names[first : first + _COMPILED]
        (counts,) = readings.agg(*(F.count(name).alias(name) for name in some)).collect()
        found += [name for name in some if counts[name]]
    return tuple(found)


def models(readings: DataFrame) -> dict[str, str]:
    """GPU -> its model, of those that say it."""
    told = readings.filter(F.col("model").isNotNull()).groupBy("gpu").agg(F.max("model").alias("model"))
    return {row["gpu"]: row["model"] for row in told.collect()}
