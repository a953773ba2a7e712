"""Each store's part of a backup, from one real server into another (tests/faults/test_backup.py has the whole)."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import requests
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from dashboard.backup import manifest as manifests
from dashboard.backup.influxdb import InfluxBackup
from dashboard.backup.kafka import KafkaBackup, in_new_topics
from dashboard.backup.manifest import Manifest, Saved
from dashboard.backup.postgres import PostgresBackup
from support.engines import Engines, InfluxDB, PostgreSQL
from support.identities import Point, points_in_influxdb
from telemetry import topics
from telemetry.clock import SystemClock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.settings import Settings

BIN = Path(sys.executable).parent
READINGS = topics.GPU_METRICS
GROUP = "influxdb-writer"


def silent(_words: str) -> None: ...


def manifest_of(backup: Path, kafka: list[Saved], partitions: dict[str, int]) -> Manifest:
    items = [manifests.item_of(backup, path) for path in sorted(backup.rglob("*")) if path.is_file()]
    return Manifest(
        format=1, version="", began="", ended="", positions={}, kafka=kafka, partitions=partitions, schemas={},
        items=items,
    )  # fmt: skip


def records(servers: str, begin: int) -> list[tuple[int, int, bytes | None, bytes | None]]:
    consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    partition = TopicPartition(READINGS, 0)
    consumer.assign([partition])
    consumer.seek(partition, begin)
    end = consumer.end_offsets([partition])[partition]
    found = []
    while consumer.position(partition) < end:
        for each in consumer.poll(timeout_ms=500).get(partition, ()):
            found.append((each.offset, each.timestamp, each.key, each.value))
    consumer.close()
    return found


def test_kafka_begins_elsewhere_and_its_readers_go_on_at_the_same_record(own_engines: Engines, tmp_path: Path) -> None:
    old, new = own_engines.kafka(), own_engines.kafka()
    before, after = Settings(kafka_bootstrap_servers=old.bootstrap), Settings(kafka_bootstrap_servers=new.bootstrap)
    subprocess.run([BIN / "kafka-producer", "topics"], env=old.environment, check=True)
    producer = KafkaProducer(bootstrap_servers=old.bootstrap, acks="all")
    for number in range(300):
        key, value = (b"a:0", None) if number == 250 else (None, b"\x00reading %d" % number)
        producer.send(READINGS, partition=0, key=key, value=value)
    producer.close()
    admin = KafkaAdminClient(bootstrap_servers=old.bootstrap)
    admin.delete_records({TopicPartition(READINGS, 0): 50})
    admin.close()
    reader = KafkaConsumer(bootstrap_servers=old.bootstrap, group_id=GROUP, enable_auto_commit=False)
    reader.assign([TopicPartition(READINGS, 0)])
    reader.commit({TopicPartition(READINGS, 0): OffsetAndMetadata(120, "", -1)})
    reader.close(autocommit=False)

    kafka = KafkaBackup(before)
    positions = kafka.committed()
    assert positions == {GROUP: {(READINGS, 0): 120}}
    begins, ends = kafka.begins(), kafka.ends()
    assert (begins[READINGS, 0], ends[READINGS, 0]) == (50, 300)
    saved = kafka.save(tmp_path, begins | {(READINGS, 0): 100}, ends, silent)
    told = manifest_of(tmp_path, saved, {name: 1 + max(n for t, n in ends if t == name) for name, _ in ends})
    wanted = records(old.bootstrap, 100)

    restored = KafkaBackup(after)
    restored.put_back(tmp_path, told, topics.wanted(after), SystemClock().now() // 1000, silent)
    places = in_new_topics(tmp_path, positions[GROUP])
    assert places == {(READINGS, 0): 20}
    restored.place(GROUP, places)
    assert restored.committed() == {GROUP: places}
    # The same records at the same times, from 0 on; also once the topic is brought to what is configured.
    subprocess.run([BIN / "kafka-producer", "topics"], env=new.environment, check=True)
    assert records(new.bootstrap, 0) == [(offset - 100, *rest) for offset, *rest in wanted]
    assert restored.ends().keys() == ends.keys()
    with pytest.raises(Misconfigured, match="a Kafka without them"):
        restored.put_back(tmp_path, told, topics.wanted(after), 0, silent)


def settings_of(influxdb: InfluxDB) -> Settings:
    return Settings.model_validate({"influxdb_url": influxdb.url, "influxdb_token": influxdb.token})


def test_influxdb_with_what_it_held_in_memory_and_its_tokens(own_engines: Engines, tmp_path: Path) -> None:
    old = own_engines.influxdb()
    new = own_engines.influxdb(token=old.token)
    wanted = {Point("a:0", 1_600_000_000_000_000 + row * 700_000_000_000, row) for row in range(200)}
    lines = "\n".join(f"gpu_metrics,gpu={each.gpu} row={each.row}i {each.time}" for each in wanted)
    _write(old, lines)
    backup = InfluxBackup(settings_of(old), SystemClock())
    assert backup.size() >= 0
    backup.save(tmp_path, silent)
    InfluxBackup(settings_of(new), SystemClock()).put_back(tmp_path, silent)
    for again in range(2):
        found = points_in_influxdb(new.url, new.org, new.token, "setup", "a:0")
        assert set(found) == wanted
        assert found.total() == len(wanted)
        if not again:
            _write(new, lines)  # what is written twice is there once
            new.stop()
            new.start()
    stranger = dataclasses.replace(new, token="no-token-of-this-one")
    with pytest.raises(Misconfigured, match="the operator's token"):
        InfluxBackup(settings_of(stranger), SystemClock()).save(tmp_path / "x", silent)
    new.stop()
    with pytest.raises(Unavailable, match="does not answer"):
        InfluxBackup(settings_of(new), SystemClock()).save(tmp_path / "y", silent)


def _write(influxdb: InfluxDB, lines: str) -> None:
    requests.post(
        f"{influxdb.url}/api/v2/write",
        params={"org": influxdb.org, "bucket": "setup", "precision": "us"},
        headers={"Authorization": f"Token {influxdb.token}"},
        data=lines.encode(),
        timeout=30,
    ).raise_for_status()


ALERT = r"""INSERT INTO alerts VALUES ('i', 'r', 'a:0', 'a', 's', NULL, 'live', 'critical', 'm', 'firing',
E'a "b",\n\\c', now(), now(), now(), NULL, NULL, 1.5, 1.5, NULL, 'ä', 'do')"""


def test_postgresql_as_of_one_moment(own_engines: Engines, tmp_path: Path) -> None:
    old, new = own_engines.postgres(), own_engines.postgres()
    before, after = _settings(old), _settings(new)
    _make_tables(old, "0004_reports.sql")
    with _connected(old) as connection:
        connection.execute(ALERT)
        connection.execute(
            "INSERT INTO changes (alert_id, state, time, message) VALUES ('i', 'firing', now(), '\\x00ff')"
        )
        connection.execute("INSERT INTO told VALUES ('ops', '{\"host=a, b\"}', '{i}', now())")
        connection.execute("INSERT INTO positions VALUES ('gpu-metrics', 0, 120)")
    migrations, judged = PostgresBackup(before).save(tmp_path, silent)
    assert migrations[-1] == "0004_reports.sql"
    assert judged == {(READINGS, 0): 120}
    told = manifest_of(tmp_path, [], {})
    with pytest.raises(Misconfigured, match="those that the alert engine makes"):
        PostgresBackup(after).put_back(tmp_path, told, {}, silent)
    _make_tables(new, migrations[-1])
    PostgresBackup(after).put_back(tmp_path, told, {(READINGS, 0): 20}, silent)
    with _connected(old) as there, _connected(new) as here:
        for table in ("alerts", "changes", "told", "silences", "reports_to_send"):
            query = f"SELECT * FROM {table}"
            assert here.execute(query).fetchall() == there.execute(query).fetchall()
        assert here.execute("SELECT * FROM positions").fetchall() == [("gpu-metrics", 0, 20)]
        # Numbers go on behind those that are there.
        here.execute("INSERT INTO changes (alert_id, state, time, message) VALUES ('i', 'resolved', now(), '')")
    with pytest.raises(Misconfigured, match="an empty table"):
        PostgresBackup(after).put_back(tmp_path, told, {}, silent)


def _settings(postgres: PostgreSQL) -> Settings:
    return Settings(postgres_port=postgres.port, postgres_password_file=postgres.password_file)


def _make_tables(postgres: PostgreSQL, until: str) -> None:
    environment = postgres.environment | {"POSTGRES_PASSWORD_FILE": str(postgres.password_file)}
    subprocess.run([BIN / "kafka-consumers", "alerts", "--migrate", until], env=environment, check=True)


def _connected(postgres: PostgreSQL) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host="127.0.0.1",
        port=postgres.port,
        user="gpustream",
        dbname="gpustream",
        password=postgres.password_file.read_text().strip(),
        autocommit=True,
    )
