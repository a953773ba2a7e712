"""Grafana's alert rules as the file that Grafana reads: one per limit of the catalogue, with what config/alerts.yaml
says of it, and those of the platform."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboard.grafana import flux, flux_pipeline
from dashboard.grafana.alert_file import LimitRule, LimitRules
from dashboard.grafana.page import Uid
from dashboard.grafana.pipeline import LAG
from dashboard.grafana.query import DATASOURCE_UID
from telemetry.catalogue import Catalogue, Metric

FOLDER = "gpustream"
"""The dashboards' own, by its title: a group without one keeps Grafana from starting."""
EVERY_SECONDS = 30
"""Grafana's scheduler ticks every 10 s: an interval that is no multiple of it keeps Grafana from starting."""
EXPRESSION = "__expr__"
PATIENCE: Mapping[str, str] = {"warning": "5m", "critical": "1m"}
"""How long a mean must stay beyond a limit of which config/alerts.yaml says nothing: a warning can wait, a critical
level is close to damage."""

SILENCE = 120
"""Seconds. Processes speak every 10 s; a restart of each of them is over by then."""
ALWAYS_THERE = ("influxdb-writer", "streaming", "watch")

About = Literal["gpu", "platform"]


class Rule(NamedTuple):
    """One rule. ``flux`` gives a series per thing that is judged; ``reducer`` makes a number of each."""

    uid: str
    title: str
    about: About
    severity: str
    flux: str
    seconds: int
    reducer: Literal["mean", "sum", "last"]
    evaluator: Literal["gt", "lt"]
    level: float
    patience: str
    summary: str
    page: Uid
    panel: int
    no_data: Literal["OK", "Alerting"]
    labels: Mapping[str, str] = {}
    description: str = ""


def make(catalogue: Catalogue, alerts: LimitRules, pages: Mapping[str, Dashboard]) -> str:
    """The file's text. ``pages``: the dashboards by their uid, to whose panels the rules link."""
    groups = [
        _group("GPU limits", _of_limits(catalogue, alerts, _panel(pages[Uid.DETAIL], "${metric:text}"))),
        _group("Platform", _of_platform(pages[Uid.PIPELINE])),
    ]
    return json.dumps({"apiVersion": 1, "groups": groups}, indent=1, ensure_ascii=False) + "\n"


def _of_limits(catalogue: Catalogue, alerts: LimitRules, panel: int) -> Iterator[Rule]:
    for metric in catalogue:
        if metric.limits is None:
            continue
        levels = {"warning": metric.limits.warning, "critical": metric.limits.critical}
        for name, level in levels.items():
            if level is not None:
                direction = metric.limits.direction
                yield _of_limit(catalogue, metric, direction, name, level, alerts.get((metric.name, name)), panel)


def _of_limit(
    catalogue: Catalogue,
    metric: Metric,
    direction: Literal["above", "below"],
    name: str,
    level: float,
    alert: LimitRule | None,
    panel: int,
) -> Rule:
    unit = catalogue.unit_of(metric)
    what = f"{metric.label} {direction} {level:g} {unit.symbol}".strip()
    # Without a dollar: Grafana would look for it in its environment.
    summary = f'{{{{ .Labels.gpu }}}}: {what}; it is {{{{ printf "%.{unit.decimals}f" .Values.B.Value }}}}'
    return Rule(
        uid=f"{metric.name}-{name}",
        title=f"{what} ({name})",
        about="gpu",
        severity=alert.severity if alert else name,
        flux=flux.readings(metric.name),
        seconds=60,
        reducer="mean",
        evaluator="gt" if direction == "above" else "lt",
        level=level,
        patience=_in_steps(alert.seconds) if alert else PATIENCE[name],
        summary=summary,
        page=Uid.DETAIL,
        panel=panel,
        # A GPU that is switched off breaks no limit.
        no_data="OK",
        labels={"metric": metric.name},
        description=" ".join(part for part in (alert.summary, _to_do(alert.action)) if part) if alert else "",
    )


def _to_do(action: str) -> str:
    return f"To do: {action}." if action else ""


def _in_steps(seconds: float) -> str:
    """Of whole evaluations, one at least."""
    steps = max(1, math.ceil(seconds / EVERY_SECONDS))
    return f"{steps * EVERY_SECONDS}s"


def _of_platform(page: Dashboard) -> Iterator[Rule]:
    def rule(uid: str, title: str, panel: str, **rest: Any) -> Rule:
        number = _panel(page, panel)
        return Rule(f"platform-{uid}", title, "platform", page=Uid.PIPELINE, panel=number, **rest)

    yield rule(
        "lag",
        "A reader of Kafka falls behind",
        "Lag of each consumer",
        severity="warning",
        flux=flux_pipeline.pipeline_points("lag"),
        seconds=60,
        reducer="mean",
        evaluator="gt",
        level=LAG,
        patience="10m",
        summary='{{ .Labels.process }} is {{ printf "%.0f" .Values.B.Value }} records behind: ./start.sh status',
        no_data="OK",
    )
    yield rule(
        "silence",
        "No word from a process",
        "Records out",
        severity="critical",
        flux=flux_pipeline.silence(ALWAYS_THERE),
        seconds=3600,
        reducer="last",
        evaluator="gt",
        level=SILENCE,
        patience="1m",
        summary='{{ .Labels.process }} has said nothing for {{ printf "%.0f" .Values.B.Value }} s: ./start.sh status',
        no_data="Alerting",
    )
    yield rule(
        "dead-letters",
        "Records could not be used",
        "Dead letters by reason, per second",
        severity="warning",
        flux=flux_pipeline.growth("rejected"),
        seconds=600,
        reducer="sum",
        evaluator="gt",
        level=0,
        patience="1m",
        summary='{{ .Labels.process }} rejected {{ printf "%.0f" .Values.B.Value }} records in ten minutes',
        no_data="OK",
    )


def _panel(page: Dashboard, title: str) -> int:
    for panel in page.panels or []:
        if getattr(panel, "title", None) == title and panel.id_val is not None:
            return int(panel.id_val)
    raise LookupError(f"{page.uid} has no panel {title!r}")


def _group(name: str, rules: Iterator[Rule]) -> dict[str, Any]:
    return {
        "orgId": 1,
        "name": name,
        "folder": FOLDER,
        "interval": f"{EVERY_SECONDS}s",
        "rules": [_file_entry(rule) for rule in rules],
    }


def _file_entry(rule: Rule) -> dict[str, Any]:
    threshold = {"evaluator": {"type": rule.evaluator, "params": [rule.level]}}
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "C",
        "data": [
            _query(rule),
            _expression(
                "B", {"type": "reduce", "expression": "A", "reducer": rule.reducer, "settings": {"mode": "dropNN"}}
            ),
            _expression("C", {"type": "threshold", "expression": "B", "conditions": [threshold]}),
        ],
        "dashboardUid": str(rule.page),
        "panelId": rule.panel,
        "noDataState": rule.no_data,
        "execErrState": "Error",
        "for": rule.patience,
        "labels": {"severity": rule.severity, "about": rule.about, **rule.labels},
        # The same again: it is from here that Grafana's pages take the link to the panel.
        "annotations": {
            "summary": rule.summary,
            **({"description": rule.description} if rule.description else {}),
            "__dashboardUid__": str(rule.page),
            "__panelId__": str(rule.panel),
        },
    }


def _query(rule: Rule) -> dict[str, Any]:
    return {
        "refId": "A",
        "datasourceUid": DATASOURCE_UID,
        "relativeTimeRange": {"from": rule.seconds, "to": 0},
        "model": {
            "refId": "A",
            "datasource": {"type": "influxdb", "uid": DATASOURCE_UID},
            "query": rule.flux,
            "intervalMs": 1000,
            "maxDataPoints": 10_000,
        },
    }


def _expression(ref_id: str, model: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "refId": ref_id,
        "datasourceUid": EXPRESSION,
        "relativeTimeRange": {"from": 0, "to": 0},
        "model": {"refId": ref_id, "datasource": {"type": EXPRESSION, "uid": EXPRESSION}, **model},
    }
