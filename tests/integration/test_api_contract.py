"""schemathesis against the OpenAPI document, with every store there and something in each: no request that it can think
of finds an answer which the document does not promise. Seeded, so that a failure can be had again."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import schemathesis
from fastapi import FastAPI
from hdfs import InsecureClient
from hypothesis import HealthCheck, Phase, assume, given, settings
from kafka import KafkaProducer
from pyarrow import parquet
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from dashboard.app import create_app
from dashboard.roles import Role
from dashboard.routes.api import ROUTERS
from dashboard.stores.opened import opened
from kafka_consumers.buckets import set_up
from support.alert_tables import Engine, an_alert, database, settings_of
from support.console import ROOT, Console
from support.engines import Hdfs, InfluxDB, Kafka, PostgreSQL
from support.health_cases import a_decision, a_risk, a_score, an_event
from support.health_tables import fill
from support.readings import made_up
from telemetry import log_states, topics
from telemetry.errors import Rejected
from telemetry.messages import DeadLetter, TopicOrigin
from telemetry.reading import encode
from telemetry.timestamp import format_time

EXAMPLES = 12
"""Of each endpoint and phase."""
NOW = time.time_ns() // 1000
GPU = "desk-01:0"
NAME = f"api_contract_{NOW}"
CHECKS = list(HealthCheck)
PHASES = (Phase.generate,)
"""Without making a failure smaller: that takes minutes with real servers."""
SEEDED = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=PHASES, suppress_health_check=CHECKS
)
RULES = ("bad_span", "bad_cursor", "bad_name", "empty")
"""What no schema can say."""


@pytest.fixture(scope="module")
def console(
    kafka: Kafka, influxdb: InfluxDB, postgres: PostgreSQL, hdfs: Hdfs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Console]:
    run_dir = tmp_path_factory.mktemp("contract")
    console = Console(
        run_dir,
        kafka_bootstrap_servers=kafka.bootstrap,
        influxdb_url=influxdb.url,
        influxdb_token=influxdb.token,
        webhdfs_url=hdfs.url,
        reports_path="/api-contract",
        **settings_of(postgres, database(postgres, NAME)),
    )
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "STATE_DIR": str(run_dir / "state")}
    subprocess.run([Path(sys.executable).with_name("kafka-producer"), "topics"], env=environment, cwd=ROOT, check=True)
    _fill_kafka(kafka)
    list(set_up(console.settings))
    engine = Engine(console.settings)
    engine.record(*(an_alert(n, GPU) for n in range(3)))
    engine.close()
    told = (a_score(GPU, NOW, ("memory", -18.0, "a remap")), a_risk(GPU, NOW, 0.1), a_decision(GPU, NOW))
    fill(postgres, NAME, [*told, an_event(1, GPU, NOW), an_event(2, None, NOW)])
    sink = io.BytesIO()
    parquet.write_table(pa.table({"gpu": [GPU], "avg": [61.5]}), sink)
    place = "/api-contract/daily_statistics/date=2026-11-25/part-0.parquet"
    InsecureClient(hdfs.url, user=hdfs.user).write(place, sink.getvalue(), overwrite=True)
    log_states.write(console.settings.state_dir, log_states.document([]))
    with opened(console.settings) as stores:
        console.app = create_app(console.settings, stores)
        deadline = time.monotonic() + 60
        while stores.live.state().state != "live":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield console


def _fill_kafka(kafka: Kafka) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    raw = encode(made_up(1, NOW, gpu=GPU, host="desk-01"))
    place = TopicOrigin(topic=topics.GPU_METRICS, partition=0, offset=1)
    letter = DeadLetter.of(raw, Rejected("not_json", "why"), "test", format_time(NOW), place)
    producer.send(topics.GPU_METRICS, key=GPU.encode(), value=raw)
    producer.send(topics.GPU_DEAD_LETTERS, key=b"not_json", value=letter.encode())
    producer.close()


def _operations() -> list[tuple[str, str]]:
    """(path, method) of the document, without a server."""
    api = FastAPI()
    for router in ROUTERS:
        api.include_router(router)
    return [(path, method) for path, methods in api.openapi()["paths"].items() for method in methods]


def _lists(path: str, method: str) -> list[str]:
    """The query parameters that may be given several times."""
    api = FastAPI()
    for router in ROUTERS:
        api.include_router(router)
    parameters = api.openapi()["paths"][path][method].get("parameters", [])
    return [each["name"] for each in parameters if each["in"] == "query" and "array" in str(each["schema"])]


@pytest.fixture(scope="module")
def contract(console: Console) -> Any:
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", console.app)


def test_machine_is_told_with_its_state_and_its_alerts(console: Console) -> None:
    (node,) = (each for each in console.get("/api/v1/nodes").json() if each["node_id"] == "desk-01")
    assert (node["hostname"], node["datacenter"], node["active_alerts"]) == ("desk-01", "local", 3)
    assert GPU in node["gpus"]
    # A slow machine may have taken longer than a minute to get here.
    assert node["status"] in {"online", "silent"}


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), _operations(), ids=str)
def test_no_request_finds_what_the_document_does_not_promise(
    contract: Any, console: Console, path: str, method: str, mode: GenerationMode
) -> None:
    """Requests as the document wants them, and requests that break it somewhere."""
    headers = {"Authorization": f"Bearer {console.tokens[Role.ADMIN]}"}
    # In its place: no schema can say that a span begins before it ends, so such a refusal must say which rule it is.
    excluded = [positive_data_acceptance]
    query: dict[str, Any] = {}
    lists = _lists(path, method)

    def found(case: Any, name: str) -> Any:
        return (case.query or {}).get(name, [])

    if path == "/stream":
        # Else it would never end; tests of the feed read it. Whatever is wrong with `seconds` is mended by this, too.
        query, excluded = {"seconds": 0.05}, [*excluded, negative_data_rejection]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=PHASES,
        suppress_health_check=CHECKS,
    )
    @given(case=contract[path][method].as_strategy(generation_mode=mode))
    def holds(case: Any) -> None:
        if query:
            case.query = {**(case.query or {}), **query}
        # In a query every value is a text, and one text is a list of one: such a break cannot be seen.
        assume(mode is GenerationMode.POSITIVE or all(isinstance(found(case, name), list) for name in lists))
        answer = case.call_and_validate(headers=headers, excluded_checks=excluded)
        if mode is GenerationMode.POSITIVE and answer.status_code not in {200, 201, 202, 204, 404, 409}:
            assert (answer.status_code, answer.json().get("reason")) in {(422, reason) for reason in RULES}, answer.text

    holds()
