"""Prometheus' alerts in the console: a real Alertmanager that is told of alerts, goes away and comes back."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard.app import create_app
from dashboard.prometheus import route_file
from dashboard.stores.alertmanager import Alertmanager
from dashboard.stores.alerts_postgres import PostgresAlerts
from support.alert_tables import Engine, an_alert, database, settings_of
from support.console import Console, absent_stores
from support.engines import PostgreSQL, free_ports
from support.prometheus_server import answers, until

OURS = an_alert(0, "desk:0", severity="critical", metric="gpu_temperature", threshold=95.0)


class Server:
    """Debian's Alertmanager with the routes of the settings."""

    def __init__(self, folder: Path, console: Console) -> None:
        self.url = f"http://127.0.0.1:{console.settings.alertmanager_port}"
        # Where start.sh makes it: what the console knows of the profile.
        self._routes = console.settings.gpustream_run_dir / "prometheus" / "alertmanager.yml"
        self._text = route_file.text(console.settings)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._routes.parent.mkdir(exist_ok=True)
        self._routes.write_text(self._text, encoding="utf-8")
        command = (
            "prometheus-alertmanager", f"--config.file={self._routes}", f"--storage.path={self._folder}",
            f"--web.listen-address={self.url.removeprefix('http://')}", "--cluster.listen-address=",
        )  # fmt: skip
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: answers(f"{self.url}/-/ready"))

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def end_profile(self) -> None:
        self.stop()
        self._routes.unlink()

    def tell(self, *alerts: dict[str, str]) -> None:
        """As Prometheus does: labels, and their rule's words."""
        body = [
            {"labels": labels, "annotations": {"summary": f"summary of {labels['alertname']}", "runbook_url": "r"}}
            for labels in alerts
        ]
        httpx.post(f"{self.url}/api/v2/alerts", json=body).raise_for_status()

    def silence(self, name: str) -> None:
        now = datetime.now(UTC)
        body = {
            "matchers": [{"name": "alertname", "value": name, "isRegex": False, "isEqual": True}],
            "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "jane", "comment": "being repaired",
        }  # fmt: skip
        httpx.post(f"{self.url}/api/v2/silences", json=body).raise_for_status()


@pytest.fixture
def console(postgres: PostgreSQL, tmp_path: Path) -> Iterator[Console]:
    (port,) = free_ports(1)
    name = database(postgres, f"alertmanager_{port}")
    console = Console(tmp_path / "run", alertmanager_port=port, **settings_of(postgres, name))
    engine = Engine(console.settings)
    engine.record(OURS)
    engine.close()
    alerts, prometheus = PostgresAlerts(console.settings), Alertmanager(console.settings)
    prometheus.start()
    console.app = create_app(console.settings, replace(absent_stores(), alerts=alerts, prometheus=prometheus))
    yield console
    prometheus.close()
    alerts.close()


@pytest.fixture
def server(console: Console, tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "alertmanager").mkdir()
    server = Server(tmp_path / "alertmanager", console)
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://jane:hush@127.0.0.1:1", "it does not answer"),
        ("jane:hush@127.0.0.1:1", "InvalidSchema"),
        # Something else than Alertmanager.
        ("http://jane:hush@{page}", "its answer is no"),
        ("http://jane:hush@{page}/text", "its answer is no JSON"),
        ("http://jane:hush@{page}/gone", "HTTP 404"),
    ],
)
def test_what_does_not_answer_as_alertmanager_is_said_without_its_password(tmp_path: Path, url: str, why: str) -> None:
    with another_server() as page:
        prometheus = Alertmanager(Console(tmp_path, alertmanager_url=url.format(page=page)).settings)
        prometheus.start()
        until(lambda: prometheus.said().asked)
        prometheus.close()
    said = prometheus.said()
    assert why in said.trouble
    assert "127.0.0.1" in said.trouble
    assert "hush" not in said.trouble
    assert said.alerts == ()


@contextmanager
def another_server() -> Iterator[str]:
    """One whose answers are none of Alertmanager's; yields host:port."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path.startswith("/gone") else 200)
            self.end_headers()
            self.wfile.write(b"<html>" if self.path.startswith("/text") else b'{"status": "success"}')

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def now(console: Console) -> dict[str, Any]:
    answer = console.get("/api/v1/alerts/now")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


def of_gpu(name: str, severity: str) -> dict[str, str]:
    return {
        "alertname": name, "severity": severity, "about": "gpu", "cluster": "c", "host": "desk", "card": "desk:0"
    }  # fmt: skip


def test_both_lists_are_one_and_one_fault_is_one_entry(console: Console, server: Server) -> None:
    assert (now(console)["prometheus"], [each["id"] for each in now(console)["alerts"]]) == ("not_asked", [OURS.id])
    server.start()
    kafka = {"alertname": "PlatformKafkaAway", "severity": "critical", "about": "platform", "job": "exporter"}
    lag = {"alertname": "PlatformLag", "severity": "warning", "about": "platform", "process": "streaming"}
    critical, warning = of_gpu("GpuTemperatureCritical", "critical"), of_gpu("GpuTemperatureWarning", "warning")
    server.silence("PlatformLag")
    server.tell(kafka, lag, critical, warning)

    def known() -> dict[str, str]:
        return {each["name"]: each["status"] for each in now(console)["alerts"]}

    wanted = {
        "PlatformKafkaAway": "active", OURS.rule: "active", "GpuTemperatureWarning": "inhibited",
        "PlatformLag": "silenced",
    }  # fmt: skip
    until(lambda: known() == wanted)
    found = now(console)
    assert found["prometheus"] == "answers"
    by_name = {each["name"]: each for each in found["alerts"]}
    # Ours is of long ago, Kafka of just now: both critical.
    assert [each["name"] for each in found["alerts"]][:2] == ["PlatformKafkaAway", OURS.rule]
    assert by_name[OURS.rule]["also_by"] == "GpuTemperatureCritical"
    assert by_name["PlatformKafkaAway"]["origin"] == "prometheus"
    assert by_name["PlatformKafkaAway"]["message"] == "summary of PlatformKafkaAway"
    assert by_name["PlatformLag"]["whom"] == "streaming"
    assert by_name["GpuTemperatureWarning"]["gpu"] == "desk:0"


def test_without_alertmanager_ours_are_there_and_why_it_is_alone(console: Console, server: Server) -> None:
    server.start()
    server.tell({"alertname": "PlatformKafkaAway", "severity": "critical", "about": "platform", "job": "exporter"})
    until(lambda: len(now(console)["alerts"]) == 2)
    server.stop()
    until(lambda: now(console)["prometheus"] == "away")
    found = now(console)
    assert [each["id"] for each in found["alerts"]] == [OURS.id]
    assert server.url in found["trouble"]
    server.start()
    until(lambda: now(console)["prometheus"] == "answers")
    server.end_profile()
    until(lambda: now(console)["prometheus"] == "not_asked")
    assert now(console)["trouble"] == ""
