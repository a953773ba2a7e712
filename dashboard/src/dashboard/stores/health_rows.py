"""Rows of PostgreSQL as the values of health's contract; instants as microseconds."""

from __future__ import annotations

from dashboard.stores.alert_rows import Row, micros
from dashboard.stores.health import Advice, Event, Risk, Score, TrendPoint
from telemetry.health import HealthReason


def score_of(row: Row) -> Score:
    reasons = tuple(
        HealthReason(component=each["component"], points=each["points"], sentence=each["sentence"])
        for each in row["reasons"]
    )
    return Score(
        row["gpu"], row["host"], row["mode"], micros(row["time"]), row["score"], row["components"], reasons,
        row["version"],
    )  # fmt: skip


def risk_of(row: Row) -> Risk:
    return Risk(
        row["gpu"], row["host"], row["mode"], micros(row["time"]), row["horizon_hours"], row["probability"],
        row["model_version"], tuple(row["reasons"]),
    )  # fmt: skip


def advice_of(row: Row) -> Advice:
    return Advice(
        row["gpu"], row["host"], row["mode"], micros(row["time"]), row["action"], row["yearly_cost"], row["currency"],
        tuple(row["reasons"]), tuple(row["flips"]), row["version"],
    )  # fmt: skip


def event_of(row: Row) -> Event:
    same = ("id", "kind", "number", "host", "device", "gpu", "source", "mode", "name", "action", "severity", "text")
    return Event(
        **{name: row[name] for name in same}, first=micros(row["first"]), last=micros(row["last"]), count=row["count"]
    )


def trend_of(row: Row) -> TrendPoint:
    return TrendPoint(micros(row["step"]), row["score"])
