"""Whether a collector keeps up with a fleet over HTTP: `kafka-producer simulate fleet` serves the pages of 10,000 GPUs,
`kafka-producer collect` reads all of them each 10 s into a real Kafka, and everything is counted on the topic.

A poll is what the collector asked at one beat of the interval. It takes from the beat to the last of its readings in
Kafka. A missed poll is a GPU and a beat, between the first and the last whole poll, without a reading; a reading that
is there twice ends the benchmark. The first poll is left out: within it the collector says what each page offers.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson
from kafka import KafkaConsumer, TopicPartition
from process import Job, Usage
from verdict import status

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.engines import Engines, Kafka, free_ports  # noqa: E402  # tests are not installed
from telemetry import topics  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/fleet_scrape.py                               1,250 nodes x 8 GPUs, 12 polls
  python benchmarks/fleet_scrape.py --nodes 5 --interval 1 --polls 3     does it run?
  python benchmarks/fleet_scrape.py --within 10                   exit status 3 for a slower or a missed poll
"""
PRODUCER = str(Path(sys.executable).with_name("kafka-producer"))


class Arrived(NamedTuple):
    """A reading on the topic."""

    gpu: str
    row: int
    """When its page was asked, in milliseconds."""
    stored: int
    """When Kafka's client took it, in milliseconds."""


class Topic:
    """The readings of a Kafka, read on at each look."""

    def __init__(self, kafka: Kafka) -> None:
        self._consumer = KafkaConsumer(bootstrap_servers=kafka.bootstrap)
        numbers = self._consumer.partitions_for_topic(topics.GPU_METRICS) or ()
        self._partitions = [TopicPartition(topics.GPU_METRICS, number) for number in numbers]
        self._consumer.assign(self._partitions)

    def count(self) -> int:
        ends: dict[TopicPartition, int] = self._consumer.end_offsets(self._partitions)
        return sum(ends.values())

    def read(self) -> Iterator[Arrived]:
        """All that is there, from the beginning."""
        self._consumer.seek_to_beginning(*self._partitions)
        ends = self._consumer.end_offsets(self._partitions)
        while any(self._consumer.position(each) < end for each, end in ends.items()):
            for records in self._consumer.poll(timeout_ms=500).values():
                for record in records:
                    yield Arrived(record.key.decode(), orjson.loads(record.value)["row"], record.timestamp)


class Polls(NamedTuple):
    """What came of the whole polls."""

    readings: Counter[int]
    """Beat, in intervals since 1970 -> readings."""
    seconds: list[float]
    missed: int


def judge(arrived: Iterator[Arrived], interval: int, first: int, gpus: int) -> Polls:
    """``interval`` in milliseconds; beats from ``first`` on count, the last one does not: it may have been cut short.

    Raises SystemExit where a reading is there twice.
    """
    seen: set[tuple[str, int]] = set()
    readings: Counter[int] = Counter()
    last: dict[int, int] = {}
    for each in arrived:
        beat = each.row // interval
        if (each.gpu, each.row) in seen:
            raise SystemExit(f"found the reading {each.row} of {each.gpu} twice, expected it once")
        seen.add((each.gpu, each.row))
        readings[beat] += 1
        last[beat] = max(last.get(beat, 0), each.stored)
    beats = range(first, max(readings))
    taken = [(last[beat] - beat * interval) / 1000 for beat in beats if beat in last]
    asked = {(gpu, row // interval) for gpu, row in seen}
    missed = len(beats) * gpus - sum(beat in beats for _, beat in asked)
    return Polls(Counter({beat: readings[beat] for beat in beats}), taken, missed)


def measure(kafka: Kafka, folder: Path, options: argparse.Namespace) -> int:
    """Prints the table; the exit status."""
    (port,) = free_ports(1)
    fleet = ["--nodes", str(options.nodes), "--gpus", "8", "--listen", f"127.0.0.1:{port}"]
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "STATE_DIR": str(folder / "state"),
        "CONFIG_DIR": str(ROOT / "config"),
    }
    config = folder / "fleet.yaml"
    written = [PRODUCER, "simulate", "fleet", "--to", "sources", "--interval", f"{options.interval}s"]
    subprocess.run([PRODUCER, "topics"], check=True, env=environment, stdout=subprocess.DEVNULL)
    subprocess.run([*written, "--out", str(config), *fleet], check=True, env=environment)
    topic, gpus = Topic(kafka), 8 * options.nodes
    # No fault by nature: a GPU that is gone would look like one that was missed.
    served = [PRODUCER, "simulate", "fleet", "--tick", options.tick, "--rates", "0", *fleet]
    simulator = Job(served, environment, folder / "simulator.log")
    collector: Job | None = None
    try:
        simulator.until(lambda: f":{port}" in simulator.log(), 120)
        collector = Job([PRODUCER, "collect", "--config", str(config)], environment, folder / "collector.log")
        collector.until(lambda: topic.count() >= gpus, 300)
        before = (collector.usage(), simulator.usage())
        wanted: int = topic.count() + (options.polls + 2) * gpus
        patience = (options.polls + 2) * options.interval * 4 + 60
        most = collector.usage()
        load = [os.getloadavg()[0]]

        def done() -> bool:
            nonlocal most
            now = collector.usage()
            most = Usage(now.cpu, max(most.mebibytes, now.mebibytes))
            load.append(os.getloadavg()[0])
            return topic.count() >= wanted

        collector.until(done, patience)
        after = (collector.usage(), simulator.usage())
    finally:
        for job in (collector, simulator):
            if job is not None:
                job.end()
    rows = list(topic.read())
    beats = options.interval * 1000
    first = min(each.row for each in rows) // beats + 2
    polls = judge(iter(rows), beats, first, gpus)
    count = len(polls.readings)
    cpu = [(now.cpu - then.cpu) / (options.polls + 2) for then, now in zip(before, after, strict=True)]
    print(f"{gpus:,} GPUs on {options.nodes:,} pages, each {options.interval} s, into a Kafka; {count} polls")
    print(f"  load while it ran, of {os.cpu_count()} cores           {min(load):8.1f} to {max(load):.1f}")
    print(f"  readings a poll, fewest                {min(polls.readings.values()):8,}")
    print(f"  seconds a poll, median                 {statistics.median(polls.seconds):8.2f}")
    print(f"  seconds a poll, most                   {max(polls.seconds):8.2f}")
    print(f"  missed, of {count * gpus:,}".ljust(41) + f"{polls.missed:8,}")
    print(f"  collector, CPU seconds a poll          {cpu[0]:8.2f}")
    print(f"  simulator, CPU seconds a poll          {cpu[1]:8.2f}")
    print(f"  collector, most MiB                    {most.mebibytes:8.0f}")
    print(f"  simulator, MiB                         {after[1].mebibytes:8.0f}")
    return status(options.within is not None and (polls.missed > 0 or max(polls.seconds) > options.within))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, default=1250, help="of 8 GPUs, a page each (default: %(default)s)")
    parser.add_argument("--interval", type=int, default=10, help="seconds from poll to poll (default: %(default)s)")
    parser.add_argument("--polls", type=int, default=12, help="how many at least (default: %(default)s)")
    parser.add_argument("--tick", default="5", help="of the simulation, seconds (default: %(default)s)")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="exit 3 for a slower or a missed poll")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Engines(Path(folder, "engines")) as engines:
        return measure(engines.kafka(), Path(folder), options)


if __name__ == "__main__":
    sys.exit(main())
