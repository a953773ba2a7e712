"""Positions of a Kafka that was lost, beside records of the one that took its place."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from kafka_consumers.batch import Partition
from kafka_consumers.remade_topics import judged_so_far
from support.loop_fakes import P0, P1, message


def nobody_is_asked(partitions: Collection[Partition]) -> dict[Partition, int]:
    raise AssertionError(f"asked for {partitions}")


def test_news_asks_nobody() -> None:
    arrivals = [message(7), message(8), message(0, P1)]
    assert judged_so_far({P0: 7}, arrivals, nobody_is_asked) == {P0: 7}


def test_what_kafka_sends_again_is_passed_over() -> None:
    assert judged_so_far({P0: 7}, [message(5), message(6), message(7)], lambda _: {P0: 8}) == {P0: 7}


def test_partition_that_ends_below_the_position_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    """The other one is only sent again."""
    arrivals = [message(0), message(1), message(5, P1)]
    found = judged_so_far({P0: 7, P1: 6}, arrivals, lambda _: {P0: 2, P1: 6})
    assert found == {P0: 0, P1: 6}
    assert "remade topic=gpu-metrics partition=0 end=2 position=7" in caplog.text
