"""Kafka -> InfluxDB while parts of it are killed, hang, come late or move: nothing lost, nothing double."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support.engines import ORG, Engines, InfluxDB, Kafka
from support.identities import eventually
from support.influxdb_writer import GROUP, Stage, expected, reading

# Its first batch is written whole, and then it dies before anything is committed. The second life is the real command.
KILLED_BETWEEN_WRITE_AND_COMMIT = """
import os, signal
from kafka_consumers import main
from kafka_consumers.sinks.influxdb import InfluxDB

class Deadly(InfluxDB):
    def write(self, items):
        super().write(items)
        os.kill(os.getpid(), signal.SIGKILL)

main.InfluxDB = Deadly
main.main(["influxdb"])
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kafka, InfluxDB]]:
    directory = tmp_path_factory.mktemp("influxdb-faults")
    with Engines(directory / "engines") as engines, Stage(engines.kafka(), engines.influxdb(), directory) as stage:
        stage.set_up()
        yield stage.kafka, stage.influxdb


@pytest.fixture
def stage(servers: tuple[Kafka, InfluxDB], tmp_path: Path) -> Iterator[Stage]:
    """The servers again, whatever the test before did to them, and no writer."""
    kafka, influxdb = servers
    kafka.start()
    influxdb.start()
    with Stage(kafka, influxdb, tmp_path) as stage:
        yield stage


def received(log: str) -> int:
    """What the writer last said to have polled; its own reports are among it."""
    return max((int(count) for count in re.findall(r"progress received=(\d+)", log)), default=0)


def test_influxdb_killed_and_started_again(stage: Stage) -> None:
    writer = stage.start()
    stage.send(reading(row, "store:0") for row in range(2000))
    stage.points_soon(1, "store:0")
    stage.influxdb.kill()
    stage.send(reading(row, "store:0") for row in range(2000, 6000))
    eventually(lambda: stage.log(writer), lambda log: "away server=store" in log)
    stage.influxdb.start()
    assert stage.points_soon(6000, "store:0") == expected(range(6000), "store:0")
    assert stage.stop(writer) == 0
    log = stage.log(writer)
    assert log.count("back server=store") == 1
    assert "Traceback" not in log


def test_influxdb_hangs(stage: Stage) -> None:
    writer = stage.start(INFLUXDB_TIMEOUT_SECONDS="1")
    stage.send([reading(0, "hangs:0")])
    stage.points_soon(1, "hangs:0")
    stage.influxdb.servers[0].pause()
    try:
        stage.send(reading(row, "hangs:0") for row in range(1, 3000))
        eventually(lambda: stage.log(writer), lambda log: "away server=store" in log)
    finally:
        stage.influxdb.servers[0].resume()
    assert stage.points_soon(3000, "hangs:0") == expected(range(3000), "hangs:0")
    assert stage.stop(writer) == 0


def test_kafka_killed_and_started_again(stage: Stage) -> None:
    writer = stage.start()
    stage.send(reading(row, "bus:0") for row in range(2000))
    stage.points_soon(1, "bus:0")
    stage.kafka.kill()
    stage.kafka.start()
    stage.send(reading(row, "bus:0") for row in range(2000, 4000))
    assert stage.points_soon(4000, "bus:0") == expected(range(4000), "bus:0")
    assert eventually(stage.everything_committed, bool)
    assert stage.stop(writer) == 0
    assert "Traceback" not in stage.log(writer)


def test_writer_killed_between_write_and_commit(stage: Stage) -> None:
    stage.send(reading(row, "killed:0") for row in range(1500))
    first = stage.start(sys.executable, "-c", KILLED_BETWEEN_WRITE_AND_COMMIT)
    assert first.wait(60) == -9
    written = stage.points("killed:0")
    assert 0 < written.total() < 1500
    assert not stage.everything_committed()
    second = stage.start()
    assert stage.points_soon(1500, "killed:0") == expected(range(1500), "killed:0")
    assert stage.stop(second) == 0


def test_writer_killed_again_and_again(stage: Stage) -> None:
    gpus = [f"again-{number}:0" for number in range(4)]
    stage.send(reading(row, gpu) for row in range(5000) for gpu in gpus)
    for enough in (4000, 8000, 12_000):
        writer = stage.start()
        while sum(stage.points(gpu).total() for gpu in gpus) <= enough:
            assert writer.poll() is None, stage.log(writer)
        writer.kill()
        writer.wait()
    writer = stage.start()
    for gpu in gpus:
        assert stage.points_soon(5000, gpu) == expected(range(5000), gpu)
    assert eventually(stage.everything_committed, bool)
    assert stage.stop(writer) == 0


def test_second_writer_comes_and_the_first_goes(stage: Stage) -> None:
    """Partitions move twice while readings flow; those that stay keep their position in kafka-python."""
    gpus = [f"moved-{number}:0" for number in range(8)]
    first = stage.start()
    stage.send(reading(row, gpu) for row in range(1000) for gpu in gpus)
    second = stage.start()
    for part in range(1, 8):
        stage.send(reading(row, gpu) for row in range(part * 1000, (part + 1) * 1000) for gpu in gpus)
    eventually(lambda: stage.log(second), lambda log: "rebalance partitions=" in log)
    stage.send(reading(row, gpu) for row in range(8000, 9000) for gpu in gpus)
    assert stage.stop(first) == 0
    stage.send(reading(row, gpu) for row in range(9000, 10_000) for gpu in gpus)
    for gpu in gpus:
        assert stage.points_soon(10_000, gpu) == expected(range(10_000), gpu)
    assert eventually(stage.everything_committed, bool)
    assert stage.stop(second) == 0
    assert "Traceback" not in stage.log(first) + stage.log(second)


def test_stop_commits_what_it_wrote(stage: Stage) -> None:
    writer = stage.start(INFLUXDB_BATCH_MS="60000", INFLUXDB_BATCH_LINES="50000")
    eventually(lambda: stage.log(writer), lambda log: "rebalance partitions=" in log)
    stage.send(reading(row, "stopped:0") for row in range(100))
    eventually(lambda: received(stage.log(writer)), lambda count: count >= 100)
    assert not stage.points("stopped:0"), "the batch waits for a minute"
    assert stage.stop(writer, 15) == 0
    assert stage.points("stopped:0") == expected(range(100), "stopped:0")
    assert stage.everything_committed()


def test_stop_while_influxdb_is_away_loses_nothing(stage: Stage) -> None:
    writer = stage.start()
    eventually(lambda: stage.log(writer), lambda log: "rebalance partitions=" in log)
    stage.influxdb.kill()
    stage.send(reading(row, "gone:0") for row in range(100))
    eventually(lambda: stage.log(writer), lambda log: "away server=store" in log)
    assert stage.stop(writer, 15) == 0
    stage.influxdb.start()
    second = stage.start()
    assert stage.points_soon(100, "gone:0") == expected(range(100), "gone:0")
    assert stage.stop(second) == 0


def test_writer_waits_for_all_that_it_needs_in_any_order(own_engines: Engines, tmp_path: Path) -> None:
    """InfluxDB without buckets, then Kafka away, then Kafka without topics."""
    kafka, influxdb = own_engines.kafka(), own_engines.influxdb()
    kafka.kill()
    with Stage(kafka, influxdb, tmp_path) as stage:
        writer = stage.start()
        eventually(lambda: stage.log(writer), lambda log: "no bucket" in log)
        assert stage.command("influxdb-setup").returncode == 0
        eventually(lambda: stage.log(writer), lambda log: "away server=kafka" in log)
        kafka.start()
        eventually(lambda: stage.log(writer), lambda log: "started" in log)
        stage.make_topics()
        stage.send(reading(row) for row in range(10))
        assert stage.points_soon(10) == expected(range(10))
        assert stage.stop(writer) == 0
        log = stage.log(writer)
        # Once for each reason: the buckets are made one after the other, and it may see the first without the second.
        away = [line.partition(" away ")[2] for line in log.splitlines() if " away server=store" in line]
        assert away
        assert len(away) == len(set(away))
        assert "Traceback" not in log


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("INFLUXDB_TOKEN", "wrong", "INFLUXDB_TOKEN"),
        ("INFLUXDB_ORG", "nobody", "INFLUXDB_ORG: found 'nobody'"),
        ("INFLUXDB_BATCH_MS", "soon", "influxdb_batch_ms: found 'soon'"),
    ],
)
def test_wrong_setting_is_said_and_ends_with_2(stage: Stage, setting: str, value: str, said: str) -> None:
    for command in ("influxdb", "influxdb-setup"):
        done = stage.command(command, **{setting: value})
        assert done.returncode == 2, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_missing_token_is_said_and_ends_with_2(stage: Stage) -> None:
    done = stage.command("influxdb", INFLUXDB_TOKEN="", INFLUXDB_TOKEN_FILE="nowhere/token")
    assert done.returncode == 2
    assert "INFLUXDB_TOKEN_FILE" in done.stderr
    assert "Traceback" not in done.stderr


def test_setup_may_be_repeated_and_follows_the_retention(stage: Stage) -> None:
    def retention(bucket: str) -> int:
        headers = {"Authorization": f"Token {stage.influxdb.token}"}
        url = f"{stage.influxdb.url}/api/v2/buckets"
        answer = requests.get(url, params={"org": ORG, "name": bucket}, headers=headers, timeout=30)
        return sum(int(rule["everySeconds"]) for rule in answer.json()["buckets"][0]["retentionRules"])

    for days in ("1", "400", "30"):
        done = stage.command("influxdb-setup", INFLUXDB_RETENTION_DAYS=days)
        assert done.returncode == 0, done.stderr
        assert f"bucket gpu-metrics: changed, kept {days} days" in done.stdout
        assert retention("gpu-metrics") == int(days) * 86_400
    assert "bucket gpu-metrics: there" in stage.command("influxdb-setup").stdout
    assert retention("gpu-imports") == retention("gpu-history") == 0


def test_group_is_named_after_the_process() -> None:
    """Whoever resets or watches its offsets needs the name: it must not change."""
    assert GROUP == "influxdb-writer"
