"""``kafka-producer collect`` against a real Kafka, on the recorded answers of a real H100."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.dcgm_exporter import Gpu, page, served
from support.engines import Kafka, free_ports
from support.producer_bench import REPOSITORY, Bench, until
from telemetry import topics
from telemetry.messages import PipelineReport


class Collecting(Bench):
    """The command on a machine with recorded GPUs."""

    def collect(self, host: str, *options: str, count: int = 1) -> subprocess.Popen[str]:
        config = self.state.with_name(f"{host}.yaml")
        config.write_text(f"collect:\n  - {{source: nvml, interval: 100ms, host: {host}}}\n")
        command = [sys.executable, "-m", "support.recorded_collect", "h100-busy", str(count), "--config", str(config)]
        environment = self.environment | {"PYTHONPATH": str(REPOSITORY / "tests")}
        process = subprocess.Popen([*command, *options], env=environment, stderr=subprocess.PIPE, text=True)
        self._running.append(process)
        return process

    def reports(self, process: str) -> list[PipelineReport]:
        every = (PipelineReport.decode(raw) for raw in self.values(topics.GPU_PIPELINE))
        return [report for report in every if report.process == process]


@pytest.fixture
def bench(kafka: Kafka, tmp_path: Path) -> Iterator[Collecting]:
    bench = Collecting(kafka, tmp_path)
    bench.run("topics")
    bench.skip()
    yield bench
    bench.end()


def test_two_gpus_arrive_until_it_is_asked_to_stop(bench: Collecting) -> None:
    process = bench.collect("live", "--name", "collect-live", count=2)
    until(lambda: len(bench.readings("live:0")) > 20 and len(bench.readings("live:1")) > 20)
    until(lambda: bool(bench.reports("collect-live")))
    assert (bench.state / "collect-live.heartbeat").exists()
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "lost" not in said
    assert "Traceback" not in said
    for gpu in ("live:0", "live:1"):
        readings = bench.readings(gpu)
        rows = [reading.row for reading in readings]
        assert rows == sorted(set(rows))
        assert {(each.origin, each.mode, each.model) for each in readings} == {
            (f"nvml:{gpu}", "live", "NVIDIA H100 80GB HBM3")
        }


def test_kill_9_leaves_no_reading_twice_and_a_second_one_waits_for_its_turn(bench: Collecting) -> None:
    first = bench.collect("killed")
    until(lambda: len(bench.readings("killed:0")) > 5)
    second = bench.collect("killed")
    _, said = second.communicate(timeout=30)
    assert second.returncode == 1
    assert "another process collects" in said
    first.kill()
    first.wait()
    before = len(bench.readings("killed:0"))
    bench.collect("killed")
    until(lambda: len(bench.readings("killed:0")) > before + 5)
    times = bench.times("killed:0")
    assert len(times) == len(bench.readings("killed:0"))
    assert {len(found) for found in times.values()} == {1}


def test_once_sends_one_reading_of_each_gpu(bench: Collecting) -> None:
    process = bench.collect("once", "--once", count=2)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "sent readings=2" in said
    assert [len(bench.readings(gpu)) for gpu in ("once:0", "once:1")] == [1, 1]


def test_a_fleet_whose_node_is_restarted(bench: Collecting) -> None:
    """Two pages; one goes away and comes back with a GPU more, while the other goes on."""
    with served(page([Gpu(0, "steady"), Gpu(1, "steady")])) as steady, served(page([Gpu(0, "shaky")])) as shaky:
        config = bench.state.with_name("fleet.yaml")
        targets = f"['{steady.url}', '{shaky.url}']"
        config.write_text(f"collect:\n  - {{source: dcgm, interval: 100ms, targets: {targets}}}\n")
        process = bench.start("collect", "--config", config)
        until(lambda: all(len(bench.readings(gpu)) > 5 for gpu in ("steady:0", "steady:1", "shaky:0")))
        shaky.status = 503
        before = len(bench.readings("steady:0"))
        until(lambda: len(bench.readings("steady:0")) > before + 10)
        shaky.text = page([Gpu(0, "shaky"), Gpu(1, "shaky")])
        shaky.status = 200
        until(lambda: len(bench.readings("shaky:1")) > 5)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said.count("does not answer: HTTP status 503") == 1
    assert "gpu=shaky:1 is on the page of" in said
    assert "lost" not in said
    for gpu in ("steady:0", "steady:1", "shaky:0", "shaky:1"):
        rows = [reading.row for reading in bench.readings(gpu)]
        assert rows == sorted(set(rows))
    # What the page of a node shows stands at one time for all of its GPUs.
    assert [each.row for each in bench.readings("steady:0")] == [each.row for each in bench.readings("steady:1")]


def test_while_kafka_is_away_the_newest_wait_and_the_others_are_counted(own_kafka: Kafka, tmp_path: Path) -> None:
    bench = Collecting(own_kafka, tmp_path)
    bench.run("topics")
    bench.environment["COLLECT_BUFFER_READINGS"] = "15"
    own_kafka.kill()
    process = bench.collect("away")
    assert process.stderr is not None
    assert any("readings lost=" in line for line in process.stderr)
    own_kafka.start()
    until(lambda: any(report.sent for report in bench.reports("collect")))
    (report, *_) = [report for report in bench.reports("collect") if report.sent]
    lost = report.rejected["buffer_full"]
    assert lost > 0
    rows = [reading.row for reading in bench.readings("away:0")]
    assert rows == sorted(set(rows))
    # It was away for longer than 15 readings: what arrived first is newer than the start, and nothing is missing since.
    assert report.received >= report.sent + lost
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_stop_while_kafka_is_away_says_what_is_lost(tmp_path: Path) -> None:
    environment = os.environ | {"STATE_DIR": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    command = [sys.executable, "-m", "support.recorded_collect", "h100-busy", "1", "--interval", "100ms"]
    environment |= {"PYTHONPATH": str(REPOSITORY / "tests"), "CONFIG_DIR": str(REPOSITORY / "config")}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "not offered by it" in line:
            break
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "a live reading cannot be read again, they are lost" in said


def test_a_simulated_fleet_is_collected_over_http(bench: Collecting) -> None:
    """Two processes: one that is a fleet, one that reads it, by the rules that the first has written."""
    (port,) = free_ports(1)
    listen = ("--listen", f"127.0.0.1:{port}", "--nodes", "2", "--gpus", "2")
    config = bench.state.with_name("simulated.yaml")
    bench.run("simulate", "fleet", "--to", "sources", "--interval", "200ms", "--out", str(config), *listen)
    fleet = bench.start("simulate", "fleet", "--names", "4.6", "--scenario", "mock", *listen)
    collect = bench.start("collect", "--config", str(config), "--name", "fleet-collector")
    gpus = [f"demo-node-{node}:{gpu}" for node in (1, 2) for gpu in (0, 1)]
    until(lambda: all(len(bench.readings(gpu)) > 3 for gpu in gpus))
    for process in (collect, fleet):
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in said
    for gpu in gpus:
        for reading in bench.readings(gpu):
            assert (reading.mode, reading.source, reading.model) == ("demo", "dcgm", "NVIDIA A100-SXM4-80GB")
            assert reading.labels == {"cluster": "demo", "rack": "r1"}
            assert reading.metrics["gpu_load"] < 10
            assert reading.flags == {}


def test_a_simulated_fleet_goes_straight_to_kafka(bench: Collecting) -> None:
    process = bench.start("simulate", "fleet", "--to", "kafka", "--nodes", "1", "--interval", "200ms", "--tick", "0.1")
    until(lambda: all(len(bench.readings(f"demo-node-1:{gpu}")) > 3 for gpu in range(8)))
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    readings = [each for gpu in range(8) for each in bench.readings(f"demo-node-1:{gpu}") if each.source == "simulate"]
    assert {each.mode for each in readings} == {"demo"}
    assert any(each.labels.get("job") for each in readings)
    assert len({(each.gpu, each.row) for each in readings}) == len(readings)
