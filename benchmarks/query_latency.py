"""How long from a reading handed to Kafka's client until a query of InfluxDB returns it.

A real Kafka, a real InfluxDB and the command ``kafka-consumers influxdb`` as ``./start.sh`` runs it. One thread sends,
another asks again and again for the newest row of each GPU; a reading counts as there at the moment at which an answer
with it has been read. So the time that a query takes is in the figure. At the end InfluxDB must hold every reading.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import requests
from kafka import KafkaProducer
from latency import percentile
from verdict import status

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kafka_producer.load import Load, values  # noqa: E402
from support.engines import Engines, InfluxDB, Kafka  # noqa: E402  # tests are not installed
from support.influxdb_writer import Stage  # noqa: E402
from telemetry import catalogue, topics  # noqa: E402
from telemetry.reading import encode  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/query_latency.py                     1,000 readings a second of 20 GPUs, for a minute
  python benchmarks/query_latency.py --rate 200 --seconds 10
  python benchmarks/query_latency.py --p50-below 60 --p99-below 250     exit status 3 where one is not
"""
BUCKET = "gpu-metrics"
METRICS = 25
WARM = 3
"""Seconds before the measurement, in which connections open and code gets warm."""
NEWEST = 'SELECT last("row") FROM "gpu_metrics" WHERE time > now() - 5s GROUP BY "gpu"'
"""InfluxQL: it takes less than half of what Flux takes for the same, which would be in the figure."""
STEPS = (10, 20, 40, 60, 100, 150, 250, 500, 1000)


class Sent(NamedTuple):
    """When each row was handed over (seconds), by GPU."""

    at: list[list[float]]


def send(kafka: Kafka, load: Load, count: int, sent: Sent) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", linger_ms=5, compression_type="zstd")
    for number in range(count):
        due = load.due(number) / 1e6
        while (wait := due - time.time()) > 0:
            time.sleep(min(wait, 0.002))
        made = load.reading(number)
        sent.at[number % load.gpus].append(time.time())
        producer.send(topics.GPU_METRICS, key=made.gpu.encode(), value=encode(made))
    producer.flush()
    producer.close()


class Watcher:
    """Asks for the newest rows until all are there."""

    def __init__(self, influxdb: InfluxDB, gpus: int, sent: Sent) -> None:
        self.seen: list[list[float]] = [[] for _ in range(gpus)]
        """When each row was read in an answer."""
        self.queries: list[float] = []
        """Seconds that each query took."""
        self._sent = sent
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Token {influxdb.token}"
        self._url = f"{influxdb.url}/query"

    def ask(self) -> None:
        begin = time.time()
        answer = self._session.get(self._url, params={"db": BUCKET, "q": NEWEST}, timeout=60)
        now = time.time()
        answer.raise_for_status()
        self.queries.append(now - begin)
        for index, row in _rows(answer.json()):
            seen = self.seen[index]
            seen += [now] * (row + 1 - len(seen))

    def latencies(self, begin: int) -> list[float]:
        """Milliseconds, sorted; of the rows from ``begin`` on."""
        pairs = zip(self._sent.at, self.seen, strict=True)
        return sorted((b - a) * 1000 for at, seen in pairs for a, b in list(zip(at, seen, strict=True))[begin:])


def _rows(told: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """(GPU, its newest row) of an answer."""
    (result,) = told["results"]
    if "error" in result:
        raise SystemExit(f"InfluxDB answers: {result['error']}")
    for series in result.get("series", []):
        ((_, row),) = series["values"]
        yield int(series["tags"]["gpu"].partition(":")[2]), int(row)


def measure(stage: Stage, rate: int, gpus: int, seconds: int) -> list[float]:
    sent = Sent([[] for _ in range(gpus)])
    watcher = Watcher(stage.influxdb, gpus, sent)
    total = rate * (seconds + WARM)
    stage.start()
    metrics = values(catalogue.load(ROOT / "config" / "metrics.yaml"), METRICS)
    load = Load("bench", time.time_ns() // 1000, rate, gpus, metrics)
    sender = threading.Thread(target=send, args=(stage.kafka, load, total, sent))
    sender.start()
    deadline = time.monotonic() + seconds + 120
    while sum(map(len, watcher.seen)) < total and time.monotonic() < deadline:
        watcher.ask()
        time.sleep(0.003)
    sender.join()
    if (found := sum(map(len, watcher.seen))) != total:
        raise SystemExit(f"InfluxDB shows {found} of {total} readings")
    held = sum(stage.points(f"{load.host}:{index}").total() for index in range(gpus))
    if held != total:
        raise SystemExit(f"InfluxDB holds {held} readings, expected {total}")
    times = watcher.latencies(WARM * rate // gpus)
    queries = sorted(watcher.queries)
    print(f"{rate:,} readings/s of {gpus} GPUs, {METRICS} metrics each, for {seconds} s; all {total:,} there")
    half, nearly_all = (percentile(times, share) for share in (0.5, 0.99))
    print(f"reading handed to Kafka's client -> read in an answer of InfluxDB: p50 {half:.0f} ms, ", end="")
    asked = percentile(queries, 0.5) * 1000
    print(f"p99 {nearly_all:.0f} ms, most {times[-1]:.0f} ms; a query took {asked:.0f} ms")
    below = 0
    for step in STEPS:
        count = sum(1 for each in times if each <= step) - below
        below += count
        print(f"  up to {step:5} ms {count:8,}  {'#' * round(60 * count / len(times))}")
    return times


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=int, default=1000, help="readings a second (%(default)s)")
    parser.add_argument("--gpus", type=int, default=20, help="that they are of (%(default)s)")
    parser.add_argument("--seconds", type=int, default=60, help="how long (%(default)s)")
    parser.add_argument("--p50-below", type=float, metavar="MS", help="exit status 3 where it is not")
    parser.add_argument("--p99-below", type=float, metavar="MS", help="exit status 3 where it is not")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="gpustream-bench-") as folder,
        Engines(Path(folder)) as engines,
        Stage(engines.kafka(), engines.influxdb(), Path(folder)) as stage,
    ):
        # The settings that users have, not those of the tests.
        for name in ("INFLUXDB_BATCH_LINES", "INFLUXDB_TIMEOUT_SECONDS"):
            del stage.environment[name]
        stage.environment |= {"LOG_LEVEL": "WARNING"}
        stage.set_up()
        times = measure(stage, options.rate, options.gpus, options.seconds)
    limits = ((options.p50_below, 0.5), (options.p99_below, 0.99))
    return status(any(limit is not None and percentile(times, share) >= limit for limit, share in limits))


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
