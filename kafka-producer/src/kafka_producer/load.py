"""A load of known size: readings that nobody measured, each of which can be told from all others. Pure.

Who knows a load's name, its number of GPUs and how many readings were sent knows every identity that a store must
hold: of each GPU the rows 0, 1, 2, ... . So whoever harms the platform under it can say what was lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from telemetry.catalogue import Catalogue, Metric
from telemetry.errors import Misconfigured
from telemetry.loads import host_of
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

_SOURCE = "load"
_LIKE = "gpuz"
"""The metrics are those that logs of this source bring."""
_PERIOD = 300
"""Rows in which a value goes up and down once."""
_HOT, _CYCLE, _NEXT = 30, 90, 7
"""A GPU that is to raise alerts is too hot for 30 s of each 90, the next GPU 7 s earlier."""


class Value(NamedTuple):
    """A metric that stays well within its limits, so that no rule and no detector has anything to say of it."""

    metric: str
    middle: float
    swing: float
    decimals: int

    def at(self, row: int, gpu: int) -> float:
        phase = math.tau * (row % _PERIOD) / _PERIOD + gpu
        return round(self.middle + self.swing * math.sin(phase), self.decimals)


class Peak(NamedTuple):
    """A value beyond the critical limit of its metric."""

    metric: str
    value: float


class Load(NamedTuple):
    """``rate`` readings a second of ``gpus`` GPUs in turn, from ``begin`` (microseconds UTC) on."""

    name: str
    begin: int
    rate: int
    gpus: int
    values: Sequence[Value]
    peak: Peak | None = None
    """What each GPU shows for a third of the time; None: they stay well."""

    @property
    def origin(self) -> str:
        return f"{_SOURCE}/{self.name}"

    @property
    def host(self) -> str:
        return host_of(self.name)

    def reading(self, number: int) -> Reading:
        """The ``number``-th of the load, from 0."""
        row, gpu = divmod(number, self.gpus)
        metrics = {value.metric: value.at(row, gpu) for value in self.values}
        time = self.due(number)
        if self.peak is not None and ((time - self.begin) // SECOND + _NEXT * gpu) % _CYCLE < _HOT:
            metrics[self.peak.metric] = self.peak.value
        return Reading(
            self.origin, row, "demo", time, None, f"{self.host}:{gpu}", self.host, _SOURCE, None, metrics, {}
        )

    def due(self, number: int) -> int:
        """When it is to be sent, and its time."""
        return self.begin + number * SECOND // self.rate


def values(catalogue: Catalogue, count: int) -> list[Value]:
    """``count`` metrics of the catalogue (fewer where it has no more) that a card reports all the time."""
    return [_value(each, catalogue) for each in _chosen(catalogue)[:count]]


def peak(catalogue: Catalogue) -> Peak:
    """Of the first metric that can be too high. Raises Misconfigured for a catalogue without such a limit."""
    for metric in _chosen(catalogue):
        limits = metric.limits
        if limits is not None and limits.critical is not None and limits.direction == "above":
            return Peak(metric.name, round((3 * limits.critical + metric.plausible[1]) / 4, 1))
    raise Misconfigured("config/metrics.yaml", "no metric with one", "a critical limit that can be exceeded, for --hot")


def _chosen(catalogue: Catalogue) -> list[Metric]:
    return [each for each in catalogue if _LIKE in each.spellings and not each.bits and not each.part_of]


def _value(metric: Metric, catalogue: Catalogue) -> Value:
    low, high = metric.plausible
    for limits in (metric.limits, *metric.limits_by_model):
        levels = [level for level in (limits.warning, limits.critical) if level is not None] if limits else []
        if limits and limits.direction == "above":
            high = min(high, *levels)
        elif limits:
            low = max(low, *levels)
    return Value(metric.name, (low + high) / 2, (high - low) / 50, catalogue.unit_of(metric).decimals)
