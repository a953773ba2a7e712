"""The alert engine as a process beside a real Kafka and a real PostgreSQL, and what it made of what it was sent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from kafka import KafkaConsumer, KafkaProducer

from kafka_consumers.alerts import config
from kafka_consumers.alerts.judge import Judge
from kafka_consumers.alerts.message import message_of
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.log import Pass, SensorLog
from support.alert_cases import CATALOGUE, ROOT, World
from support.engines import Kafka, PostgreSQL
from support.readings import made_up
from telemetry import reading, topics
from telemetry.messages import AlertChange
from telemetry.reading import Mode, Reading, split_gpu
from telemetry.settings import Settings
from telemetry.timestamp import SECOND, format_time

DEADLINE = 120


def story(gpu: str, mode: Mode = "demo", begun: int | None = None) -> list[Reading]:
    """The demonstration's; ``begun``: as if it had begun then (microseconds UTC)."""
    path = ROOT / "data/samples/demo-failing-fan.txt"
    file = LogFile(path.name, lambda: path.open("rb"), CATALOGUE, ZoneInfo("UTC"))
    run = Pass("f/0", gpu, mode, None, time.time_ns() // 1000)
    readings = list(SensorLog(file, run, lambda line: None).readings())
    shift = 0 if begun is None else begun - readings[0].time
    return [each._replace(time=each.time + shift) for each in readings]


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


def environment_of(kafka: Kafka, postgres: PostgreSQL, state: Path) -> dict[str, str]:
    """For the engine's process; the topics are made."""
    given = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "POSTGRES_PORT": str(postgres.port),
        "POSTGRES_PASSWORD_FILE": str(postgres.password_file),
        "STATE_DIR": str(state),
    }
    command = [str(Path(sys.executable).with_name("kafka-producer")), "topics"]
    # Not among the figures of a benchmark.
    subprocess.run(command, env=given, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return given


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
        host="127.0.0.1",
        port=settings.postgres_port,
        user="gpustream",
        password=password,
        dbname=settings.postgres_database,
    ) as connection:
        return connection.execute(sql, parameters).fetchall()


def wait_for(what: Callable[[], object], seconds: float = DEADLINE) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
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


def hot(gpu: str, seconds: int) -> list[Reading]:
    """A live GPU that has been too hot for so long by now."""
    now = time.time_ns() // 1000
    times = [now - back * SECOND for back in range(seconds, 0, -1)]
    metrics = {"gpu_temperature": 97.0}
    return [
        made_up(n, at, gpu=gpu, host=split_gpu(gpu)[0], source="nvml", metrics=metrics) for n, at in enumerate(times)
    ]


def open_alert(settings: Settings, gpu: str, rule: str) -> str | None:
    found = query(settings, "SELECT id FROM alerts WHERE gpu = %s AND rule = %s AND resolved IS NULL", gpu, rule)
    return str(found[0][0]) if found else None
