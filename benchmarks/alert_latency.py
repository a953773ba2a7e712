"""How long from a reading in Kafka to its alert on ``gpu-alerts``, with a real Kafka, PostgreSQL and alert engine.

Every GPU sends one reading a second; for ten seconds of each minute it is too hot. An alert's latency runs from the
moment at which the reading that made it was handed to Kafka's client to the moment at which another client has read
the change. Then the engine is killed, readings pile up, and the time that it takes to catch up is measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaConsumer, KafkaProducer
from latency import percentile
from verdict import status

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kafka_consumers.alerts.store import Store  # noqa: E402
from support.alert_engine import engine, environment_of, query  # noqa: E402  # tests are not installed
from support.engines import Engines, Kafka  # noqa: E402
from telemetry import reading, topics  # noqa: E402
from telemetry.messages import AlertChange  # noqa: E402
from telemetry.reading import Reading  # noqa: E402
from telemetry.settings import Settings  # noqa: E402
from telemetry.timestamp import parse_time  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/alert_latency.py                     1,000 GPUs, one reading a second each, for two minutes
  python benchmarks/alert_latency.py --gpus 200 --seconds 30
  python benchmarks/alert_latency.py --p99-below 250     exit status 3 where the 99th percentile is not below 250 ms
"""
CYCLE, HOT = 60, 10
OTHER_METRICS = {f"metric_{number}": 40.0 + number for number in range(20)}


class Sent(NamedTuple):
    """When each (gpu, time of the reading) was handed over, in seconds."""

    at: dict[tuple[str, int], float]


def reading_of(number: int, second: int, now: int, origin: str) -> Reading:
    """GPU ``number``'s; the GPUs are hot one after the other."""
    hot = (second + number * CYCLE // 997) % CYCLE < HOT
    metrics = OTHER_METRICS | {"gpu_temperature": 97.0 if hot else 60.0, "gpu_load": 90.0, "board_power_draw": 250.0}
    host = f"bench-{number // 8:03d}"
    return Reading(origin, now // 1000, "live", now, None, f"{host}:{number % 8}", host, "nvml", None, metrics, {})


def load(kafka: Kafka, gpus: int, seconds: int, sent: Sent) -> None:
    """Readings at an even pace."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", linger_ms=5, compression_type="zstd")
    begin = time.time()
    for number in range(gpus * seconds):
        due = begin + number / gpus
        while (wait := due - time.time()) > 0:
            time.sleep(min(wait, 0.005))
        made = reading_of(number % gpus, number // gpus, int(due * 1e6), "bench")
        sent.at[made.gpu, made.time // 1000] = time.time()
        producer.send(topics.GPU_METRICS, key=made.gpu.encode(), value=reading.encode(made))
    producer.flush()
    producer.close()


def listen(kafka: Kafka, heard: list[tuple[AlertChange, float]], stop: threading.Event) -> None:
    # As our own consumers: Kafka would hold an answer about quiet partitions back for 500 ms, and the others with it.
    consumer = KafkaConsumer(
        topics.GPU_ALERTS, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=20
    )
    while not stop.is_set():
        for records in consumer.poll(timeout_ms=100).values():
            now = time.time()
            heard += ((AlertChange.decode(record.value), now) for record in records)
    consumer.close()


def latencies(heard: list[tuple[AlertChange, float]], sent: Sent) -> list[float]:
    """Milliseconds, of every change that a reading of ours made."""
    found = []
    for change, at in heard:
        handed = sent.at.get((change.gpu, parse_time(change.time) // 1000))
        if handed is not None:
            found.append((at - handed) * 1000)
    return sorted(found)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def judged(settings: Settings) -> int:
    found = query(settings, "SELECT coalesce(sum(next_offset), 0) FROM positions WHERE topic = 'gpu-metrics'")
    return int(found[0][0])


def wait_until_judged(settings: Settings, count: int) -> None:
    deadline = time.monotonic() + 600
    while judged(settings) < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"judged {judged(settings)} of {count} readings within 10 min")
        time.sleep(0.1)


def measure(kafka: Kafka, settings: Settings, environment: dict[str, str], gpus: int, seconds: int) -> list[float]:
    heard: list[tuple[AlertChange, float]] = []
    sent, stop = Sent({}), threading.Event()
    listener = threading.Thread(target=listen, args=(kafka, heard, stop))
    listener.start()
    with engine(environment) as process:
        # The group has its partitions, the code is warm.
        load(kafka, gpus, 3, Sent({}))
        wait_until_judged(settings, gpus * 3)
        before = cpu_seconds(process.pid)
        load(kafka, gpus, seconds, sent)
        wait_until_judged(settings, gpus * (3 + seconds))
        used = cpu_seconds(process.pid) - before
        memory = memory_bytes(process.pid)
        time.sleep(1)
    stop.set()
    listener.join()
    times = latencies(heard, sent)
    if len(times) < 10:
        raise SystemExit(f"only {len(times)} alert changes in {seconds} s: measure longer")
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(f"{gpus} readings/s of {gpus} GPUs for {seconds} s: {len(times)} alert changes; load per core {busy:.1f}")
    print("  reading in Kafka -> alert on gpu-alerts:", end=" ")
    print(f"p50 {percentile(times, 0.5):.0f} ms, p99 {percentile(times, 0.99):.0f} ms, most {times[-1]:.0f} ms")
    print(f"  the engine took {100 * used / seconds:.0f} % of a core and {memory / 1e6:.0f} MB")
    return times


def catch_up(kafka: Kafka, settings: Settings, environment: dict[str, str], gpus: int, readings: int) -> None:
    """What piled up while no engine ran."""
    already = judged(settings)
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all", linger_ms=50, compression_type="zstd")
    now = int(time.time() * 1e6)
    for number in range(readings):
        made = reading_of(number % gpus, number // gpus, now + number // gpus * 1_000_000, "pile")
        producer.send(topics.GPU_METRICS, key=made.gpu.encode(), value=reading.encode(made))
    producer.flush()
    with engine(environment):
        wait_until_judged(settings, already + 1)
        begin, before = time.monotonic(), judged(settings)
        wait_until_judged(settings, already + readings)
        seconds = time.monotonic() - begin
    print(f"{readings} readings that had piled up: {(already + readings - before) / max(seconds, 0.1):,.0f} a second")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gpus", type=int, default=1000, help="GPUs, one reading a second each (%(default)s)")
    parser.add_argument("--seconds", type=int, default=120, help="how long (%(default)s)")
    parser.add_argument("--pile", type=int, default=60_000, help="readings to catch up with (%(default)s; 0: none)")
    parser.add_argument("--p99-below", type=float, metavar="MS", help="exit status 3 where it is not")
    options = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory(prefix="gpustream-bench-") as folder, Engines(Path(folder)) as engines:
        kafka, postgres = engines.kafka(), engines.postgres()
        environment = environment_of(kafka, postgres, Path(folder) / "state") | {"LOG_LEVEL": "WARNING"}
        os.environ |= environment
        settings = Settings.load()
        Store(settings).start()
        times = measure(kafka, settings, environment, options.gpus, options.seconds)
        if options.pile:
            catch_up(kafka, settings, environment, options.gpus, options.pile)
    return status(options.p99_below is not None and percentile(times, 0.99) >= options.p99_below)


if __name__ == "__main__":
    sys.exit(main())
