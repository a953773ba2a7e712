"""What a component of the score can look at, as config/health.yaml writes it: one model per kind of look."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kafka_consumers.alerts.duration import Duration
from kafka_consumers.alerts.rule_config import Severity, Strict

Points = Annotated[float, Field(gt=0, le=100)]


class Look(Strict):
    """Base of all. ``why``: who says so, of every number that stands beside it."""

    why: str = Field(min_length=4)


class Ramp(Look):
    """No points at ``from``, all of them at ``to`` and beyond; ``to`` below ``from``: what is low is bad."""

    begin: float = Field(alias="from")
    to: float
    points: Points

    @model_validator(mode="after")
    def _some_way(self) -> Self:
        if self.begin == self.to:
            raise ValueError("from and to: two numbers")
        return self

    def ramp(self, value: float) -> float:
        share = (value - self.begin) / (self.to - self.begin)
        return self.points * min(1.0, max(0.0, share))


class Level(Ramp):
    """The mean of a metric over the minute."""

    look: Literal["level"]
    metric: str
    words: str


class Limit(Look):
    """How near a metric is to what the card itself says it may have, else to the catalogue's limits of its model."""

    look: Literal["limit"]
    metric: str
    ratings: tuple[str, ...] = ()
    """Metrics that say the limit, the lowest of those that are there counts."""
    within: float = Field(gt=0)
    """Points begin so far below it."""
    points: Points


class Limits(Look):
    """Every metric of some kinds whose limits in the catalogue a healthy card never passes."""

    look: Literal["limits"]
    kinds: tuple[str, ...] = Field(min_length=1)
    points: Points
    """Of the one that is worst."""


class Comparison(Ramp):
    """A metric at the load that it has, against what this GPU usually shows there and against its peers."""

    look: Literal["comparison"]
    metric: str
    load: str
    percent: bool = False
    """Whether ``from`` and ``to`` are percent of the usual, not the metric's unit."""
    bands: tuple[str, ...] = ()
    """Bands of load (telemetry/detection.py) in which it means something; none: in all."""


class Bits(Look):
    """Share of the minute in which a bit of a mask is set; points per bit, all of them from ``all_from`` on."""

    look: Literal["bits"]
    metric: str
    points: dict[int, Points] = Field(min_length=1)
    least: float = Field(ge=0, lt=1)
    all_from: float = Field(gt=0, le=1)


class Growth(Look):
    """What a counter of ``events.counters`` has grown by, within a time; it ages out."""

    look: Literal["growth"]
    counter: str
    words: str
    window: Duration = Field(gt=0)
    least: float = Field(default=0, ge=0)
    """More than so many count."""
    first: Points
    each: float = Field(ge=0)
    """Of every one beyond the first."""
    points: Points
    """At the most."""


class PerLane(Strict):
    """What a link may do per minute and lane, by its generation."""

    generation: str
    width: str
    rates: dict[int, float] = Field(min_length=1)


class Rate(Ramp):
    """How often a counter of ``events.counters`` counts per minute, on average over ``window``; with ``allowed`` in
    multiples of what the link may do."""

    look: Literal["rate"]
    counter: str
    words: str
    window: Duration = Field(gt=0)
    allowed: PerLane | None = None


class Narrowed(Ramp):
    """The share of what it could be: of ``of`` where the source says it, else of the most that this GPU has shown."""

    look: Literal["narrowed"]
    metric: str
    of: str | None = None
    words: str
    load: str | None = None
    """A metric of load: judged only while it is at ``at_load`` or above, because cards at rest save power."""
    at_load: float = 0


class Keep(Strict):
    """Points of one incident on its day, none any more after ``keep``."""

    points: Points
    keep: Duration = Field(gt=0)


class Incidents(Look):
    """Events of the GPU, by how grave they are; the newest of each kind and number counts."""

    look: Literal["incidents"]
    severities: dict[Severity, Keep]
    ignored: tuple[str, ...] = ()
    """Actions of config/xid.yaml whose events cost nothing."""


class Flagged(Ramp):
    """Share of the minute's readings in which a sensor was dropped for one of these reasons, one that also works."""

    look: Literal["flagged"]
    flags: tuple[str, ...] = Field(min_length=1)
    words: str


AnyLook = Annotated[
    Level | Limit | Limits | Comparison | Bits | Growth | Rate | Narrowed | Incidents | Flagged,
    Field(discriminator="look"),
]
