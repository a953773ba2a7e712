"""Topics that were made anew: Kafka's disk is lost, and PostgreSQL still says how far the old ones were judged.

Records below a stored position are those that Kafka sends again after a kill. Where the partition ends below that
position, it is another partition of the same name, and all of it is news. One that has grown beyond the position
before anybody looked cannot be told from the old one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from kafka_consumers.batch import Partition
from kafka_consumers.kafka_client import ANSWER_MS, opened
from kafka_consumers.sink import Placed
from telemetry.errors import Unavailable
from telemetry.settings import Settings

logger = logging.getLogger(__name__)

Ends = Callable[[Collection[Partition]], Mapping[Partition, int]]
"""Partition -> the offset that its next record will have. Raises Unavailable."""


def ends_of(settings: Settings) -> Ends:
    """Asks Kafka, by a client of its own that lives for one question: there are few."""

    def ends(partitions: Collection[Partition]) -> Mapping[Partition, int]:
        consumer = opened(KafkaConsumer, settings, client_id="gpustream-ends")
        try:
            wanted = [TopicPartition(*each) for each in partitions]
            return {(at.topic, at.partition): end for at, end in consumer.end_offsets(wanted).items()}
        except KafkaError as error:
            raise Unavailable(f"Kafka did not tell where its topics end ({error})") from error
        finally:
            consumer.close(autocommit=False, timeout_ms=ANSWER_MS)

    return ends


def judged_so_far(positions: Mapping[Partition, int], arrivals: Iterable[Placed], ends: Ends) -> dict[Partition, int]:
    """``positions``; of partitions that were made anew, the first of ``arrivals`` is the next one to judge."""
    repeated: dict[Partition, int] = {}
    for each in arrivals:
        partition = (each.topic, each.partition)
        if each.offset < positions.get(partition, 0):
            repeated.setdefault(partition, each.offset)
    if not repeated:
        return dict(positions)
    found = ends(repeated)
    remade = {partition: at for partition, at in repeated.items() if found[partition] < positions[partition]}
    for lost in remade:
        logger.error(
            "remade topic=%s partition=%d end=%d position=%d: Kafka lost its records; those that come are judged anew",
            *(*lost, found[lost], positions[lost]),
        )
    return {**positions, **remade}
