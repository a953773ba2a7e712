"""What Kafka still keeps of readings and dead letters: the lake has neither copies nor rejects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from telemetry import reading, topics
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

UNKNOWN = "unknown"
"""The GPU of a record that does not say whose it is."""
_IDENTITY = "origin string, gpu string, host string, row bigint, time timestamp"
_ARROW = pa.schema(
    [
        ("origin", pa.string()),
        ("gpu", pa.string()),
        ("host", pa.string()),
        ("row", pa.int64()),
        ("time", pa.timestamp("us", "UTC")),
    ]
)
_EVENT = (
    "id string, kind string, number int, gpu string, device string, host string, name string, severity string, "
    "first timestamp, count bigint"
)
_OF_READINGS = ("ecc", "remap", "throttle", "lost")
"""Kinds of events whose device is the GPU's own name."""
_LETTER = "time timestamp, payload_base64 string"


def records(spark: SparkSession, settings: Settings, topic: str, since: int) -> DataFrame:
    """``value`` (text) of what was sent since ``since`` (microseconds UTC)."""
    read = spark.read.format("kafka").option("kafka.bootstrap.servers", settings.kafka_bootstrap_servers)
    options = {
        "subscribe": topic,
        "startingTimestamp": str(max(0, since) // 1000),
        "startingOffsetsByTimestampStrategy": "latest",
        # What expires while we read is as unknown as what expired before.
        "failOnDataLoss": "false",
    }
    return read.options(**options).load().select(F.col("value").cast("string").alias("value"))


def copies(records: DataFrame) -> DataFrame:
    """gpu, host, time, copies: one row per identity among ``records`` (value) of readings."""
    # As bytes: what is no text must not end the batch.
    told = records.select(F.col("value").cast("binary").alias("value")).mapInArrow(identities, _IDENTITY)
    same = told.groupBy("origin", "gpu", "row")
    counted = same.agg(F.first("host").alias("host"), F.first("time").alias("time"), F.count(F.lit(1)).alias("copies"))
    return counted.select("gpu", "host", "time", "copies")


def identities(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """For mapInArrow: of each ``value`` that has all of _IDENTITY, those. A day's readings stand on the topic, and
    Spark's from_json takes five times as long for them."""
    for batch in batches:
        found = [each for value in batch.column("value").to_pylist() if (each := _identity(value)) is not None]
        columns = zip(*found, strict=True) if found else ((),) * len(_ARROW)
        yield pa.record_batch(
            [pa.array(column, kind) for column, kind in zip(columns, _ARROW.types, strict=True)], schema=_ARROW
        )


def _identity(value: bytes | None) -> tuple[str, str, str, int, int] | None:
    try:
        told = orjson.loads(value or b"")
        origin, gpu, host, row = (told[name] for name in ("origin", "gpu", "host", "row"))
        time = parse_time(told["time"])
    except (ValueError, KeyError, TypeError):
        return None
    is_whole = type(row) is int and abs(row) < 2**63 and all(isinstance(name, str) for name in (origin, gpu, host))
    return (origin, gpu, host, row, time) if is_whole else None


def rejected(records: DataFrame) -> DataFrame:
    """gpu, host, time (of the rejection): one row per dead letter among ``records`` (value)."""
    letters = records.select(F.from_json("value", _LETTER).alias("letter")).select("letter.*")
    payload = F.try_to_binary("payload_base64", F.lit("base64")).cast("string")
    named = letters.filter(F.col("time").isNotNull()).select("time", F.get_json_object(payload, "$.gpu").alias("gpu"))
    is_name = F.coalesce(F.col("gpu").rlike(f"^(?:{reading.GPU_NAME.pattern})$"), F.lit(False))
    host = F.when(is_name, F.substring_index("gpu", ":", 1)).otherwise(UNKNOWN)
    return named.select(F.when(is_name, F.col("gpu")).otherwise(UNKNOWN).alias("gpu"), host.alias("host"), "time")


def events(records: DataFrame) -> DataFrame:
    """id, kind, number, gpu, host, name, severity, time (of its beginning), count: one row per event of a GPU that is
    known, among ``records`` (value) of gpu-events; of what was told again, the newest."""
    told = records.select(F.from_json("value", _EVENT).alias("event")).select("event.*")
    named = told.withColumn("gpu", F.coalesce("gpu", F.when(F.col("kind").isin(*_OF_READINGS), F.col("device"))))
    whole = named.dropna(subset=["id", "kind", "gpu", "host", "first"]).withColumnRenamed("first", "time")
    columns = ("kind", "number", "gpu", "host", "name", "severity", "time", "count")
    return whole.groupBy("id").agg(*(F.max_by(name, "count").alias(name) for name in columns))


def kept_since(settings: Settings, topic: str, now: int) -> int:
    """From when on Kafka has every record of ``topic``, by config/topics.yaml (microseconds UTC)."""
    kept = topics.load(settings.config_dir / "topics.yaml")[topic]
    return now - kept.retention_hours * 3600 * SECOND
