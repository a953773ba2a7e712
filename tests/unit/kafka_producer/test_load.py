"""A load: every reading can be told from all others, and none of them gives anybody anything to say."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kafka_consumers.alerts import config
from kafka_consumers.alerts.judge import Judge
from kafka_producer.load import Load, peak, values
from support.alert_cases import CATALOGUE, ROOT, World
from telemetry.loads import is_name
from telemetry.reading import decode, encode
from telemetry.timestamp import SECOND, parse_time

BEGIN = parse_time("2026-11-26T20:00:00Z")


def load(rate: int = 1000, gpus: int = 20, metrics: int = 25) -> Load:
    return Load("test", BEGIN, rate, gpus, values(CATALOGUE, metrics))


@given(rate=st.integers(1, 20_000), gpus=st.integers(1, 3000), count=st.integers(1, 4000))
def test_each_gpu_has_the_rows_from_0_on_and_no_time_twice(rate: int, gpus: int, count: int) -> None:
    readings = [load(rate, gpus, 2).reading(number) for number in range(count)]
    rows = Counter(reading.gpu for reading in readings)
    assert {(each.gpu, each.row) for each in readings} == {(gpu, row) for gpu in rows for row in range(rows[gpu])}
    assert len({(each.gpu, each.time) for each in readings}) == count


def test_readings_pass_the_judge_of_all_readings_and_come_at_the_pace() -> None:
    made = load(rate=500, gpus=5)
    for number in range(2000):
        reading = made.reading(number)
        assert decode(encode(reading), BEGIN + 10 * SECOND) == reading
        assert len(reading.metrics) == 25
        assert all(CATALOGUE[name].is_plausible(value) for name, value in reading.metrics.items())
    assert made.due(1000) - made.due(0) == 2 * SECOND


def test_no_rule_has_anything_to_say_of_a_load() -> None:
    world = World(Judge(config.load(ROOT / "config/alerts.yaml", CATALOGUE)))
    made = load(rate=4, gpus=2, metrics=100)
    for number in range(4000):
        reading = made.reading(number)
        world.reading(reading, reading.time)
    assert world.changes == []


def test_a_hot_load_raises_alerts_that_clear_and_come_again() -> None:
    world = World(Judge(config.load(ROOT / "config/alerts.yaml", CATALOGUE)))
    made = load(rate=2, gpus=1)._replace(peak=peak(CATALOGUE))
    for number in range(400):
        reading = made.reading(number)
        world.reading(reading, reading.time)
    told = [(change.alert.severity, change.alert.state) for change in world.changes if change.is_recorded]
    assert told.count(("critical", "firing")) >= 2
    assert ("critical", "resolved") in told


def test_a_load_has_a_name_that_can_be_part_of_a_host() -> None:
    assert is_name("chaos-101500")
    assert not any(map(is_name, ("", "-", "Upper", "a" * 32, 'a" or "', "a:b")))
