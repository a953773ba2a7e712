"""An alert for each limit of the catalogue; how long and how bad as config/alerts.yaml has it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dashboard.grafana.alert_file import LimitRule, LimitRules
from dashboard.prometheus import alert_names, cards
from dashboard.prometheus.alert_names import LEVELS, limits_of
from dashboard.prometheus.rule import Alert
from telemetry.catalogue import Catalogue, Limits, Metric
from telemetry.exported import EXPORTERS

_PATIENCE: dict[str, str] = {"warning": "5m", "critical": "1m"}
"""Of a limit of which config/alerts.yaml says nothing; as Grafana's rules have it."""


def judged(catalogue: Catalogue) -> Iterator[Metric]:
    """Metrics with a limit that a healthy card does not break."""
    return (each for each in catalogue if limits_of(each) and not limits_of(each)[0].expected)


def alerts(catalogue: Catalogue, rules: LimitRules) -> Iterator[Alert]:
    rest: list[Metric] = []
    for metric in judged(catalogue):
        if metric.name in cards.FOLLOWS or any(metric.spellings.get(exporter) for exporter in EXPORTERS):
            yield from _of_metric(catalogue, metric, rules)
        else:
            rest.append(metric)
    yield from _of_sensors(catalogue, rest)


def _of_metric(catalogue: Catalogue, metric: Metric, rules: LimitRules) -> Iterator[Alert]:
    unit = catalogue.unit_of(metric)
    for level in LEVELS:
        terms = list(_terms(metric, level))
        if not terms:
            continue
        rule: LimitRule | None = rules.get((metric.name, level))
        reasons = dict.fromkeys(each.reason for each in limits_of(metric) if getattr(each, level) is not None)
        value = f'{{{{ $value | printf "%.{unit.decimals}f" }}}}'
        words = [rule.summary if rule else "", f"To do: {rule.action}." if rule and rule.action else "", *reasons]
        yield Alert(
            name=alert_names.of_limit(metric.name, level),
            expr="\nor\n".join(terms),
            patience=f"{rule.seconds:g}s" if rule else _PATIENCE[level],
            severity=rule.severity if rule else level,
            about="gpu",
            summary=f"{{{{ $labels.card }}}}: {metric.label} is {value} {unit.symbol}".rstrip(),
            description=" ".join(word for word in words if word),
        )


def _of_sensors(catalogue: Catalogue, metrics: list[Metric]) -> Iterator[Alert]:
    """What only logs of GPU-Z and its like tell: one alert a level, the metric a label."""
    for level in LEVELS:
        terms = [
            f'label_replace({term}, "metric", "{metric.name}", "", "")'
            for metric in metrics
            for term in _terms(metric, level)
        ]
        if terms:
            yield Alert(
                name=alert_names.of_sensors(level),
                expr="\nor\n".join(terms),
                patience=_PATIENCE[level],
                severity=level,
                about="gpu",
                summary="{{ $labels.card }}: {{ $labels.metric }} is {{ $value }}",
                description="A sensor is beyond its limit; docs/metrics.md says which one and why.",
            )


def _terms(metric: Metric, level: str) -> Iterator[str]:
    """What breaks the level: of the models that have one of their own, and of all others."""
    series, seen = cards.of(metric.name), list[str]()
    for limits in metric.limits_by_model:
        value: float | None = getattr(limits, level)
        if value is not None:
            models = [f'model=~"(?i).*{_literal(limits.model)}.*"', *(_not(model) for model in seen)]
            chosen = f"{cards.of('model')}{{{', '.join(models)}}}"
            yield f"({series} {_sign(limits)} {value:g} and {cards.ON} {chosen})"
        seen.append(limits.model)
    general = metric.limits
    if general is not None and getattr(general, level) is not None:
        term = f"{series} {_sign(general)} {getattr(general, level):g}"
        if seen:
            own = "|".join(f".*{_literal(model)}.*" for model in seen)
            term = f'({term} unless {cards.ON} {cards.of("model")}{{model=~"(?i){own}"}})'
        yield term


def _sign(limits: Limits) -> str:
    return ">" if limits.direction == "above" else "<"


def _not(model: str) -> str:
    return f'model!~"(?i).*{_literal(model)}.*"'


def _literal(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9 ]", ".", model)
