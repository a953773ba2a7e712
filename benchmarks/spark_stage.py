"""A real Kafka and a real HDFS for benchmarks of the Spark jobs, and the processes that run on them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kafka import KafkaProducer  # noqa: E402  # tests are not installed

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


def told(log: str) -> str:
    """Of a long log the end, and before it what names the causes."""
    lines = log.splitlines()
    return "\n".join([line[:300] for line in lines[:-20] if "Caused by" in line or "Error" in line][:20] + lines[-20:])


class Usage(NamedTuple):
    """Of a process and all that it has started, while they live."""

    cpu: float
    mebibytes: float


class Job:
    """A program in a session of its own: a driver has a JVM beside it, and Python workers."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip

    def until(self, done: Callable[[], bool], seconds: float) -> None:
        """Raises SystemExit with the end of its log where it ends before, or takes too long."""
        deadline = time.monotonic() + seconds
        while not done():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise SystemExit(f"{self._process.args!r} did not come to its end:\n{told(self.log())}")
            time.sleep(0.2)

    def wait(self, seconds: float) -> None:
        """To its end. Raises SystemExit where that is none of success."""
        if self._process.wait(seconds):
            raise SystemExit(f"{self._process.args!r} ended with {self._process.returncode}:\n{told(self.log())}")

    def usage(self) -> Usage:
        ticks, pages = 0, 0
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                fields = (entry / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
            except (OSError, UnicodeDecodeError):
                continue
            if int(fields[3]) == self._process.pid:
                ticks += sum(int(field) for field in fields[11:15])
                pages += int(fields[21])
        return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE") / 2**20)

    def end(self) -> None:
        """SIGTERM, and back when it is gone."""
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")


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
