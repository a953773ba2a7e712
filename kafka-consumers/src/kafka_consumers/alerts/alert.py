"""The alert and its changes: plain values, so that state can be stored and compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kafka_consumers.alerts.matcher import Subject
from kafka_consumers.alerts.rule_config import Severity
from telemetry.reading import Mode
from telemetry.timestamp import format_time

State = Literal["pending", "firing", "acknowledged", "resolved"]
Reason = Literal[
    "breach",  # pending: the first reading beyond the limit
    "storm",  # pending: it would fire, but this GPU has raised too many in too short a time
    "held",  # firing: the condition held for `for` and `min_readings`
    "flapping",  # firing: again, and so often that it stays open until it has been calm
    "silent",  # firing: no reading for `for`
    "by_hand",  # acknowledged or resolved by a person
    "cleared",  # resolved: clear by the margin for `clear_for`
    "not_held",  # resolved from pending: it did not hold
    "gap",  # resolved from pending: readings too far apart to prove that it held
    "no_data",  # resolved: no value for `expire`
    "recording_ended",  # resolved: an import's last reading was still in breach
    "rule_removed",  # resolved: no rule of this name is about this GPU any more
    "clock_set_back",  # resolved from pending: the sender's clock was set right
]


@dataclass(frozen=True, slots=True)
class Alert:
    """One (rule, GPU) from its first breach to its end. Times in microseconds UTC of event time."""

    id: str
    rule: str
    subject: Subject
    mode: Mode
    severity: Severity
    metric: str
    state: State
    reason: Reason
    changed: int
    started: int
    """The first reading in breach, or the last reading before a silence."""
    seen: int
    """The last reading that told something about it."""
    readings: int
    """In breach, one after the other, while pending."""
    value: float
    worst: float
    threshold: float | None
    message: str
    action: str
    fired: int | None = None
    """None: never; such an alert is not stored, and nobody is told of it."""
    clear_since: int | None = None
    acknowledged_by: str | None = None
    flaps: bool = False
    """It fired as flapping: whatever becomes of its state, it is open until it has been calm."""

    @property
    def is_historical(self) -> bool:
        """Of an import: it tells what would have been raised then."""
        return self.mode == "import"


class Change(NamedTuple):
    """An alert entered a state; the state, reason and time are the alert's own."""

    alert: Alert

    @property
    def is_recorded(self) -> bool:
        """Whether it goes to the store: alerts that never fired are nobody's business."""
        return self.alert.fired is not None


def alert_id(rule: str, gpu: str, started: int) -> str:
    """The same for the same (rule, GPU, start), whoever computes it, whenever."""
    return hashlib.sha256(f"{rule}\n{gpu}\n{format_time(started)}".encode()).hexdigest()[:20]
