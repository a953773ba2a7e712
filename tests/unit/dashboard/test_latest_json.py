"""The newest readings as JSON: written once each, and never an old one."""

from __future__ import annotations

import orjson

from dashboard.routes.latest_json import forget_gone, fragment
from dashboard.stores.live import Latest
from dashboard.stores.live_board import Board, Record
from support.readings import made_up
from telemetry import topics
from telemetry.reading import encode
from telemetry.timestamp import SECOND, format_time

NOW = 1_800_000_000 * SECOND


def fed(board: Board, number: int, gpu: str = "desk:0") -> Latest:
    reading = made_up(number, NOW + number * SECOND, gpu=gpu)
    board.feed([Record(topics.GPU_METRICS, gpu.encode(), encode(reading), reading.time)], NOW)
    latest = board.gpu(gpu)
    assert latest is not None
    return latest


def test_what_did_not_change_is_written_once() -> None:
    board = Board()
    latest = fed(board, 0)
    assert fragment(board, latest) is fragment(board, latest)


def test_each_asks_for_the_reading_that_is_there_now() -> None:
    board = Board()
    for number in range(3):
        told = orjson.loads(orjson.dumps([fragment(board, fed(board, number))]))
        assert [each["time"] for each in told] == [format_time(NOW + number * SECOND)]
        assert told[0]["metrics"] == made_up(number, NOW).metrics


def test_two_boards_do_not_answer_for_each_other() -> None:
    boards = Board(), Board()
    first, second = (orjson.loads(orjson.dumps(fragment(board, fed(board, n)))) for n, board in enumerate(boards))
    assert first["time"] != second["time"]


def test_gpus_that_are_gone_are_forgotten() -> None:
    board = Board()
    kept = fragment(board, fed(board, 0))
    gone = [fed(board, n, f"gone:{n}") for n in range(9)]
    before = [fragment(board, each) for each in gone]
    forget_gone(board, {"desk:0"})
    assert fragment(board, board.gpus()[0]) is kept
    assert all(fragment(board, each) is not old for each, old in zip(gone, before, strict=True))
