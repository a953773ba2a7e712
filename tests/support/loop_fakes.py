"""A Kafka and a store for the loop of kafka-consumers, in memory, that do as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from kafka_consumers.batch import BadRecord, Partition
from kafka_consumers.sink import Record, Refusal
from telemetry.errors import Rejected, Unavailable
from telemetry.messages import PipelineReport

TOPIC = "gpu-metrics"
P0: Partition = (TOPIC, 0)
P1: Partition = (TOPIC, 1)


class Message(NamedTuple):
    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes | None


def message(offset: int, partition: Partition = P0, value: bytes | None = None) -> Message:
    return Message(*partition, offset, 1_700_000_000_000, value or b"%d/%d" % (partition[1], offset))


class SteppingClock:
    """Moves on by a poll's time-out when there is nothing to poll, so that no test waits for a batch to fill."""

    def __init__(self) -> None:
        self.time = 1_700_000_000_000_000

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += int(seconds * 1e6)


class FakeKafka:
    """Input and outbox of a loop: ``log`` holds the messages, ``committed`` what a new owner would begin at."""

    def __init__(self, clock: SteppingClock, messages: Mapping[Partition, int], at_poll: Callable[[int], None]) -> None:
        self.log = {partition: [message(n, partition) for n in range(count)] for partition, count in messages.items()}
        self.owned = set(self.log)
        self.position = dict.fromkeys(self.log, 0)
        self.committed = dict.fromkeys(self.log, 0)
        self.commits: list[dict[Partition, int]] = []
        self.paused: set[Partition] = set()
        self.polls_while_paused = 0
        self.letters: list[BadRecord] = []
        self.committed_at_letters: list[dict[Partition, int]] = []
        self.reports: list[PipelineReport] = []
        self.away = 0
        """So many calls fail before Kafka is back."""
        self.most_per_poll = 3
        self._clock = clock
        self.at_poll = at_poll
        self._polls = 0

    def poll(self, timeout_ms: int, max_records: int) -> Mapping[Partition, Sequence[Record]]:
        self.at_poll(self._polls)
        self._polls += 1
        self._answer()
        self.polls_while_paused += bool(self.paused)
        polled: dict[Partition, Sequence[Record]] = {}
        room = min(max_records, self.most_per_poll)
        for partition in sorted(self.owned - self.paused):
            begin = self.position[partition]
            if taken := self.log[partition][begin : begin + room]:
                polled[partition] = taken
                self.position[partition] += len(taken)
                room -= len(taken)
        if not polled:
            self._clock.time += timeout_ms * 1000
        return polled

    def assignment(self) -> set[Partition]:
        return set(self.owned)

    def pause(self) -> None:
        self.paused = set(self.owned)

    def resume(self) -> None:
        self.paused = set()

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        self._answer()
        if strangers := set(offsets) - self.owned:
            raise AssertionError(f"commit of partitions that belong to another: {strangers}")
        self.commits.append(dict(offsets))
        self.committed |= offsets

    def ends(self, done: Mapping[Partition, int]) -> dict[Partition, int] | None:
        self._answer()
        starts = {each: done.get(each, self.committed[each]) for each in self.owned}
        return {each: len(self.log[each]) for each in self.owned if len(self.log[each]) > starts[each]}

    def lag(self, done: Mapping[Partition, int]) -> int | None:
        return sum(len(self.log[each]) - done.get(each, self.committed[each]) for each in self.owned)

    def keep(self, records: Sequence[BadRecord]) -> None:
        self.letters += records
        self.committed_at_letters.append(dict(self.committed))

    def tell(self, report: PipelineReport) -> None:
        self.reports.append(report)

    def lose(self, partition: Partition) -> None:
        """Another consumer takes it, and begins where it was committed."""
        self.owned = self.owned - {partition}

    def gain(self, partition: Partition) -> None:
        self.owned = self.owned | {partition}
        self.position[partition] = self.committed[partition]

    def finished(self) -> bool:
        return all(self.committed[partition] >= len(self.log[partition]) for partition in self.owned)

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("Kafka does not answer", retry_after=0.001)


class FakeSink:
    """Remembers what it was given; fails, refuses and hangs on demand."""

    topics = (TOPIC,)

    def __init__(self) -> None:
        self.stored: list[bytes] = []
        self.writes: list[int] = []
        """How many records each write had."""
        self.failures = 0
        self.bad: set[bytes] = set()
        """These cannot be encoded."""
        self.refused: set[bytes] = set()
        """These the store refuses."""
        self.faults: set[bytes] = set()
        """These find a fault of ours while they are encoded."""
        self.fault: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.begun = threading.Event()
        self.closed = False

    def start(self) -> None:
        """Nothing to do."""

    def encode(self, record: Record) -> bytes:
        value = record.value or b""
        if value in self.faults:
            raise ZeroDivisionError("a fault of ours")
        if value in self.bad:
            raise Rejected("not_json", "as the test says")
        return value

    def write(self, items: Sequence[bytes]) -> list[Refusal]:
        self.writes.append(len(items))
        self.begun.set()
        self.open.wait(30)
        if self.fault:
            raise self.fault
        if self.failures:
            self.failures -= 1
            raise Unavailable("the store is away", retry_after=0.001)
        self.stored += [item for item in items if item not in self.refused]
        return [Refusal(place, Rejected("refused")) for place, item in enumerate(items) if item in self.refused]

    def close(self) -> None:
        self.closed = True
