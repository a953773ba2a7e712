"""When the batch runs: by the clock of the zone, made up for after a pause, and after large imports."""

from __future__ import annotations

import pytest

from spark_jobs.report_schedule import OFF, QUIET, RETRY, ReportSchedule
from telemetry.errors import Misconfigured
from telemetry.messages import Window
from telemetry.reading import Mode
from telemetry.timestamp import SECOND, parse_time

NOON = parse_time("2026-11-22T12:00:00Z")
NIGHT = "10 3 * * *"


def schedule(cron: str = NIGHT, zone: str = "UTC", last_run: int | None = None) -> ReportSchedule:
    return ReportSchedule(cron, zone, 1000, NOON, last_run)


def window(readings: int, start: str = "2016-05-01T10:00:00.000Z", mode: Mode = "import") -> Window:
    return Window(
        gpu="local:0", host="local", source="gpuz", mode=mode, start=start, end=start, readings=readings, metrics={}
    )


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("UTC", "2026-11-23T03:10:00Z"),
        ("Europe/Berlin", "2026-11-23T02:10:00Z"),
        ("Asia/Tokyo", "2026-11-22T18:10:00Z"),
    ],
)
def test_night_is_that_of_the_zone(zone: str, at: str) -> None:
    made = schedule(zone=zone)
    assert made.next_night == parse_time(at)
    assert made.due(parse_time(at) - 1) is None
    assert made.due(parse_time(at)) == "nightly"
    made.ran(parse_time(at), well=True)
    assert made.due(parse_time(at) + 3600 * SECOND) is None
    assert made.next_night is not None
    assert made.next_night - parse_time(at) == 86_400 * SECOND


def test_night_in_which_nobody_was_there_is_made_up_for() -> None:
    assert schedule(last_run=parse_time("2026-11-21T03:15:00Z")).due(NOON) == "nightly"
    assert schedule(last_run=parse_time("2026-11-22T03:15:00Z")).due(NOON) is None


def test_large_import_is_reported_when_it_has_come_to_rest() -> None:
    made = schedule(OFF)
    made.see(window(600), NOON)
    made.see(window(600, "2016-05-01T10:00:30.000Z"), NOON + 60 * SECOND)
    assert made.due(NOON + 60 * SECOND + QUIET - 1) is None
    assert made.due(NOON + 60 * SECOND + QUIET) == "import of 1200 readings"
    made.ran(NOON + 60 * SECOND + QUIET, well=True)
    assert made.due(NOON + 10 * QUIET) is None


def test_small_import_live_windows_and_windows_sent_anew_are_no_large_import() -> None:
    made = schedule(OFF)
    for count in (300, 600, 999):
        made.see(window(count), NOON)
    made.see(window(5000, "2026-11-22T11:59:30.000Z", "live"), NOON)
    made.see(window(5000, "2026-11-22T11:59:30.000Z", "demo"), NOON)
    assert made.due(NOON + 10 * QUIET) is None
    made.see(window(1000), NOON)
    assert made.due(NOON + 10 * QUIET) == "import of 1000 readings"


def test_run_that_failed_is_tried_again_later() -> None:
    made = schedule(OFF)
    made.see(window(1000), NOON)
    made.ran(NOON + QUIET, well=False)
    assert made.due(NOON + QUIET + RETRY - 1) is None
    assert made.due(NOON + QUIET + RETRY) == "the last run failed"
    made.ran(NOON + QUIET + RETRY, well=True)
    assert made.due(NOON + 10 * RETRY) is None


@pytest.mark.parametrize("cron", ["nightly", "99 3 * * *", "10 3 * *", "10 3 * * * *"])
def test_what_is_no_cron_expression_is_said(cron: str) -> None:
    with pytest.raises(Misconfigured, match="REPORT_SCHEDULE"):
        schedule(cron)
