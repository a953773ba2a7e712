"""How fast ``kafka-producer replay`` brings a log to Kafka, beside a bare loop that sends the same bytes, ready-made.

The bare loop is kafka-python's producer with our settings (acks=all, zstd, the same batches) and records that it only
reads from a file: it parses nothing, remembers nothing and could not go on after a crash. A real Kafka; whole process
against whole process, in turns. Each run must put every reading on the topic, or the benchmark ends.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

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


def on_topic(kafka: Kafka) -> int:
    """How many records stand on the topic of readings."""
    consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap)
    partitions = [TopicPartition(topics.GPU_METRICS, n) for n in consumer.partitions_for_topic(topics.GPU_METRICS)]
    ends = consumer.end_offsets(partitions)
    consumer.close()
    return sum(ends.values())


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
    print(f"{log.stat().st_size / 1e6:.1f} MB, {rows:,} rows; medians of {pairs} runs in turns; {sent:,} all there")
    contest.show("readings", rows)
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
