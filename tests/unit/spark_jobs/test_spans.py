"""The windows that a batch touched as a few spans of time."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.spans import Span, covering
from telemetry.timestamp import SECOND, parse_time

LENGTH = 30


def test_windows_side_by_side_are_one_span() -> None:
    assert covering([60, 0, 30, 60], LENGTH, 10) == [Span(0, 90)]


def test_a_straggler_is_read_without_what_lies_between() -> None:
    assert covering([9_000, 0, 30], LENGTH, 10) == [Span(0, 60), Span(9_000, 9_030)]


def test_beyond_the_most_the_nearest_are_read_as_one() -> None:
    assert covering([0, 90, 9_000], LENGTH, 2) == [Span(0, 120), Span(9_000, 9_030)]
    assert covering([0, 90, 9_000], LENGTH, 1) == [Span(0, 9_030)]


def test_no_window_no_span() -> None:
    assert covering([], LENGTH, 10) == []


@given(st.lists(st.integers(-100, 10_000).map(lambda number: number * LENGTH)), st.integers(1, 8))
def test_every_window_lies_in_one_span(starts: list[int], most: int) -> None:
    spans = covering(starts, LENGTH, most)
    assert len(spans) <= most
    assert all(before.end < after.begin for before, after in pairwise(spans))
    for start in starts:
        assert sum(span.begin <= start and start + LENGTH <= span.end for span in spans) == 1


def test_dates_are_those_of_its_first_and_last_instant() -> None:
    midnight = parse_time("2026-11-24T00:00:00Z")
    assert Span(midnight - SECOND, midnight).dates() == (date(2026, 11, 23), date(2026, 11, 23))
    assert Span(midnight - SECOND, midnight + 1).dates() == (date(2026, 11, 23), date(2026, 11, 24))


def test_a_window_may_reach_beyond_the_first_and_the_last_year() -> None:
    first, last = parse_time("0001-01-01T00:00:00Z"), parse_time("9999-12-31T23:59:59Z")
    assert Span(first - SECOND, last + 30 * SECOND).dates() == (date.min, date.max)
