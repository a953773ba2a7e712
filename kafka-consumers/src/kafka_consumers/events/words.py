"""What an event is called, what to do about it and how grave it is; and the message about it. Pure."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from kafka_consumers.alerts.rule_config import Severity
from kafka_consumers.events.bursts import Burst
from kafka_consumers.events.config import EventRules, Told
from telemetry.catalogue import Catalogue
from telemetry.messages import GpuEvent
from telemetry.reading import Mode
from telemetry.timestamp import format_time
from telemetry.xid import XidTable


class About(NamedTuple):
    """Whose it is."""

    gpu: str
    host: str
    source: str
    mode: Mode


class Meaning(NamedTuple):
    name: str
    action: str
    severity: Severity


class Meanings:
    """Of every kind and number that events out of readings have."""

    def __init__(self, rules: EventRules, xids: XidTable, catalogue: Catalogue) -> None:
        self._xids = xids
        self._of: dict[tuple[str, int], Meaning] = {}
        told = [rule.event for rule in rules.counters.values() if rule.event is not None]
        for each in (*told, *(rule.event for rule in rules.gauges), rules.lost.event, rules.lost.node_event):
            self._of[each.kind, each.number] = self._meaning(each)
        throttle = rules.throttle
        self.bits = {name: throttling_bits(catalogue, name) for name in throttle.metrics}
        """Metric -> its bits that are no healthy card's, with their words."""
        for bits in self.bits.values():
            for bit, words in bits.items():
                action = throttle.actions.get(bit, throttle.action)
                self._of["throttle", bit] = Meaning(f"Clocks held back: {words}", action, throttle.severity)

    def _meaning(self, told: Told) -> Meaning:
        if told.xid is None:
            return Meaning(told.name, told.action, told.severity or "warning")
        row = self._xids.of(told.xid)
        return Meaning(told.name or row.name, told.action or row.action, told.severity or row.severity)

    def of(self, kind: str, number: int) -> Meaning:
        if kind == "xid":
            row = self._xids.of(number)
            return Meaning(row.name, row.action, row.severity)
        return self._of[kind, number]


def throttling_bits(catalogue: Catalogue, name: str) -> dict[int, str]:
    metric = catalogue[name]
    return {bit: metric.bits[bit] for bit in metric.throttling if bit not in metric.expected_throttling}


def event_id(host: str, kind: str, device: str, number: int, first: int) -> str:
    """The same for the same burst, whoever finds it and whenever."""
    return hashlib.sha256(f"{host}/{kind}/{device}/{number}/{first}".encode()).hexdigest()[:16]


def message(about: About, name: str, burst: Burst, meanings: Meanings, gpu: str | None = None) -> GpuEvent:
    """Of the burst called ``name`` (see :func:`kafka_consumers.events.bursts.key`); ``gpu``: None of a whole node."""
    kind, _, number = name.partition("/")
    meaning = meanings.of(kind, int(number))
    device = gpu or about.host
    return GpuEvent.model_validate(
        {
            "id": event_id(about.host, kind, device, int(number), burst.first),
            "kind": kind,
            "number": int(number),
            "host": about.host,
            "device": device,
            "gpu": gpu,
            "source": about.source,
            "mode": about.mode,
            "name": meaning.name,
            "action": meaning.action,
            "severity": meaning.severity,
            "text": burst.text[:500],
            "first": format_time(burst.first),
            "last": format_time(burst.last),
            "count": burst.count,
        }
    )
