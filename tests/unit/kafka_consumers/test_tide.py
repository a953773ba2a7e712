"""Marks: when a time has passed for a sink."""

from __future__ import annotations

from kafka_consumers.tide import Tide
from telemetry.timestamp import SECOND

P0, P1 = ("gpu-metrics", 0), ("gpu-metrics", 1)
NOW = 1_700_000_000 * SECOND


def test_a_mark_is_reached_once_everything_before_it_is_written() -> None:
    tide = Tide()
    assert tide.reached({}) is None
    assert tide.is_due(NOW)
    tide.set(NOW, {P0: 5, P1: 3})
    assert tide.reached({P0: 5}) is None
    assert tide.reached({P0: 9, P1: 2}) is None
    assert tide.reached({P0: 9, P1: 3}) == NOW
    assert tide.reached({P0: 9, P1: 3}) is None


def test_where_nothing_waits_the_time_has_passed_at_once() -> None:
    tide = Tide()
    tide.set(NOW, {})
    assert tide.reached({}) == NOW


def test_one_mark_at_a_time_and_one_a_second() -> None:
    tide = Tide()
    tide.set(NOW, {P0: 5})
    assert not tide.is_due(NOW + 60 * SECOND)
    assert tide.reached({P0: 5}) == NOW
    assert not tide.is_due(NOW + SECOND - 1)
    assert tide.is_due(NOW + SECOND)


def test_a_clock_that_was_set_back_does_not_stop_time() -> None:
    tide = Tide()
    tide.set(NOW, {})
    assert tide.reached({}) == NOW
    assert tide.is_due(NOW - 3600 * SECOND)


def test_a_mark_means_nothing_once_partitions_have_moved() -> None:
    tide = Tide()
    tide.set(NOW, {P0: 5})
    tide.forget()
    assert tide.reached({P0: 5}) is None
    assert tide.is_due(NOW + SECOND)
