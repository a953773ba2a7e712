"""Debian's Prometheus and Alertmanager with the files that start.sh makes: a target that ends is told, and resolved."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric

from dashboard.prometheus import route_file, scrape_file
from support.engines import free_ports
from support.prometheus_server import RULES, PrometheusServer, until
from support.receivers import HttpReceiver, http_receiver
from telemetry.settings import Settings


class Away:
    """A page as the exporter has it; ``up`` is what it says of Kafka."""

    up = 1.0

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("gpustream_kafka_up", "Whether Kafka answers.", value=self.up)
        hot = GaugeMetricFamily("gpustream_gpu_temperature_celsius", "Hot.", labels=("gpu", "host"))
        hot.add_metric(("desk-01:0", "desk-01"), 99.0)
        yield hot


@pytest.fixture(scope="module")
def page() -> Away:
    return Away()


@pytest.fixture(scope="module")
def people() -> Iterator[HttpReceiver]:
    with http_receiver() as receiver:
        receiver.open.set()
        yield receiver


@pytest.fixture(scope="module")
def server(page: Away, people: HttpReceiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Only its own page, Alertmanager's and the exporter's are there; the others are down."""
    folder = tmp_path_factory.mktemp("prometheus")
    names = ("prometheus", "alertmanager", "exporter", "node_exporter", "console", "influxdb")
    ports = dict(zip((f"{name}_port" for name in names), free_ports(len(names)), strict=True))
    settings = Settings.model_validate(
        {**ports, "gpustream_run_dir": folder, "alertmanager_webhook_url": f"{people.url}/told"}
    )
    registry = CollectorRegistry()
    registry.register(page)
    http, _ = start_http_server(settings.exporter_port, "127.0.0.1", registry)
    with ExitStack() as stack:
        stack.callback(http.server_close)
        stack.callback(http.shutdown)
        yield stack.enter_context(PrometheusServer(folder, settings))


@pytest.fixture(scope="module")
def prometheus(server: PrometheusServer) -> str:
    """Its address."""
    return server.url


def firing(address: str) -> set[tuple[str, str]]:
    """(alert, job or host)."""
    query = {"query": 'ALERTS{alertstate="firing"}'}
    found = httpx.get(f"{address}/api/v1/query", params=query).json()["data"]["result"]
    labels = [each["metric"] for each in found]
    return {(each["alertname"], each.get("job") or each.get("host", "")) for each in labels}


def told(people: HttpReceiver) -> set[tuple[str, str, str]]:
    """(alert, job, firing or resolved)."""
    alerts = [alert for each in people.received for alert in each.document["alerts"]]
    return {(each["labels"]["alertname"], each["labels"].get("job", ""), each["status"]) for each in alerts}


def test_alertmanager_takes_every_receiver(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {
            "gpustream_run_dir": tmp_path, "alertmanager_webhook_url": "http://127.0.0.1:1/x",
            "alertmanager_mail_to": "ops@example.org", "alertmanager_mail_user": "ops",
            "alertmanager_mail_password_file": tmp_path / "password", "alertmanager_gpu_alerts": "on",
        }
    )  # fmt: skip
    (tmp_path / "alertmanager.yml").write_text(route_file.text(settings), encoding="utf-8")
    done = subprocess.run(["amtool", "check-config", "alertmanager.yml"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_every_target(tmp_path: Path) -> None:
    shutil.copytree(RULES, tmp_path / "rules")
    settings = Settings.model_validate({"gpustream_run_dir": tmp_path})
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "console-viewer-token").write_text("x", encoding="utf-8")
    made = scrape_file.text(settings, tmp_path / "rules", grafana=True, postgres=True, fleet="127.0.0.1:9400")
    (tmp_path / "prometheus.yml").write_text(made, encoding="utf-8")
    done = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_down_is_named_and_people_are_told(prometheus: str, people: HttpReceiver) -> None:
    until(lambda: ("PlatformTargetDown", "influxdb") in firing(prometheus))
    assert ("PlatformTargetDown", "exporter") not in firing(prometheus)
    until(lambda: ("PlatformTargetDown", "influxdb", "firing") in told(people))


def test_a_server_that_ends_is_told_and_once_it_is_back_so_too(
    prometheus: str, people: HttpReceiver, page: Away
) -> None:
    page.up = 0.0
    until(lambda: ("PlatformKafkaAway", "exporter", "firing") in told(people))
    page.up = 1.0
    until(lambda: ("PlatformKafkaAway", "exporter", "resolved") in told(people))


def test_of_gpus_our_own_engine_tells_people(server: PrometheusServer) -> None:
    def receivers() -> list[str]:
        found = httpx.get(
            f"{server.alertmanager}/api/v2/alerts", params={"filter": 'alertname="GpuTemperatureCritical"'}
        )
        return [each["name"] for alert in found.json() for each in alert["receivers"]]

    until(lambda: ("GpuTemperatureCritical", "desk-01") in firing(server.url))
    assert until(receivers) == ["nobody"]
