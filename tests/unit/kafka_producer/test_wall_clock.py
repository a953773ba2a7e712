"""Local times to instants: unique, in order, the same each time."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_producer.sources.logs.wall_clock import WallClock
from telemetry.errors import Rejected
from telemetry.timestamp import format_time, parse_time

NEVER = 2**63


def times(*stamps: str, zone: str = "UTC") -> list[str]:
    clock = WallClock(ZoneInfo(zone), NEVER)
    return [format_time(clock.at(stamp.encode())).removeprefix("20") for stamp in stamps]


def test_local_time_becomes_utc() -> None:
    assert times("2021-05-16 10:17:08 ", zone="Europe/Berlin") == ["21-05-16T08:17:08.000Z"]


@pytest.mark.parametrize(
    "stamp",
    [
        "2021-05-16 10:17:08",
        " 2021-05-16 10:17:08 ",
        "2021/5/16 10:17:08",
        "2021-05-16T10:17:08",
        "2021.05.16 10:17:08",
    ],
)
def test_spellings_of_one_time(stamp: str) -> None:
    assert times(stamp) == ["21-05-16T10:17:08.000Z"]


def test_fractions_of_a_second_count_and_stay_in_the_text() -> None:
    clock = WallClock(ZoneInfo("UTC"), NEVER)
    assert format_time(clock.at(b"2018-12-19 15:39:37.843 ")) == "2018-12-19T15:39:37.843Z"
    assert clock.recorded == "2018-12-19T15:39:37.843"


def test_rows_of_one_second_follow_each_other_by_a_millisecond() -> None:
    stamps = ["2021-01-01 00:00:01 "] * 3 + ["2021-01-01 00:00:02 "]
    assert [time[-7:] for time in times(*stamps)] == ["01.000Z", "01.001Z", "01.002Z", "02.000Z"]


def test_more_rows_than_milliseconds_go_on_into_the_next_second() -> None:
    clock = WallClock(ZoneInfo("UTC"), NEVER)
    found = [clock.at(b"2021-01-01 00:00:01 ") for _ in range(1500)]
    found += [clock.at(b"2021-01-01 00:00:02 "), clock.at(b"2021-01-01 00:00:03 ")]
    assert found == sorted(set(found))


def test_the_second_pass_of_the_repeated_hour_is_an_hour_later() -> None:
    stamps = ["2021-10-31 01:59:59", "2021-10-31 02:59:59", "2021-10-31 02:00:00", "2021-10-31 03:00:00"]
    assert [time[9:17] for time in times(*stamps, zone="Europe/Berlin")] == [
        "23:59:59",
        "00:59:59",
        "01:00:00",
        "02:00:00",
    ]


def test_in_the_second_pass_minutes_go_on() -> None:
    stamps = ["2021-10-31 02:59:59", "2021-10-31 02:00:00", "2021-10-31 02:01:00", "2021-10-31 02:59:59"]
    assert [time[9:17] for time in times(*stamps, zone="Europe/Berlin")] == [
        "00:59:59",
        "01:00:00",
        "01:01:00",
        "01:59:59",
    ]


def test_the_next_autumn_begins_with_the_first_pass_again() -> None:
    stamps = ["2021-10-31 02:59:59", "2021-10-31 02:00:00", "2022-10-30 02:30:00"]
    assert times(*stamps, zone="Europe/Berlin")[-1] == "22-10-30T00:30:00.000Z"


def test_a_time_that_the_zone_skips_moves_forward() -> None:
    assert times("2021-03-28 02:30:00", zone="Europe/Berlin") == ["21-03-28T01:30:00.000Z"]


def test_a_clock_set_back_begins_a_session_of_its_own_microsecond() -> None:
    stamps = ["2021-01-01 12:00:00 ", "2021-01-01 12:00:01 ", "2021-01-01 12:00:00 ", "2021-01-01 12:00:01 "]
    assert [time[15:] for time in times(*stamps)] == ["00.000Z", "01.000Z", "00.000001Z", "01.000001Z"]


def test_a_third_pass_of_the_repeated_hour_is_a_clock_set_back() -> None:
    stamps = ["2021-10-31 02:59:00", "2021-10-31 02:00:00", "2021-10-31 02:59:00", "2021-10-31 02:00:00"]
    assert times(*stamps, zone="Europe/Berlin")[-1] == "21-10-31T00:00:00.000001Z"


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=300))
def test_instants_are_unique_and_the_same_each_time(offsets: list[int]) -> None:
    # Across the end of summer time, in any order.
    begin = parse_time("2021-10-30T22:00:00.000Z")
    stamps = [format_time(begin + offset * 1_000_000)[:19].replace("T", " ") for offset in offsets]
    found = times(*stamps, zone="Europe/Berlin")
    assert len(set(found)) == len(found)
    assert found == times(*stamps, zone="Europe/Berlin")


def test_a_clock_that_jumps_a_thousand_times_still_gives_unique_instants() -> None:
    clock = WallClock(ZoneInfo("UTC"), NEVER)
    found = [clock.at(f"2021-01-01 00:00:0{row % 2} ".encode()) for row in range(5000)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "stamp", ["", "Date", "2021-13-01 00:00:00", "2021-01-01 24:00:00", "2021-01-01 00:00:60", "x"]
)
def test_what_is_no_time_is_rejected(stamp: str) -> None:
    with pytest.raises(Rejected, match="bad_time"):
        times(stamp)


def test_a_time_in_the_future_is_rejected_and_the_next_row_goes_on() -> None:
    clock = WallClock(ZoneInfo("UTC"), parse_time("2021-01-01T12:00:00Z"))
    with pytest.raises(Rejected, match="future_time"):
        clock.at(b"2099-01-01 00:00:00 ")
    assert format_time(clock.at(b"2021-01-01 00:00:00 ")).startswith("2021-01-01T00:00:00")


@pytest.mark.parametrize("stamp", [b"0000-01-01 00:00:00", b"1601-01-01 00:00:00", b"9999-12-31 23:59:59"])
def test_years_that_no_clock_shows_are_rejected(stamp: bytes) -> None:
    with pytest.raises(Rejected, match=r"bad_time: .* expected a year from 1970 to 2200"):
        WallClock(ZoneInfo("UTC"), 2**62).at(stamp)
