"""Readings -> findings that each reading shows by itself: limits, throttle reasons, implausible values. Pure.

The judge of a limit is telemetry's own (``Limits.judge``). Spark only picks the readings in which something may be
found (:mod:`spark_jobs.detectors.suspects`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from spark_jobs.detectors import findings
from spark_jobs.detectors.episodes import DAY
from spark_jobs.detectors.findings import Finding, Key
from telemetry.catalogue import Catalogue, Limits, Metric
from telemetry.timestamp import SECOND

_TOGETHER = 60 * SECOND
"""Readings no further apart are one finding at once: a log at full load is not 100,000 of them. Less than any gap
that ends an anomaly."""


class Suspect(NamedTuple):
    """A reading, as far as these detectors look at it. ``implausible``: the metrics that were dropped for that."""

    gpu: str
    host: str
    source: str
    mode: str
    model: str | None
    time: int
    metrics: dict[str, float]
    implausible: tuple[str, ...]


def metrics_looked_at(catalogue: Catalogue) -> list[Metric]:
    return [each for each in catalogue if each.limits or each.limits_by_model or each.throttling]


def of_readings(suspects: Iterable[Suspect], catalogue: Catalogue) -> list[Finding]:
    """In any order; those of one anomaly that follow each other are one where the readings come in order."""
    looked_at = metrics_looked_at(catalogue)
    limits: dict[tuple[str, str | None], Limits | None] = {}
    going: dict[Key, Finding] = {}
    ended: list[Finding] = []
    for suspect in suspects:
        for found in _of_one(suspect, looked_at, limits):
            before = going.get(found.key)
            if before is None or not _goes_on(before, found):
                if before is not None:
                    ended.append(before)
                going[found.key] = found
            else:
                going[found.key] = before.with_(found)
    return [*ended, *going.values()]


def _goes_on(before: Finding, found: Finding) -> bool:
    is_near = before.start <= found.start <= before.end + _TOGETHER
    return is_near and before.is_expected == found.is_expected and before.start // DAY == found.start // DAY


def _of_one(
    suspect: Suspect, looked_at: Iterable[Metric], limits: dict[tuple[str, str | None], Limits | None]
) -> Iterator[Finding]:
    for metric in looked_at:
        value = suspect.metrics.get(metric.name)
        if value is None:
            continue
        of_model = (metric.name, suspect.model)
        if of_model not in limits:
            limits[of_model] = metric.limits_for(suspect.model)
        if (levels := limits[of_model]) is not None and (severity := levels.judge(value)) is not None:
            rank = findings.RANKS["info" if levels.expected else severity]
            badness = value if levels.direction == "above" else -value
            yield _found(suspect, findings.LIMIT, metric.name, 0, rank, badness, value, getattr(levels, severity))
        if metric.throttling:
            yield from _throttling(suspect, metric, int(value))
    for name in suspect.implausible:
        yield _found(suspect, findings.IMPLAUSIBLE, name, 0, findings.RANKS["warning"], 0.0, None, None)


def _throttling(suspect: Suspect, metric: Metric, mask: int) -> Iterator[Finding]:
    for bit in metric.throttling:
        if mask & bit:
            rank = findings.RANKS["info" if bit in metric.expected_throttling else "warning"]
            yield _found(suspect, findings.THROTTLE, metric.name, bit, rank, 0.0, float(bit), None)


def _found(
    suspect: Suspect,
    kind: str,
    metric: str,
    bit: int,
    rank: int,
    badness: float,
    value: float | None,
    limit: float | None,
) -> Finding:
    at = suspect.time
    place = (suspect.gpu, suspect.host, suspect.source, suspect.mode)
    return Finding(*place, kind, metric, bit, at, at, rank, badness, at, value, limit, None)
