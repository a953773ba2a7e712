"""The health score: right reasons, nobody else's, no flapping, and it recovers."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.log import Pass, SensorLog
from support.health import CATALOGUE, CONFIG, ROOT, START, World, every, shown, simulated
from telemetry.reading import Reading
from telemetry.timestamp import SECOND, format_time

FAILING = "demo-node-2:3"
DAY = 86_400


def after(world: World, scenario: str, minutes: int, **how: int) -> World:
    now = START
    for poll in simulated(scenario, minutes * 60, **how):  # type: ignore[arg-type]
        world.read(*poll)
        now = max(now, *(each.time for each in poll))
        world.wait(now)
    return world


def test_failing_fan_lowers_the_score_of_its_gpu_and_of_no_other() -> None:
    """16 GPUs for ten minutes; the fan fails after two."""
    world = after(World(), "fan-failing", 10)
    failing = [each for each in world.scores if each.gpu == FAILING]
    assert [each.score for each in failing[:2]] == [100, 100]
    last = failing[-1]
    assert last.score < 70
    assert last.reasons[0].component == "thermals"
    assert last.reasons[0].sentence.startswith("GPU temperature")
    assert "peers show" in last.reasons[0].sentence
    assert {each.component for each in last.reasons} == {"thermals", "throttling"}
    assert last.components["thermals"] < 50 < last.components["memory"] == 100
    others = [each for each in world.scores if each.gpu != FAILING]
    assert len({each.gpu for each in others}) == 15
    assert min(each.score for each in others) > 90
    # What it takes, and no more, is what it says.
    assert all(each.score == pytest.approx(100 + sum(r.points for r in each.reasons)) for each in world.scores)


def test_healthy_fleet_stays_near_100() -> None:
    world = after(World(), "healthy", 40, interval=30, seed=5)
    assert len(world.scores) > 600
    assert min(each.score for each in world.scores) > 95
    assert world.events == []


def test_memory_that_fails_says_what_failed() -> None:
    world = after(World(), "memory-failing", 20, interval=20)
    last = world.last_score("demo-node-1:2")
    assert last.score < 30
    sentences = {each.component: each.sentence for each in reversed(last.reasons)}
    assert sentences["events"].startswith("Xid 48: Memory error of two bits, data lost")
    assert sentences["memory"] == "1 uncorrected memory error this week"
    assert min(each.score for each in world.scores if each.gpu != "demo-node-1:2") == 100


def test_peers_07_link_that_trained_down_is_seen_at_work() -> None:
    world = World()
    world.read(*every(range(0, 600, 10), gpu_load=90, pcie_width=16, pcie_generation=4))
    world.read(*every(range(600, 900, 10), gpu_load=90, pcie_width=4, pcie_generation=4))
    assert world.last_score("n1:0").reasons[0].sentence == "PCIe runs on fewer lanes than it can: 4 of 16"
    # A card at rest may lower it.
    idle = World()
    idle.read(*every(range(0, 600, 10), gpu_load=90, pcie_width=16, pcie_generation=4))
    idle.read(*every(range(600, 1500, 10), gpu_load=1, pcie_width=16, pcie_generation=1))
    assert idle.last_score("n1:0").score == 100


def test_odd_minute_costs_nothing_and_does_not_heal() -> None:
    def heat(minute: int) -> float:
        return 99.0 if minute == 5 or (minute >= 10 and minute != 15) else 60.0

    world = World()
    world.read(*(shown(second, gpu_temperature=heat(second // 60)) for second in range(0, 20 * 60, 10)))
    scores = [each.score for each in world.scores]
    assert scores[:10] == [100] * 10
    assert scores[11:19] == [scores[11]] * 8
    assert scores[11] == 80


def test_score_recovers_when_the_cause_is_gone() -> None:
    world = World()
    quiet = {"gpu_load": 90.0, "remapped_rows_uncorrectable": 4.0}
    world.read(shown(0, gpu_load=90, remapped_rows_uncorrectable=1), *every(range(10, 130, 10), more=quiet))
    sick = world.last_score("n1:0")
    assert sick.reasons[0].sentence == "3 uncorrectable row remaps this week"
    assert (sick.reasons[0].points, sick.score) == (-18, 82)
    world.read(*every(range(DAY, 9 * DAY, 3600), more=quiet))
    scores = [each.score for each in world.scores if each.gpu == "n1:0"][2:]
    assert all(before <= then for before, then in pairwise(scores))
    assert scores[-1] == 100


def test_peers_11_card_that_idles_hot_is_judged_by_what_is_usual_of_it() -> None:
    """One that idles at 87 °C is a false alarm every day for a fixed 85."""
    usual = {"gpu_load": 2.0, "max_operating_temperature": 105.0}
    world = World()
    world.read(*every(range(0, 3600, 10), gpu_temperature=87.0, more=usual))
    assert {each.score for each in world.scores} == {100.0}
    world.read(*every(range(3600, 4200, 10), gpu_temperature=101.0, more=usual))
    assert "it had 87.0 °C before" in world.last_score("n1:0").reasons[0].sentence


def test_warm_day_is_no_fault_of_one_gpu() -> None:
    world = World()
    for second in range(0, 3000, 10):
        warm = min(12.0, max(0.0, (second - 1500) / 60))
        world.read(*(shown(second, f"n1:{n}", gpu_load=95, gpu_temperature=60 + n + warm) for n in range(8)))
    assert {each.score for each in world.scores} == {100.0}


def story(path: Path) -> list[Reading]:
    file = LogFile(path.name, lambda: path.open("rb"), CATALOGUE, ZoneInfo("UTC"))
    return list(SensorLog(file, Pass("f/0", "desk:0", "import", None, START), lambda line: None).readings())


def test_imported_log_has_a_score_from_what_it_has() -> None:
    world = World()
    readings = story(ROOT / "data/samples/demo-failing-fan.txt")
    for each in readings:
        world.read(each)
    world.wait(readings[-1].time + 300 * SECOND)
    assert len(world.scores) == len({each.time // (60 * SECOND) for each in readings})
    assert {each.mode for each in world.scores} == {"import"}
    assert set(world.scores[0].components) == {"thermals", "power", "throttling", "data_quality"}
    worst = min(world.scores, key=lambda each: each.score)
    assert worst.score < 90
    assert worst.reasons[0].sentence.startswith("Clocks held back by thermal limit")
    assert world.scores[-1].time == format_time(readings[-1].time // (60 * SECOND) * 60 * SECOND)


def test_sensor_that_fails_now_and_then_costs_and_one_that_is_not_there_does_not() -> None:
    def of(second: int, bad: str, values: dict[str, float]) -> Reading:
        return shown(second, more={"gpu_load": 5.0, **values})._replace(flags={bad: "failed_read"})

    world = World()
    world.read(*(of(second, "gpu_voltage", {}) for second in range(0, 300, 10)))
    assert {each.score for each in world.scores} == {100.0}
    alternately: tuple[dict[str, float], dict[str, float]] = ({"gpu_temperature": 40.0}, {})
    world.read(*(of(second, "gpu_temperature", alternately[second // 10 % 2]) for second in range(300, 600, 10)))
    (reason,) = world.scores[-1].reasons
    assert (reason.component, reason.points) == ("data_quality", -10)
    assert reason.sentence.startswith("GPU temperature: no value that can be in ")


def test_minute_without_evidence_of_anything_is_100() -> None:
    world = World()
    world.read(*every(range(0, 130, 10), encoder_load=1))
    assert world.scores[0].score == 100
    assert set(world.scores[0].components) == {"events", "data_quality"}


def test_late_and_repeated_readings_change_nothing() -> None:
    readings = list(every(range(0, 300, 10), gpu_load=50, last_xid=0))
    once, again = World(), World()
    once.read(*readings)
    again.read(*readings[:20], *readings[5:20], *readings[20:], shown(60, gpu_load=99, last_xid=79))
    assert again.scores == once.scores
    assert again.events == []


def test_version_says_by_which_rules() -> None:
    world = World()
    world.read(*every(range(0, 130, 10), gpu_load=1))
    number, digest = world.scores[0].version.split("-")
    assert (int(number), len(digest)) == (CONFIG.file.version, 8)
