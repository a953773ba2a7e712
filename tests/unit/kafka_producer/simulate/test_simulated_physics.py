"""Simulated cards behave as cards do: heat follows power, clocks fall when it is too hot, all is repeatable."""

from __future__ import annotations

import itertools
from datetime import datetime
from statistics import fmean

import pytest

from kafka_producer.simulate.cards import CARDS, Card
from kafka_producer.simulate.columns import Sensors
from kafka_producer.simulate.gpuz_writer import Header, Row, record
from kafka_producer.simulate.scenarios import SCENARIOS, STORY

START = datetime(2026, 1, 15)
THERMAL = 2


def series(card: str, scenario: str, *, rows: int, interval: float = 1.0, seed: int = 1) -> dict[str, list[float]]:
    """Sensor -> its values over the log."""
    elements = record(CARDS[card], SCENARIOS[scenario], seed=seed, start=START, rows=rows, interval=interval)
    columns: tuple[str, ...] = ()
    values: dict[str, list[float]] = {}
    for element in elements:
        if isinstance(element, Header):
            columns = tuple(column.sensor for column in element.columns)
        elif isinstance(element, Row):
            for sensor, cell in zip(columns, element.cells, strict=True):
                values.setdefault(sensor, []).append(float("nan") if cell == "-" else float(cell))
    return values


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.key)
def test_every_column_shows_a_sensor(card: Card) -> None:
    assert {column.sensor for column in card.columns} <= set(Sensors._fields)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("card", CARDS)
def test_values_are_possible(card: str, scenario: str) -> None:
    values = series(card, scenario, rows=400, interval=2.0)
    assert all(15 <= value <= 110 for value in values["temperature"])
    assert all(0 <= value <= 100 for value in values["gpu_load"])
    assert max(values["core_clock"]) <= CARDS[card].boost_clock
    assert min(values["core_clock"]) >= CARDS[card].idle_clock - 0.1
    assert all(value >= 0 for column in values.values() for value in column if value == value)


def test_power_and_temperature_follow_load() -> None:
    idle, game, render = (series("rtx-3080", name, rows=200) for name in ("idle", "gaming", "rendering"))
    power = [fmean(values["board_power"]) for values in (idle, game, render)]
    heat = [fmean(values["temperature"]) for values in (idle, game, render)]
    assert power == sorted(power)
    assert heat == sorted(heat)
    assert max(render["board_power"]) < 1.05 * CARDS["rtx-3080"].power_limit
    assert all(int(mask) & 1 for mask, load in zip(render["perfcap"], render["gpu_load"], strict=True) if load == 100)


def test_heat_comes_slowly() -> None:
    values = series("rtx-3080", "failing-fan", rows=360)["temperature"]
    # Seconds after the power has changed the core jumps, but by no more than its joint's resistance allows.
    assert max(abs(b - a) for a, b in itertools.pairwise(values)) < 4


def test_idle_card_says_so() -> None:
    values = series("rtx-3080", "idle", rows=100)
    assert set(values["perfcap"]) == {16}
    assert set(values["fan_percent"]) == {0}


def test_failing_fan_tells_its_story_and_ends_where_it_began() -> None:
    values = series("rtx-3080", "failing-fan", rows=int(STORY))
    heat, clock, mask = values["temperature"], values["core_clock"], [int(value) for value in values["perfcap"]]
    throttled = [second for second, bits in enumerate(mask) if bits & THERMAL]
    assert all(value < 75 for value in heat[:60])
    assert 60 < next(second for second, value in enumerate(heat) if value > 85) < throttled[0] + 5
    assert 5 <= sum(value > 95 for value in heat) <= 40
    assert min(clock[throttled[0] : throttled[-1]]) < 0.6 * clock[0]
    assert throttled == list(range(throttled[0], throttled[-1] + 1))
    assert throttled[-1] < 270
    for sensor in ("temperature", "core_clock", "fan_percent", "hot_spot"):
        assert values[sensor][-1] == pytest.approx(values[sensor][0], rel=0.03)
    # It limps and is never quite still: 0 RPM at a duty above 0 would read as a sensor that is not there.
    assert min(values["fan1_rpm"]) > 50


def test_failing_fan_is_the_same_story_every_six_minutes() -> None:
    values = series("rtx-3080", "failing-fan", rows=3 * int(STORY))["temperature"]
    for second in range(int(STORY)):
        assert values[second + int(STORY)] == pytest.approx(values[second], abs=3)


def test_thermal_throttling_has_hysteresis() -> None:
    mask = [int(value) & THERMAL for value in series("gtx-970", "thermal-throttling", rows=600)["perfcap"]]
    changes = sum(a != b for a, b in itertools.pairwise(mask))
    assert sum(map(bool, mask)) > 300
    assert changes < 20


def test_day_has_a_night_and_an_evening_of_games_with_some_throttling() -> None:
    values = series("rtx-3080", "day", rows=2880, interval=30.0)
    load, mask = values["gpu_load"], [int(value) for value in values["perfcap"]]
    per_hour = 120
    assert fmean(load[3 * per_hour : 6 * per_hour]) < 2
    assert fmean(load[20 * per_hour : 21 * per_hour]) > 70
    throttled_minutes = sum(bool(bits & THERMAL) for bits in mask) / 2
    assert 3 < throttled_minutes < 45


def test_days_differ() -> None:
    values = series("rtx-3080", "day", rows=2 * 2880, interval=30.0)["gpu_load"]
    assert values[:2880] != values[2880:]


def test_same_seed_same_log_and_another_seed_another() -> None:
    assert series("rtx-4090", "gaming", rows=50) == series("rtx-4090", "gaming", rows=50)
    assert series("rtx-4090", "gaming", rows=50) != series("rtx-4090", "gaming", rows=50, seed=2)


def test_integrated_gpu_has_no_voltage_and_a_card_without_perfcap_none() -> None:
    assert all(value != value for value in series("integrated", "gaming", rows=5)["core_voltage"])
    assert "perfcap" not in series("rx-6800", "gaming", rows=5)
