"""All alerts of one track: what one GPU shows live, in the demonstration, or in one imported log. Pure.

A track is a value: stored as JSON after each batch, loaded after a restart. ``Judge`` makes the next one of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from kafka_consumers.alerts.alert import Alert
from kafka_consumers.alerts.conditions import Past
from kafka_consumers.alerts.matcher import Subject
from telemetry.messages import Anomaly
from telemetry.reading import Mode, Reading


@dataclass(frozen=True, slots=True)
class Track:
    """Times in microseconds UTC. Mappings are never changed, only replaced."""

    name: str
    """``live``, ``demo`` or ``import/<origin>``; anomalies have tracks of their own, for their times come later."""
    subject: Subject
    mode: Mode
    clock: int
    """The event time up to which it has been judged; of a GPU that was never seen, since when it is expected."""
    arrived: int
    """Kafka's time of the newest reading that was judged."""
    readings: int = 0
    seen: Mapping[str, int] = field(default_factory=dict)
    """Origin -> its newest reading. An origin that is too far behind the clock is forgotten: it would be late. Of
    findings: ``id/severity`` -> its latest end."""
    alerts: Mapping[str, Alert] = field(default_factory=dict)
    """Rule -> its one alert that is not resolved."""
    past: Mapping[str, Past] = field(default_factory=dict)
    """Rule -> what its condition remembers."""
    firings: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Rule -> when it fired, as far back as flapping and storms are counted."""

    def encode(self) -> bytes:
        """As JSON."""
        return _JSON.dump_json(self)

    @classmethod
    def decode(cls, raw: bytes) -> Track:
        """The inverse of :meth:`encode`. Raises pydantic's ValidationError for anything else."""
        return _JSON.validate_json(raw)


_JSON = TypeAdapter(Track)


def track_of_reading(reading: Reading) -> str:
    """Imports come in any order, old ones after new ones: each log has a clock of its own."""
    return f"import/{reading.origin}" if reading.mode == "import" else reading.mode


def track_of_anomaly(anomaly: Anomaly) -> str:
    """As above; a finding does not tell its log, its day stands for it."""
    return f"import/anomalies/{anomaly.start[:10]}" if anomaly.mode == "import" else f"{anomaly.mode}/anomalies"


def time_on(track: Track, now: int) -> int:
    """``now`` by the track's own clock: a sender's clock may be off, but time passes for all alike.

    An import's clock stands still: it tells of another time.
    """
    return track.clock if track.mode == "import" else track.clock + max(0, now - track.arrived)
