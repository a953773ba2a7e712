"""Freshness: an old reading is a fault only where a new one was due; and waiting for one to be seen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dashboard.status.freshness import Freshness
from dashboard.stores.influxdb import _rows
from dashboard.stores.lake import File, mixed_since, newest_of_pure
from dashboard.wait_command import seen
from telemetry.errors import Unavailable
from telemetry.reading import Mode
from telemetry.timestamp import SECOND, parse_time

NOW = 1_000_000


class Store:
    """Answers with the next of ``answers``, the last one for ever; None is a store that is away."""

    name = "shelf"

    def __init__(self, *answers: dict[Mode, int] | None) -> None:
        self._answers = list(answers)

    def newest(self) -> dict[Mode, int]:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is None:
            raise Unavailable("the shelf is away")
        return answer


class Clock:
    def __init__(self) -> None:
        self.seconds = float(NOW)

    def now(self) -> int:
        return int(self.seconds * SECOND)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def freshness(newest: dict[Mode, int], demo_uptime: float) -> Sequence[tuple[str, str]]:
    check = Freshness(Store(newest), lambda: demo_uptime, 60, "look", now=lambda: float(NOW))
    return [(line.label, line.state) for line in check.look().lines]


def test_young_readings_are_fine() -> None:
    assert freshness({"demo": (NOW - 2) * SECOND, "live": (NOW - 5) * SECOND}, 600) == [("live", "ok"), ("demo", "ok")]


def test_old_demo_reading_is_bad_while_the_demonstration_runs() -> None:
    assert freshness({"demo": (NOW - 90) * SECOND}, 600) == [("demo", "bad")]
    assert freshness({}, 600) == [("demo", "bad")]


def test_old_demo_reading_is_fine_when_the_demonstration_is_off_or_new() -> None:
    assert freshness({"demo": (NOW - 90) * SECOND}, 0) == [("demo", "ok")]
    assert freshness({"demo": (NOW - 90) * SECOND}, 20) == [("demo", "ok")]


def test_old_live_and_imported_readings_are_no_fault() -> None:
    found = freshness({"live": (NOW - 9000) * SECOND, "import": 5 * SECOND}, 0)
    assert found == [("live", "ok"), ("import", "ok")]


def test_store_without_readings_is_worth_a_note() -> None:
    assert freshness({}, 0) == [("readings", "note")]


def test_waiting_ends_when_every_store_holds_a_young_reading() -> None:
    clock, said = Clock(), list[str]()
    stores = [Store(None, {}, {"demo": (NOW + 1) * SECOND}), Store({"demo": (NOW + 1) * SECOND})]
    assert seen(stores, "demo", 30, 60, clock, said.append)
    assert said[:2] == ["waiting for shelf: the shelf is away", "waiting for shelf: no demo reading yet"]
    assert len(said) == 4


def test_waiting_ends_without_one_when_time_is_up() -> None:
    clock, said = Clock(), list[str]()
    assert not seen([Store({"demo": (NOW - 600) * SECOND})], "demo", 30, 60, clock, said.append)
    assert "expected one younger than 30 s within 1 min 00 s" in said[-1]
    assert clock.seconds == pytest.approx(NOW + 61)


def test_answer_of_flux_is_read_table_by_table() -> None:
    text = (
        ",result,table,_time,host\r\n,_result,0,2026-01-01T00:00:01Z,demo-01\r\n"
        "\r\n,result,table,host,_time\r\n,_result,1,desk,2026-01-01T00:00:02.5Z\r\n\r\n"
    )
    assert list(_rows(text)) == [
        (parse_time("2026-01-01T00:00:01Z"), "demo-01"),
        (parse_time("2026-01-01T00:00:02.5Z"), "desk"),
    ]
    assert list(_rows("\r\n")) == []


def test_newest_of_the_lake_comes_from_files_of_one_mode() -> None:
    files = [File("demo", "demo", 5), File("demo", "demo", 9), File("import", "import", 2), File("demo", "live", 99)]
    assert newest_of_pure(files) == {"demo": 9, "import": 2}
    assert mixed_since(files) == 99
    assert mixed_since(files[:3]) is None


def test_only_the_newest_mixed_files_are_read() -> None:
    assert mixed_since([File("demo", "live", time) for time in range(100)]) == 92
