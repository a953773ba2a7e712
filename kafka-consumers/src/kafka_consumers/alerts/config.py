"""config/alerts.yaml: the rules and who is told, judged against the catalogue."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from kafka_consumers.alerts.duration import Duration
from kafka_consumers.alerts.policy import Policy
from kafka_consumers.alerts.rule_config import Comparison, Defaults, Rule, Strict
from kafka_consumers.alerts.rules import RuleSet, metrics_of
from telemetry import config_file
from telemetry.catalogue import Catalogue
from telemetry.errors import Misconfigured, Rejected
from telemetry.reading import gpu_name

_LEVELS = ("warning", "critical")


class Clocks(Strict):
    """How far apart the clocks of a GPU's sources may be."""

    late: Duration
    """A reading behind another source's newest by more than this is not judged."""
    ahead: Duration
    """A sender whose clock is ahead by more than this may set it back."""
    recording_ended: Duration = Field(gt=0)
    """An import of which nothing has arrived for so long has ended."""
    resume: Duration = Field(default="1m", validate_default=True)
    """After a start, or when Kafka was away for as long, time alone raises nothing for so long."""


class Flapping(Strict):
    """A rule that fires so often stays open until it has been calm for ``quiet``."""

    firings: int = Field(ge=2)
    within: Duration = Field(gt=0)
    quiet: Duration


class Storm(Strict):
    """One GPU raises no more than so many alerts within a time; critical ones always."""

    alerts: int = Field(ge=1)
    within: Duration = Field(gt=0)


class Expected(Strict):
    """A machine of the inventory and how many GPUs it has: ``host:0`` upwards."""

    host: str
    gpus: int = Field(ge=1, le=1024)


class Reports(Strict):
    """Who gets the page of each day, and that of each week."""

    daily: tuple[str, ...] = ()
    weekly: tuple[str, ...] = ()

    @property
    def contacts(self) -> dict[str, tuple[str, ...]]:
        """By the kind of report."""
        return {"daily": self.daily, "weekly": self.weekly}


class AlertsFile(Strict):
    """The whole file."""

    defaults: Defaults
    clocks: Clocks
    flapping: Flapping
    storm: Storm
    inventory: tuple[Expected, ...] = ()
    rules: dict[str, Rule]
    notifications: Policy = Policy()
    reports: Reports = Reports()

    @property
    def expected_gpus(self) -> tuple[str, ...]:
        return tuple(f"{each.host}:{index}" for each in self.inventory for index in range(each.gpus))


class AlertConfig:
    """The file, and its rules over the catalogue."""

    def __init__(self, file: AlertsFile, catalogue: Catalogue) -> None:
        self.file = file
        self.rules = RuleSet(file.rules, file.defaults, catalogue)
        self.expected = frozenset(file.expected_gpus)


def load(path: Path, catalogue: Catalogue) -> AlertConfig:
    """Raises Misconfigured with file, key and value."""
    file = config_file.load(path, AlertsFile)
    for number, each in enumerate(file.inventory):
        try:
            gpu_name(each.host, "0")
        except Rejected as error:
            raise Misconfigured(f"{path}: inventory.{number}.host", repr(each.host), error.detail) from error
    for name, rule in file.rules.items():
        _check(f"{path}: rules.{name}", rule, catalogue)
        for action in rule.run:
            if action not in file.notifications.actions:
                known = list(file.notifications.actions)
                raise Misconfigured(f"{path}: rules.{name}.run", repr(action), f"one of notifications.actions: {known}")
    for kind, names in file.reports.contacts.items():
        for number, name in enumerate(names):
            _check_contact(f"{path}: reports.{kind}.{number}", name, file.notifications)
    return AlertConfig(file, catalogue)


def _check_contact(where: str, name: str, policy: Policy) -> None:
    known = [each for each, contact in policy.contacts.items() if contact.kind != "alertmanager"]
    if name not in known:
        raise Misconfigured(where, repr(name), f"one of notifications.contacts that takes documents: {known}")


def _check(where: str, rule: Rule, catalogue: Catalogue) -> None:
    when = rule.when
    if when.limit is not None:
        _check_limit(f"{where}.when.limit", when.limit, catalogue)
    if when.bits is not None:
        _check_metric(f"{where}.when.bits.metric", when.bits.metric, catalogue)
        known = list(catalogue[when.bits.metric].bits.values())
        for words in when.bits.any:
            if words not in known:
                raise Misconfigured(f"{where}.when.bits.any", repr(words), f"one of {known}")
    if when.rate is not None:
        _check_metric(f"{where}.when.rate.metric", when.rate.metric, catalogue)
    if when.vanished is not None:
        _check_metric(f"{where}.when.vanished", when.vanished, catalogue)
    for number, part in enumerate(when.all or ()):
        _check_part(f"{where}.when.all.{number}", part, catalogue)


def _check_part(where: str, part: Comparison, catalogue: Catalogue) -> None:
    if part.limit is not None:
        if "*" in part.limit:
            raise Misconfigured(f"{where}.limit", repr(part.limit), "one metric, without *")
        _check_limit(f"{where}.limit", part.limit, catalogue)
    else:
        _check_metric(f"{where}.metric", part.metric or "", catalogue)


def _check_metric(where: str, name: str, catalogue: Catalogue) -> None:
    if catalogue.get(name) is None:
        raise Misconfigured(where, repr(name), "the name of a metric of metrics.yaml")


def _check_limit(where: str, limit: str, catalogue: Catalogue) -> None:
    name, _, level = limit.partition(" ")
    if level not in _LEVELS:
        raise Misconfigured(where, repr(limit), f"a metric of metrics.yaml, a space, and one of {list(_LEVELS)}")
    if "*" not in name:
        _check_metric(where, name, catalogue)
    if not metrics_of(limit, catalogue):
        raise Misconfigured(where, repr(limit), f"a metric for which metrics.yaml gives a {level} limit")
