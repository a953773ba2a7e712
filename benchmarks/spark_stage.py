"""A real Kafka and a real HDFS for benchmarks of the Spark jobs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kafka import KafkaProducer  # noqa: E402  # tests are not installed
from process import Job  # noqa: E402

from kafka_producer.load import Load, Value, values  # noqa: E402
from support.engines import Engines, free_ports  # noqa: E402
from telemetry import catalogue, topics  # noqa: E402
from telemetry.reading import encode  # noqa: E402

if TYPE_CHECKING:
    from telemetry.catalogue import Catalogue

METRICS, RATE = 25, 1000


def metrics_of() -> Catalogue:
    """The catalogue of this checkout."""
    return catalogue.load(ROOT / "config" / "metrics.yaml")


def measured() -> list[Value]:
    """The metrics that made-up readings have here."""
    return values(metrics_of(), METRICS)


class SparkStage:
    """Both servers with our topics, in ``folder``; each run on it gets a lake of its own."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.kafka, self.hdfs = engines.kafka(), engines.hdfs()
        self.folder = folder
        self.environment: dict[str, str] = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap,
            "HDFS_URL": self.hdfs.uri,
            "WEBHDFS_URL": self.hdfs.url,
            "CONFIG_DIR": str(ROOT / "config"),
            "REPORT_TIMEZONE": "UTC",
            # As after `. .venv/bin/activate`.
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        producer = str(Path(sys.executable).with_name("kafka-producer"))
        subprocess.run([producer, "topics"], check=True, stdout=subprocess.DEVNULL, env=self.place("topics"))

    def place(self, name: str) -> dict[str, str]:
        """The environment of a run with a lake, a checkpoint and a state of its own."""
        run_dir = self.folder / name
        run_dir.mkdir()
        own = {"GPUSTREAM_RUN_DIR": str(run_dir), "LAKE_PATH": f"/{name}/lake", "REPORTS_PATH": f"/{name}/reports"}
        return self.environment | own | {"SPARK_UI_PORT": str(free_ports(1)[0])}

    def job(self, name: str, command: Sequence[str], environment: dict[str, str]) -> Job:
        return Job(command, environment, self.folder / f"{name}.log")

    def fill(self, readings: int, gpus: int) -> Load:
        """Made-up readings on the topic, those of the last ``readings / RATE`` seconds."""
        load = Load("bench", time.time_ns() // 1000 - readings * 1_000_000 // RATE, RATE, gpus, measured())
        producer: Any = KafkaProducer(
            bootstrap_servers=self.kafka.bootstrap, linger_ms=50, batch_size=262_144, compression_type="zstd"
        )
        for number in range(readings):
            made = load.reading(number)
            producer.send(topics.GPU_METRICS, key=made.gpu.encode(), value=encode(made))
        producer.flush()
        producer.close()
        return load
