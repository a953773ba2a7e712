"""The time that a page looks at, as its address says it."""

from __future__ import annotations

import pytest

from dashboard.pages.view import MINUTE, View, instant
from dashboard.stores.history import KnownGpu
from telemetry.timestamp import MILLISECOND, SECOND, parse_time

NOW = parse_time("2026-11-26T12:00:00.000Z")
AT = parse_time("2021-05-16T08:17:08.000Z")


def known(first: int, last: int) -> KnownGpu:
    return KnownGpu("desk-01:0", "desk-01", "gpuz", frozenset({"import"}), first, last, ())


@pytest.mark.parametrize(
    "text",
    [
        "1621153028000",
        "2021-05-16T08:17:08.000Z",
        "2021-05-16T10:17:08+02:00",
        "2021-05-16 08:17:08",
        " 2021-05-16T08:17:08 ",
    ],
)
def test_an_instant_is_read_as_links_and_people_write_it(text: str) -> None:
    assert instant(text) == AT


@pytest.mark.parametrize("text", ["", "yesterday", "-5", "2021-13-01", "9" * 17, "１６２１１５３０２８０００"])
def test_what_is_no_instant_is_none(text: str) -> None:
    assert instant(text) is None


def test_minutes_and_days_may_be_left_out() -> None:
    assert instant("2021-05-16 08:17") == AT - 8 * SECOND
    assert instant("2021-05-16") == parse_time("2021-05-16T00:00:00Z")


def test_a_gpu_that_runs_shows_its_last_minutes_and_a_recorded_one_everything() -> None:
    assert View.asked("", "", "", known(AT, NOW - SECOND), NOW).last == "15m"
    span = View.asked("", "", "", known(AT, AT + 60 * MINUTE), NOW).span
    assert span.begin == AT
    assert span.end > AT + 60 * MINUTE
    assert View.asked("", "", "", None, NOW).last == "15m"


def test_the_address_leads_back_to_the_same_span() -> None:
    view = View.between(AT + 123, AT + 10 * MINUTE)
    begin, end = (part.split("=")[1] for part in view.query.split("&"))
    again = View.asked("", begin, end, None, NOW)
    assert again.span.begin <= view.span.begin < again.span.begin + MILLISECOND
    assert again.span.end - MILLISECOND < view.span.end <= again.span.end
    assert View.asked("6h", "1", "2", None, NOW) == View.of_last("6h", NOW)


def test_a_span_is_never_empty_nor_backwards() -> None:
    assert View.between(AT, AT).span.end > AT
    assert View.between(AT + MINUTE, AT).span == View.between(AT, AT + MINUTE).span
    view = View.between(0, SECOND)
    for _ in range(50):
        view = view.scaled(0.5).moved(-0.5)
    assert view.span.begin >= 0
    assert view.span.end > view.span.begin
    for _ in range(80):
        view = view.scaled(2)
    assert view.span.end < parse_time("2101-01-01T00:00:00Z")
