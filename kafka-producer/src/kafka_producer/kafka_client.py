"""Opening clients of Kafka: waits until it answers, says once what it waits for and once that it is back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.partitioner import DefaultPartitioner

from telemetry.clock import Clock
from telemetry.errors import Unavailable
from telemetry.settings import Settings
from telemetry.timestamp import SECOND

log = logging.getLogger(__name__)
Client = TypeVar("Client")

_LONGEST_PAUSE = 5.0
_FOR_EVER_MS = 2**31 - 1
"""kafka-python fails a record that is older than this: 24 days, so that an outage costs waiting, never readings."""
_BOOTSTRAP_MS = 3_000
_METADATA_MS = 5_000
_FRAMING = 1_000
"""Bytes beside key and value that a record takes at most."""


class RememberedPartitions(DefaultPartitioner):  # type: ignore[misc]
    """The partition that every Kafka client gives a key; its hash in pure Python is worked out once per key."""

    def __init__(self) -> None:
        self._partitions: dict[tuple[str, bytes, int], int] = {}

    def partition(
        self, topic: str, key: Any, serialized_key: bytes, value: Any, serialized_value: bytes, cluster: Any
    ) -> int:
        # A topic can be given more partitions while we run.
        asked = (topic, serialized_key, len(cluster.partitions_for_topic(topic) or ()))
        found = self._partitions.get(asked)
        if found is None:
            found = super().partition(topic, key, serialized_key, value, serialized_value, cluster)
            self._partitions[asked] = found
        return found


class PlainProducer(KafkaProducer):  # type: ignore[misc]
    """Sends bytes with a key and nothing else, and leaves out of ``send`` what it does for others with each record:
    headers, serializers, an estimate of the size, the text of a message to its log.

    What is not plain goes the long way: before the topic is known, after it was closed, a record too large.
    """

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._plainly = config["max_request_size"] - _FRAMING
        self._partitioner = config["partitioner"]
        self._places: dict[tuple[str, int], TopicPartition] = {}

    def send(self, topic: str, value: bytes, key: bytes) -> Any:
        """As :meth:`KafkaProducer.send`."""
        if self._closed or len(value) + len(key) > self._plainly or not self._metadata.partitions_for_topic(topic):
            return super().send(topic, value=value, key=key)
        number = self._partitioner.partition(topic, key, key, value, value, self._metadata)
        place = self._places.get((topic, number))
        if place is None:
            place = self._places[topic, number] = TopicPartition(topic, number)
        future, _, is_new, _ = self._accumulator.append(place, None, key, value, [])
        # A new batch: the one before is full. KafkaProducer wakes its thread with every record while another one waits,
        # which brings nothing sooner, and is a tenth of what sending takes.
        if is_new:
            self._sender.wakeup()
        return future


def new_producer(settings: Settings) -> Any:
    """A producer that loses nothing while it lives. Raises KafkaError where Kafka does not answer."""
    timeout_ms = int(settings.kafka_client_timeout_seconds * 1000)
    return PlainProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers.split(","),
        client_id="gpustream-producer",
        acks="all",
        enable_idempotence=True,
        linger_ms=settings.producer_linger_ms,
        batch_size=settings.producer_batch_bytes,
        compression_type=None if settings.producer_compression == "none" else settings.producer_compression,
        max_request_size=max(1_048_576, 2 * settings.producer_batch_bytes),
        delivery_timeout_ms=_FOR_EVER_MS,
        request_timeout_ms=timeout_ms,
        max_block_ms=_METADATA_MS,
        bootstrap_timeout_ms=_BOOTSTRAP_MS,
        reconnect_backoff_max_ms=2_000,
        allow_auto_create_topics=False,
        partitioner=RememberedPartitions(),
    )


def new_admin(settings: Settings) -> Any:
    """An admin client. Raises KafkaError where Kafka does not answer."""
    return KafkaAdminClient(
        bootstrap_servers=settings.kafka_bootstrap_servers.split(","),
        client_id="gpustream-topics",
        request_timeout_ms=int(settings.kafka_client_timeout_seconds * 1000),
        bootstrap_timeout_ms=_BOOTSTRAP_MS,
    )


def opened(
    make: Callable[[Settings], Client],
    settings: Settings,
    clock: Clock,
    alive: Callable[[], None],
    patience: float | None = None,
) -> Client:
    """``make`` until it succeeds. ``alive`` is called between tries and may raise to end the waiting.

    Raises Unavailable after ``patience`` seconds (None: never).
    """
    began, pause = clock.now(), 0.25
    while True:
        try:
            client = make(settings)
        except (KafkaError, OSError) as error:
            waited = (clock.now() - began) / SECOND
            if patience is not None and waited >= patience:
                raise Unavailable(
                    f"Kafka at {settings.kafka_bootstrap_servers} did not answer within {patience:g} s: {error}"
                ) from error
            if pause == 0.25:
                log.warning("waiting for Kafka at %s", settings.kafka_bootstrap_servers)
            alive()
            clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        else:
            if pause > 0.25:
                log.info("Kafka answers after %.1f s", (clock.now() - began) / SECOND)
            return client
