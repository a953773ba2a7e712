"""Which pages are handed over to be sent, and which are not: each day and week once, and none that is not asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from dashboard.report.handover import Handover
from dashboard.report.period import Period, week
from dashboard.report.shelf import KINDS, Shelf, file_name
from dashboard.stores.outgoing_postgres import ReportKind
from support.report_rows import DEMO, DESK, LAST, MadeUp
from telemetry.timestamp import parse_time

DAY, WEEK = Period(LAST, LAST), week("2026-W47")
BEFORE = Period(LAST - timedelta(days=1), LAST - timedelta(days=1))
MONDAY = parse_time("2026-11-23T03:30:00Z")


@dataclass
class Clock:
    time: int = MONDAY

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        raise AssertionError


@dataclass
class Lake:
    """Pages are made when they are asked for, but for ``broken``; the tables of each day were made after it."""

    days: int = 35
    clock: Clock = field(default_factory=Clock)
    pages: dict[str, int] = field(default_factory=dict)
    broken: set[Period] = field(default_factory=set)
    made: list[Period] = field(default_factory=list)

    def shelf(self) -> Shelf:
        days = [LAST - timedelta(days=n) for n in range(self.days)]
        return Shelf(dict.fromkeys(days, self.clock.time // 1000), self.pages, None)

    def html(self, period: Period) -> bytes | None:
        name = file_name(period, "html")
        return f"page of {period.name}".encode() if name in self.pages else None

    def make(self, period: Period) -> None:
        self.made.append(period)
        if period not in self.broken:
            self.pages |= {file_name(period, kind): self.clock.time // 1000 for kind in KINDS}


@dataclass
class Post:
    asked: set[str]
    rows: dict[tuple[str, str], tuple[str, str | None]] = field(default_factory=dict)

    def kinds(self) -> set[str]:
        return self.asked

    def known(self, periods: Collection[str]) -> set[str]:
        return {period for _, period in self.rows if period in periods}

    def put(self, kind: ReportKind, period: str, title: str, html: str | None) -> None:
        assert (kind, period) not in self.rows
        self.rows[kind, period] = (title, html)


def handover(lake: Lake, post: Post, gpus: Iterable[str] = (DESK, DEMO)) -> Handover:
    return Handover(lake, MadeUp(gpus=gpus), post, "UTC", lake.clock)


def test_day_and_week_are_handed_over_once_each_and_none_that_ended_longer_ago() -> None:
    lake, post = Lake(), Post({"daily", "weekly"})
    for _ in range(3):
        handover(lake, post).step(lake.make)
    assert post.rows == {
        ("daily", BEFORE.name): ("GPU report, Saturday, 21 November 2026", "page of 2026-11-21"),
        ("daily", DAY.name): ("GPU report, Sunday, 22 November 2026", "page of 2026-11-22"),
        ("weekly", WEEK.name): ("GPU report, Week 47 of 2026", "page of 2026-W47"),
    }
    assert lake.made == [BEFORE, DAY, WEEK]


def test_day_that_is_made_anew_is_not_handed_over_again() -> None:
    lake, post = Lake(), Post({"daily"})
    handover(lake, post).step(lake.make)
    before = dict(post.rows)
    lake.clock.time += 3600 * 1_000_000
    handover(lake, post).step(lake.make)
    assert post.rows == before


@pytest.mark.parametrize(("asked", "periods"), [({"weekly"}, {"2026-W47"}), (set(), set())])
def test_what_nobody_gets_is_not_handed_over_and_no_week_made_for_it(asked: set[str], periods: set[str]) -> None:
    lake, post = Lake(), Post(asked)
    handover(lake, post).step(lake.make)
    assert {period for _, period in post.rows} == periods
    assert {each.name for each in lake.made} == periods


def test_page_that_cannot_be_made_is_handed_over_when_it_can_be() -> None:
    lake, post = Lake(broken={DAY}), Post({"daily"})
    handover(lake, post).step(lake.make)
    assert set(post.rows) == {("daily", BEFORE.name)}
    lake.broken.clear()
    handover(lake, post).step(lake.make)
    assert set(post.rows) == {("daily", BEFORE.name), ("daily", DAY.name)}


def test_page_that_lies_there_from_before_the_end_is_made_anew() -> None:
    lake, post = Lake(pages={file_name(WEEK, kind): 1 for kind in KINDS}), Post({"weekly"})
    handover(lake, post).step(lake.make)
    assert lake.made == [WEEK]
    assert set(post.rows) == {("weekly", WEEK.name)}


def test_day_of_the_demonstration_alone_is_for_nobody() -> None:
    lake, post = Lake(), Post({"daily", "weekly"})
    handover(lake, post, gpus=[DEMO]).step(lake.make)
    assert {html for _, html in post.rows.values()} == {None}
    assert len(post.rows) == 3
    assert lake.made == []


def test_tables_without_a_row_are_waited_with() -> None:
    lake, post = Lake(), Post({"daily"})
    handover(lake, post, gpus=[]).step(lake.make)
    assert post.rows == {}


def test_nothing_reported_is_nothing_to_hand_over() -> None:
    lake, post = Lake(days=0), Post({"daily", "weekly"})
    handover(lake, post).step(lake.make)
    assert post.rows == {}
