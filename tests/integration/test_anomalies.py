"""Readings -> anomalies by the real stream on real servers, killed meanwhile; with a changed limit at the restart."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from deltalake import DeltaTable
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from support.detecting import detected, simulated
from support.engines import Engines, free_ports
from support.identities import eventually
from support.readings import made_up
from telemetry import topics
from telemetry.messages import Anomaly
from telemetry.timestamp import format_time

from .test_streaming import Stream, send

ROOT = Path(__file__).parents[2]
FAN = simulated("failing-fan", seconds=720, interval=2, gpu="fan:0")
STUCK = simulated("stuck-sensor", seconds=3600, interval=5, gpu="stuck:0")
QUIET = simulated("idle", seconds=600, interval=5, gpu="quiet:0")
STRICT_METRIC = "gpu_memory_used_percent"
STRICT = [
    made_up(
        row, FAN[0].time + row * 5_000_000, gpu="strict:0", host="strict", metrics={STRICT_METRIC: 60.0}, mode="import"
    )
    for row in range(12)
]
EVERYTHING = sorted([*FAN, *STUCK, *QUIET], key=lambda reading: reading.time)
SEED = 20261124

pytestmark = pytest.mark.timeout(2400)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("anomalies")
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    with Engines(folder / "engines") as engines:
        kafka, hdfs = engines.kafka(), engines.hdfs()
        admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        admin.create_topics([NewTopic(name, 2, 1) for name in topics.ALL])
        admin.close()
        yield os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "HDFS_URL": hdfs.uri,
            "WEBHDFS_URL": hdfs.url,
            "GPUSTREAM_RUN_DIR": str(folder),
            "CONFIG_DIR": str(config),
            "SPARK_ANOMALIES": "true",
            "SPARK_TRIGGER_SECONDS": "1",
            "SPARK_MAX_OFFSETS_PER_TRIGGER": "700",
            "SPARK_UI_PORT": str(free_ports(1)[0]),
        }


def in_lake(environment: dict[str, str]) -> dict[str, tuple[str, str, str, str, str, str]]:
    """Id -> what the lake says of it."""
    uri = f"{environment['HDFS_URL']}/gpu-metrics/anomalies"
    if not DeltaTable.is_deltatable(uri):
        return {}
    rows = DeltaTable(uri).to_pyarrow_table().to_pylist()
    found = {row["id"]: row for row in rows}
    assert len(found) == len(rows)
    return {
        name: (row["gpu"], row["kind"], row["metric"], row["severity"], _text(row["end"]), row["sentence"])
        for name, row in found.items()
    }


def _text(moment: object) -> str:
    return format_time(int(moment.timestamp() * 1_000_000 + 0.5))  # type: ignore[attr-defined]


def told(environment: dict[str, str]) -> dict[str, Anomaly]:
    """Id -> the latest message of it."""
    consumer = KafkaConsumer(bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"], group_id=None)
    parts = [TopicPartition(topics.GPU_ANOMALIES, number) for number in (0, 1)]
    consumer.assign(parts)
    ends = consumer.end_offsets(parts)
    consumer.seek_to_beginning(*parts)
    latest: dict[str, Anomaly] = {}
    while any(consumer.position(part) < ends[part] for part in parts):
        for batch in consumer.poll(1000).values():
            for record in batch:
                anomaly = Anomaly.decode(record.value)
                assert record.key == anomaly.gpu.encode()
                latest[anomaly.id] = anomaly
    consumer.close()
    return latest


def test_killed_stream_finds_what_the_detectors_find_in_all_readings_at_once(
    environment: dict[str, str], tmp_path: Path
) -> None:
    wanted = {each.id for each in detected(EVERYTHING)}
    stream = Stream(environment, tmp_path)
    half = len(EVERYTHING) // 2
    # The later half first, then copies of it and the earlier one.
    stream.start()
    send(environment, EVERYTHING[half:])
    assert eventually(lambda: in_lake(environment), bool, 400)
    time.sleep(random.Random(SEED).uniform(0, 3))  # the moment of the kill, not a wait for a result
    stream.kill()
    # A changed limit holds at the next start: of a metric that none of the other logs has.
    change_limit(environment)
    send(environment, [*EVERYTHING[half : half + 100], *EVERYTHING[:half], *STRICT])
    stream.start()
    found = eventually(lambda: in_lake(environment), lambda found: wanted < set(found) and bool(strict(found)), 400)
    assert stream.stop() == 0
    (changed,) = strict(found)
    assert found[changed][3] == "warning"
    assert found[changed][5].startswith("Memory used, share above 40.5 % for ")
    assert set(found) - {changed} == wanted
    kinds = {(row[0], row[1]) for row in found.values()}
    assert kinds >= {("fan:0", "limit"), ("fan:0", "throttle"), ("stuck:0", "stuck")}
    assert not any(row[0] == "quiet:0" for row in found.values())
    latest = told(environment)
    for name, row in in_lake(environment).items():
        message = latest[name]
        assert row == (message.gpu, message.kind, message.metric, message.severity, message.end, message.sentence)
    assert all(latest[name].sentence.startswith("Taken back") for name in set(latest) - set(found))


def change_limit(environment: dict[str, str]) -> None:
    path = Path(environment["CONFIG_DIR"]) / "metrics.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["metrics"][STRICT_METRIC]["limits"]["warning"] = 40.5
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def strict(found: dict[str, tuple[str, str, str, str, str, str]]) -> list[str]:
    return [name for name, row in found.items() if row[:3] == ("strict:0", "limit", STRICT_METRIC)]
