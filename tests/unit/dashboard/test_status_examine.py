"""Checks are independent: one that hangs or raises spoils itself and no other."""

from __future__ import annotations

from threading import Event

from dashboard.status.check import Finding, Line
from dashboard.status.document import document
from dashboard.status.examine import Examined, examine
from telemetry.errors import Unavailable


class Fine:
    title = "Fine thing"
    do = "nothing"

    def look(self) -> Finding:
        return Finding((Line("ok", "it", "is there"),), {"count": 3})


class Away:
    title = "Away"
    do = "./start.sh"

    def look(self) -> Finding:
        raise Unavailable("the server\nis away")


class Broken:
    title = "Broken"
    do = "tell us"

    def look(self) -> Finding:
        raise KeyError("surprise")


class Hanging:
    title = "Hanging"
    do = "restart it"

    def look(self) -> Finding:
        Event().wait()
        raise AssertionError


def only_line(examined: Examined) -> Line:
    (line,) = examined.finding.lines
    return line


def test_results_come_in_the_order_of_the_checks() -> None:
    found = examine([Broken(), Fine(), Away()], seconds=5)
    assert [each.title for each in found] == ["Broken", "Fine thing", "Away"]
    assert [each.answered for each in found] == [False, True, False]


def test_check_that_raises_says_why_and_what_to_do() -> None:
    away, broken = examine([Away(), Broken()], seconds=5)
    assert only_line(away) == Line("bad", "no answer", "the server", "./start.sh")
    assert only_line(broken) == Line("bad", "no answer", "KeyError: 'surprise'", "tell us")


def test_check_that_hangs_is_given_up_and_the_others_are_told() -> None:
    hanging, fine = examine([Hanging(), Fine()], seconds=0.2)
    assert only_line(hanging) == Line("bad", "no answer", "no answer within 0.2 s", "restart it")
    assert fine.answered


def test_document_has_a_key_per_check_and_null_without_an_answer() -> None:
    made = document(examine([Fine(), Away()], seconds=5), "2026-01-01T00:00:00.000Z", "native")
    assert made["fine_thing"] == {"count": 3}
    assert made["away"] is None
    assert not made["healthy"]
    assert made["problems"] == [{"check": "away", "what": "no answer: the server", "do": "./start.sh"}]


def test_document_of_a_healthy_instance() -> None:
    made = document(examine([Fine()], seconds=5), "2026-01-01T00:00:00.000Z", "native")
    assert made["healthy"]
    assert made["problems"] == []
