"""The whole platform as ``./start.sh`` runs it, in a folder and on ports of its own; in either mode."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import httpx
import requests
from deltalake import DeltaTable

from support.engines import free_ports
from support.identities import (
    Point,
    Row,
    dry_run,
    eventually,
    is_newer_in_influxdb,
    points_in_influxdb,
    rows_in_lake,
    values_in_influxdb,
)
from telemetry.timestamp import parse_time

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data" / "samples"
PRODUCER = ROOT / ".venv/bin/kafka-producer"
PORTS = (
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "HDFS_PORT",
    "HDFS_RPC_PORT",
    "HDFS_DATANODE_PORT",
    "HDFS_DATANODE_HTTP_PORT",
    "HDFS_DATANODE_IPC_PORT",
    "INFLUXDB_PORT",
    "POSTGRES_PORT",
    "CONSOLE_PORT",
    "GRAFANA_PORT",
    "SPARK_PORT",
    "SPARK_UI_PORT",
    "FLEET_PORT",
    "PROMETHEUS_PORT",
    "ALERTMANAGER_PORT",
    "NODE_EXPORTER_PORT",
    "POSTGRES_EXPORTER_PORT",
    "EXPORTER_PORT",
    "KAFKA_EXPORTER_PORT",
    "GATEWAY_PORT",
    "GATEWAY_STATUS_PORT",
    "NGINX_EXPORTER_PORT",
)


@dataclass(frozen=True)
class Platform:
    """One instance of everything. ``folder`` holds its drop folder and what start.sh keeps."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def in_folder(cls, folder: Path, mode: str, **settings: str) -> Self:
        ports = {name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)}
        (folder / "data").mkdir(parents=True)
        own = {
            "GPUSTREAM_MODE": mode,
            "GPUSTREAM_RUN_DIR": str(folder / "run"),
            "GPUSTREAM_DATA_DIR": str(folder / "data"),
            "DEMO_HISTORY_HOURS": "1",
        }
        return cls(folder, os.environ | ports | own | settings)

    @property
    def run_dir(self) -> Path:
        return self.folder / "run"

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def start_sh(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(ROOT / "start.sh"), *arguments],
            env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=1500,
        )  # fmt: skip
        print(done.stdout, done.stderr, sep="\n")
        assert not check or done.returncode == 0, f"./start.sh {' '.join(arguments)}: exit {done.returncode}"
        return done

    def starting(self, *arguments: str) -> subprocess.Popen[bytes]:
        """``./start.sh`` with these arguments, not waited for."""
        return subprocess.Popen([str(ROOT / "start.sh"), *arguments], env=self.environment, cwd=ROOT)

    def status(self) -> tuple[int, dict[str, Any]]:
        done = self.start_sh("status", "--json", check=False)
        return done.returncode, json.loads(done.stdout)

    def api(self, path: str) -> Any:
        """What the REST API answers to a viewer."""
        token = (self.run_dir / "secrets" / "console-viewer-token").read_text().strip()
        address = f"http://127.0.0.1:{self.environment['CONSOLE_PORT']}/api/v1{path}"
        answer = httpx.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def points(self, bucket: str, gpu: str) -> Counter[Point]:
        url = f"http://127.0.0.1:{self.environment['INFLUXDB_PORT']}"
        token = (self.run_dir / "secrets" / "influxdb-token").read_text().strip()
        return points_in_influxdb(url, "gpustream", token, bucket, gpu)

    def shows_newer(self, since: int) -> bool:
        """Whether InfluxDB answers, and has a reading of a time after ``since`` (microseconds UTC)."""
        url = f"http://127.0.0.1:{self.environment['INFLUXDB_PORT']}"
        try:
            token = (self.run_dir / "secrets" / "influxdb-token").read_text().strip()
            return is_newer_in_influxdb(url, "gpustream", token, "gpu-metrics", since)
        except (OSError, requests.RequestException):
            return False

    def points_with(self, metric: str, host: str) -> int:
        """Of how many readings InfluxDB has this metric."""
        url = f"http://127.0.0.1:{self.environment['INFLUXDB_PORT']}"
        token = (self.run_dir / "secrets" / "influxdb-token").read_text().strip()
        return values_in_influxdb(url, "gpustream", token, "gpu-metrics", host, metric)

    @property
    def lake_uri(self) -> str:
        """The table of readings."""
        return f"hdfs://127.0.0.1:{self.environment['HDFS_RPC_PORT']}/gpu-metrics/readings"

    def rows(self, gpu: str) -> Counter[Row]:
        return rows_in_lake(self.lake_uri, gpu)

    def files(self, day: date) -> int:
        """How many files of the lake hold the readings of ``day`` (UTC)."""
        return len(DeltaTable(self.lake_uri).file_uris(file_pruning_predicate=[("date", "=", day)]))

    def readings_of(self, log: Path, gpu: str, *more: Path) -> list[dict[str, Any]]:
        """What the log, and ``more`` of the same GPU, must become, by the dry run of this checkout."""
        readings = dry_run(PRODUCER, [log, *more], "--time", "original", "--gpu", gpu, cwd=ROOT)
        assert readings
        return readings

    def windowed(self, gpu: str) -> int:
        """How many readings of ``gpu`` the windows in the lake count, all together."""
        uri = f"hdfs://127.0.0.1:{self.environment['HDFS_RPC_PORT']}/gpu-metrics/windows"
        table = DeltaTable(uri).to_pyarrow_table(columns=["gpu", "metric", "count"], filters=[("gpu", "=", gpu)])
        return sum(each["count"] for each in table.to_pylist() if each["metric"] is None)

    def with_metric(self, metric: str, host: str) -> int:
        """How many different readings of ``host`` in the lake have a value of ``metric``, known by name or not."""
        table = DeltaTable(self.lake_uri).to_pyarrow_table(
            columns=["gpu", "row", metric, "more"], filters=[("host", "=", host)]
        )  # fmt: skip
        return len(
            {
                (each["gpu"], each["row"])
                for each in table.to_pylist()
                if each[metric] is not None or metric in dict(each["more"] or ())
            }
        )

    def place(self, log: Path, gpu: str, name: str = "") -> Path:
        """Where a log lies in the drop folder as the GPU ``gpu``."""
        folder = self.data_dir.joinpath(*gpu.split(":"))
        folder.mkdir(parents=True, exist_ok=True)
        return folder / (name or log.name)

    def drop(self, log: Path, gpu: str, name: str = "") -> None:
        """Puts ``log`` into the drop folder as the GPU ``gpu``, as a file manager does: it appears, then it grows."""
        shutil.copyfile(log, self.place(log, gpu, name))

    def holds(self, readings: Sequence[dict[str, Any]], gpu: str) -> None:
        """Both stores come to hold exactly these readings, each once."""
        points = Counter(Point(gpu, parse_time(each["time"]), each["row"]) for each in readings)
        rows = Counter(Row(each["origin"], gpu, each["row"]) for each in readings)
        bucket = "gpu-imports" if readings[0]["mode"] == "import" else "gpu-metrics"
        assert eventually(lambda: self.points(bucket, gpu), lambda found: found.total() >= len(points), 180) == points
        assert eventually(lambda: self.rows(gpu), lambda found: found.total() >= len(rows), 240) == rows
        assert eventually(lambda: self.windowed(gpu), lambda found: found >= len(rows)) == len(rows)


def long_log(folder: Path, name: str, seed: int, rows: int = 30_000, start: str = "2016-03-01 20:00:00") -> Path:
    """A log of long ago that takes seconds to send: long enough to harm something meanwhile."""
    path = folder / name
    options = ["--scenario", "gaming", "--duration", f"{rows}s", "--seed", str(seed), "--start", start]
    subprocess.run([str(PRODUCER), "simulate", "gpuz", *options, "--out", str(path)], check=True)
    return path
