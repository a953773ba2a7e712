"""Which reports of which days are made: those of the days that were touched, and what looks back to them."""

from __future__ import annotations

from datetime import date, timedelta

from spark_jobs.batch import days_to_make
from spark_jobs.report_list import REPORTS
from spark_jobs.reports import baselines, trends
from spark_jobs.reports.report import FOR_EVER, Report

DAY = date(2026, 11, 22)
OWN = Report("own", lambda day: day.readings)
WEEK = Report("week", lambda day: day.readings, looks_back=7)
ALWAYS = Report("always", lambda day: day.readings, looks_back=FOR_EVER)


def after(days: int) -> date:
    return DAY + timedelta(days=days)


def test_all_reports_of_a_touched_day_in_the_order_of_the_list() -> None:
    assert days_to_make([after(1), DAY], (OWN, WEEK), lambda _: []) == {DAY: [OWN, WEEK], after(1): [OWN, WEEK]}


def test_later_days_only_where_they_look_back_and_have_been_reported() -> None:
    reported = [after(number) for number in (-3, -1, 0, 1, 7, 8, 900)]
    plan = days_to_make([DAY], (OWN, WEEK, ALWAYS), lambda _: reported)
    assert plan == {
        DAY: [OWN, WEEK, ALWAYS],
        after(1): [WEEK, ALWAYS],
        after(7): [WEEK, ALWAYS],
        after(8): [ALWAYS],
        after(900): [ALWAYS],
    }
    assert list(plan) == sorted(plan)


def test_nothing_touched_is_nothing_to_do() -> None:
    assert days_to_make([], REPORTS, lambda _: [DAY]) == {}


def test_a_report_stands_after_those_of_which_it_is_made() -> None:
    names = [report.name for report in REPORTS]
    assert len(set(names)) == len(names)
    assert names.index("summary") > max(names.index(name) for name in ("daily_statistics", "trends", "data_quality"))
    by_name = {report.name: report for report in REPORTS}
    assert by_name["summary"].looks_back >= by_name["trends"].looks_back == trends.LOOKS_BACK
    # The stream takes the newest file: a card that was imported must come into it, however old its readings.
    assert by_name[baselines.NAME].looks_back == FOR_EVER
