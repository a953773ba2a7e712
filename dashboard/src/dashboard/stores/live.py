"""The contract of "what is happening now?": the last minutes of every GPU, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from telemetry.messages import AlertChange, PipelineReport
from telemetry.reading import Mode

SPARK_SECONDS = 600
"""How far back a sparkline goes."""
SPARK_STEP = 5
"""Seconds from one point of a sparkline to the next: at most 120 points."""


class SparkPoint(NamedTuple):
    time: int
    """Microseconds UTC, when it arrived; a multiple of SPARK_STEP."""
    value: float
    """The last one of that step, in the metric's unit."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest reading of a GPU. A GPU that also runs live is not shown by the imports of its old logs."""

    gpu: str
    host: str
    source: str
    mode: Mode
    model: str | None
    time: int
    """Of the reading, microseconds UTC."""
    arrived: int
    """In Kafka, microseconds UTC: how old this is goes by it, for imports too."""
    metrics: Mapping[str, float]
    flags: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveState:
    """How the feed itself is."""

    state: Literal["starting", "live", "away"]
    """``away``: Kafka does not answer; what is known is still told, and grows old."""
    detail: str
    readings_per_second: float
    gpus: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What came since the last look of one subscriber."""

    readings: tuple[Latest, ...] = ()
    """At most one per GPU: the newest."""
    alerts: tuple[AlertChange, ...] = ()
    """In their order."""
    missed: int = 0
    """Alert changes that were too many to keep for so slow a subscriber: ask the store of alerts."""

    def __bool__(self) -> bool:
        return bool(self.readings or self.alerts or self.missed)


class Subscription(Protocol):
    """One subscriber's place. It costs nothing while nobody looks, and needs no end."""

    def take(self) -> Changes:
        """What is new, at once; empty where nothing is. For a page: from a timer of a second."""
        ...


class Live(Protocol):
    """Nothing here waits or raises: safe to call on the event loop."""

    def state(self) -> LiveState: ...

    def gpus(self) -> list[Latest]:
        """Every GPU heard of in the last minutes, by name."""
        ...

    def gpu(self, gpu: str) -> Latest | None: ...

    def sparkline(self, gpu: str, metric: str) -> list[SparkPoint]:
        """The last 10 minutes, oldest first; steps without a value are absent. Empty for imports."""
        ...

    def alert_changes(self) -> list[AlertChange]:
        """The last few hundred, newest first; of what is open now, the store of alerts knows."""
        ...

    def pipeline(self) -> list[PipelineReport]:
        """The newest report of each process."""
        ...

    def subscribe(self, gpu: str | None = None) -> Subscription:
        """From now on. With ``gpu`` only its readings, at a cost that does not depend on how many others there are."""
        ...
