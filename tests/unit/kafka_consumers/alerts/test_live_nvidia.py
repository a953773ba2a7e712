"""Our own rules over live NVIDIA GPUs: silent over a minute of a healthy H100, loud where its readings are changed."""

from __future__ import annotations

import pytest

from kafka_consumers.alerts import config
from kafka_consumers.alerts.judge import Judge
from support.alert_cases import CATALOGUE, ROOT, World
from support.nvml import DATA
from telemetry.reading import Reading, decode
from telemetry.timestamp import SECOND

JUDGE = Judge(config.load(ROOT / "config/alerts.yaml", CATALOGUE))
NEVER = 2**62
MINUTE = [decode(line, NEVER) for line in (DATA / "h100-minute.jsonl").read_bytes().splitlines()]


def fired(readings: list[Reading]) -> list[tuple[str, str]]:
    world = World(JUDGE)
    for reading in readings:
        assert world.reading(reading, reading.time) == "judged"
    alerts = [change.alert for change in world.changes if change.is_recorded]
    return [(alert.rule, alert.severity) for alert in alerts if alert.state == "firing"]


def test_a_healthy_card_at_its_power_cap_alarms_nobody() -> None:
    assert fired(MINUTE) == []


@pytest.mark.parametrize(
    ("changes", "rule", "severity"),
    [
        ({"ecc_uncorrected_volatile": 1}, "ecc_uncorrected", "critical"),
        ({"row_remap_failed": 1}, "row_remap_failed", "critical"),
        ({"row_remap_pending": 1}, "reset_pending", "warning"),
        ({"remapped_rows_uncorrectable": 512}, "spare_rows", "warning"),
        ({"gpu_recovery_action": 1}, "recovery_action", "warning"),
        ({"gpu_thermal_margin": -3}, "thermal_margin", "critical"),
        ({"retired_pages_pending": 1}, "retired_pages/retired_pages_pending", "warning"),
    ],
)
def test_faults_are_told(changes: dict[str, float], rule: str, severity: str) -> None:
    assert fired([each._replace(metrics={**each.metrics, **changes}) for each in MINUTE]) == [(rule, severity)]


@pytest.mark.parametrize(
    ("bit", "rules"), [(4, []), (64, [("hardware_thermal_slowdown", "warning")]), (128, [("power_brake", "warning")])]
)
def test_the_hardware_may_slow_down_for_five_minutes_before_anybody_is_told(
    bit: int, rules: list[tuple[str, str]]
) -> None:
    def minutes(count: int) -> list[Reading]:
        reading = MINUTE[0]._replace(metrics={**MINUTE[0].metrics, "clocks_event_reasons": bit})
        begin = reading.time
        return [reading._replace(row=n, time=begin + n * SECOND) for n in range(count * 60)]

    assert fired(minutes(4)) == []
    assert fired(minutes(6)) == rules
