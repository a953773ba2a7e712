"""Which message becomes which point of InfluxDB, and in which bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from kafka_consumers.sinks.line_protocol import Field, head, line, reading_line
from telemetry import reading, topics
from telemetry.health import Decision, FailurePrediction, HealthScore
from telemetry.messages import AlertChange, Anomaly, GpuEvent, PipelineReport, ReportRow, Window
from telemetry.timestamp import parse_time

LIVE_BUCKET = "gpu-metrics"
IMPORT_BUCKET = "gpu-imports"
HISTORY_BUCKET = "gpu-history"
BUCKETS = (LIVE_BUCKET, IMPORT_BUCKET, HISTORY_BUCKET)


class Point(NamedTuple):
    """One line and where it belongs."""

    bucket: str
    line: bytes


def of_reading(raw: bytes, now: int) -> Point:
    """Measurement gpu_metrics: tags gpu, host, source; a float field per metric and the integer field row."""
    decoded = reading.decode(raw, now)
    prefix = head("gpu_metrics", (("gpu", decoded.gpu), ("host", decoded.host), ("source", decoded.source)))
    bucket = IMPORT_BUCKET if decoded.mode == "import" else LIVE_BUCKET
    return Point(bucket, reading_line(prefix, decoded.metrics, decoded.row, decoded.time))


def of_window(raw: bytes, _now: int) -> Point:
    """Measurement gpu_windows at the window's start, four fields per metric."""
    window = Window.decode(raw)
    fields: dict[str, Field] = {"readings": window.readings}
    for name, aggregate in window.metrics.items():
        fields[f"{name}_avg"] = aggregate.avg
        fields[f"{name}_min"] = aggregate.min
        fields[f"{name}_max"] = aggregate.max
        fields[f"{name}_count"] = aggregate.count
    tags = {"gpu": window.gpu, "host": window.host, "source": window.source}
    return Point(HISTORY_BUCKET, line("gpu_windows", tags, fields, parse_time(window.start)))


def of_anomaly(raw: bytes, _now: int) -> Point:
    """Measurement gpu_anomalies at the anomaly's start: one point however often the anomaly is told of.

    So only what its id is made of is a tag; severity may rise while it lives, and the latest message holds.
    """
    anomaly = Anomaly.decode(raw)
    tags = {
        "gpu": anomaly.gpu,
        "host": anomaly.host,
        "source": anomaly.source,
        "metric": anomaly.metric,
        "kind": anomaly.kind,
        "bit": str(anomaly.bit) if anomaly.bit else "",
    }
    fields: dict[str, Field] = {
        "id": anomaly.id,
        "mode": anomaly.mode,
        "severity": anomaly.severity,
        "sentence": anomaly.sentence,
    }
    fields |= _known({"value": anomaly.value, "limit": anomaly.limit, "score": anomaly.score, "end": anomaly.end})
    return Point(HISTORY_BUCKET, line("gpu_anomalies", tags, fields, parse_time(anomaly.start)))


def of_alert(raw: bytes, _now: int) -> Point:
    """Measurement gpu_alerts at the time of the change."""
    change = AlertChange.decode(raw)
    tags = {
        "gpu": change.gpu,
        "host": change.host,
        "source": change.source,
        "rule": change.rule,
        "severity": change.severity,
        "state": change.state,
    }
    fields: dict[str, Field] = {"id": change.id, "mode": change.mode, "message": change.message}
    fields |= _known({"value": change.value, "threshold": change.threshold})
    return Point(HISTORY_BUCKET, line("gpu_alerts", tags, fields, parse_time(change.time)))


def of_report_row(raw: bytes, _now: int) -> Point:
    """Measurement gpu_daily at the row's own time, else at the start of the report's day."""
    row = ReportRow.decode(raw)
    # `report` is a tag, or two reports of one GPU and day would merge into one point.
    tags = {"gpu": row.gpu, "host": row.host, "metric": row.metric or "", "report": row.report}
    fields: dict[str, Field] = {**row.values, "demo": row.demo, "date": row.date}
    return Point(HISTORY_BUCKET, line("gpu_daily", tags, fields, parse_time(row.time or row.day_start)))


def of_event(raw: bytes, _now: int) -> Point:
    """Measurement gpu_events at the event's first moment: one point however long its burst grows."""
    event = GpuEvent.decode(raw)
    tags = {
        "gpu": event.gpu or "",
        "host": event.host,
        "device": event.device,
        "source": event.source,
        "kind": event.kind,
        "number": str(event.number),
    }
    fields: dict[str, Field] = {
        "id": event.id,
        "mode": event.mode,
        "name": event.name,
        "action": event.action,
        "severity": event.severity,
        "text": event.text,
        "last": event.last,
        "count": event.count,
    }
    return Point(HISTORY_BUCKET, line("gpu_events", tags, fields, parse_time(event.first)))


def of_health(raw: bytes, _now: int) -> Point:
    """Measurement gpu_health at its minute: the score, a field per component, and why, the gravest first."""
    health = HealthScore.decode(raw)
    tags = {"gpu": health.gpu, "host": health.host, "source": health.source}
    fields: dict[str, Field] = {f"{name}_score": score for name, score in health.components.items()}
    fields |= {"score": health.score, "mode": health.mode, "version": health.version}
    fields["reasons"] = "; ".join(f"{each.points:g}: {each.sentence}" for each in health.reasons)
    return Point(HISTORY_BUCKET, line("gpu_health", tags, fields, parse_time(health.time)))


def of_prediction(raw: bytes, _now: int) -> Point:
    """Measurement gpu_predictions; the horizon is a tag, or two of one time would merge."""
    told = FailurePrediction.decode(raw)
    tags = {"gpu": told.gpu, "host": told.host, "source": told.source, "horizon_hours": str(told.horizon_hours)}
    fields: dict[str, Field] = {
        "probability": told.probability,
        "mode": told.mode,
        "model_version": told.model_version,
        "reasons": "; ".join(told.reasons),
    }
    return Point(HISTORY_BUCKET, line("gpu_predictions", tags, fields, parse_time(told.time)))


def of_decision(raw: bytes, _now: int) -> Point:
    """Measurement gpu_decisions; what each action would cost in a year is a field."""
    told = Decision.decode(raw)
    tags = {"gpu": told.gpu, "host": told.host, "source": told.source}
    fields: dict[str, Field] = {f"{action}_yearly_cost": cost for action, cost in told.yearly_cost.items()}
    fields |= {"action": told.action, "currency": told.currency, "mode": told.mode, "version": told.version}
    fields |= {"reasons": "; ".join(told.reasons), "flips": "; ".join(told.flips)}
    return Point(HISTORY_BUCKET, line("gpu_decisions", tags, fields, parse_time(told.time)))


def of_pipeline_report(raw: bytes, _now: int) -> Point:
    """Measurement pipeline; rejected records by reason, and in all; what was measured of the stores."""
    report = PipelineReport.decode(raw)
    fields: dict[str, Field] = {
        **report.gauges,
        "received": report.received,
        "sent": report.sent,
        "rejected": sum(report.rejected.values()),
        "starts": report.starts,
        "memory_bytes": report.memory_bytes,
    }
    fields |= {f"rejected_{reason}": count for reason, count in report.rejected.items()}
    fields |= _known({"lag": report.lag, "latency_seconds": report.latency_seconds})
    tags = {"process": report.process, "host": report.host}
    return Point(LIVE_BUCKET, line("pipeline", tags, fields, parse_time(report.time)))


def _known(fields: dict[str, float | str | None]) -> dict[str, Field]:
    return {name: value for name, value in fields.items() if value is not None}


OF_TOPIC: dict[str, Callable[[bytes, int], Point]] = {
    topics.GPU_METRICS: of_reading,
    topics.GPU_WINDOWS: of_window,
    topics.GPU_ANOMALIES: of_anomaly,
    topics.GPU_ALERTS: of_alert,
    topics.GPU_REPORTS: of_report_row,
    topics.GPU_EVENTS: of_event,
    topics.GPU_HEALTH: of_health,
    topics.GPU_PREDICTIONS: of_prediction,
    topics.GPU_DECISIONS: of_decision,
    topics.GPU_PIPELINE: of_pipeline_report,
}
"""Topic -> its function: raw message and now (microseconds UTC) in, Point out. They raise Rejected."""
