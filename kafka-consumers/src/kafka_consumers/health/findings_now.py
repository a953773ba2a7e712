"""What a minute shows: points and a sentence of each look that is made of its readings alone. Pure."""

from __future__ import annotations

from typing import NamedTuple

from kafka_consumers.health.config import limited
from kafka_consumers.health.finding_config import Bits, Flagged, Level, Limit, Limits, Narrowed
from kafka_consumers.health.minute import Minute
from telemetry.catalogue import Catalogue, Metric
from telemetry.catalogue import Limits as CatalogueLimits


class Found(NamedTuple):
    """``points`` 0: looked at, and well. Where a source gives no evidence there is None instead."""

    points: float
    sentence: str = ""


def of_level(look: Level, minute: Minute, catalogue: Catalogue) -> Found | None:
    value = minute.mean(look.metric)
    if value is None:
        return None
    points = look.ramp(value)
    # What is either so or not needs no number.
    is_flag = {look.begin, look.to} == {0.0, 1.0}
    value_words = "" if is_flag else f" ({shown(catalogue, look.metric, value)})"
    return Found(points, look.words + value_words if points else "")


def of_limit(look: Limit, minute: Minute, model: str | None, catalogue: Catalogue) -> Found | None:
    value = minute.mean(look.metric)
    if value is None:
        return None
    metric = catalogue[look.metric]
    rated = [rating for name in look.ratings if (rating := minute.mean(name)) is not None]
    if rated:
        limit = min(rated)
        share = (value - (limit - look.within)) / look.within
    else:
        limits = metric.limits_for(model)
        if limits is None or limits.expected or limits.direction == "below":
            return None
        share = _beyond(limits, value)
        limit = limits.warning if limits.warning is not None else limits.critical or 0.0
    points = look.points * min(1.0, max(0.0, share))
    words = (
        f"{metric.label} {shown(catalogue, look.metric, value)}, its limit is {shown(catalogue, look.metric, limit)}"
    )
    return Found(points, words if points else "")


def of_limits(look: Limits, minute: Minute, model: str | None, catalogue: Catalogue) -> Found | None:
    worst: Found | None = None
    for name in limited(look, catalogue):
        metric, value = catalogue[name], minute.mean(name)
        limits = metric.limits_for(model)
        if value is None or limits is None or limits.expected:
            continue
        share = _beyond(limits, value)
        points = look.points * min(1.0, max(0.0, share))
        if worst is None or points > worst.points:
            worst = Found(points, _beyond_words(catalogue, metric, limits, value) if points else "")
    return worst


def of_bits(look: Bits, minute: Minute, catalogue: Catalogue) -> Found | None:
    """The worst of the bits: several of them say the same."""
    worst: Found | None = None
    for bit, most in look.points.items():
        share = minute.share(look.metric, bit)
        if share is None:
            return None
        points = most * min(1.0, max(0.0, (share - look.least) / (look.all_from - look.least)))
        words = f"Clocks held back by {catalogue[look.metric].bits[bit]} for {100 * share:.0f} % of the time"
        if worst is None or points > worst.points:
            worst = Found(points, words if points else "")
    return worst


def of_narrowed(look: Narrowed, minute: Minute, most: dict[str, float], catalogue: Catalogue) -> Found | None:
    """By the highest of the minute: what goes down while there is nothing to do comes up again."""
    value = minute.highest(look.metric)
    possible = minute.highest(look.of) if look.of is not None else None
    possible = most.get(look.metric) if possible is None else possible
    if value is None or not possible:
        return None
    load = minute.mean(look.load) if look.load is not None else None
    if look.load is not None and (load is None or load < look.at_load):
        return None
    points = look.ramp(value / possible)
    words = f"{look.words}: {shown(catalogue, look.metric, value)} of {shown(catalogue, look.metric, possible)}"
    return Found(points, words if points else "")


def of_flagged(look: Flagged, minute: Minute, catalogue: Catalogue) -> Found:
    """Of the sensor that is read worst."""
    shares = {name: minute.bad_reads(name, look.flags) for name in minute.flags}
    worst = max(shares, key=lambda name: shares[name], default=None)
    if worst is None:
        return Found(0.0)
    points = look.ramp(shares[worst])
    words = f"{catalogue[worst].label}: {look.words} in {100 * shares[worst]:.0f} % of its readings"
    return Found(points, words if points else "")


def shown(catalogue: Catalogue, name: str, value: float) -> str:
    """With its unit, as people read it."""
    unit = catalogue.unit_of(catalogue[name])
    text = f"{value:.{unit.decimals}f}" if unit.decimals else f"{value:.0f}"
    return f"{text} {unit.symbol}".rstrip()


def _beyond(limits: CatalogueLimits, value: float) -> float:
    """0 at the warning level, 1 at the critical one; where there is but one, all of it just beyond."""
    if limits.warning is None or limits.critical is None:
        return 1.0 if limits.judge(value) else 0.0
    return (value - limits.warning) / (limits.critical - limits.warning)


def _beyond_words(catalogue: Catalogue, metric: Metric, limits: CatalogueLimits, value: float) -> str:
    level = limits.warning if limits.warning is not None else limits.critical
    word = "below" if limits.direction == "below" else "above"
    return (
        f"{metric.label} {shown(catalogue, metric.name, value)}, {word} {shown(catalogue, metric.name, level or 0.0)}"
    )
