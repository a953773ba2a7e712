"""What a metric is called in Prometheus: by dcgm-exporter, by nvidia_gpu_exporter, and by us.

The names stand in config/metrics.yaml; here is how they are put together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from telemetry.catalogue import Catalogue, Metric

EXPORTERS: Final = ("dcgm", "nvidia_gpu_exporter")
"""Sources of the catalogue's spellings that are names in Prometheus."""
PREFIX: Final = "gpustream_gpu_"


class Exported(NamedTuple):
    """A name, and what a value there must be multiplied with to become one in the metric's unit."""

    exporter: str
    """One of EXPORTERS, or ``gpustream``."""
    name: str
    factor: float


def own(catalogue: Catalogue, metric: Metric) -> Exported:
    """Our name: in base units, its last word says which."""
    unit = catalogue.unit_of(metric).prometheus
    stem = metric.name.removeprefix("gpu_")
    if unit.name:
        # fan1_speed_percent is a ratio there, fan1_speed_rpm needs its unit but once.
        stem = stem.removesuffix("_percent").removesuffix(f"_{unit.name}") + f"_{unit.name}"
    return Exported("gpustream", PREFIX + stem, 1 / unit.factor)


def foreign(catalogue: Catalogue, metric: Metric) -> Iterator[Exported]:
    """The names of others, of each exporter the newest first."""
    for exporter in EXPORTERS:
        for spelling in metric.spellings.get(exporter, ()):
            factor = catalogue.column(exporter, spelling).factor
            yield Exported(exporter, spelling.partition(" ")[0], factor)
