"""Alarms against labels: precision, recall, delay. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from spark_jobs.evaluation.labels import Label
from telemetry.timestamp import SECOND

SLACK = 300 * SECOND
"""An alarm so soon after the end of a label still tells of it: a card must cool down first."""
EARLY = 30 * SECOND
"""A window that holds the beginning of a fault begins before it."""


class Alarm(NamedTuple):
    """What a detector says. ``kind`` is empty where it knows no kinds; ``told``: when it can say so, again and again,
    rising."""

    gpu: str
    kind: str
    metric: str
    start: int
    end: int
    told: tuple[int, ...]
    is_fault: bool
    """False: worth knowing, and no fault; it finds a label, and is never a false alarm."""


class Score(NamedTuple):
    """``precision``: of the alarms, those at a time when something was wrong with that GPU; ``recall``: of the labels,
    those found by kind and metric; ``delay``: seconds from the beginning of a label until it is told, median."""

    labels: int
    found: int
    alarms: int
    true_alarms: int
    delay: float | None

    @property
    def precision(self) -> float | None:
        return self.true_alarms / self.alarms if self.alarms else None

    @property
    def recall(self) -> float | None:
        return self.found / self.labels if self.labels else None


def scores(alarms: Sequence[Alarm], labels: Sequence[Label]) -> dict[str, Score]:
    """By kind, and under "all" together. An alarm without a kind counts under "all" only."""
    alarms_of: dict[str, list[Alarm]] = defaultdict(list)
    labels_of: dict[str, list[Label]] = defaultdict(list)
    for alarm in alarms:
        alarms_of[alarm.kind].append(alarm)
    for label in labels:
        labels_of[label.kind].append(label)
    kinds = sorted({*alarms_of, *labels_of} - {""})
    made = {kind: _score(alarms_of[kind] + alarms_of[""], alarms_of[kind], labels_of[kind], labels) for kind in kinds}
    return made | {"all": _score(alarms, alarms, labels, labels)}


def _score(
    candidates: Iterable[Alarm], alarms: Iterable[Alarm], wanted: Sequence[Label], truth: Sequence[Label]
) -> Score:
    told = [[moment for alarm in candidates for moment in _finds(alarm, label)] for label in wanted]
    delays = [(min(times) - label.start) / SECOND for times, label in zip(told, wanted, strict=True) if times]
    faults = [alarm for alarm in alarms if alarm.is_fault]
    true = sum(any(_is_during(alarm, label) for label in truth) for alarm in faults)
    return Score(len(wanted), len(delays), len(faults), true, median(delays) if delays else None)


def _finds(alarm: Alarm, label: Label) -> list[int]:
    """When ``alarm`` tells of ``label``."""
    if (alarm.gpu, alarm.metric) != (label.gpu, label.metric) or alarm.kind not in {"", label.kind}:
        return []
    return [moment for moment in alarm.told if label.start - EARLY <= moment <= label.end + SLACK]


def _is_during(alarm: Alarm, label: Label) -> bool:
    overlaps = alarm.end >= label.start - EARLY and alarm.start <= label.end + SLACK
    return alarm.gpu == label.gpu and overlaps
