"""A member of a Kafka group always ends with its partitions, however short its polls are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from kafka import KafkaConsumer
from kafka.admin import KafkaAdminClient, NewTopic

from kafka_consumers.kafka_client import connect
from support.engines import Kafka
from telemetry.settings import Settings


@pytest.fixture
def admin(kafka: Kafka) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    yield admin
    admin.close()


def polled_until_assigned(consumer: KafkaConsumer, count: int) -> int:
    """How many partitions it has after polls of which each is too short for the answer of the group."""
    deadline = time.monotonic() + 60
    while len(consumer.assignment()) != count and time.monotonic() < deadline:
        consumer.poll(timeout_ms=2)
    return len(consumer.assignment())


def test_new_partitions_are_assigned_although_each_poll_is_short(kafka: Kafka, admin: KafkaAdminClient) -> None:
    topic = f"grows-{uuid4().hex}"
    admin.create_topics([NewTopic(topic, 1, 1)])
    consumer = connect(Settings(kafka_bootstrap_servers=kafka.bootstrap), topic, [topic], from_beginning=True)
    try:
        assert polled_until_assigned(consumer, 1) == 1
        for partitions in (2, 3, 4):
            admin.create_partitions({topic: partitions})
            assert polled_until_assigned(consumer, partitions) == partitions
    finally:
        consumer.close(autocommit=False)
