"""Findings that lie side by side -> episodes: one anomaly each."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import Window as W
from pyspark.sql import functions as F

from spark_jobs.detectors import findings
from telemetry.timestamp import SECOND

GAP_SECONDS = 300
"""Two findings of one kind and metric that are no further apart are one: a card near its limit crosses it often."""
EXPECTED_GAP_SECONDS = 900
"""The same for what is worth knowing and no fault: a loading screen does not make an evening of games two."""
ID_LENGTH = 16


def episodes(found: DataFrame) -> DataFrame:
    """Rows of :data:`findings.FINDING` -> rows of it with ``date`` and ``id``, none beside another.

    An episode ends with its date (UTC) at the latest, and what goes on is another on the next: so the work of a batch
    is bounded, and an anomaly lies in one partition. The result does not depend on the order of the rows, and episodes
    may take part in the place of the findings that they were made of.
    """
    expected = F.col("rank") == findings.RANKS["info"]
    dated = found.withColumns({"date": F.to_date("start"), "expected": expected})
    in_order = W.partitionBy(*findings.KEY, "expected", "date").orderBy("start", "end")
    latest = F.max("end").over(in_order.rowsBetween(W.unboundedPreceding, -1))
    gap = F.when(expected, EXPECTED_GAP_SECONDS).otherwise(GAP_SECONDS) * SECOND
    apart = F.unix_micros("start") - F.unix_micros(latest) > gap
    begins = F.when(latest.isNull() | apart, 1).otherwise(0)
    numbered = dated.withColumn("begins", begins).withColumn(
        "number", F.sum("begins").over(in_order.rowsBetween(W.unboundedPreceding, W.currentRow))
    )
    joined = numbered.groupBy(*findings.KEY, "expected", "date", "number").agg(
        *(F.max(name).alias(name) for name in ("host", "source", "mode")),
        F.min("start").alias("start"),
        F.max("end").alias("end"),
        findings.worst().alias("worst"),
    )
    key = F.concat_ws("|", *findings.KEY, "expected", F.unix_micros("start").cast("string"))
    places = (name for name in findings.FINDING.names[: findings.FINDING.names.index("rank")])
    return joined.select(
        "date", F.substring(F.sha2(key, 256), 1, ID_LENGTH).alias("id"), *places, *findings.of_worst("worst")
    )
