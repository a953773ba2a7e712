"""prometheus.yml: who is asked, under which name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dashboard.prometheus import scrape_file
from telemetry.settings import Settings


def jobs(**options: Any) -> dict[str, dict[str, Any]]:
    chosen = {"grafana": False, "postgres": True} | options
    text = scrape_file.text(Settings(), Path("/rules"), **chosen)
    return {job["job_name"]: job for job in yaml.safe_load(text)["scrape_configs"]}


def test_every_server_has_a_job_of_its_own_name() -> None:
    always = {
        "prometheus", "alertmanager", "node-exporter", "exporter", "console", "influxdb", "kafka", "namenode",
        "datanode", "streaming", "postgres-exporter", "dcgm",
    }  # fmt: skip
    assert jobs().keys() == always
    assert jobs(grafana=True, gateway=True).keys() == always | {"grafana", "nginx-exporter"}
    assert jobs(postgres=False).keys() == always - {"postgres-exporter"}


def test_the_fleet_is_asked_page_by_page() -> None:
    found = jobs(fleet="127.0.0.1:9400")
    assert [found[f"fleet-node-{n}"]["metrics_path"] for n in (1, 2)] == ["/node-1/metrics", "/node-2/metrics"]


def test_in_containers_each_is_asked_by_the_name_of_its_service() -> None:
    found = jobs(containers=True, grafana=True)
    addresses = {name: job["static_configs"][0]["targets"][0] for name, job in found.items() if name != "dcgm"}
    assert addresses.keys() == jobs(grafana=True).keys() - {"dcgm"} | {"cadvisor"}
    assert all(at.partition(":")[0] == name for name, at in addresses.items())
    made = yaml.safe_load(scrape_file.text(Settings(), Path("/rules"), grafana=False, postgres=True, containers=True))
    (manager,) = made["alerting"]["alertmanagers"][0]["static_configs"]
    assert manager["targets"] == ["alertmanager:9093"]


def test_servers_are_parts_of_the_platform_and_gpus_are_not() -> None:
    """PlatformTargetDown asks for the label."""
    found = jobs(fleet="127.0.0.1:9400")
    ours = {
        name
        for name, job in found.items()
        if any(each.get("labels") == {"platform": "gpustream"} for each in job.get("static_configs", []))
    }
    assert found.keys() - ours == {"dcgm", "fleet-node-1", "fleet-node-2"}
