"""prometheus.yml of an instance: whom Prometheus asks, and who gets its alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from telemetry.settings import Settings

FLEET_NODES: Final = ("node-1", "node-2")
"""Of the profile `fleet`; a page each."""
_EVERY = "10s"
"""What has ended must be told within a minute."""
_TOLD_BY_THE_EXPORTER = "gpustream_(feed|process|gpu)_.*"
"""The console's page has these, too; each alert would come twice."""
_THAT_COUNT_AS_LABELS = "totalsynctimes|numopenconnectionsperuser"
"""HDFS writes these numbers as labels: each change would be 71 series more."""
_TWICE = "metrics_.*_driver_.*_Number"
"""Spark writes each gauge as _Value, too."""
_IN_CONTAINERS: Final = {
    "prometheus": 9090,
    "alertmanager": 9093,
    "node-exporter": 9100,
    "cadvisor": 8080,
    "exporter": 9108,
    "console": 8000,
    "influxdb": 8086,
    "kafka": 9404,
    "namenode": 9870,
    "datanode": 9864,
    "postgres-exporter": 9187,
    "grafana": 3000,
}
"""Service of docker-compose.yml -> the port inside it."""
DCGM_FILE: Final = "dcgm.json"
"""Beside prometheus.yml: the pages of config/sources.yaml, as `kafka-producer collect --prometheus` writes them."""


def text(
    settings: Settings,
    rules: Path,
    *,
    grafana: bool,
    postgres: bool,
    gateway: bool = False,
    fleet: str = "",
    containers: bool = False,
) -> str:
    """``rules``: the folder of the rule files. ``grafana``, ``postgres``: whether Grafana runs, and an exporter of
    PostgreSQL. ``gateway``: whether nginx and its exporter run. ``fleet``: host:port of the simulated fleet's pages.
    ``containers``: each server is in a container of its name (docker-compose.yml), and cAdvisor tells of those."""
    addresses = _in_containers(settings) if containers else _here(settings)
    runs = {"grafana": grafana, "postgres-exporter": postgres, "nginx-exporter": gateway}
    jobs = [_job(name, at, **_more(name, settings)) for name, at in addresses.items() if runs.get(name, True)]
    if fleet:
        # As a real fleet's: targets of their own, not parts of the platform.
        jobs += [
            {
                "job_name": f"fleet-{node}",
                "metrics_path": f"/{node}/metrics",
                "static_configs": [{"targets": [fleet]}],
            }
            for node in FLEET_NODES
        ]
    jobs.append({"job_name": "dcgm", "file_sd_configs": [{"files": [DCGM_FILE]}]})
    content = {
        "global": {"scrape_interval": _EVERY, "scrape_timeout": "8s", "evaluation_interval": _EVERY},
        "rule_files": [str(rules / "gpu-rules.yaml"), str(rules / "platform-rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [addresses["alertmanager"]]}]}]},
        "scrape_configs": jobs,
    }
    return "# Made at each start; a change here is lost.\n" + yaml.safe_dump(content, sort_keys=False)


def _here(settings: Settings) -> dict[str, str]:
    ports = {
        "prometheus": settings.prometheus_port,
        "alertmanager": settings.alertmanager_port,
        "node-exporter": settings.node_exporter_port,
        "exporter": settings.exporter_port,
        "console": settings.console_port,
        "influxdb": settings.influxdb_port,
        "kafka": settings.kafka_exporter_port,
        "namenode": settings.hdfs_port,
        "datanode": settings.hdfs_datanode_http_port,
        "streaming": settings.spark_ui_port,
        "postgres-exporter": settings.postgres_exporter_port,
        "nginx-exporter": settings.nginx_exporter_port,
        "grafana": settings.grafana_port,
    }
    return {name: f"127.0.0.1:{port}" for name, port in ports.items()}


def _in_containers(settings: Settings) -> dict[str, str]:
    ports = _IN_CONTAINERS | {"streaming": settings.spark_ui_port}
    return {name: f"{name}:{port}" for name, port in ports.items()}


def _more(name: str, settings: Settings) -> dict[str, Any]:
    """What is to be said of a target beside its address."""
    if name == "console":
        token = settings.console_tokens_dir / "console-viewer-token"
        return {
            "authorization": {"credentials_file": str(token.resolve())},
            "metric_relabel_configs": [_without(_TOLD_BY_THE_EXPORTER)],
        }
    if name in {"namenode", "datanode"}:
        return {"metrics_path": "/prom", "metric_relabel_configs": [_without_labels(_THAT_COUNT_AS_LABELS)]}
    if name == "streaming":
        return {"metrics_path": "/metrics/prometheus", "metric_relabel_configs": [_without(_TWICE)]}
    return {}


def _job(name: str, address: str, **more: Any) -> dict[str, Any]:
    """``name`` is that of its process: what an alert names can be told to ./start.sh logs and restart."""
    targets = {"targets": [address], "labels": {"platform": "gpustream"}}
    return {"job_name": name, "static_configs": [targets], **more}


def _without(names: str) -> dict[str, Any]:
    return {"source_labels": ["__name__"], "regex": names, "action": "drop"}


def _without_labels(names: str) -> dict[str, Any]:
    return {"regex": names, "action": "labeldrop"}
