"""Kafka -> InfluxDB until it can be queried, beside Telegraf (kafka_consumer -> influxdb_v2).

A real Kafka and a real InfluxDB, the same for both; the same topic, which holds every reading before either begins.
Each run starts a program with nothing read yet and an empty bucket, and ends it once InfluxDB answers with every
reading. The clock runs from the first reading that a query returns to the last one, so that no start is in the figure;
processor time is of the whole process, its start too. Telegraf is tuned: batches of 5,000, 20,000 messages on their
way, gzip.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from string import Template

import requests
from contest import Contest, Cost, Run, ended
from kafka import KafkaAdminClient, KafkaProducer
from verdict import status

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kafka_producer.load import Load, values  # noqa: E402
from support.engines import ORG, Engines, InfluxDB  # noqa: E402  # tests are not installed
from support.influxdb_writer import COMMAND, GROUP, Stage  # noqa: E402
from telemetry import catalogue, topics  # noqa: E402
from telemetry.reading import encode  # noqa: E402

EXAMPLES = """examples:
  benchmarks/influxdb.py                                200,000 readings, 3 runs of each
  benchmarks/influxdb.py --readings 300000 --runs 5
  benchmarks/influxdb.py --ours-alone --readings 5000   without Telegraf, which is built otherwise (about a minute)
  benchmarks/influxdb.py --speed-at-least 1.2 --cpu-at-most 0.7     exit status 3 where one does not hold
"""
METRICS, GPUS, RATE = 25, 20, 1000
BUCKET = "gpu-metrics"
LOOK_EVERY = 0.1
TELEGRAF_GROUP = "telegraf"
CONFIG = Template("""
[agent]
  interval = "1s"
  flush_interval = "200ms"
  metric_batch_size = 5000
  metric_buffer_limit = 50000
  omit_hostname = true
  quiet = true

[[inputs.kafka_consumer]]
  brokers = ["$kafka"]
  topics = ["$topic"]
  consumer_group = "$group"
  offset = "oldest"
  # Of a newer broker it would think that it cannot speak to it.
  kafka_version = "3.6.0"
  max_undelivered_messages = 20000
  name_override = "gpu_metrics"
  data_format = "json"
  tag_keys = ["gpu", "host", "source"]
  json_time_key = "time"
  json_time_format = "2006-01-02T15:04:05Z07:00"

[[outputs.influxdb_v2]]
  urls = ["$influxdb"]
  token = "$token"
  organization = "$org"
  bucket = "$bucket"
  content_encoding = "gzip"
""")


class Course:
    """The readings on the topic, and what is needed to run a program over them from the beginning."""

    def __init__(self, stage: Stage, readings: int) -> None:
        self._stage = stage
        self._influxdb = stage.influxdb
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Token {stage.influxdb.token}"
        metrics = values(catalogue.load(ROOT / "config" / "metrics.yaml"), METRICS)
        begin = time.time_ns() // 1000 - readings // RATE * 1_000_000
        self._load = Load("bench", begin, RATE, GPUS, metrics)
        self.readings = readings

    def fill(self) -> None:
        producer = KafkaProducer(
            bootstrap_servers=self._stage.kafka.bootstrap,
            linger_ms=50, batch_size=262_144, compression_type="zstd",
        )  # fmt: skip
        for number in range(self.readings):
            made = self._load.reading(number)
            producer.send(topics.GPU_METRICS, key=made.gpu.encode(), value=encode(made))
        producer.flush()
        producer.close()

    def run(self, run: Run, group: str) -> Cost:
        """One program, from nothing to everything."""
        self._forget(group)
        with tempfile.TemporaryFile() as log:
            process = subprocess.Popen(
                run.command, env=os.environ | run.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
            seconds = self._watch(process, log.fileno())
            return ended(process, seconds)

    def _watch(self, process: subprocess.Popen[bytes], log: int) -> float:
        begin, deadline = 0.0, time.monotonic() + 300
        while True:
            newest = self._newest()
            now = time.monotonic()
            if newest and not begin:
                begin = now
            if newest == GPUS * [self.readings // GPUS - 1] and self._held() == self.readings:
                return time.monotonic() - begin
            if now > deadline or process.poll() is not None:
                process.kill()
                told = os.pread(log, 2000, max(0, os.fstat(log).st_size - 2000)).decode()
                raise SystemExit(f"InfluxDB holds {self._held()} of {self.readings} readings: {told}")
            time.sleep(LOOK_EVERY)

    def _newest(self) -> list[int]:
        """The newest row of each GPU."""
        return sorted(self._values('|> last() |> keep(columns: ["gpu", "_value"])'))

    def _held(self) -> int:
        return sum(self._values('|> count() |> keep(columns: ["gpu", "_value"])'))

    def _values(self, what: str) -> list[int]:
        flux = (
            f'from(bucket: "{BUCKET}") |> range(start: {self._load.begin // 1_000_000 - 1}) '
            f'|> filter(fn: (r) => r._measurement == "gpu_metrics" and r._field == "row") {what}'
        )
        answer = self._session.post(
            f"{self._influxdb.url}/api/v2/query?org={ORG}",
            data=flux, headers={"Content-Type": "application/vnd.flux"}, timeout=60,
        )  # fmt: skip
        answer.raise_for_status()
        rows = [line.split(",") for line in answer.text.splitlines() if line]
        place = next((row.index("_value") for row in rows if "_value" in row), 0)
        return [int(float(row[place])) for row in rows if len(row) > place and row[place] not in {"", "_value"}]

    def _forget(self, group: str) -> None:
        """Nothing read, nothing written."""
        admin = KafkaAdminClient(bootstrap_servers=self._stage.kafka.bootstrap)
        if group in {each["group_id"] for each in admin.list_groups()}:
            admin.delete_groups([group])
        admin.close()
        url = f"{self._influxdb.url}/api/v2/buckets"
        for each in self._session.get(url, params={"name": BUCKET}, timeout=60).json()["buckets"]:
            self._session.delete(f"{url}/{each['id']}", timeout=60).raise_for_status()
            made = {"name": BUCKET, "orgID": each["orgID"], "retentionRules": []}
            self._session.post(url, json=made, timeout=60).raise_for_status()


def telegraf(stage: Stage, folder: Path) -> Run:
    """Built first, if it must be."""
    found = subprocess.run([ROOT / "benchmarks" / "telegraf.sh"], check=True, stdout=subprocess.PIPE, text=True)
    config = folder / "telegraf.conf"
    config.write_text(
        CONFIG.substitute(
            kafka=stage.kafka.bootstrap, topic=topics.GPU_METRICS, group=TELEGRAF_GROUP,
            influxdb=stage.influxdb.url, token=stage.influxdb.token, org=ORG, bucket=BUCKET,
        )
    )  # fmt: skip
    return Run([found.stdout.strip(), "--config", str(config)])


def compare(course: Course, influxdb: InfluxDB, theirs: Run | None, ours: Run, runs: int) -> Contest:
    """Prints both. Without a rival there is one that took as long, so that the figures of ours are printed."""
    contest = Contest("Telegraf", [], "kafka-consumers influxdb", [])
    server: dict[str, list[float]] = {contest.plain: [], contest.ours: []}

    def turn(name: str, run: Run, group: str, costs: list[Cost]) -> None:
        before = cpu_seconds(influxdb.servers[0].pid)
        costs.append(course.run(run, group))
        server[name].append(cpu_seconds(influxdb.servers[0].pid) - before)

    for _ in range(runs):
        if theirs is not None:
            turn(contest.plain, theirs, TELEGRAF_GROUP, contest.plain_costs)
        turn(contest.ours, ours, GROUP, contest.our_costs)
    print(f"{course.readings:,} readings of {GPUS} GPUs, {METRICS} metrics each; {runs} runs in turns; all there")
    if theirs is not None:
        contest.show("readings", course.readings)
        print(f"processor time of ours per reading: {1 / contest.speed('cpu'):.2f} x Telegraf's")
    else:
        cost = contest.our_costs[-1]
        print(f"{contest.ours}: {cost.seconds:.2f} s, {cost.cpu:.2f} s of processor time, {cost.mebibytes:.0f} MiB")
    for name, taken in server.items():
        if taken:
            print(f"InfluxDB meanwhile, under {name}: {median(taken):.2f} s of processor time")
    return contest


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readings", type=int, default=200_000, help="on the topic (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of each program (%(default)s)")
    parser.add_argument("--ours-alone", action="store_true", help="does it run?")
    parser.add_argument("--speed-at-least", type=float, metavar="RATIO", help="readings/s, Telegraf's being 1")
    parser.add_argument("--cpu-at-most", type=float, metavar="RATIO", help="CPU time per reading, Telegraf's being 1")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="gpustream-bench-") as name,
        Engines(Path(name)) as engines,
        Stage(engines.kafka(), engines.influxdb(), Path(name)) as stage,
    ):
        # The settings that users have, not those of the tests.
        for setting in ("INFLUXDB_BATCH_LINES", "INFLUXDB_TIMEOUT_SECONDS"):
            del stage.environment[setting]
        stage.set_up()
        course = Course(stage, options.readings)
        course.fill()
        theirs = None if options.ours_alone else telegraf(stage, Path(name))
        ours = Run([str(COMMAND), "influxdb"], stage.environment | {"LOG_LEVEL": "WARNING"})
        contest = compare(course, stage.influxdb, theirs, ours, options.runs)
    limits: list[tuple[float | None, Callable[[float], bool]]] = [
        (options.speed_at_least, lambda least: contest.speed("seconds") < least),
        (options.cpu_at_most, lambda most: 1 / contest.speed("cpu") > most),
    ]
    return status(any(limit is not None and fails(limit) for limit, fails in limits))


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
