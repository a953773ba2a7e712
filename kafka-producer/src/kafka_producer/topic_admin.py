"""Brings Kafka's topics to what config/topics.yaml and .env say: creates, adds partitions, sets; never deletes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import TopicAlreadyExistsError

from telemetry.topics import Topic

GROWN = "until what lies in Kafka is read, a GPU's newer readings may be seen before its older ones"
"""A key has another partition from now on. Stores keep each reading by its identity, so none of them is harmed."""


def apply(admin: Any, wanted: Mapping[str, Topic]) -> Iterator[str]:
    """Yields a sentence per change; none where all is as wanted. Raises KafkaError.

    A topic is created with one replica where there is one broker, with three where there are three or more.
    """
    existing = {topic["name"]: topic for topic in admin.describe_topics()}
    replicas = min(3, len(admin.describe_cluster()["brokers"]))
    for name, topic in wanted.items():
        if name not in existing:
            yield _create(admin, name, topic, replicas)
            continue
        found = len(existing[name]["partitions"])
        if found < topic.partitions:
            admin.create_partitions({name: topic.partitions})
            yield f"{name}: partitions {found} -> {topic.partitions}; {GROWN}"
        elif found > topic.partitions:
            yield f"{name}: keeps its {found} partitions, {topic.partitions} are wanted: Kafka takes none away"
        yield from _set(admin, name, topic.broker_settings())


def _create(admin: Any, name: str, topic: Topic, replicas: int) -> str:
    settings = topic.broker_settings()
    options = {"num_partitions": topic.partitions, "replication_factor": replicas, "configs": settings}
    try:
        admin.create_topics({name: options}, wait_for_metadata=True)
    except TopicAlreadyExistsError:
        return f"{name}: created by another process just now"
    return f"{name}: created with {topic.partitions} partitions, {replicas} replicas"


def _set(admin: Any, name: str, wanted: Mapping[str, str]) -> Iterator[str]:
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)], config_filter="all")
    found = {key: entry["value"] for key, entry in described["topic"][name].items()}
    changes = {key: value for key, value in wanted.items() if found.get(key) != value}
    if changes:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, changes)])
        yield f"{name}: " + ", ".join(f"{key} {found.get(key)} -> {value}" for key, value in changes.items())
