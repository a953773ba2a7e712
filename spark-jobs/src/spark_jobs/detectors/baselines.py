"""The GPUs' own baselines, as the nightly batch makes them: what each shows at each load."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from telemetry.clock import Clock
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

REPORT = "baselines"
LEAST_WINDOWS = 20
"""A baseline of fewer is none: ten minutes of work."""
LOOK_AGAIN_SECONDS = 300
COLUMNS = ("gpu", "metric", "band", "median", "mad")
_NONE = pa.table(
    {name: pa.array([], pa.string() if name in {"gpu", "metric", "band"} else pa.float64()) for name in COLUMNS}
)


class Baselines:
    """The newest ``REPORTS_PATH/baselines/date=<D>/part-0.parquet``, looked for again every few minutes."""

    def __init__(self, spark: SparkSession, settings: Settings, clock: Clock) -> None:
        self._spark = spark
        self._clock = clock
        self._root = f"{settings.hdfs_url.rstrip('/')}{settings.reports_path.rstrip('/')}/{REPORT}"
        self._looked: int | None = None
        self._found: pa.Table = _NONE

    def known(self) -> DataFrame:
        """COLUMNS, one row per GPU, metric and load band that has LEAST_WINDOWS; small enough to broadcast."""
        now = self._clock.now()
        if self._looked is None or now - self._looked >= LOOK_AGAIN_SECONDS * SECOND:
            self._found = self._newest()
            self._looked = now
        return self._spark.createDataFrame(self._found)

    def _newest(self) -> pa.Table:
        # PySpark has no listing; a read of all dates would open every file for the rows of one.
        jvm: Any = self._spark._jvm  # noqa: SLF001
        java: Any = self._spark.sparkContext._jsc  # noqa: SLF001
        folder = jvm.org.apache.hadoop.fs.Path(self._root)
        files = folder.getFileSystem(java.hadoopConfiguration())
        if not files.exists(folder):
            return _NONE
        names = (status.getPath().getName() for status in files.listStatus(folder))
        path = jvm.org.apache.hadoop.fs.Path
        for name in sorted((each for each in names if each.startswith("date=")), reverse=True):
            file = path(f"{self._root}/{name}/part-0.parquet")
            if files.exists(file):
                rows = self._spark.read.parquet(file.toString()).filter(F.col("windows") >= LEAST_WINDOWS)
                return rows.select(*COLUMNS).toArrow()
        return _NONE
