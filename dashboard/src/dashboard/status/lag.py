"""Check: how many records each reader of Kafka has still before it, and whether it gets on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
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
RECENT = 600
"""Messages of gpu-pipeline that are read: the last minutes of a dozen processes."""
STILL = 180
"""Seconds: a batch of the stream may take one of them, on a machine that is small and catches up."""


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
                reports = recent_reports(consumer) if topics.GPU_PIPELINE in consumer.topics() else {}
            finally:
                admin.close()
                consumer.close(autocommit=False)
        except KafkaError as error:
            raise Unavailable(f"Kafka at {self._where}: {type(error).__name__}") from error
        lines = [self._line(name, _behind(lag), reports.get(name, ())) for name, lag in sorted(groups.items())]
        lags: dict[str, int | None] = dict(groups)
        report = next(reversed(reports.get(STREAM, ())), None)
        if report is None:
            lines.append(Line("note", STREAM, "has not said anything of itself yet"))
            lags[STREAM] = None
        else:
            age = self._now() - parse_time(report.time) / SECOND
            known = "unknown" if report.lag is None else _behind(report.lag)
            line = self._line(STREAM, f"{known}, said {duration(age)} ago", reports[STREAM])
            lines.append(line if line.state == "bad" or age < 60 else replace(line, state="note"))
            lags[STREAM] = report.lag
        return Finding(tuple(lines), lags)

    def _line(self, name: str, known: str, reports: Sequence[PipelineReport]) -> Line:
        seconds = still(reports, self._now())
        if seconds < STILL:
            return Line("ok", name, known)
        return Line("bad", name, f"{known}, and none for {duration(seconds)}", f"./start.sh logs {name}")


def still(reports: Sequence[PipelineReport], now: float) -> float:
    """For how many seconds the process of these reports, the oldest first, has had records before it and finished
    none; 0 where it gets on, has nothing to do, or was started meanwhile."""
    since = None
    for report in reversed(reports):
        if not report.lag or _done(report) != _done(reports[-1]):
            break
        since = report
    return 0.0 if since is None else now - parse_time(since.time) / SECOND


def _done(report: PipelineReport) -> tuple[str, int]:
    return report.started, report.sent + sum(report.rejected.values())


def group_lags(admin: KafkaAdminClient, consumer: KafkaConsumer) -> dict[str, int]:
    """Group -> records between its committed offsets and the ends of their partitions."""
    names = [group["group_id"] for group in admin.list_groups()]
    committed = admin.list_group_offsets(dict.fromkeys(names)) if names else {}
    lags = {}
    for name, offsets in committed.items():
        ends: dict[TopicPartition, int] = consumer.end_offsets(list(offsets)) if offsets else {}
        lags[name] = sum(max(0, end - offsets[partition].offset) for partition, end in ends.items())
    return lags


def recent_reports(consumer: KafkaConsumer) -> dict[str, list[PipelineReport]]:
    """Process -> its reports among the recent ones, the oldest first."""
    partition = TopicPartition(topics.GPU_PIPELINE, 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    begin = consumer.beginning_offsets([partition])[partition]
    consumer.seek(partition, max(begin, end - RECENT))
    found: dict[str, list[PipelineReport]] = {}
    while consumer.position(partition) < end:
        polled = consumer.poll(timeout_ms=1000)
        if not polled:
            break
        for record in polled.get(partition, []):
            if report := _decoded(record.value):
                found.setdefault(report.process, []).append(report)
    return found


def _decoded(raw: bytes) -> PipelineReport | None:
    try:
        return PipelineReport.decode(raw)
    except Rejected:
        return None


def _behind(lag: int) -> str:
    return "nothing to catch up" if lag == 0 else f"{counted(lag, 'record')} to catch up"
