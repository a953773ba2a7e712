"""The figures of a finished builder, as a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from dashboard.card import (
    Card,
    Energy,
    Exceeded,
    Reason,
    Sensor,
    Throttling,
    WorstMinute,
)
from dashboard.card_builder import BUSY_KINDS, NO_BRIDGE, POWER, CardBuilder, moment_of
from dashboard.card_charts import charts_of
from dashboard.card_quality import quality_of
from dashboard.card_track import Track
from dashboard.card_words import duration, listing
from telemetry.catalogue import Catalogue, Severity
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

_SEVERITIES: tuple[Severity, ...] = ("critical", "warning")
_JOULES_PER_KWH = 3.6e6
_HEADLINES_PER_KIND = 1


class Tariff(NamedTuple):
    price: float
    """Per kWh."""
    currency: str


def cards(readings: Iterable[Reading], catalogue: Catalogue, tariff: Tariff) -> list[Card]:
    """A card per GPU, in the order in which they first appear."""
    builders: dict[str, CardBuilder] = {}
    for reading in readings:
        builder = builders.get(reading.gpu)
        if builder is None:
            builder = builders[reading.gpu] = CardBuilder(reading, catalogue)
        builder.add(reading)
    return [card_of(builder, tariff) for builder in builders.values()]


def card_of(builder: CardBuilder, tariff: Tariff) -> Card:
    """Closes the builder and says what it knows."""
    builder.close()
    first, last = builder.first, builder.last
    sensors = sensors_of(builder)
    return Card(
        gpu=first.gpu,
        model=builder.model,
        source=first.source,
        mode=first.mode,
        begin=moment_of(first),
        end=moment_of(last),
        elapsed=(last.time - first.time) / SECOND,
        seconds=builder.covered / SECOND,
        interval=builder.usual_interval / SECOND or None,
        gaps=tuple(builder.gaps),
        gap_count=builder.gap_count,
        sensors=tuple(sensors.values()),
        exceeded=tuple(_exceeded(builder, sensors)),
        within=tuple(_within(builder, sensors)),
        throttling=_throttling(builder),
        energy=_energy(builder, tariff),
        no_energy=_why_no_energy(builder, sensors),
        worst_minute=_worst_minute(builder, sensors),
        quality=quality_of(builder, sensors),
        charts=charts_of(builder, sensors),
    )


def sensors_of(builder: CardBuilder) -> dict[str, Sensor]:
    """Metric -> its figures, in the catalogue's order, unknown sensors last; bit masks are none."""
    order = {metric.name: n for n, metric in enumerate(builder.catalogue)}
    tracks = sorted(builder.tracks.values(), key=lambda track: (order.get(track.name, len(order)), track.name))
    of_kind: Counter[str] = Counter()
    sensors = {}
    for track in tracks:
        metric = track.metric
        if track.lowest is None or track.highest is None or (metric and metric.bits):
            continue
        kind = metric.kind if metric else ""
        # A sensor that never moved from 0 is no headline, nor is one that the catalogue does not know.
        headline = metric is not None and track.highest.value != 0
        headline = headline and (track.limits is not None or of_kind[kind] < _HEADLINES_PER_KIND)
        of_kind[kind] += headline
        unit = builder.catalogue.unit_of(metric) if metric else None
        sensors[track.name] = Sensor(
            name=track.name,
            label=metric.label if metric else track.name.replace("_", " "),
            kind=kind,
            symbol=unit.symbol if unit else "",
            decimals=unit.decimals if unit else 2,
            count=track.count,
            lowest=track.lowest,
            average=track.total / track.count,
            highest=track.highest,
            is_headline=headline,
        )
    return sensors


def _exceeded(builder: CardBuilder, sensors: dict[str, Sensor]) -> Iterable[Exceeded]:
    """Faults first, the worse first. Time beyond critical counts as time beyond warning, too."""
    found = [
        Exceeded(
            sensor, severity, level, limits.direction, seconds, worst, limits.reason, sensor.kind not in BUSY_KINDS
        )
        for name, sensor in sensors.items()
        if (limits := (track := builder.tracks[name]).limits) is not None and (worst := track.worst()) is not None
        for severity in _SEVERITIES
        if (level := limits.critical if severity == "critical" else limits.warning) is not None
        and (seconds := _beyond(track, severity)) is not None
    ]
    return sorted(found, key=lambda each: (not each.is_fault, _SEVERITIES.index(each.severity)))


def _beyond(track: Track, severity: Severity) -> float | None:
    """Seconds beyond a level; None where it was never passed."""
    assert track.limits is not None
    worst = track.worst()
    judged = track.limits.judge(worst.value) if worst else None
    if judged is None or (severity == "critical" and judged != "critical"):
        return None
    seconds = track.beyond["critical"] + (track.beyond["warning"] if severity == "warning" else 0)
    return seconds / SECOND


def _within(builder: CardBuilder, sensors: dict[str, Sensor]) -> Iterable[tuple[Sensor, float]]:
    for name, sensor in sensors.items():
        track = builder.tracks[name]
        limits, worst = track.limits, track.worst()
        if limits is not None and worst is not None and limits.judge(worst.value) is None:
            level = limits.warning if limits.warning is not None else limits.critical
            if level is not None:
                yield sensor, level


def _throttling(builder: CardBuilder) -> Throttling | None:
    seconds: Counter[tuple[str, bool]] = Counter()
    masks = [track for track in builder.tracks.values() if track.metric and track.metric.bits and track.count]
    for track in masks:
        assert track.metric is not None
        for mask, held in track.masks.items():
            for bit, words in track.metric.bits.items():
                if mask & bit:
                    seconds[words, bit in track.metric.throttling] += held
    if not masks:
        return None
    longest = sorted(seconds.items(), key=lambda each: (not each[0][1], -each[1]))
    return Throttling(
        builder.throttled / SECOND, tuple(Reason(words, held / SECOND, bad) for (words, bad), held in longest)
    )


def _energy(builder: CardBuilder, tariff: Tariff) -> Energy | None:
    # A power sensor that shows nothing but 0 knows nothing of energy.
    name = next((name for name in POWER if builder.energy[name]), None)
    if name is None:
        return None
    kwh = builder.energy[name] / SECOND / _JOULES_PER_KWH
    metric = builder.catalogue.get(name)
    label = metric.label if metric else name
    return Energy(kwh, kwh * tariff.price, tariff.currency, builder.energy_time[name] / SECOND, label)


def _why_no_energy(builder: CardBuilder, sensors: dict[str, Sensor]) -> str:
    known = [sensors[name] for name in POWER if name in sensors]
    if not known:
        return "No sensor of this log tells the power of the whole card."
    if all(sensor.highest.value == 0 for sensor in known):
        return f"{known[0].label} shows nothing but 0, so nobody knows the energy."
    return f"No two readings lie within {NO_BRIDGE // SECOND} s: too far apart to add up energy."


def _worst_minute(builder: CardBuilder, sensors: dict[str, Sensor]) -> WorstMinute | None:
    minute = builder.minutes.worst
    if minute is None or not minute.averages:
        return None
    troubles = []
    if minute.reasons:
        held = max(minute.reasons.values())
        troubles.append(f"throttled {duration(held / SECOND)}: {listing(list(minute.reasons))}")
    for (name, severity), held in sorted(minute.beyond.items(), key=lambda each: _SEVERITIES.index(each[0][1])):
        sensor = sensors.get(name)
        if sensor is not None and sensor.kind not in BUSY_KINDS:
            troubles.append(f"{sensor.label} at its {severity} level for {duration(held / SECOND)}")
    first_of_kind: dict[str, tuple[Sensor, float]] = {}
    for name, sensor in sensors.items():
        if sensor.kind and sensor.is_headline and name in minute.averages:
            first_of_kind.setdefault(sensor.kind, (sensor, minute.averages[name]))
    return WorstMinute(minute.begin, tuple(first_of_kind.values()), tuple(troubles))
