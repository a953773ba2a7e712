"""When the next time has come, by a clock that may be set back."""

from __future__ import annotations

import pytest

from kafka_producer.due import is_due


@pytest.mark.parametrize(
    ("now", "expected"),
    [(1000, True), (999, False), (901, False), (900, False), (899, True), (0, True), (5000, True)],
)
def test_it_is_time_at_the_moment_and_where_the_clock_was_set_back(now: int, expected: bool) -> None:
    assert is_due(now, 1000, 100) is expected


def test_the_first_time_has_come() -> None:
    assert is_due(1_800_000_000_000_000, 0, 1_000_000)
