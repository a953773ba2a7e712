"""Messages that the driver has made, to Kafka."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import SparkSession

from telemetry.settings import Settings


def send(spark: SparkSession, settings: Settings, topic: str, messages: pa.Table) -> None:
    """``messages``: ``key`` (text), ``value`` (binary). Back when Kafka has taken all of them."""
    (
        spark.createDataFrame(messages)
        .write.format("kafka")
        .option("kafka.bootstrap.servers", settings.kafka_bootstrap_servers)
        .option("topic", topic)
        .save()
    )
