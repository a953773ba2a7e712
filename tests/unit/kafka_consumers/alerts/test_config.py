"""config/alerts.yaml is judged strictly: each fault is told with file, key and value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kafka_consumers import main
from kafka_consumers.alerts import config
from kafka_consumers.alerts.duration import parse, spell
from kafka_consumers.alerts.judge import Judge
from support.alert_cases import CATALOGUE, ROOT, SETTINGS, World
from support.readings import made_up
from telemetry.errors import Misconfigured
from telemetry.timestamp import SECOND

RULE = {"when": {"limit": "gpu_temperature critical"}, "severity": "critical", "summary": "It is too hot."}
FAULTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a key that does not exist": ({"rules": {"hot": {**RULE, "sevrity": "x"}}}, "rules.hot.sevrity", "no such key"),
    "a metric that does not exist": (
        {"rules": {"hot": {**RULE, "when": {"limit": "gpu_temprature critical"}}}},
        "rules.hot.when.limit",
        "gpu_temprature",
    ),
    "a level that the catalogue does not give": (
        {"rules": {"hot": {**RULE, "when": {"limit": "cpu_temperature critical"}}}},
        "rules.hot.when.limit",
        "critical limit",
    ),
    "a level of another name": (
        {"rules": {"hot": {**RULE, "when": {"limit": "gpu_temperature deadly"}}}},
        "rules.hot.when.limit",
        "deadly",
    ),
    "a * that matches nothing": (
        {"rules": {"hot": {**RULE, "when": {"limit": "tensor_* critical"}}}},
        "rules.hot.when.limit",
        "tensor_*",
    ),
    "a bit that the catalogue does not explain": (
        {"rules": {"hot": {**RULE, "when": {"bits": {"metric": "perfcap_reason", "any": "thermal"}}}}},
        "rules.hot.when.bits.any",
        "'thermal'",
    ),
    "two conditions": (
        {"rules": {"hot": {**RULE, "when": {"limit": "gpu_temperature critical", "silent": "any"}}}},
        "rules.hot.when",
        "exactly one",
    ),
    "a number for a single metric": (
        {"rules": {"hot": {**RULE, "when": {"metric": "gpu_temperature", "above": 90}}}},
        "rules.hot.when",
        "no such key",
    ),
    "a duration without a unit": ({"rules": {"hot": {**RULE, "for": 10}}}, "rules.hot.for", "such as 10s"),
    "a contact that does not exist": (
        {"rules": {}, "notifications": {"routes": [{"contacts": ["nobody"]}]}},
        "notifications",
        "nobody",
    ),
    "a time of day that YAML takes for a number": (
        {"rules": {}, "notifications": {"routes": [{"quiet_hours": {"from": 1320, "to": "07:00"}}]}},
        "notifications.routes.0.quiet_hours.from",
        "in quotes",
    ),
    "a zone that does not exist": (
        {"rules": {}, "notifications": {"routes": [{"quiet_hours": {"from": "1:00", "to": "7:00", "time_zone": "X"}}]}},
        "notifications.routes.0.quiet_hours.time_zone",
        "Europe/Berlin",
    ),
    "a contact of reports that does not exist": (
        {
            "rules": {},
            "notifications": {"contacts": {"ops": {"url_setting": "NOTIFY_OPS"}}},
            "reports": {"daily": ["ops", "nobody"]},
        },
        "reports.daily.1: found 'nobody'",
        "one of notifications.contacts that takes documents: ['ops']",
    ),
    "a contact that takes no documents": (
        {
            "rules": {},
            "notifications": {"contacts": {"prom": {"kind": "alertmanager", "url_setting": "NOTIFY_PROM"}}},
            "reports": {"weekly": ["prom"]},
        },
        "reports.weekly.0: found 'prom'",
        "takes documents",
    ),
    "reports of a month": ({"rules": {}, "reports": {"monthly": []}}, "reports.monthly", "no such key"),
    "a host that is none": ({"rules": {}, "inventory": [{"host": "a b", "gpus": 1}]}, "inventory.0.host", "a b"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_file_key_and_value(tmp_path: Path, fault: str) -> None:
    changes, key, words = FAULTS[fault]
    path = tmp_path / "alerts.yaml"
    path.write_text(yaml.safe_dump({**SETTINGS, **changes}), encoding="utf-8")
    with pytest.raises(Misconfigured) as error:
        config.load(path, CATALOGUE)
    assert f"{path}: {key}" in str(error.value)
    assert words in str(error.value)


def test_the_command_judges_our_own_file(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main.main(["alerts", "--check"]) == 0
    assert capsys.readouterr().out.startswith("ok: ")


def test_the_command_refuses_a_wrong_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "metrics.yaml").write_bytes((ROOT / "config/metrics.yaml").read_bytes())
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump({**SETTINGS, "rule": {}}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path))
    assert main.main(["alerts", "--check"]) == 2
    assert "alerts.yaml: rule: found {}" in capsys.readouterr().err


def test_our_own_rules_ask_to_migrate_the_workload_of_a_gpu_above_its_critical_temperature() -> None:
    limits = CATALOGUE["gpu_temperature"].limits
    assert limits is not None
    assert limits.critical is not None
    world = World(Judge(config.load(ROOT / "config/alerts.yaml", CATALOGUE)))
    for row in range(20):
        world.reading(made_up(row, row * SECOND, metrics={"gpu_temperature": limits.critical + 1}), row * SECOND)
    [fired] = [change.alert for change in world.changes if change.alert.state == "firing"]
    assert (fired.rule, fired.severity, fired.action) == ("gpu_temperature_critical", "critical", "migrate workload")
    assert fired.message.startswith("desk:0: GPU temperature 96.0 is above 95 °C.")


def test_reports_go_to_nobody_unless_the_file_says_so(tmp_path: Path) -> None:
    assert config.load(ROOT / "config/alerts.yaml", CATALOGUE).file.reports.contacts == {"daily": (), "weekly": ()}
    path = tmp_path / "alerts.yaml"
    contacts = {"ops": {"url_setting": "NOTIFY_OPS"}}
    given = {**SETTINGS, "rules": {}, "notifications": {"contacts": contacts}, "reports": {"daily": ["ops"]}}
    path.write_text(yaml.safe_dump(given), encoding="utf-8")
    assert config.load(path, CATALOGUE).file.reports.contacts == {"daily": ("ops",), "weekly": ()}


def test_a_star_stands_for_every_metric_that_has_the_level() -> None:
    names = config.load(ROOT / "config/alerts.yaml", CATALOGUE).rules.names
    assert "connector_power/connector_8pin_6_power" in names
    assert "connector_power/connector_16pin_power" in names
    assert "connector_power/connector_6pin_1_power" not in names


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("1h30m", 5400), ("2d", 172_800), ("500ms", 0.5), (0, 0), ("1m5s", 65)]
)
def test_durations(text: str | int, seconds: float) -> None:
    assert parse(text) == seconds * SECOND
    assert parse(spell(parse(text)) if text else 0) == parse(text)


@pytest.mark.parametrize("text", ["10", "s", "10 s", "1.5h", -1, 1.0, None, True, "", "5mm"])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="10s"):
        parse(text)
