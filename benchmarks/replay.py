"""How fast ``kafka-producer replay`` brings a log to Kafka, beside a bare loop that sends the same bytes, ready-made.

The bare loop is kafka-python's producer with our settings (acks=all, zstd, the same batches) and records that it only
reads from a file: it parses nothing, remembers nothing and could not go on after a crash. A real Kafka; whole process
against whole process, in turns. Each run must put every reading on the topic, the last of ours row by row, or the
benchmark ends.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson
from contest import Run, in_turns
from kafka import KafkaConsumer, TopicPartition
from verdict import status

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.engines import Engines, Kafka  # noqa: E402  # tests are not installed
from telemetry import topics  # noqa: E402
from telemetry.settings import Settings  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/replay.py                             100,000 rows, 7 runs of each
  python benchmarks/replay.py --rows 2000 --runs 1        does it run?
  python benchmarks/replay.py --at-least 0.85             exit status 3 below 0.85 of the bare loop's speed
"""
BARE = """
import sys
from kafka import KafkaProducer
bootstrap, path, linger, size, compression = sys.argv[1:]
producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=int(linger), batch_size=int(size),
                         compression_type=compression)
with open(path, "rb") as file:
    for line in file:
        producer.send("gpu-metrics", key=b"bench:0", value=line[:-1])
producer.flush()
producer.close()
"""
PRODUCER = str(Path(sys.executable).with_name("kafka-producer"))
KAFKA = str(ROOT / "scripts" / "native" / "kafka.sh")


def on_topic(kafka: Kafka) -> int:
    """How many records stand on the topic of readings."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap)
    partitions = [TopicPartition(topics.GPU_METRICS, n) for n in consumer.partitions_for_topic(topics.GPU_METRICS)]
    ends = consumer.end_offsets(partitions)
    consumer.close()
    return sum(ends.values())


def newest_rows(kafka: Kafka, count: int) -> list[int]:
    """The rows of the last ``count`` readings of the one GPU, in order."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap, consumer_timeout_ms=10_000)
    partitions = [TopicPartition(topics.GPU_METRICS, n) for n in consumer.partitions_for_topic(topics.GPU_METRICS)]
    # All readings of a GPU lie in one partition.
    partition, end = max(consumer.end_offsets(partitions).items(), key=lambda each: each[1])
    consumer.assign([partition])
    consumer.seek(partition, end - count)
    rows = [orjson.loads(record.value)["row"] for record in itertools.islice(consumer, count)]
    consumer.close()
    return rows


def of_java(kafka: Kafka, ready: Path, rows: int, settings: Settings) -> float:
    """Records/s of Kafka's own load generator, with the same bytes and our settings. Raises SystemExit where it says
    nothing."""
    properties = {
        "bootstrap.servers": kafka.bootstrap,
        "acks": "all",
        "linger.ms": settings.producer_linger_ms,
        "batch.size": settings.producer_batch_bytes,
        "compression.type": settings.producer_compression,
    }
    run = [KAFKA, "tool", "org.apache.kafka.tools.ProducerPerformance", "--topic", topics.GPU_METRICS]
    run += ["--payload-file", str(ready), "--num-records", str(rows), "--throughput", "-1", "--producer-props"]
    run += [f"{name}={value}" for name, value in properties.items()]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    # Of the whole run last; lines before are of 5 s each.
    told = re.findall(rf"^{rows} records sent, ([0-9.]+) records/sec", done.stdout, re.M)
    if done.returncode or not told:
        raise SystemExit(
            f"ProducerPerformance ended with {done.returncode}:\n{done.stdout[-1000:]}{done.stderr[-1000:]}"
        )
    return float(told[-1])


def compare(kafka: Kafka, folder: Path, rows: int, pairs: int) -> float:
    """Prints both and returns our speed by the clock, the bare loop's being 1."""
    log, ready = folder / "log.txt", folder / "ready.jsonl"
    with log.open("wb") as file:
        simulate = [PRODUCER, "simulate", "gpuz", "--card", "rtx-4090", "--duration", str(rows)]
        subprocess.run(simulate, check=True, stdout=file)
    with ready.open("wb") as file:
        dry_run = [PRODUCER, "replay", "--dry-run", "--gpu", "bench:0", str(log)]
        subprocess.run(dry_run, check=True, stdout=file, stderr=subprocess.DEVNULL)
    settings = Settings()
    bare = [kafka.bootstrap, str(ready), str(settings.producer_linger_ms), str(settings.producer_batch_bytes)]
    states = (folder / f"state-{number}" for number in itertools.count())

    def ours() -> Run:
        # A new memory each time: a log that was sent is not sent again.
        environment = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "STATE_DIR": str(next(states)), "LOG_LEVEL": "ERROR"}
        return Run([PRODUCER, "replay", "--gpu", "bench:0", str(log)], environment)

    before = on_topic(kafka)
    contest = in_turns(
        "bare loop, bytes ready-made", lambda: Run([sys.executable, "-c", BARE, *bare, settings.producer_compression]),
        "replay", ours,
        pairs,
    )  # fmt: skip
    sent, wanted = on_topic(kafka) - before, 2 * (pairs + 1) * rows
    if sent != wanted:
        raise SystemExit(f"found {sent} new readings on the topic, expected {wanted}")
    if newest_rows(kafka, rows) != [orjson.loads(line)["row"] for line in ready.read_bytes().splitlines()]:
        raise SystemExit("found other rows on the topic than the log has, expected each of them once, in order")
    print(f"{log.stat().st_size / 1e6:.1f} MB, {rows:,} rows; medians of {pairs} runs in turns; {sent:,} all there")
    contest.show("readings", rows)
    java = of_java(kafka, ready, rows, settings)
    print(f"for context: Kafka's ProducerPerformance, in Java, the same bytes: {java:,.0f} readings/s")
    return contest.speed("seconds")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000, help="of the log that is made (default: 100000)")
    parser.add_argument("--runs", type=int, default=7, help="of each program (default: 7)")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="RATIO", help="exit 3 below this (wall clock)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Engines(Path(folder, "engines")) as engines:
        kafka = engines.kafka()
        subprocess.run(
            [PRODUCER, "topics"],
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap},
        )
        return status(compare(kafka, Path(folder), options.rows, options.runs) < options.at_least)


if __name__ == "__main__":
    sys.exit(main())
