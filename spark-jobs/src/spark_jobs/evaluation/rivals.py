"""Detectors to compare with: readings -> alarms. Each is what many would write first."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from spark_jobs.detectors import findings
from spark_jobs.detectors.episodes import episodes
from spark_jobs.detectors.findings import Finding
from spark_jobs.detectors.of_readings import of_readings
from spark_jobs.detectors.of_windows import Known, metrics_judged
from spark_jobs.evaluation.in_memory import found_in, suspect
from spark_jobs.evaluation.score import Alarm
from telemetry.catalogue import Catalogue
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

Z_WINDOW = 300 * SECOND
Z_SCORE = 4.0
Z_LEAST = 30
"""Readings before the first is judged."""


class Rival(NamedTuple):
    name: str
    alarms: Callable[[Sequence[Reading]], list[Alarm]]


def rivals(catalogue: Catalogue, seconds: int, known: Known) -> tuple[Rival, ...]:
    """gpustream first, then the two baselines."""
    return (
        Rival("gpustream", lambda readings: gpustream(readings, catalogue, seconds, known)),
        Rival("static limits", lambda readings: static_limits(readings, catalogue)),
        Rival("z-score over a window", lambda readings: z_score(readings, catalogue)),
    )


def gpustream(readings: Sequence[Reading], catalogue: Catalogue, seconds: int, known: Known) -> list[Alarm]:
    """The detectors of the stream."""
    return _alarms(found_in(readings, catalogue, seconds, known), knows_kinds=True)


def static_limits(readings: Sequence[Reading], catalogue: Catalogue) -> list[Alarm]:
    """The limits of the catalogue and nothing else."""
    found = of_readings(map(suspect, _in_order(readings)), catalogue)
    return _alarms((each for each in found if each.kind == findings.LIMIT), knows_kinds=False)


def z_score(readings: Sequence[Reading], catalogue: Catalogue) -> list[Alarm]:
    """More than Z_SCORE standard deviations from the mean of the last five minutes, of the metrics that gpustream's
    detectors of windows look at."""
    found: list[Finding] = []
    series: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for each in _in_order(readings):
        for name in metrics_judged(catalogue):
            if name in each.metrics:
                series[each.gpu, name].append((each.time, each.metrics[name]))
    for (gpu, name), points in series.items():
        for time, value in _outliers(points):
            place = (gpu, "", "", "", "", name, 0)
            found.append(Finding(*place, time, time, findings.RANKS["warning"], 0.0, time, value, None, None))
    return _alarms(found, knows_kinds=False)


def _outliers(points: Iterable[tuple[int, float]]) -> Iterable[tuple[int, float]]:
    near: deque[tuple[int, float]] = deque()
    total = squares = 0.0
    for time, value in points:
        while near and near[0][0] < time - Z_WINDOW:
            _, gone = near.popleft()
            total, squares = total - gone, squares - gone * gone
        if len(near) >= Z_LEAST:
            mean = total / len(near)
            spread = math.sqrt(max(squares / len(near) - mean * mean, 0.0))
            if spread > 1e-6 and abs(value - mean) > Z_SCORE * spread:
                yield time, value
        near.append((time, value))
        total, squares = total + value, squares + value * value


def _alarms(found: Iterable[Finding], *, knows_kinds: bool) -> list[Alarm]:
    """One per anomaly; told with each finding of it: a reading at once, a window when it is over."""
    of_key: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for each in found:
        of_key[(*each.key, each.is_expected)].append(each)
    made: list[Alarm] = []
    for pieces in of_key.values():
        for whole in episodes(pieces):
            told = sorted(_told(each) for each in pieces if whole.start <= each.start and each.end <= whole.end)
            kind = whole.kind if knows_kinds else ""
            is_fault = not whole.finding.is_expected
            made.append(Alarm(whole.gpu, kind, whole.metric, whole.start, whole.end, tuple(told), is_fault))
    return sorted(made)


def _told(finding: Finding) -> int:
    return finding.end if finding.kind in findings.OF_WINDOWS else finding.start


def _in_order(readings: Iterable[Reading]) -> list[Reading]:
    return sorted(readings, key=lambda each: (each.gpu, each.time, each.row))
