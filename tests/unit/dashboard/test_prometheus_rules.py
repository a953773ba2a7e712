"""The rules of dashboard/prometheus: each has a case in which it fires, one in which it does not, and a section of the
runbook."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.prometheus import rule
from dashboard.prometheus.rule import Alert, Group
from kafka_producer.sources.dcgm import fields
from telemetry import catalogue
from telemetry.exported import foreign, own

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "dashboard" / "prometheus"
TESTS = sorted((FOLDER / "tests").glob("*.yaml"))
RULES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*-rules.yaml")}
ALERTS = {
    each["alert"]: each
    for content in RULES.values()
    for group in content["groups"]
    for each in group["rules"]
    if "alert" in each
}


def expectations() -> dict[str, list[list[str]]]:
    """Test of that name -> of each moment the alerts that fire."""
    found: dict[str, list[list[str]]] = {}
    for path in TESTS:
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            found[test["name"]] = [
                re.findall(r'alertname="(\w+)"', " ".join(each["labels"] for each in moment["exp_samples"]))
                for moment in test["promql_expr_test"]
            ]
    return found


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_every_rule_does_what_its_cases_say(path: Path) -> None:
    done = subprocess.run(["promtool", "test", "rules", path.name], cwd=path.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_files() -> None:
    names = [f"{name}.yaml" for name in RULES]
    done = subprocess.run(["promtool", "check", "rules", *names], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_for_and_one_against_it() -> None:
    cases = expectations()
    without = [name for name in ALERTS if not any(name in moment for moment in cases.get(name, []))]
    always = [name for name in ALERTS if all(name in moment for moment in cases.get(name, []))]
    assert (without, always) == ([], [])


def test_the_pack_is_the_largest_there_is() -> None:
    assert len([name for name in ALERTS if name.startswith("Gpu")]) >= 25


def test_every_alert_says_what_it_is_and_where_to_read_on() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    sections = {title.lower(): body for title, body in re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", runbook, re.M | re.S)}
    for name, alert in ALERTS.items():
        assert alert["labels"]["severity"] in {"info", "warning", "critical"}
        assert alert["labels"]["about"] == ("gpu" if name.startswith("Gpu") else "platform")
        assert alert["annotations"]["summary"]
        assert alert["annotations"]["description"]
        place, _, anchor = alert["annotations"]["runbook_url"].partition("#")
        assert (place, anchor in sections) == ("docs/runbook.md", True), f"docs/runbook.md has no section {name}"
        missing = [word for word in ("**Means**", "**Look**", "**Do**") if word not in sections[anchor]]
        assert missing == [], f"the section {name} lacks {missing}"
    assert sections.keys() - {name.lower() for name in ALERTS} == set(), "sections of alerts that are no more"


def test_a_runbook_elsewhere_is_named() -> None:
    alert = Alert("GpuX", "up == 0", "0s", "info", "gpu", "it is so", "really")
    made: dict[str, Any] = yaml.safe_load(rule.text([Group("g", "15s", (alert,))], "https://wiki.example/gpus"))
    (written,) = made["groups"][0]["rules"]
    assert written["annotations"]["runbook_url"] == "https://wiki.example/gpus#gpux"
    assert "for" not in written


def test_our_names_are_each_one_metrics() -> None:
    metrics = catalogue.load(ROOT / "config" / "metrics.yaml")
    names = [own(metrics, each).name for each in metrics]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"gpustream_gpu_[a-z0-9_]+", name) for name in names)


@pytest.mark.parametrize(
    ("metric", "name", "factor"),
    [
        ("gpu_temperature", "gpustream_gpu_temperature_celsius", 1),
        ("gpu_load", "gpustream_gpu_load_ratio", 100),
        ("fan1_speed_percent", "gpustream_gpu_fan1_speed_ratio", 100),
        ("fan1_speed_rpm", "gpustream_gpu_fan1_speed_rpm", 1),
        ("gpu_memory_used", "gpustream_gpu_memory_used_bytes", 1 / 1048576),
        ("sm_clock", "gpustream_gpu_sm_clock_hertz", 1e-6),
        ("gpu_recovery_action", "gpustream_gpu_recovery_action", 1),
    ],
)
def test_our_names_are_in_base_units(metric: str, name: str, factor: float) -> None:
    metrics = catalogue.load(ROOT / "config" / "metrics.yaml")
    _, found, found_factor = own(metrics, metrics[metric])
    assert found == name
    assert found_factor == pytest.approx(factor)


def test_what_the_collector_reads_of_dcgm_is_what_the_catalogue_says() -> None:
    metrics = catalogue.load(ROOT / "config" / "metrics.yaml")
    for metric in metrics:
        for name in (each for each in foreign(metrics, metric) if each.exporter == "dcgm"):
            field = fields.field_of(name.name)
            # A page of Prometheus has a few that the collector does not read yet.
            if field is not None:
                assert field.metric == metric.name
                assert field.value(0.5) == pytest.approx(0.5 * name.factor), name.name
    known = {name.name for metric in metrics for name in foreign(metrics, metric)}
    for metric_name in fields.METRICS:
        if metric_name != "gpu_memory_used_percent":
            assert {fields.written(metric_name, "3").name, fields.written(metric_name, "4.6").name} <= known
