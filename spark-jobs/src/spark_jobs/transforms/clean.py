"""Kafka's records -> readings, by telemetry's own judge: docs/decisions/0003-one-judge.md.

Between a worker and the driver they are columns, packed: docs/decisions/0032-a-batch-is-columns.md.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from spark_jobs.judge import PACKED, Judge
from telemetry.catalogue import Catalogue

_REJECTED, _SENT = "rejected", "sent"


class Judged(NamedTuple):
    """What became of a batch of records."""

    readings: pa.Table
    """In the columns of :func:`spark_jobs.schema.readings` but the metrics that none of them has."""
    rejected: Counter[str]
    """Reason -> records."""
    oldest: int | None
    """When Kafka had the first of the records (microseconds UTC); None without any."""


def packed(records: DataFrame, catalogue: Catalogue) -> DataFrame:
    """``records`` (``value``, ``timestamp``), judged by Spark's workers; for :func:`judged`."""
    return records.select("value", "timestamp").mapInArrow(Judge(tuple(catalogue.metrics)), f"{PACKED} binary")


def judged(batch: DataFrame, now: int) -> Judged:
    """What :func:`packed` made, here; ``ingested`` is ``now`` (microseconds UTC)."""
    parts = [pa.ipc.open_stream(each.as_buffer()).read_all() for each in batch.toArrow().column(PACKED)]
    return of_parts(parts, now)


def of_parts(parts: list[pa.Table], now: int) -> Judged:
    """``parts``: as :meth:`spark_jobs.judge.Judge.judge` makes them."""
    if not parts:
        return Judged(pa.table({}), Counter(), None)
    rows = pa.concat_tables(parts, promote_options="default")
    reasons = rows.column(_REJECTED).drop_null()
    readings = rows.filter(rows.column(_REJECTED).is_null()).drop_columns([_REJECTED, _SENT]).combine_chunks()
    readings = readings.append_column("date", readings.column("time").cast(pa.date32()))
    readings = readings.append_column("ingested", pa.repeat(now, len(readings)).cast(pa.timestamp("us", "UTC")))
    rejected: Counter[str] = Counter({each["values"]: each["counts"] for each in pc.value_counts(reasons).to_pylist()})
    oldest = pc.min(rows.column(_SENT)).cast(pa.timestamp("us", "UTC")).cast(pa.int64()).as_py()
    return Judged(readings, rejected, oldest)
