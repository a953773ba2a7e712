"""Our own rules over our own logs: the whole story of the failing fan, and nothing over a healthy card."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kafka_consumers.alerts import config
from kafka_consumers.alerts.duration import spell
from kafka_consumers.alerts.judge import Judge
from kafka_producer.sources.logs.file import LogFile
from kafka_producer.sources.logs.log import Pass, SensorLog
from support.alert_cases import CATALOGUE, ROOT, World
from support.gpuz_logs import NOW
from telemetry.reading import Mode

SAMPLES = ROOT / "data/samples"
JUDGE = Judge(config.load(ROOT / "config/alerts.yaml", CATALOGUE))


def raised(sample: str, mode: Mode) -> tuple[list[str], World]:
    """The changes that are stored, times counted from the first reading."""
    path: Path = SAMPLES / f"{sample}.txt"
    file = LogFile(sample, lambda: path.open("rb"), CATALOGUE, ZoneInfo("UTC"))
    readings = list(SensorLog(file, Pass("f/0", "demo-01:0", mode, None, NOW), lambda line: None).readings())
    world = World(JUDGE)
    for reading in readings:
        assert world.reading(reading, NOW) == "judged"
    alerts = [change.alert for change in world.changes if change.is_recorded]
    return [f"{spell(each.changed - readings[0].time)} {each.rule} {each.state}" for each in alerts], world


def test_the_failing_fan_raises_escalates_and_resolves() -> None:
    told, world = raised("demo-failing-fan", "demo")
    assert told == [
        "2m7s gpu_temperature_warning firing",
        "2m8s gpu_temperature_critical firing",
        "2m16s hot_spot_warning firing",
        "2m42s thermal_throttling firing",
        "2m51s hot_spot_warning resolved",
        "2m54s gpu_temperature_critical resolved",
        "3m43s gpu_temperature_warning resolved",
        "5m52s thermal_throttling resolved",
    ]
    assert {change.alert.mode for change in world.changes} == {"demo"}


def test_an_import_of_it_raises_the_same_in_the_past() -> None:
    told, world = raised("demo-failing-fan", "import")
    assert told == raised("demo-failing-fan", "demo")[0]
    assert all(change.alert.is_historical for change in world.changes)


@pytest.mark.parametrize("sample", ["idle-integrated", "rendering-rx-6800"])
def test_a_healthy_card_raises_nothing(sample: str) -> None:
    assert raised(sample, "live")[0] == []
