"""What a person should look at, in words: out of the tables, the worst first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from dashboard.card_words import counted, duration, number, share
from dashboard.report import cells
from dashboard.report.cells import unit_of
from dashboard.report.content import TONES, Finding
from dashboard.report.period import Hours
from dashboard.report.tables import DAILY, QUALITY, SPIKES, SUMMARY, TRENDS, Row, Tables
from telemetry.catalogue import Catalogue

NOTABLE_CHANGE = 3.0
"""°C at equal load from one week to the next: more than a warmer room does."""
NOTABLE_SHARE = 0.01
"""Of the readings: what is missing below that is the course of things."""


def of_gpu(tables: Tables, hours: Hours, catalogue: Catalogue, gpu: str) -> list[Finding]:
    """At least one."""
    found = [
        *_hot(tables.of(SPIKES, gpu), hours, catalogue),
        *_held_back(tables.of(DAILY, gpu), catalogue),
        *_anomalies(tables.of(SUMMARY, gpu)),
        *_drift(tables.of(TRENDS, gpu), catalogue),
        *_data(tables.of(SUMMARY, gpu), tables.of(QUALITY, gpu)),
    ]
    if not any(each.tone in {"critical", "warning"} for each in found):
        found.append(Finding("good", "Nothing went beyond its limits, and nothing held it back that should not."))
    return worst_first(found)


def worst_first(found: Iterable[Finding]) -> list[Finding]:
    return sorted(found, key=lambda each: TONES.index(each.tone))


def _hot(spikes: Sequence[Row], hours: Hours, catalogue: Catalogue) -> Iterable[Finding]:
    of_kind: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in spikes:
        of_kind[row["metric"], row["cause"]].append(row)
    for (name, cause), rows in sorted(of_kind.items()):
        unit, metric = unit_of(catalogue, name), catalogue.get(name)
        worst = max(rows, key=lambda row: row["peak"])
        held = duration(sum(row["seconds"] for row in rows))
        peak = f"peak {number(worst['peak'], unit.decimals, unit.symbol)} in the spike of {hours.clock(worst['start'])}"
        times = "once" if len(rows) == 1 else f"{len(rows):,} times"
        if cause == "limit":
            limits = metric.limits if metric else None
            is_critical = limits is not None and limits.judge(worst["peak"]) == "critical"
            text = f"{unit.label} went beyond its limit {times}; hot for {held} in all, {peak}."
            yield Finding("critical" if is_critical else "warning", text)
        else:
            text = f"{unit.label} was far above the day's usual at that load {times}, for {held} in all, {peak}."
            yield Finding("warning", text)


def _held_back(daily: Sequence[Row], catalogue: Catalogue) -> Iterable[Finding]:
    minutes = throttle_minutes(daily)
    for words, value in sorted(minutes.items(), key=lambda pair: -pair[1]):
        if value > 0 and words in _unexpected(catalogue):
            yield Finding("warning", f"Its clocks were held back for {duration(60 * value)}: {words}.")


def throttle_minutes(daily: Sequence[Row]) -> dict[str, float]:
    """Why the clocks were not higher -> minutes, over all days."""
    minutes: dict[str, float] = defaultdict(float)
    for row in daily:
        if row["metric"] is None:
            for words, value in (row["minutes_by_throttle_reason"] or {}).items():
                minutes[words] += value
    return dict(minutes)


def _unexpected(catalogue: Catalogue) -> set[str]:
    return {
        metric.bits[bit] for metric in catalogue for bit in metric.throttling if bit not in metric.expected_throttling
    }


def _anomalies(summary: Sequence[Row]) -> Iterable[Finding]:
    if count := cells.total(summary, "anomalies"):
        are = "anomaly was" if count == 1 else "anomalies were"
        yield Finding("warning", f"{count:,.0f} {are} found in it (docs/anomalies.md says what they mean).")


def _drift(trends: Sequence[Row], catalogue: Catalogue) -> Iterable[Finding]:
    for row in trends:
        metric, change = catalogue.get(row["metric"]), row["change_7"]
        if metric is None or metric.kind != "temperature" or change is None or abs(change) < NOTABLE_CHANGE:
            continue
        unit = unit_of(catalogue, row["metric"])
        by = number(abs(change), unit.decimals, unit.symbol)
        if change > 0:
            yield Finding("warning", f"{unit.label} at equal load is {by} higher than in the week before.")
        else:
            yield Finding("plain", f"{unit.label} at equal load is {by} lower than in the week before.")


def _data(summary: Sequence[Row], quality: Sequence[Row]) -> Iterable[Finding]:
    readings, missing = cells.total(summary, "readings") or 0, cells.total(summary, "missing") or 0
    if missing > NOTABLE_SHARE * (readings + missing):
        part = share(missing, readings + missing)
        yield Finding("warning", f"{part} of its readings are missing ({counted(int(missing), 'reading')}).")
    if flagged := cells.total(summary, "flagged"):
        reasons: dict[str, int] = defaultdict(int)
        for row in quality:
            for why, count in (row["flagged"] or {}).items():
                reasons[why] += count
        why = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(reasons.items()))
        yield Finding("plain", f"{counted(int(flagged), 'value')} were left out or doubted ({why}).")
    if rejected := cells.total(summary, "rejected"):
        yield Finding("warning", f"{counted(int(rejected), 'record')} were rejected (topic gpu-dead-letters has them).")
    if late := cells.total(summary, "late"):
        yield Finding("plain", f"{counted(int(late), 'reading')} came late.")
