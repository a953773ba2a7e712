"""Which log a planned one is: one that is known, or one of its own; and the GPU whose readings it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from kafka_producer import passes, sessions
from kafka_producer.branch import branched, goes_on
from kafka_producer.chain import Chain, Head
from kafka_producer.compared import Parted, parted
from kafka_producer.gpu_of_log import free_gpu
from kafka_producer.ledger import Known, Ledger
from kafka_producer.mode_of_log import live_after
from kafka_producer.pass_state import Stream
from kafka_producer.passes import Wish
from kafka_producer.progress import Progress
from kafka_producer.recorded import sessions_of
from kafka_producer.replay_plan import Planned
from kafka_producer.sessions import Sessions
from kafka_producer.sources.logs.decode import text_of
from telemetry.reading import FUTURE_TOLERANCE

_NO_ROWS = "0" * 16

SendCommon = Callable[[Planned, Known, Stream], None]
"""Sends, as readings of a stream of the known log, what a planned one has in common with it."""


class Chosen(NamedTuple):
    """A log of a replay, as it is known."""

    stream: Stream
    known: Known | None = None
    """None: there is no row in it."""
    chain: Chain | None = None
    """Of the log, if it is for this stream's lock to keep: it knows all rows now, those beyond are not saved yet."""

    def keep(self) -> None:
        """To be called once the stream is locked, within a transaction: there is a write for each thousand rows."""
        if self.chain is not None and self.chain.is_current:
            self.chain.save()


class StreamChoice:
    """For the logs of one replay."""

    def __init__(self, wish: Wish, progress: Progress, ledger: Ledger, send_common: SendCommon) -> None:
        self._wish = wish
        self._progress = progress
        self._ledger = ledger
        self._send_common = send_common

    def of(self, planned: Planned, now: int) -> Chosen:
        """With its original time, a log stays that of the GPU whose it was first, unless one is given.

        Its rows are compared with all that are known of the log that begins like it: as ``watch`` does while it reads.
        """
        if planned.head is None:
            return Chosen(Stream(_NO_ROWS, planned.gpu, self._wish.kind))
        latest = now + FUTURE_TOLERANCE
        known = self._ledger.recognise(planned.head, _header(planned))
        chain = self._ledger.chain(known.fingerprint)
        while (where := parted(planned.file, chain, latest)) is not None:
            known = self._branched(planned, planned.head, known, where, now)
            chain = self._ledger.chain(known.fingerprint)
        gpu = planned.gpu
        if self._wish.kind == "original":
            if known.gpu is None:
                known = self._assigned(planned, known, planned.gpu, _sessions(planned, now), now)
            gpu = gpu if planned.is_gpu_given else known.gpu or gpu
        return Chosen(Stream(known.fingerprint, gpu, self._wish.kind), known, chain if gpu == known.gpu else None)

    def _assigned(self, planned: Planned, known: Known, wanted: str, spans: Sessions, now: int) -> Known:
        """Decides whose log it is, by when it shows what no other one holds."""
        cards = planned.file.cards
        if not planned.is_gpu_given:
            wanted = free_gpu(wanted, known.fingerprint, spans, self._ledger.of_gpu, cards)
        live_from = live_after(wanted, spans, now)
        self._ledger.assign(known.fingerprint, wanted, spans, live_from, cards)
        return self._ledger.known(known.fingerprint) or known

    def _branched(self, planned: Planned, head: Head, other: Known, where: Parted, now: int) -> Known:
        """A log of its own. What it has in common with the one that it goes on from counts once, as that one's."""
        spans = _sessions(planned, now) if self._wish.kind == "original" else ()
        common = self._common(planned, other) if spans and goes_on(spans, other, where) else None
        if common is not None:
            self._send_common(planned, other, common)
        # All or nothing: after a crash between them all its rows would be taken for its own.
        with self._progress.transaction():
            known = branched(self._ledger, head, _header(planned), other.fingerprint, where)
            if common is not None and known.gpu is None:
                known = self._assigned(planned, known, common.gpu, sessions.since(spans, where.after), now)
                stream = Stream(known.fingerprint, known.gpu or common.gpu, "original")
                state = passes.new(replace(planned, gpu=stream.gpu), self._wish, None, now)
                self._progress.begin(stream, state._replace(rows=where.row), planned.file.name, now)
        return known

    def _common(self, planned: Planned, other: Known) -> Stream | None:
        """The stream in which the other log's rows were sent for this GPU; None: they were not."""
        gpu = planned.gpu if planned.is_gpu_given else other.gpu
        stream = Stream(other.fingerprint, gpu, "original") if gpu is not None else None
        return stream if stream is not None and self._progress.latest(stream) is not None else None


def _sessions(planned: Planned, now: int) -> Sessions:
    return sessions_of(planned.file, now + FUTURE_TOLERANCE)[0]


def _header(planned: Planned) -> str | None:
    first = planned.file.first_header
    return text_of(first) if first is not None else None
