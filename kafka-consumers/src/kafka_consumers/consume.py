"""The one loop: poll -> encode -> batch -> write -> dead letters -> commit, in this order, for every sink.

What comes just now is written at once while nothing else is being written; else it gathers, as a backlog does, until a
batch is full or has waited. Offsets move only after the store and the dead letters have acknowledged, in order. Two
batches are in flight at most: one being written, one waiting for the writer's thread, while this thread polls and
encodes the next. While a store is away the consumer is paused but polled, so that it keeps its place in the group.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from functools import partial
from math import ceil
from threading import Event
from typing import Any, Generic, NamedTuple, Protocol

from kafka_consumers.batch import Batch, Limits, Partition
from kafka_consumers.sink import Item, Sink
from kafka_consumers.tide import Tide
from kafka_consumers.waiting import Server
from kafka_consumers.writer import DeadLetters, Writer, Written
from telemetry.clock import Clock
from telemetry.errors import Rejected, Unavailable
from telemetry.heartbeat import Heartbeat
from telemetry.messages import PipelineReport
from telemetry.pipeline import SelfReport
from telemetry.timestamp import MILLISECOND

logger = logging.getLogger(__name__)

IN_FLIGHT = 2
IDLE_POLL_MS = 100
ROOM_SECONDS = 0.5
"""How long the loop waits for the writer before it polls (paused) to keep its place in the group."""
BUSY_POLL_MS = 5
"""While a batch is being written the loop looks this often whether it is done: the next one waits for that."""
COMMIT_EVERY = 200 * MILLISECOND
"""Kafka takes milliseconds for a commit, in which nothing is polled. So much is written again after a crash."""
DRAIN_SECONDS = 8.0
"""How long a stop waits for batches in flight: below supervisor's and Docker's patience of 10 s."""


class Input(Protocol):
    """A member of a consumer group; every call may raise Unavailable while Kafka is away."""

    def poll(self, timeout_ms: int, max_records: int) -> Mapping[Any, Sequence[Any]]:
        """The next records of each partition; partitions come and go only in here."""
        ...

    def assignment(self) -> set[Any]: ...

    def pause(self) -> None:
        """Until ``resume``, ``poll`` gives nothing of the partitions that it has now."""
        ...

    def resume(self) -> None: ...

    def commit(self, offsets: Mapping[Partition, int]) -> None: ...

    def ends(self, done: Mapping[Partition, int]) -> Mapping[Partition, int] | None:
        """The end of each partition that has records after ``done`` (or after what was committed before us); None
        while there are no partitions."""
        ...

    def lag(self, done: Mapping[Partition, int]) -> int | None:
        """How many records those are, over all partitions."""
        ...


class Outbox(DeadLetters, Protocol):
    """Where dead letters and self-reports go."""

    def tell(self, report: PipelineReport) -> None:
        """Sent and forgotten. Raises Unavailable."""
        ...


class Ticker(Protocol):
    """A sink that wants to know, too, that time passes."""

    def tick(self, now: int) -> None:
        """Everything that Kafka had taken by ``now`` is written. Called as ``write`` is; may raise Unavailable."""
        ...


class _InFlight(NamedTuple):
    batch: Batch[Any]
    written: Future[Written]


class Loop(Generic[Item]):
    """Runs one sink until ``stop`` is set; finishes what is in flight before it returns."""

    def __init__(
        self,
        source: Input,
        sink: Sink[Item],
        outbox: Outbox,
        report: SelfReport,
        heartbeat: Heartbeat,
        clock: Clock,
        limits: Limits,
        stop: Event,
        ticker: Ticker | None = None,
    ) -> None:
        self._input = source
        self._sink = sink
        self._outbox = outbox
        self._report = report
        self._heartbeat = heartbeat
        self._clock = clock
        self._limits = limits
        self._stop = stop
        self._batch: Batch[Item] = Batch(limits)
        self._in_flight: deque[_InFlight] = deque()
        self._writer = Writer(sink, outbox, clock, stop)
        self._owned: set[Partition] = set()
        self._uncommitted: dict[Partition, int] = {}
        self._committed = 0
        self._done: dict[Partition, int] = {}
        self._next: dict[Partition, int] = {}
        self._paused = False
        self._ticker = ticker
        self._tide = Tide()
        self._ticking: Future[None] | None = None
        self._kafka = Server("kafka", clock, stop)

    def run(self) -> None:
        """Raises what a sink raises besides Unavailable: a fault of ours, and the supervisor starts us anew."""
        try:
            while not self._stop.is_set():
                self._heartbeat.beat()
                try:
                    self._turn()
                    self._kafka.answered()
                except Unavailable as error:
                    self._kafka.pause(error)
            self._drain()
        finally:
            self._sink.close()

    def _turn(self) -> None:
        if len(self._batch) and not self._batch.wait_ms(self._clock.now()) and len(self._in_flight) >= IN_FLIGHT:
            self._wait_for_room()
        else:
            self._poll()
        self._collect()
        self._submit_if_due()
        self._commit()
        self._tick()
        self._say()

    def _wait_for_room(self) -> None:
        if wait([self._in_flight[0].written], timeout=ROOM_SECONDS).done:
            return
        # Each time anew: what a rebalance brings is not paused.
        self._input.pause()
        self._paused = True
        self._take(self._input.poll(0, 1))

    def _poll(self) -> None:
        if self._paused:
            self._input.resume()
            self._paused = False
        patience = IDLE_POLL_MS
        if len(self._batch):
            # Rounded up: a poll that ends before the batch is due asks Kafka for nothing.
            patience = min(patience, ceil(self._batch.wait_ms(self._clock.now())))
            if self._batch.is_live:
                patience = min(patience, BUSY_POLL_MS)
        self._take(self._input.poll(patience, self._batch.room or 1))

    def _take(self, polled: Mapping[Partition, Sequence[Any]]) -> None:
        self._let_go()
        now = self._clock.now()
        encode, batch = self._sink.encode, self._batch
        for partition, records in polled.items():
            self._notice_gap(partition, records[0].offset)
            batch.reach(partition, records, now)
            self._next[partition] = records[-1].offset + 1
            for record in records:
                try:
                    item = encode(record)
                except Rejected as error:
                    batch.reject(record, error)
                except Exception as error:
                    # A fault of ours, but of this record: it must not stop the line, nor be lost.
                    logger.exception("fault topic=%s partition=%d offset=%d", *partition, record.offset)
                    batch.reject(record, Rejected("internal_error", repr(error)))
                else:
                    batch.add(record, item)
            self._report.received += len(records)

    def _notice_gap(self, partition: Partition, offset: int) -> None:
        """The one loss that is not ours to prevent: Kafka's retention ended while the store was away."""
        if offset > self._next.get(partition, offset):
            lost = offset - self._next[partition]
            logger.error(
                "gap topic=%s partition=%d records=%d: Kafka deleted them before they were read", *partition, lost
            )

    def _let_go(self) -> None:
        """A rebalance may have taken partitions away: their offsets are the next owner's.

        Not done in a rebalance listener: kafka-python runs it in its own thread, where nothing may be committed, and
        calls it for partitions that stay, whose position it then keeps. Records of those must never be dropped.
        """
        owned = self._input.assignment()
        if owned == self._owned:
            return
        if gone := self._owned - owned:
            for batch in (self._batch, *(each.batch for each in self._in_flight)):
                batch.forget(gone)
            for partition in gone:
                self._uncommitted.pop(partition, None)
                self._done.pop(partition, None)
                self._next.pop(partition, None)
        self._tide.forget()
        logger.info("rebalance partitions=%d gone=%d", len(owned), len(gone))
        self._owned = set(owned)

    def _submit_if_due(self) -> None:
        if not len(self._batch) or len(self._in_flight) >= IN_FLIGHT:
            return
        if (self._batch.is_live and not self._in_flight) or not self._batch.wait_ms(self._clock.now()):
            self._submit()

    def _submit(self) -> None:
        self._in_flight.append(_InFlight(self._batch, self._writer.submit(self._batch)))
        self._batch = Batch(self._limits)

    def _collect(self) -> None:
        while self._in_flight and self._in_flight[0].written.done():
            batch, future = self._in_flight[0]
            # One that failed stays the first: no later one is counted as done.
            written = future.result()
            self._in_flight.popleft()
            for each in written.bad:
                self._report.rejected[each.error.reason] += 1
            self._report.sent += len(batch) - len(written.bad)
            self._report.latency_seconds = written.latency_seconds
            self._uncommitted |= batch.offsets
            self._done |= batch.offsets

    def _commit(self, *, at_once: bool = False) -> None:
        """A commit that fails is repeated in the next turn; should we end before, the same is written again."""
        now = self._clock.now()
        # A clock that was set back commits, too.
        if self._uncommitted and (at_once or not self._committed <= now < self._committed + COMMIT_EVERY):
            self._input.commit(self._uncommitted)
            self._uncommitted = {}
            self._committed = now

    def _tick(self) -> None:
        if self._ticker is None:
            return
        if self._ticking is not None and self._ticking.done():
            self._ticking.result()
            self._ticking = None
        now = self._clock.now()
        if self._tide.is_due(now):
            # What was polled and is not yet written counts as waiting.
            ends = self._input.ends({partition: self._done.get(partition, 0) for partition in self._next})
            if ends is not None:
                self._tide.set(now, ends)
        if self._ticking is None and (time := self._tide.reached(self._done)) is not None:
            self._ticking = self._writer.run(partial(self._ticker.tick, time))

    def _drain(self) -> None:
        """What was polled is written and committed, as far as the store answers; the rest is polled again."""
        if len(self._batch):
            self._submit()
        at_work: list[Future[Any]] = [each.written for each in self._in_flight]
        wait([*at_work, *filter(None, [self._ticking])], timeout=DRAIN_SECONDS)
        try:
            self._collect()
        except Unavailable as error:
            logger.warning("stopped before the store came back, nothing is lost: error=%s", error)
        try:
            self._commit(at_once=True)
            self._outbox.tell(self._report.report())
        except Unavailable as error:
            logger.warning("stopped without a commit, the same is written again: error=%s", error)

    def _say(self) -> None:
        if (report := self._report.due()) is None:
            return
        self._report.lag = self._input.lag(self._done)
        self._outbox.tell(report.model_copy(update={"lag": self._report.lag}))
        logger.info(
            "progress received=%d sent=%d rejected=%d lag=%s latency_seconds=%s",
            report.received,
            report.sent,
            sum(report.rejected.values()),
            self._report.lag,
            report.latency_seconds,
        )
