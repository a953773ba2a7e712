"""``watch``: everything that is dropped into a folder goes to Kafka; what grows there is followed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from kafka_producer.compared import Parted
from kafka_producer.drop_folder import Entry, Signature, scan
from kafka_producer.dropped import Dropped, Followed
from kafka_producer.due import is_due
from kafka_producer.examine import Examined, Examiner, Refused
from kafka_producer.follow import Follower, OtherContent
from kafka_producer.intake import Intake, Undecided
from kafka_producer.ledger import Ledger
from kafka_producer.publish import Publisher
from kafka_producer.rejections import Rejections
from kafka_producer.worker import Worker
from telemetry.clock import Clock
from telemetry.errors import Rejected
from telemetry.reading import FUTURE_TOLERANCE, IMPORT_AGE
from telemetry.timestamp import SECOND

log = logging.getLogger(__name__)

POLL_EVERY = SECOND
IMPORT_ENDS = 3 * SECOND
"""A log of long ago that has not grown for so long was copied in full."""
LIVE_ENDS = 60 * SECOND
"""A live one that has not grown for so long has ended, for now."""
STABLE = 3 * SECOND
"""What is no log is given so long to become one: it may still be on its way here."""
MOST_FOLLOWED = 200
"""Imports beyond wait for their turn; live logs do not."""
_MOST_AT_ONCE = 8
"""Imports that are read side by side: files held open."""
_BRIEF = SECOND // 2

Found = list[Examined | Refused]
Look = tuple[Dropped, Signature, Found]
OnEnd = Callable[[Examined, Follower], None]


class Watch:
    """One folder. ``turn`` after ``turn``, until Stopped comes out of the publisher; the caller waits between turns in
    which there was nothing to do."""

    def __init__(
        self,
        folder: Path,
        examiner: Examiner,
        intake: Intake,
        ledger: Ledger,
        publisher: Publisher,
        clock: Clock,
        on_end: OnEnd,
    ) -> None:
        self._folder = folder
        self._key = str(folder.absolute())
        self._examiner = examiner
        self._intake = intake
        self._ledger = ledger
        self._publisher = publisher
        self._clock = clock
        self._on_end = on_end
        self._rejections = Rejections(self._key, ledger, publisher)
        self._worker: Worker[Look] = Worker()
        self._dropped: dict[str, Dropped] = {}
        self._next_poll = 0
        self._next_save = 0
        self._is_missing = False
        self._is_first = True

    def turn(self) -> bool:
        """Looks, and reads a piece of each log; False where there was nothing to read."""
        now = self._clock.now()
        if is_due(now, self._next_poll, POLL_EVERY):
            if now < self._next_poll:
                for dropped in self._dropped.values():
                    dropped.clock_set_back(now)
            self._next_poll = now + POLL_EVERY
            self._poll(now)
        self._examine(now)
        self._begin(now)
        worked = self._read()
        self._end(self._clock.now())
        if is_due(self._clock.now(), self._next_save, SECOND):
            self.save()
        self._publisher.tend()
        return worked

    def save(self) -> None:
        """What is safe, and what is known of the files."""
        now = self._clock.now()
        self._next_save = now + SECOND
        self._intake.save(partial(self._keep_followed, now))

    def _keep_followed(self, now: int) -> None:
        for dropped in self._dropped.values():
            for followed in dropped.followed:
                if followed.kept != followed.follower.position:
                    followed.kept = followed.follower.position
                    self._ledger.keep(self._key, dropped.followed_file(followed, "following", now))

    def _poll(self, now: int) -> None:
        try:
            entries = {entry.name: entry for entry in scan(self._folder)}
        except Rejected as error:
            if not self._is_missing:
                log.warning("waiting for the folder: %s", error.detail)
            self._is_missing = True
            return
        if self._is_missing:
            log.info("the folder %s is there", self._folder)
            self._is_missing = False
        for name, entry in entries.items():
            dropped = self._dropped.get(name)
            if dropped is None:
                self._dropped[name] = self._new(entry, now)
            elif dropped.entry.signature != entry.signature or dropped.is_gone:
                self._changed(dropped, entry, now)
        for name in self._dropped.keys() - entries.keys():
            self._dropped[name].is_gone = True
            if self._dropped[name].is_idle:
                del self._dropped[name]
                self._ledger.gone(self._key, name, now)
        if self._is_first:
            self._is_first = False
            for file in self._ledger.files(self._key):
                if file.archive not in entries and file.state != "gone":
                    self._ledger.gone(self._key, file.archive, now)

    def _new(self, entry: Entry, now: int) -> Dropped:
        dropped = Dropped(entry, now)
        dropped.recall(self._ledger.in_archive(self._key, entry.name))
        return dropped

    def _changed(self, dropped: Dropped, entry: Entry, now: int) -> None:
        dropped.entry, dropped.since, dropped.has_grown, dropped.is_gone = entry, now, True, False
        dropped.used = frozenset()
        if all(followed.can_become(entry.signature) for followed in dropped.followed):
            for followed in dropped.followed:
                # What is open may be another file than what has come in its place: opened anew, that is seen.
                followed.follower.close()
                followed.has_more = True
        else:
            self._anew(dropped)
        if not dropped.followed:
            # At once, so that a log is followed from its first row; a huge file that grows is not looked at all day.
            dropped.look_at = now + 10 * dropped.effort

    def _anew(self, dropped: Dropped) -> None:
        """Forgets how far the file was read: what it holds now is to be seen."""
        for followed in dropped.followed:
            self._intake.close(followed.follower)
        dropped.followed, dropped.pending = [], []
        dropped.look_at = self._clock.now()

    def _examine(self, now: int) -> None:
        if self._worker.is_busy:
            result = self._worker.take()
            if result is None:
                return
            self._examined(*result, now)
        due = [dropped for dropped in self._dropped.values() if dropped.is_due(now)]
        if due:
            # What grows is live, and does not wait behind a thousand old ones.
            dropped = min(due, key=lambda dropped: (not dropped.has_grown, dropped.entry.name))
            dropped.look_at, dropped.is_queued, dropped.began = None, True, now
            before = self._ledger.known(dropped.fingerprints.get(dropped.entry.name, ""))
            latest = now + FUTURE_TOLERANCE
            self._worker.give(partial(self._look, dropped, dropped.entry, latest, before.header if before else None))

    def _look(self, dropped: Dropped, entry: Entry, latest: int, header: str | None) -> Look:
        return dropped, entry.signature, self._examiner.examine(entry, latest, header)

    def _examined(self, dropped: Dropped, signature: Signature, found: Found, now: int) -> None:
        dropped.is_queued = False
        dropped.effort = now - dropped.began if now - dropped.began > _BRIEF else 0
        if dropped.is_gone:
            dropped.look_at = None
        elif not signature.may_become(dropped.entry.signature):
            dropped.look_at = now
        elif not all(map(_is_certain, found[:1])) and (
            dropped.since + STABLE > now or signature != dropped.entry.signature
        ):
            dropped.look_at = dropped.since + STABLE
        else:
            for result in found:
                self._sort(dropped, result, now)

    def _sort(self, dropped: Dropped, result: Examined | Refused, now: int) -> None:
        if isinstance(result, Refused):
            self._rejections.add(dropped, result, now)
        elif result.content.name in dropped.used:
            return
        elif result.head is None:
            file = dropped.file(result.content.name, "waiting", now)
            self._ledger.keep(self._key, file._replace(detail="it has a header, and no row yet"))
        else:
            dropped.pending.append(result)

    def _begin(self, now: int) -> None:
        count = sum(len(dropped.followed) for dropped in self._dropped.values())
        for dropped in self._dropped.values():
            for found in list(dropped.pending):
                is_fresh = bool(found.sessions) and found.sessions[-1].last >= now - IMPORT_AGE
                if dropped.ask_at <= now and (is_fresh or count < MOST_FOLLOWED):
                    count += self._began(dropped, found, now)

    def _began(self, dropped: Dropped, found: Examined, now: int) -> bool:
        name = found.content.name
        try:
            follower = self._intake.follower(found, dropped.fingerprints.get(name), dropped.parted.get(name))
        except Undecided:
            dropped.ask_at = now + SECOND // 4
            return False
        except Rejected as error:
            if not dropped.ask_at:
                log.info("waiting with file=%s: %s", name, error.detail)
            dropped.ask_at = now + SECOND
            return False
        dropped.pending.remove(found)
        dropped.parted.pop(name, None)
        dropped.ask_at = 0
        dropped.fingerprints[name] = follower.log.stream.fingerprint
        followed = Followed(found, follower, now)
        dropped.followed.append(followed)
        self._ledger.keep(self._key, dropped.followed_file(followed, "following", now))
        return True

    def _read(self) -> bool:
        """A piece of each live log, and of some of the others; False where there is nothing to read."""
        unread = [(dropped, log) for dropped in self._dropped.values() for log in dropped.followed if log.has_more]
        live = [pair for pair in unread if pair[1].is_live]
        imports = [pair for pair in unread if not pair[1].is_live]
        for dropped, followed in live + imports[:_MOST_AT_ONCE]:
            if followed in dropped.followed:
                self._step(dropped, followed)
        return bool(unread)

    def _step(self, dropped: Dropped, followed: Followed) -> None:
        follower = followed.follower
        try:
            followed.has_more = follower.step()
            if followed.has_more:
                followed.quiet_since = self._clock.now()
                self._intake.grew(follower)
        except FileNotFoundError:
            read, size = follower.position, dropped.entry.signature.size
            if read < size:
                log.warning("file=%s is gone, bytes=%d of %d were read", follower.content.name, read, size)
            followed.has_more = False
            dropped.is_gone = True
        except (OtherContent, Rejected):
            self._anew(dropped)
        except Parted as parted:
            if parted.line:
                dropped.parted[follower.content.name] = (follower.log.stream.fingerprint, parted)
            self._anew(dropped)
        except OSError as error:
            log.warning("file=%s cannot be read now: %s", follower.content.name, error.strerror or error)
            self._anew(dropped)
            dropped.look_at = self._clock.now() + STABLE

    def _end(self, now: int) -> None:
        for dropped in list(self._dropped.values()):
            for followed in [followed for followed in dropped.followed if not followed.has_more]:
                follower = followed.follower
                is_quiet = now - followed.quiet_since >= _patience(dropped, followed)
                if not follower.is_ended and (is_quiet or dropped.is_gone):
                    follower.end()
                    followed.end = follower.log.sent
                if followed.end is not None and follower.log.safe >= followed.end:
                    self._finish(dropped, followed, now)

    def _finish(self, dropped: Dropped, followed: Followed, now: int) -> None:
        dropped.followed.remove(followed)
        self._intake.close(followed.follower)
        self._ledger.keep(self._key, dropped.followed_file(followed, "done", now))
        self._on_end(followed.found, followed.follower)


def _is_certain(result: Examined | Refused) -> bool:
    return isinstance(result, Examined) and (result.head is None or result.head.is_whole)


def _patience(dropped: Dropped, followed: Followed) -> int:
    if not followed.found.content.can_grow:
        return 0
    # A copy of a live log brings nothing new, and will not.
    goes_on = followed.is_live and (dropped.has_grown or followed.follower.sent)
    return LIVE_ENDS if goes_on else IMPORT_ENDS
