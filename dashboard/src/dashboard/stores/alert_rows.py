"""Rows of PostgreSQL as the values of the alerts' contract; instants as microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.stores.alerts import (
    ActionRun,
    Alert,
    Change,
    Comment,
    NewSilence,
    Notification,
    Request,
    Silence,
)
from telemetry.errors import Rejected
from telemetry.messages import AlertChange
from telemetry.timestamp import EPOCH, parse_time

Row = dict[str, Any]
ALERT = """
SELECT a.*, (SELECT min(c.time) FROM changes AS c WHERE c.alert_id = a.id AND c.state = 'acknowledged') AS acknowledged
FROM alerts AS a"""
_SAME = (
    *("id", "rule", "gpu", "host", "source", "model", "mode", "severity", "metric", "state", "reason"),
    *("acknowledged_by", "value", "worst", "threshold", "message", "action"),
)
PATTERNS = ("gpu", "host", "source", "model", "rules")
"""Of a silence: lists of patterns."""


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def instant(microseconds: int) -> datetime:
    """Raises Rejected(``bad_time``) outside the years 1 to 9999."""
    try:
        return EPOCH + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise Rejected("bad_time", f"{microseconds} µs since 1970 lies outside the years 1 to 9999") from error


def _or_none(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment.astimezone(UTC))


def alert_of(row: Row) -> Alert:
    same = {name: row[name] for name in _SAME}
    times: Row = {name: micros(row[name]) for name in ("started", "fired", "changed")}
    maybe: Row = {name: _or_none(row[name]) for name in ("acknowledged", "resolved")}
    return Alert(**same, **times, **maybe)


def change_of(row: Row) -> Change:
    """What the topic was told."""
    told = AlertChange.decode(bytes(row["message"]))
    return Change(told.state, told.reason, parse_time(told.time), told.value, told.message, told.acknowledged_by)


def comment_of(row: Row) -> Comment:
    return Comment(micros(row["at"]), row["by_whom"], row["words"])


def request_of(row: Row) -> Request:
    return Request(
        row["number"],
        row["alert_id"],
        row["action"],
        row["by_whom"],
        row["comment"],
        micros(row["at"]),
        _or_none(row["done"]),
        row["outcome"],
    )


def notification_of(row: Row) -> Notification:
    return Notification(micros(row["at"]), row["contact"], row["why"], row["ok"], row["attempts"], row["detail"])


def action_of(row: Row) -> ActionRun:
    return ActionRun(micros(row["at"]), row["action"], row["what"], row["status"], row["output"])


def silence_of(row: Row) -> Silence:
    lists = {name: tuple(row[name]) for name in (*PATTERNS, "alerts")}
    wish = NewSilence(row["by_whom"], row["reason"], **lists, starts=micros(row["starts"]), ends=_or_none(row["ends"]))
    return Silence(row["id"], wish, micros(row["created"]), _or_none(row["removed"]))
