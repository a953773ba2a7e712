"""A rule as config/alerts.yaml writes it: on what it looks, for how long, and how bad it is."""

from __future__ import annotations

from typing import Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kafka_consumers.alerts.duration import Duration
from kafka_consumers.alerts.matcher import Matcher, Patterns, Subject

Severity = Literal["info", "warning", "critical"]
T = TypeVar("T")


class Strict(BaseModel):
    """Base of what stands in alerts.yaml: a key that does not exist is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Bits(Strict):
    """A bit mask shows at least one of the bits, named in the catalogue's words."""

    metric: str
    any: Patterns = Field(min_length=1)


class Rate(Strict):
    """A metric moves faster than so much ``per`` a time; exactly one of ``rise`` and ``fall``, both positive."""

    metric: str
    per: Duration = Field(gt=0)
    rise: float | None = Field(default=None, gt=0)
    fall: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.rise is None) == (self.fall is None):
            raise ValueError("either rise or fall")
        return self


class Comparison(Strict):
    """One part of ``all``: a level of the catalogue, or a metric beyond a number that means something only here."""

    limit: str | None = None
    metric: str | None = None
    above: float | None = None
    below: float | None = None
    margin: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _one(self) -> Self:
        numbers = (self.above is not None) + (self.below is not None)
        if (self.limit is not None, self.metric is not None, numbers) not in {(True, False, 0), (False, True, 1)}:
            raise ValueError("either limit, or metric with above or below")
        return self


class Anomalies(Strict):
    """Findings of the detectors, by kind, metric and the least severity."""

    kind: Patterns = ()
    metric: Patterns = ()
    severity: Severity = "info"


class When(Strict):
    """What a rule looks at: exactly one key."""

    limit: str | None = None
    """``gpu_temperature critical``: a metric and a level of the catalogue; * in the metric makes one rule of each."""
    bits: Bits | None = None
    rate: Rate | None = None
    all: tuple[Comparison, ...] | None = Field(default=None, min_length=2)
    vanished: str | None = None
    """A metric that this GPU has shown is absent from its readings."""
    silent: Literal["any", "expected"] | None = None
    """No reading at all: of any GPU that was seen, or of those of the inventory, seen or not."""
    anomaly: Anomalies | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"exactly one of {', '.join(type(self).model_fields)}")
        return self


class Terms(NamedTuple):
    """How a rule judges one GPU; durations in microseconds of event time."""

    severity: Severity
    for_: int
    clear_for: int
    clear_margin: float
    min_readings: int
    gap: int
    expire: int


class Defaults(Strict):
    """What a rule takes where it says nothing itself."""

    for_: Duration = Field(alias="for")
    clear_for: Duration
    min_readings: int = Field(ge=1)
    gap: Duration = Field(gt=0)
    """Readings farther apart prove nothing about the time between them."""
    expire: Duration = Field(gt=0)
    """An alert without one value of its metric for so long is resolved: nobody knows any more."""


class Override(Strict):
    """Other terms for a model, where they differ from the rule's."""

    model: str = Field(min_length=2)
    enabled: bool = True
    severity: Severity | None = None
    for_: Duration | None = Field(default=None, alias="for")
    clear_for: Duration | None = None
    clear_margin: float | None = Field(default=None, ge=0)
    min_readings: int | None = Field(default=None, ge=1)


class Rule(Strict):
    """One entry of ``rules``."""

    when: When
    severity: Severity
    summary: str = Field(min_length=10)
    """One sentence for people: what it means."""
    action: str = ""
    """What to do about it."""
    run: tuple[str, ...] = ()
    """Actions of `notifications.actions`, run once per alert."""
    enabled: bool = True
    for_: Duration | None = Field(default=None, alias="for")
    clear_for: Duration | None = None
    clear_margin: float = Field(default=0.0, ge=0)
    min_readings: int | None = Field(default=None, ge=1)
    gap: Duration | None = Field(default=None, gt=0)
    expire: Duration | None = Field(default=None, gt=0)
    match: Matcher = Matcher()
    exclude: tuple[Matcher, ...] = ()
    models: tuple[Override, ...] = ()

    @model_validator(mode="after")
    def _not_everyone(self) -> Self:
        if Matcher() in self.exclude:
            raise ValueError("exclude: each entry with at least one of gpu, host, source, model (enabled: false?)")
        return self

    def terms_for(self, subject: Subject, defaults: Defaults) -> Terms | None:
        """None where the rule is not about this GPU."""
        if not self.enabled or not self.match.matches(subject) or any(e.matches(subject) for e in self.exclude):
            return None
        lowered = (subject.model or "").casefold()
        other = next((each for each in self.models if each.model.casefold() in lowered), _NOTHING_OTHER)
        if not other.enabled:
            return None
        # A finding, or a silence, is whole by itself: there are no further readings to wait for.
        whole = self.when.anomaly is not None
        default_for = 0 if whole else defaults.for_
        default_readings = 1 if whole else defaults.min_readings
        return Terms(
            _first(other.severity, self.severity),
            _first(other.for_, self.for_, default_for),
            clear_for := _first(other.clear_for, self.clear_for, defaults.clear_for),
            _first(other.clear_margin, self.clear_margin),
            _first(other.min_readings, self.min_readings, default_readings),
            _first(self.gap, defaults.gap),
            clear_for if whole else _first(self.expire, defaults.expire),
        )


_NOTHING_OTHER = Override(model="any model")


def _first(*values: T | None) -> T:
    return next(value for value in values if value is not None)
