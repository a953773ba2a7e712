"""Messages that the driver has made, to Kafka."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import SparkSession

from telemetry.settings import Settings

AT_ONCE = 4_000
"""Messages: some 10 MB of windows. The driver's heap holds a frame more than once."""


def send(spark: SparkSession, settings: Settings, topic: str, messages: pa.Table) -> None:
    """``messages``: ``key`` (text), ``value`` (binary); those of a key arrive in this order. Back when Kafka has taken
    all of them."""
    for begin in range(0, len(messages), AT_ONCE):
        (
            spark.createDataFrame(messages.slice(begin, AT_ONCE))
            # Spark makes a part per core, and two tasks would send at the same time.
            .coalesce(1)
            .write.format("kafka")
            .option("kafka.bootstrap.servers", settings.kafka_bootstrap_servers)
            .option("topic", topic)
            .save()
        )
