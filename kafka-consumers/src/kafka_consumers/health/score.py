"""The findings of a minute to a score: what is taken, by which component, and why. Pure."""

from __future__ import annotations

from typing import NamedTuple

from kafka_consumers.health.config import Component, HealthFile
from kafka_consumers.health.findings_now import Found
from kafka_consumers.health.track import Held
from telemetry.health import HealthReason


class Score(NamedTuple):
    score: float
    components: dict[str, float]
    reasons: list[HealthReason]


def settled(held: dict[str, Held], key: str, found: Found | None, minute: int, carry: int) -> Found | None:
    """The middle of the last three minutes, so that one odd minute neither costs nor heals anything; what cannot be
    looked at now stands as it was for ``carry`` (microseconds)."""
    known = held.get(key)
    if found is None:
        if known is None:
            return None
        if minute - known.at > carry:
            del held[key]
            return None
        return Found(known.points, known.sentence)
    before = known.raw if known is not None else [0.0, 0.0]
    points = sorted([*before, found.points])[1]
    sentence = found.sentence or (known.sentence if known is not None else "")
    if points or found.points:
        held[key] = Held([before[1], found.points], points, sentence, minute)
    elif known is not None and (known.raw[1] or known.points):
        held[key] = Held([before[1], 0.0], points, sentence, minute)
    elif known is not None:
        del held[key]
    return Found(points, sentence if points else "")


def of(file: HealthFile, findings: dict[str, dict[str, Found]]) -> Score:
    """``findings``: component -> finding -> what it came to; those without evidence are absent. None at all: 100."""
    components: dict[str, float] = {}
    reasons: list[HealthReason] = []
    for name, found in findings.items():
        if not found:
            continue
        most = file.components[name].most
        taken = sum(each.points for each in found.values())
        share = min(1.0, most / taken) if taken else 0.0
        told = [
            HealthReason(component=name, points=-round(each.points * share, 1), sentence=each.sentence)
            for each in found.values()
            if each.points * share >= file.least
        ]
        reasons += told
        components[name] = component_score(file.components[name], -sum(each.points for each in told))
    reasons.sort(key=lambda each: each.points)
    score = max(0.0, round(100 + sum(each.points for each in reasons), 1))
    return Score(score, components, reasons)


def component_score(component: Component, taken: float) -> float:
    """100 where nothing is taken, 0 where all is that it may take."""
    return round(max(0.0, 100 * (1 - taken / component.most)), 1)
