"""The real command `kafka-consumers influxdb` between a real Kafka and a real InfluxDB, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import requests
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from support.engines import ORG, InfluxDB, Kafka
from support.identities import Point, eventually, points_in_influxdb
from telemetry import topics
from telemetry.messages import DeadLetter, TopicOrigin
from telemetry.reading import Reading, encode

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("kafka-consumers")
GROUP = "influxdb-writer"
PARTITIONS = 4
NOW = time.time_ns() // 1000
BEGIN = NOW - 3_000_000_000


def reading(row: int, gpu: str = "desk:0", **changes: object) -> Reading:
    host = gpu.partition(":")[0]
    plain = Reading(
        "0123456789abcdef/0", row, "live", BEGIN + row * 1000, None, gpu, host, "gpuz", None,
        {"gpu_load": float(row % 100), "gpu_temperature": 61.5}, {},
    )  # fmt: skip
    return plain._replace(**changes)  # type: ignore[arg-type]


def expected(rows: Iterable[int], gpu: str = "desk:0") -> Counter[Point]:
    return Counter(Point(gpu, reading(row).time, row) for row in rows)


class Stage:
    """Both servers, and as many writers as a test starts; what is left of them is ended with it."""

    def __init__(self, kafka: Kafka, influxdb: InfluxDB, directory: Path) -> None:
        self.kafka = kafka
        self.influxdb = influxdb
        self._directory = directory
        self._running: list[subprocess.Popen[str]] = []
        self.environment = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "INFLUXDB_URL": influxdb.url,
            "INFLUXDB_TOKEN": influxdb.token,
            "INFLUXDB_ORG": ORG,
            "STATE_DIR": str(directory / "state"),
            "CONFIG_DIR": str(ROOT / "config"),
            "INFLUXDB_BATCH_LINES": "500",
            "INFLUXDB_TIMEOUT_SECONDS": "5",
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self._running:
            process.kill()
            process.wait()

    def make_topics(self) -> None:
        admin = KafkaAdminClient(bootstrap_servers=self.kafka.bootstrap)
        kept = topics.load(ROOT / "config" / "topics.yaml")
        admin.create_topics(
            [NewTopic(name, each.partitions, 1, topic_configs=each.broker_settings()) for name, each in kept.items()]
        )
        admin.close()

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment | environment,
            cwd=self._directory,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def set_up(self) -> None:
        """Topics and buckets, as start.sh makes them."""
        self.make_topics()
        done = self.command("influxdb-setup")
        assert done.returncode == 0, done.stderr

    def start(self, *program: str, **environment: str) -> subprocess.Popen[str]:
        """A writer (or ``program`` in its place); its log is read from its standard error by :meth:`stop`."""
        log = (self._directory / f"writer-{len(self._running)}.log").open("w")
        process = subprocess.Popen(
            program or [str(COMMAND), "influxdb"],
            env=self.environment | environment,
            cwd=self._directory,
            stderr=log,
            text=True,
        )
        log.close()
        self._running.append(process)
        return process

    def log(self, process: subprocess.Popen[str]) -> str:
        return (self._directory / f"writer-{self._running.index(process)}.log").read_text()

    def stop(self, process: subprocess.Popen[str], seconds: float = 30) -> int:
        """The exit status after SIGTERM."""
        process.send_signal(signal.SIGTERM)
        return process.wait(seconds)

    def send(self, readings: Iterable[Reading]) -> None:
        self.send_raw([(each.gpu, encode(each)) for each in readings])

    def send_raw(self, values: Iterable[tuple[str, bytes]], topic: str = topics.GPU_METRICS) -> list[TopicOrigin]:
        """(key, value) each; where Kafka put them."""
        producer = KafkaProducer(
            bootstrap_servers=self.kafka.bootstrap, linger_ms=20, max_request_size=6_000_000, compression_type="zstd"
        )
        futures = [producer.send(topic, key=key.encode(), value=value) for key, value in values]
        producer.flush()
        placed = [future.get(timeout=30) for future in futures]
        producer.close()
        return [TopicOrigin(topic=topic, partition=each.partition, offset=each.offset) for each in placed]

    def points(self, gpu: str = "desk:0", bucket: str = "gpu-metrics") -> Counter[Point]:
        return points_in_influxdb(self.influxdb.url, ORG, self.influxdb.token, bucket, gpu)

    def points_soon(self, count: int, gpu: str = "desk:0", bucket: str = "gpu-metrics") -> Counter[Point]:
        """The points of ``gpu`` once there are ``count``, or what there is when time is up."""
        return eventually(lambda: self.points(gpu, bucket), lambda found: found.total() >= count)

    def query(self, flux: str) -> str:
        headers = {"Authorization": f"Token {self.influxdb.token}", "Content-Type": "application/vnd.flux"}
        url = f"{self.influxdb.url}/api/v2/query"
        answer = requests.post(url, params={"org": ORG}, headers=headers, data=flux.encode(), timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.content.decode()

    def write(self, bucket: str, lines: bytes) -> None:
        """As a stranger would, past our sink."""
        headers = {"Authorization": f"Token {self.influxdb.token}"}
        query = {"org": ORG, "bucket": bucket, "precision": "us"}
        answer = requests.post(
            f"{self.influxdb.url}/api/v2/write", params=query, headers=headers, data=lines, timeout=60
        )
        assert answer.status_code == 204, answer.text

    def letters_soon(self, origins: Sequence[TopicOrigin]) -> dict[tuple[int, int], DeadLetter]:
        """The dead letters of ``origins`` by partition and offset, once all are there or time is up."""
        wanted = {(origin.topic, origin.partition, origin.offset) for origin in origins}
        consumer = KafkaConsumer(
            topics.GPU_DEAD_LETTERS, bootstrap_servers=self.kafka.bootstrap, auto_offset_reset="earliest"
        )
        found: dict[tuple[int, int], DeadLetter] = {}

        def poll() -> dict[tuple[int, int], DeadLetter]:
            for messages in consumer.poll(timeout_ms=500).values():
                for letter in (DeadLetter.decode(message.value) for message in messages):
                    assert isinstance(letter.origin, TopicOrigin)
                    if (letter.origin.topic, letter.origin.partition, letter.origin.offset) in wanted:
                        found[letter.origin.partition, letter.origin.offset] = letter
            return found

        eventually(poll, lambda letters: len(letters) >= len(wanted))
        consumer.close()
        return found

    def everything_committed(self) -> bool:
        """Whether the writer's group stands at the end of the readings."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka.bootstrap, group_id=GROUP, enable_auto_commit=False)
        partitions = [TopicPartition(topics.GPU_METRICS, number) for number in range(PARTITIONS)]
        ends = consumer.end_offsets(partitions)
        done = all((consumer.committed(each) or 0) >= ends[each] for each in partitions)
        consumer.close()
        return done
