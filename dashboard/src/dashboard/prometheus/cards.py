"""One series a GPU, whatever exporter tells of it: ``gpu:METRIC{cluster,host,card}`` in the catalogue's unit.

A GPU that two exporters show (its dcgm-exporter, and gpustream with what it has collected there) is one series, so
that one fault is one alert.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from dashboard.prometheus.rule import Record
from telemetry.catalogue import Catalogue, Metric
from telemetry.exported import Exported, foreign, own

BY = "by (cluster, host, card)"
ON = "on (cluster, host, card)"
FOLLOWS: Final = {
    "gpu_memory_used_percent": "100 * gpu:gpu_memory_used / (gpu:gpu_memory_used + gpu:gpu_memory_free)",
}
"""Metric -> what it is of others, where no exporter tells it (as sources/dcgm/page.py of the producer has it)."""
_HOST_OF_INSTANCE = "(.+?)(?::[0-9]+)?"
_READ_AS_A_SHARE_OR_PERCENT = re.compile(r"DCGM_FI_DEV_.*_RATIO")
"""Named a ratio, while the field behind it counts percent (the producer's sources/dcgm/fields.py does the same)."""


def of(metric: str) -> str:
    """The name of its series."""
    return f"gpu:{metric}"


def card_of(exporter: str, series: str) -> str:
    """``series`` with the labels ``host`` and ``card``."""
    if exporter == "dcgm":
        # As gpustream calls it: host:index.
        joined = f'label_join({series}, "card", ":", "Hostname", "gpu")'
        return f'label_replace({joined}, "host", "$1", "Hostname", "(.*)")'
    if exporter == "nvidia_gpu_exporter":
        named = f'label_replace({series}, "card", "$1", "uuid", "(.*)")'
        return f'label_replace({named}, "host", "$1", "instance", "{_HOST_OF_INSTANCE}")'
    return f'label_replace({series}, "card", "$1", "gpu", "(.*)")'


def series_of(exporter: str, name: str) -> str:
    """What nvidia_gpu_exporter itself tells: of the same names on gpustream's page dcgm's are read."""
    return f'{name}{{platform!="gpustream"}}' if exporter == "nvidia_gpu_exporter" else name


def records(catalogue: Catalogue, metrics: Iterable[Metric]) -> Iterator[Record]:
    """In this order: what follows from others stands behind them."""
    for metric in metrics:
        names = [*foreign(catalogue, metric), own(catalogue, metric)]
        told = f"max {BY} (\n  " + "\n  or\n  ".join(_one(metric, each) for each in names) + "\n)"
        follows = FOLLOWS.get(metric.name)
        yield Record(of(metric.name), f"{told}\nor\n{follows}" if follows else told)


def models() -> Record:
    """``gpu:model`` is 1, with the model as a label."""
    dcgm = 'label_replace({__name__=~"DCGM_FI_DEV_GPU_TEMP(_CELSIUS)?"}, "model", "$1", "modelName", "(.+)")'
    named = series_of("nvidia_gpu_exporter", "nvidia_smi_gpu_info")
    smi = f'label_replace({named}, "model", "$1", "name", "(.+)")'
    told = (
        card_of("dcgm", dcgm),
        card_of("nvidia_gpu_exporter", smi),
        card_of("gpustream", "gpustream_gpu_info"),
    )
    joined = "\n  or\n  ".join(told)
    return Record(of("model"), f"group by (cluster, host, card, model) (\n  {joined}\n)")


def _one(metric: Metric, exported: Exported) -> str:
    series = series_of(exported.exporter, exported.name)
    factor = "" if exported.factor == 1 else f" * {exported.factor:.10g}"
    if exported.exporter == "dcgm":
        # DCGM writes numbers above two thousand million where it has no value; none of them is plausible.
        series = f"({series} <= {metric.plausible[1] / exported.factor:.10g})"
        if _READ_AS_A_SHARE_OR_PERCENT.fullmatch(exported.name):
            whole = f"({exported.name} > 1 <= {metric.plausible[1]:.10g})"
            series, factor = f"({whole} or ({exported.name} <= 1){factor})", ""
    value = f"({series}{factor})" if factor else series
    return card_of(exported.exporter, value)
