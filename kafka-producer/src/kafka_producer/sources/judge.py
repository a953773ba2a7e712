"""Values of a live source against the catalogue: what cannot be is dropped, and a flag says why."""

from __future__ import annotations

import math

from kafka_producer.sources.logs.quality import FAILED_READ, FALSE_ZERO
from telemetry.catalogue import Catalogue
from telemetry.reading import IMPLAUSIBLE

__all__ = ["FAILED_READ", "judge"]


def judge(metrics: dict[str, float], catalogue: Catalogue) -> dict[str, str]:
    """Takes out of ``metrics`` what is implausible and the zeros that are none; returns their flags."""
    flags: dict[str, str] = {}
    for name, value in metrics.items():
        metric = catalogue.get(name)
        if not math.isfinite(value) or (metric is not None and not metric.is_plausible(value)):
            flags[name] = IMPLAUSIBLE
    for name in flags:
        del metrics[name]
    for name in [name for name, value in metrics.items() if value == 0]:
        metric = catalogue.get(name)
        if metric is not None and metric.zero_rule.forbids(metrics):
            flags[name] = FALSE_ZERO
    for name, flag in flags.items():
        if flag == FALSE_ZERO:
            del metrics[name]
    return flags
