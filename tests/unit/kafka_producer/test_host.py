"""What the machine around the GPUs does, on their readings: this machine's own sensors."""

from __future__ import annotations

from pathlib import Path

import psutil

from kafka_producer.sources.host.sensors import HostSensors
from kafka_producer.sources.host.source import WithHost
from kafka_producer.sources.nvml.source import Nvml
from support.nvml import RecordedDriver
from telemetry import catalogue
from telemetry.timestamp import SECOND

CATALOGUE = catalogue.load(Path(__file__).parents[3] / "config" / "metrics.yaml")
BEGIN = 1_795_698_040_000_000
MIB = 1 << 20


def test_the_second_look_tells_what_was_done_since_the_first() -> None:
    sensors = HostSensors()
    first = sensors.at(BEGIN)
    assert "cpu_load" not in first
    assert first["system_memory_total"] == psutil.virtual_memory().total / MIB
    assert 0 < first["system_memory_used"] < first["system_memory_total"]
    _work()
    second = sensors.at(BEGIN + SECOND)
    assert 0 < second["cpu_load"] <= 100
    assert {"network_receive_rate", "network_send_rate"} <= second.keys()
    assert all(value >= 0 for value in second.values())
    assert all(CATALOGUE.get(name) for name in second)


def test_a_rate_is_by_the_time_that_has_passed() -> None:
    sensors = HostSensors()
    sensors.at(BEGIN)
    before = psutil.net_io_counters().bytes_sent
    told = sensors.at(BEGIN + 10 * SECOND)["network_send_rate"]
    after = psutil.net_io_counters().bytes_sent
    # In MB/s over ten seconds: what was counted between the two looks lies within what was counted around them.
    assert 0 <= told * 10 * 1_000_000 <= after - before + 10_000_000


def test_gpus_that_are_read_at_once_tell_the_same() -> None:
    sensors = HostSensors()
    assert sensors.at(BEGIN) is sensors.at(BEGIN + SECOND // 100)


def test_clock_that_was_put_back_gives_no_rates_and_goes_on() -> None:
    sensors = HostSensors()
    sensors.at(BEGIN)
    assert "cpu_load" not in sensors.at(BEGIN - 3600 * SECOND)
    _work()
    assert "cpu_load" in sensors.at(BEGIN - 3599 * SECOND)


def test_each_reading_of_its_gpus_has_them_and_the_card_wins() -> None:
    plain = Nvml(RecordedDriver.of("h100-idle", 2), "node-1", [], CATALOGUE)
    source = WithHost(
        Nvml(RecordedDriver.of("h100-idle", 2), "node-1", [], CATALOGUE), HostSensors(), CATALOGUE
    )  # fmt: skip
    for with_host, without in zip(source.targets, plain.targets, strict=True):
        (reading,), (bare,) = with_host.poll(BEGIN), without.poll(BEGIN)
        assert reading._replace(metrics={}) == bare._replace(metrics={})
        assert bare.metrics.items() <= reading.metrics.items()
        assert {"system_memory_used", "system_memory_total"} <= reading.metrics.keys() - bare.metrics.keys()
        assert (with_host.name, str(with_host)) == (without.name, str(without))
    assert list(source.about("node-1:0")) == list(plain.about("node-1:0"))


def _work() -> None:
    """Until the kernel has counted some of it."""
    before = psutil.cpu_times()
    while psutil.cpu_times().user - before.user < 0.02:
        sum(range(10_000))
