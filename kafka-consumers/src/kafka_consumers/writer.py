"""The thread that writes batches, one after the other, and waits while the store is away."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Event, Thread
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from kafka_consumers.batch import BadRecord, Batch
from kafka_consumers.sink import Item, Sink
from kafka_consumers.waiting import Server
from telemetry.clock import Clock

T = TypeVar("T")


class DeadLetters(Protocol):
    """Where bad records are kept."""

    def keep(self, records: Sequence[BadRecord]) -> None:
        """Returns when all are acknowledged. Raises Unavailable, and may then have kept some of them."""
        ...


class Written(NamedTuple):
    """What became of a batch."""

    bad: list[BadRecord]
    """All dead letters of the batch: what could not be encoded, and what the store refused."""
    latency_seconds: float


class Writer(Generic[Item]):
    """A daemon thread: a store that hangs must not keep the process from ending.

    Once one thing has failed nothing more is done: the position after a later batch stands for the earlier ones, too.
    """

    def __init__(self, sink: Sink[Item], dead_letters: DeadLetters, clock: Clock, stop: Event) -> None:
        self._sink = sink
        self._dead_letters = dead_letters
        self._clock = clock
        self._queue: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._store = Server("store", clock, stop)
        self._letters = Server("dead-letters", clock, stop)
        Thread(target=self._run, name="writer", daemon=True).start()

    def submit(self, batch: Batch[Item]) -> Future[Written]:
        """Its result comes when the store and the dead letters have acknowledged; what they raise besides Unavailable,
        and Unavailable once the process is to stop, comes as its exception."""
        return self._put(lambda: self._write(batch))

    def run(self, act: Callable[[], None]) -> Future[None]:
        """``act``, between two batches; as a batch, it is tried again while the store is away."""
        return self._put(lambda: self._store.insist(act))

    def _put(self, act: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        self._queue.put((act, future))
        return future

    def _run(self) -> None:
        failure: BaseException | None = None
        while True:
            act, future = self._queue.get()
            if failure is not None:
                future.set_exception(failure)
                continue
            try:
                result = act()
            except BaseException as error:
                failure = error
                future.set_exception(error)
            else:
                future.set_result(result)

    def _write(self, batch: Batch[Item]) -> Written:
        refusals = self._store.insist(lambda: self._sink.write(batch.items)) if batch.items else []
        bad = batch.rejected + batch.refused(refusals)
        if bad:
            self._letters.insist(lambda: self._dead_letters.keep(bad))
        age = self._clock.now() / 1e6 - (batch.oldest_ms or 0) / 1e3
        return Written(bad, max(0.0, age))
