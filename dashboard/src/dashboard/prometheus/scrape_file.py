"""prometheus.yml of a native instance: whom Prometheus asks, and who gets its alerts."""

from __future__ import annotations

from collections.abc import Iterator
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
DCGM_FILE: Final = "dcgm.json"
"""Beside prometheus.yml: the pages of config/sources.yaml, as `kafka-producer collect --prometheus` writes them."""


def text(
    settings: Settings, rules: Path, *, grafana: bool, postgres: bool, gateway: bool = False, fleet: str = ""
) -> str:
    """``rules``: the folder of the rule files. ``grafana``, ``postgres``: whether Grafana runs, and an exporter of
    PostgreSQL. ``gateway``: whether nginx and its exporter run. ``fleet``: host:port of the simulated fleet's pages."""
    jobs = [*_jobs(settings, grafana=grafana, postgres=postgres, gateway=gateway)]
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
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{settings.alertmanager_port}"]}]}]},
        "scrape_configs": jobs,
    }
    return "# Made at each start; a change here is lost.\n" + yaml.safe_dump(content, sort_keys=False)


def _jobs(settings: Settings, *, grafana: bool, postgres: bool, gateway: bool) -> Iterator[dict[str, Any]]:
    yield _job("prometheus", settings.prometheus_port)
    yield _job("alertmanager", settings.alertmanager_port)
    yield _job("node-exporter", settings.node_exporter_port)
    yield _job("exporter", settings.exporter_port)
    token = settings.console_tokens_dir / "console-viewer-token"
    yield _job(
        "console",
        settings.console_port,
        authorization={"credentials_file": str(token.resolve())},
        metric_relabel_configs=[_without(_TOLD_BY_THE_EXPORTER)],
    )
    yield _job("influxdb", settings.influxdb_port)
    yield _job("kafka", settings.kafka_exporter_port)
    for name, port in (("namenode", settings.hdfs_port), ("datanode", settings.hdfs_datanode_http_port)):
        yield _job(name, port, metrics_path="/prom", metric_relabel_configs=[_without_labels(_THAT_COUNT_AS_LABELS)])
    yield _job(
        "streaming",
        settings.spark_ui_port,
        metrics_path="/metrics/prometheus",
        metric_relabel_configs=[_without(_TWICE)],
    )
    if postgres:
        yield _job("postgres-exporter", settings.postgres_exporter_port)
    if gateway:
        yield _job("nginx-exporter", settings.nginx_exporter_port)
    if grafana:
        yield _job("grafana", settings.grafana_port)


def _job(name: str, port: int, **more: Any) -> dict[str, Any]:
    """``name`` is that of its process: what an alert names can be told to ./start.sh logs and restart."""
    targets = {"targets": [f"127.0.0.1:{port}"], "labels": {"platform": "gpustream"}}
    return {"job_name": name, "static_configs": [targets], **more}


def _without(names: str) -> dict[str, Any]:
    return {"source_labels": ["__name__"], "regex": names, "action": "drop"}


def _without_labels(names: str) -> dict[str, Any]:
    return {"regex": names, "action": "labeldrop"}
