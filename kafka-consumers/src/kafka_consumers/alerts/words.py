"""A message to people, in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from kafka_consumers.alerts.alert import Alert
from kafka_consumers.alerts.notice import Message
from telemetry.timestamp import SECOND, format_time

_SEVERITIES: Final = ("info", "warning", "critical")
_MOST_ALERTS = 30
"""Spelt out in one message; of the rest it tells how many."""


def title(message: Message) -> str:
    """One line: how bad, what, where."""
    told = message.firing if message.why != "resolved" else message.resolved
    return f"[{_mark(message)}] {_subject(told)}"


def text(message: Message) -> str:
    """What is wrong and what to do, what is over; plain lines."""
    parts = []
    if message.firing:
        parts.append(_listed(message.firing, _open))
    if message.resolved:
        parts.append("Over:\n" + _listed(message.resolved, _over))
    return "\n\n".join(parts)


def severity_of(message: Message) -> str:
    """The worst of what is open; ``resolved`` where nothing is."""
    if not message.firing:
        return "resolved"
    return max((alert.severity for alert in message.firing), key=_SEVERITIES.index)


def _mark(message: Message) -> str:
    worst = severity_of(message).upper()
    if message.why == "escalated":
        return f"{worst}, not acknowledged"
    if message.why == "repeated":
        return f"{worst}, still"
    return "RESOLVED" if message.why == "resolved" else worst


def _subject(alerts: Sequence[Alert]) -> str:
    if len(alerts) == 1:
        return alerts[0].message.partition(". ")[0]
    gpus = sorted({alert.subject.gpu for alert in alerts})
    hosts = sorted({alert.subject.host for alert in alerts})
    where = gpus[0] if len(gpus) == 1 else hosts[0] if len(hosts) == 1 else f"{len(hosts)} machines"
    return f"{len(alerts)} alerts on {where}"


def _listed(alerts: Sequence[Alert], spell: Callable[[Alert], str]) -> str:
    lines = [spell(alert) for alert in alerts[:_MOST_ALERTS]]
    if len(alerts) > _MOST_ALERTS:
        lines.append(f"- and {len(alerts) - _MOST_ALERTS} more")
    return "\n".join(lines)


def _open(alert: Alert) -> str:
    lines = [f"- {alert.severity}: {alert.message}", f"  since {_clock(alert.started)}, rule {alert.rule}"]
    if alert.action:
        lines.append(f"  What to do: {alert.action}")
    if alert.acknowledged_by:
        lines.append(f"  Acknowledged by {alert.acknowledged_by}")
    return "\n".join(lines)


def _over(alert: Alert) -> str:
    why = "" if alert.reason == "cleared" else f" ({alert.reason.replace('_', ' ')})"
    return f"- {alert.message.partition('. ')[0]}: from {_clock(alert.started)} to {_clock(alert.changed)}{why}"


def _clock(time: int) -> str:
    return format_time(time - time % SECOND)[:19].replace("T", " ") + " UTC"
