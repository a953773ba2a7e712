"""The contract of "what was measured?": readings, windows and anomalies of any time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from telemetry.messages import Anomaly
from telemetry.reading import Mode

MOST_POINTS = 2000
"""Of one series in one answer."""


class Span(NamedTuple):
    """From ``begin`` to before ``end``, microseconds UTC."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class KnownGpu:
    """A GPU of which there are readings."""

    gpu: str
    host: str
    source: str
    modes: frozenset[Mode]
    first: int
    last: int
    """Times of its oldest and newest reading, microseconds UTC."""
    metrics: tuple[str, ...]
    """By name; those that the catalogue does not know among them."""


class SeriesPoint(NamedTuple):
    """A step of a series: of one reading all three values are its own."""

    time: int
    """Microseconds UTC: of the reading, or the beginning of the step."""
    low: float
    average: float
    """Of a bit mask the highest value: its average says nothing."""
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one GPU, in its unit; the extremes of each step are kept, so that no peak is lost."""

    metric: str
    step: int
    """Microseconds; 0: every reading is there."""
    source: str
    """``readings`` or ``windows`` (30 s aggregates, for long spans)."""
    points: tuple[SeriesPoint, ...]


class Row(NamedTuple):
    """A reading as the store keeps it: without flags and recorded time."""

    time: int
    host: str
    source: str
    row: int
    metrics: Mapping[str, float]


class WindowRow(NamedTuple):
    """An aggregate of one metric over one window of 30 s."""

    start: int
    metric: str
    average: float
    low: float
    high: float
    readings: int


class History(Protocol):
    """Every method asks a server: not for the event loop. Each raises Away, and Rejected for arguments that make no
    sense (``bad_span``, ``bad_name``, ``bad_step``)."""

    def gpus(self) -> list[KnownGpu]:
        """By name; up to 30 s old."""
        ...

    def series(
        self, gpu: str, metrics: Sequence[str], span: Span, *, step: int | None = None, limit: int = MOST_POINTS
    ) -> list[Series]:
        """One per metric, in their order, empty where there is nothing; at most ``limit`` points each.

        ``step`` (microseconds) None: as fine as the limit allows. Names that nobody has heard of are no error.
        """
        ...

    def fields(self, gpu: str, span: Span) -> list[str]:
        """Metrics of which there are readings in the span, by name."""
        ...

    def readings(self, gpu: str, span: Span) -> Iterator[list[Row]]:
        """All of them, oldest first, in pieces that fit in memory: for exports and cards. Raises while iterated."""
        ...

    def recent(self, gpu: str, limit: int = 100) -> list[Row]:
        """The last ``limit`` of them, newest first."""
        ...

    def windows(self, gpu: str, span: Span, metrics: Sequence[str] = (), limit: int = 10_000) -> list[WindowRow]:
        """Oldest first; no ``metrics``: all."""
        ...

    def anomalies(self, span: Span, *, gpu: str | None = None, limit: int = 1000) -> list[Anomaly]:
        """Those that began in the span, newest first."""
        ...
