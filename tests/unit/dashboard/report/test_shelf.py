"""Which pages are old, which periods have ended lately, and when their tables tell all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from dashboard.report.period import Period, week
from dashboard.report.shelf import Shelf, end_of, ended_lately, file_name

SUNDAY = date(2026, 11, 22)
DAY, WEEK = Period(SUNDAY, SUNDAY), week("2026-W47")
BERLIN = "Europe/Berlin"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def pages(period: Period, written: int) -> dict[str, int]:
    return {file_name(period, kind): written for kind in ("html", "pdf")}


@pytest.mark.parametrize(
    ("now", "ended"),
    [
        ("2026-11-23T00:00:00+01:00", ["2026-11-21", "2026-11-22", "2026-W47"]),
        ("2026-11-22T23:59:59+01:00", ["2026-11-20", "2026-11-21"]),
        ("2026-11-24T23:59:59+01:00", ["2026-11-22", "2026-11-23", "2026-W47"]),
        ("2026-11-25T00:00:00+01:00", ["2026-11-23", "2026-11-24"]),
        # The 29th has 23 hours: three days ended within 48.
        ("2026-03-31T00:30:00+02:00", ["2026-03-28", "2026-03-29", "2026-03-30", "2026-W13"]),
        ("2026-03-30T23:30:00+02:00", ["2026-03-28", "2026-03-29", "2026-W13"]),
    ],
)
def test_what_ended_within_48_hours(now: str, ended: list[str]) -> None:
    assert [each.name for each in ended_lately(datetime.fromisoformat(now), BERLIN)] == ended


def test_what_has_ended_is_a_matter_of_the_zone() -> None:
    now = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert DAY in ended_lately(now, "UTC")
    assert DAY not in ended_lately(now, "America/Los_Angeles")
    assert end_of(WEEK, "America/Los_Angeles") == datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tables", "batch", "over"),
    [
        ({SUNDAY: "2026-11-23T03:12:00Z"}, None, True),
        # Reported in the afternoon, after an import: the evening is not in it.
        ({SUNDAY: "2026-11-22T15:00:00Z"}, "2026-11-22T15:01:00Z", False),
        # The night's batch had nothing to add.
        ({SUNDAY: "2026-11-22T15:00:00Z"}, "2026-11-23T03:11:00Z", True),
        # It may have begun before the day had ended.
        ({SUNDAY: "2026-11-22T23:58:00Z"}, "2026-11-23T00:03:00Z", False),
        ({}, "2026-11-23T03:11:00Z", False),
    ],
)
def test_day_is_over_once_it_was_reported_after_its_end(tables: dict[date, str], batch: str | None, over: bool) -> None:
    shelf = Shelf({day: at(made) for day, made in tables.items()}, {}, at(batch) if batch else None)
    assert shelf.is_over(DAY, "UTC") is over


def test_week_is_over_with_its_last_day_or_with_the_batch_where_that_had_no_readings() -> None:
    wednesday = {date(2026, 11, 18): at("2026-11-19T03:12:00Z")}
    assert not Shelf(wednesday, {}, at("2026-11-22T03:12:00Z")).is_over(WEEK, "UTC")
    assert Shelf(wednesday, {}, at("2026-11-23T03:12:00Z")).is_over(WEEK, "UTC")
    assert Shelf(wednesday | {SUNDAY: at("2026-11-23T03:12:00Z")}, {}).is_over(WEEK, "UTC")
    # Wednesday was made anew for late readings, and the last day is still to come.
    assert not Shelf({date(2026, 11, 18): at("2026-11-23T03:12:00Z")}, {}).is_over(WEEK, "UTC")


def test_page_is_old_once_one_of_its_days_is_younger() -> None:
    tables = {SUNDAY - timedelta(days=n): 1000 + n for n in range(7)}
    assert Shelf(tables, pages(DAY, 1000)).is_made(DAY)
    assert not Shelf(tables, pages(DAY, 999)).is_made(DAY)
    assert Shelf(tables, pages(WEEK, 1006)).is_made(WEEK)
    assert not Shelf(tables, pages(WEEK, 1005)).is_made(WEEK)
    assert not Shelf(tables, {file_name(WEEK, "html"): 2000}).is_made(WEEK)
    assert not Shelf({}, {}).is_made(DAY)
    assert list(Shelf(tables, pages(DAY, 1000)).stale()) == sorted(set(tables) - {SUNDAY}, reverse=True)
