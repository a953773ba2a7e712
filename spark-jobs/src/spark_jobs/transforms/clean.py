"""Kafka's records -> readings, by telemetry's own judge: docs/decisions/0003-one-judge.md."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from spark_jobs import schema
from spark_jobs.judge import Judge
from telemetry.catalogue import Catalogue

REJECTED = "rejected"
"""The reason why a record is no reading; null where it is one."""
SENT = "sent"
"""Kafka's timestamp of the record."""
_MADE_LATER = ("date", "ingested")


def judged(records: DataFrame, catalogue: Catalogue) -> DataFrame:
    """A row per record (``value``, ``timestamp``): REJECTED, SENT, and the columns of
    :func:`spark_jobs.schema.readings` but ``ingested``."""
    told = T.StructType([T.StructField(REJECTED, T.StringType()), T.StructField(SENT, T.TimestampType())])
    made = [field for field in schema.readings(catalogue) if field.name not in _MADE_LATER]
    rows = records.select("value", "timestamp").mapInArrow(
        Judge(tuple(catalogue.metrics)), T.StructType([*told, *made])
    )
    return rows.select(*told.names, F.to_date("time").alias("date"), *(field.name for field in made))


def is_reading() -> Column:
    return F.col(REJECTED).isNull()
