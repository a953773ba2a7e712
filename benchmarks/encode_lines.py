"""What a reading of 25 metrics costs between Kafka and InfluxDB, in CPU time: decode, line, compression.

    python benchmarks/encode_lines.py [--readings N]

CPU time of this process, the best of five runs, so that a busy machine disturbs it little. Needs no server.
"""

from __future__ import annotations

import argparse
import gzip
import random
import time
from collections.abc import Callable
from pathlib import Path

from kafka_consumers.sinks import points
from telemetry import catalogue, reading
from telemetry.reading import Reading

METRICS = 25
BATCH = 5000
RUNS = 5


def readings(count: int, now: int) -> list[bytes]:
    """As a producer sends them: values with the digits that GPU-Z writes, eight GPUs."""
    names = list(catalogue.load(Path("config/metrics.yaml")).metrics)[:METRICS]
    chance = random.Random(1)
    digits = [chance.choice((0, 1, 1, 3)) for _ in names]
    return [
        reading.encode(
            Reading(
                "7f3c9ab2e01d4c55/0", row, "live", now - (count - row) * 1000, "2021-05-16T10:17:08",
                f"desk-{row % 8}:0", f"desk-{row % 8}", "gpuz", None,
                {name: round(chance.uniform(0, 2000), places) for name, places in zip(names, digits, strict=True)}, {},
            )
        )
        for row in range(count)
    ]  # fmt: skip


def microseconds(work: Callable[[], object], count: int) -> float:
    best = float("inf")
    for _ in range(RUNS):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best / count * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readings", type=int, default=20_000)
    count = parser.parse_args().readings
    now = time.time_ns() // 1000
    raws = readings(count, now)
    lines = [points.of_reading(raw, now).line for raw in raws]
    bodies = [b"\n".join(lines[begin : begin + BATCH]) for begin in range(0, count, BATCH)]
    json_bytes, line_bytes = sum(map(len, raws)) / count, sum(map(len, bodies)) / count
    print(f"{'bytes per reading':28}{json_bytes:8.1f} as JSON, {line_bytes:.1f} as a line")
    work: dict[str, Callable[[], object]] = {
        "decode": lambda: [reading.decode(raw, now) for raw in raws],
        "decode and line": lambda: [points.of_reading(raw, now) for raw in raws],
        "gzip level 1 (no GIL held)": lambda: [gzip.compress(body, 1) for body in bodies],
    }
    for name, act in work.items():
        print(f"{name:28}{microseconds(act, count):8.2f} us per reading")


if __name__ == "__main__":
    main()
