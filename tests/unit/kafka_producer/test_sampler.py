"""The sampler: GPUs that are lost, hang and come back, beside one that is well."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from kafka_producer.collect import worst
from kafka_producer.live_buffer import LiveBuffer
from kafka_producer.sampler import AT_ONCE, LONGEST_PAUSE, PATIENT, Sampler
from kafka_producer.source import LiveSource, LiveTarget
from kafka_producer.sources.nvml.source import Nvml
from support.nvml import RecordedDriver
from support.readings import made_up
from telemetry import catalogue
from telemetry.errors import Misconfigured
from telemetry.messages import Scrape
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

CATALOGUE = catalogue.load(Path(__file__).parents[3] / "config" / "metrics.yaml")
BEGIN = 1_795_698_040_000_000


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.time = BEGIN

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        raise AssertionError("the sampler waits for nobody")


class Room:
    """A sampler over recorded GPUs, each second."""

    def __init__(self, count: int) -> None:
        self.driver = RecordedDriver.of("h100-idle", count)
        self.source = Nvml(self.driver, "node-1", [], CATALOGUE)
        self.clock = Hands()
        self.readings: list[Reading] = []
        self.sampler = Sampler([(self.source, SECOND)], self.clock, self.readings.append, threading.Event())

    def pass_by(self, seconds: float, hanging: int = 0) -> None:
        """Step by step; ``hanging``: how many questions stay without an answer."""
        for _ in range(round(seconds / 0.25)):
            self.sampler.turn()
            deadline = time.monotonic() + 30
            while self.sampler.under_way > hanging:
                assert time.monotonic() < deadline
                self.sampler.turn()
            self.clock.time += SECOND // 4

    def counted(self) -> Counter[str]:
        return Counter(reading.gpu for reading in self.readings)


def test_each_gpu_is_read_on_the_beat() -> None:
    room = Room(2)
    room.clock.time += SECOND // 3
    room.pass_by(3)
    times = [reading.time - BEGIN for reading in room.readings if reading.gpu == "node-1:1"]
    assert [time // SECOND for time in times] == [0, 1, 2, 3]
    assert all(time % SECOND < SECOND // 4 for time in times[1:])


@pytest.mark.parametrize("lost", [False, True], ids=["well", "lost"])
def test_a_clock_that_is_set_back_silences_no_gpu(lost: bool, caplog: pytest.LogCaptureFixture) -> None:
    room = Room(1)
    room.pass_by(3)
    if lost:
        room.driver.cards[0].lost = True
        room.pass_by(5)
    caplog.clear()
    room.clock.time -= 2 * 3600 * SECOND
    before = len(room.readings)
    if lost:
        room.driver.cards[0].lost = False
    room.pass_by(10)
    assert len(room.readings) - before == pytest.approx(10, abs=1)
    times = [reading.time for reading in room.readings]
    assert times == sorted(set(times)), "no time is given twice"
    assert room.sampler.missed >= 0
    assert caplog.text.count("the clock was set back by 7200 s") == 1


def test_a_clock_that_is_set_back_hides_none_of_those_that_hang() -> None:
    fleet = Fleet(AT_ONCE + 1)
    fleet.turn_until(AT_ONCE)
    fleet.clock.time -= 3600 * SECOND
    fleet.turn_until(AT_ONCE + 1)


def test_what_a_card_offers_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    Room(1).pass_by(5)
    assert caplog.text.count("not offered by it") == 1


def test_a_lost_gpu_costs_no_other_a_reading_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    room = Room(2)
    room.pass_by(2)
    room.driver.cards[0].lost = True
    room.pass_by(10)
    room.driver.cards[0].lost = False
    room.pass_by(10)
    assert room.counted()["node-1:1"] == 22
    assert caplog.text.count("gpu=node-1:0 does not answer: GPU is lost; tried again") == 1
    assert "gpu=node-1:0 answers again after" in caplog.text
    assert room.counted()["node-1:0"] >= 2 + 2
    assert room.driver.starts == 1, "the driver is left alone while another GPU is read"


def test_the_pause_between_tries_grows_to_its_end() -> None:
    room = Room(1)
    room.driver.cards[0].lost = True
    room.pass_by(200)
    (asked,) = room.sampler._asked
    assert asked.pause == LONGEST_PAUSE
    # 1, 2, 4, 8, 16, 32, 60, 60 s: each time the driver is opened anew.
    assert room.driver.starts - 1 == 8


def test_a_driver_that_went_away_is_opened_again_when_it_is_back() -> None:
    room = Room(2)
    room.pass_by(1)
    room.driver.away = Misconfigured("nvml", "no driver", "one")
    for card in room.driver.cards:
        card.lost = True
    room.pass_by(5)
    room.driver.away = None
    for card in room.driver.cards:
        card.lost = False
    before = room.counted()
    room.pass_by(10)
    assert all(room.counted()[gpu] > before[gpu] for gpu in ("node-1:0", "node-1:1"))


def test_a_gpu_that_hangs_is_said_and_holds_up_nobody(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    room = Room(2)
    room.pass_by(1)
    answer = threading.Event()
    card = room.driver.cards[0]
    ask = card.ask

    def slow(question: str, *arguments: int) -> object:
        answer.wait()
        return ask(question, *arguments)

    monkeypatch.setattr(card, "ask", slow)
    room.pass_by(15, hanging=1)
    assert room.counted() == {"node-1:0": 1, "node-1:1": 16}
    assert caplog.text.count("gpu=node-1:0 has not answered for 10 s: it may hang") == 1
    answer.set()
    room.pass_by(2)
    assert "gpu=node-1:0 answers again: it took" in caplog.text
    assert room.counted()["node-1:0"] >= 3


class Slow:
    """A target that answers when it is let go; ``asked``: in which order all of them were."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self.name = name
        self.answer = threading.Event()
        self._asked = asked

    def __str__(self) -> str:
        return f"target={self.name}"

    def poll(self, now: int) -> Sequence[Reading]:
        self._asked.append(self.name)
        self.answer.wait()
        return [made_up(now // 1000, now, gpu=f"{self.name}:0", host=self.name)]


class Many:
    """A source of such targets."""

    name = "many"

    def __init__(self, count: int) -> None:
        self.asked: list[str] = []
        self.slow = [Slow(f"node-{number}", self.asked) for number in range(count)]
        self.targets: Sequence[LiveTarget] = self.slow

    def about(self, target: str) -> Iterator[str]:
        return iter(())

    def restart(self) -> None:
        """Nothing is shared."""

    def close(self) -> None:
        """Nothing is open."""


class Fleet:
    """A sampler over many targets, each ten seconds, whose clock a test turns."""

    def __init__(self, count: int) -> None:
        self.source = Many(count)
        self.clock = Hands()
        self.found: list[Reading] = []
        self.sampler = Sampler([(self.source, 10 * SECOND)], self.clock, self.found.append, threading.Event())

    def turn_until(self, asked: int) -> None:
        deadline = time.monotonic() + 30
        while len(self.source.asked) < asked:
            assert time.monotonic() < deadline
            self.sampler.turn()

    def let_go(self, targets: Iterable[Slow]) -> None:
        """They answer, and are heard."""
        wanted = len(self.found)
        for target in targets:
            target.answer.set()
            wanted += 1
        deadline = time.monotonic() + 30
        while len(self.found) < wanted:
            assert time.monotonic() < deadline
            self.sampler.turn()


def test_peers_17_as_many_are_asked_at_once_as_the_processor_can_read_and_who_waits_longest_is_next() -> None:
    fleet = Fleet(AT_ONCE + 10)
    names = [target.name for target in fleet.source.slow]
    # Just before a beat, so that who has answered is due again while the others still wait for their first turn.
    fleet.clock.time += 10 * SECOND - PATIENT // 4
    fleet.turn_until(AT_ONCE)
    fleet.sampler.turn()
    assert sorted(fleet.source.asked) == sorted(names[:AT_ONCE])
    fleet.let_go(fleet.source.slow[:3])
    fleet.clock.time += PATIENT // 2
    fleet.turn_until(AT_ONCE + 3)
    assert sorted(fleet.source.asked[AT_ONCE:]) == names[AT_ONCE : AT_ONCE + 3]
    # The seven that never were asked, and those who are due again: which of their threads comes first is chance.
    fleet.let_go(fleet.source.slow[3:20])
    deadline = time.monotonic() + 30
    while not {*names[AT_ONCE:]} <= {*fleet.source.asked}:
        assert time.monotonic() < deadline
        fleet.sampler.turn()


def test_peers_17_hundreds_that_hang_keep_nobody_from_being_asked() -> None:
    fleet = Fleet(2 * AT_ONCE + 1)
    fleet.turn_until(AT_ONCE)
    for number in (2, 3):
        fleet.clock.time += PATIENT
        fleet.turn_until(min(number * AT_ONCE, 2 * AT_ONCE + 1))
    well = fleet.source.slow[-1]
    fleet.let_go([well])
    for beat in range(1, 4):
        fleet.clock.time = BEGIN + beat * 10 * SECOND
        before = len(fleet.found)
        fleet.turn_until(2 * AT_ONCE + 1 + beat)
        deadline = time.monotonic() + 30
        while len(fleet.found) == before:
            assert time.monotonic() < deadline
            fleet.sampler.turn()
    assert [reading.host for reading in fleet.found] == [well.name] * 4
    assert [reading.time for reading in fleet.found[1:]] == [BEGIN + beat * 10 * SECOND for beat in (1, 2, 3)]


def test_peers_17_of_each_target_it_is_known_how_long_it_took_and_whether_it_answers() -> None:
    fleet = Fleet(3)
    fleet.turn_until(3)
    quick, slow, hangs = fleet.source.slow
    fleet.let_go([quick])
    fleet.clock.time += 7 * SECOND
    told = dict(fleet.sampler.scrapes())
    assert [told[target.name].success for target in (quick, slow, hangs)] == [True, True, True]
    assert told[quick.name].seconds < 7 == told[hangs.name].seconds
    fleet.let_go([slow])
    fleet.clock.time += 30 * SECOND
    fleet.sampler.turn()
    told = dict(fleet.sampler.scrapes())
    assert not told[hangs.name].success
    assert told[hangs.name].seconds == 37
    # It is asked again, and what it missed meanwhile is counted.
    fleet.let_go([hangs])
    fleet.turn_until(6)
    assert fleet.sampler.missed > 0


def test_peers_17_of_too_many_targets_those_that_fail_and_the_slowest_are_told() -> None:
    told = [(f"node-{number}", Scrape(seconds=number, success=number != 2)) for number in range(10)]
    assert list(worst(told, 3)) == ["node-2", "node-9", "node-8"]
    assert worst(told, 10) == dict(told)


def test_threads_are_as_many_as_questions_however_often_one_fails() -> None:
    room = Room(1)
    room.pass_by(1)
    room.driver.cards[0].lost = True
    room.pass_by(200)
    before = threading.active_count()
    room.pass_by(600)
    assert threading.active_count() == before


def test_a_source_that_hangs_while_it_is_opened_holds_up_no_other() -> None:
    fleet, over = Fleet(1), threading.Event()
    broken = Room(1)
    broken.driver.cards[0].lost = True
    sources: list[tuple[LiveSource, int]] = [(Hanging(broken.source, over), SECOND), (fleet.source, SECOND)]
    sampler = fleet.sampler = Sampler(sources, fleet.clock, fleet.found.append, threading.Event())
    (well,) = fleet.source.slow
    well.answer.set()
    deadline = time.monotonic() + 30
    while len(fleet.found) < 20:
        assert time.monotonic() < deadline
        sampler.turn()
        if not sampler.under_way or (sampler.under_way == 1 and fleet.found):
            fleet.clock.time += SECOND // 4
    assert sampler.under_way >= 1, "it is still being opened"
    over.set()


class Hanging:
    """A source that hangs when it is to be opened anew, until ``over``."""

    def __init__(self, source: LiveSource, over: threading.Event) -> None:
        self.name, self.targets, self.about, self.close = source.name, source.targets, source.about, source.close
        self._over = over

    def restart(self) -> None:
        self._over.wait()


def test_the_buffer_keeps_the_newest_and_counts_the_others() -> None:
    buffer = LiveBuffer(3)
    for row in range(5):
        buffer.put(made_up(row, BEGIN + row))
    assert (len(buffer), buffer.received, buffer.lost) == (3, 5, 2)
    taken = list(iter(buffer.take, None))
    assert [reading.row for reading in taken] == [2, 3, 4]
    assert buffer.take() is None
