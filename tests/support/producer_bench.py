"""The command ``kafka-producer`` beside a real Kafka: what it is given, and what stands on the topics afterwards."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kafka import KafkaConsumer, TopicPartition

from support.engines import Kafka
from support.gpuz_logs import header, row
from telemetry import topics
from telemetry.reading import Reading, decode

PRODUCER = str(Path(sys.executable).with_name("kafka-producer"))
REPOSITORY = Path(__file__).parents[2]
COLUMNS = ("GPU Load [%]", "GPU Temperature [°C]", "Board Power Draw [W]", "GPU Clock [MHz]")
NEVER = 2**62
Identity = tuple[str, str, int]


def write_log(path: Path, rows: int, salt: int = 0) -> Path:
    """``salt`` makes it another log."""
    lines = (row(n, n % 100, 40 + n % 50, 100 + salt, 1500) for n in range(rows))
    path.write_text(header(*COLUMNS) + "".join(lines), encoding="latin-1", newline="")
    return path


class Reader:
    """A topic from its beginning, read on at each look."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
        self._partitions = [TopicPartition(topic, n) for n in self._consumer.partitions_for_topic(topic) or ()]
        self._consumer.assign(self._partitions)
        self._consumer.seek_to_beginning(*self._partitions)
        self._values: list[bytes] = []

    def values(self) -> list[bytes]:
        ends = self._consumer.end_offsets(self._partitions)
        while any(self._consumer.position(partition) < end for partition, end in ends.items()):
            for records in self._consumer.poll(timeout_ms=500).values():
                self._values += [record.value for record in records]
        return self._values

    def skip(self) -> None:
        """What is there by now is not this test's."""
        for partition, end in self._consumer.end_offsets(self._partitions).items():
            self._consumer.seek(partition, end)

    def close(self) -> None:
        self._consumer.close()


class Bench:
    """A Kafka with topics, a state directory, and the command."""

    def __init__(self, kafka: Kafka, directory: Path) -> None:
        self.kafka = kafka
        self.state = directory / "state"
        self.environment = os.environ | {
            "CONFIG_DIR": str(REPOSITORY / "config"),
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "STATE_DIR": str(self.state),
        }
        self.host = ""
        self._running: list[subprocess.Popen[str]] = []
        self._read: dict[str, Reader] = {}
        self._readings: dict[str, list[Reading]] = {}
        self._decoded = 0

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PRODUCER, *map(str, arguments)], env=self.environment, capture_output=True, text=True, check=True
        )

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [PRODUCER, *map(str, arguments)], env=self.environment, stderr=subprocess.PIPE, text=True
        )
        self._running.append(process)
        return process

    def name_host(self) -> None:
        """Logs whose names begin with ``host``, this test's alone, are of its card 0."""
        self.host = f"h{random.randrange(10**9)}"
        config = self.state.parent / "config"
        shutil.copytree(self.environment["CONFIG_DIR"], config)
        rule = f'{{pattern: "{self.host}*.txt", gpu: "{self.host}:0"}}'
        (config / "sources.yaml").write_text(f"logs: [{rule}]\n")
        self.environment["CONFIG_DIR"] = str(config)

    def end(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()
        for reader in self._read.values():
            reader.close()

    def skip(self) -> None:
        """Readings of other tests, so that nobody has to read them again."""
        self._read[topics.GPU_METRICS] = Reader(self.kafka.bootstrap, topics.GPU_METRICS)
        self._read[topics.GPU_METRICS].skip()

    def values(self, topic: str) -> list[bytes]:
        """All that has come to a topic until now."""
        if topic not in self._read:
            self._read[topic] = Reader(self.kafka.bootstrap, topic)
        return self._read[topic].values()

    def records(self, topic: str) -> int:
        """How many that is."""
        return len(self.values(topic))

    def readings(self, gpu: str) -> list[Reading]:
        for raw in self.values(topics.GPU_METRICS)[self._decoded :]:
            reading = decode(raw, NEVER)
            self._readings.setdefault(reading.gpu, []).append(reading)
            self._decoded += 1
        return list(self._readings.get(gpu, ()))

    def times(self, gpu: str) -> dict[Identity, set[int]]:
        """Identity -> every time with which it was sent: one each, however often it was."""
        found: dict[Identity, set[int]] = {}
        for reading in self.readings(gpu):
            found.setdefault((reading.origin, reading.gpu, reading.row), set()).add(reading.time)
        return found

    def expected(self, log: Path, gpu: str) -> dict[Identity, set[int]]:
        """What the log holds, as the dry run tells it."""
        output = self.run("replay", "--dry-run", log, "--gpu", gpu).stdout
        readings = [decode(line.encode(), NEVER) for line in output.splitlines()]
        return {(reading.origin, reading.gpu, reading.row): {reading.time} for reading in readings}


def until(wanted: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
