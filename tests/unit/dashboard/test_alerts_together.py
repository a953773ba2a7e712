"""Alerts of two judges as one list: one fault once, what nobody needs to hear of last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from dashboard.alerts_together import Entry, Together
from dashboard.pages import alert_words
from dashboard.prometheus.alert_names import LimitOf
from dashboard.routes import alert_models
from dashboard.stores.alertmanager import read
from dashboard.stores.alerts import Alert
from dashboard.stores.prometheus_alerts import PrometheusAlert
from support.console import ROOT
from telemetry import catalogue
from telemetry.errors import GpustreamError
from telemetry.timestamp import SECOND

CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
TOGETHER = Together(CATALOGUE)
NOW = 1_800_000_000 * SECOND
OURS = Alert(
    id="a1", rule="gpu_temperature_critical", gpu="desk-01:0", host="desk-01", source="nvml", model=None, mode="live",
    severity="critical", metric="gpu_temperature", state="firing", reason="held", started=NOW, fired=NOW, changed=NOW,
    acknowledged=None, resolved=None, acknowledged_by=None, value=97.0, worst=98.0, threshold=95.0, message="too hot",
    action="look at its fan",
)  # fmt: skip


def told(name: str, *, started: int = NOW, **changes: Any) -> PrometheusAlert:
    labels = {"alertname": name, "about": "gpu"} | changes.pop("labels", {"card": "desk-01:0", "host": "desk-01"})
    alert = PrometheusAlert(
        id=f"{name}-{sorted(labels.values())}", name=name, severity="critical", summary=name, description="",
        runbook="", started=started, state="firing", labels=labels,
    )  # fmt: skip
    return replace(alert, **changes)


def test_a_limit_that_both_judge_is_one_fault() -> None:
    theirs = told("GpuTemperatureCritical")
    assert TOGETHER([OURS], [theirs]) == [Entry(OURS, theirs)]
    # By the threshold, so of a model's own limit, too; by the metric that a label names where many share a name.
    sensor = told("GpuSensorCritical", labels={"card": "desk-01:0", "metric": "hot_spot_temperature"})
    hot_spot = replace(OURS, metric="hot_spot_temperature", threshold=107.0)
    assert TOGETHER([hot_spot], [sensor]) == [Entry(hot_spot, sensor)]


@pytest.mark.parametrize(
    "other",
    [
        told("GpuTemperatureWarning"),
        told("GpuTemperatureCritical", labels={"card": "desk-01:1", "host": "desk-01"}),
        told("GpuMemoryTemperatureCritical"),
        told("GpuMissing"),
        told("PlatformKafkaAway", labels={"job": "exporter"}),
    ],
)
def test_another_limit_another_gpu_or_no_limit_is_another_fault(other: PrometheusAlert) -> None:
    assert [(each.ours, each.theirs) for each in TOGETHER([OURS], [other])] in (
        [(OURS, None), (None, other)],
        [(None, other), (OURS, None)],
    )


def test_the_worst_come_first_then_the_newest_and_what_is_held_back_last() -> None:
    warning = told("GpuMissing", severity="warning", started=NOW + 2)
    newer = told("GpuNodeSilent", started=NOW + 1)
    silenced = told("GpuXidReset", state="silenced", started=NOW + 9)
    info = told("GpuIdleWaste", severity="info", started=NOW + 3)
    entries = TOGETHER([OURS], [silenced, info, warning, newer])
    assert [each.id for each in entries] == [
        f"prometheus-{newer.id}", OURS.id, f"prometheus-{warning.id}", f"prometheus-{info.id}",
        f"prometheus-{silenced.id}",
    ]  # fmt: skip
    assert [each.heard for each in entries] == [True, True, True, True, False]


def test_every_generated_alert_of_a_limit_is_known_by_its_name() -> None:
    groups = yaml.safe_load((ROOT / "dashboard/prometheus/gpu-rules.yaml").read_text(encoding="utf-8"))["groups"]
    names = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    limit_of = LimitOf(CATALOGUE)
    assert limit_of({"alertname": "GpuTemperatureCritical"}) == ("gpu_temperature", "critical")
    assert limit_of({"alertname": "GpuMissing"}) is None
    found = {name: limit_of({"alertname": name, "metric": "vrm_temperature"}) for name in names}
    judged = {name for name, limit in found.items() if limit}
    assert {"GpuTemperatureWarning", "GpuSensorWarning", "GpuRowRemapFailedCritical"} <= judged
    for limit in found.values():
        assert limit is None or limit[0] in CATALOGUE.metrics


OF_API = {
    "annotations": {"summary": "Kafka does not answer", "runbook_url": "docs/runbook.md#platformkafkaaway"},
    "startsAt": "2026-11-27T12:00:00.123Z",
    "fingerprint": "2f3a",
    "labels": {"alertname": "PlatformKafkaAway", "severity": "critical", "about": "platform", "job": "exporter"},
    "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"silencedBy": [], "inhibitedBy": []}, "firing"),
        ({"silencedBy": ["s"], "inhibitedBy": ["i"]}, "silenced"),
        ({"silencedBy": [], "inhibitedBy": ["i"]}, "inhibited"),
    ],
)
def test_what_alertmanager_says_of_an_alert(status: dict[str, Any], state: str) -> None:
    alert = read(OF_API | {"status": status})
    assert (alert.name, alert.severity, alert.whom, alert.gpu) == ("PlatformKafkaAway", "critical", "exporter", None)
    assert (alert.summary, alert.state, alert.runbook) == (
        "Kafka does not answer", state, "docs/runbook.md#platformkafkaaway"
    )  # fmt: skip


def test_rules_of_others_have_a_name_and_a_severity_too() -> None:
    alert = read(OF_API | {"annotations": {}, "labels": {"alertname": "Watchdog", "severity": "page"}})
    assert (alert.summary, alert.severity, alert.about, alert.whom) == ("Watchdog", "warning", "", "")
    assert alert_models.now_of(Entry(theirs=alert)).about == ""


@pytest.mark.parametrize("broken", [{}, {"labels": {}}, {"startsAt": "yesterday"}, {"status": None}, {"labels": None}])
def test_an_answer_that_is_no_alert_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError, GpustreamError)):
        read(OF_API | broken if broken else {})


def test_words_of_others_are_escaped_and_only_addresses_are_links() -> None:
    alert = told("GpuMissing", summary="<script>", runbook="javascript:alert(1)")
    words = alert_words.of_prometheus(alert, NOW + 60 * SECOND)
    assert "<script>" not in words
    assert 'href="javascript' not in words
    linked = alert_words.of_prometheus(replace(alert, runbook="https://wiki.example/runbook#gpumissing"), NOW)
    assert 'href="https://wiki.example/runbook#gpumissing"' in linked
    assert 'href="/gpu/desk-01:0"' in linked
    gone = alert_words.of_prometheus(replace(alert, state="inhibited"), NOW)
    assert "Held back" in gone
