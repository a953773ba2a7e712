"""What engines tell arrives after any outage of Kafka: a client that kafka-python has left waiting is replaced."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient, NewTopic

from kafka_consumers.kafka_publisher import KafkaOutbox, KafkaPublisher
from support.engines import Engines, Kafka
from support.identities import eventually
from telemetry import topics
from telemetry.clock import SystemClock
from telemetry.errors import Unavailable
from telemetry.messages import PipelineReport
from telemetry.settings import Settings

AWAY = 6.0
"""Seconds: longer than a message lives here."""


@pytest.fixture(scope="module")
def kafka(module_engines: Engines) -> Kafka:
    """One of our own: it is paused and killed."""
    return module_engines.kafka()


@pytest.fixture(autouse=True)
def kafka_for_the_next(kafka: Kafka) -> Iterator[None]:
    """One that a failed test has left paused or killed would fail the next one too."""
    yield
    if kafka.servers[0].running:
        kafka.servers[0].resume()
    kafka.start()


@pytest.fixture
def settings(kafka: Kafka) -> Settings:
    return Settings(kafka_bootstrap_servers=kafka.bootstrap, kafka_client_timeout_seconds=AWAY / 2)


@pytest.fixture
def topic(kafka: Kafka) -> Iterator[str]:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    name = f"told-{uuid4().hex}"
    admin.create_topics([NewTopic(name, 4, 1)])
    yield name
    admin.close()


def test_engine_tells_again_after_each_outage(kafka: Kafka, settings: Settings, topic: str) -> None:
    publisher = KafkaPublisher(settings, "told", topic)
    for outage in range(3):
        _publish(publisher, topic, f"before {outage}")
        kafka.servers[0].pause()
        end = time.monotonic() + AWAY
        while time.monotonic() < end:
            with pytest.raises(Unavailable):
                publisher.publish(_messages(topic, f"meanwhile {outage}"))
        kafka.kill()
        with pytest.raises(Unavailable):
            publisher.publish(_messages(topic, f"meanwhile {outage}"))
        kafka.start()
        _publish(publisher, topic, f"after {outage}")
    publisher.close()
    found = {record.value.decode() for record in _read(kafka, topic)}
    assert {f"{when} {outage} {n}" for when in ("before", "after") for outage in range(3) for n in range(20)} <= found


def test_reports_go_on_after_an_outage_that_nobody_waited_for(kafka: Kafka, settings: Settings) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics([NewTopic(topics.GPU_PIPELINE, 1, 1)])
    admin.close()
    outbox = KafkaOutbox(settings, "told", SystemClock())
    outbox.tell(_report(1))
    assert eventually(lambda: _heard(kafka), bool) == {1}
    kafka.servers[0].pause()
    outbox.tell(_report(2))
    # Its time is over in the thread of the client, which nobody asks: the length of the outage is what is tried here.
    time.sleep(AWAY)
    kafka.kill()
    kafka.start()
    later = itertools.count(3)

    def heard() -> set[int]:
        try:
            outbox.tell(_report(next(later)))
        except Unavailable as error:
            print(error)
        return _heard(kafka)

    assert max(eventually(heard, lambda found: max(found) > 2)) > 2
    outbox.close()


def test_closing_while_kafka_is_away_is_no_error(kafka: Kafka, settings: Settings, topic: str) -> None:
    publisher = KafkaPublisher(settings, "told", topic)
    _publish(publisher, topic, "first")
    kafka.servers[0].pause()
    with pytest.raises(Unavailable):
        publisher.publish(_messages(topic, "second"))
    publisher.close()


def _messages(topic: str, word: str) -> list[tuple[str, str, bytes]]:
    return [(topic, f"gpu:{number}", f"{word} {number}".encode()) for number in range(20)]


def _publish(publisher: KafkaPublisher, topic: str, word: str) -> None:
    """As the engines do: again and again while Kafka is away."""
    deadline = time.monotonic() + 60
    while True:
        try:
            publisher.publish(_messages(topic, word))
        except Unavailable:
            if time.monotonic() > deadline:
                raise
        else:
            return


def _report(received: int) -> PipelineReport:
    time = "2026-11-28T00:00:00.000Z"
    return PipelineReport(
        process="told", instance="told", host="here", time=time, started=time, starts=1, received=received, sent=0,
        rejected={}, memory_bytes=1,
    )  # fmt: skip


def _heard(kafka: Kafka) -> set[int]:
    return {PipelineReport.decode(each.value).received for each in _read(kafka, topics.GPU_PIPELINE)}


def _read(kafka: Kafka, topic: str) -> Iterator[Any]:
    consumer = KafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=2000
    )
    yield from consumer
    consumer.close()
