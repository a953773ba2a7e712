"""Finding the bad lines of a refused write. The fake speaks as InfluxDB 2.9.1 did when it was asked."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

import pytest

from kafka_consumers.sinks import refusals
from kafka_consumers.sinks.influxdb_api import Answer
from kafka_consumers.sinks.refusals import Entry
from telemetry.errors import Unavailable
from telemetry.timestamp import format_time

BOUND = 1_700_000_000_000_000
OLD = BOUND - 5_000_000_000_000


class Server:
    """Keeps lines by their text; refuses what ``conflict`` or ``too old`` says, as InfluxDB does."""

    def __init__(self, conflict: str = "", retention: bool = False, largest: int = 10**9) -> None:
        self.kept: set[bytes] = set()
        self.requests = 0
        self._conflict = re.compile(rf"[ ,]{conflict}=".encode()) if conflict else None
        self._field = conflict
        self._retention = retention
        self._largest = largest

    def send(self, lines: Sequence[bytes]) -> Answer:
        self.requests += 1
        if sum(map(len, lines)) > self._largest:
            return Answer(413, "request body too large")
        if [line for line in lines if b" " not in line]:
            return Answer(400, "unable to parse 'x': missing fields")
        old = [line for line in lines if self._retention and int(line.rpartition(b" ")[2]) < BOUND]
        clashing = [line for line in lines if self._conflict and self._conflict.search(line) and line not in old]
        self.kept |= set(lines) - set(old) - set(clashing)
        if clashing:
            return Answer(422, _conflict_text(self._field, len(clashing)))
        if old:
            bound = f"dropped because it violates a Retention Policy Lower Bound at {format_time(BOUND)[:-1]}000417Z"
            text = f"dropped {len(old)} points outside retention policy of duration 48h0m0s - oldest point m {bound}, "
            return Answer(422, f"failure writing points to database: partial write: {text}newest point m {bound}")
        return Answer(204)


def _conflict_text(field: str, dropped: int) -> str:
    return (
        f'failure writing points to database: partial write: field type conflict: input field "{field}" on measurement '
        f'"m" is type float, already exists as type string dropped={dropped}'
    )


def line(number: int, fields: str = "x=1", time: int = BOUND) -> bytes:
    return f"m,a=b {fields} {time + number}".encode()


def judged(lines: Sequence[bytes], send: Callable[[Sequence[bytes]], Answer]) -> dict[int, str]:
    found = refusals.write([Entry(place, line) for place, line in enumerate(lines)], send)
    assert len({each.place for each in found}) == len(found)
    return {each.place: each.error.reason for each in found}


def test_good_lines_take_one_request() -> None:
    server = Server()
    assert judged([line(n) for n in range(10)], server.send) == {}
    assert server.requests == 1


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 1.0])
def test_points_outside_retention_are_told_apart_with_few_requests(share: float) -> None:
    chance = random.Random(7)
    old = {n for n in range(5000) if chance.random() < share}
    server = Server(retention=True)
    lines = [line(n, time=OLD if n in old else BOUND) for n in range(5000)]
    assert judged(lines, server.send) == dict.fromkeys(old, "outside_retention")
    assert server.kept == {lines[n] for n in set(range(5000)) - old}
    assert server.requests <= 4


def test_field_type_conflicts_are_told_apart_with_few_requests() -> None:
    clashing = {n for n in range(5000) if n % 7 == 0}
    server = Server(conflict="x")
    lines = [line(n, "x=1,y=2" if n in clashing else "y=2") for n in range(5000)]
    assert judged(lines, server.send) == dict.fromkeys(clashing, "field_type_conflict")
    assert len(server.kept) == 5000 - len(clashing)
    assert server.requests <= 4


def test_two_reasons_at_once_are_told_apart() -> None:
    server = Server(conflict="x", retention=True)
    kinds = [("y=1", BOUND), ("x=1", BOUND), ("y=1", OLD), ("x=1", OLD)]
    lines = [line(n, *kinds[n % 4]) for n in range(400)]
    found = judged(lines, server.send)
    assert {n for n in range(400) if n % 4} == set(found)
    assert server.kept == {line for n, line in enumerate(lines) if n % 4 == 0}
    assert {found[n] for n in range(400) if n % 4 == 1} == {"field_type_conflict"}
    assert {found[n] for n in range(400) if n % 4 == 2} == {"outside_retention"}


def test_line_that_cannot_be_parsed_is_found_by_halving() -> None:
    server = Server()
    lines = [line(n) for n in range(100)]
    lines[37] = b"m,a=b 5"
    answers: list[int] = []

    def send(part: Sequence[bytes]) -> Answer:
        answer = Answer(400, "unable to parse 'm,a=b 5': missing fields") if lines[37] in part else server.send(part)
        answers.append(answer.status)
        return answer

    assert judged(lines, send) == {37: "bad_line"}
    assert len(server.kept) == 99
    assert len(answers) <= 2 * 7 + 1


def test_body_that_is_too_large_is_split() -> None:
    server = Server(largest=1000)
    lines = [line(n) for n in range(200)]
    assert judged(lines, server.send) == {}
    assert server.kept == set(lines)


def test_single_line_that_is_too_large_is_refused() -> None:
    server = Server(largest=1000)
    assert judged([line(0), line(1, "x=" + "1" * 2000), line(2)], server.send) == {1: "too_large"}
    assert len(server.kept) == 2


def test_answer_that_nobody_knows_is_still_isolated() -> None:
    bad = line(3)

    def send(part: Sequence[bytes]) -> Answer:
        return Answer(422, "something new in 2.10") if bad in part else Answer(204)

    assert judged([line(n) for n in range(8)], send) == {3: "refused_by_influxdb"}


def test_server_that_goes_away_meanwhile_is_said() -> None:
    answers = iter([Answer(422, "something")])

    def send(part: Sequence[bytes]) -> Answer:
        try:
            return next(answers)
        except StopIteration:
            raise Unavailable("gone") from None

    with pytest.raises(Unavailable):
        judged([line(n) for n in range(8)], send)


def test_detail_is_what_the_server_said() -> None:
    server = Server(conflict="x")
    (refusal,) = refusals.write([Entry(0, line(0))], server.send)
    assert "already exists as type string" in refusal.error.detail
