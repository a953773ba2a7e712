"""The GPUs' own baselines, as the nightly batch makes them: what each shows at each load."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from spark_jobs.detectors.of_windows import LEAST_WINDOWS, Known, Usual
from telemetry.clock import Clock
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

REPORT = "baselines"
LOOK_AGAIN_SECONDS = 300


class Baselines:
    """The newest ``REPORTS_PATH/baselines/date=<D>/part-0.parquet``, looked for again every few minutes."""

    def __init__(self, spark: SparkSession, settings: Settings, clock: Clock) -> None:
        self._spark = spark
        self._clock = clock
        self._root = f"{settings.hdfs_url.rstrip('/')}{settings.reports_path.rstrip('/')}/{REPORT}"
        self._looked: int | None = None
        self._file = ""
        self._found: Known = {}

    def known(self) -> Known:
        """Of each GPU, metric and load band that has LEAST_WINDOWS."""
        now = self._clock.now()
        if self._looked is None or now - self._looked >= LOOK_AGAIN_SECONDS * SECOND:
            if (newest := self._newest()) != self._file:
                self._found = self._read(newest)
                self._file = newest
            self._looked = now
        return self._found

    def _newest(self) -> str:
        """The file and when it was written; empty where there is none."""
        # PySpark has no listing; a read of all dates would open every file for the rows of one.
        jvm: Any = self._spark._jvm  # noqa: SLF001
        java: Any = self._spark.sparkContext._jsc  # noqa: SLF001
        path = jvm.org.apache.hadoop.fs.Path
        folder = path(self._root)
        files = folder.getFileSystem(java.hadoopConfiguration())
        if not files.exists(folder):
            return ""
        names = (status.getPath().getName() for status in files.listStatus(folder))
        for name in sorted((each for each in names if each.startswith("date=")), reverse=True):
            file = path(f"{self._root}/{name}/part-0.parquet")
            if files.exists(file):
                return f"{files.getFileStatus(file).getModificationTime()} {file.toString()}"
        return ""

    def _read(self, file: str) -> Known:
        if not file:
            return {}
        rows = self._spark.read.parquet(file.partition(" ")[2]).filter(F.col("windows") >= LEAST_WINDOWS)
        found = rows.select("gpu", "metric", "band", "median", "mad").toArrow().to_pylist()
        return {(row["gpu"], row["metric"], row["band"]): Usual(row["median"], row["mad"]) for row in found}
