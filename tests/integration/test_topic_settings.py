"""Settings of the topic of readings on a real Kafka: what a restart with another .env does to what is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from support.engines import Kafka
from support.producer_bench import Bench, write_log
from telemetry import topics


@pytest.fixture
def bench(own_kafka: Kafka, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(own_kafka, tmp_path)
    bench.run("topics")
    yield bench
    bench.end()


def kept(kafka: Kafka) -> tuple[int, int]:
    """Partitions, and hours for which readings are kept."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    try:
        (topic,) = admin.describe_topics([topics.GPU_METRICS])
        resource = ConfigResource(ConfigResourceType.TOPIC, topics.GPU_METRICS)
        described = admin.describe_configs([resource], config_filter="all")["topic"][topics.GPU_METRICS]
        return len(topic["partitions"]), int(described["retention.ms"]["value"]) // 3_600_000
    finally:
        admin.close()


def test_partitions_grow_and_never_shrink_and_retention_is_what_is_set(bench: Bench, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.txt", 200)
    bench.run("replay", log, "--gpu", "grown:0")
    before = kept(bench.kafka)
    bench.environment |= {"KAFKA_METRICS_PARTITIONS": str(before[0] + 3), "KAFKA_METRICS_RETENTION_HOURS": "5"}
    said = bench.run("topics").stdout
    assert f"gpu-metrics: partitions {before[0]} -> {before[0] + 3}; until what lies in Kafka is read" in said
    assert kept(bench.kafka) == (before[0] + 3, 5)
    bench.run("replay", write_log(log, 300), "--gpu", "grown:0")
    assert sorted(reading.row for reading in bench.readings("grown:0")) == list(range(300))
    bench.environment["KAFKA_METRICS_PARTITIONS"] = "1"
    said = bench.run("topics").stdout
    assert f"gpu-metrics: keeps its {before[0] + 3} partitions, 1 are wanted: Kafka takes none away" in said
    assert kept(bench.kafka) == (before[0] + 3, 5)


def test_compression_is_what_is_set(bench: Bench, tmp_path: Path) -> None:
    """As the broker keeps a batch as it came, its files tell."""

    def grown_by(compression: str, salt: int) -> int:
        before = size()
        log = write_log(tmp_path / f"{compression}.txt", 2_000, salt)
        bench.environment["PRODUCER_COMPRESSION"] = compression
        bench.run("replay", log, "--gpu", f"{compression}:0")
        return size() - before

    def size() -> int:
        files = (bench.kafka.run_dir / "data" / "kafka").glob(f"{topics.GPU_METRICS}-*/*.log")
        return sum(file.stat().st_size for file in files)

    assert 0 < 4 * grown_by("zstd", 1) < grown_by("none", 2)
