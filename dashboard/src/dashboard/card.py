"""The session card: what a log of one GPU says, as values. How it is found stands in card_builder, how it looks in
card_terminal and card_html."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from telemetry.catalogue import Severity


class Moment(NamedTuple):
    """An instant, and how its source wrote it in its own zone."""

    time: int
    """Microseconds UTC."""
    recorded: str | None


class Extreme(NamedTuple):
    value: float
    at: Moment


@dataclass(frozen=True)
class Sensor:
    """One metric over the whole session, in its unit."""

    name: str
    label: str
    kind: str
    """Of the catalogue; empty where it does not know the metric."""
    symbol: str
    decimals: int
    count: int
    lowest: Extreme
    average: float
    highest: Extreme
    is_headline: bool
    """Among the few that a short table shows."""


@dataclass(frozen=True)
class Exceeded:
    """A limit that a sensor was beyond."""

    sensor: Sensor
    severity: Severity
    level: float
    direction: str
    seconds: float
    worst: Extreme
    reason: str
    is_fault: bool
    """False for a limit that only says how busy the card was."""


@dataclass(frozen=True)
class Reason:
    """Something that a bit mask said for some time."""

    words: str
    seconds: float
    is_throttling: bool


@dataclass(frozen=True)
class Throttling:
    seconds: float
    """In which at least one throttling reason stood."""
    reasons: tuple[Reason, ...]
    """All reasons, throttling ones first, longest first."""


@dataclass(frozen=True)
class Energy:
    kwh: float
    cost: float
    currency: str
    seconds: float
    """For which power was known; gaps are not bridged."""
    label: str
    """Of the metric that it comes from."""


@dataclass(frozen=True)
class WorstMinute:
    """The minute with the most trouble; the hottest where there was none."""

    begin: Moment
    averages: tuple[tuple[Sensor, float], ...]
    troubles: tuple[str, ...]
    """What was wrong in it, in words; empty where nothing was."""

    @property
    def title(self) -> str:
        return "Worst minute" if self.troubles else "Hottest minute"


@dataclass(frozen=True)
class Gap:
    begin: Moment
    seconds: float


@dataclass(frozen=True)
class Flagged:
    """Values that the source's reader left out or doubted."""

    why: str
    values: int
    readings: int
    sensors: tuple[str, ...]
    """Labels, the most frequent first."""


@dataclass(frozen=True)
class Quality:
    rows: int
    flagged_rows: int
    missing_rows: int
    """Ordinals that never came, between the first and the last."""
    flags: tuple[Flagged, ...]
    lies: tuple[str, ...]
    """Sensors that cannot be believed, a sentence each."""
    notes: tuple[str, ...]
    """What may be as it should, and may not."""


@dataclass(frozen=True)
class Line:
    """One sensor over time: for each step the lowest, average and highest value, None where there is none."""

    sensor: Sensor
    points: tuple[tuple[float, float, float] | None, ...]


@dataclass(frozen=True)
class Chart:
    """Sensors of one kind and unit. All charts of a card have the same steps."""

    title: str
    symbol: str
    decimals: int
    lines: tuple[Line, ...]
    warning: float | None
    critical: float | None


@dataclass(frozen=True)
class Charts:
    charts: tuple[Chart, ...]
    throttled: tuple[float | None, ...]
    """Of each step, the share that was throttled, 0 to 1; None where the reading before it still stands."""
    moments: tuple[Moment, ...]
    """When each step begins."""
    gaps: tuple[int, ...]
    """Steps before which time is missing: gaps are cut out of the charts."""
    breaks: bool = False
    """Whether a step without a value is a hole; else the value before it still stands, and is drawn through."""


@dataclass(frozen=True)
class Card:
    """What there is to say about one GPU in one session (or several: gaps part them)."""

    gpu: str
    model: str | None
    source: str
    mode: str
    begin: Moment
    end: Moment
    elapsed: float
    """Seconds from the first to the last reading."""
    seconds: float
    """Covered by readings: elapsed without the gaps."""
    interval: float | None
    """The usual distance of two readings; None where there is one only."""
    gaps: tuple[Gap, ...]
    """The longest, longest first."""
    gap_count: int
    sensors: tuple[Sensor, ...]
    exceeded: tuple[Exceeded, ...]
    within: tuple[tuple[Sensor, float], ...]
    """Sensors that stayed within their limits, and the first limit."""
    throttling: Throttling | None
    """None where no sensor says why clocks are low."""
    energy: Energy | None
    no_energy: str
    """Why there is none, in a sentence."""
    worst_minute: WorstMinute | None
    quality: Quality
    charts: Charts
