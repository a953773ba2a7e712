"""The keys of ``.env``: those of our settings, and those that only the shell scripts and Compose read."""

from __future__ import annotations

import re
from pathlib import Path

from telemetry.settings import Settings

SCRIPT_SETTINGS = {
    "GPUSTREAM_MODE": (
        "",
        "docker or native. Empty: as the first start; that one takes docker where a Docker engine answers.",
    ),
    "GPUSTREAM_UID": ("", "Docker: the user that our containers run as; ./start.sh writes it."),
    "GPUSTREAM_GID": ("", "Docker: the group that our containers run as; ./start.sh writes it."),
    "COMPOSE_PROJECT_NAME": (
        "",
        "Docker: how containers and volumes of this instance begin. Empty: gpustream, and one of its own with a "
        "GPUSTREAM_RUN_DIR.",
    ),
    "COMPOSE_PROFILES": ("", "Docker: the parts that run beside the core, such as grafana; ./start.sh writes it."),
    "KAFKA_AGENT": ("", "Docker: what Kafka's JVM loads for Prometheus; ./start.sh writes it, by the profile."),
    "HDFS_PROMETHEUS": ("", "Docker: true where HDFS has pages for Prometheus; ./start.sh writes it, by the profile."),
    "DOCKER_SOCKET": (
        "/var/run/docker.sock",
        "Docker: where the engine listens; cAdvisor of the profile observability asks it.",
    ),
    "GRAFANA_HOME": ("", "Native mode: folder of a Grafana 12. Empty: the official archive, where it can be reached."),
    "GRAFANA_MEMORY_LIMIT": ("512m", "Docker: most memory of Grafana's container."),
    "KAFKA_HEAP_OPTS": ("-Xmx256m -Xmn48m", "Memory of Kafka's JVM."),
    "KAFKA_MEMORY_LIMIT": ("640m", "Docker: most memory of Kafka's container, its heap and all else."),
    "INFLUXDB_MEMORY_LIMIT": ("768m", "Docker: most memory of InfluxDB's container."),
    "POSTGRES_HOME": (
        "",
        "Native mode: folder of an installed PostgreSQL (with bin/). Empty: the newest that is found.",
    ),
    "POSTGRES_TIMESCALE": (
        "auto",
        "Native mode: auto loads TimescaleDB where it lies beside PostgreSQL; off never does.",
    ),
    "HEALTH_MEMORY_LIMIT": ("256m", "Docker: most memory of the health engine's container; 512m for 10,000 GPUs."),
    "POSTGRES_MEMORY_LIMIT": ("256m", "Docker: most memory of PostgreSQL's container."),
    "SPARK_MASTER_MEMORY_LIMIT": (
        "1280m",
        "Docker: most memory of the container of the master, and of the driver of a batch started by hand.",
    ),
    "SPARK_WORKER_MEMORY_LIMIT": ("2304m", "Docker: most memory of a worker's container, above SPARK_WORKER_MEMORY."),
    "STREAMING_MEMORY_LIMIT": ("1152m", "Docker: most memory of the container of the stream's driver."),
    "REPORT_MEMORY_LIMIT": (
        "1152m",
        "Docker: most memory of the report scheduler's container, and of the nightly batch's driver in it.",
    ),
    "HDFS_REPLICATION": ("1", "Copies of each block in HDFS; no more than there are DataNodes."),
    "SPARK_PORT": ("8080", "Docker: port of the page of Spark's master on 127.0.0.1."),
    "SPARK_WORKERS": ("1", "Docker: how many workers Spark has."),
    "SPARK_WORKER_CORES": ("4", "Docker: tasks that one worker runs at once, of the stream and of a batch together."),
    "SPARK_WORKER_MEMORY": ("1g", "Docker: what one worker gives to its executors, 512m to each."),
    "SPARK_CORES": ("2", "Docker: tasks that one application, the stream or a batch, runs at once."),
    "SPARK_DRIVER_MEMORY": ("512m", "Heap of the stream's and of each batch's driver."),
    "SPARK_EXECUTOR_MEMORY": ("512m", "Docker: heap of an executor."),
    "KAFKA_CONTROLLER_PORT": ("19093", "Port on which Kafka's controller listens, native mode."),
    "HDFS_DATANODE_PORT": ("9866", "Port of the DataNode's data transfer, native mode."),
    "HDFS_DATANODE_IPC_PORT": ("9867", "Port of the DataNode's control, native mode."),
    "GPUSTREAM_CACHE": ("", "Native mode: where built and downloaded engines are kept. Empty: ~/.cache/gpustream."),
    "GPUSTREAM_DATA_DIR": ("data", "The drop folder: logs that appear in it are imported and followed."),
    "COLLECT": (
        "auto",
        "auto, on or off: whether live GPUs are read; auto: where the driver or sources.yaml has some. Native mode.",
    ),
    "GATEWAY_HOST": ("127.0.0.1", "Address on which the gateway listens; 0.0.0.0: on all of this machine."),
    "GATEWAY_PORT": ("8443", "Port of the gateway."),
    "GATEWAY_NAME": ("", "Name or address by which browsers know the gateway. Empty: 127.0.0.1."),
    "GATEWAY_TLS": ("on", "on or off: whether the gateway speaks https."),
    "GATEWAY_CERTIFICATE": ("", "File with the gateway's certificate and its chain, PEM. Empty: a self-made one."),
    "GATEWAY_KEY": ("", "File with the certificate's key, PEM."),
    "GATEWAY_STATUS_PORT": ("9114", "Port on which nginx tells its exporter of itself."),
    "PROFILES": (
        "",
        "What runs beside the core: fleet (docs/recipes/fleet.md), observability (docs/prometheus.md).",
    ),
    "FLEET_PORT": ("9400", "Port of the simulated fleet's pages on 127.0.0.1, native mode."),
    "DEMO": ("on", "on or off: whether the demonstration GPUs run."),
    "DEMO_HISTORY_HOURS": ("24", "Hours of simulated history that the first start makes; 0 for none."),
}
"""Setting -> (default, description) of what only start.sh and scripts/ read."""


def unknown_settings(path: Path) -> list[str]:
    """``KEY=VALUE`` (first 80 characters) for each line of ``path`` that sets what no part of gpustream reads."""
    if not path.exists():
        return []
    # NOTIFY_*: addresses of contacts; which there are stands in config/alerts.yaml.
    known = {name.upper() for name in Settings.model_fields} | set(SCRIPT_SETTINGS)
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    matches = (re.match(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=", line) for line in lines)
    given = [(match[1], match.string[:80]) for match in matches if match]
    return [line for name, line in given if name not in known and not name.startswith("NOTIFY_")]
