"""Which rows a document is made of, and what is said where there are none."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from dashboard.report import period, tables
from dashboard.report.period import Period
from dashboard.stores.away import Missing
from support.report_rows import DEMO, DESK, LAST, WORN, MadeUp
from telemetry.errors import Unavailable

PLACE = "/gpu-analytics on nowhere"


def test_newest_day_is_the_default() -> None:
    before = LAST - timedelta(days=1)
    assert tables.load(MadeUp(missing=[LAST]), None, PLACE).period == Period(before, before)


def test_where_nothing_was_reported_it_says_what_to_do() -> None:
    wanted = r"no reports yet: found nothing in .*; expected the tables .*; do \./start\.sh submit batch"
    with pytest.raises(Unavailable, match=wanted):
        tables.load(MadeUp(days=0), None, PLACE)
    with pytest.raises(Unavailable, match=wanted):
        tables.load(MadeUp(days=0), Period(LAST, LAST), PLACE)


def test_day_that_was_not_reported_is_named_beside_those_that_were() -> None:
    with pytest.raises(
        Unavailable,
        match=r"no reports of 2026-01-01: found those of 35 days from 2026-10-19 to 2026-11-22 in .*; "
        r"expected some of 1 January 2026; do \./start\.sh submit batch --date 2026-01-01",
    ):
        tables.load(MadeUp(), period.day("2026-01-01"), PLACE)
    with pytest.raises(Unavailable, match=r"--from 2026-11-23 --to 2026-11-29"):
        tables.load(MadeUp(), period.week("2026-W48"), PLACE)


def test_day_without_readings_has_empty_reports_and_says_so() -> None:
    with pytest.raises(Unavailable, match=r"the reports of 2026-11-22 are empty: found no row in .*: send some"):
        tables.load(MadeUp(gpus=[]), Period(LAST, LAST), PLACE)


def test_week_has_the_rows_of_its_days_and_the_last_day_looks_back_for_it() -> None:
    gone = date(2026, 11, 18)
    found = tables.load(MadeUp(missing=[gone]), period.week("2026-W47"), PLACE)
    assert len(found.days) == 6
    assert gone not in found.days
    assert len(found.of(tables.SUMMARY, DESK)) == 6
    assert {row["date"] for row in found.of(tables.TRENDS, DESK)} == {LAST}
    assert len(found.history_of(DESK)) == 29
    assert not found.of(tables.SPIKES, DESK)


def test_report_that_a_killed_batch_did_not_make_is_named() -> None:
    class Killed(MadeUp):
        def rows(self, name: str, day: date) -> list[dict[str, Any]]:
            if name == "trends" and day == LAST:
                raise Missing("it")
            return super().rows(name, day)

    found = tables.load(Killed(), Period(LAST, LAST), PLACE)
    assert found.lacking == ("trends of 2026-11-22",)
    assert found.of(tables.SUMMARY, DESK)


def test_real_gpus_come_first_each_in_the_order_of_its_number() -> None:
    found = tables.load(MadeUp(gpus=["z:10", DEMO, "z:9", "a:0"]), Period(LAST, LAST), PLACE)
    assert [row["gpu"] for row in found.gpus()] == ["a:0", "z:9", "z:10", DEMO]
    assert [row["gpu"] for row in found.only([DEMO, WORN]).gpus()] == [DEMO]
