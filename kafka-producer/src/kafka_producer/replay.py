"""``replay``: plays logs into Kafka, side by side, in the order in which their readings are due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from heapq import merge
from itertools import chain
from operator import itemgetter
from pathlib import Path
from zoneinfo import ZoneInfo

from kafka_producer import lock, passes
from kafka_producer.archives import Content
from kafka_producer.compared import Parted
from kafka_producer.due import is_due
from kafka_producer.follow import Follower
from kafka_producer.ledger import Known, Ledger
from kafka_producer.log_stream import LogStream
from kafka_producer.mode_of_log import LogMode
from kafka_producer.pace import Playback
from kafka_producer.pass_state import PassState, Stream
from kafka_producer.passes import Wish
from kafka_producer.position import Position, RejectedPlaces
from kafka_producer.progress import Progress
from kafka_producer.publish import Publisher
from kafka_producer.replay_plan import Planned
from kafka_producer.sources.logs.log import RejectedLine, SensorLog
from kafka_producer.stream_choice import StreamChoice
from telemetry import topics
from telemetry.clock import Clock
from telemetry.errors import Rejected
from telemetry.messages import FileOrigin
from telemetry.reading import Reading, encode
from telemetry.timestamp import SECOND

log = logging.getLogger(__name__)

_SAVE_EVERY = SECOND
_LONGEST_NAP = 0.2

Due = tuple[int, Callable[[], None]]
"""(microseconds UTC at which to send, the sending)."""
Advance = Callable[[Planned, int], None]
"""(log, rows that are safe): for a progress bar."""


class _Acknowledged:
    """Remembers up to where a pass is safe; saves it now and then, and when told."""

    def __init__(self, progress: Progress, stream: Stream, state: PassState, clock: Clock) -> None:
        self.position = state.position
        self._last = state.last
        self._progress = progress
        self._stream = stream
        self._number = state.number
        self._clock = clock
        self._saved = clock.now()

    def __call__(self, position: Position, time: int | None) -> None:
        self.position = position
        self._last = self._last if time is None else time
        if is_due(self._clock.now(), self._saved + _SAVE_EVERY, _SAVE_EVERY):
            self.save()

    def save(self) -> None:
        self._saved = self._clock.now()
        self._progress.acknowledge(self._stream, self._number, self.position, self._last, self._saved)

    def finish(self) -> None:
        self.save()
        self._progress.finish(self._stream, self._number, self._saved)


class Replay:
    """Several logs, one publisher."""

    def __init__(self, wish: Wish, progress: Progress, publisher: Publisher, clock: Clock, advance: Advance) -> None:
        self._wish = wish
        self._progress = progress
        self._ledger = Ledger(progress)
        self._publisher = publisher
        self._clock = clock
        self._advance = advance
        self._acknowledged: list[_Acknowledged] = []

    def run(self, logs: list[Planned], state_dir: Path) -> None:
        """Until all is acknowledged (with ``loop``: until stopped). Raises Stopped; Rejected where a log is in use, or
        cannot be read any more."""
        with ExitStack() as stack:
            streams: dict[Stream, Iterator[Due]] = {}
            choice = StreamChoice(
                self._wish, self._progress, self._ledger, partial(self._send_common, state_dir, streams.keys())
            )
            for planned in logs:
                with _readable(planned):
                    chosen = choice.of(planned, self._clock.now())
                stream = chosen.stream
                stack.enter_context(_locked(state_dir, stream))
                with self._progress.transaction():
                    chosen.keep()
                streams[stream] = self._play(replace(planned, gpu=stream.gpu), stream, chosen.known)
            # At full speed nothing is waited for: one log after the other is the least work.
            at_once = self._wish.speed == "max" and not self._wish.loop
            for due, send in chain(*streams.values()) if at_once else merge(*streams.values(), key=itemgetter(0)):
                if due:
                    self._wait_until(due)
                send()

    def save(self) -> None:
        """What was acknowledged last; after the publisher was closed."""
        for acknowledged in self._acknowledged:
            acknowledged.save()

    def _send_common(
        self, state_dir: Path, held: Collection[Stream], planned: Planned, known: Known, stream: Stream
    ) -> None:
        """What a log that was cut still holds of the one that it was is sent as that one's, if it was not before."""
        with nullcontext() if stream in held else _locked(state_dir, stream):
            state = self._progress.latest(stream)
            assert state is not None
            sent = LogStream(known, stream, state, self._publisher, self._progress, self._ledger, self._clock)
            file = replace(planned.file, zone=ZoneInfo(sent.zone))
            content = Content(planned.path, file.name, planned.path, file.open, can_grow=True)
            follower = Follower(content, file, planned.model, sent, self._clock)
            with closing(follower), suppress(Parted):
                while follower.step():
                    pass
            self._publisher.flush()
            with self._progress.transaction():
                sent.save()

    def _wait_until(self, due: int) -> None:
        while (left := due - self._clock.now()) > 0:
            self._publisher.tend()
            self._clock.sleep(min(left / SECOND, _LONGEST_NAP))

    def _play(self, planned: Planned, stream: Stream, known: Known | None) -> Iterator[Due]:
        """Pass after pass. A pass is finished before the next one is begun."""
        with _readable(planned):
            state = passes.current(planned, stream, self._wish, self._progress, self._clock.now())
        while True:
            yield from self._play_pass(planned, stream, known, state)
            if not self._wish.loop:
                return
            before = self._progress.latest(stream)
            with _readable(planned):
                state = passes.new(planned, self._wish, before, self._clock.now())
            self._progress.begin(stream, state, planned.file.name, self._clock.now())

    def _play_pass(self, planned: Planned, stream: Stream, known: Known | None, state: PassState) -> Iterator[Due]:
        began = self._clock.now()
        acknowledged = _Acknowledged(self._progress, stream, state, self._clock)
        self._acknowledged.append(acknowledged)
        source = SensorLog(
            planned.file,
            passes.run_of(planned, stream, state, began),
            partial(self._reject, planned, state, acknowledged, RejectedPlaces()),
        )
        due_of = self._due()
        mode: LogMode | None = None
        if known is not None and stream.kind == "original":
            mode = LogMode(known, state, self._ledger, self._clock)
        sent = 0
        for reading in _readings(planned, source):
            if reading.row >= state.rows:
                reading = mode.of(reading) if mode is not None else reading
                yield due_of(reading), partial(self._send, reading, acknowledged, planned)
                sent += 1
        self._publisher.flush()
        acknowledged.finish()
        self._acknowledged.remove(acknowledged)
        self._advance(planned, acknowledged.position.row)
        state = state if mode is None else state._replace(mode=mode.current)
        self._say(planned, stream, state, source, sent, (self._clock.now() - began) / SECOND)

    def _due(self) -> Callable[[Reading], int]:
        """Readings as of now are due at their time. Old ones at once, or in the rhythm in which they were recorded."""
        if self._wish.kind == "now":
            return lambda reading: reading.time
        if self._wish.speed == "max":
            return lambda reading: 0
        playback = Playback(self._clock.now(), self._wish.speed)
        return lambda reading: playback.at(reading.time)

    def _send(self, reading: Reading, acknowledged: _Acknowledged, planned: Planned) -> None:
        self._publisher.report.received += 1
        done = partial(acknowledged, Position(reading.row + 1, 0), reading.time)
        self._publisher.send(topics.GPU_METRICS, reading.gpu, encode(reading), done)
        if reading.row % 1000 == 0:
            self._advance(planned, reading.row)

    def _reject(
        self,
        planned: Planned,
        state: PassState,
        acknowledged: _Acknowledged,
        places: RejectedPlaces,
        line: RejectedLine,
    ) -> None:
        before, behind = places.of(line)
        if before < state.position:
            return
        origin = FileOrigin(file=planned.file.name, offset=line.offset)
        done = partial(acknowledged, behind, None)
        self._publisher.dead_letter(line.raw, line.error, origin, line.length, line.sha256, done)

    def _say(
        self, planned: Planned, stream: Stream, state: PassState, source: SensorLog, sent: int, seconds: float
    ) -> None:
        rejected = sum(source.tally.rejected.values())
        if not sent and state.rows:
            log.info(
                "already sent in full: file=%s gpu=%s rows=%d: nothing to do", planned.file.name, stream.gpu, state.rows
            )
            return
        log.info(
            "sent file=%s gpu=%s origin=%s/%d mode=%s rows=%d rejected=%d seconds=%.2f rows_per_second=%.0f",
            *(planned.file.name, stream.gpu, stream.fingerprint, state.number, state.mode, sent, rejected, seconds),
            sent / max(seconds, 1e-6),
        )
        if source.tally.stayed_zero:
            log.info("file=%s sensors that stayed 0: %s", planned.file.name, ", ".join(source.tally.stayed_zero))


def _locked(state_dir: Path, stream: Stream) -> AbstractContextManager[None]:
    return lock.held(state_dir, f"{stream.fingerprint}-{stream.gpu}")


@contextmanager
def _readable(planned: Planned) -> Iterator[None]:
    """Around whatever reads a log: it was there when the replay was planned, and may be gone by now."""
    try:
        yield
    except OSError as error:
        detail = f"{planned.file.name}: {error.strerror or error}: put it back and start again, it goes on where it was"
        raise Rejected("unreadable", detail) from error


def _readings(planned: Planned, source: SensorLog) -> Iterator[Reading]:
    with _readable(planned):
        yield from source.readings()
