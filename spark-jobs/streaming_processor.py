"""The stream: Kafka -> lake (Delta on HDFS) and windows. Run by the supervisor, or by spark-submit without flags.

python spark-jobs/streaming_processor.py
"""

from __future__ import annotations

import logging
import signal
import sys
from threading import Event

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from spark_jobs.causes import cause
from spark_jobs.lake import Lake
from spark_jobs.lake_size import LakeSize
from spark_jobs.self_report import StreamReport
from spark_jobs.servers import Servers
from spark_jobs.session import session
from spark_jobs.stream import BatchWriter
from spark_jobs.transforms import clean
from telemetry import catalogue, logs, topics
from telemetry.catalogue import Catalogue
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured
from telemetry.heartbeat import Heartbeat
from telemetry.pipeline import SelfReport
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

logger = logging.getLogger("streaming")
PROCESS = "streaming"


def main() -> int:
    """Exit status 0 stopped, 2 misconfigured; anything else is a server that went away, and we are started anew."""
    stop = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda _number, _frame: stop.set())
    try:
        settings = Settings.load()
        logs.configure(PROCESS, settings.log_level)
        metrics = catalogue.load(settings.config_dir / "metrics.yaml")
        servers = Servers.of(settings, SystemClock())
    except Misconfigured as error:
        print(f"streaming_processor: {error}", file=sys.stderr)
        return 2
    logging.getLogger("py4j").setLevel(logging.WARNING)
    heartbeat = Heartbeat(settings.state_dir, PROCESS)
    # Spark takes its ten seconds to begin while the servers, started beside it, take theirs.
    spark = session("gpustream streaming", settings, page=True)
    while servers.away() and not stop.wait(1):
        heartbeat.beat()
    if stop.is_set():
        return 0
    try:
        _run(spark, settings, metrics, servers, heartbeat, stop)
    except (PySparkException, Py4JError) as error:
        # With a server away the trace says nothing that its absence does not.
        away = servers.away(at_once=True)
        logger.error("ended error=%s: the next start goes on after the last batch", cause(error), exc_info=not away)  # noqa: TRY400
        return 1
    logger.info("stopped: the next start goes on after the last batch")
    return 0


def _run(
    spark: SparkSession,
    settings: Settings,
    metrics: Catalogue,
    servers: Servers,
    heartbeat: Heartbeat,
    stop: Event,
) -> None:
    lake = Lake(spark, settings, metrics)
    lake.create()
    clock = SystemClock()
    writer = BatchWriter(spark, lake, metrics, settings, clock)
    itself = SelfReport(PROCESS, settings.state_dir, clock, LakeSize(spark, settings).measure)
    report = StreamReport(spark, settings, itself)
    query = _start(spark, settings, metrics, writer)
    logger.info("started lake=%s", lake.readings_uri)
    before = clock.now()
    while not stop.is_set():
        if query.awaitTermination(1):
            break
        heartbeat.beat()
        # Spark waits for its next batch until a time of day: for an hour, where the clock was set back by one.
        if (back := (before - clock.now()) // SECOND) > settings.spark_trigger_seconds:
            logger.warning("clock was set back seconds=%d: the query starts anew", back)
            _finish(query)
            query = _start(spark, settings, metrics, writer)
        before = clock.now()
        if not servers.away():
            writer.rest()
            report.see(query.lastProgress, writer.tally)
    _finish(query)
    writer.rest(ends=True)
    spark.stop()


def _start(spark: SparkSession, settings: Settings, metrics: Catalogue, writer: BatchWriter) -> StreamingQuery:
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka_bootstrap_servers)
        .option("subscribe", topics.GPU_METRICS)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", settings.spark_max_offsets_per_trigger)
        # Kafka's retention may have passed what we had not read: that loss is past cure, going on is not.
        .option("failOnDataLoss", "false")
        .load()
    )
    query = (
        clean.packed(records, metrics)
        .writeStream.queryName(PROCESS)
        .foreachBatch(writer)
        .option("checkpointLocation", settings.spark_checkpoint)
        .trigger(processingTime=f"{settings.spark_trigger_seconds} seconds")
        .start()
    )
    writer.known_as(str(query.id))
    return query


def _finish(query: StreamingQuery) -> None:
    """Between two batches, so that none is cut off (one that is would only be run again)."""
    running = _last_batch(query)
    for _ in range(300):
        # Where batches last longer than the trigger the next begins at once, and has done nothing yet.
        if not query.isActive or not query.status["isTriggerActive"] or _last_batch(query) != running:
            break
        query.awaitTermination(0.2)  # type: ignore[arg-type]  # it takes fractions
    query.stop()


def _last_batch(query: StreamingQuery) -> int:
    """-1 before the first."""
    progress = query.lastProgress
    return -1 if progress is None else int(progress["batchId"])


if __name__ == "__main__":
    sys.exit(main())
