"""The engines that run without Docker keep what they acknowledged when they are killed, and say no where they must."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hdfs import InsecureClient
from hdfs.util import HdfsError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import KafkaError

from support.engines import Engines, Hdfs, InfluxDB, Kafka


def make_topic(kafka: Kafka, name: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    admin.close()


def read_all(kafka: Kafka, topic: str) -> list[bytes]:
    consumer = KafkaConsumer(
        bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=20_000
    )
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes] = []
    while len(values) < end:
        values.append(next(consumer).value)
    consumer.close()
    return values


def test_kafka_keeps_what_it_acknowledged_through_kill_9_and_a_second_configure(own_kafka: Kafka) -> None:
    make_topic(own_kafka, "kept")
    producer = KafkaProducer(bootstrap_servers=own_kafka.bootstrap, linger_ms=5)
    sent = [b"%d" % number for number in range(1000)]
    for future in [producer.send("kept", value) for value in sent]:
        future.get(timeout=20)
    own_kafka.kill()
    producer.close(timeout=0)
    own_kafka.call("configure")
    own_kafka.start()
    assert read_all(own_kafka, "kept") == sent


def test_kafka_takes_a_record_of_five_megabytes(kafka: Kafka) -> None:
    make_topic(kafka, "huge")
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=6 << 20)
    producer.send("huge", bytes(5_000_000)).get(timeout=20)
    producer.close()
    assert [len(value) for value in read_all(kafka, "huge")] == [5_000_000]


def test_kafka_makes_no_topic_by_itself(kafka: Kafka) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, max_block_ms=1500)
    with pytest.raises(KafkaError):
        producer.send("mispelt", b"reading").get(timeout=10)
    producer.close(timeout=0)
    admin = KafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    assert "mispelt" not in admin.list_topics()
    admin.close()


def test_hdfs_keeps_a_file_through_kill_9_of_both_its_servers(own_hdfs: Hdfs) -> None:
    client = InsecureClient(own_hdfs.url, user=own_hdfs.user)
    client.write("/lake/part-0", data=b"rows" * 100_000)
    own_hdfs.kill()
    own_hdfs.call("configure")
    own_hdfs.start()
    with client.read("/lake/part-0") as reader:
        assert reader.read() == b"rows" * 100_000


def test_hdfs_is_ready_again_only_when_its_killed_datanode_is(own_hdfs: Hdfs) -> None:
    client = InsecureClient(own_hdfs.url, user=own_hdfs.user)
    for number in range(2):
        own_hdfs.datanode.kill()
        own_hdfs.start()
        client.write(f"/after-{number}", data=b"rows")
    assert sorted(client.list("/")) == ["after-0", "after-1"]


def test_hdfs_lets_a_stranger_read_but_not_write(hdfs: Hdfs) -> None:
    stranger = InsecureClient(hdfs.url, user="stranger")
    assert isinstance(stranger.list("/"), list)
    with pytest.raises(HdfsError, match="Permission denied"):
        stranger.write("/theirs", data=b"")


def test_influxdb_keeps_a_point_through_kill_9_and_its_token(own_influxdb: InfluxDB) -> None:
    with InfluxDBClient(own_influxdb.url, own_influxdb.token, org=own_influxdb.org) as client:
        client.write_api(SYNCHRONOUS).write("setup", record="gpu_metrics,gpu=a:0 gpu_load=98.0 1600000000000000000")
        own_influxdb.kill()
        own_influxdb.start()
        tables = client.query_api().query('from(bucket: "setup") |> range(start: 0)')
    assert [record.get_value() for table in tables for record in table.records] == [98.0]


def test_a_killed_test_run_leaves_no_server_behind(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys, time; from support.engines import Engines\n"
        "engine = Engines(pathlib.Path(sys.argv[1])).influxdb()\n"
        "print(engine.servers[0].pid, flush=True); time.sleep(100)"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    server = Path("/proc", run.stdout.readline().strip())
    assert (server / "comm").read_text().strip() == "influxd"
    run.kill()
    run.communicate()
    deadline = time.monotonic() + 10
    while server.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server.exists()


def test_wait_says_what_was_found_and_where_the_log_is(tmp_path: Path) -> None:
    with Engines(tmp_path) as engines:
        own = engines.kafka()
        own.kill()
        done = subprocess.run(
            ["scripts/native/kafka.sh", "wait"],
            cwd=Path(__file__).parents[2],
            env=own.environment | {"GPUSTREAM_WAIT_SECONDS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
    assert str(own.run_dir / "logs" / "kafka.log") in done.stderr
