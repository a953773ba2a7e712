"""What the notification stages pass on: alerts on their way to people, and what has been told. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from kafka_consumers.alerts.alert import Alert
from kafka_consumers.alerts.matcher import Matcher

Suppressed = Literal[
    "historical", "demo", "not_fired", "maintenance", "silenced", "inhibited", "no_route", "quiet_hours"
]
Why = Literal["new", "resolved", "escalated", "repeated"]


class Silence(NamedTuple):
    """A person's wish not to hear of some alerts: until ``ends``, or (None) until each of them is over."""

    id: str
    match: Matcher
    rules: tuple[str, ...]
    starts: int
    ends: int | None
    alerts: frozenset[str] = frozenset()
    """Where ``ends`` is None: the alerts that were open when it was made."""


GroupKey = tuple[str, ...]


class Told(NamedTuple):
    """What one contact knows of one group."""

    alerts: frozenset[str] = frozenset()
    """Those told as firing and not yet told as resolved."""
    time: int = 0


@dataclass(frozen=True)
class Situation:
    """Everything that a decision depends on. Times in microseconds UTC."""

    now: int
    alerts: tuple[Alert, ...]
    """Open ones, and those that were resolved since the last decision or are still to be told as such."""
    silences: tuple[Silence, ...] = ()
    told: Mapping[tuple[str, GroupKey], Told] = field(default_factory=dict)
    """(contact, group) -> what it knows."""
    sent: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Contact -> when messages went to it, within the policy's limit of messages."""


class Notice(NamedTuple):
    """One alert on its way to one contact."""

    alert: Alert
    contact: str = ""
    group: GroupKey = ()
    wait: int = 0
    repeat: int = 0
    escalated: bool = False


class Message(NamedTuple):
    """What one contact is to be told now, in one message."""

    contact: str
    group: GroupKey
    why: Why
    firing: tuple[Alert, ...]
    resolved: tuple[Alert, ...]


@dataclass(frozen=True)
class Flow:
    """What the stages hand on: ``notices`` get fewer, ``suppressed`` (alert id -> why) and ``messages`` more."""

    notices: tuple[Notice, ...]
    suppressed: Mapping[str, Suppressed] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    told: Mapping[tuple[str, GroupKey], Told] = field(default_factory=dict)
    """The next ``Situation.told``, once the messages have gone out."""
