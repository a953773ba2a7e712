"""Kafka: how far its readers are, and the records that a store may lack; restored into topics that are made anew."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.structs import OffsetAndMetadata

from dashboard.backup import kafka_file
from dashboard.backup.kafka_file import Kept
from dashboard.backup.manifest import Manifest, Saved
from dashboard.backup.offsets import Offsets, kept_time, mapped
from telemetry import topics
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings
from telemetry.topics import Topic

FOLDER = "kafka"
_ANSWER_MS = 10_000
_SILENT_SECONDS = 60.0
_IN_FLIGHT = 5_000
_MESSAGE_BYTES = 16 * 1024 * 1024

Say = Callable[[str], None]


class KafkaBackup:
    """All methods raise Unavailable while Kafka does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.kafka_bootstrap_servers.split(",")
        self._where = settings.kafka_bootstrap_servers

    def committed(self) -> dict[str, Offsets]:
        """How far each consumer group has come in our topics."""
        with self._admin() as admin:
            names = [each["group_id"] for each in admin.list_groups()]
            told = admin.list_group_offsets(dict.fromkeys(names)) if names else {}
        return {
            name: {(each.topic, each.partition): at.offset for each, at in offsets.items() if each.topic in topics.ALL}
            for name, offsets in told.items()
        }

    def begins(self) -> Offsets:
        """The first record that there is, of every partition of our topics."""
        with self._consumer() as consumer:
            return _plain(consumer.beginning_offsets(_partitions(consumer), timeout_ms=_ANSWER_MS))

    def ends(self) -> Offsets:
        """Where the next record will be."""
        with self._consumer() as consumer:
            return _plain(consumer.end_offsets(_partitions(consumer), timeout_ms=_ANSWER_MS))

    def save(self, into: Path, begins: Offsets, ends: Offsets, say: Say) -> list[Saved]:
        """The records from ``begins`` to before ``ends``, a file per partition."""
        made = []
        with self._consumer() as consumer:
            for (topic, number), end in sorted(ends.items()):
                begin = min(begins.get((topic, number), 0), end)
                records = _read(consumer, TopicPartition(topic, number), begin, end, self._where)
                count = kafka_file.write(into / file_of(topic, number), records)
                made.append(Saved(topic=topic, partition=number, begin=begin, end=end, records=count))
                if count:
                    say(f"{topic}/{number}: {count:,} records")
        return made

    def put_back(self, backup: Path, manifest: Manifest, wanted: Mapping[str, Topic], now_ms: int, say: Say) -> None:
        """Into topics that this makes: they take the records' own times, and keep them for ever, until
        ``kafka-producer topics`` brings them to what config/topics.yaml says."""
        self._make(manifest, wanted)
        with self._producer() as producer:
            for each in manifest.kafka:
                topic = wanted.get(each.topic)
                retention = topic.retention_hours * 3_600_000 if topic else None
                count = self._send(producer, backup, each, now_ms, retention)
                if count:
                    say(f"{each.topic}/{each.partition}: {count:,} records")

    def place(self, group: str, offsets: Offsets) -> None:
        """The group goes on there. It must have no members."""
        if not offsets:
            return
        consumer = self._new(KafkaConsumer, group_id=group, enable_auto_commit=False)
        with self._closing(consumer, {"autocommit": False}):
            partitions = {TopicPartition(*each): OffsetAndMetadata(at, "", -1) for each, at in offsets.items()}
            consumer.assign(list(partitions))
            consumer.commit(partitions, timeout_ms=_ANSWER_MS)

    def _make(self, manifest: Manifest, wanted: Mapping[str, Topic]) -> None:
        settings = {
            # Theirs is the time of sending; LogAppendTime would make it today.
            "message.timestamp.type": "CreateTime",
            "retention.ms": "-1",
            "max.message.bytes": str(_MESSAGE_BYTES),
        }
        numbers = {name: max(count, wanted[name].partitions if name in wanted else 1)
                   for name, count in manifest.partitions.items()}  # fmt: skip
        with self._admin() as admin:
            replicas = min(3, len(admin.describe_cluster()["brokers"]))
            made = {name: {"num_partitions": count, "replication_factor": replicas, "configs": settings}
                    for name, count in numbers.items()}  # fmt: skip
            try:
                admin.create_topics(made, wait_for_metadata=True)
            except TopicAlreadyExistsError as error:
                raise Misconfigured(
                    f"Kafka at {self._where}",
                    "topics of gpustream",
                    "a Kafka without them",
                ) from error

    def _send(self, producer: Any, backup: Path, saved: Saved, now_ms: int, retention: int | None) -> int:
        waiting: list[tuple[int, Any]] = []
        count = 0
        for record in kafka_file.read(backup / file_of(saved.topic, saved.partition)):
            sent = producer.send(
                saved.topic,
                partition=saved.partition,
                key=record.key,
                # The client refuses a record with neither; to our readers no value and an empty one are the same.
                value=b"" if record.key is None and record.value is None else record.value,
                timestamp_ms=kept_time(record.timestamp, now_ms, retention),
            )
            waiting.append((count, sent))
            count += 1
            if len(waiting) >= _IN_FLIGHT:
                self._settle(producer, waiting)
        self._settle(producer, waiting)
        return count

    def _settle(self, producer: Any, waiting: list[tuple[int, Any]]) -> None:
        producer.flush(timeout=_SILENT_SECONDS)
        for place, sent in waiting:
            told = sent.get(timeout=_SILENT_SECONDS)
            if told.offset != place:
                raise Misconfigured(
                    f"Kafka at {self._where}: {told.topic}/{told.partition}",
                    f"offset {told.offset} for the record {place}",
                    "nobody else to send to it meanwhile: restore into a new instance",
                )
        waiting.clear()

    def _producer(self) -> Any:
        producer = self._new(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            linger_ms=20,
            batch_size=256 * 1024,
            max_request_size=_MESSAGE_BYTES,
            max_block_ms=_ANSWER_MS,
        )
        return self._closing(producer, {"timeout": 5})

    def _consumer(self) -> Any:
        consumer = self._new(
            KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            fetch_max_bytes=_MESSAGE_BYTES,
            max_partition_fetch_bytes=_MESSAGE_BYTES,
        )
        return self._closing(consumer, {"autocommit": False, "timeout_ms": 5000})

    def _admin(self) -> Any:
        return self._closing(self._new(KafkaAdminClient), {})

    def _new(self, make: Callable[..., Any], **options: Any) -> Any:
        try:
            return make(
                bootstrap_servers=self._servers,
                client_id="gpustream-backup",
                bootstrap_timeout_ms=_ANSWER_MS,
                **options,
            )
        except KafkaError as error:
            raise self._away(error) from error

    @contextmanager
    def _closing(self, client: Any, how: dict[str, Any]) -> Iterator[Any]:
        try:
            yield client
        except KafkaError as error:
            raise self._away(error) from error
        finally:
            client.close(**how)

    def _away(self, error: KafkaError) -> Unavailable:
        return Unavailable(f"Kafka at {self._where} does not answer ({type(error).__name__}: {str(error)[:120]})")


def file_of(topic: str, partition: int) -> str:
    """Below the backup's folder."""
    return f"{FOLDER}/{topic}/{partition}.parquet"


def in_new_topics(backup: Path, offsets: Offsets) -> Offsets:
    """Where these positions are once :meth:`KafkaBackup.put_back` has sent what the backup holds."""
    found: Offsets = {}
    for (topic, number), at in offsets.items():
        path = backup / file_of(topic, number)
        if path.is_file():
            saved = array("q", (record.offset for record in kafka_file.read(path)))
            found[topic, number] = mapped(at, saved)
    return found


def _partitions(consumer: Any) -> list[TopicPartition]:
    there = consumer.topics()
    return [
        TopicPartition(name, number)
        for name in topics.ALL
        if name in there
        for number in sorted(consumer.partitions_for_topic(name) or ())
    ]


def _plain(offsets: Mapping[TopicPartition, int]) -> Offsets:
    return {(each.topic, each.partition): at for each, at in offsets.items()}


def _read(consumer: Any, partition: TopicPartition, begin: int, end: int, where: str) -> Iterator[Kept]:
    if begin >= end:
        return
    consumer.assign([partition])
    consumer.seek(partition, begin)
    heard = time.monotonic()
    while (position := consumer.position(partition, timeout_ms=_ANSWER_MS)) < end:
        polled = consumer.poll(timeout_ms=500)
        for record in polled.get(partition, ()):
            if record.offset < end:
                yield Kept(record.offset, record.timestamp, record.key, record.value)
        if polled:
            heard = time.monotonic()
        elif time.monotonic() - heard > _SILENT_SECONDS:
            raise Unavailable(
                f"Kafka at {where} gives nothing of {partition.topic}/{partition.partition} from {position}"
            )
