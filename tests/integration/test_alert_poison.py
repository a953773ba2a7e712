"""What neither PostgreSQL nor gpu-alerts could take ends as a dead letter, and the alert engine goes on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson
import pytest
from kafka import KafkaConsumer, KafkaProducer

from kafka_consumers.alerts.store import Store
from support.alert_engine import engine, environment_of, hot, on_the_topic, query, send, wait_for
from support.engines import Engines, Kafka
from telemetry import reading, topics
from telemetry.messages import Anomaly, DeadLetter
from telemetry.settings import Settings
from telemetry.timestamp import format_time

GPU = "poison:0"


@pytest.fixture
def kafka(own_engines: Engines) -> Kafka:
    return own_engines.kafka()


@pytest.fixture
def environment(kafka: Kafka, own_engines: Engines, tmp_path: Path) -> dict[str, str]:
    return environment_of(kafka, own_engines.postgres(), tmp_path)


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def anomaly(time: int, **wrong: object) -> bytes:
    given = {
        "id": "odd", "gpu": GPU, "host": "poison", "source": "nvml", "mode": "live", "metric": "gpu_temperature",
        "kind": "limit", "severity": "critical", "value": 97.0, "start": format_time(time), "sentence": "It is odd.",
    }  # fmt: skip
    return orjson.dumps(orjson.loads(Anomaly.model_validate(given).encode()) | wrong)


def test_poison_is_a_dead_letter_and_the_rest_is_judged(
    kafka: Kafka, environment: dict[str, str], settings: Settings
) -> None:
    readings = hot(GPU, 60)
    now = readings[-1].time
    poison = [
        (topics.GPU_METRICS, reading.encode(readings[0]._replace(row=10_000, model="X\0"))),
        (topics.GPU_ANOMALIES, anomaly(now, sentence="\0")),
        (topics.GPU_ANOMALIES, anomaly(now, gpu="a\x1eb:0")),
        (topics.GPU_ANOMALIES, anomaly(now, start="9999-12-31T23:59:59Z")),
        (topics.GPU_ANOMALIES, anomaly(now, end="9999-12-31T23:59:59Z")),
        (topics.GPU_ANOMALIES, anomaly(now, end="soon")),
        (topics.GPU_ANOMALIES, anomaly(now, sentence="!" * 100_000)),
    ]
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    for topic, value in [*poison, (topics.GPU_ANOMALIES, anomaly(now))]:
        producer.send(topic, key=GPU.encode(), value=value)
    producer.flush()
    producer.close()
    send(kafka, readings)
    Store(settings).start()
    with engine(environment) as process:
        wait_for(lambda: query(settings, "SELECT 1 FROM alerts WHERE gpu = %s AND rule = 'anomaly'", GPU))
        wait_for(
            lambda: query(settings, "SELECT 1 FROM alerts WHERE gpu = %s AND metric <> '' AND rule <> 'anomaly'", GPU)
        )
        wait_for(lambda: sum(reasons(kafka).values()) >= len(poison))
        assert process.poll() is None
    assert reasons(kafka) == {"bad_value": 3, "future_time": 2, "bad_message": 1, "too_large": 1}
    assert any(each.rule == "anomaly" and each.state == "firing" for each in on_the_topic(kafka, GPU))


def reasons(kafka: Kafka) -> Counter[str]:
    consumer = KafkaConsumer(
        topics.GPU_DEAD_LETTERS,
        bootstrap_servers=kafka.bootstrap,
        auto_offset_reset="earliest",
        consumer_timeout_ms=2000,
    )
    found = Counter(DeadLetter.decode(record.value).reason for record in consumer)
    consumer.close()
    return found
