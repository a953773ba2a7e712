"""Readings -> anomalies by the detectors alone: no Kafka, no HDFS, no lake, no Spark."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.gpuz_writer import Element, Header, Row, record
from kafka_producer.simulate.scenarios import SCENARIOS
from spark_jobs import schema
from spark_jobs.detectors.changes import Episode
from spark_jobs.detectors.of_windows import Known
from spark_jobs.evaluation.in_memory import anomalies
from spark_jobs.judge import Judge
from spark_jobs.transforms import clean
from telemetry import catalogue
from telemetry.catalogue import Catalogue
from telemetry.reading import Reading, encode
from telemetry.timestamp import SECOND, parse_time

CATALOGUE = catalogue.load(Path(__file__).parents[2] / "config" / "metrics.yaml")
SECONDS = 30
START = datetime(2026, 1, 15)


def readings_of(elements: Iterable[Element], gpu: str) -> list[Reading]:
    """The rows of a simulated log; local time taken for UTC. Beside it the flag of a value that cannot be."""
    names: list[str] = []
    made: list[Reading] = []
    for element in elements:
        if isinstance(element, Header):
            names = [CATALOGUE.column("gpuz", column.header).name for column in element.columns]
        elif isinstance(element, Row):
            at = parse_time(f"{element.time.isoformat(timespec='microseconds')}Z")
            cells = {n: float(c) for n, c in zip(names, element.cells, strict=True) if c != "-"}
            known = {n: value for n, value in cells.items() if _is_plausible(n, value)}
            flags = {n: "implausible" for n in cells if n not in known}
            made.append(
                Reading("0123456789abcdef/0", len(made), "import", at, None, gpu, gpu.split(":")[0], "gpuz", None,
                        known, flags)
            )  # fmt: skip
    return made


def simulated(scenario: str, card: str = "rtx-3080", *, seconds: float, interval: float = 1.0, seed: int = 1,
              start: datetime = START, gpu: str = "") -> list[Reading]:  # fmt: skip
    rows = int(seconds / interval)
    log = record(CARDS[card], SCENARIOS[scenario], seed=seed, start=start, rows=rows, interval=interval)
    return readings_of(log, gpu or f"{card}:0")


def _is_plausible(name: str, value: float) -> bool:
    metric = CATALOGUE.get(name)
    return metric is None or metric.is_plausible(value)


def table_of(readings: Iterable[Reading], metrics: Catalogue = CATALOGUE) -> pa.Table:
    """As the stream makes it."""
    values = [encode(each) for each in readings]
    records = pa.record_batch({"value": values, "timestamp": pa.array([0] * len(values), pa.timestamp("us", "UTC"))})
    now = time.time_ns() // 1000
    judged = Judge(tuple(metrics.metrics)).judge(records, now)
    return clean.of_parts([pa.Table.from_batches([judged])], now).readings


def frame_of(spark: SparkSession, readings: Iterable[Reading], metrics: Catalogue = CATALOGUE) -> DataFrame:
    """In the columns of schema.readings, all of them."""
    table = table_of(readings, metrics)
    fields = schema.readings(metrics)
    absent = {f.name: F.lit(None).cast(f.dataType) for f in fields if f.name not in table.column_names}
    return spark.createDataFrame(table).withColumns(absent).select(*fields.names)


def detected(readings: Iterable[Reading], known: Known | None = None, metrics: Catalogue = CATALOGUE) -> list[Episode]:
    """All anomalies of these readings, as if they were all that there is."""
    return anomalies(readings, metrics, SECONDS, known)


def told(anomaly: Episode) -> str:
    """For people who read a failed test."""
    minute = anomaly.start % (86_400 * SECOND) // SECOND / 60
    return f"{anomaly.gpu} {minute:.1f} min {anomaly.kind} {anomaly.metric} {anomaly.bit} rank {anomaly.rank}"
