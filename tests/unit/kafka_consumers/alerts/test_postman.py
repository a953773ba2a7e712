"""Who lacks a report, when it is over with it, and how often a contact is tried."""

from __future__ import annotations

import pytest

from kafka_consumers.alerts.postman import KEPT, end_of, lacking
from kafka_consumers.alerts.report_queue import WaitingReport
from kafka_consumers.alerts.retry import Retries, attempt
from telemetry.errors import Unavailable
from telemetry.timestamp import SECOND

AT = 1_000 * SECOND


def report(*told: str) -> WaitingReport:
    return WaitingReport("daily", "2026-11-22", "GPU report", frozenset(told), AT)


def test_each_contact_lacks_it_until_it_was_told_and_once() -> None:
    assert lacking(report(), ("ops", "boss", "ops")) == ["ops", "boss"]
    assert lacking(report("ops"), ("ops", "boss")) == ["boss"]


@pytest.mark.parametrize(
    ("told", "contacts", "after", "end"),
    [
        ((), ("ops",), 0, None),
        (("ops",), ("ops", "boss"), KEPT, None),
        (("ops", "boss"), ("ops", "boss"), 1, "sent"),
        # Days later it would be no news.
        (("ops",), ("ops", "boss"), KEPT + 1, "dropped"),
        # alerts.yaml was changed meanwhile.
        (("ops",), (), 1, "sent"),
        ((), (), 1, "dropped"),
    ],
)
def test_end_of_a_report(told: tuple[str, ...], contacts: tuple[str, ...], after: int, end: str | None) -> None:
    assert end_of(report(*told), contacts, AT + after) == end


def test_contact_that_is_away_is_tried_less_and_less_and_holds_up_no_other() -> None:
    retries, now, pauses = Retries(), AT, []
    for _ in range(9):
        assert retries.may_try("dead", now)
        count, pause = retries.failed("dead", now)
        assert not retries.may_try("dead", now + pause - 1)
        assert retries.may_try("ops", now)
        now += pause
        pauses.append(pause // SECOND)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert count == 9
    retries.taken("dead")
    assert retries.failed("dead", now) == (1, 5 * SECOND)


def test_attempt_says_what_went_wrong() -> None:
    def away() -> None:
        raise Unavailable("HTTP 503")

    def fault() -> None:
        raise KeyError("x")

    assert attempt("ops", lambda: None) == ""
    assert attempt("ops", away) == "HTTP 503"
    assert attempt("ops", fault) == "KeyError: 'x'"
