"""The source ``nvml`` on the recorded answers of a real H100 (driver 580.159.04), idle and at full load."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pynvml
import pytest

from kafka_producer.source import LiveSource, LiveTarget
from kafka_producer.sources.nvml import sensors
from kafka_producer.sources.nvml.driver import NoAnswer, NotOffered
from kafka_producer.sources.nvml.library import Library, LibraryCard
from kafka_producer.sources.nvml.source import Nvml
from support.nvml import DATA, UUID, RecordedDriver
from telemetry import catalogue
from telemetry.errors import Misconfigured, Unavailable
from telemetry.reading import decode, encode

REPOSITORY = Path(__file__).parents[3]
CATALOGUE = catalogue.load(REPOSITORY / "config" / "metrics.yaml")
NOW = 1_795_698_040_000_000
NEVER = 2**62


def nvml(driver: RecordedDriver, *wanted: str, host: str = "node-1") -> Nvml:
    return Nvml(driver, host, wanted, CATALOGUE)


def test_the_source_keeps_the_contract() -> None:
    source: LiveSource = nvml(RecordedDriver.of("h100-idle"))
    target: LiveTarget = source.targets[0]
    assert (source.name, target.name, str(target)) == ("nvml:node-1", "node-1:0", "gpu=node-1:0")
    assert [reading.gpu for reading in target.poll(NOW)] == ["node-1:0"]


def test_everything_that_a_card_may_offer_is_in_the_catalogue() -> None:
    assert [name for name in sensors.METRICS if name not in CATALOGUE.metrics] == []


def test_the_recipe_names_everything_that_is_collected() -> None:
    text = (REPOSITORY / "docs" / "recipes" / "live-nvidia.md").read_text(encoding="utf-8")
    table = text.partition("## What is collected")[2].partition("What a card does not offer")[0]
    assert sorted(re.findall(r"`([a-z0-9_]+)`", table)) == sorted(sensors.METRICS)


def test_an_h100_at_full_load() -> None:
    reading = nvml(RecordedDriver.of("h100-busy")).gpus[0].read(NOW)
    assert (reading.gpu, reading.host, reading.source, reading.mode) == ("node-1:0", "node-1", "nvml", "live")
    assert (reading.model, reading.origin, reading.row) == ("NVIDIA H100 80GB HBM3", "nvml:node-1:0", NOW // 1000)
    assert reading.flags == {}
    told = {name: reading.metrics[name] for name in EXPECTED}
    assert told == pytest.approx(EXPECTED)
    assert CATALOGUE["clocks_event_reasons"].words(reading.metrics["clocks_event_reasons"]) == ["software power cap"]
    assert decode(encode(reading), NOW) == reading


EXPECTED = {
    "gpu_temperature": 60,
    "gpu_thermal_margin": 27,
    "gpu_load": 99,
    "board_power_draw": 693.077,
    "power_limit": 700.0,
    "total_energy": 13464.972,
    "gpu_clock": 1410,
    "memory_clock": 2619,
    "gpu_memory_total": 81559.0,
    "gpu_memory_used": 1650.8125,
    "gpu_memory_used_percent": 2.024,
    "gpu_memory_reserved": 480.0,
    "clocks_event_reasons": 4,
    "performance_state": 0,
    "pcie_generation": 5,
    "pcie_width": 16,
    "pcie_rx": 0.023716,
    "ecc_uncorrected_volatile": 0,
    "row_remap_failed": 0,
    "compute_processes": 1,
    "slowdown_temperature": 89,
    "gpu_recovery_action": 0,
}


def test_what_a_card_does_not_offer_is_absent_and_never_zero() -> None:
    source = nvml(RecordedDriver.of("h100-idle"))
    reading = source.gpus[0].read(NOW)
    absent = source.gpus[0].absent()
    assert {"fan1_speed_percent", "fan1_speed_rpm", "retired_pages_pending", "nvlink_active_links"} <= set(absent)
    assert not set(absent) & (reading.metrics.keys() | reading.flags.keys())
    assert set(absent) | reading.metrics.keys() == set(sensors.METRICS)
    first, second = source.about("node-1:0")
    assert "model=NVIDIA H100 80GB HBM3" in first
    assert "driver=580.159.04" in first
    assert "not offered by it: fan1_speed_percent" in second


def test_a_minute_of_a_real_h100_is_plausible_throughout() -> None:
    lines = (DATA / "h100-minute.jsonl").read_bytes().splitlines()
    readings = [decode(line, NEVER) for line in lines]
    assert len(readings) == 61
    rows = [reading.row for reading in readings]
    assert rows == sorted(set(rows))
    for reading in readings:
        assert reading.flags == {}
        assert all(CATALOGUE[name].is_plausible(value) for name, value in reading.metrics.items())
    said = {words for each in readings for words in CATALOGUE["clocks_event_reasons"].words(
        each.metrics["clocks_event_reasons"])}  # fmt: skip
    assert said == {"nothing to do", "software power cap"}
    # Two of its own sensors agree: the counter of energy, and power over the time.
    used = readings[-1].metrics["total_energy"] - readings[0].metrics["total_energy"]
    pairs = pairwise(readings)
    drawn = sum(b.metrics["board_power_draw"] * (b.time - a.time) / 1e6 for a, b in pairs)
    assert drawn == pytest.approx(used, rel=0.05)


def test_an_older_driver_is_asked_in_its_own_words() -> None:
    driver = RecordedDriver.of("h100-busy")
    answers = driver.cards[0].answers
    for newer in ("TemperatureV 0", "CurrentClocksEventReasons", f"MemoryInfo {pynvml.nvmlMemory_v2}"):
        answers[newer] = {"not_offered": "Function Not Found"}
    metrics = nvml(driver).gpus[0].read(NOW).metrics
    assert (metrics["gpu_temperature"], metrics["clocks_event_reasons"]) == (60, 4)
    assert metrics["gpu_memory_used"] == answers["MemoryInfo"]["used"] / 1024**2
    assert "gpu_memory_reserved" not in metrics


def test_a_sensor_that_fails_once_is_flagged_and_comes_back() -> None:
    driver = RecordedDriver.of("h100-idle")
    gpu = nvml(driver).gpus[0]
    gpu.read(NOW)
    answers = driver.cards[0].answers
    answers["PowerUsage"] = {"no_answer": "Timeout"}
    reading = gpu.read(NOW + 1_000_000)
    assert "board_power_draw" not in reading.metrics
    assert reading.flags == {"board_power_draw": "failed_read"}
    answers["PowerUsage"] = 73_000
    assert gpu.read(NOW + 2_000_000).metrics["board_power_draw"] == 73.0


@pytest.mark.parametrize(
    ("question", "answer", "metric", "flag"),
    [
        ("TemperatureV 0", 0, "gpu_temperature", "false_zero"),
        ("TemperatureV 0", 4_000_000_000, "gpu_temperature", "implausible"),
        ("PerformanceState", 32, "performance_state", None),
        ("PowerUsage", 0, "board_power_draw", "false_zero"),
    ],
)
def test_what_cannot_be_is_dropped(question: str, answer: int, metric: str, flag: str | None) -> None:
    driver = RecordedDriver.of("h100-busy")
    driver.cards[0].answers[question] = answer
    reading = nvml(driver).gpus[0].read(NOW)
    assert metric not in reading.metrics
    assert reading.flags.get(metric) == flag


def test_time_rises_strictly_whatever_the_clock_does() -> None:
    gpu = nvml(RecordedDriver.of("h100-idle")).gpus[0]
    times = [gpu.read(now).time for now in (NOW, NOW, NOW + 300, NOW - 3_600_000_000, NOW + 2_000_000)]
    assert times == [NOW, NOW + 1000, NOW + 2000, NOW + 3000, NOW + 2_000_000]


def test_a_lost_gpu_says_so_and_is_found_again_by_its_uuid() -> None:
    driver = RecordedDriver.of("h100-idle", 2)
    gpu = nvml(driver).gpus[1]
    gpu.read(NOW)
    driver.cards[1].lost = True
    for _ in range(2):
        with pytest.raises(Unavailable, match="gpu=node-1:1 does not answer: GPU is lost"):
            gpu.read(NOW + 1_000_000)
    driver.cards[1].lost = False
    driver.cards.reverse()  # it came back at another index
    assert gpu.read(NOW + 2_000_000).gpu == "node-1:1"


def test_a_gpu_of_which_no_sensor_answers_is_lost_too() -> None:
    driver = RecordedDriver.of("h100-idle")
    source = nvml(driver)
    source.gpus[0].read(NOW)
    card = driver.cards[0]
    card.values.clear()
    card.answers.update({name: {"no_answer": "Unknown Error"} for name in card.answers if name not in {"Name", "UUID"}})
    with pytest.raises(Unavailable, match="not one of its sensors"):
        source.gpus[0].read(NOW)


def test_gpus_are_chosen_by_index_or_uuid() -> None:
    chosen = nvml(RecordedDriver.of("h100-idle", 3), "2", UUID.format(0))
    assert [gpu.gpu for gpu in chosen.gpus] == ["node-1:0", "node-1:2"]
    driver = RecordedDriver.of("h100-idle", 1)
    with pytest.raises(Misconfigured, match="found '7'; expected one of 0 \\(GPU-0"):
        nvml(driver, "7")
    assert driver.stops == 1


def test_a_gpu_that_is_lost_at_the_start_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    driver = RecordedDriver.of("h100-idle", 2)
    driver.cards[0].lost = True
    assert [gpu.gpu for gpu in nvml(driver).gpus] == ["node-1:1"]
    assert "gpu=node-1:0 is left out until the next start" in caplog.text
    driver.cards[1].lost = True
    with pytest.raises(Unavailable, match="GPU is lost"):
        nvml(driver)


def test_a_divided_gpu_is_noted() -> None:
    driver = RecordedDriver.of("h100-idle")
    driver.cards[0].divided = ["NVIDIA H100 80GB HBM3 MIG 1g.10gb MIG-1", "NVIDIA H100 80GB HBM3 MIG 2g.20gb MIG-2"]
    source = nvml(driver)
    assert source.gpus[0].read(NOW).metrics["mig_devices"] == 2
    assert "is divided (MIG) into 2: NVIDIA H100 80GB HBM3 MIG 1g.10gb" in list(source.about("node-1:0"))[-1]


def test_a_machine_without_gpus_or_driver_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Misconfigured, match="an NVIDIA driver, and no GPU; expected a GPU that `nvidia-smi -L` lists"):
        nvml(RecordedDriver([], "1"))

    def no_such_library(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(pynvml, "nvmlLib", None)
    monkeypatch.setattr(pynvml, "CDLL", no_such_library)
    with pytest.raises(Misconfigured, match=r"no NVIDIA driver .*libnvidia-ml.so.1.*Without one, drop GPU-Z logs"):
        Library().start()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (pynvml.NVML_ERROR_NOT_SUPPORTED, NotOffered),
        (pynvml.NVML_ERROR_FUNCTION_NOT_FOUND, NotOffered),
        (pynvml.NVML_ERROR_NO_PERMISSION, NotOffered),
        (pynvml.NVML_ERROR_TIMEOUT, NoAnswer),
        (pynvml.NVML_ERROR_UNKNOWN, NoAnswer),
        (pynvml.NVML_ERROR_GPU_IS_LOST, Unavailable),
        (pynvml.NVML_ERROR_UNINITIALIZED, Unavailable),
    ],
)
def test_errors_of_the_driver_become_ours(monkeypatch: pytest.MonkeyPatch, code: int, error: type[Exception]) -> None:
    monkeypatch.setattr(pynvml, "nvmlDeviceGetPowerUsage", _raising(code))
    with pytest.raises(error):
        LibraryCard(None).ask("PowerUsage")


def test_structures_of_the_driver_become_plain_values(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = pynvml.c_nvmlMemory_t(total=3, free=2, used=1)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", lambda handle: memory)
    assert LibraryCard(None).ask("MemoryInfo") == {"total": 3, "free": 2, "used": 1}
    answers = (pynvml.c_nvmlFieldValue_t * 3)()
    answers[0].valueType, answers[0].value.siVal = pynvml.NVML_VALUE_TYPE_SIGNED_INT, -8
    answers[1].nvmlReturn = pynvml.NVML_ERROR_NOT_SUPPORTED
    answers[2].valueType, answers[2].value.ullVal = pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG, 2**40
    monkeypatch.setattr(pynvml, "nvmlDeviceGetFieldValues", lambda handle, wanted: answers)
    wanted = [(193, 0), (7, 0), (83, 0)]
    assert LibraryCard(None).fields(wanted) == {(193, 0): -8, (83, 0): 2**40}
    answers[1].nvmlReturn = pynvml.NVML_ERROR_GPU_IS_LOST
    with pytest.raises(Unavailable):
        LibraryCard(None).fields(wanted)


def _raising(code: int) -> Callable[[object], None]:
    def ask(handle: object) -> None:
        raise pynvml.NVMLError(code)

    return ask
