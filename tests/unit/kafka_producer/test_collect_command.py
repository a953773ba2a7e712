"""``kafka-producer collect`` without Kafka: what it prints, and what it says where it cannot work."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from kafka_producer import host, source_config
from kafka_producer.main import main
from kafka_producer.source_config import LiveRule
from kafka_producer.sources.nvml import library
from support.gpuz_logs import REPOSITORY
from support.nvml import RecordedDriver
from telemetry.errors import Misconfigured, Unavailable
from telemetry.reading import decode

NEVER = 2**62


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CONFIG_DIR", str(REPOSITORY / "config"))
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> RecordedDriver:
    recorded = RecordedDriver.of("h100-idle", 2)
    monkeypatch.setattr(library, "Library", lambda: recorded)
    return recorded


def test_one_reading_of_each_gpu(driver: RecordedDriver, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["collect", "--once", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    readings = [decode(line.encode(), NEVER) for line in out.splitlines()]
    assert [reading.gpu.partition(":")[2] for reading in readings] == ["0", "1"]
    assert {reading.model for reading in readings} == {"NVIDIA H100 80GB HBM3"}
    assert err.count("not offered by it: fan1_speed_percent") == 2
    assert driver.stops
    assert not state.exists(), "to look must not leave anything behind"


def test_the_list_sends_and_prints_nothing(driver: RecordedDriver, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["collect", "--list"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("model=NVIDIA H100 80GB HBM3") == 2


def test_a_lost_gpu_is_said_and_the_other_read(
    driver: RecordedDriver, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = driver.card
    monkeypatch.setattr(driver, "card", lambda index: _losing(started(index), index))
    assert main(["collect", "--once", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert ":0 does not answer: GPU is lost" in err
    driver.cards[1].lost = True
    assert main(["collect", "--once", "--dry-run"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def _losing(card: object, index: int) -> object:
    """The first falls off the bus between the start and the first reading."""
    if index == 0:
        card.lost = True  # type: ignore[attr-defined]
        card.__dict__["ask"] = _name_only
    return card


def _name_only(question: str, *arguments: int) -> str:
    if question in {"Name", "UUID"}:
        return "a card"
    raise Unavailable("GPU is lost")


def test_without_a_driver_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = RecordedDriver([], "1")
    recorded.away = Misconfigured("collect nvml", "no NVIDIA driver", "an NVIDIA GPU")
    monkeypatch.setattr(library, "Library", lambda: recorded)
    assert main(["collect"]) == 2
    assert capsys.readouterr().err == "kafka-producer: collect nvml: found no NVIDIA driver; expected an NVIDIA GPU\n"


@pytest.mark.parametrize("interval", ["1", "99ms", "2h", "-1s", "every second"])
def test_an_interval_is_a_number_with_a_unit(interval: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["collect", f"--interval={interval}"])
    assert "expected a number with ms, s or m, from 100ms to 60m, such as 1s" in capsys.readouterr().err


def test_rules_say_which_gpus_under_which_name(
    driver: RecordedDriver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "sources.yaml"
    config.write_text("collect:\n  - {source: nvml, interval: 5s, host: render-01, gpus: [1]}\n")
    assert main(["collect", "--config", str(config), "--once", "--dry-run"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert decode(line.encode(), NEVER).gpu == "render-01:1"


def test_without_a_rule_it_is_everything_each_second() -> None:
    assert source_config.Sources().live(None) == (LiveRule(source="nvml"),)
    assert source_config.load(REPOSITORY / "config" / "sources.yaml").live("nvml") == (LiveRule(source="nvml"),)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("{source: gpuz}", "collect.0.source"),
        ("{source: dcgm}", "collect.0: found"),
        ("{source: nvml, interval: 1}", "collect.0.interval"),
        ("{source: nvml, interval: 5ms}", "collect.0.interval: found '5ms'; expected a number with ms"),
        ("{source: nvml, host: a/b}", "collect.0.host: found 'a/b'"),
        ("{source: nvml, card: 0}", "collect.0.card: found 0; expected no such key"),
    ],
)
def test_wrong_rules_name_their_fault(rule: str, fault: str, tmp_path: Path) -> None:
    config = tmp_path / "sources.yaml"
    config.write_text(f"collect:\n  - {rule}\n")
    with pytest.raises(Misconfigured) as raised:
        source_config.load(config)
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("found", "name"),
    [("node-1", "node-1"), ("Müllers PC", "M-llers-PC"), ("_x", "x"), ("", "localhost"), ("a" * 80, "a" * 63)],
)
def test_the_machine_has_a_name_for_a_gpu(monkeypatch: pytest.MonkeyPatch, found: str, name: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: found)
    assert host.host_name() == name
