"""The contract of "what is wrong?": alerts, their history, and what people want done about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from telemetry.reading import Mode

Severity = Literal["info", "warning", "critical"]
State = Literal["firing", "acknowledged", "resolved"]
Action = Literal["acknowledge", "resolve"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One (rule, GPU) from its first breach to its end. Times in microseconds UTC of event time."""

    id: str
    rule: str
    gpu: str
    host: str
    source: str
    model: str | None
    mode: Mode
    """``import``: historical, nobody was told."""
    severity: Severity
    metric: str
    """Empty where it is about the GPU as a whole."""
    state: State
    reason: str
    started: int
    """The first reading in breach."""
    fired: int
    changed: int
    acknowledged: int | None
    resolved: int | None
    acknowledged_by: str | None
    value: float
    worst: float
    threshold: float | None
    message: str
    action: str


class Change(NamedTuple):
    """An alert entered a state."""

    state: str
    reason: str
    time: int
    value: float | None
    message: str
    acknowledged_by: str | None


class Comment(NamedTuple):
    time: int
    by: str
    text: str


class Notification(NamedTuple):
    """A message about the alert that went, or goes, to a contact."""

    time: int
    """Of the last attempt, microseconds UTC (wall clock)."""
    contact: str
    why: str
    """new, resolved, escalated, repeated."""
    arrived: bool
    """False: it is tried again."""
    attempts: int
    detail: str


class ActionRun(NamedTuple):
    """What was run because of the alert."""

    time: int
    action: str
    what: str
    status: str
    """dry_run, done, failed, timeout, interrupted, started."""
    output: str


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for. The alert engine does it, within a second while it runs."""

    id: int
    alert_id: str
    action: Action
    by: str
    comment: str
    time: int
    done: int | None
    """When the engine saw to it; None: not yet."""
    outcome: str | None
    """done; already: it was so before; unknown: the alert is open no more. None while it waits."""


@dataclass(frozen=True, slots=True)
class AlertStory:
    """One alert and everything that happened to it, oldest first."""

    alert: Alert
    changes: tuple[Change, ...]
    comments: tuple[Comment, ...]
    requests: tuple[Request, ...]
    notifications: tuple[Notification, ...]
    actions: tuple[ActionRun, ...]


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts; None and empty: all."""

    gpu: str | None = None
    host: str | None = None
    rule: str | None = None
    severity: Severity | None = None
    states: Sequence[State] = ()
    modes: Sequence[Mode] = ()
    begin: int | None = None
    end: int | None = None
    """By ``started``, microseconds UTC, ``end`` excluded."""


class AlertPage(NamedTuple):
    """Newest first (by ``started``); ``next`` goes into ``after`` of the next call, None: there is no more."""

    alerts: list[Alert]
    next: str | None


@dataclass(frozen=True, slots=True)
class NewSilence:
    """A person's wish not to hear of some alerts: they are kept as always, and nobody is told.

    Patterns with * and ?; all fields that are given must match, by one pattern each; empty: any.
    """

    by: str
    reason: str = ""
    gpu: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    """Ids; needed where ``ends`` is None."""
    starts: int | None = None
    """Microseconds UTC; None: now."""
    ends: int | None = None
    """None: until each alert of ``alerts`` is over."""


@dataclass(frozen=True, slots=True)
class Silence:
    id: int
    wish: NewSilence
    """With ``starts`` filled in."""
    created: int
    removed: int | None
    """Taken back by a person."""


class Alerts(Protocol):
    """Every method asks a server: not for the event loop. Each raises Away, and Missing where an id is unknown."""

    def active(self, modes: Sequence[Mode] = ("live", "demo")) -> list[Alert]:
        """Firing and acknowledged ones, the worst and newest first; at most 1000."""
        ...

    def active_counts(self) -> dict[str, int]:
        """GPU -> how many firing or acknowledged alerts, imports left out."""
        ...

    def page(self, wanted: AlertFilter, *, after: str | None = None, limit: int = 100) -> AlertPage:
        """Raises Rejected(``bad_cursor``) for an ``after`` that is none."""
        ...

    def story(self, alert_id: str) -> AlertStory: ...

    def ask(self, alert_id: str, action: Action, by: str, comment: str = "") -> Request:
        """Leaves a request for the engine; a ``comment`` is kept with the alert when it is done.

        Raises Refused where the alert is resolved already, or acknowledged already.
        """
        ...

    def request(self, number: int) -> Request:
        """What became of one: ask again until ``done``."""
        ...

    def comment(self, alert_id: str, by: str, text: str) -> Comment:
        """Raises Rejected(``empty``) for no words."""
        ...

    def silences(self, *, over: bool = False) -> list[Silence]:
        """Those that hold or will, newest first; with ``over`` the last 500 of all."""
        ...

    def silence(self, new: NewSilence) -> Silence:
        """Raises Rejected(``bad_span``) where it ends before it starts, or has neither end nor alerts."""
        ...

    def end_silence(self, silence_id: int) -> None:
        """From now on people are told again. Raises Missing."""
        ...
