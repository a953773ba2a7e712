"""A small cluster whose GPUs are in a real Kafka, as live as the last time that somebody sent their readings."""

from __future__ import annotations

import time
from collections.abc import Sequence

from kafka import KafkaProducer

from telemetry import topics
from telemetry.reading import Reading, encode
from telemetry.timestamp import MILLISECOND

SICK, WORN = "node-2:3", "node-1:5"
PER_NODE = 8


def names(count: int) -> list[str]:
    return [f"node-{number // PER_NODE + 1}:{number % PER_NODE}" for number in range(count)]


def send(bootstrap: str, gpus: Sequence[str]) -> None:
    """One reading of each, of now, acknowledged."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=20)
    now = time.time_ns() // 1_000_000
    for number, gpu in enumerate(gpus):
        host = gpu.partition(":")[0]
        place = {"rack": f"r{(number // PER_NODE) // 4 + 1}", "cluster": "a"}
        metrics = {"gpu_temperature": 52.0 + number % 17, "gpu_load": 80.0, "board_power_draw": 300.0 + number % 50}
        reading = Reading(
            "live-fleet", now, "live", now * MILLISECOND, None, gpu, host, "dcgm", "H100 SXM", metrics, {}, place
        )
        producer.send(topics.GPU_METRICS, key=gpu.encode(), value=encode(reading))
    producer.flush()
    producer.close()
