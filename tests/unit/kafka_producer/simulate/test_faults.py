"""The stories with a fault show it, from the moment that their labels name."""

from __future__ import annotations

import csv
import itertools
from datetime import datetime
from pathlib import Path
from statistics import fmean

import pytest

from kafka_producer.simulate import labels
from kafka_producer.simulate.cards import CARDS
from kafka_producer.simulate.gpuz_writer import Header, Row, record
from kafka_producer.simulate.scenarios import SCENARIOS
from telemetry.errors import Misconfigured

from .test_simulate_command import simulate

START = datetime(2026, 1, 15)


def series(scenario: str, sensor: str, seconds: int, interval: float = 5.0) -> list[float]:
    rows = int(seconds / interval)
    place = 0
    values: list[float] = []
    for element in record(CARDS["rtx-3080"], SCENARIOS[scenario], seed=4, start=START, rows=rows, interval=interval):
        if isinstance(element, Header):
            place = [column.sensor for column in element.columns].index(sensor)
        elif isinstance(element, Row):
            values.append(float(element.cells[place]))
    return values


def test_dried_paste_is_hotter_from_session_to_session_at_the_same_load() -> None:
    hour = 720
    heat, load = (series("dried-paste", sensor, 8 * 3600) for sensor in ("temperature", "gpu_load"))
    games = [slice(number * hour + 120, number * hour + 420) for number in range(8)]
    means = [fmean(heat[game]) for game in games]
    assert max(means[:3]) - min(means[:3]) < 1
    assert all(later > earlier + 1 for earlier, later in itertools.pairwise(means[2:]))
    assert max(fmean(load[game]) for game in games) - min(fmean(load[game]) for game in games) < 5


def test_lowered_power_limit_caps_power_and_says_so() -> None:
    power, mask = (series("power-limit", sensor, 2400) for sensor in ("board_power", "perfcap"))
    assert max(power[:240]) > 1.2 * max(power[250:])
    assert not any(int(bits) & 1 for bits in mask[:240])
    assert fmean(int(bits) & 1 for bits in mask[240:]) > 0.9


def test_stuck_sensor_shows_one_value_while_the_load_moves() -> None:
    heat, load = (series("stuck-sensor", sensor, 2400) for sensor in ("temperature", "gpu_load"))
    assert len(set(heat[:240])) > 20
    assert len(set(heat[240:])) == 1
    assert max(load[240:]) - min(load[240:]) > 50


def test_spike_is_one_reading() -> None:
    heat = series("single-spike", "temperature", 900, interval=1.0)
    assert heat.index(max(heat)) == 600
    assert heat[600] - max(heat[599], heat[601]) > 30
    assert max(heat[:600] + heat[601:]) < 75


def test_healthy_day_never_throttles() -> None:
    assert not any(int(bits) & 2 for bits in series("healthy-day", "perfcap", 86_400, interval=30.0))


def test_labels_are_written_on_demand(tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    out = str(tmp_path / "log.txt")
    options = ("--scenario", "stuck-sensor", "--duration", "1h", "--interval", "30", "--gpu", "desk:0")
    assert simulate(*options, "--out", out, "--labels", str(truth)) == 0
    with truth.open(encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [
            {
                "gpu": "desk:0",
                "kind": "stuck",
                "metric": "gpu_temperature",
                "start": "2026-01-15 00:20:00",
                "end": "2026-01-15 01:00:00",
            }
        ]


def test_labels_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="--labels"):
        simulate("--duration", "5", "--out", str(tmp_path / "log"), "--labels", str(tmp_path / "no" / "such"))


@pytest.mark.parametrize("name", SCENARIOS)
def test_labels_lie_in_the_log(name: str) -> None:
    rows = labels.table(SCENARIOS[name], gpu="desk:0", start=START, duration=86_400).splitlines()[1:]
    assert bool(rows) == (name not in {"idle", "gaming", "rendering", "healthy-day"})
    assert all("2026-01-15 00:00:00" <= row.split(",")[3] < row.split(",")[4] <= "2026-01-16 00:00:00" for row in rows)
