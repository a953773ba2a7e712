"""The newest readings as gauges, under our names and under those of dcgm-exporter and nvidia_gpu_exporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from prometheus_client.core import GaugeMetricFamily, Metric

from dashboard.stores.live import Latest, Live
from telemetry.catalogue import Catalogue
from telemetry.clock import Clock
from telemetry.exported import Exported, foreign, own
from telemetry.reading import split_gpu
from telemetry.timestamp import SECOND

FRESH = 120 * SECOND
"""A value that is older is told no more: Prometheus would show it as one of now."""
REMEMBERED = 3600 * SECOND
"""For so long it is told when a GPU was heard of last."""
PLATFORM = "gpustream"
_LABELS: Mapping[str, tuple[str, ...]] = {
    "gpustream": ("gpu", "host"),
    "dcgm": ("gpu", "UUID", "device", "modelName", "Hostname", "platform"),
    "nvidia_gpu_exporter": ("uuid", "platform"),
}
"""Exporter -> labels, as its dashboards expect them; ``platform`` tells our page from theirs."""


class _Written(NamedTuple):
    exported: Exported
    help: str


class Gpus:
    """prometheus_client's collector protocol. Imports are left out: they are no now."""

    def __init__(self, catalogue: Catalogue, live: Live, clock: Clock, names: frozenset[str]) -> None:
        """``names``: whose names, keys of the table above."""
        self._live = live
        self._clock = clock
        self._names = names
        self._written = {
            metric.name: [_Written(each, metric.description) for each in _one_of_each(catalogue, metric.name, names)]
            for metric in catalogue
        }

    def collect(self) -> Iterator[Metric]:
        now = self._clock.now()
        known = [each for each in self._live.gpus() if each.mode != "import" and now - each.arrived <= REMEMBERED]
        yield from _about(known)
        fresh = [each for each in known if now - each.arrived <= FRESH]
        families: dict[str, GaugeMetricFamily] = {}
        for latest in fresh:
            labels = {exporter: _labels(exporter, latest) for exporter in self._names}
            for metric, value in latest.metrics.items():
                for written in self._written.get(metric, ()):
                    exporter, name, factor = written.exported
                    family = families.get(name)
                    if family is None:
                        family = families[name] = GaugeMetricFamily(name, written.help, labels=_LABELS[exporter])
                    family.add_metric(labels[exporter], value / factor)
        yield from families.values()
        if "nvidia_gpu_exporter" in self._names:
            yield _info(fresh)


def _one_of_each(catalogue: Catalogue, metric: str, names: frozenset[str]) -> Iterator[Exported]:
    """Of two generations of names the older one: it is what dashboards have."""
    described = catalogue[metric]
    told = {each.exporter: each for each in foreign(catalogue, described)}
    told["gpustream"] = own(catalogue, described)
    return (each for exporter, each in told.items() if exporter in names)


def _labels(exporter: str, latest: Latest) -> list[str]:
    index = split_gpu(latest.gpu)[1]
    if exporter == "dcgm":
        return [index, latest.gpu, f"nvidia{index}", latest.model or "", latest.host, PLATFORM]
    if exporter == "nvidia_gpu_exporter":
        return [latest.gpu, PLATFORM]
    return [latest.gpu, latest.host]


def _about(known: list[Latest]) -> Iterator[Metric]:
    names = ("gpu", "host", "source", "mode", "model")
    info = GaugeMetricFamily("gpustream_gpu_info", "1, with what is known of the GPU as labels.", labels=names)
    last = GaugeMetricFamily(
        "gpustream_gpu_last_reading_timestamp_seconds",
        "When a reading of the GPU came last.",
        labels=("gpu", "host", "mode"),
    )
    for each in known:
        info.add_metric((each.gpu, each.host, each.source, each.mode, each.model or ""), 1)
        last.add_metric((each.gpu, each.host, each.mode), each.arrived / SECOND)
    yield from (info, last)


def _info(fresh: list[Latest]) -> Metric:
    info = GaugeMetricFamily(
        "nvidia_smi_gpu_info", "1, as nvidia_gpu_exporter has it.", labels=("uuid", "name", "index", "platform")
    )
    for each in fresh:
        info.add_metric((each.gpu, each.model or "", split_gpu(each.gpu)[1], PLATFORM), 1)
    return info
