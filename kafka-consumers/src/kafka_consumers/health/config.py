"""config/health.yaml: what becomes an event, and what each component of the score looks at, judged against the
catalogue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from kafka_consumers.alerts.duration import Duration
from kafka_consumers.alerts.rule_config import Strict
from kafka_consumers.events.config import EventRules
from kafka_consumers.health.finding_config import (
    AnyLook,
    Bits,
    Comparison,
    Growth,
    Level,
    Limit,
    Limits,
    Narrowed,
    Rate,
)
from telemetry import config_file
from telemetry.catalogue import Catalogue
from telemetry.detection import LOAD_BANDS
from telemetry.errors import Misconfigured


class Clocks(Strict):
    late: Duration
    """A reading behind another source's newest by more than this is not judged."""
    ahead: Duration
    """A sender whose clock is ahead by more than this may set it back."""
    over: Duration = Field(gt=0)
    """A minute is over when so much more has passed without a reading."""
    resume: Duration
    """After a start, or when Kafka was away for as long, no GPU is lost for so long."""


class Usual(Strict):
    """What is usual of a GPU, and of its peers: the same model in the same mode."""

    after: Duration = Field(gt=0)
    """Its own past counts once it is so long, in the same band of load."""
    memory: Duration = Field(gt=0)
    """What is older than this weighs little."""
    peers: int = Field(ge=3)
    """So many GPUs of a model, itself included, make peers."""


class Component(Strict):
    most: float = Field(gt=0, le=100)
    """What it takes from the score at the most."""
    findings: dict[str, AnyLook] = Field(min_length=1)


class HealthFile(Strict):
    version: int = Field(ge=1)
    clocks: Clocks
    events: EventRules
    usual: Usual
    carry: Duration
    """A finding that cannot be made in this minute stands as it was for so long."""
    least: float = Field(ge=0)
    """What takes less is not worth a sentence."""
    components: dict[str, Component] = Field(min_length=1)


class HealthConfig(NamedTuple):
    file: HealthFile
    version: str
    """Of the rules: the file's own, and what it says."""


def load(path: Path, catalogue: Catalogue) -> HealthConfig:
    """Raises Misconfigured with file, key and value."""
    file = config_file.load(path, HealthFile)
    for name in sorted(file.events.metrics()):
        _metric(f"{path}: events", name, catalogue)
    for name in file.events.throttle.metrics:
        if not catalogue[name].bits:
            raise Misconfigured(f"{path}: events.throttle.metrics", repr(name), "a bit mask of metrics.yaml")
    for component, of in file.components.items():
        for key, look in of.findings.items():
            _check(f"{path}: components.{component}.findings.{key}", look, file, catalogue)
    digest = hashlib.sha256(file.model_dump_json().encode()).hexdigest()[:8]
    return HealthConfig(file, f"{file.version}-{digest}")


def metrics_of(look: AnyLook, catalogue: Catalogue) -> Iterator[str]:
    """All that a look reads."""
    if isinstance(look, Level | Limit | Comparison | Bits | Narrowed):
        yield look.metric
    if isinstance(look, Limit):
        yield from look.ratings
    if isinstance(look, Comparison):
        yield look.load
    if isinstance(look, Narrowed):
        yield from filter(None, (look.of, look.load))
    if isinstance(look, Rate) and look.allowed is not None:
        yield from (look.allowed.generation, look.allowed.width)
    if isinstance(look, Limits):
        yield from limited(look, catalogue)


def limited(look: Limits, catalogue: Catalogue) -> list[str]:
    """The metrics of its kinds whose limits no healthy card passes, of any model."""
    return [
        metric.name
        for metric in catalogue
        if metric.kind in look.kinds and metric.limits is not None and not metric.limits.expected
    ]


def _check(where: str, look: AnyLook, file: HealthFile, catalogue: Catalogue) -> None:
    for name in metrics_of(look, catalogue):
        _metric(where, name, catalogue)
    if isinstance(look, Growth | Rate) and look.counter not in file.events.counters:
        raise Misconfigured(f"{where}.counter", repr(look.counter), f"one of {sorted(file.events.counters)}")
    if isinstance(look, Bits) and (unknown := sorted(set(look.points) - set(catalogue[look.metric].bits))):
        raise Misconfigured(f"{where}.points", str(unknown), f"bits of {look.metric} in metrics.yaml")
    if isinstance(look, Bits) and look.all_from <= look.least:
        raise Misconfigured(f"{where}.all_from", str(look.all_from), f"more than least ({look.least:g})")
    if isinstance(look, Comparison) and (unknown_bands := sorted(set(look.bands) - set(LOAD_BANDS))):
        raise Misconfigured(f"{where}.bands", str(unknown_bands), f"some of {list(LOAD_BANDS)}")
    if isinstance(look, Limits) and (unknown_kinds := sorted(set(look.kinds) - set(catalogue.kinds))):
        raise Misconfigured(f"{where}.kinds", str(unknown_kinds), f"some of {sorted(catalogue.kinds)}")


def _metric(where: str, name: str, catalogue: Catalogue) -> None:
    if catalogue.get(name) is None:
        raise Misconfigured(where, repr(name), "the name of a metric of metrics.yaml")
