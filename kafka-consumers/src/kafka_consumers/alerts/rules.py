"""Readings x rules -> judgements: which rules look at a GPU, and what they see. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

from kafka_consumers.alerts.conditions import (
    Change,
    Condition,
    Judgement,
    Level,
    Mask,
    Past,
    Silence,
    Together,
    Vanished,
    level_of,
)
from kafka_consumers.alerts.matcher import Subject
from kafka_consumers.alerts.rule_config import Anomalies, Comparison, Defaults, Rule, Terms
from telemetry.catalogue import Catalogue
from telemetry.messages import Anomaly

_MOST_SUBJECTS = 10_000
_SEVERITIES = ("info", "warning", "critical")


class Binding(NamedTuple):
    """One rule for one GPU."""

    rule: str
    terms: Terms
    condition: Condition
    summary: str
    action: str


class Bindings(NamedTuple):
    """All rules for one GPU, by what they look at."""

    readings: tuple[Binding, ...]
    silences: tuple[Binding, ...]
    """Of any GPU that was seen."""
    expected: tuple[Binding, ...]
    """Of GPUs of the inventory only."""
    anomalies: tuple[tuple[Anomalies, Binding], ...]
    names: frozenset[str]


class Finding:
    """A detector's finding: it breaches once, by itself; a condition only so that its alert can be put in words."""

    sign = 1.0

    def __init__(self, metric: str = "", words: str = "") -> None:
        self.metric = metric
        self._words = words

    def judge(self, metrics: Mapping[str, float], past: Past, time: int) -> Judgement | None:
        return None

    def remember(self, metrics: Mapping[str, float], past: Past, time: int) -> Past:
        return ()

    def sentence(self, value: float, threshold: float | None) -> str:
        return self._words


class RuleSet:
    """The rules of config/alerts.yaml over one catalogue; both have been checked against each other."""

    def __init__(self, rules: Mapping[str, Rule], defaults: Defaults, catalogue: Catalogue) -> None:
        self._rules = dict(_expanded(rules, catalogue))
        self._defaults = defaults
        self._catalogue = catalogue
        self._of: dict[tuple[str | None, ...], Bindings] = {}
        self._told_apart = _told_apart(rules.values())

    @property
    def names(self) -> list[str]:
        """Every rule's name, those that a * stands for included."""
        return list(self._rules)

    def actions_of(self, name: str) -> tuple[str, ...]:
        """What the rule runs; nothing where there is no such rule any more."""
        rule = self._rules.get(name)
        return rule.run if rule is not None else ()

    def bindings(self, subject: Subject) -> Bindings:
        """The rules about this GPU, made once for all that no rule tells from it."""
        key = tuple(getattr(subject, name) for name in self._told_apart)
        found = self._of.get(key)
        if found is None:
            if len(self._of) >= _MOST_SUBJECTS:
                self._of.clear()
            found = self._of[key] = self._bind(subject)
        return found

    def _bind(self, subject: Subject) -> Bindings:
        readings: list[Binding] = []
        silences: list[Binding] = []
        expected: list[Binding] = []
        anomalies: list[tuple[Anomalies, Binding]] = []
        for name, rule in self._rules.items():
            terms = rule.terms_for(subject, self._defaults)
            if terms is None:
                continue
            bound = partial(Binding, name, terms, summary=rule.summary, action=rule.action)
            if rule.when.anomaly is not None:
                anomalies.append((rule.when.anomaly, bound(condition=Finding())))
            elif rule.when.silent is not None:
                (silences if rule.when.silent == "any" else expected).append(bound(condition=Silence()))
            elif (condition := self._condition(rule, terms, subject.model)) is not None:
                readings.append(bound(condition=condition))
        names = frozenset(each.rule for each in (*readings, *silences, *expected, *(bound for _, bound in anomalies)))
        return Bindings(tuple(readings), tuple(silences), tuple(expected), tuple(anomalies), names)

    def _condition(self, rule: Rule, terms: Terms, model: str | None) -> Condition | None:
        when, catalogue = rule.when, self._catalogue
        if when.limit is not None:
            return level_of(catalogue, when.limit, model, terms.clear_margin)
        if when.bits is not None:
            metric = catalogue[when.bits.metric]
            return Mask(metric, sum(bit for bit, words in metric.bits.items() if words in when.bits.any))
        if when.rate is not None:
            rate, metric = when.rate, catalogue[when.rate.metric]
            by, sign = (rate.rise, 1.0) if rate.rise is not None else (rate.fall or 0.0, -1.0)
            return Change(metric, catalogue.unit_of(metric), sign, by, rate.per, terms.clear_margin)
        if when.vanished is not None:
            return Vanished(catalogue[when.vanished])
        parts = [self._part(part, model) for part in when.all or ()]
        levels = [part for part in parts if part is not None]
        return Together(levels) if len(levels) == len(parts) else None

    def _part(self, part: Comparison, model: str | None) -> Level | None:
        if part.limit is not None:
            return level_of(self._catalogue, part.limit, model, part.margin)
        metric = self._catalogue[part.metric or ""]
        sign, number = (1.0, part.above) if part.above is not None else (-1.0, part.below)
        return Level(metric, self._catalogue.unit_of(metric), sign, number or 0.0, part.margin)


def _told_apart(rules: Iterable[Rule]) -> tuple[str, ...]:
    """By what the rules tell GPUs apart: the model by its limits, the rest where a rule asks for it."""
    matchers = [each for rule in rules for each in (rule.match, *rule.exclude)]
    return tuple(name for name in Subject._fields if name == "model" or any(getattr(each, name) for each in matchers))


def found_by(bindings: Bindings, anomaly: Anomaly) -> Iterator[tuple[Binding, Judgement]]:
    """The rules that an anomaly breaches, each with a condition that tells of this one."""
    for wanted, binding in bindings.anomalies:
        severe = _SEVERITIES.index(anomaly.severity) >= _SEVERITIES.index(wanted.severity)
        if severe and _among(wanted.kind, anomaly.kind) and _among(wanted.metric, anomaly.metric):
            value = anomaly.value if anomaly.value is not None else anomaly.score or 0.0
            condition = Finding(anomaly.metric, anomaly.sentence)
            yield binding._replace(condition=condition), Judgement("breach", value, anomaly.limit)


def _among(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)


def _expanded(rules: Mapping[str, Rule], catalogue: Catalogue) -> Iterator[tuple[str, Rule]]:
    """A * in the metric of a limit stands for one rule per metric that has this level: ``rule/metric``."""
    for name, rule in rules.items():
        limit = rule.when.limit
        if limit is None or "*" not in limit:
            yield name, rule
            continue
        for metric in metrics_of(limit, catalogue):
            when = rule.when.model_copy(update={"limit": f"{metric} {limit.partition(' ')[2]}"})
            yield f"{name}/{metric}", rule.model_copy(update={"when": when})


def metrics_of(limit: str, catalogue: Catalogue) -> list[str]:
    """The metrics that ``pattern level`` names and that have that level, for all models or for some."""
    pattern, _, level = limit.partition(" ")
    return [
        metric.name
        for metric in catalogue
        if fnmatchcase(metric.name, pattern)
        and any(getattr(each, level, None) is not None for each in (metric.limits, *metric.limits_by_model))
    ]
