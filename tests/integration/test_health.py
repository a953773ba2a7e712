"""The health engine with a real Kafka and a real PostgreSQL: the failing fan from readings to tables and topics, killed
on the way; and its store."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer

from kafka_consumers.batch import Partition
from kafka_consumers.health.engine import Engine
from kafka_consumers.health.store import Store
from support.alert_engine import environment_of, wait_for
from support.engines import Engines, Kafka, PostgreSQL
from support.health import ROOT, START, World, every, shown, simulated
from support.loop_fakes import Message
from support.standing_clock import At
from support.timescale import ask, settings_of
from telemetry import reading, topics
from telemetry.errors import Rejected, Unavailable
from telemetry.health import Decision, FailurePrediction, HealthScore
from telemetry.messages import GpuEvent
from telemetry.reading import Reading
from telemetry.timestamp import SECOND, format_time

DAY = 86_400 * SECOND
ABOUT = {"gpu": "n9:0", "host": "n9", "source": "dcgm", "mode": "live", "time": format_time(START)}
PREDICTION = FailurePrediction.model_validate(
    ABOUT | {"horizon_hours": 24, "probability": 0.25, "model_version": "m", "reasons": ["it's hot"]}
)
DECISION = Decision.model_validate(
    ABOUT
    | {"action": "watch", "yearly_cost": {"keep": 90.5, "watch": 80}, "currency": "EUR"}
    | {"reasons": ["cheap"], "flips": ["at 0.4 EUR"], "version": "1"}
)


@pytest.fixture(scope="module")
def server(module_engines: Engines) -> PostgreSQL:
    return module_engines.postgres()


class Told:
    """A publisher that remembers."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, bytes]] = []
        self.is_away = False

    def open(self) -> None: ...

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        if self.is_away:
            raise Unavailable("Kafka is away")
        self.messages += messages

    def close(self) -> None: ...


def old_ends(partitions: Collection[Partition]) -> dict[Partition, int]:
    """Of a Kafka that has lost nothing: what comes again came before."""
    return dict.fromkeys(partitions, 2**62)


@contextmanager
def database(server: PostgreSQL, name: str) -> Iterator[Any]:
    """A new one; makes engines on it, one at a time."""
    ask(server, f"CREATE DATABASE {name}")
    running: list[Engine] = []
    clock = At(START + 3600 * SECOND)

    def make(told: Told) -> Engine:
        while running:
            running.pop().close()
        engine = Engine(
            World().judge, Store(settings_of(server, postgres_database=name)), told, clock, 30 * DAY, old_ends
        )
        engine.start()
        running.append(engine)
        return engine

    yield make
    while running:
        running.pop().close()


def records(readings: Sequence[Reading], first: int = 0) -> list[Message]:
    return [
        Message(topics.GPU_METRICS, 0, offset, each.time // 1000, reading.encode(each))
        for offset, each in enumerate(readings, first)
    ]


def tables(server: PostgreSQL, name: str) -> tuple[list[Any], list[Any]]:
    scores = "SELECT gpu, time, host, mode, score, components, reasons, version FROM gpu_health_scores ORDER BY 1, 2"
    events = "SELECT id, kind, number, gpu, severity, first, last, count FROM gpu_events ORDER BY first, id"
    return ask(server, scores, database=name), ask(server, events, database=name)


def test_engine_that_is_begun_anew_between_any_two_batches_loses_no_edge_and_counts_none_twice(
    server: PostgreSQL,
) -> None:
    story = [
        *every(range(0, 300, 10), last_xid=0, recent_xids=0, clocks_event_reasons=0, ecc_uncorrected_volatile=0),
        *every(range(300, 600, 10), last_xid=31, recent_xids=1, clocks_event_reasons=64, ecc_uncorrected_volatile=2),
        *every(range(600, 1200, 10), last_xid=31, recent_xids=2, clocks_event_reasons=0, ecc_uncorrected_volatile=2),
    ]
    sent = records(story)
    found = {}
    for name, restarts in (("whole", False), ("pieces", True)):
        with database(server, name) as make:
            told = Told()
            engine = make(told)
            for begin, end in pairwise([*range(0, len(sent), 17), len(sent)]):
                # What a kill between PostgreSQL's commit and Kafka's brings: records that were judged already.
                again = sent[max(0, begin - 9) : end] if restarts else sent[begin:end]
                if restarts:
                    told.is_away = begin % 2 == 1
                    engine = make(told)
                try:
                    engine.write([engine.encode(each) for each in again])
                except Unavailable:
                    told.is_away = False
                    engine.write([engine.encode(each) for each in again])
            told.is_away = False
            engine.tick(START + 1500 * SECOND)
        latest: dict[str, Any] = {}
        for topic, _, message in told.messages:
            model = GpuEvent if topic == topics.GPU_EVENTS else HealthScore
            each = model.decode(message)
            latest[each.id if isinstance(each, GpuEvent) else each.time] = each
        found[name] = (tables(server, name), latest)
    assert found["pieces"] == found["whole"]
    (scores, events), latest = found["whole"]
    assert sorted((kind, number, count) for _, kind, number, _, _, _, _, count in events) == [
        ("ecc", 2, 2),
        ("throttle", 64, 1),
        ("xid", 31, 1),
        ("xid", 31, 1),
    ]
    assert len(scores) == 20
    assert len(latest) == 24
    worst = min(scores, key=lambda row: row[4])
    assert worst[2:4] == ("n1", "live")
    assert {"component", "points", "sentence"} == set(worst[6][0])


def test_every_topic_has_its_table_and_again_changes_nothing(server: PostgreSQL) -> None:
    event = GpuEvent(
        id="k1", kind="xid", number=31, host="n9", device="0000:3b:00", source="xid", mode="live", name="x",
        action="restart_app", severity="warning", text="pid='7'", first=format_time(START), last=format_time(START),
        count=3,
    )  # fmt: skip
    smaller = event.model_copy(update={"count": 2})
    with database(server, "tables") as make:
        engine = make(Told())
        values = [
            (topics.GPU_EVENTS, event), (topics.GPU_EVENTS, smaller), (topics.GPU_PREDICTIONS, PREDICTION),
            (topics.GPU_PREDICTIONS, PREDICTION), (topics.GPU_DECISIONS, DECISION),
        ]  # fmt: skip
        for offset, (topic, value) in enumerate(values):
            engine.write([engine.encode(Message(topic, 0, offset, START // 1000, value.encode()))])
        for bad in (
            b"{}", event.encode().replace(b"pid=", b"\\u0000"),
            event.model_copy(update={"number": 2**31}).encode(),
        ):  # fmt: skip
            with pytest.raises(Rejected):
                engine.encode(Message(topics.GPU_EVENTS, 0, 9, 0, bad))
    query = "SELECT gpu, host, horizon_hours, probability, reasons FROM gpu_failure_predictions"
    assert ask(server, query, database="tables") == [("n9:0", "n9", 24, 0.25, ["it's hot"])]
    query = "SELECT action, yearly_cost, currency, reasons, flips, version FROM gpu_decisions"
    wanted = ("watch", {"keep": 90.5, "watch": 80.0}, "EUR", ["cheap"], ["at 0.4 EUR"], "1")
    assert ask(server, query, database="tables") == [wanted]
    assert ask(server, "SELECT count, gpu, text FROM gpu_events", database="tables") == [(3, None, "pid='7'")]


def test_what_is_old_leaves_and_imports_stay(server: PostgreSQL) -> None:
    with database(server, "old") as make:
        engine = make(Told())
        old = [shown(second, "n1:0", gpu_load=1) for second in range(0, 130, 10)]
        imported = [each._replace(gpu="n2:0", mode="import", origin="log/0") for each in old]
        engine.write([engine.encode(each) for each in records([*old, *imported])])
        engine.tick(START + 400 * SECOND)
        query = "SELECT gpu, count(*) FROM gpu_health_scores GROUP BY 1 ORDER BY 1"
        assert ask(server, query, database="old") == [("n1:0", 3), ("n2:0", 3)]
        engine.tick(START + 40 * DAY)
        engine.tick(START + 40 * DAY + 700 * SECOND)
        assert ask(server, query, database="old") == [("n2:0", 3)]
        assert ask(server, "SELECT count(*) FROM gpu_health_tracks", database="old") == [(0,)]


def test_second_engine_waits(server: PostgreSQL) -> None:
    with database(server, "second") as make:
        make(Told())
        settings = settings_of(server, postgres_database="second")
        other = Engine(World().judge, Store(settings), Told(), At(START), DAY, old_ends)
        with pytest.raises(Unavailable, match="another health engine"):
            other.start()
        other.close()


def test_failing_fan_from_kafka_to_kafka_and_postgres_killed_on_the_way(
    server: PostgreSQL, kafka: Kafka, tmp_path: Path
) -> None:
    environment = environment_of(kafka, server, tmp_path / "state") | {"POSTGRES_DATABASE": "fan"}
    ask(server, "CREATE DATABASE fan")
    # Under names of their own: other tests of this file's Kafka have live readings of the demo fleet.
    polls = [
        [each._replace(gpu=each.gpu.replace("demo", "fan"), host=each.host.replace("demo", "fan")) for each in poll]
        for poll in simulated("fan-failing", 600, interval=20)
    ]
    command = [str(Path(sys.executable).with_name("kafka-consumers")), "health"]
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")

    def send(part: Sequence[Sequence[Reading]]) -> None:
        for poll in part:
            for each in poll:
                producer.send(topics.GPU_METRICS, key=each.gpu.encode(), value=reading.encode(each))
        producer.flush()

    def has(scores: int) -> bool:
        if ask(server, "SELECT to_regclass('gpu_health_scores')::text", database="fan") == [(None,)]:
            return False
        query = "SELECT count(*) FROM gpu_health_scores WHERE host IN ('fan-node-1', 'fan-node-2')"
        return int(ask(server, query, database="fan")[0][0]) >= scores

    def told_of() -> bool:
        return int(ask(server, "SELECT count(*) FROM gpu_health_outbox", database="fan")[0][0]) <= 16

    # Minutes 0 to 3 are over when the first half has come, 0 to 9 when all has.
    for part, minutes in ((polls[:15], 4), (polls[15:], 10)):
        process = subprocess.Popen(command, env=environment, cwd=ROOT)
        try:
            send(part)
            wait_for(partial(has, 16 * minutes))
            wait_for(told_of)
        finally:
            process.kill()
            process.wait()
    producer.close()
    query = "SELECT gpu, min(score) FROM gpu_health_scores WHERE host IN ('fan-node-1', 'fan-node-2') GROUP BY 1"
    found = dict(ask(server, query, database="fan"))
    # Ten minutes in one gulp: some of its minutes are judged before those of its peers. (Unit tests say below 70.)
    assert found.pop("fan-node-2:3") < 80
    assert (len(found), min(found.values()) > 90) == (15, True)
    query = "SELECT kind, number, gpu, severity FROM gpu_events WHERE host IN ('fan-node-1', 'fan-node-2')"
    assert ask(server, query, database="fan") == [("throttle", 32, "fan-node-2:3", "warning")]
    consumer = KafkaConsumer(
        topics.GPU_HEALTH, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=3000
    )
    told = [HealthScore.decode(record.value) for record in consumer]
    consumer.close()
    worst = min((each for each in told if each.gpu == "fan-node-2:3"), key=lambda each: each.score)
    assert worst.reasons[0].component == "thermals"
