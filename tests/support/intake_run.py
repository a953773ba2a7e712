"""The inside of ``kafka-producer watch`` without Kafka: folder, state, and a publisher that keeps what is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from kafka_producer.compared import Parted
from kafka_producer.drop_folder import scan
from kafka_producer.examine import Examined, Examiner, Refused
from kafka_producer.follow import Follower
from kafka_producer.intake import Intake
from kafka_producer.ledger import Ledger
from kafka_producer.progress import Progress
from kafka_producer.publish import Publisher
from kafka_producer.source_config import Sources
from kafka_producer.watch import Watch
from support.gpuz_logs import CATALOGUE, NOW
from telemetry import topics
from telemetry.errors import Rejected
from telemetry.messages import FileOrigin
from telemetry.reading import Reading, decode
from telemetry.timestamp import SECOND

PATIENCE = 60


class Report:
    received = 0


class Outbox:
    """A publisher whose broker acknowledges when it is told to."""

    def __init__(self) -> None:
        self.report = Report()
        self.sent: list[Reading] = []
        self.letters: list[bytes] = []
        self._unacknowledged: list[Callable[[], None]] = []

    def send(self, topic: str, key: str, value: bytes, done: Callable[[], None]) -> None:
        assert topic == topics.GPU_METRICS
        self.sent.append(decode(value, 2**62))
        self._unacknowledged.append(done)

    def tend(self) -> None:
        """There is nothing to do."""

    def dead_letter(
        self, raw: bytes, error: Rejected, origin: FileOrigin, length: int, sha256: str, done: Callable[[], None]
    ) -> None:
        self.letters.append(raw)
        self._unacknowledged.append(done)

    def acknowledge(self, count: int | None = None) -> None:
        now, self._unacknowledged = (
            self._unacknowledged[:count],
            ([] if count is None else self._unacknowledged[count:]),
        )
        for done in now:
            done()


class Now:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here may wait")


class Run:
    """One life of the process, from start to kill -9."""

    def __init__(self, directory: Path, outbox: Outbox, clock: Now, sources: Sources | None = None) -> None:
        self.folder = directory / "drop"
        self.folder.mkdir(exist_ok=True)
        self._progress = Progress(directory / "state")
        self.ledger = Ledger(self._progress)
        self.intake = Intake(
            [self.folder], directory / "state", self._progress, self.ledger, cast(Publisher, outbox), clock
        )
        self.examiner = Examiner(CATALOGUE, sources or Sources(), ZoneInfo("UTC"))

    def examine(self, name: str = "log.txt", header: str | None = None) -> Examined | Refused:
        (entry,) = [entry for entry in scan(self.folder) if entry.name == name]
        (found,) = self.examiner.examine(entry, NOW + 3600 * SECOND, header)
        return found

    def follower(self, name: str = "log.txt", parted: tuple[str, Parted] | None = None) -> Follower:
        found = self.examine(name)
        assert isinstance(found, Examined)
        return self.intake.follower(found, None, parted)

    def kill(self) -> None:
        for opened in self.intake._open.values():
            opened.locked.close()  # as the system does
        self._progress.close()


class Watching:
    """A watch that is given its turns by hand."""

    def __init__(self, directory: Path, sources: Sources | None = None) -> None:
        self.outbox, self.clock = Outbox(), Now()
        self.run = Run(directory, self.outbox, self.clock, sources)
        publisher = cast(Publisher, self.outbox)
        self.watch = Watch(
            *(self.run.folder, self.run.examiner, self.run.intake, self.run.ledger, publisher, self.clock),
            lambda *_: None,
        )

    def until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, f"{len(self.outbox.sent)} sent"
            self.watch.turn()
            self.outbox.acknowledge()
            # The folder is looked at in each turn, so also while a log is read.
            self.clock.time += SECOND

    def soon(self, is_so: Callable[[], bool]) -> None:
        """As ``until``, but the clock is only ten times as fast as ours: no hours pass meanwhile."""
        began, begun = time.monotonic(), self.clock.time
        while not is_so():
            assert time.monotonic() < began + PATIENCE, f"{len(self.outbox.sent)} sent"
            self.watch.turn()
            self.outbox.acknowledge()
            self.clock.time = begun + int((time.monotonic() - began) * 10 * SECOND)

    def is_done(self, name: str) -> bool:
        return self.state(name) == "done" and not self.watch.turn()

    def state(self, name: str) -> str | None:
        file = self.run.ledger.file(str(self.run.folder.absolute()), name)
        return file.state if file is not None else None
