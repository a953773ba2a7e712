"""The source ``nvidia_smi`` on a program that stands for NVIDIA's command and prints what it is written to print.

Its answers have the form of the command's documentation; they were not recorded on a card.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from kafka_producer import source_config
from kafka_producer.main import main
from kafka_producer.source_config import LiveRule, Sources
from kafka_producer.sources.nvidia_smi.live import FIELDS, NvidiaSmi
from support.gpuz_logs import CATALOGUE, NOW, REPOSITORY
from telemetry.errors import Misconfigured, Unavailable
from telemetry.reading import decode
from telemetry.timestamp import MILLISECOND, SECOND

UNITS = {"utilization.gpu": "%", "memory.total": "MiB", "memory.used": "MiB", "power.draw": "W", "fan.speed": "%"}
CARDS = [
    {"index": "0", "name": "NVIDIA A100", "temperature.gpu": "45", "utilization.gpu": "98", "memory.total": "40960",
     "memory.used": "10240", "power.draw": "183.40", "pstate": "P0", "clocks_event_reasons.active": "0x04"},
    {"index": "1", "name": "NVIDIA A100", "temperature.gpu": "[Unknown Error]", "utilization.gpu": "7"},
]  # fmt: skip

PROGRAM = f"""#!{sys.executable}
import json, sys, time
from pathlib import Path
plan = json.loads(Path(__file__).with_suffix(".json").read_text())
fields = sys.argv[1].removeprefix("--query-gpu=").split(",")
with Path(__file__).with_suffix(".calls").open("a") as calls:
    calls.write(" ".join(sys.argv[2:]) + chr(10))
for field in fields:
    if field in plan["unknown"]:
        print(f'Field "{{field}}" is not a valid field to query.')
        sys.exit(2)
if plan["hangs"]:
    time.sleep(3600)
if plan["fails"]:
    print(plan["fails"])
    sys.exit(9)
units = plan["units"]
print(", ".join(f"{{field}} [{{units[field]}}]" if field in units else field for field in fields))
for card in plan["cards"]:
    if isinstance(card, str):
        print(card)
        continue
    card["timestamp"] = "2026/11/23 12:00:00.000"
    print(", ".join(card.get(field, "[N/A]") for field in fields))
"""


class Program:
    """The program, and what it is to do."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "smi.py"
        self.path.write_text(PROGRAM)
        self.path.chmod(0o755)
        self.does()

    def does(self, **plan: object) -> None:
        whole = {"unknown": [], "hangs": False, "fails": "", "units": UNITS, "cards": CARDS} | plan
        self.path.with_suffix(".json").write_text(json.dumps(whole))

    @property
    def calls(self) -> list[str]:
        return self.path.with_suffix(".calls").read_text().splitlines()

    def source(self, timeout: int = 60 * SECOND, gpus: tuple[str, ...] = ()) -> NvidiaSmi:
        return NvidiaSmi(str(self.path), "node", gpus, timeout, CATALOGUE)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


def test_a_question_gives_a_reading_of_each_gpu(program: Program) -> None:
    first, second = program.source().targets[0].poll(NOW)
    assert (first.gpu, first.source, first.origin, first.model) == (
        "node:0",
        "nvidia_smi",
        "nvidia_smi:node:0",
        "NVIDIA A100",
    )
    assert (first.row, first.time, first.mode) == (NOW // MILLISECOND, NOW, "live")
    assert dict(first.metrics) == {
        "performance_state": 0, "gpu_temperature": 45, "gpu_load": 98, "gpu_memory_total": 40960,
        "gpu_memory_used": 10240, "gpu_memory_used_percent": 25, "board_power_draw": 183.4, "clocks_event_reasons": 4,
    }  # fmt: skip
    assert (second.gpu, dict(second.metrics), dict(second.flags)) == (
        "node:1",
        {"gpu_load": 7},
        {"gpu_temperature": "failed_read"},
    )


def test_a_time_is_never_given_twice(program: Program) -> None:
    (target,) = program.source().targets
    rows = [target.poll(now)[0].row for now in (NOW, NOW, NOW - SECOND)]
    assert rows == [NOW // MILLISECOND + n for n in range(3)]


def test_what_a_driver_does_not_know_is_asked_for_once(program: Program) -> None:
    program.does(unknown=["clocks_event_reasons.active", "temperature.gpu.tlimit"])
    source = program.source()
    (target,) = source.targets
    target.poll(NOW)
    assert len(program.calls) == 3
    target.poll(NOW)
    assert len(program.calls) == 4
    assert target.refused == {"clocks_event_reasons.active", "temperature.gpu.tlimit"}
    assert any("clocks_event_reasons.active, temperature.gpu.tlimit" in line for line in source.about(target.name))


def test_only_the_gpus_that_are_wanted_are_asked_for(program: Program) -> None:
    program.source(gpus=("1", "GPU-7")).targets[0].poll(NOW)
    assert program.calls == ["--format=csv,nounits --id=1,GPU-7"]


def test_a_lost_gpu_costs_no_other_a_reading(program: Program, caplog: pytest.LogCaptureFixture) -> None:
    lost = "Unable to determine the device handle for GPU0000:3B:00.0: GPU is lost.  Reboot the system to recover"
    program.does(cards=[lost, CARDS[0]])
    (target,) = program.source().targets
    assert [each.gpu for each in target.poll(NOW)] == ["node:0"]
    target.poll(NOW)
    assert caplog.text.count("GPU is lost") == 1


AWAY: list[tuple[dict[str, object], str]] = [
    (
        {"fails": "NVIDIA-SMI has failed because it couldn't communicate with the driver."},
        "NVIDIA-SMI has failed",
    ),
    ({"unknown": ["index"]}, 'Field "index" is not a valid field'),
    ({"cards": []}, "shows no GPU"),
    ({"cards": ["No devices were found"]}, "shows no GPU"),
]


@pytest.mark.parametrize(("plan", "words"), AWAY)
def test_a_command_that_fails_is_away(program: Program, plan: dict[str, object], words: str) -> None:
    program.does(**plan)
    with pytest.raises(Unavailable, match=words):
        program.source().targets[0].poll(NOW)


def test_a_command_that_hangs_is_given_up(program: Program) -> None:
    program.does(hangs=True)
    with pytest.raises(Unavailable, match=r"no answer in 0\.5 s"):
        program.source(timeout=SECOND // 2).targets[0].poll(NOW)


def test_without_the_command_it_says_what_to_do() -> None:
    with pytest.raises(Misconfigured, match="no command no-such-smi"):
        NvidiaSmi("no-such-smi", "node", (), SECOND, CATALOGUE)


def test_every_field_that_is_asked_for_is_one_that_is_known() -> None:
    units = {"utilization": "%", "memory": "MiB", "power": "W", "clocks": "MHz", "fan": "%", "enforced": "W"}
    texts = {"timestamp", "index", "name"}
    known = {
        field: any(
            CATALOGUE.column("nvidia_smi", header).metric
            for header in (field, f"{field} [{units.get(field.split('.')[0], '')}]")
        )
        for field in FIELDS
        if field not in texts
    }
    assert [field for field, is_known in known.items() if not is_known] == []


def test_the_command_collects_by_it(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CONFIG_DIR", str(REPOSITORY / "config"))
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    config = tmp_path / "sources.yaml"
    config.write_text(f"collect: [{{source: nvidia_smi, host: node, command: {program.path}, timeout: 60s}}]\n")
    assert main(["collect", "--config", str(config), "--once", "--dry-run"]) == 0
    out, _ = capfd.readouterr()
    assert [decode(line.encode(), 2**62).gpu for line in out.splitlines()] == ["node:0", "node:1"]


def test_a_rule_may_be_left_out(tmp_path: Path) -> None:
    assert Sources().live("nvidia_smi") == (LiveRule(source="nvidia_smi"),)
    config = tmp_path / "sources.yaml"
    config.write_text("collect: [{source: nvidia_smi, targets: [node-1]}]\n")
    with pytest.raises(Misconfigured, match="no targets with source nvidia_smi"):
        source_config.load(config)
