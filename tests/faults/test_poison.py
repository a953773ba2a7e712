"""What no consumer can use, among a thousand good readings a second: it is kept, and nothing else stops or is lost."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
import requests
from kafka import KafkaConsumer, KafkaProducer

from faults.conftest import Record
from support.fault_field import Field
from support.fault_load import Count, Outcome, Sent
from support.identities import eventually
from telemetry import topics
from telemetry.messages import DeadLetter, TopicOrigin
from telemetry.timestamp import SECOND, format_time

pytestmark = pytest.mark.timeout(1800)
SECONDS = 30
YEAR, HOUR = 365 * 86_400 * SECOND, 3600 * SECOND
SOON = 45 * SECOND
"""After this a reading of a little more than an hour ahead is one that is accepted."""
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
    yield "future_time", json.dumps(good | {"time": format_time(now + 2 * HOUR)}).encode()
    yield "future_time", json.dumps(good | {"row": 1, "time": format_time(now + HOUR + SOON)}).encode()
    # InfluxDB keeps what is live for a month; the lake takes it.
    yield "outside_retention", json.dumps(good | {"row": 2, "time": format_time(now - YEAR)}).encode()
    yield "too_large", json.dumps(good | {"row": 3, "host": "x" * 5_000_000}).encode()
    yield "wrong_type", json.dumps(good | {"row": 4, "metrics": {"gpu_temperature": True}}).encode()
    yield "wrong_type", json.dumps(good | {"row": 5, "metrics": [50.0]}).encode()


def test_poison(field: Field, record: Record) -> None:
    field.all_settled([partial(_with_poison, field, seed) for seed in (1, 2, 3)], record)


def _with_poison(field: Field, seed: int) -> Sent:
    chance = random.Random(seed)
    bootstrap = f"127.0.0.1:{field.environment['KAFKA_PORT']}"
    running = field.load(f"poison-{seed}", SECONDS)
    running.until(0.1)
    gpu = f"poison-{seed}:0"
    now = time.time_ns() // 1000
    early = now + SOON
    records = list(poison(gpu, now))
    chance.shuffle(records)
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=6_000_000)
    sent: Counter[tuple[Place, str]] = Counter()
    for share, (reason, raw) in enumerate(records):
        running.until(0.1 + 0.8 * share / len(records))
        # Keys of the load's GPUs, so that what is bad lies among what is good in every partition.
        key = f"demo-load-poison-{seed}:{chance.randrange(20)}".encode()
        placed = producer.send(topics.GPU_METRICS, key=key, value=raw).get(timeout=30)
        sent[(placed.topic, placed.partition, placed.offset), reason] += 1
    producer.close()

    def kept() -> dict[str, Count]:
        found = eventually(lambda: Counter(letters(bootstrap)), lambda there: not sent - there)
        ours = Counter({each: count for each, count in found.items() if each[0] in {place for place, _ in sent}})
        accepted = _sent_again(field, gpu, early)
        return {"dead letters": Count.of(sent, ours)} | accepted

    return Sent(running, Outcome("poison", f"{len(records)} bad records among the load", seed), kept)


def _sent_again(field: Field, gpu: str, early: int) -> dict[str, Count]:
    """The one that was too early: from ``early`` on it is not, and the console sends it once more. Twice, even."""
    api = f"http://127.0.0.1:{field.environment['CONSOLE_PORT']}/api/v1/pipeline/dead-letters"
    token = (field.platform.run_dir / "secrets/console-admin-token").read_text().strip()
    as_admin = {"Authorization": f"Bearer {token}"}

    def kept() -> list[str]:
        answer = requests.get(api, params={"reason": "future_time", "limit": "100"}, headers=as_admin, timeout=30)
        answer.raise_for_status()
        return [each["id"] for each in answer.json()["letters"] if gpu in each["text"] and '"row": 1,' in each["text"]]

    # Each consumer kept one.
    letter = eventually(kept, bool)[0]
    assert eventually(lambda: time.time_ns() // 1000, lambda now: now > early) > early
    for _ in range(2):
        requests.post(f"{api}/{letter}/redrive", headers=as_admin, timeout=30).raise_for_status()
    # The one of a year ago is too old for InfluxDB alone.
    wanted = {"InfluxDB": Counter([1]), "lake": Counter([1, 2])}

    def there() -> dict[str, Counter[int]]:
        points, rows = field.platform.points("gpu-metrics", gpu), field.platform.rows(gpu)
        return {
            "InfluxDB": Counter(point.row for point in points.elements()),
            "lake": Counter(row.row for row in rows.elements()),
        }

    found = eventually(there, lambda found: not any(wanted[store] - found[store] for store in wanted))
    return {f"{store}, of the poison": Count.of(wanted[store], found[store]) for store in wanted}


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
