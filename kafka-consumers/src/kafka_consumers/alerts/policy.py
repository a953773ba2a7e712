"""Who is told of what, when: maintenance, inhibition, contacts, routes, quiet hours, escalation. Data only."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from kafka_consumers.alerts.duration import Duration
from kafka_consumers.alerts.matcher import Matcher, Patterns
from kafka_consumers.alerts.rule_config import Severity, Strict
from telemetry.timestamp import SECOND, parse_time

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _clock_time(value: object) -> time:
    # YAML reads a bare 22:00 as 1320 (sexagesimal): ask for quotes rather than guess.
    if type(value) is not str:
        raise ValueError('a time of day in quotes, such as "22:00"')
    try:
        return datetime.strptime(value, "%H:%M").time()
    except ValueError as error:
        raise ValueError('a time of day such as "22:00"') from error


def _instant(value: object) -> int:
    if type(value) is not str:
        raise ValueError('an instant in quotes, such as "2026-12-24T18:00:00Z"')
    return parse_time(value)


class Hours(Strict):
    """Hours that come again, each day or on some days, in a zone; ``to`` at or before ``from``: over midnight."""

    from_: Annotated[time, BeforeValidator(_clock_time)] = Field(alias="from")
    to: Annotated[time, BeforeValidator(_clock_time)]
    days: tuple[Day, ...] = DAYS
    """The days on which they begin."""
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            return ZoneInfo(value).key
        except (ValueError, OSError, KeyError) as error:
            raise ValueError("a zone of the IANA database such as Europe/Berlin") from error

    def cover(self, instant: int) -> bool:
        """Whether ``instant`` (microseconds UTC) lies within."""
        local = datetime.fromtimestamp(instant / SECOND, UTC).astimezone(ZoneInfo(self.time_zone))
        now, today, yesterday = local.time(), self._begins(local), self._begins(local - timedelta(days=1))
        if self.from_ < self.to:
            return today and self.from_ <= now < self.to
        return (today and now >= self.from_) or (yesterday and now < self.to)

    def _begins(self, day: datetime) -> bool:
        return DAYS[day.weekday()] in self.days


class Maintenance(Strict):
    """Planned work: alerts of these GPUs are recorded, and nobody is told. Once, or by the hours."""

    name: str
    match: Matcher = Matcher()
    hours: Hours | None = None
    starts: Annotated[int, BeforeValidator(_instant)] | None = None
    ends: Annotated[int, BeforeValidator(_instant)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        once = self.starts is not None and self.ends is not None
        if once == (self.hours is not None) or (self.starts is None) != (self.ends is None):
            raise ValueError("either hours, or starts and ends")
        if self.starts is not None and self.ends is not None and not self.starts < self.ends:
            raise ValueError("starts before ends")
        return self

    def covers(self, instant: int) -> bool:
        if self.hours is not None:
            return self.hours.cover(instant)
        return (self.starts or 0) <= instant < (self.ends or 0)


class Which(Strict):
    """Alerts by rule, metric and severity."""

    rule: Patterns = ()
    severity: Severity | None = None


class Inhibition(Strict):
    """While an alert of ``by`` is open, those of ``hides`` that agree with it in all of ``same`` are not told."""

    by: Which
    hides: Which
    same: tuple[Literal["gpu", "host", "metric"], ...] = Field(min_length=1)


SettingName = Annotated[str, Field(pattern=r"^NOTIFY_[A-Z0-9_]+$")]
"""A setting of the user's own, in .env; the prefix tells it from a misspelt one."""


class Contact(Strict):
    """Somebody who can be told; ``url_setting`` names the setting with the address, which is a secret."""

    kind: Literal["apprise", "webhook", "alertmanager"] = "apprise"
    url_setting: SettingName
    secret_setting: SettingName | None = None
    """Of a webhook: the setting with what its messages are signed with."""
    resolved: bool = True
    """Whether to tell, too, that it is over."""

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if (self.kind == "webhook") != (self.secret_setting is not None):
            raise ValueError("secret_setting with kind: webhook, and only there")
        return self


class Action(Strict):
    """What a rule can run: a command, word by word without a shell, or a signed webhook."""

    command: tuple[str, ...] = ()
    url_setting: SettingName | None = None
    secret_setting: SettingName | None = None
    timeout: Duration = Field(default="30s", gt=0, validate_default=True)
    dry_run: bool = True
    """Only write down what would be run."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.command) == (self.url_setting is not None) or (self.url_setting is None) != (
            self.secret_setting is None
        ):
            raise ValueError("either command, or url_setting and secret_setting")
        return self


class Escalation(Strict):
    """Nobody has acknowledged it for so long: tell these, too."""

    after: Duration = Field(gt=0)
    contacts: tuple[str, ...] = Field(min_length=1)


class Route(Strict):
    """The first route that matches an alert says who is told of it; no contacts: nobody."""

    match: Matcher = Matcher()
    rule: Patterns = ()
    severity: tuple[Severity, ...] = ()
    contacts: tuple[str, ...] = ()
    quiet_hours: Hours | None = None
    """What fires in these hours is told after them, if it is still open then."""
    group_by: tuple[Literal["host", "gpu", "rule", "severity"], ...] = ()
    wait: Duration = 0
    """How long the first message of a group waits for others."""
    repeat: Duration = Field(default=0, ge=0)
    """An open alert is told again after so long; 0: never."""
    escalate: tuple[Escalation, ...] = ()


class Policy(Strict):
    """All of it."""

    maintenance: tuple[Maintenance, ...] = ()
    inhibit: tuple[Inhibition, ...] = ()
    contacts: dict[str, Contact] = Field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    actions: dict[str, Action] = Field(default_factory=dict)
    most_messages: int = Field(default=20, ge=1)
    """To one contact within `most_messages_within`; the rest waits and is told together."""
    most_messages_within: Duration = Field(default="1h", gt=0, validate_default=True)

    @model_validator(mode="after")
    def _known_contacts(self) -> Self:
        for number, route in enumerate(self.routes):
            for name in (*route.contacts, *(each for step in route.escalate for each in step.contacts)):
                if name not in self.contacts:
                    raise ValueError(f"routes.{number}: contact {name!r} that stands under contacts")
        return self
