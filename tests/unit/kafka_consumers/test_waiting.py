"""Waiting for a server: what is said, and when it ends."""

from __future__ import annotations

import threading

import pytest

from kafka_consumers.waiting import Server
from support.loop_fakes import SteppingClock
from telemetry.errors import Misconfigured, Unavailable


class Flaky:
    """Fails with each of ``errors``, then answers."""

    def __init__(self, *errors: str) -> None:
        self._errors = list(errors)

    def __call__(self) -> str:
        if self._errors:
            raise Unavailable(self._errors.pop(0), retry_after=0.001)
        return "here"


def test_absence_is_said_once_per_reason_and_the_return_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        answer = Server("store", SteppingClock(), threading.Event()).insist(Flaky("a", "a", "b", "a", "b"))
    assert answer == "here"
    assert [record.getMessage().split()[0] for record in caplog.records] == ["away", "away", "back"]


def test_next_absence_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    server = Server("store", SteppingClock(), threading.Event())
    server.insist(Flaky("a"))
    server.insist(Flaky("a"))
    assert sum("away" in record.getMessage() for record in caplog.records) == 2


def test_stop_ends_the_wait_at_once() -> None:
    stop = threading.Event()
    stop.set()

    def away() -> None:
        raise Unavailable("a", retry_after=3600)

    with pytest.raises(Unavailable):
        Server("store", SteppingClock(), stop).insist(away)


def test_what_waiting_cannot_cure_is_not_waited_for() -> None:
    def wrong() -> None:
        raise Misconfigured("key", "found", "expected")

    with pytest.raises(Misconfigured):
        Server("store", SteppingClock(), threading.Event()).insist(wrong)


def test_each_try_is_a_sign_of_life() -> None:
    beats: list[int] = []
    Server("store", SteppingClock(), threading.Event()).insist(Flaky("a", "a"), lambda: beats.append(1))
    assert len(beats) == 3
