"""The sampler: GPUs that are lost, hang and come back, beside one that is well."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from kafka_producer.live_buffer import LiveBuffer
from kafka_producer.sampler import LONGEST_PAUSE, Sampler
from kafka_producer.sources.nvml.source import Nvml
from support.nvml import RecordedDriver
from support.readings import made_up
from telemetry import catalogue
from telemetry.errors import Misconfigured
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
        self.sampler = Sampler(self.source, SECOND, self.clock, self.readings.append, threading.Event())

    def pass_by(self, seconds: float, hanging: int = 0) -> None:
        """Step by step; ``hanging``: how many questions stay without an answer."""
        for _ in range(round(seconds / 0.25)):
            self.sampler.turn()
            deadline = time.monotonic() + 30
            while sum(asked.worker.is_busy for asked in self.sampler._asked) > hanging:
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


def test_the_buffer_keeps_the_newest_and_counts_the_others() -> None:
    buffer = LiveBuffer(3)
    for row in range(5):
        buffer.put(made_up(row, BEGIN + row))
    assert (len(buffer), buffer.received, buffer.lost) == (3, 5, 2)
    taken = list(iter(buffer.take, None))
    assert [reading.row for reading in taken] == [2, 3, 4]
    assert buffer.take() is None
