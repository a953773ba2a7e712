"""From a file that was examined to the log that it holds: which one, whose GPU, and from where on it is to be sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from kafka_producer import lock, sessions
from kafka_producer.branch import branched, goes_on
from kafka_producer.compared import Parted
from kafka_producer.examine import Examined
from kafka_producer.follow import Follower
from kafka_producer.gpu_of_log import DEFAULT_GPU, free_gpu, gpu_of_log
from kafka_producer.ledger import Known, Ledger
from kafka_producer.log_stream import LogStream
from kafka_producer.mode_of_log import base_of, live_after
from kafka_producer.pass_state import PassState, Stream
from kafka_producer.progress import Progress
from kafka_producer.publish import Publisher
from telemetry.clock import Clock
from telemetry.timestamp import SECOND

log = logging.getLogger(__name__)

_RIVAL = 10 * SECOND
"""A live log that wrote so short a time before another one begins: does it go on (two cards), or was it ended?"""
_SILENCE = 5 * SECOND
"""It was ended, if it wrote nothing for so long; GPU-Z writes each second or two."""


class Undecided(Exception):
    """Ask again in a second."""


@dataclass
class _Open:
    """A log that is being sent, and the files that bring it: paths, as two folders may hold the same name."""

    stream: LogStream
    locked: ExitStack
    files: set[str] = field(default_factory=set)
    grown: int = 0


class Intake:
    """Logs that are open; one LogStream each, however many files hold it."""

    def __init__(
        self,
        folders: Sequence[Path],
        state_dir: Path,
        progress: Progress,
        ledger: Ledger,
        publisher: Publisher,
        clock: Clock,
    ) -> None:
        self._folders = [folder.absolute() for folder in folders]
        self._state_dir = state_dir
        self._progress = progress
        self._ledger = ledger
        self._publisher = publisher
        self._clock = clock
        self._open: dict[str, _Open] = {}

    def follower(self, found: Examined, before: str | None, parted: tuple[str, Parted] | None) -> Follower:
        """``before``: the log that this file held until now. ``parted``: the log that it turned out not to be.

        Raises Undecided; Rejected(``in_use``) while another process sends the log.
        """
        self.save()
        head = found.head
        if head is None:
            raise Undecided
        # All or nothing: half of a decision would be taken for the whole of another one after a crash.
        with self._progress.transaction():
            path = found.content.log_path.absolute()
            folder = next((each for each in self._folders if path.is_relative_to(each)), None)
            wanted = gpu_of_log(path, folder, found.rule, found.file)
            first_row, after = 0, None
            if parted is None:
                known = self._ledger.recognise(head, found.header)
            else:
                other = self._ledger.known(parted[0])
                if other is not None and goes_on(found.sessions, other, parted[1]):
                    self._wait_for_common(*parted)
                    first_row, after, wanted = parted[1].row, parted[1].after, other.gpu or wanted
                    before = other.fingerprint
                known = branched(self._ledger, head, found.header, *parted)
            if found.rule.header is not None and known.header != found.header:
                # What stands over rows without a header is the user's to say, also a second time.
                known = self._ledger.headed(known.fingerprint, found.header) or known
            if known.gpu is None:
                known = self._assigned(known, found, wanted, before, after)
            opened = self._open.get(known.fingerprint) or self._opened(known, found, first_row)
        opened.files.add(str(found.content.log_path))
        opened.grown = self._clock.now()
        file = replace(found.file, zone=ZoneInfo(opened.stream.zone), header=known.header or found.file.header)
        return Follower(found.content, file, found.rule.model, opened.stream, self._clock)

    def grew(self, follower: Follower) -> None:
        self._open[follower.log.stream.fingerprint].grown = self._clock.now()

    def close(self, follower: Follower) -> None:
        """The file is done with, for now."""
        follower.close()
        opened = self._open.get(follower.log.stream.fingerprint)
        if opened is not None:
            opened.files.discard(str(follower.content.log_path))
        self.save()

    def save(self, beside: Callable[[], object] = lambda: None) -> None:
        """What is safe; ``beside`` writes into the same transaction. Lets go of logs that no file brings any more."""
        with self._progress.transaction():
            for opened in self._open.values():
                opened.stream.save()
            beside()
        for fingerprint in [name for name, opened in self._open.items() if not opened.files and opened.stream.is_safe]:
            self._open.pop(fingerprint).locked.close()

    def _assigned(self, known: Known, found: Examined, wanted: str, before: str | None, after: int | None) -> Known:
        """Decides whose log it is, by what it shows ``after`` an instant."""
        spans = sessions.since(found.sessions, after)
        gpu = free_gpu(wanted, known.fingerprint, spans, self._ledger.of_gpu, found.file.cards)
        self._look_for_rivals(gpu, spans, before)
        if gpu != wanted:
            log.warning(
                "file=%s is taken for another card, gpu=%s: another log shows gpu=%s at the same time."
                " Folders say it better: HOST/INDEX/FILE",
                *(found.content.name, gpu, wanted),
            )
        live_from = live_after(gpu, spans, self._clock.now())
        self._ledger.assign(known.fingerprint, gpu, spans, live_from, found.file.cards)
        return self._ledger.known(known.fingerprint) or known

    def _look_for_rivals(self, gpu: str, spans: sessions.Sessions, before: str | None) -> None:
        """Raises Undecided while a live log of this card may, or may not, go on beside this one."""
        now = self._clock.now()
        for rival in self._ledger.of_gpu(gpu):
            opened = self._open.get(rival.fingerprint)
            if opened is None or rival.fingerprint == before or not spans or not rival.sessions:
                continue
            distance = spans[0].first - rival.sessions[-1].last
            if opened.stream.mode == "live" and 0 < distance < _RIVAL and 0 <= now - opened.grown < _SILENCE:
                raise Undecided

    def _wait_for_common(self, other: str, parted: Parted) -> None:
        """What two logs have in common counts once: as the other one's, and not before Kafka has it.

        Raises Undecided until then: after a kill nobody would look for it any more.
        """
        opened = self._open.get(other)
        if opened is not None and opened.stream.safe.row < parted.row:
            raise Undecided

    def _opened(self, known: Known, found: Examined, first_row: int) -> _Open:
        gpu = known.gpu or DEFAULT_GPU
        stream = Stream(known.fingerprint, gpu, "original")
        locked = ExitStack()
        locked.enter_context(lock.held(self._state_dir, f"{stream.fingerprint}-{stream.gpu}"))
        state = self._progress.latest(stream)
        if state is None:
            state = PassState(0, 0, "max", str(found.file.zone), base_of(gpu), first_row, None, False)
            self._progress.begin(stream, state, found.content.name, self._clock.now())
        stream_of_log = LogStream(known, stream, state, self._publisher, self._progress, self._ledger, self._clock)
        opened = self._open[known.fingerprint] = _Open(stream_of_log, locked)
        return opened
