"""When recorded readings are played."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_producer.pace import Playback, parse_speed, shifted, speed_text

SECOND = 1_000_000


def test_the_rhythm_is_kept_at_speed_one() -> None:
    playback = Playback(start=100 * SECOND, speed=1)
    assert [playback.at(second * SECOND) for second in (7, 8, 11)] == [100 * SECOND, 101 * SECOND, 104 * SECOND]


def test_sixty_times_as_fast() -> None:
    playback = Playback(start=0, speed=60)
    assert [playback.at(second * SECOND) for second in (0, 60, 120)] == [0, SECOND, 2 * SECOND]


def test_a_recorded_clock_that_steps_back_is_not_waited_for() -> None:
    playback = Playback(start=0, speed=1)
    assert [playback.at(second * SECOND) for second in (0, 10, 5, 6)] == [0, 10 * SECOND, 10 * SECOND + 1, 11 * SECOND]


@given(st.lists(st.integers(0, 10**15)), st.sampled_from([0.5, 1.0, 60.0, 1e6]))
def test_played_instants_rise_and_are_the_same_each_time(recorded: list[int], speed: float) -> None:
    first, second = Playback(5, speed), Playback(5, speed)
    played = [first.at(instant) for instant in recorded]
    assert played == [second.at(instant) for instant in recorded]
    assert played == sorted(set(played))


def test_shifted_keeps_the_spacing() -> None:
    place = shifted(newest=50, end=1000)
    assert [place(instant) for instant in (10, 50)] == [960, 1000]


@pytest.mark.parametrize(("text", "speed"), [("max", "max"), ("1", 1.0), ("0.5", 0.5), ("60", 60.0)])
def test_speeds_are_read_and_written(text: str, speed: object) -> None:
    assert parse_speed(text) == speed
    assert speed_text(parse_speed(text)) == text


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_speed(text)
