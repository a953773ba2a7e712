"""Check: every topic of config/topics.yaml is there; and how many dead letters lie in theirs."""

from __future__ import annotations

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from dashboard.status.check import Finding, Line
from dashboard.status.words import counted
from telemetry import topics
from telemetry.errors import Unavailable
from telemetry.settings import Settings


class Topics:
    """Asks Kafka for its topics, and counts what is kept of the dead letters."""

    title = "Topics"
    do = "./start.sh logs kafka, then ./start.sh restart kafka"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def look(self) -> Finding:
        where = self._settings.kafka_bootstrap_servers
        try:
            consumer = KafkaConsumer(bootstrap_servers=where, bootstrap_timeout_ms=4000, request_timeout_ms=4000)
            try:
                present = consumer.topics()
                letters = dead_letters(consumer) if topics.GPU_DEAD_LETTERS in present else 0
            finally:
                consumer.close(autocommit=False)
        except KafkaError as error:
            raise Unavailable(f"Kafka at {where}: {type(error).__name__}") from error
        missing = sorted(set(topics.ALL) - set(present))
        count = len(topics.ALL) - len(missing)
        text = f"{count} of {len(topics.ALL)} are there"
        there = (
            Line("bad", "topics", f"{text}; missing: {', '.join(missing)}", "./start.sh makes them")
            if missing
            else Line("ok", "topics", text)
        )
        show = "kafka-consumers stdout --topic gpu-dead-letters --from-beginning"
        dead = (
            Line("note", "dead letters", f"{counted(letters, 'record')} could not be used; see .venv/bin/{show}")
            if letters
            else Line("ok", "dead letters", "none")
        )
        return Finding((there, dead), {"missing": missing, "dead_letters": letters})


def dead_letters(consumer: KafkaConsumer) -> int:
    """How many are kept."""
    numbers = consumer.partitions_for_topic(topics.GPU_DEAD_LETTERS) or ()
    partitions = [TopicPartition(topics.GPU_DEAD_LETTERS, number) for number in numbers]
    ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
    begins: dict[TopicPartition, int] = consumer.beginning_offsets(partitions)
    return sum(ends.values()) - sum(begins.values())
