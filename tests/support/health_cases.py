"""What is said of the health of some GPUs, made up for tests: what matters about it is given."""

from __future__ import annotations

from typing import Any

from telemetry.health import Decision, FailurePrediction, HealthReason, HealthScore
from telemetry.messages import GpuEvent
from telemetry.timestamp import format_time

COMPONENTS = {"memory": 100.0, "thermals": 100.0, "power": 100.0, "throttling": 100.0, "data_quality": 100.0}


def _of(gpu: str, changes: dict[str, Any]) -> dict[str, Any]:
    return {"gpu": gpu, "host": gpu.partition(":")[0], "source": "dcgm", "mode": "live"} | changes


def a_score(gpu: str, time: int, *reasons: tuple[str, float, str], **changes: Any) -> HealthScore:
    """100 less the points of ``reasons`` (component, points, sentence)."""
    told = [HealthReason(component=each[0], points=each[1], sentence=each[2]) for each in reasons]
    parts = dict(COMPONENTS)
    for each in told:
        parts[each.component] = max(0.0, parts[each.component] + 2 * each.points)
    score = max(0.0, 100.0 + sum(each.points for each in told))
    given = {"score": score, "components": parts, "reasons": told, "version": "1", "time": format_time(time)}
    return HealthScore(**_of(gpu, given | changes))


def a_risk(gpu: str, time: int, probability: float, *reasons: str, **changes: Any) -> FailurePrediction:
    given = {
        "time": format_time(time), "horizon_hours": 168, "probability": probability, "model_version": "2026-11-26",
        "reasons": list(reasons),
    }  # fmt: skip
    return FailurePrediction(**_of(gpu, given | changes))


def a_decision(gpu: str, time: int, action: str = "keep", **changes: Any) -> Decision:
    given = {
        "time": format_time(time), "action": action, "currency": "EUR", "version": "1",
        "yearly_cost": {"keep": 2900.0, "repair": 1240.5, "retire": 4100.0},
        "reasons": ["A repair costs less than the hours that its failures would cost"],
        "flips": ["keep, were a repair dearer than 1,900 EUR"],
    }  # fmt: skip
    return Decision(**_of(gpu, given | changes))


def an_event(number: int, gpu: str | None, first: int, **changes: Any) -> GpuEvent:
    given: dict[str, Any] = {
        "id": f"event-{number}", "kind": "xid", "number": 79, "host": (gpu or "node-1:0").partition(":")[0],
        "device": "0000:3b:00", "gpu": gpu, "source": "xid", "mode": "live", "name": "GPU has fallen off the bus",
        "action": "reset the node", "severity": "critical", "text": "NVRM: Xid (PCI:0000:3b:00): 79, GPU is lost",
        "first": format_time(first), "last": format_time(first), "count": 3,
    }  # fmt: skip
    return GpuEvent(**(given | changes))
