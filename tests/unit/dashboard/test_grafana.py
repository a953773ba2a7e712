"""Dashboards are what the catalogue says, whole and stable."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboard.grafana import alert_file, fields, generate, overview
from dashboard.grafana.page import Uid
from dashboard.grafana.query import DATASOURCE_UID
from dashboard.main import main
from telemetry import catalogue
from telemetry.catalogue import Limits, Metric

ROOT = Path(__file__).parents[3]
GRAFANA = ROOT / "dashboard" / "grafana"
CATALOGUE = catalogue.load(ROOT / "config" / "metrics.yaml")
ALERTS = alert_file.load(ROOT / "config" / "alerts.yaml", CATALOGUE)
FILES = generate.make(CATALOGUE, ALERTS)
PAGES: dict[str, dict[str, Any]] = {
    name: json.loads(text) for name, text in FILES.items() if name.startswith("dashboards/")
}
OF_PROMETHEUS: dict[str, dict[str, Any]] = {
    name: json.loads(text) for name, text in FILES.items() if name.startswith("prometheus/")
}
EVERY = PAGES | OF_PROMETHEUS
OURS = {"row", "gauge", "stat", "timeseries", "state-timeline", "table", "heatmap", "barchart", "bargauge", "text"}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, page in EVERY.items():
        yield from ((name, panel) for panel in page["panels"])


def queries(page: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """(what stands beside the query, Flux)."""
    for panel in page["panels"]:
        yield from ((target, target["query"]) for target in panel.get("targets", []))
    yield from ((each["target"], each["target"]["query"]) for each in page["annotations"]["list"])
    for variable in page["templating"]["list"]:
        if variable["type"] == "query":
            yield variable, variable["query"]["query"]


@pytest.mark.parametrize("name", EVERY)
def test_models_of_grafana_read_it_and_write_the_same(name: str) -> None:
    # Not above: dashboard.grafana must be the first to import the SDK's models, which warn of their age.
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models.dashboard import Dashboard

    register_default_plugins()
    again = Dashboard.from_json(json.loads(FILES[name]))
    assert json.loads(json.dumps(again, cls=JSONEncoder)) == EVERY[name]


def test_addresses_are_unique_and_none_is_missing() -> None:
    assert {page["uid"] for page in EVERY.values()} == set(Uid)
    for name, page in EVERY.items():
        assert name == f"{'prometheus' if name in OF_PROMETHEUS else 'dashboards'}/{page['uid']}.json"
        ids = [panel["id"] for panel in page["panels"]]
        assert ids == list(range(1, len(ids) + 1))


def test_panels_are_grafanas_own_and_do_not_overlap() -> None:
    for name, panel in panels():
        assert panel["type"] in OURS, (name, panel["type"])
    for name, page in EVERY.items():
        taken: set[tuple[int, int]] = set()
        for panel in page["panels"]:
            at = panel["gridPos"]
            assert at["x"] + at["w"] <= 24, (name, panel["id"])
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken, (name, panel["id"])
            taken |= cells


def test_queries_ask_our_source_and_know_their_variables() -> None:
    for name, page in PAGES.items():
        known = {variable["name"] for variable in page["templating"]["list"]}
        for owner, flux in queries(page):
            assert owner["datasource"] == {"type": "influxdb", "uid": DATASOURCE_UID}, name
            assert set(re.findall(r"\$\{(\w+)", flux)) <= known, (name, flux)
            assert "v.timeRangeStart" in flux, (name, flux)


def test_time_series_have_the_annotations_of_anomalies_and_alerts() -> None:
    for name, page in PAGES.items():
        if any(variable["name"] == "gpu" for variable in page["templating"]["list"]):
            assert [each["name"] for each in page["annotations"]["list"]] == ["Anomalies", "Alerts"], name
            assert all(each["enable"] for each in page["annotations"]["list"])


def test_overrides_are_the_catalogues_units_and_decimals() -> None:
    judged = 0
    for name, panel in panels():
        for override in panel.get("fieldConfig", {}).get("overrides", []):
            metric = CATALOGUE.get(override["matcher"]["options"])
            if metric is None or metric.bits:
                continue
            values = {each["id"]: each["value"] for each in override["properties"]}
            unit = CATALOGUE.unit_of(metric)
            assert (values["unit"], values["decimals"]) == (unit.grafana, unit.decimals), (name, metric.name)
            levels = [step["value"] for step in values.get("thresholds", {"steps": []})["steps"]]
            limits = metric.limits
            wanted = sorted(level for level in (limits.warning, limits.critical) if level is not None) if limits else []
            assert levels == ([None, *wanted] if wanted else []), (name, metric.name)
            judged += 1
    assert judged >= len(overview.GAUGES) * 2


def test_headline_is_in_the_catalogue_and_gauges_have_an_end() -> None:
    assert all(name in CATALOGUE.metrics for name in (*overview.GAUGES, *overview.TILES))
    assert all(CATALOGUE[name].limits and fields.scale(CATALOGUE[name]) for name in overview.GAUGES)


def test_colours_say_on_which_side_of_a_limit_a_value_is() -> None:
    above = fields.thresholds(Limits(warning=80, critical=90, reason="for the test")).steps
    assert [(step.value, step.color) for step in above] == [(None, "green"), (80, "orange"), (90, "red")]
    below = fields.thresholds(Limits(warning=11.4, critical=11, direction="below", reason="for the test")).steps
    assert [(step.value, step.color) for step in below] == [(None, "red"), (11, "orange"), (11.4, "green")]
    one = fields.thresholds(Limits(warning=11.4, direction="below", reason="for the test")).steps
    assert [(step.value, step.color) for step in one] == [(None, "orange"), (11.4, "green")]


def test_worst_value_of_an_interval_is_drawn_where_there_is_a_limit() -> None:
    def metric(**limits: Any) -> Metric:
        given = {"limits": {"reason": "for the test", **limits}} if limits else {}
        return Metric.model_validate(
            {
                "name": "m",
                "label": "M",
                "description": "of the test",
                "kind": "k",
                "unit": "u",
                "plausible": [0, 9],
                **given,
            }
        )

    assert fields.shown(metric()) == "avg"
    assert fields.shown(metric(warning=5)) == "max"
    assert fields.shown(metric(warning=5, direction="below")) == "min"


def test_committed_files_are_what_the_catalogue_says() -> None:
    assert main(["grafana", "--check", str(GRAFANA)]) == 0


def test_check_names_files_that_were_edited_or_are_missing_or_too_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["grafana", "--write", str(tmp_path)]) == 0
    assert main(["grafana", "--check", str(tmp_path)]) == 0
    edited = tmp_path / sorted(FILES)[0]
    edited.write_text(edited.read_text(encoding="utf-8").replace("celsius", "fahrenheit", 1), encoding="utf-8")
    (tmp_path / "stray.json").write_text("{}", encoding="utf-8")
    assert main(["grafana", "--check", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert edited.name in said
    assert "stray.json" in said
    assert main(["grafana", "--write", str(tmp_path)]) == 0
    assert main(["grafana", "--check", str(tmp_path)]) == 0


def test_provisioning_names_the_same_source_and_holds_no_secret() -> None:
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/gpustream.yaml").read_text(encoding="utf-8"))
    (only,) = source["datasources"]
    assert (only["uid"], only["type"], only["jsonData"]["version"]) == (DATASOURCE_UID, "influxdb", "Flux")
    assert re.fullmatch(r"\$__env\{\w+\}", only["secureJsonData"]["token"])
    providers = yaml.safe_load((GRAFANA / "provisioning/dashboards/gpustream.yaml").read_text(encoding="utf-8"))
    (provider,) = providers["providers"]
    assert "folderUid" not in provider
    assert provider["options"]["path"] == "$__env{GPUSTREAM_DASHBOARDS}"


def test_every_metric_that_the_samples_report_is_on_a_panel_in_its_unit() -> None:
    reported = {name for log in (ROOT / "data" / "samples").glob("*.txt") for name in metrics_of(log)}
    assert len(reported) > 20
    detail = PAGES[f"dashboards/{Uid.DETAIL}.json"]
    units = {
        override["matcher"]["options"]: value["value"]
        for panel in detail["panels"]
        for override in panel["fieldConfig"]["overrides"]
        for value in override["properties"]
        if value["id"] == "unit"
    }
    masks = {metric.name for metric in CATALOGUE if metric.bits}
    in_words = {name for name in masks if any(name in flux for _, flux in queries(detail))}
    assert {name: units.get(name) for name in reported - masks} == {
        name: CATALOGUE.unit_of(CATALOGUE[name]).grafana for name in reported - masks
    }
    assert reported & masks == reported & in_words
    assert reported & masks


def metrics_of(log: Path) -> set[str]:
    """By its header, as the catalogue knows it."""
    columns = log.read_text(encoding="latin-1").splitlines()[0].split(",")[1:]
    found = {
        metric.name for column in columns if column.strip() and (metric := CATALOGUE.column("gpuz", column).metric)
    }
    assert found, log
    return found
