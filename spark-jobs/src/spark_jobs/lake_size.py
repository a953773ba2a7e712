"""How many files the lake has and how large they are, as HDFS counts them: those that VACUUM will remove, too."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from telemetry.settings import Settings

logger = logging.getLogger(__name__)

FILES, BYTES = "lake_files", "lake_bytes"


class LakeSize:
    """Of everything below LAKE_PATH: one call of the NameNode, and no job of Spark."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        jvm: Any = spark._jvm  # noqa: SLF001
        java: Any = spark.sparkContext._jsc  # noqa: SLF001
        self._root = jvm.org.apache.hadoop.fs.Path(f"{settings.hdfs_url.rstrip('/')}{settings.lake_path.rstrip('/')}")
        self._configuration = java.hadoopConfiguration()

    def measure(self) -> Mapping[str, float]:
        """Empty where HDFS does not answer: what is not known is absent."""
        try:
            found = self._root.getFileSystem(self._configuration).getContentSummary(self._root)
            return {FILES: float(found.getFileCount()), BYTES: float(found.getLength())}
        except Py4JError as error:
            logger.debug("lake_size unknown: error=%s", error)
            return {}
