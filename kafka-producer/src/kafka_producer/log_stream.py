"""One known log on its way to Kafka: how far it was handed over, how far it is safe. Files that hold it share this."""

from __future__ import annotations

from functools import partial

from kafka_producer.chain import Chain
from kafka_producer.ledger import Known, Ledger
from kafka_producer.mode_of_log import LogMode
from kafka_producer.pass_state import PassState, Stream
from kafka_producer.position import Position
from kafka_producer.progress import Progress
from kafka_producer.publish import Publisher
from kafka_producer.sessions import Session, Sessions, merged
from kafka_producer.sources.logs.log import Pass, RejectedLine
from telemetry import topics
from telemetry.clock import Clock
from telemetry.messages import FileOrigin
from telemetry.reading import FUTURE_TOLERANCE, Mode, Reading, encode


class LogStream:
    """Sends what was not sent yet of a log, whichever file brings it."""

    def __init__(
        self,
        known: Known,
        stream: Stream,
        state: PassState,
        publisher: Publisher,
        progress: Progress,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self.stream = stream
        self.chain: Chain = ledger.chain(known.fingerprint)
        self.sent = state.position
        """Readings and dead letters before this were handed over."""
        self.safe = state.position
        """... and these acknowledged."""
        self.sessions: Sessions = known.sessions
        self._mode = LogMode(known, state, ledger, clock)
        self._state = state
        self._last = state.last
        self._publisher = publisher
        self._progress = progress
        self._ledger = ledger
        self._clock = clock
        self._is_dirty = False
        self._span: Session | None = None

    @property
    def mode(self) -> Mode:
        return self._mode.current

    @property
    def zone(self) -> str:
        return self._state.zone

    @property
    def is_safe(self) -> bool:
        """Whether all that was handed over is acknowledged."""
        return self.safe == self.sent

    def run(self, model: str | None) -> Pass:
        origin = f"{self.stream.fingerprint}/{self._state.number}"
        return Pass(origin, self.stream.gpu, self._mode.base, model, self._clock.now() + FUTURE_TOLERANCE)

    def send(self, reading: Reading) -> bool:
        """False where it was sent before."""
        if reading.row < self.sent.row:
            return False
        reading, time = self._mode.of(reading), reading.time
        self._span = (
            Session(min(self._span.first, time), max(self._span.last, time)) if self._span else Session(time, time)
        )
        self.sent = Position(reading.row + 1, 0)
        self._publisher.report.received += 1
        done = partial(self._acknowledge, self.sent, time)
        self._publisher.send(topics.GPU_METRICS, reading.gpu, encode(reading), done)
        return True

    def reject(self, line: RejectedLine, before: Position, behind: Position, file: str) -> None:
        """A line that is no reading, between two positions."""
        if before < self.sent:
            return
        self.sent = behind
        done = partial(self._acknowledge, self.sent, None)
        origin = FileOrigin(file=file, offset=line.offset)
        self._publisher.dead_letter(line.raw, line.error, origin, line.length, line.sha256, done)

    def save(self) -> None:
        """Within a transaction: what is safe, and what is known of the rows."""
        self.chain.save()
        if self._is_dirty:
            self._is_dirty = False
            number = self._state.number
            self._progress.acknowledge(self.stream, number, self.safe, self._last, self._clock.now())
        if self._span is not None:
            self.sessions = merged((*self.sessions, self._span))
            self._ledger.extend(self.stream.fingerprint, self.sessions)
            self._span = None

    def _acknowledge(self, position: Position, time: int | None) -> None:
        self.safe = position
        self._last = self._last if time is None else time
        self._is_dirty = True
