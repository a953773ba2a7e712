"""How many readings a second the health engine takes on one core: decoded, judged, and stored in a real PostgreSQL of
its own with their position, their events and their scores; nothing of Kafka.

Readings of a simulated fleet, in batches of 1,000, so many polls of every GPU, 10 s apart. The share of a core is the
engine's own processor time; PostgreSQL's comes to it, on another core where there is one. In the end every GPU must
have a score for every minute that is over, or the benchmark ends with an error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kafka_consumers.health.engine import Engine  # noqa: E402
from kafka_consumers.health.store import Store  # noqa: E402
from support.engines import Engines  # noqa: E402  # tests are not installed
from support.health import START, World, simulated  # noqa: E402
from support.loop_fakes import Message  # noqa: E402
from support.timescale import ask, settings_of  # noqa: E402
from telemetry import reading, topics  # noqa: E402
from telemetry.clock import SystemClock  # noqa: E402
from telemetry.pipeline import memory_bytes  # noqa: E402
from telemetry.timestamp import SECOND  # noqa: E402

EXAMPLES = """examples:
  python benchmarks/health_engine.py                      1,000 GPUs, 5 minutes
  python benchmarks/health_engine.py --gpus 10000
"""
BATCH = 1000
INTERVAL = 10


class Nowhere:
    """Takes messages as Kafka would."""

    def __init__(self) -> None:
        self.count = 0

    def open(self) -> None: ...

    def publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        self.count += len(messages)

    def close(self) -> None: ...


def polls(gpus: int, minutes: int) -> Iterator[list[bytes]]:
    """Of a few simulated nodes, under the names of many: what a GPU shows is physics, whose it is does not matter."""
    nodes = max(1, gpus // 8)
    shown = min(nodes, 4)
    for poll in simulated("healthy", minutes * 60 + INTERVAL, nodes=shown, interval=INTERVAL):
        made = []
        for number in range(nodes):
            for each in poll[number % shown * 8 : number % shown * 8 + 8]:
                host = f"demo-n{number}"
                gpu = f"{host}:{each.gpu.partition(':')[2]}"
                made.append(reading.encode(each._replace(host=host, gpu=gpu, origin=f"simulate:{gpu}")))
        yield made


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gpus", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Engines(Path(folder)) as engines:
        server = engines.postgres()
        told = Nowhere()
        engine = Engine(
            World().judge,
            Store(settings_of(server)),
            told,
            SystemClock(),
            30 * 86_400 * SECOND,
            lambda asked: dict.fromkeys(asked, sent),
        )
        engine.start()
        sent, busy, began = 0, 0.0, 0.0
        for values in polls(options.gpus, options.minutes):
            now = (START + sent // len(values) * INTERVAL * SECOND) // 1000
            wall, cpu = time.perf_counter(), time.process_time()
            for first in range(0, len(values), BATCH):
                part = values[first : first + BATCH]
                messages = [
                    Message(topics.GPU_METRICS, 0, offset, now, value)
                    for offset, value in enumerate(part, sent + first)
                ]
                engine.write([engine.encode(each) for each in messages])
            busy, began = busy + time.process_time() - cpu, began + time.perf_counter() - wall
            sent += len(values)
        engine.close()
        (scores,) = ask(server, "SELECT count(*) FROM gpu_health_scores")[0]
        (state,) = ask(server, "SELECT avg(length(state))::int FROM gpu_health_tracks")[0]
    gpus = options.gpus // 8 * 8
    print(
        f"{sent:,} readings of {gpus:,} GPUs: {sent / began:,.0f} a second, {1e6 * busy / sent:.0f} µs of one core each"
    )
    print(f"{scores:,} scores, {told.count:,} messages, {state:,} bytes of state per GPU, {memory_bytes() >> 20} MiB")
    load = 100 * busy / sent * gpus / INTERVAL
    print(f"at one reading per GPU and {INTERVAL} s: {load:.0f} % of one core")
    if scores != gpus * options.minutes:
        print(f"expected {gpus * options.minutes:,} scores", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
