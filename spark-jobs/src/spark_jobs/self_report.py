"""What the stream says of itself, out of Spark's own progress, on the topic ``gpu-pipeline``."""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import Any

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from spark_jobs.tally import Tally
from telemetry import topics
from telemetry.pipeline import SelfReport
from telemetry.settings import Settings

logger = logging.getLogger(__name__)


class StreamReport:
    """Counts what the query has read, and sends a report each 10 s by Spark itself."""

    def __init__(self, spark: SparkSession, settings: Settings, report: SelfReport) -> None:
        self._spark = spark
        self._settings = settings
        self._report = report
        self._last_batch = -1

    def see(self, progress: dict[str, Any] | None, tally: Tally) -> None:
        """``progress`` as StreamingQuery.lastProgress gives it; ``tally`` since the start."""
        self._report.received = tally.received
        self._report.sent = tally.written
        self._report.rejected = Counter(tally.rejected)
        self._report.latency_seconds = tally.latency_seconds
        if progress and progress["batchId"] != self._last_batch:
            self._last_batch = progress["batchId"]
            self._report.lag = records_behind(progress)
            if records := records_taken(progress):
                logger.info(
                    "batch=%d records=%d seconds=%.1f behind=%s",
                    self._last_batch,
                    records,
                    progress.get("durationMs", {}).get("triggerExecution", 0) / 1000,
                    self._report.lag,
                )
        if (due := self._report.due()) is None:
            return
        # From Arrow: rows of Python objects would be made into a DataFrame by a Python worker.
        message = self._spark.createDataFrame(pa.table({"key": ["streaming"], "value": [due.encode().decode()]}))
        try:
            (
                message.write.format("kafka")
                .option("kafka.bootstrap.servers", self._settings.kafka_bootstrap_servers)
                .option("topic", topics.GPU_PIPELINE)
                .save()
            )
        except PySparkException as error:
            logger.warning("report_lost error=%s", str(error).splitlines()[0])


def records_taken(progress: dict[str, Any]) -> int:
    """Records of the batch. Spark's own numInputRows counts a record each time that a query reads it."""
    taken = 0
    for source in progress.get("sources", []):
        before, after = (_offsets(source.get(name)) for name in ("startOffset", "endOffset"))
        taken += sum(max(0, offset - before.get(place, 0)) for place, offset in after.items())
    return taken


def records_behind(progress: dict[str, Any]) -> int:
    """Records in Kafka that no batch has taken yet."""
    behind = 0
    for source in progress.get("sources", []):
        latest, taken = (_offsets(source.get(name)) for name in ("latestOffset", "endOffset"))
        behind += sum(max(0, offset - taken.get(place, 0)) for place, offset in latest.items())
    return behind


def _offsets(stated: Any) -> dict[tuple[str, str], int]:
    # Spark writes "null" before the first batch, and a topic that was just made without its partitions.
    document = (json.loads(stated) if isinstance(stated, str) else stated) or {}
    return {(topic, part): offset for topic, parts in document.items() for part, offset in (parts or {}).items()}
