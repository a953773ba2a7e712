"""Each setting that Compose itself reads reaches the container that it is about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.compose_file import effective_services

ROOT = Path(__file__).parents[2]
MIB = 2**20
PUBLISHED = {
    "KAFKA_PORT": ("kafka", 9092),
    "INFLUXDB_PORT": ("influxdb", 8086),
    "POSTGRES_PORT": ("postgres", 5432),
    "CONSOLE_PORT": ("console", 8000),
    "GRAFANA_PORT": ("grafana", 3000),
    "PROMETHEUS_PORT": ("prometheus", 9090),
    "ALERTMANAGER_PORT": ("alertmanager", 9093),
    "HDFS_PORT": ("namenode", 9870),
    "HDFS_RPC_PORT": ("namenode", 8020),
    "HDFS_DATANODE_HTTP_PORT": ("datanode", 9864),
    "SPARK_PORT": ("spark-master", 8080),
    "SPARK_UI_PORT": ("streaming", 14_000),
}
LIMITED = {
    "KAFKA_MEMORY_LIMIT": "kafka",
    "INFLUXDB_MEMORY_LIMIT": "influxdb",
    "HEALTH_MEMORY_LIMIT": "health-engine",
    "POSTGRES_MEMORY_LIMIT": "postgres",
    "GRAFANA_MEMORY_LIMIT": "grafana",
    "SPARK_MASTER_MEMORY_LIMIT": "spark-master",
    "SPARK_WORKER_MEMORY_LIMIT": "spark-worker",
    "STREAMING_MEMORY_LIMIT": "streaming",
    "REPORT_MEMORY_LIMIT": "report-scheduler",
}


@pytest.mark.parametrize("setting", PUBLISHED)
def test_port_is_published_on_this_machine_and_leads_to_its_server(setting: str) -> None:
    service, inside = PUBLISHED[setting]
    ports = effective_services(**{setting: "14000"})[service]["ports"]
    assert ("127.0.0.1", "14000", inside) in {(each["host_ip"], each["published"], each["target"]) for each in ports}


def test_every_published_port_has_a_setting_that_is_tested_here() -> None:
    ports = [port for service in effective_services().values() for port in service.get("ports", [])]
    assert len(ports) == len(PUBLISHED)


@pytest.mark.parametrize("setting", LIMITED)
def test_memory_limit_is_the_containers(setting: str) -> None:
    assert int(effective_services(**{setting: "3000m"})[LIMITED[setting]]["mem_limit"]) == 3000 * MIB


@pytest.mark.parametrize(
    ("setting", "value", "service"),
    [
        ("KAFKA_HEAP_OPTS", "-Xmx1g", "kafka"),
        ("POSTGRES_USER", "somebody", "postgres"),
        ("HDFS_REPLICATION", "2", "namenode"),
        ("HDFS_REPLICATION", "2", "datanode"),
        ("SPARK_WORKER_CORES", "16", "spark-worker"),
        ("SPARK_WORKER_MEMORY", "8g", "spark-worker"),
    ],
)
def test_setting_of_an_engine_is_in_its_environment(setting: str, value: str, service: str) -> None:
    assert effective_services(**{setting: value})[service]["environment"][setting] == value


def test_spark_has_as_many_workers_as_are_wanted() -> None:
    assert effective_services(SPARK_WORKERS="3")["spark-worker"]["deploy"]["replicas"] == 3


def test_environment_of_start_sh_reaches_our_containers(tmp_path: Path) -> None:
    """A value stands there as it was given: Compose puts nothing in the place of a dollar."""
    (tmp_path / "environment").write_text("ENERGY_CURRENCY='$ (US)'\nKAFKA_METRICS_PARTITIONS='12'\n")
    environment = effective_services(GPUSTREAM_RUN_DIR=str(tmp_path))["topics"]["environment"]
    assert environment["KAFKA_METRICS_PARTITIONS"] == "12"
    # In what Compose prints, and there alone, a dollar is doubled.
    assert environment["ENERGY_CURRENCY"].replace("$$", "$") == "$ (US)"
    assert environment["GPUSTREAM_RUN_DIR"] == "/state", "a folder of this machine means nothing in there"


def test_what_compose_reads_is_a_setting_of_the_example() -> None:
    read = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    shown = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    # What runs in it: given in the environment of one call, never in .env.
    assert read - shown == {"OBSERVED"}
