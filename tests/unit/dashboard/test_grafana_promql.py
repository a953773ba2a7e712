"""The dashboards that read Prometheus: their source, their variables, what the catalogue says on their panels."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dashboard.grafana import gpu_promql
from dashboard.grafana.promql import DATASOURCE_UID
from dashboard.prometheus import gpu_rules, platform_rules
from dashboard.prometheus.rule import Record
from support.console import ROOT
from support.prometheus_panels import FOLDER, panel_queries
from telemetry import catalogue

GRAFANA = ROOT / "dashboard" / "grafana"
CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
PAGES = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def panels() -> Iterator[dict[str, Any]]:
    for page in PAGES:
        yield from (panel for panel in page["panels"] if panel["type"] != "row")


def recorded() -> set[str]:
    groups = yaml.safe_load((ROOT / "dashboard/prometheus/gpu-rules.yaml").read_text(encoding="utf-8"))["groups"]
    of_gpus = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    return of_gpus | {
        rule.name for group in platform_rules.groups() for rule in group.rules if isinstance(rule, Record)
    }


def test_all_three_are_there_and_ask_prometheus_alone() -> None:
    assert [page["title"] for page in PAGES] == ["GPU (Prometheus)", "Infrastructure", "Services"]
    source = {"type": "prometheus", "uid": DATASOURCE_UID}
    for panel in panels():
        assert panel["datasource"] == source, panel["title"]
        assert all(target["datasource"] == source for target in panel["targets"]), panel["title"]
    for page in PAGES:
        assert all(each["datasource"] == source for each in page["templating"]["list"])


def test_every_series_of_a_rule_that_a_panel_reads_is_recorded() -> None:
    names = re.compile(r"\b(?:gpu|platform):\w+(?::\w+)?")
    read = {name for query in panel_queries() for name in names.findall(query.expr)}
    assert len(read) > 20
    assert read <= recorded(), read - recorded()


def test_what_is_recorded_for_panels_alone_is_shown() -> None:
    read = " ".join(query.expr for query in panel_queries())
    for metric in gpu_rules.SHOWN:
        assert f"gpu:{metric}{{" in read, metric


def test_every_panel_says_what_it_is_when_there_is_nothing_and_names_its_series() -> None:
    for panel in panels():
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]
        for target in panel["targets"]:
            if target["format"] != "table":
                assert target["legendFormat"], panel["title"]


def test_legends_name_labels_that_the_query_gives() -> None:
    for panel in panels():
        for target in panel["targets"]:
            for label in re.findall(r"{{(\w+)}}", target.get("legendFormat", "")):
                aggregated = re.findall(r"\bby \(([^)]*)\)", target["expr"])
                outer = aggregated[0].split(", ") if aggregated and target["expr"].startswith(("sum", "max")) else []
                assert not outer or label in outer, (panel["title"], label)


def test_panels_of_metrics_have_the_catalogues_name_unit_decimals_and_limits() -> None:
    (page,) = (page for page in PAGES if page["uid"] == "gpustream-gpu-prometheus")
    by_title = {panel["title"]: panel for panel in page["panels"]}
    shown = [each for _, metrics in gpu_promql.ROWS for each in metrics]
    assert len(shown) >= 14
    for each in shown:
        metric = CATALOGUE[each.metric]
        unit = CATALOGUE.unit_of(metric)
        defaults = by_title[metric.label]["fieldConfig"]["defaults"]
        assert (defaults["unit"], defaults["decimals"]) == (unit.grafana, unit.decimals), metric.name
        levels = [step["value"] for step in defaults["thresholds"]["steps"]]
        limits = metric.limits
        wanted = sorted(level for level in (limits.warning, limits.critical) if level is not None) if limits else []
        assert levels == [None, *wanted], metric.name


def test_reasons_are_the_catalogues_words_and_orange_where_they_hold_back() -> None:
    (lanes,) = (panel for panel in panels() if panel["type"] == "state-timeline")
    (target,) = lanes["targets"]
    for name in gpu_promql.MASKS:
        for bit, word in CATALOGUE[name].bits.items():
            value = 2 if bit in CATALOGUE[name].throttling else 1
            assert f'{value} * (floor(gpu:{name}{{host=~"$host", card=~"$card"}} / {bit}) % 2 > 0)' in target["expr"]
            assert f'"reason", "{word}"' in target["expr"]
    (mapping,) = lanes["fieldConfig"]["defaults"]["mappings"]
    assert {key: each["color"] for key, each in mapping["options"].items()} == {
        "0": "green", "1": "blue", "2": "orange"
    }  # fmt: skip


def test_source_and_folder_are_there_with_the_profile_and_gone_without() -> None:
    on, off = GRAFANA / "observability" / "on", GRAFANA / "observability" / "off"
    (source,) = yaml.safe_load((on / "datasources/prometheus.yaml").read_text(encoding="utf-8"))["datasources"]
    assert (source["uid"], source["type"], source["url"]) == (DATASOURCE_UID, "prometheus", "$__env{PROMETHEUS_URL}")
    assert not source.get("isDefault")
    (provider,) = yaml.safe_load((on / "dashboards/prometheus.yaml").read_text(encoding="utf-8"))["providers"]
    assert provider["options"]["path"] == "$__env{GPUSTREAM_PROMETHEUS_DASHBOARDS}"
    usual = yaml.safe_load((GRAFANA / "provisioning/dashboards/gpustream.yaml").read_text(encoding="utf-8"))
    assert provider["folder"] != usual["providers"][0]["folder"]
    gone = yaml.safe_load((off / "datasources/prometheus.yaml").read_text(encoding="utf-8"))
    assert [each["name"] for each in gone["deleteDatasources"]] == [source["name"]]
    assert not (off / "dashboards").exists()


def test_prometheus_takes_every_query(tmp_path: Path) -> None:
    # As rules: promtool reads no dashboards.
    rules = [{"record": f"query:{number}", "expr": each.expr} for number, each in enumerate(panel_queries())]
    assert len(rules) > 60
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "rules.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
