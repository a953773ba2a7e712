"""What the reports read of the lake beside the readings: windows, and anomalies where there are any."""

from __future__ import annotations

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import schema
from spark_jobs.spans import Span
from telemetry.settings import Settings


class LakeHistory:
    """Reads only; partitions are pruned by date."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        root = f"{settings.hdfs_url.rstrip('/')}{settings.lake_path.rstrip('/')}"
        self._windows = f"{root}/windows"
        self._anomalies = f"{root}/anomalies"

    def windows(self, span: Span) -> DataFrame:
        """Those that begin in ``span``, in the columns of :data:`spark_jobs.schema.WINDOWS`."""
        if not DeltaTable.isDeltaTable(self._spark, self._windows):
            return self._spark.createDataFrame([], schema.WINDOWS)
        return self._spark.read.format("delta").load(self._windows).filter(_begins_in(span))

    def anomalies(self, span: Span) -> DataFrame | None:
        """Those that begin in ``span``; None where nobody writes the table."""
        if not DeltaTable.isDeltaTable(self._spark, self._anomalies):
            return None
        return self._spark.read.format("delta").load(self._anomalies).filter(_begins_in(span))


def _begins_in(span: Span) -> Column:
    # By their text and by numbers: PySpark cannot hand over a date before the year 1000, nor a time without a zone.
    first, last = (F.lit(day.isoformat()).cast("date") for day in span.dates())
    begin, end = (F.timestamp_micros(F.lit(edge)) for edge in span)
    return F.col("date").between(first, last) & (F.col("start") >= begin) & (F.col("start") < end)
