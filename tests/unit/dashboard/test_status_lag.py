"""A reader that has records before it and finishes none is told from one that catches up."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.status.lag import still
from telemetry.messages import PipelineReport
from telemetry.timestamp import SECOND, format_time, parse_time

BEGIN = parse_time("2026-03-01T12:00:00Z")


def reports(sent: Sequence[int], lag: Sequence[int | None], started: int = 0) -> list[PipelineReport]:
    """One each 10 s."""
    return [
        PipelineReport(
            process="influxdb-writer", instance="one", host="here", time=format_time(BEGIN + 10 * number * SECOND),
            started=format_time(BEGIN - SECOND + started), starts=1, received=1000, sent=done, rejected={},
            lag=waiting, memory_bytes=1,
        )
        for number, (done, waiting) in enumerate(zip(sent, lag, strict=True))
    ]  # fmt: skip


def seconds(told: list[PipelineReport], after: float) -> float:
    return still(told, BEGIN / SECOND + after)


def test_one_that_finishes_nothing_stands_still_since_it_first_had_not() -> None:
    assert seconds(reports([5, 9, 9, 9], [0, 7, 8, 20]), 35) == 25


def test_one_that_catches_up_does_not() -> None:
    assert seconds(reports([5, 9, 12, 40], [900, 800, 700, 600]), 35) == 5


def test_one_without_anything_to_do_does_not() -> None:
    assert seconds(reports([9, 9, 9], [0, 0, 0]), 300) == 0


def test_one_that_does_not_know_does_not() -> None:
    assert seconds(reports([9, 9, 9], [4, 4, None]), 300) == 0


def test_one_that_was_started_meanwhile_counts_from_then() -> None:
    assert seconds(reports([9, 9], [4, 4]) + reports([9, 9, 9, 9], [4, 4, 4, 4], started=5)[2:], 35) == 15


def test_nobody_who_said_nothing_is_accused() -> None:
    assert still([], BEGIN / SECOND) == 0


def test_dead_letters_are_work_that_is_done() -> None:
    told = reports([9, 9, 9], [4, 4, 4])
    told[2] = told[2].model_copy(update={"rejected": {"not_json": 3}})
    assert seconds(told, 25) == 5
