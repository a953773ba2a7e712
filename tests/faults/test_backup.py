"""A backup under load becomes another platform, which goes on from there: its sets against what Kafka had taken."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from faults.conftest import Record
from support.fault_engines import alerts_of, settings_of, stored_alerts
from support.fault_field import Field
from support.fault_load import GPUS, PATIENCE, Count, Outcome, Running
from support.identities import Point, Row, eventually
from support.platform import Platform, long_log
from telemetry import reading, topics
from telemetry.reading import Reading

pytestmark = pytest.mark.timeout(2400)
SECONDS = 1200
"""Longer than a backup takes on a busy machine: the load is ended once it is done."""
LOG_GPU = "backup:0"
SETTINGS = ("CONFIG_DIR", "KAFKA_CLIENT_TIMEOUT_SECONDS")
"""Not POSTGRES_READINGS: readings there are a second copy of some days, which no backup has (docs/backup.md)."""
GROUPS = ("influxdb-writer", "timescale-writer", "alert-engine", "health-engine")
"""Who reads readings and remembers in Kafka how far; the stream remembers in the lake, which was counted."""


@pytest.fixture
def empty(field: Field, tmp_path: Path) -> Iterator[Platform]:
    """Another one: other folders, other ports, nothing started."""
    own = {name: field.environment[name] for name in SETTINGS}
    platform = Platform.in_folder(tmp_path / "empty", "native", DEMO="off", **own)
    try:
        yield platform
    finally:
        platform.start_sh("stop", check=False)


def test_a_backup_under_load_goes_on_elsewhere(field: Field, record: Record, empty: Platform, tmp_path: Path) -> None:
    log = long_log(tmp_path, "long.txt", seed=9)
    wanted_of_log = field.platform.readings_of(log, LOG_GPU)
    past = field.load("past", 20)
    field.settled(past, Outcome("backup", "a load before it", 0))
    _expire(field)
    running = field.load("backup", SECONDS)
    running.until(10 / SECONDS)
    field.platform.drop(log, LOG_GPU)
    eventually(lambda: field.platform.points("gpu-imports", LOG_GPU).total(), lambda count: count > 0, PATIENCE)
    field.platform.start_sh("backup", str(tmp_path / "backups"))
    assert running.process.poll() is None, "the load was over before the backup was"
    running.process.terminate()
    running.process.wait(timeout=PATIENCE)
    (backup,) = (tmp_path / "backups").iterdir()
    assert all(path.stat().st_mode & 0o077 == 0 for path in [backup, *backup.rglob("*")])
    told = json.loads((backup / "manifest.json").read_text())
    assert min(each["begin"] for each in told["kafka"] if each["topic"] == topics.GPU_METRICS) > 0
    taken = [each for each in _taken(field, told) if each.host == f"demo-load-{running.name}"]
    assert 0 < len(taken) < running.told()["acknowledged"]
    field.platform.start_sh("stop")
    try:
        empty.drop(log, LOG_GPU)
        began = time.monotonic()
        empty.start_sh("restore", str(tmp_path / "backups"))
        there = Field(empty, {})
        outcome = Outcome("backup under load, restored into an empty platform", "everything", 0)
        outcome.counts["InfluxDB"] = _compared(
            Counter(Point(each.gpu, each.time, each.row) for each in taken),
            lambda: sum((empty.points("gpu-metrics", gpu) for gpu in _gpus(running)), Counter[Point]()),
        )
        outcome.counts["lake"] = _compared(
            Counter(Row(each.origin, each.gpu, each.row) for each in taken),
            lambda: sum((empty.rows(gpu) for gpu in _gpus(running)), Counter[Row]()),
        )
        load = running.load
        end = max(each.time for each in taken)
        outcome.counts["alerts"] = _compared(
            Counter(alerts_of(load, taken, settings_of(there.environment).config_dir)),
            lambda: Counter(stored_alerts(load, end, there.environment)),
        )
        outcome.seconds = time.monotonic() - began
        for store, count in there.settled(past, Outcome("", "", 0)).counts.items():
            outcome.counts[f"{store}, sent long before"] = count
        # A log that was on its way is sent on from where Kafka had it, and what is sent anew arrives as ever.
        empty.holds(wanted_of_log, LOG_GPU)
        after = there.settled(there.load("restored", 30), Outcome("", "", 0))
        for store, count in after.counts.items():
            outcome.counts[f"{store}, sent afterwards"] = count
        record(outcome)
    finally:
        empty.start_sh("stop", check=False)
        shutil.rmtree(tmp_path / "backups")
        field.platform.start_sh()


def _gpus(running: Running) -> list[str]:
    return [f"demo-load-{running.name}:{number}" for number in range(GPUS)]


def _expire(field: Field) -> None:
    """What retention does: Kafka begins after what all stores have, so that nothing is where it was in a new one."""
    servers = f"127.0.0.1:{field.environment['KAFKA_PORT']}"
    consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    partitions = [TopicPartition(topics.GPU_METRICS, n) for n in consumer.partitions_for_topic(topics.GPU_METRICS)]
    ends = consumer.end_offsets(partitions)
    consumer.close()
    for group in GROUPS:
        reader = KafkaConsumer(bootstrap_servers=servers, group_id=group, enable_auto_commit=False)

        def done(reader: KafkaConsumer = reader) -> bool:
            return all((reader.committed(each) or 0) >= end for each, end in ends.items())

        assert eventually(done, bool, PATIENCE), f"{group} has not read all"
        reader.close()
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.delete_records(ends)
    admin.close()


def _taken(field: Field, told: dict[str, Any]) -> list[Reading]:
    """What Kafka had taken of the readings by the end of the backup, from Kafka itself."""
    ends = {each["partition"]: each["end"] for each in told["kafka"] if each["topic"] == topics.GPU_METRICS}
    consumer = KafkaConsumer(
        bootstrap_servers=f"127.0.0.1:{field.environment['KAFKA_PORT']}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    found = []
    for number, end in ends.items():
        partition = TopicPartition(topics.GPU_METRICS, number)
        consumer.assign([partition])
        consumer.seek_to_beginning(partition)
        while consumer.position(partition) < end:
            for each in consumer.poll(timeout_ms=1000).get(partition, ()):
                if each.offset < end:
                    found.append(reading.decode(each.value, each.timestamp * 1000))
    consumer.close()
    return found


def _compared(wanted: Counter[Any], get: Any) -> Count:
    found = eventually(get, lambda there: there.total() >= wanted.total(), PATIENCE)
    return Count(wanted.total(), (found & wanted).total(), (wanted - found).total(), (found - wanted).total())
