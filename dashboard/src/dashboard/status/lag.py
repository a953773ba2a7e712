"""Check: how many records each reader of Kafka has still before it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from dashboard.status.check import Finding, Line
from dashboard.status.words import counted, duration
from telemetry import topics
from telemetry.errors import Rejected, Unavailable
from telemetry.messages import PipelineReport
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, parse_time

STREAM = "streaming"
"""Spark keeps its offsets in its checkpoint and not in Kafka: what it says of itself is asked instead."""
RECENT = 300
"""Messages of gpu-pipeline that are read: the last minutes of a handful of processes."""


class Lag:
    """Consumer groups by their committed offsets, the stream by its own last report."""

    title = "Lag"
    do = "./start.sh logs kafka, then ./start.sh restart kafka"

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self._where = settings.kafka_bootstrap_servers
        self._now = now

    def look(self) -> Finding:
        client: dict[str, Any] = {
            "bootstrap_servers": self._where,
            "bootstrap_timeout_ms": 4000,
            "request_timeout_ms": 4000,
        }
        try:
            consumer = KafkaConsumer(enable_auto_commit=False, consumer_timeout_ms=1500, **client)
            admin = KafkaAdminClient(**client)
            try:
                groups = group_lags(admin, consumer)
                # Asked for a topic that is not there, the client would wait for it to appear.
                report = last_report(consumer, STREAM) if topics.GPU_PIPELINE in consumer.topics() else None
            finally:
                admin.close()
                consumer.close(autocommit=False)
        except KafkaError as error:
            raise Unavailable(f"Kafka at {self._where}: {type(error).__name__}") from error
        lines = [Line("ok", name, _behind(lag)) for name, lag in sorted(groups.items())]
        lags: dict[str, int | None] = dict(groups)
        if report is None:
            lines.append(Line("note", STREAM, "has not said anything of itself yet"))
            lags[STREAM] = None
        else:
            age = self._now() - parse_time(report.time) / SECOND
            known = "unknown" if report.lag is None else _behind(report.lag)
            lines.append(Line("ok" if age < 60 else "note", STREAM, f"{known}, said {duration(age)} ago"))
            lags[STREAM] = report.lag
        return Finding(tuple(lines), lags)


def group_lags(admin: KafkaAdminClient, consumer: KafkaConsumer) -> dict[str, int]:
    """Group -> records between its committed offsets and the ends of their partitions."""
    names = [group["group_id"] for group in admin.list_groups()]
    committed = admin.list_group_offsets(dict.fromkeys(names)) if names else {}
    lags = {}
    for name, offsets in committed.items():
        ends: dict[TopicPartition, int] = consumer.end_offsets(list(offsets)) if offsets else {}
        lags[name] = sum(max(0, end - offsets[partition].offset) for partition, end in ends.items())
    return lags


def last_report(consumer: KafkaConsumer, process: str) -> PipelineReport | None:
    """The newest report of ``process`` among the recent ones."""
    partition = TopicPartition(topics.GPU_PIPELINE, 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    begin = consumer.beginning_offsets([partition])[partition]
    consumer.seek(partition, max(begin, end - RECENT))
    newest = None
    while consumer.position(partition) < end:
        polled = consumer.poll(timeout_ms=1000)
        if not polled:
            break
        for record in polled.get(partition, []):
            if record.key == process.encode() and (report := _decoded(record.value)):
                newest = report
    return newest


def _decoded(raw: bytes) -> PipelineReport | None:
    try:
        return PipelineReport.decode(raw)
    except Rejected:
        return None


def _behind(lag: int) -> str:
    return "nothing to catch up" if lag == 0 else f"{counted(lag, 'record')} to catch up"
