"""Health, predictions and decisions as points of InfluxDB, until the sink's own code makes them (then that holds)."""

from __future__ import annotations

from collections.abc import Callable

from kafka_consumers.sinks.line_protocol import Field, line
from kafka_consumers.sinks.points import HISTORY_BUCKET, Point
from telemetry import topics
from telemetry.health import Decision, FailurePrediction, HealthScore
from telemetry.messages import OfGpu
from telemetry.timestamp import parse_time


def of_score(raw: bytes, _now: int) -> Point:
    told = HealthScore.decode(raw)
    fields: dict[str, Field] = {f"{name}_score": value for name, value in told.components.items()}
    fields |= {"score": told.score, "mode": told.mode, "version": told.version}
    fields["reasons"] = "; ".join(f"{each.points:g}: {each.sentence}" for each in told.reasons)
    return Point(HISTORY_BUCKET, line("gpu_health", _tags(told), fields, parse_time(told.time)))


def of_prediction(raw: bytes, _now: int) -> Point:
    told = FailurePrediction.decode(raw)
    tags = _tags(told) | {"horizon_hours": str(told.horizon_hours)}
    fields: dict[str, Field] = {"probability": told.probability, "mode": told.mode, "reasons": "; ".join(told.reasons)}
    return Point(HISTORY_BUCKET, line("gpu_predictions", tags, fields, parse_time(told.time)))


def of_decision(raw: bytes, _now: int) -> Point:
    told = Decision.decode(raw)
    fields: dict[str, Field] = {f"{action}_yearly_cost": cost for action, cost in told.yearly_cost.items()}
    fields |= {"action": told.action, "currency": told.currency, "mode": told.mode}
    return Point(HISTORY_BUCKET, line("gpu_decisions", _tags(told), fields, parse_time(told.time)))


def _tags(told: OfGpu) -> dict[str, str]:
    return {"gpu": told.gpu, "host": told.host, "source": told.source}


OF_TOPIC: dict[str, Callable[[bytes, int], Point]] = {
    topics.GPU_HEALTH: of_score,
    topics.GPU_PREDICTIONS: of_prediction,
    topics.GPU_DECISIONS: of_decision,
}
