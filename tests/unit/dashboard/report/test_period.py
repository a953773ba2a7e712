"""What a day and a week are, on which clock, and what is said of what is neither."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from dashboard.report import period
from dashboard.report.period import Hours, Period
from telemetry.errors import Misconfigured


def test_week_is_named_by_its_number_or_by_a_date_in_it() -> None:
    wanted = Period(date(2026, 11, 16), date(2026, 11, 22))
    for text in ("2026-W47", "2026-11-16", "2026-11-22"):
        assert period.week(text) == wanted
    assert (wanted.name, wanted.title, wanted.span) == (
        "2026-W47",
        "Week 47 of 2026",
        "16 November to 22 November 2026",
    )
    # The first days of January may be of a week of the year before.
    assert period.week("2027-01-01").name == "2026-W53"
    assert period.week("2027-01-01").span == "28 December 2026 to 3 January 2027"


@pytest.mark.parametrize("text", ["2026-W54", "2026-W00", "yesterday", "2026-13-01", "W47", ""])
def test_what_is_no_week_is_misuse(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"--week: found .*expected a week such as 2026-W48, or a date in it"):
        period.week(text)


@pytest.mark.parametrize("text", ["2026-02-30", "22.11.2026", "", "20261122x"])
def test_what_is_no_date_is_misuse(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"--date: found .*expected a date such as 2026-11-22"):
        period.day(text)


@pytest.mark.parametrize(("text", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_day_has_the_hours_that_its_zone_gives_it(text: str, hours: int) -> None:
    made = Hours(period.day(text), "Europe/Berlin")
    assert made.count == hours
    assert made.label(0) == "00:00"
    assert made.label(hours - 1) == "23:00"
    assert made.index(made.begin) == 0


def test_moments_have_their_place_in_the_period() -> None:
    hours = Hours(period.day("2026-11-22"), "Asia/Kolkata")
    moment = datetime(2026, 11, 22, 6, 30, 5, tzinfo=UTC)
    assert (hours.index(moment), hours.clock(moment)) == (12, "12:00:05")
    assert hours.share(hours.begin) == 0.0
    assert hours.share(datetime(2026, 11, 30, tzinfo=UTC)) == 1.0
    assert hours.index(datetime(2026, 11, 21, 18, 29, tzinfo=UTC)) < 0
    of_week = Hours(period.week("2026-W47"), "Asia/Kolkata")
    assert of_week.clock(moment) == "Sun 12:00:05"
    assert of_week.axis() == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", ""]
