"""The part ``events`` of config/health.yaml: which metrics tell of what, and how long a burst lasts."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from kafka_consumers.alerts.duration import Duration
from kafka_consumers.alerts.rule_config import Severity, Strict


class Told(Strict):
    """What the event is: by the row of config/xid.yaml that means the same, or in its own words."""

    kind: Literal["ecc", "remap", "throttle", "lost"]
    number: int = Field(ge=0, le=1_000_000)
    xid: int | None = None
    name: str = ""
    action: str = ""
    severity: Severity | None = None
    why: str = Field(min_length=4)
    """Who says so."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.xid is None and not (self.name and self.action and self.severity):
            raise ValueError("xid, or all of name, action and severity")
        return self


class CounterRule(Strict):
    """Counters of one thing, the best first: the first of them that a source has is followed."""

    metrics: tuple[str, ...] = Field(min_length=1)
    words: str
    """What is counted, in the plural."""
    event: Told | None = None
    """None: worth nothing by itself, only its rate."""


class GaugeRule(Strict):
    """Something happens when it leaves 0."""

    metric: str
    event: Told


class ThrottleRule(Strict):
    """Bit masks that say why clocks are held back: the catalogue knows which bits are no healthy card's."""

    metrics: tuple[str, ...]
    min_readings: int = Field(ge=1)
    """A bit is an event once so many readings of a burst have it."""
    severity: Severity
    action: str
    actions: dict[int, str] = Field(default_factory=dict)
    """Of single bits."""


class XidRule(Strict):
    last: str
    """The metric with the number of the last one."""
    recent: str
    """The metric with how many there were lately."""


class LostRule(Strict):
    """When a GPU is lost. Nothing is said of sources that end by nature, such as logs."""

    sources: tuple[str, ...]
    gpu_for: Duration = Field(gt=0)
    """Silent for so long, while others of its node go on."""
    node_for: Duration = Field(gt=0)
    """All of a node silent for so long; a planned reboot takes less."""
    min_consecutive: int = Field(ge=1)
    """So many readings in a row must be missing at least."""
    event: Told
    node_event: Told
    """Of a whole node: one for all of its GPUs, whose health it says nothing about."""


class EventRules(Strict):
    gap: Duration = Field(gt=0)
    """A longer silence ends a burst."""
    tell_every: Duration = Field(gt=0)
    """A burst that goes on is told again so often at the most."""
    counters: dict[str, CounterRule]
    gauges: tuple[GaugeRule, ...]
    throttle: ThrottleRule
    xid: XidRule
    lost: LostRule

    def metrics(self) -> set[str]:
        """All that are named."""
        named = {name for rule in self.counters.values() for name in rule.metrics}
        return (
            named
            | {rule.metric for rule in self.gauges}
            | set(self.throttle.metrics)
            | {self.xid.last, self.xid.recent}
        )
