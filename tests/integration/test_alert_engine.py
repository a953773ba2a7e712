"""The alert engine with a real Kafka and a real PostgreSQL: the demonstration's story, whole and with kills in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import yaml
from kafka import KafkaConsumer, KafkaProducer

from kafka_consumers.alerts import config
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.message import message_of
from kafka_consumers.alerts.store import Store
from kafka_producer.sources.gpuz.file import GpuzFile
from kafka_producer.sources.gpuz.log import GpuzLog, Pass
from support.alert_cases import CATALOGUE, ROOT, World
from support.engines import Kafka, PostgreSQL
from support.readings import made_up
from telemetry import reading, topics
from telemetry.errors import Misconfigured, Unavailable
from telemetry.messages import AlertChange
from telemetry.reading import Reading, split_gpu
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time

DEADLINE = 120


def story(gpu: str) -> list[Reading]:
    path = ROOT / "data/samples/demo-failing-fan.txt"
    file = GpuzFile(path.name, lambda: path.open("rb"), CATALOGUE, ZoneInfo("UTC"))
    run = Pass("f/0", gpu, "demo", None, time.time_ns() // 1000)
    return list(GpuzLog(file, run, lambda line: None).readings())


def expected(readings: list[Reading]) -> list[AlertChange]:
    world = World(Judge(config.load(ROOT / "config/alerts.yaml", CATALOGUE)))
    for each in readings:
        world.reading(each, each.time)
    return [message_of(change) for change in world.changes if change.is_recorded]


def send(kafka: Kafka, readings: list[Reading]) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", linger_ms=0)
    for each in readings:
        producer.send(topics.GPU_METRICS, key=each.gpu.encode(), value=reading.encode(each))
    producer.flush()
    producer.close()


@pytest.fixture(scope="module")
def environment(kafka: Kafka, postgres: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    given = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "POSTGRES_PORT": str(postgres.port),
        "POSTGRES_PASSWORD_FILE": str(postgres.password_file),
        "STATE_DIR": str(tmp_path_factory.mktemp("state")),
    }
    subprocess.run([Path(sys.executable).with_name("kafka-producer"), "topics"], env=given, cwd=ROOT, check=True)
    return given


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


@contextmanager
def engine(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(Path(sys.executable).with_name("kafka-consumers")), "alerts"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def query(settings: Settings, sql: Any, *parameters: object) -> list[tuple[Any, ...]]:
    password = settings.postgres_password_file.read_text().strip()
    with psycopg.connect(
        host="127.0.0.1", port=settings.postgres_port, user="gpustream", password=password, dbname="gpustream"
    ) as connection:
        return connection.execute(sql, parameters).fetchall()


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def rows(settings: Settings, gpu: str) -> list[tuple[str, str, str]]:
    """(rule, state, time) of every change, in the order in which the store took them."""
    sql = "SELECT rule, c.state, time FROM changes c JOIN alerts a ON a.id = alert_id WHERE gpu = %s ORDER BY number"
    return [(rule, state, _text(at)) for rule, state, at in query(settings, sql, gpu)]


def _text(at: datetime) -> str:
    return format_time(round(at.timestamp() * 1_000_000))


def readings_judged(settings: Settings, gpu: str) -> int:
    sql = "SELECT (convert_from(state, 'UTF8')::json->>'readings')::int FROM tracks WHERE gpu = %s"
    found = query(settings, sql, gpu)
    return int(found[0][0]) if found else 0


def has_judged(settings: Settings, gpu: str, least: int) -> bool:
    return readings_judged(settings, gpu) >= least


def judged(settings: Settings, gpu: str, readings: int) -> bool:
    return readings_judged(settings, gpu) == readings


def on_the_topic(kafka: Kafka, gpu: str) -> list[AlertChange]:
    consumer = KafkaConsumer(
        topics.GPU_ALERTS, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=3000
    )
    messages = [AlertChange.decode(record.value) for record in consumer]
    consumer.close()
    return [each for each in messages if each.gpu == gpu]


def test_the_story_raises_escalates_and_resolves(kafka: Kafka, settings: Settings, environment: dict[str, str]) -> None:
    readings = story("demo-01:0")
    Store(settings).start()
    send(kafka, readings)
    with engine(environment):
        wait_for(lambda: judged(settings, "demo-01:0", len(readings)))
        wait_for(lambda: query(settings, "SELECT count(*) FROM changes WHERE NOT published") == [(0,)])
    told = expected(readings)
    assert rows(settings, "demo-01:0") == [(each.rule, each.state, each.time) for each in told]
    assert on_the_topic(kafka, "demo-01:0") == told
    states = query(settings, "SELECT DISTINCT state, mode FROM alerts WHERE gpu = 'demo-01:0'")
    assert states == [("resolved", "demo")]


def test_kill_9_anywhere_gives_the_same_rows(kafka: Kafka, settings: Settings, environment: dict[str, str]) -> None:
    readings = story("demo-02:0")
    Store(settings).start()
    # Twice, in parts that overlap, as a producer that was killed again and again sends them.
    for begin in range(0, len(readings), 40):
        send(kafka, readings[max(0, begin - 20) : begin + 40])
    small_batches = environment | {"INFLUXDB_BATCH_LINES": "7"}
    for least in (1, 120, 140, 200, 300):
        with engine(small_batches):
            # It ends by kill -9 in the midst of its work: more waits in Kafka than it can have judged by then.
            wait_for(partial(has_judged, settings, "demo-02:0", least))
            assert not judged(settings, "demo-02:0", len(readings))
    with engine(environment):
        wait_for(lambda: judged(settings, "demo-02:0", len(readings)))
        wait_for(lambda: query(settings, "SELECT count(*) FROM changes WHERE NOT published") == [(0,)])
    told = expected(readings)
    assert rows(settings, "demo-02:0") == [(each.rule, each.state, each.time) for each in told]
    # The topic has each at least once, in the order of their first arrival, and nothing else.
    assert list(dict.fromkeys(each.encode() for each in on_the_topic(kafka, "demo-02:0"))) == [
        each.encode() for each in told
    ]


def hot(gpu: str, seconds: int) -> list[Reading]:
    """A live GPU that has been too hot for so long by now."""
    now = time.time_ns() // 1000
    times = [now - back * SECOND for back in range(seconds, 0, -1)]
    metrics = {"gpu_temperature": 97.0}
    return [
        made_up(n, at, gpu=gpu, host=split_gpu(gpu)[0], source="nvml", metrics=metrics) for n, at in enumerate(times)
    ]


@pytest.fixture
def impatient(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An inventory, and silences that are told after a second or two."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    file = folder / "alerts.yaml"
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    given["clocks"]["resume"] = "1s"
    given["inventory"] = [{"host": "never-01", "gpus": 1}]
    for rule in ("gpu_silent", "gpu_missing"):
        given["rules"][rule]["for"] = "2s"
    file.write_text(yaml.safe_dump(given), encoding="utf-8")
    return environment | {"CONFIG_DIR": str(folder)}


def open_alert(settings: Settings, gpu: str, rule: str) -> str | None:
    found = query(settings, "SELECT id FROM alerts WHERE gpu = %s AND rule = %s AND resolved IS NULL", gpu, rule)
    return str(found[0][0]) if found else None


def ask(settings: Settings, alert: str, action: str) -> int:
    sql = "INSERT INTO requests (alert_id, action, by_whom, comment) VALUES (%s, %s, 'ann', 'On it') RETURNING number"
    return int(query(settings, sql, alert, action)[0][0])


def outcome(settings: Settings, number: int) -> str | None:
    found: str | None = query(settings, "SELECT outcome FROM requests WHERE number = %s", number)[0][0]
    return found


def test_people_act_and_silence_is_noticed_while_nothing_arrives(
    kafka: Kafka, settings: Settings, impatient: dict[str, str]
) -> None:
    gpu, rule = "lab-01:0", "gpu_temperature_critical"
    Store(settings).start()
    send(kafka, hot(gpu, 20))
    with engine(impatient):
        wait_for(lambda: open_alert(settings, gpu, rule))
        alert = open_alert(settings, gpu, rule) or ""
        first = ask(settings, alert, "acknowledge")
        wait_for(lambda: outcome(settings, first))
        wait_for(lambda: open_alert(settings, gpu, "gpu_silent"))
        wait_for(lambda: open_alert(settings, "never-01:0", "gpu_missing"))
    # What is asked while no engine runs is done when one does; kill -9 has changed nothing.
    second, third = ask(settings, alert, "acknowledge"), ask(settings, alert, "resolve")
    with engine(impatient):
        wait_for(lambda: outcome(settings, third))
        late = ask(settings, alert, "acknowledge")
        wait_for(lambda: outcome(settings, late))
        wait_for(lambda: query(settings, "SELECT count(*) FROM changes WHERE NOT published") == [(0,)])
    assert [outcome(settings, each) for each in (first, second, third, late)] == ["done", "already", "done", "unknown"]
    life = [
        (each.rule, each.state, each.reason) for each in on_the_topic(kafka, gpu) if each.rule in {rule, "gpu_silent"}
    ]
    assert list(dict.fromkeys(life)) == [
        (rule, "firing", "held"),
        (rule, "acknowledged", "by_hand"),
        ("gpu_silent", "firing", "silent"),
        (rule, "resolved", "by_hand"),
    ]
    words = query(settings, "SELECT by_whom, words FROM comments WHERE alert_id = %s", alert)
    assert words == [("ann", "On it")] * 4
    shown = query(
        settings, "SELECT node_id, gpu_index, alert_type, status, acknowledged_by FROM alerts_api WHERE id = %s", alert
    )
    assert shown == [("lab-01", "0", rule, "resolved", "ann")]


def test_a_second_engine_waits_until_the_first_has_gone(settings: Settings) -> None:
    first, second = Store(settings), Store(settings)
    first.start()
    first.take_over()
    with pytest.raises(Unavailable, match="another alert engine works"):
        second.take_over()
    first.close()
    wait_for(partial(succeeds, second.take_over))
    second.close()


def succeeds(act: Callable[[], None]) -> bool:
    try:
        act()
    except Unavailable:
        return False
    return True


def test_two_engines_never_judge_the_same(settings: Settings) -> None:
    from kafka_consumers.alerts.transaction import Transaction

    first, second = Store(settings), Store(settings)
    first.start()
    before = first.positions()
    mark = ("gpu-metrics", 999)
    first.commit(Transaction(positions={mark: 5}), before)
    with pytest.raises(Unavailable, match="another alert engine"):
        second.commit(Transaction(positions={mark: 7}), before)
    assert second.positions()[mark] == 5
    first.close()
    second.close()


def test_a_wrong_password_is_told_with_its_file(settings: Settings, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("no")
    with pytest.raises(Misconfigured, match="POSTGRES_PASSWORD_FILE"):
        Store(settings.model_copy(update={"postgres_password_file": wrong})).start()


def test_a_server_that_is_away_is_waited_for(settings: Settings) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        Store(settings.model_copy(update={"postgres_port": 1})).start()


def test_tables_of_a_newer_version_are_refused(settings: Settings) -> None:
    store = Store(settings)
    store.start()
    password = settings.postgres_password_file.read_text().strip()
    with psycopg.connect(
        host="127.0.0.1",
        port=settings.postgres_port,
        user="gpustream",
        password=password,
        dbname="gpustream",
        autocommit=True,
    ) as connection:
        connection.execute("INSERT INTO migrations (name) VALUES ('9999_future.sql')")
        try:
            with pytest.raises(Misconfigured, match=r"9999_future\.sql"):
                store.start()
        finally:
            connection.execute("DELETE FROM migrations WHERE name = '9999_future.sql'")
    store.close()
