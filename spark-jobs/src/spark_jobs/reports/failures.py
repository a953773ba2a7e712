"""The report ``failures``: what went wrong with a GPU for good, out of the topic gpu-events. A model learns from it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.transforms.metrics import demo

NAME = "failures"
GRAVE = "critical"
"""The severity (config/xid.yaml) of what a GPU does not get over by itself."""
COLUMNS = ("gpu", "host", "demo", "time", "kind", "number", "name", "count", "id")


def rows(events: DataFrame, stored: DataFrame | None) -> DataFrame:
    """One row per event of the severity GRAVE that began on the day, of ``events``
    (:func:`spark_jobs.kafka_records.events`) and of ``stored``, the day's rows as they were: what Kafka has forgotten
    meanwhile stays.

    Columns: gpu, host, demo, time, kind, number (an Xid's), name, count, id.
    """
    grave = events.filter(F.col("severity") == GRAVE).withColumn("demo", demo()).select(*COLUMNS)
    every = grave if stored is None else grave.unionByName(stored)
    kept = every.groupBy("id").agg(*(F.max_by(name, "count").alias(name) for name in COLUMNS if name != "id"))
    return kept.select(*COLUMNS)
