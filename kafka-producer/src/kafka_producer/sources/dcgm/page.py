"""The text of a dcgm-exporter's page to values per GPU."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from kafka_producer.sources.dcgm.fields import BLANKS, SPELLED, SUMMED, Field, field_of
from telemetry.errors import Unavailable
from telemetry.reading import label_fault

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.]+(?:[eE][-+]?[0-9]+)?)")
MOST_PARTS: Final = 1024
"""Of a page: a node has 16 cards at most, each in 7 parts. Readings of more would push those of others out of the
buffer in which all wait for Kafka."""
NOTHING: Final[Mapping[str, Mapping[str, str]]] = {}
_JOB_LABELS: Final = {
    "pod": "pod",
    "pod_name": "pod",
    "namespace": "namespace",
    "pod_namespace": "namespace",
    "container": "container",
    "container_name": "container",
    "hpc_job": "job",
}
"""What dcgm-exporter says of the work on a GPU -> the label of a reading (NVIDIA/dcgm-exporter:
internal/pkg/transformation)."""


class Part(NamedTuple):
    """A GPU of a page, or one of the parts (MIG) into which it is divided."""

    host: str
    """Empty where the page does not say."""
    number: str
    """As in the name of a GPU: ``3``, a part ``3.7``."""
    model: str | None
    metrics: dict[str, float]
    labels: dict[str, str]
    """Of the work on it; several pods or jobs with a comma between."""


class Page(NamedTuple):
    """What was read of one page."""

    parts: tuple[Part, ...]
    unknown: tuple[str, ...]
    """Names of DCGM that no metric comes from."""
    blanks: int
    """Values that stood for none."""
    labels: Mapping[str, Mapping[str, str]]
    """All sets of labels, as they stand on the page and read."""


def parse(text: str, before: Mapping[str, Mapping[str, str]] = NOTHING) -> Page:
    """Raises Unavailable where it is no page of an exporter. Samples without a GPU are not of DCGM. ``before``:
    the labels of this page when it was read last; to read them takes as long as to read all the values."""
    all_labels: dict[str, Mapping[str, str]] = {}
    parts: dict[tuple[str, str], Part] = {}
    of_labels: dict[str, Part | None] = {}
    unknown: Counter[str] = Counter()
    blanks = 0
    for line in text.split("\n"):
        if line[:1] == "#":
            continue
        # What is usual is read here, a tenth of the time that the library takes for a line. Each GPU has one set of
        # labels, which stands on every line of it.
        name, _, rest = line.partition("{")
        labels, _, written = rest.rpartition("} ")
        field: Field | None
        try:
            value, part, field = float(written), of_labels[labels], SPELLED[name]
        except (KeyError, ValueError):
            if not (line := line.strip()):
                continue
            try:
                name, labels, value = _sample(line)
                if labels not in of_labels:
                    found = all_labels[labels] = before.get(labels) or _labels(line)
                    of_labels[labels] = _part_of(found, parts)
            except ValueError as error:
                words = " ".join(str(error).split())[:120]
                raise Unavailable(f"what it answers is no page of dcgm-exporter ({words})") from error
            part, field = of_labels[labels], field_of(name)
        if part is None:
            continue
        if field is None:
            unknown[name] += 1
        elif value in BLANKS:
            blanks += 1
        elif field.metric in SUMMED:
            part.metrics[field.metric] = part.metrics.get(field.metric, 0.0) + field.value(value)
        else:
            part.metrics[field.metric] = field.value(value)
    there = tuple(part for part in parts.values() if part.metrics)
    for part in there:
        _complete(part.metrics)
    return Page(there, tuple(sorted(unknown)), blanks, all_labels)


def _sample(line: str) -> tuple[str, str, float]:
    """name, text of the labels, value. Raises ValueError for a line that is no sample."""
    match = _SAMPLE.fullmatch(line)
    if match is not None:
        return match[1], match[2] or "", float(match[3])
    (family,) = text_string_to_metric_families(line)
    (sample,) = family.samples
    return sample.name, line.rpartition("}")[0].partition("{")[2], float(sample.value)


def _labels(line: str) -> Mapping[str, str]:
    (family,) = text_string_to_metric_families(line)
    (sample,) = family.samples
    return sample.labels


def _part_of(labels: Mapping[str, str], parts: dict[tuple[str, str], Part]) -> Part | None:
    """The one of ``parts`` that these labels name, or a new one there; None where they name no GPU.

    Raises ValueError where there are too many.
    """
    if "gpu" not in labels:
        return None
    instance, profile = labels.get("GPU_I_ID", ""), labels.get("GPU_I_PROFILE", "")
    number = f"{labels['gpu']}.{instance}" if instance else labels["gpu"]
    model = labels.get("modelName") or None
    if model and profile:
        model = f"{model} MIG {profile}"
    host = labels.get("Hostname") or labels.get("hostname") or ""
    part = parts.setdefault((host, number), Part(host, number, model, {}, {}))
    if len(parts) > MOST_PARTS:
        raise ValueError(f"more than {MOST_PARTS:,} GPUs")
    _add_work(part.labels, labels)
    return part


def _add_work(known: dict[str, str], labels: Mapping[str, str]) -> None:
    """A GPU that is shared has its lines once for each pod or job."""
    for spelled, name in _JOB_LABELS.items():
        value = labels.get(spelled)
        if not value:
            continue
        there = known[name].split(",") if name in known else []
        whole = ",".join(sorted({*there, value}))
        # What does not fit into a reading is left out: it must not cost the reading.
        if label_fault(name, whole) is None:
            known[name] = whole


def _complete(metrics: dict[str, float]) -> None:
    used, free = metrics.get("gpu_memory_used"), metrics.get("gpu_memory_free")
    if used is not None and free is not None and used + free > 0:
        metrics["gpu_memory_used_percent"] = round(100 * used / (used + free), 3)
