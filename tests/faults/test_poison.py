"""What no consumer can use, among a thousand good readings a second: it is kept, and nothing else stops or is lost."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from kafka import KafkaConsumer, KafkaProducer

from faults.conftest import Record
from support.fault_field import Count, Field, Outcome, Running
from support.identities import eventually
from telemetry import topics
from telemetry.messages import DeadLetter, TopicOrigin
from telemetry.timestamp import SECOND, format_time, parse_time

pytestmark = pytest.mark.timeout(1800)
SECONDS = 45
WRITER = "influxdb-writer"

Place = tuple[str, int, int]
"""topic, partition, offset."""


def poison(gpu: str, now: int) -> Iterator[tuple[str, bytes]]:
    """(the reason that a dead letter of it must give, the record)."""
    good = {
        "schema": 1, "origin": "poison/0", "row": 0, "mode": "live", "time": format_time(now), "recorded": None,
        "gpu": gpu, "host": gpu.partition(":")[0], "source": "poison", "model": None,
        "metrics": {"gpu_temperature": 50.0}, "flags": {},
    }  # fmt: skip
    yield "not_json", b"{no reading"
    yield "not_json", b"\x00\xff" * 40
    yield "not_json", b"[]"
    yield "not_json", json.dumps(good | {"metrics": {"gpu_temperature": float("nan")}}).encode()
    yield "not_json", json.dumps(good | {"metrics": {"gpu_temperature": float("inf")}}).encode()
    yield "unknown_schema", json.dumps(good | {"schema": 99}).encode()
    yield "missing_field", json.dumps({key: value for key, value in good.items() if key != "gpu"}).encode()
    yield "wrong_type", json.dumps(good | {"metrics": {"gpu_temperature": "hot"}}).encode()
    yield "wrong_type", json.dumps(good | {"row": "first"}).encode()
    yield "wrong_type", json.dumps(good | {"time": 17}).encode()
    yield "bad_value", json.dumps(good | {"time": "yesterday"}).encode()
    yield "bad_value", json.dumps(good | {"gpu": "no index"}).encode()
    ahead = format_time(now + 2 * 3600 * SECOND)
    yield "future_time", json.dumps(good | {"time": ahead}).encode()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_poison(field: Field, record: Record, seed: int) -> None:
    chance = random.Random(seed)
    bootstrap = f"127.0.0.1:{field.environment['KAFKA_PORT']}"
    running = Running(field, f"poison-{seed}", SECONDS)
    running.until(0.1)
    records = list(poison(f"poison-{seed}:0", parse_time(running.told()["begin"])))
    chance.shuffle(records)
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
    sent: Counter[tuple[Place, str]] = Counter()
    for share, (reason, raw) in enumerate(records):
        running.until(0.1 + 0.8 * share / len(records))
        # Keys of the load's GPUs, so that what is bad lies among what is good in every partition.
        key = f"demo-load-poison-{seed}:{chance.randrange(20)}".encode()
        placed = producer.send(topics.GPU_METRICS, key=key, value=raw).get(timeout=30)
        sent[(placed.topic, placed.partition, placed.offset), reason] += 1
    producer.close()
    outcome = field.settled(running, Outcome("poison", f"{len(records)} bad records among the load", seed))
    found = eventually(lambda: Counter(letters(bootstrap)), lambda there: not sent - there)
    ours = Counter({each: count for each, count in found.items() if each[0] in {place for place, _ in sent}})
    outcome.counts["dead letters"] = Count(
        sent.total(), (sent & ours).total(), (sent - ours).total(), (ours - sent).total()
    )  # fmt: skip
    record(outcome)


def letters(bootstrap: str) -> Iterator[tuple[Place, str]]:
    """Of the writer, each: where the record was, and why it could not be used."""
    consumer = KafkaConsumer(
        topics.GPU_DEAD_LETTERS, bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=3000
    )
    for each in consumer:
        letter = DeadLetter.decode(each.value)
        if letter.rejected_by == WRITER and isinstance(letter.origin, TopicOrigin):
            yield (letter.origin.topic, letter.origin.partition, letter.origin.offset), letter.reason
    consumer.close()
