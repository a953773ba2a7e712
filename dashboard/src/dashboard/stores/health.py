"""The contract of "how well is each GPU?": scores, the risk that it fails, what to do, and what happened to it.

Where nothing makes scores (yet), every answer is empty: that is no error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from dashboard.stores.alerts import Severity
from dashboard.stores.history import Span
from telemetry.health import HealthReason
from telemetry.reading import Mode

Kind = Literal["xid", "sxid", "ecc", "remap", "throttle", "lost"]
Action = Literal["keep", "watch", "repair", "move", "retire"]
NOW: tuple[Mode, ...] = ("live", "demo")


@dataclass(frozen=True, slots=True)
class Score:
    """The health of a GPU at a time (microseconds UTC), 0 to 100, 100 best."""

    gpu: str
    host: str
    mode: Mode
    time: int
    score: float
    components: Mapping[str, float]
    """Component -> its own score; one for which there is no evidence is absent."""
    reasons: tuple[HealthReason, ...]
    """The gravest first."""
    version: str


@dataclass(frozen=True, slots=True)
class Risk:
    """How probable it is that a GPU fails within the horizon, as seen at a time."""

    gpu: str
    host: str
    mode: Mode
    time: int
    horizon_hours: int
    probability: float
    model_version: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a GPU, as seen at a time."""

    gpu: str
    host: str
    mode: Mode
    time: int
    action: Action
    yearly_cost: Mapping[str, float]
    """Action -> what it would cost in a year, in ``currency``."""
    currency: str
    reasons: tuple[str, ...]
    flips: tuple[str, ...]
    """What would have to be different for another action to be chosen."""
    version: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a device, a burst of the same as one: first, last (microseconds UTC), count."""

    id: str
    kind: Kind
    number: int
    host: str
    device: str
    gpu: str | None
    """None where the source does not know which one it is."""
    source: str
    mode: Mode
    name: str
    action: str
    severity: Severity
    text: str
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; None and empty: all."""

    gpu: str | None = None
    host: str | None = None
    kinds: Sequence[Kind] = ()
    severity: Severity | None = None
    modes: Sequence[Mode] = ()
    begin: int | None = None
    end: int | None = None


class ScorePage(NamedTuple):
    scores: list[Score]
    next: str | None


class EventPage(NamedTuple):
    events: list[Event]
    next: str | None


class TrendPoint(NamedTuple):
    time: int
    """The beginning of the step, microseconds UTC."""
    score: float
    """The lowest in it: no dip is lost."""


class Health(Protocol):
    """Each method raises Away while the store does not answer."""

    def scores(self, modes: Sequence[Mode] = NOW) -> list[Score]:
        """The newest of each GPU, the worst first."""
        ...

    def history(self, gpu: str, span: Span, *, after: str | None = None, limit: int = 100) -> ScorePage:
        """Newest first. Raises Rejected(``bad_cursor``)."""
        ...

    def trends(self, gpus: Sequence[str], span: Span, steps: int) -> dict[str, list[TrendPoint]]:
        """GPU -> its scores over time, oldest first, at most ``steps`` and one; steps without a score are absent."""
        ...

    def risks(self, modes: Sequence[Mode] = NOW) -> list[Risk]:
        """Those of the newest time of each GPU, the most probable first."""
        ...

    def advice(self, modes: Sequence[Mode] = NOW) -> list[Advice]:
        """The newest of each GPU, by name."""
        ...

    def events(self, wanted: EventFilter, *, after: str | None = None, limit: int = 100) -> EventPage:
        """By their first moment, newest first. Raises Rejected(``bad_cursor``)."""
        ...

    def newest_events(self, gpus: Sequence[str], most: int) -> dict[str, list[Event]]:
        """GPU -> its newest events, at most so many of each; a GPU without any is absent."""
        ...
