"""Alert rules are whole: Grafana stops at some faults of this file, and is silent about others."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.grafana import alert_file, generate
from telemetry import catalogue
from telemetry.errors import Misconfigured

ROOT = Path(__file__).parents[3]
PROVISIONING = ROOT / "dashboard" / "grafana" / "provisioning"
CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
ALERTS = alert_file.load(ROOT / "config" / "alerts.yaml", CATALOGUE)
FILES = generate.make(CATALOGUE, ALERTS)
GROUPS: list[dict[str, Any]] = json.loads(FILES[generate.RULES])["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
PAGES = {page["uid"]: page for name, text in FILES.items() if name != generate.RULES for page in [json.loads(text)]}


def provisioned(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROVISIONING / name).read_text(encoding="utf-8"))
    return found


def seconds(duration: str | int) -> int:
    """A zero needs no unit."""
    match = re.fullmatch(r"(\d+)([smh])|0", str(duration))
    assert match, duration
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]] if match[1] else 0


def test_groups_have_the_folder_of_the_dashboards_and_an_interval_that_grafana_takes() -> None:
    (provider,) = provisioned("dashboards/gpustream.yaml")["providers"]
    for group in GROUPS:
        assert group["folder"] == provider["folder"]
        assert seconds(group["interval"]) % 10 == 0
        assert seconds(group["interval"]) > 0
    assert "folderUid" not in provider
    assert len({group["name"] for group in GROUPS}) == len(GROUPS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["uid"]))
def test_rule_names_nothing_that_does_not_exist(rule: dict[str, Any]) -> None:
    sources = {each["uid"] for each in provisioned("datasources/gpustream.yaml")["datasources"]} | {"__expr__"}
    known: set[str] = set()
    for query in rule["data"]:
        model = query["model"]
        assert query["refId"] == model["refId"]
        assert query["refId"] not in known
        assert query["datasourceUid"] == model["datasource"]["uid"]
        assert query["datasourceUid"] in sources
        assert ("expression" in model) == (query["datasourceUid"] == "__expr__")
        assert "expression" not in model or model["expression"] in known
        known.add(query["refId"])
    assert rule["condition"] in known
    panels = {panel["id"] for panel in PAGES[rule["dashboardUid"]]["panels"]}
    assert rule["panelId"] in panels
    assert rule["annotations"]["__dashboardUid__"] == rule["dashboardUid"]
    assert rule["annotations"]["__panelId__"] == str(rule["panelId"])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["uid"]))
def test_words_of_a_rule_are_those_that_grafana_knows(rule: dict[str, Any]) -> None:
    assert rule["noDataState"] in {"NoData", "Alerting", "OK", "KeepLast"}
    assert rule["execErrState"] in {"Error", "Alerting", "OK", "KeepLast"}
    assert seconds(rule["for"]) % 30 == 0
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", rule["uid"])
    assert len(rule["title"]) <= 190
    assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    # Outside the queries Grafana puts its environment in the place of a dollar and a name.
    assert "$" not in json.dumps({key: value for key, value in rule.items() if key != "data"})
    assert "${" not in rule["data"][0]["model"]["query"], "a rule has no variables of a dashboard"


def test_names_are_unique() -> None:
    for key in ("uid", "title"):
        assert max(Counter(rule[key] for rule in RULES).values()) == 1, key


def test_every_limit_of_the_catalogue_has_its_rule_and_no_other() -> None:
    wanted = {
        f"{metric.name}-{name}": (metric.name, limits.direction, level)
        for metric in CATALOGUE
        if (limits := metric.limits)
        for name, level in (("warning", limits.warning), ("critical", limits.critical))
        if level is not None
    }
    found = {}
    for rule in RULES:
        if rule["labels"]["about"] == "gpu":
            evaluator = rule["data"][2]["model"]["conditions"][0]["evaluator"]
            direction = {"gt": "above", "lt": "below"}[evaluator["type"]]
            found[rule["uid"]] = (rule["labels"]["metric"], direction, evaluator["params"][0])
    assert found == wanted
    assert len(found) >= 10


def test_rules_say_what_the_alert_engine_says_of_the_same_limit() -> None:
    """Whatever stands in config/alerts.yaml, read once more by hand; but for limits by model, which InfluxDB does not
    know."""
    said = yaml.safe_load((ROOT / "config" / "alerts.yaml").read_text(encoding="utf-8"))["rules"]
    rules = {rule["uid"]: rule for rule in RULES}
    judged = 0
    for alert in said.values():
        limit = alert["when"].get("limit")
        if limit and "*" not in limit and CATALOGUE.metrics[limit.split()[0]].limits is not None:
            rule = rules[limit.replace(" ", "-")]
            assert rule["labels"]["severity"] == alert["severity"]
            assert rule["annotations"]["description"].startswith(alert["summary"])
            assert alert.get("action", "") in rule["annotations"]["description"]
            assert seconds(rule["for"]) >= seconds(alert.get("for", "10s"))
            judged += 1
    assert judged > 5
    assert rules["connector_16pin_voltage-critical"]["labels"]["severity"] == "critical"
    assert "melting" in rules["connector_16pin_voltage-critical"]["annotations"]["description"]


def test_rule_waits_for_whole_evaluations(tmp_path: Path) -> None:
    def patience(spelled: str) -> str:
        file = tmp_path / "alerts.yaml"
        file.write_text(
            "rules: {a: {when: {limit: gpu_load warning}, severity: info, summary: Busy., for: " + spelled + "}}"
        )
        made = json.loads(generate.make(CATALOGUE, alert_file.load(file, CATALOGUE))[generate.RULES])
        (rule,) = [each for group in made["groups"] for each in group["rules"] if each["uid"] == "gpu_load-warning"]
        return str(rule["for"])

    assert [patience(each) for each in ("0", "5s", "30s", "31s", "1m30s", "1h")] == [
        "30s", "30s", "30s", "60s", "90s", "3600s",
    ]  # fmt: skip


def test_file_of_alerts_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text("rules: [1, 2]")
    with pytest.raises(Misconfigured, match=r"alerts\.yaml"):
        alert_file.load(file, CATALOGUE)
    with pytest.raises(Misconfigured, match=r"nowhere\.yaml"):
        alert_file.load(tmp_path / "nowhere.yaml", CATALOGUE)


def test_gpu_rules_are_silent_and_the_platforms_reach_somebody() -> None:
    points = {each["name"]: each["receivers"] for each in provisioned("alerting/contact-points.yaml")["contactPoints"]}
    policies = provisioned("alerting/policies.yaml")
    (root,) = policies["policies"]
    (gpus,) = root["routes"]
    always = {each["name"]: each["time_intervals"] for each in policies["muteTimes"]}
    assert points[root["receiver"]], "the platform's rules go here"
    assert points[gpus["receiver"]]
    assert gpus["object_matchers"] == [["about", "=", "gpu"]]
    assert [always[name] for name in gpus["mute_time_intervals"]] == [
        [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
    ]
    assert {rule["labels"]["about"] for rule in RULES} == {"gpu", "platform"}
    uids = [receiver["uid"] for receivers in points.values() for receiver in receivers]
    assert len(set(uids)) == len(uids)


def test_folder_of_rules_holds_nothing_that_grafana_cannot_read() -> None:
    assert {path.suffix for path in (PROVISIONING / "alerting").iterdir()} <= {".yaml", ".yml", ".json"}


def test_check_names_rules_that_were_edited(tmp_path: Path) -> None:
    generate.write(FILES, tmp_path)
    assert generate.stale(FILES, tmp_path) == []
    rules = tmp_path / generate.RULES
    rules.write_text(rules.read_text(encoding="utf-8").replace("85", "99"), encoding="utf-8")
    assert generate.stale(FILES, tmp_path) == [generate.RULES]
