"""The live feed and the dead letters against a real Kafka."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest
import uvicorn
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from dashboard.app import create_app
from dashboard.exporter.serve import served
from dashboard.roles import Role
from dashboard.stores.away import Missing, Refused
from dashboard.stores.live_kafka import Feed
from dashboard.stores.pipeline_kafka import KafkaPipeline
from support.console import ROOT, Console, absent_stores
from support.engines import Engines, Kafka, free_ports
from support.readings import made_up
from telemetry import topics
from telemetry.errors import Rejected
from telemetry.messages import AlertChange, DeadLetter, FileOrigin, GpuEvent, PipelineReport, TopicOrigin
from telemetry.reading import Reading, encode
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time

HOST = f"k{random.randrange(10**9)}"
GPU = f"{HOST}:0"
DEADLINE = 60


def until(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not what():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def now() -> int:
    return time.time_ns() // 1000


def make_topics(kafka: Kafka, state: Path) -> None:
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "STATE_DIR": str(state)}
    subprocess.run([Path(sys.executable).with_name("kafka-producer"), "topics"], env=environment, cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def producer(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaProducer]:
    make_topics(kafka, tmp_path_factory.mktemp("topics"))
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    yield producer
    producer.close()


def send(producer: KafkaProducer, *readings: Reading) -> None:
    for each in readings:
        producer.send(topics.GPU_METRICS, key=each.gpu.encode(), value=encode(each))
    producer.flush()


@pytest.fixture(scope="module")
def console(kafka: Kafka, producer: KafkaProducer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    console = Console(tmp_path_factory.mktemp("kafka"), kafka_bootstrap_servers=kafka.bootstrap)
    # There before the feed starts: it reads the last minutes first.
    send(producer, made_up(0, now(), gpu=GPU, host=HOST, model="RTX 4090"))
    feed = Feed(console.settings)
    feed.start()
    stores = replace(absent_stores(), live=feed, pipeline=KafkaPipeline(console.settings, feed))
    console.app = create_app(console.settings, stores)
    until(lambda: feed.state().state == "live")
    yield console
    feed.close()


@pytest.fixture
def feed(console: Console) -> Feed:
    assert console.app is not None
    found = console.app.state.stores.live
    assert isinstance(found, Feed)
    return found


@pytest.fixture
def pipeline(console: Console) -> KafkaPipeline:
    assert console.app is not None
    found = console.app.state.stores.pipeline
    assert isinstance(found, KafkaPipeline)
    return found


def test_feed_begins_with_what_came_before_it(console: Console, feed: Feed) -> None:
    latest = feed.gpu(GPU)
    assert latest is not None
    assert latest.model == "RTX 4090"
    assert abs(latest.arrived - now()) < 600 * SECOND
    assert console.get("/readyz", None).status_code == 200


def test_newest_reading_is_told_by_the_api(console: Console, feed: Feed, producer: KafkaProducer) -> None:
    subscription = feed.subscribe()
    send(producer, *(made_up(n, now() + n, gpu=GPU, host=HOST, metrics={"gpu_load": float(n)}) for n in range(1, 50)))
    until(lambda: (latest := feed.gpu(GPU)) is not None and latest.metrics == {"gpu_load": 49.0})
    assert GPU in {each.gpu for each in subscription.take().readings}
    (told,) = console.get("/api/v1/metrics/latest", gpu=GPU).json()
    assert (told["metrics"], told["node_id"], told["gpu_index"]) == ({"gpu_load": 49.0}, HOST, "0")
    assert console.get(f"/api/v1/gpus/{GPU}/sparkline/gpu_load").json()
    assert console.get("/api/v1/gpus/nobody:0/sparkline/gpu_load").status_code == 404
    figures = console.get("/metrics").text
    assert "gpustream_feed_up 1.0" in figures
    assert f'gpustream_gpu_last_arrival_seconds{{gpu="{GPU}",mode="live"}}' in figures


def test_labels_are_told_and_filter(console: Console, feed: Feed, producer: KafkaProducer) -> None:
    send(
        producer,
        *(
            made_up(row, now(), gpu=f"r-{HOST}:{row}", host=f"r-{HOST}", labels={"rack": HOST, "job": f"j{row}"})
            for row in (0, 1)
        ),
    )
    until(lambda: all(feed.gpu(f"r-{HOST}:{row}") for row in (0, 1)))
    told = console.get("/api/v1/metrics/latest", label=f"rack:{HOST}").json()
    assert [each["labels"] for each in told] == [{"rack": HOST, "job": "j0"}, {"rack": HOST, "job": "j1"}]
    told = console.get("/api/v1/metrics/latest", label=[f"rack:{HOST}", "job:j1"]).json()
    assert [each["gpu"] for each in told] == [f"r-{HOST}:1"]
    assert console.get("/api/v1/metrics/latest", label="rack:other").json() == []


def report(process: str, received: int, age: int = 0, started: str = "2026-01-01T00:00:00.000Z") -> bytes:
    return PipelineReport(
        process=process, instance="1", host=HOST, time=format_time(now() - age * SECOND), started=started, starts=1,
        received=received, sent=received, rejected={"not_json": 2}, lag=3, latency_seconds=0.1, memory_bytes=10**7,
    ).encode()  # fmt: skip


def test_rates_follow_from_two_reports(console: Console, producer: KafkaProducer, pipeline: KafkaPipeline) -> None:
    name = f"writer-{HOST}"
    for received, age in ((100, 10), (200, 0)):
        producer.send(topics.GPU_PIPELINE, key=name.encode(), value=report(name, received, age))
    producer.flush()
    until(lambda: any(each.received_per_second for each in pipeline.processes() if each.report.process == name))
    (told,) = (each for each in console.get("/api/v1/pipeline").json()["processes"] if each["process"] == name)
    assert told["received_per_second"] == pytest.approx(10, rel=0.1)
    assert (told["lag"], told["rejected"], told["is_silent"]) == (3, {"not_json": 2}, False)
    assert f'gpustream_process_rejected_total{{process="{name}",reason="not_json"}} 2.0' in console.get("/metrics").text


def letter(producer: KafkaProducer, raw: bytes, origin: TopicOrigin | FileOrigin, reason: str) -> str:
    made = DeadLetter.of(raw, Rejected(reason, "why"), "test", format_time(now()), origin)
    sent = producer.send(topics.GPU_DEAD_LETTERS, key=reason.encode(), value=made.encode()).get(timeout=30)
    return f"{sent.partition}-{sent.offset}"


def test_dead_letters_come_page_by_page_the_newest_first(console: Console, producer: KafkaProducer) -> None:
    reason = f"r_{HOST}"
    place = TopicOrigin(topic=topics.GPU_METRICS, partition=0, offset=7)
    made = [letter(producer, b"x%d" % n, place, reason if n % 3 else "other") for n in range(30)]
    expected = [each for n, each in enumerate(made) if n % 3][::-1]
    seen: list[str] = []
    after: dict[str, str] = {}
    for _ in range(20):
        page = console.get("/api/v1/pipeline/dead-letters", reason=reason, limit=6, **after).json()
        seen += [each["id"] for each in page["letters"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert seen == expected
    first = console.get("/api/v1/pipeline/dead-letters", limit=1).json()["letters"][0]
    assert (first["id"], first["text"], first["topic"], first["offset"]) == (made[-1], "x29", topics.GPU_METRICS, 7)
    assert console.get("/api/v1/pipeline/dead-letters", after="x").status_code == 422


def test_dead_letter_goes_back_to_its_topic_as_it_was(
    console: Console, kafka: Kafka, producer: KafkaProducer, feed: Feed
) -> None:
    gpu = f"{HOST}:redriven"
    raw = encode(made_up(1, now(), gpu=gpu, host=HOST))
    made = letter(producer, raw, TopicOrigin(topic=topics.GPU_METRICS, partition=0, offset=1), "future_time")
    told = console.get(f"/api/v1/pipeline/dead-letters/{made}").json()
    assert told["can_redrive"] is True
    assert console.call("POST", f"/api/v1/pipeline/dead-letters/{made}/redrive", Role.OPERATOR).status_code == 403
    answer = console.call("POST", f"/api/v1/pipeline/dead-letters/{made}/redrive")
    assert answer.status_code == 202
    sent = answer.json()
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=None)
    partition = TopicPartition(sent["topic"], sent["partition"])
    consumer.assign([partition])
    consumer.seek(partition, sent["offset"])
    polled = consumer.poll(timeout_ms=20_000, max_records=1)[partition][0]
    consumer.close()
    assert (polled.value, polled.key) == (raw, gpu.encode())
    until(lambda: feed.gpu(gpu) is not None)


def test_what_cannot_go_back_says_why(producer: KafkaProducer, pipeline: KafkaPipeline) -> None:
    of_file = letter(producer, b"x", FileOrigin(file="a.txt", offset=3), "bad_row")
    place = TopicOrigin(topic=topics.GPU_METRICS, partition=0, offset=1)
    too_long = letter(producer, b"x" * 70_000, place, "too_long")
    elsewhere = letter(producer, b"x", TopicOrigin(topic="private", partition=0, offset=1), "odd")
    for made, words in ((of_file, "a.txt"), (too_long, "64 KiB"), (elsewhere, "private")):
        with pytest.raises(Refused, match=words):
            pipeline.redrive(made)
    for unknown in ("0-999999999", "77-0"):
        with pytest.raises(Missing):
            pipeline.letter(unknown)
    with pytest.raises(Rejected, match="bad_id"):
        pipeline.letter("x")


def change(number: int) -> bytes:
    return AlertChange(
        gpu=GPU, host=HOST, source="gpuz", mode="live", id=f"{HOST}{number}", rule="hot", state="firing",
        severity="warning", time=format_time(now()), message="hot",
    ).encode()  # fmt: skip


@pytest.fixture
def address(console: Console) -> Iterator[str]:
    """Served by uvicorn, as `dashboard serve` does: a stream needs a connection."""
    assert console.app is not None
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(console.app, port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_events_stream_readings_and_alerts(console: Console, producer: KafkaProducer, address: str) -> None:
    headers = {"Authorization": f"Bearer {console.tokens[Role.VIEWER]}"}
    url = f"{address}/api/v1/stream?gpu={GPU}&every=0.1"
    kinds: list[str] = []
    with httpx.stream("GET", url, headers=headers, timeout=DEADLINE) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        for line in lines:
            if line.startswith("event:"):
                kind = line.removeprefix("event: ")
                body = orjson.loads(next(lines).removeprefix("data: "))
                kinds.append(kind)
                assert body["gpu"] == GPU
                if len(kinds) == 1:
                    producer.send(topics.GPU_ALERTS, key=GPU.encode(), value=change(1))
                    producer.flush()
                elif kind == "alert":
                    assert body["id"] == f"{HOST}1"
                    send(producer, made_up(99, now(), gpu=GPU, host=HOST, metrics={"gpu_load": 77.0}))
                elif body["metrics"] == {"gpu_load": 77.0}:
                    break
    assert kinds[0] == "reading"
    assert "alert" in kinds


def test_stream_ends_when_it_was_told_to(console: Console, address: str) -> None:
    headers = {"Authorization": f"Bearer {console.tokens[Role.VIEWER]}"}
    assert httpx.get(f"{address}/api/v1/stream?kind=alert&seconds=0.3", headers=headers).status_code == 200


def test_feed_comes_back_after_kafka_was_away(own_engines: Engines, tmp_path: Path) -> None:
    kafka = own_engines.kafka()
    make_topics(kafka, tmp_path)
    console = Console(tmp_path / "run", kafka_bootstrap_servers=kafka.bootstrap)
    feed = Feed(console.settings)
    feed.start()
    try:
        until(lambda: feed.state().state == "live")
        kafka.kill()
        until(lambda: feed.state().state == "away")
        kafka.start()
        until(lambda: feed.state().state == "live")
        producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
        send(producer, made_up(0, now(), gpu=GPU, host=HOST))
        producer.close()
        until(lambda: feed.gpu(GPU) is not None)
    finally:
        feed.close()


def test_exporter_tells_prometheus_what_kafka_says(
    console: Console, kafka: Kafka, producer: KafkaProducer, tmp_path: Path
) -> None:
    happened = format_time(now())
    xid = GpuEvent(
        id="x1", kind="xid", number=79, host=HOST, device="0000:3b:00", gpu=GPU, source="kernel", mode="live",
        name="fell off the bus", action="reboot", severity="critical", text="Xid 79", first=happened, last=happened,
        count=1,
    )  # fmt: skip
    producer.send(topics.GPU_EVENTS, key=HOST.encode(), value=xid.encode())
    send(producer, made_up(0, now(), gpu=GPU, host=HOST, metrics={"gpu_temperature": 61.0}))
    (port,) = free_ports(1)
    settings = Settings(
        kafka_bootstrap_servers=kafka.bootstrap,
        exporter_port=port,
        config_dir=ROOT / "config",
        gpustream_run_dir=tmp_path,
    )

    def page() -> str:
        return httpx.get(f"http://127.0.0.1:{port}/metrics").text

    with served(settings):
        until(lambda: f'gpustream_gpu_temperature_celsius{{gpu="{GPU}",host="{HOST}"}} 61.0' in page())
        until(lambda: f'gpustream_gpu_xid_last_timestamp_seconds{{gpu="{GPU}",host="{HOST}",xid="79"}}' in page())
        text = page()
        assert "gpustream_kafka_up 1.0" in text
        assert 'gpustream_kafka_topic_records_total{partition="0",topic="gpu-events"}' in text
        assert "gpustream_feed_up 1.0" in text
