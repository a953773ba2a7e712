"""kafka-consumers influxdb-setup on an InfluxDB that is set up: our token is taken, a foreign one is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import requests

from support.engines import ORG, InfluxDB

SETUP = str(Path(sys.executable).with_name("kafka-consumers"))


def onboard(influxdb: InfluxDB, run_dir: Path) -> subprocess.CompletedProcess[str]:
    settings = {"INFLUXDB_URL": influxdb.url, "GPUSTREAM_RUN_DIR": str(run_dir), "INFLUXDB_TOKEN_FILE": ""}
    return subprocess.run(
        [SETUP, "influxdb-setup"], env=os.environ | settings, capture_output=True, text=True, check=False
    )


def test_own_token_is_taken(influxdb: InfluxDB, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "influxdb-token").write_text(influxdb.token + "\n")
    done = onboard(influxdb, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "takes our token" in done.stdout


def test_foreign_token_is_refused_and_no_secret_is_shown(influxdb: InfluxDB, tmp_path: Path) -> None:
    done = onboard(influxdb, tmp_path)
    assert done.returncode == 2
    assert "influxdb-token: found a token that the InfluxDB at" in done.stderr
    assert "./start.sh reset" in done.stderr
    token = tmp_path / "secrets" / "influxdb-token"
    assert token.stat().st_mode & 0o777 == 0o600
    assert token.parent.stat().st_mode & 0o777 == 0o700
    assert token.read_text().strip() not in done.stdout + done.stderr


def test_another_server_at_that_address_is_told(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings = {"INFLUXDB_URL": f"http://127.0.0.1:{server.server_port}", "GPUSTREAM_RUN_DIR": str(tmp_path)}
        done = subprocess.run(
            [SETUP, "influxdb-setup"], env=os.environ | settings, capture_output=True, text=True, check=False
        )
        server.shutdown()
    assert done.returncode == 2
    assert "INFLUXDB_URL: found" in done.stderr
    assert "expected the address of an InfluxDB 2" in done.stderr
    assert "reset" not in done.stderr
    assert "Traceback" not in done.stderr


def test_grafana_gets_a_token_that_reads_and_does_nothing_else(influxdb: InfluxDB, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "influxdb-token").write_text(influxdb.token + "\n")
    file = tmp_path / "secrets" / "influxdb-read-token"

    def made() -> str:
        done = onboard(influxdb, tmp_path)
        assert done.returncode == 0, done.stderr
        return file.read_text().strip()

    def writes(token: str) -> int:
        headers = {"Authorization": f"Token {token}"}
        where = {"org": ORG, "bucket": "gpu-metrics"}
        return requests.post(
            f"{influxdb.url}/api/v2/write", "x v=1", params=where, headers=headers, timeout=30
        ).status_code

    def sees(token: str) -> set[str]:
        headers = {"Authorization": f"Token {token}"}
        found = requests.get(f"{influxdb.url}/api/v2/buckets", headers=headers, timeout=30).json()
        return {each["name"] for each in found.get("buckets", [])}

    first = made()
    assert file.stat().st_mode & 0o777 == 0o600
    assert sees(first) == {"gpu-metrics", "gpu-imports", "gpu-history"}
    assert writes(first) == 403
    assert writes(influxdb.token) == 204
    assert made() == first
    file.unlink()
    second = made()
    assert second != first
    assert sees(first) == set(), "the one that was lost is revoked"
