"""All that is known of the health of one GPU, live, in the demonstration, or in one imported log.

Stored as JSON with Kafka's position, loaded after a start. It is changed in place, because a fleet changes a thousand
of them a second; who could not store a change must load it anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import TypeAdapter

from kafka_consumers.admission import Times
from kafka_consumers.alerts.rule_config import Severity
from kafka_consumers.alerts.track import track_of_reading
from kafka_consumers.events.edges import Edges
from kafka_consumers.events.words import About
from kafka_consumers.health.minute import Minute
from telemetry.reading import Mode, Reading


@dataclass(slots=True)
class Usual:
    """A running mean over ``minutes``."""

    minutes: int
    mean: float


@dataclass(slots=True)
class Held:
    """What one finding came to in the last minutes."""

    raw: list[float]
    """Points of the last two minutes in which it could be made, the older first."""
    points: float
    """What counted in the last."""
    sentence: str
    at: int
    """The minute in which it could be made last."""


@dataclass(slots=True)
class Incident:
    """Times in microseconds UTC."""

    kind: str
    number: int
    name: str
    action: str
    severity: Severity
    last: int
    count: int


@dataclass(slots=True)
class Absence:
    """A GPU that is lost."""

    since: int
    told: int
    text: str
    is_node: bool
    """It was told once for its whole node."""


@dataclass(slots=True)
class Track:
    """Times in microseconds UTC."""

    name: str
    """``live``, ``demo`` or ``import/<origin>``."""
    gpu: str
    host: str
    source: str
    model: str | None
    mode: Mode
    clock: int
    arrived: int
    seen: dict[str, int] = field(default_factory=dict)
    every: int = 0
    """What lies between two of its readings, by Kafka's clock; 0: not known yet."""
    edges: Edges = field(default_factory=Edges)
    grown: dict[str, dict[int, float]] = field(default_factory=dict)
    """Finding -> begin of a part of its window -> what the counter grew by in it."""
    minute: Minute | None = None
    closed: int = 0
    """Start of the last minute that has a score."""
    band: str = ""
    """Its load in that minute."""
    held: dict[str, Held] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)
    """The most that a metric has shown."""
    usual: dict[str, Usual] = field(default_factory=dict)
    """``metric/band`` -> what it usually shows there."""
    incidents: dict[str, Incident] = field(default_factory=dict)
    lost: Absence | None = None

    @property
    def times(self) -> Times:
        return Times(self.clock, self.arrived, self.seen)

    @property
    def about(self) -> About:
        return About(self.gpu, self.host, self.source, self.mode)

    @property
    def is_open(self) -> bool:
        """Whether time alone will still say something of it."""
        return self.minute is not None or bool(self.edges.bursts)

    def encode(self) -> bytes:
        """As JSON."""
        return _JSON.dump_json(self)

    @classmethod
    def decode(cls, raw: bytes) -> Track:
        """The inverse of :meth:`encode`. Raises pydantic's ValidationError for anything else."""
        return _JSON.validate_json(raw)


_JSON = TypeAdapter(Track)


def new(reading: Reading, arrived: int) -> Track:
    return Track(
        track_of_reading(reading), reading.gpu, reading.host, reading.source, reading.model, reading.mode,
        reading.time - 1, arrived,
    )  # fmt: skip
