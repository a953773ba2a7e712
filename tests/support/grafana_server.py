"""A real Grafana with our provisioning, on a port of its own, as scripts/native/grafana.sh runs it."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from support.dashboards import DASHBOARDS, Tables
from support.engines import NATIVE, InfluxDB, free_ports

ROOT = Path(__file__).parents[2]
USER = "admin"
INTERVAL_MS, POINTS = 10_000, 720


def why_not() -> str:
    """Empty where a Grafana is there (GRAFANA_HOME, or the official archive), else why not, in a line."""
    done = subprocess.run([NATIVE / "grafana.sh", "install"], capture_output=True, text=True, check=False)
    return " ".join(done.stderr.split())[-300:] if done.returncode else ""


class GrafanaServer:
    """Started on entry, gone on exit; dies with the process that started it."""

    def __init__(self, folder: Path, influxdb: InfluxDB) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.password = secrets.token_urlsafe(16)
        where = subprocess.run([NATIVE / "grafana.sh", "where"], check=True, capture_output=True, text=True)
        self.home = where.stdout.strip()
        self.log = folder / "logs" / "grafana.log"
        self._http = requests.Session()
        self._http.auth = (USER, self.password)
        self._environment = os.environ | {
            "GPUSTREAM_RUN_DIR": str(folder),
            "GRAFANA_PORT": str(port),
            "INFLUXDB_URL": influxdb.url,
            "INFLUXDB_ORG": influxdb.org,
            "GPUSTREAM_WAIT_SECONDS": "180",
        }
        (folder / "secrets").mkdir(parents=True)
        (folder / "secrets" / "influxdb-read-token").write_text(influxdb.token)
        (folder / "secrets" / "grafana-password").write_text(self.password)
        shutil.copytree(DASHBOARDS, folder / "grafana" / "dashboards")
        shutil.copytree(DASHBOARDS.parent / "provisioning", folder / "grafana" / "provisioning")

    def __enter__(self) -> Self:
        self._call("configure")
        with self.log.open("wb") as log:
            command = ["setpriv", "--pdeathsig", "KILL", str(NATIVE / "grafana.sh"), "run"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
        try:
            self._call("wait")
        except BaseException:
            self._process.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()
        self._process.kill()
        self._process.wait()

    def _call(self, command: str) -> None:
        done = subprocess.run(
            [NATIVE / "grafana.sh", command], env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{done.stderr}\n{self.said()}"

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def get(self, path: str) -> Any:
        answer = self._http.get(f"{self.url}{path}", timeout=60)
        assert answer.ok, f"{path}: HTTP {answer.status_code}: {answer.text}"
        return answer.json()

    def frames(self, source: str, flux: str, begin_ms: int, end_ms: int) -> list[dict[str, Any]]:
        """What Grafana answers its pages: data frames, of which each has the names, types and values of its fields."""
        query = {
            "refId": "A",
            "datasource": {"type": "influxdb", "uid": source},
            "query": flux,
            "intervalMs": max(1000, (end_ms - begin_ms) // POINTS),
            "maxDataPoints": POINTS,
        }
        body = {"queries": [query], "from": str(begin_ms), "to": str(end_ms)}
        answer = self._http.post(f"{self.url}/api/ds/query", json=body, timeout=60)
        result = answer.json().get("results", {}).get("A", {})
        assert answer.ok, f"HTTP {answer.status_code}: {result.get('error', answer.text)}\n{flux}"
        assert "error" not in result, f"{result['error']}\n{flux}"
        # Where nothing is found Grafana sends one frame without fields.
        return [frame for frame in result["frames"] if frame["schema"]["fields"]]

    def tables(self, source: str, flux: str, begin_ms: int, end_ms: int) -> Tables:
        """Frames as rows: what a variable is made of."""
        made: Tables = []
        for frame in self.frames(source, flux, begin_ms, end_ms):
            names = [each["name"] for each in frame["schema"]["fields"]]
            rows = zip(*frame["data"]["values"], strict=True)
            made.append([dict(zip(names, map(str, row), strict=True)) for row in rows])
        return made
