"""Every query of the dashboards that read Prometheus, asked of a real one that reads the pages of what is real here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn
from kafka import KafkaProducer

from dashboard.app import create_app
from dashboard.exporter.serve import served
from dashboard.roles import Role
from dashboard.stores.live_kafka import Feed
from dashboard.stores.pipeline_kafka import KafkaPipeline
from support.console import ROOT, Console, absent_stores
from support.engines import InfluxDB, Kafka, PostgreSQL, free_ports
from support.prometheus_panels import ask, ask_all, p95, panel_queries, without_data
from support.prometheus_server import DEADLINE, Program, PrometheusServer, until
from support.readings import made_up
from telemetry import topics
from telemetry.messages import PipelineReport
from telemetry.reading import encode
from telemetry.timestamp import format_time

ELSEWHERE = {
    "container_": "cAdvisor: with Docker only",
    "kafka_": "Kafka's JMX exporter: tests/e2e/test_observability.py",
    "metrics_": "Spark: tests/e2e/test_observability.py",
    "fs_namesystem_": "HDFS: tests/e2e/test_observability.py",
}
"""The beginning of a metric that nothing here has -> who has it, and where that is asked."""


def now() -> int:
    return time.time_ns() // 1000


class Talk(threading.Thread):
    """What would go on meanwhile: readings of a desktop card, reports of two processes, and what ``asks`` asks."""

    def __init__(self, bootstrap: str, asks: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
        self._asks = asks
        self._over = threading.Event()

    def run(self) -> None:
        began, row = now(), 0
        while not self._over.wait(0.5):
            row += 1
            reading = made_up(row, now(), gpu="panels:0", host="panels", metrics={
                "gpu_temperature": 60.0, "hot_spot_temperature": 75.0, "gpu_clock": 1800.0, "fan1_speed_percent": 40.0,
                "perfcap_reason": 16.0, "gpu_load": 50.0,
            })  # fmt: skip
            self._producer.send(topics.GPU_METRICS, key=reading.gpu.encode(), value=encode(reading))
            rejected: dict[str, dict[str, int]] = {"influxdb-writer": {}, "streaming": {"not_json": row}}
            for name, reasons in rejected.items():
                report = PipelineReport(
                    process=name, instance="panels", host="panels", time=format_time(now()), started=format_time(began),
                    starts=1, received=10 * row, sent=9 * row, rejected=reasons, lag=5, latency_seconds=0.3,
                    memory_bytes=10**8,
                )  # fmt: skip
                self._producer.send(topics.GPU_PIPELINE, key=name.encode(), value=report.encode())
            self._producer.flush()
            self._asks()

    def close(self) -> None:
        self._over.set()
        self.join()
        self._producer.close()


@contextmanager
def console_served(console: Console) -> Iterator[str]:
    """By uvicorn, as `dashboard serve` does, with what Kafka tells and no other store."""
    feed = Feed(console.settings)
    feed.start()
    stores = replace(absent_stores(), live=feed, pipeline=KafkaPipeline(console.settings, feed))
    app = create_app(console.settings, stores)
    port = console.settings.console_port
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
        feed.close()


@pytest.fixture(scope="module")
def prometheus(
    kafka: Kafka, influxdb: InfluxDB, postgres: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Its address."""
    folder = tmp_path_factory.mktemp("panels")
    names = ("prometheus", "alertmanager", "exporter", "node_exporter", "console", "postgres_exporter")
    *ports, fleet_port = free_ports(len(names) + 1)
    console = Console(
        folder / "run",
        kafka_bootstrap_servers=kafka.bootstrap,
        influxdb_port=int(influxdb.url.rpartition(":")[2]),
        alertmanager_webhook_url="http://127.0.0.1:1/nobody",
        **dict(zip((f"{name}_port" for name in names), ports, strict=True)),
    )
    settings = console.settings
    # As a server of ours would write there.
    (folder / "run" / "data" / "kafka").mkdir(parents=True)
    producer = str(Path(sys.executable).with_name("kafka-producer"))
    own = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "STATE_DIR": str(folder / "state")}
    subprocess.run([producer, "topics"], env=os.environ | own, cwd=ROOT, check=True)
    fleet = f"127.0.0.1:{fleet_port}"
    database = {
        "DATA_SOURCE_URI": f"127.0.0.1:{postgres.port}/gpustream?sslmode=disable",
        "DATA_SOURCE_USER": "gpustream",
        "DATA_SOURCE_PASS_FILE": str(postgres.password_file),
    }
    more = (
        Program((producer, "simulate", "fleet", "--listen", fleet), own | {"CONFIG_DIR": str(ROOT / "config")}),
        Program(("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{settings.node_exporter_port}")),
        Program(
            ("prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{settings.postgres_exporter_port}"),
            database,
        ),
    )
    viewer = {"Authorization": f"Bearer {console.tokens[Role.VIEWER]}"}
    bearer = {"Authorization": f"Token {influxdb.token}"}
    with ExitStack() as stack:
        stack.enter_context(served(settings))
        address = stack.enter_context(console_served(console))
        http = stack.enter_context(httpx.Client(timeout=30))

        def asks() -> None:
            http.get(f"{address}/api/v1/gpus", headers=viewer)
            where = {"org": influxdb.org, "bucket": "setup"}
            http.post(f"{influxdb.url}/api/v2/write", params=where, headers=bearer, content="panels value=1")
            http.post(f"{influxdb.url}/api/v2/query", params=where, headers=bearer, json={"query": "buckets()"})

        talk = Talk(kafka.bootstrap, asks)
        talk.start()
        stack.callback(talk.close)
        server = PrometheusServer(folder / "prometheus", settings, postgres=True, fleet=fleet, more=more)
        yield stack.enter_context(server).url


def test_every_query_of_every_panel_finds_something(prometheus: str) -> None:
    queries = list(panel_queries())
    assert len(queries) > 60
    deadline = time.monotonic() + DEADLINE
    # How much a second can be said once everything was seen twice.
    while (lacking := without_data(ask_all(prometheus, queries), ELSEWHERE)) and time.monotonic() < deadline:
        time.sleep(1)
    assert not lacking
    print(f"p95 of {len(queries)} queries: {1000 * p95(ask_all(prometheus, queries)):.1f} ms")


def test_what_is_asked_elsewhere_is_not_here(prometheus: str) -> None:
    answers = ask_all(prometheus, panel_queries())
    for beginning, why in ELSEWHERE.items():
        about = [each for each in answers if re.search(rf"\b{beginning}", each.query.expr)]
        assert about, f"{beginning} ({why}): no panel asks it any more"
        assert not any(each.series for each in about), f"{beginning} ({why}): it is here"


def test_a_card_with_two_exporters_is_one_series_and_a_mask_is_words(prometheus: str) -> None:
    (reasons,) = (each.expr for each in panel_queries() if each.panel == "What holds the clocks back")
    until(lambda: ask(prometheus, reasons.replace('card=~".+"', 'card="panels:0"')))
    found = ask(prometheus, reasons.replace('card=~".+"', 'card="panels:0"'))
    assert [(each["metric"]["reason"], each["value"][1]) for each in found] == [("idle", "1")]
    (heat,) = (each.expr for each in panel_queries() if each.panel == "GPU temperature")
    # Other tests' cards pass through the same Kafka.
    cards = Counter(each["metric"]["card"] for each in ask(prometheus, heat))
    assert set(cards.values()) == {1}
    assert {"panels:0", *(f"demo-node-{node}:{gpu}" for node in (1, 2) for gpu in range(8))} <= set(cards)
