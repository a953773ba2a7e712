"""A change of an alert as the topic ``gpu-alerts`` carries it."""

from __future__ import annotations

from kafka_consumers.alerts.alert import Change
from telemetry.messages import AlertChange
from telemetry.timestamp import format_time


def message_of(change: Change) -> AlertChange:
    """The message's value is the worst so far where the alert is over, else the one that caused the change."""
    alert = change.alert
    return AlertChange(
        gpu=alert.subject.gpu,
        host=alert.subject.host,
        source=alert.subject.source,
        mode=alert.mode,
        id=alert.id,
        rule=alert.rule,
        state=alert.state,
        severity=alert.severity,
        reason=alert.reason,
        time=format_time(alert.changed),
        started=format_time(alert.started),
        metric=alert.metric,
        value=alert.worst if alert.state == "resolved" else alert.value,
        threshold=alert.threshold,
        message=alert.message,
        action=alert.action,
        acknowledged_by=alert.acknowledged_by,
    )
