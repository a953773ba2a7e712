"""Instants on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.timestamp import format_time, parse_time


def test_time_has_milliseconds_and_microseconds_only_where_needed() -> None:
    assert format_time(1621153028_000_000) == "2021-05-16T08:17:08.000Z"
    assert format_time(1621153028_001_000) == "2021-05-16T08:17:08.001Z"
    assert format_time(1621153028_001_002) == "2021-05-16T08:17:08.001002Z"


def test_time_before_1970_counts_down() -> None:
    assert format_time(-1) == "1969-12-31T23:59:59.999999Z"


@given(st.integers(-(10**16), 10**17))
def test_every_time_survives(microseconds: int) -> None:
    assert parse_time(format_time(microseconds)) == microseconds


def test_time_of_another_zone_is_the_same_instant() -> None:
    assert parse_time("2021-05-16T10:17:08+02:00") == parse_time("2021-05-16T08:17:08Z")


def test_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        parse_time("2021-05-16T08:17:08")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2021-05-16",
        "2021-W19-7T08:17:08Z",
        "20210516T081708Z",
        "2021-05-16 08:17:08Z",
        "2021-05-16T08:17Z",
        "2021-05-16T08:17:08,5Z",
        "2021-05-16T08:17:08.Z",
        "2021-05-16T08:17:08.0000001Z",
        "2021-05-16T08:17:08z",
        "2021-05-16T08:17:08+02",
        "2021-05-16T08:17:08+0200",
        "2021-05-16T08:17:08+02:00:30",
        "2021-05-16T08:17:08+24:00",
        "2021-02-29T08:17:08Z",
        "2021-05-16T24:00:00Z",
        "2021-05-16T08:17:60Z",
        "0000-05-16T08:17:08Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "２０２１-05-16T08:17:08Z",
        "2021-05-16T08:17:08Z\n",
        " 2021-05-16T08:17:08Z",
    ],
)
def test_what_is_no_rfc_3339_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999999Z"])
def test_first_and_last_instant_survive(text: str) -> None:
    assert format_time(parse_time(text)) == text
