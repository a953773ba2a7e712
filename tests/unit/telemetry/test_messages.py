"""The messages besides readings, the self-report, the heartbeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from telemetry import heartbeat
from telemetry.errors import Rejected
from telemetry.heartbeat import Heartbeat
from telemetry.messages import (
    PAYLOAD_LIMIT,
    Aggregate,
    DeadLetter,
    FileOrigin,
    PipelineReport,
    Scrape,
    TopicOrigin,
    Window,
)
from telemetry.pipeline import REPORT_EVERY, SelfReport

WINDOW = Window(
    gpu="desk:0",
    host="desk",
    source="gpuz",
    mode="live",
    start="2026-11-23T10:00:00.000Z",
    end="2026-11-23T10:00:30.000Z",
    readings=30,
    metrics={"gpu_load": Aggregate(avg=50, min=0, max=100, count=30)},
)


class FakeClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = 1_700_000_000_000_000

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += int(seconds * 1e6)


def test_message_survives_the_wire() -> None:
    assert Window.decode(WINDOW.encode()) == WINDOW
    assert b'"schema":1' in WINDOW.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"schema":1', b'"schema":2'),
        (b'"readings":30', b'"readings":"many"'),
        (b'"readings":30', b'"readings":30,"colour":"red"'),
        (b'"avg":50.0', b'"avg":NaN'),
        (b"2026-11-23T10:00:00.000Z", b"this morning"),
    ],
)
def test_bad_message_is_rejected(old: bytes, new: bytes) -> None:
    raw = WINDOW.encode()
    assert old in raw
    with pytest.raises(Rejected) as rejected:
        Window.decode(raw.replace(old, new))
    assert rejected.value.reason == "bad_message"


@pytest.mark.parametrize("origin", [FileOrigin(file="a.txt", offset=7), TopicOrigin(topic="t", partition=0, offset=9)])
def test_dead_letter_keeps_the_bytes(origin: FileOrigin | TopicOrigin) -> None:
    raw = bytes(range(256))
    letter = DeadLetter.of(raw, Rejected("not_json", "why"), "test", "2026-11-23T10:00:00.000Z", origin)
    again = DeadLetter.decode(letter.encode())
    assert again == letter
    assert again.payload() == raw
    assert again.is_whole()


def test_dead_letter_of_a_giant_keeps_its_beginning_length_and_digest() -> None:
    raw = b"x" * (PAYLOAD_LIMIT + 1)
    origin = FileOrigin(file="a.txt", offset=0)
    letter = DeadLetter.of(raw, Rejected("too_long"), "test", "2026-11-23T10:00:00.000Z", origin)
    assert (letter.length, len(letter.payload()), letter.is_whole()) == (PAYLOAD_LIMIT + 1, PAYLOAD_LIMIT, False)


def test_self_report_is_due_once_per_interval(tmp_path: Path) -> None:
    clock = FakeClock()
    report = SelfReport("writer", tmp_path, clock)
    report.received += 3
    report.rejected["not_json"] += 1
    first = report.due()
    assert first is not None
    assert (first.received, first.rejected, first.starts) == (3, {"not_json": 1}, 1)
    assert first.memory_bytes > 1_000_000
    assert report.due() is None
    clock.time += REPORT_EVERY
    assert report.due() is not None
    assert PipelineReport.decode(first.encode()) == first
    clock.time -= 360 * REPORT_EVERY
    assert report.due() is not None
    assert report.due() is None


def test_self_report_carries_what_is_measured_when_it_is_made(tmp_path: Path) -> None:
    measured = iter([{"influxdb_bytes": 7.0}, {}])
    report = SelfReport("writer", tmp_path, FakeClock(), lambda: next(measured))
    assert [report.report().gauges for _ in range(2)] == [{"influxdb_bytes": 7.0}, {}]


def test_peers_17_self_report_names_targets_and_says_nothing_of_them_where_there_are_none(tmp_path: Path) -> None:
    scrapes = {"http://node-1:9400/metrics": Scrape(seconds=0.2, success=False)}
    report = SelfReport("collect", tmp_path, FakeClock(), dict, lambda: scrapes).report()
    assert PipelineReport.decode(report.encode()).targets == scrapes
    # A reader of before knows no such key, and would refuse all reports of all processes.
    assert b"targets" not in SelfReport("writer", tmp_path, FakeClock()).report().encode()


def test_self_report_counts_the_starts(tmp_path: Path) -> None:
    clock = FakeClock()
    for starts in (1, 2, 3):
        assert SelfReport("writer", tmp_path, clock).report().starts == starts


def test_heartbeat_has_an_age(tmp_path: Path) -> None:
    assert heartbeat.age(tmp_path, "writer") is None
    Heartbeat(tmp_path, "writer").beat()
    age = heartbeat.age(tmp_path, "writer")
    assert age is not None
    assert age < 60
