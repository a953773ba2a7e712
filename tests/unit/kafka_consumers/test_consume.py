"""The loop: what it commits and when, with a store and a Kafka that do as the test says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from kafka_consumers import consume
from kafka_consumers.batch import Limits, Partition
from kafka_consumers.consume import Loop, Ticker
from support.loop_fakes import P0, P1, FakeKafka, FakeSink, SteppingClock
from telemetry.errors import Unavailable
from telemetry.heartbeat import Heartbeat
from telemetry.pipeline import SelfReport


class Stage:
    """A loop with its fakes. It stops when everything is committed, unless a test stops it before."""

    def __init__(
        self, directory: Path, messages: Mapping[Partition, int], batch: int = 5, ticker: Ticker | None = None
    ) -> None:
        self.clock = SteppingClock()
        self.stop = threading.Event()
        self.kafka = FakeKafka(self.clock, messages, self.at_poll)
        self.sink = FakeSink()
        self.report = SelfReport("writer", directory, self.clock)
        self.script: dict[int, list[object]] = {}
        heartbeat = Heartbeat(directory, "writer")
        limits = Limits(batch, 100)
        self.loop = Loop(
            self.kafka, self.sink, self.kafka, self.report, heartbeat, self.clock, limits, self.stop, ticker
        )  # fmt: skip

    def at_poll(self, number: int) -> None:
        if self.kafka.finished():
            self.stop.set()

    def run(self) -> None:
        self.loop.run()

    def everything(self) -> list[bytes]:
        return [each.value or b"" for partition in sorted(self.kafka.log) for each in self.kafka.log[partition]]


def test_everything_is_stored_once_in_order_and_committed(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 100})
    stage.run()
    assert stage.sink.stored == stage.everything()
    offsets = [commit[P0] for commit in stage.kafka.commits]
    assert offsets == sorted(set(offsets))
    assert offsets[-1] == 100
    assert (stage.report.received, stage.report.sent) == (100, 100)
    assert stage.sink.closed


def test_backlog_that_does_not_fill_a_batch_goes_when_its_time_is_over(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 7}, batch=5000)
    stage.clock.sleep(3600)
    began = stage.clock.time
    stage.run()
    assert stage.sink.stored == stage.everything()
    assert stage.sink.writes == [7]
    assert stage.clock.time - began >= 100_000


def test_what_comes_just_now_is_written_at_once_and_the_rest_gathers_meanwhile(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 60}, batch=5000)
    stage.sink.open.clear()

    def at_poll(number: int) -> None:
        if number == 20:
            stage.sink.open.set()
        stage.at_poll(number)

    stage.kafka.at_poll = at_poll
    stage.run()
    assert stage.sink.stored == stage.everything()
    assert stage.sink.writes[0] == stage.kafka.most_per_poll
    assert len(stage.sink.writes) == 2


def test_kafka_is_told_how_far_now_and_then_and_in_the_end(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 300})
    stage.clock.sleep(3600)
    stage.run()
    assert len(stage.kafka.commits) < len(stage.sink.writes)
    assert stage.kafka.committed[P0] == 300


def test_store_away_loses_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 20})
    stage.sink.failures = 5
    stage.run()
    assert stage.sink.stored == stage.everything()
    assert stage.kafka.committed[P0] == 20


def test_store_that_hangs_pauses_the_consumer_but_keeps_it_in_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "ROOM_SECONDS", 0.001)
    stage = Stage(tmp_path, {P0: 100})
    stage.sink.open.clear()
    committed_while_hanging: list[dict[Partition, int]] = []

    def at_poll(number: int) -> None:
        if stage.kafka.polls_while_paused == 20:
            committed_while_hanging.extend(stage.kafka.commits)
            stage.sink.open.set()
        if stage.kafka.finished():
            stage.stop.set()

    stage.kafka.at_poll = at_poll
    stage.run()
    assert stage.kafka.polls_while_paused > 20
    assert committed_while_hanging == []
    # Two batches in flight and one filled: no more was taken out of Kafka.
    assert stage.sink.stored == stage.everything()


def test_bad_records_are_kept_before_their_offset_moves(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 12})
    stage.clock.sleep(3600)
    stage.sink.bad = {b"0/3"}
    stage.sink.refused = {b"0/7", b"0/8"}
    stage.run()
    assert [(bad.record.offset, bad.error.reason) for bad in stage.kafka.letters] == [
        (3, "not_json"), (7, "refused"), (8, "refused"),
    ]  # fmt: skip
    first, second = stage.kafka.committed_at_letters
    assert first[P0] <= 3
    assert second[P0] <= 7
    assert len(stage.sink.stored) == 9
    assert stage.report.rejected == {"not_json": 1, "refused": 2}
    assert stage.report.sent == 9


def test_batch_of_nothing_but_bad_records_moves_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 10})
    stage.sink.bad = set(stage.everything())
    stage.run()
    assert stage.sink.stored == []
    assert len(stage.kafka.letters) == 10
    assert stage.kafka.committed[P0] == 10


def test_record_that_finds_a_fault_of_ours_is_a_dead_letter_and_the_line_goes_on(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 10})
    stage.sink.faults = {b"0/4"}
    stage.run()
    assert [(bad.record.offset, bad.error.reason) for bad in stage.kafka.letters] == [(4, "internal_error")]
    assert stage.kafka.committed[P0] == 10


def test_fault_of_the_store_ends_the_loop_and_commits_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 10})
    stage.sink.fault = RuntimeError("a fault of ours")
    with pytest.raises(RuntimeError, match="a fault of ours"):
        stage.run()
    assert stage.kafka.commits == []
    assert stage.sink.closed


def test_kafka_away_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(tmp_path, {P0: 10})
    stage.kafka.away = 7
    with caplog.at_level("INFO"):
        stage.run()
    assert stage.sink.stored == stage.everything()
    assert stage.kafka.committed[P0] == 10
    said = [record.getMessage() for record in caplog.records if "server=kafka" in record.getMessage()]
    assert len(said) == 2, "once away and once back"


def test_what_was_lost_in_a_rebalance_is_written_but_not_committed(tmp_path: Path) -> None:
    """The fake refuses commits of partitions that are not owned: the next owner's offsets must not be moved."""
    stage = Stage(tmp_path, {P0: 9, P1: 9})
    stage.sink.open.clear()

    def at_poll(number: int) -> None:
        if number == 3:
            stage.kafka.lose(P1)
        if number == 5:
            stage.sink.open.set()
        if number > 5 and stage.kafka.finished():
            stage.stop.set()

    stage.kafka.at_poll = at_poll
    stage.run()
    assert stage.kafka.committed[P0] == 9
    assert stage.kafka.committed[P1] == 0


def test_partition_that_stays_through_a_rebalance_loses_nothing_that_was_polled(tmp_path: Path) -> None:
    """kafka-python keeps the position of a partition that stays: what was polled of it comes no second time."""
    stage = Stage(tmp_path, {P0: 30, P1: 30}, batch=1000)

    def at_poll(number: int) -> None:
        if number == 4:
            stage.kafka.lose(P1)
        if number == 6:
            stage.kafka.gain(P1)
        if number > 6 and stage.kafka.finished():
            stage.stop.set()

    stage.kafka.at_poll = at_poll
    stage.run()
    assert set(stage.sink.stored) == set(stage.everything())
    assert stage.sink.stored.count(b"0/0") == 1
    assert stage.kafka.committed == {P0: 30, P1: 30}


def test_stop_finishes_what_was_polled(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 100}, batch=1000)

    def at_poll(number: int) -> None:
        if number == 2:
            stage.stop.set()

    stage.kafka.at_poll = at_poll
    stage.run()
    assert stage.kafka.committed[P0] == len(stage.sink.stored) == stage.kafka.position[P0] == 9


def test_stop_while_the_store_is_away_commits_nothing_and_ends(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 100})
    stage.sink.failures = 1_000_000

    def at_poll(number: int) -> None:
        if number == 6:
            stage.stop.set()

    stage.kafka.at_poll = at_poll
    stage.run()
    assert stage.kafka.commits == []
    assert stage.sink.closed


def test_batch_that_failed_when_the_stop_came_is_not_passed_over(tmp_path: Path) -> None:
    """The store is away for one batch alone, and is back for the next one, while the process is to stop."""
    stage = Stage(tmp_path, {P0: 100})
    stage.sink.failures = 1
    stage.sink.open.clear()

    def at_poll(number: int) -> None:
        if number == 12:
            stage.stop.set()
            stage.sink.open.set()

    stage.kafka.at_poll = at_poll
    stage.run()
    assert stage.sink.stored == []
    assert len(stage.sink.writes) == 1
    assert stage.kafka.commits == []


def test_stop_does_not_wait_for_a_store_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consume, "DRAIN_SECONDS", 0.01)
    stage = Stage(tmp_path, {P0: 100})
    stage.sink.open.clear()

    def at_poll(number: int) -> None:
        if number == 3:
            stage.stop.set()

    stage.kafka.at_poll = at_poll
    stage.run()
    stage.sink.open.set()
    assert stage.kafka.commits == []


def test_report_tells_lag_and_latency(tmp_path: Path) -> None:
    stage = Stage(tmp_path, {P0: 10})
    stage.clock.time += 5_000_000
    stage.run()
    first, last = stage.kafka.reports[0], stage.kafka.reports[-1]
    assert first.lag == 10
    assert last.received == 10
    assert last.sent == 10
    assert last.latency_seconds is not None
    assert last.latency_seconds >= 5.0


def test_heartbeat_is_touched(tmp_path: Path) -> None:
    Stage(tmp_path, {P0: 1}).run()
    assert (tmp_path / "writer.heartbeat").exists()


def test_records_that_kafka_deleted_unread_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(tmp_path, {P0: 20})
    stage.clock.sleep(3600)
    del stage.kafka.log[P0][8:12]

    def at_poll(number: int) -> None:
        if stage.kafka.committed[P0] == 20:
            stage.stop.set()

    stage.kafka.at_poll = at_poll
    stage.run()
    assert [record.getMessage() for record in caplog.records if record.getMessage().startswith("gap")] == [
        "gap topic=gpu-metrics partition=0 records=4: Kafka deleted them before they were read"
    ]


class Ticks:
    """Notes what was stored when time passed; ``enough`` is set after some ticks."""

    def __init__(self, most: int) -> None:
        self.stage: Stage | None = None
        self.seen: list[tuple[int, int]] = []
        self.enough = threading.Event()
        self._most = most
        self.failures = 0

    def tick(self, now: int) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the store is away", retry_after=0.001)
        assert self.stage is not None
        self.seen.append((now, len(self.stage.sink.stored)))
        if len(self.seen) >= self._most:
            self.enough.set()


class Ticked(Stage):
    def at_poll(self, number: int) -> None:
        assert isinstance(self.ticks, Ticks)
        if self.ticks.enough.is_set() and self.kafka.finished():
            self.stop.set()

    def __init__(self, directory: Path, messages: Mapping[Partition, int], ticks: Ticks) -> None:
        self.ticks = ticks
        ticks.stage = self
        super().__init__(directory, messages, ticker=ticks)


def test_time_passes_only_for_what_is_written(tmp_path: Path) -> None:
    stage = Ticked(tmp_path, {P0: 200}, Ticks(3))
    stage.run()
    first, *later = stage.ticks.seen
    # The mark stood at the end of what Kafka had: no tick came before all of it was stored.
    assert first[1] == 200
    assert [stored for _, stored in later] == [200] * len(later)
    times = [now for now, _ in stage.ticks.seen]
    assert times == sorted(set(times))


def test_time_passes_while_nothing_arrives(tmp_path: Path) -> None:
    stage = Ticked(tmp_path, {P0: 0}, Ticks(5))
    stage.run()
    assert len(stage.ticks.seen) >= 5


def test_a_tick_is_repeated_until_the_store_is_back(tmp_path: Path) -> None:
    ticks = Ticks(2)
    ticks.failures = 3
    stage = Ticked(tmp_path, {P0: 10}, ticks)
    stage.run()
    assert ticks.failures == 0
    assert len(ticks.seen) >= 2


def test_no_time_passes_while_kafka_is_away(tmp_path: Path) -> None:
    stage = Ticked(tmp_path, {P0: 10}, Ticks(2))
    stage.kafka.away = 5
    stage.run()
    # Kafka's absence was waited for, not taken for silence.
    assert stage.ticks.seen[0][1] == 10
