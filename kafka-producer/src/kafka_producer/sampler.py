"""Asks live targets when they are due, each beside the others: one that hangs or is lost costs no other a reading."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from kafka_producer.due import is_due
from kafka_producer.source import LiveSource, LiveTarget
from kafka_producer.worker import Worker
from telemetry.clock import Clock
from telemetry.errors import Misconfigured, Unavailable
from telemetry.messages import Scrape
from telemetry.reading import Reading
from telemetry.timestamp import SECOND

log = logging.getLogger(__name__)

FIRST_PAUSE = SECOND
LONGEST_PAUSE = 60 * SECOND
"""A target that does not answer is asked again after a pause that doubles from the one to the other."""
HANGS = 10 * SECOND
"""A question that takes so long is worth a word: what is about to fail gets slow first."""
AT_ONCE = 256
"""So many questions run beside each other. The more there are, the less of the processor each of them gets, and the
nearer its whole page comes to its timeout."""
PATIENT = SECOND
"""A question that takes longer waits for somebody else, and keeps nobody from being asked."""
SET_BACK = SECOND
"""By so much at least, or it is no news: a clock that is kept right goes back by less."""
_NAP = 0.02


class _Source:
    """A source and how it is with it."""

    def __init__(self, source: LiveSource, interval: int) -> None:
        self.source = source
        self.interval = interval
        self.asked = [_Asked(target, self) for target in source.targets]
        self.busy = 0
        """How many of its targets are being asked."""
        self.opener: Worker[bool] | None = None
        """Who opens it anew, once that was needed."""
        self.is_fresh = False
        """It was opened anew, and no target asked since."""

    @property
    def is_opening(self) -> bool:
        return self.opener is not None and self.opener.is_busy


class _Asked:
    """A target and how it is with it."""

    def __init__(self, target: LiveTarget, of: _Source) -> None:
        self.target = target
        self.of = of
        self.worker: Worker[Sequence[Reading]] | None = None
        """Who asks it; None while nobody does."""
        self.seconds = 0.0
        """That its last question took."""
        self.due = 0
        self.asked_at = 0
        self.failing_since: int | None = None
        self.pause = 0
        self.is_known = False
        self.said_hangs = False

    def is_due(self, now: int) -> bool:
        return is_due(now, self.due, max(self.of.interval, self.pause))


class Sampler:
    """The targets of all sources. ``turn`` again and again; or ``run`` in a thread until ``is_over`` is set.

    One for all of them: a fleet may have a rule, and so a source, for each rack.
    """

    def __init__(
        self,
        sources: Sequence[tuple[LiveSource, int]],
        clock: Clock,
        put: Callable[[Reading], None],
        is_over: threading.Event,
    ) -> None:
        """``sources``: each with its interval in microseconds."""
        self._clock = clock
        self._put = put
        self._is_over = is_over
        self._sources = [_Source(source, interval) for source, interval in sources]
        self._asked = [asked for source in self._sources for asked in source.asked]
        self._busy: list[_Asked] = []
        self._idle: list[Worker[Sequence[Reading]]] = []
        self._newest = 0
        """The latest time that the clock has shown since it was set."""
        self.missed = 0
        """Beats at which a target was not asked, because its last answer or its turn came too late."""

    def scrapes(self) -> Iterator[tuple[str, Scrape]]:
        """(target, how its last question went), of those that have been asked. For other threads, too."""
        now = self._clock.now()
        for asked in self._asked:
            if not asked.asked_at:
                continue
            running = (now - asked.asked_at) / SECOND if asked.worker is not None else 0.0
            answers = asked.failing_since is None and not asked.said_hangs
            yield str(asked.target).partition("=")[2], Scrape(seconds=max(asked.seconds, running), success=answers)

    def run(self) -> None:
        while not self._is_over.is_set():
            self.turn()
            self._is_over.wait(_NAP)

    def turn(self) -> None:
        """Takes the answers that have come, asks those that are due, who wait longest first."""
        for asked in list(self._busy):
            self._take(asked, self._clock.now())
        self._see_who_is_open()
        now = self._clock.now()
        self._see_clock(now)
        due = [asked for asked in self._asked if asked.worker is None and asked.is_due(now)]
        for source in dict.fromkeys(asked.of for asked in due):
            if not source.busy and not source.is_fresh and all(each.failing_since is not None for each in source.asked):
                self._open(source)
        free = AT_ONCE - sum(0 <= now - asked.asked_at < PATIENT for asked in self._busy)
        ready = [asked for asked in due if not asked.of.is_opening]
        for asked in sorted(ready, key=_due)[: max(0, free)]:
            self._ask(asked)

    @property
    def under_way(self) -> int:
        """How many questions run, and how many sources are being opened."""
        return len(self._busy) + sum(source.is_opening for source in self._sources)

    def _see_clock(self, now: int) -> None:
        if self._newest - now >= SET_BACK:
            log.warning(
                "the clock was set back by %.0f s: readings keep to the time that was reached until it has caught up;"
                " those more than an hour ahead of it are refused (future_time)",
                (self._newest - now) / SECOND,
            )
            self._newest = now
        self._newest = max(self._newest, now)

    def _ask(self, asked: _Asked) -> None:
        now, source = self._clock.now(), asked.of
        if asked.due and asked.failing_since is None:
            self.missed += max(0, now - asked.due) // source.interval
        # On the beat of the interval, so that all GPUs and machines are read at the same times.
        asked.due = (now // source.interval + 1) * source.interval
        asked.asked_at = now
        # As many threads as there are questions: a fleet has thousands of targets, few of which hang.
        asked.worker = self._idle.pop() if self._idle else Worker()
        asked.worker.give(partial(_timed, asked, now))
        source.is_fresh = False
        source.busy += 1
        self._busy.append(asked)

    def _take(self, asked: _Asked, now: int) -> None:
        assert asked.worker is not None
        try:
            readings = asked.worker.take()
        except Unavailable as error:
            self._is_done(asked)
            self._failed(asked, error, now)
            return
        if readings is not None:
            self._is_done(asked)
            self._answered(asked, now)
            for reading in readings:
                self._put(reading)
        elif now - asked.asked_at >= HANGS and not asked.said_hangs:
            asked.said_hangs = True
            log.warning(
                "%s has not answered for %.0f s: it may hang; the others go on",
                *(asked.target, (now - asked.asked_at) / SECOND),
            )

    def _is_done(self, asked: _Asked) -> None:
        assert asked.worker is not None
        self._idle.append(asked.worker)
        asked.worker = None
        asked.of.busy -= 1
        self._busy.remove(asked)

    def _answered(self, asked: _Asked, now: int) -> None:
        if asked.failing_since is not None:
            log.info("%s answers again after %.1f s", asked.target, (now - asked.failing_since) / SECOND)
        elif asked.said_hangs:
            log.info("%s answers again: it took %.1f s", asked.target, (now - asked.asked_at) / SECOND)
        asked.failing_since, asked.pause, asked.said_hangs = None, 0, False
        if not asked.is_known:
            asked.is_known = True
            for line in asked.of.source.about(asked.target.name):
                log.info("%s", line)

    def _failed(self, asked: _Asked, error: Unavailable, now: int) -> None:
        if asked.failing_since is None:
            asked.failing_since = now
            log.warning("%s; tried again until it does, the others go on", error)
        asked.pause = min(2 * asked.pause or FIRST_PAUSE, LONGEST_PAUSE)
        asked.due = now + asked.pause

    def _open(self, source: _Source) -> None:
        """What all its targets share, anew, in a thread: a driver may hang here, too."""
        if source.is_opening:
            return
        if source.opener is None:
            source.opener = Worker()
        source.opener.give(partial(_opened, source.source))

    def _see_who_is_open(self) -> None:
        for source in self._sources:
            if source.opener is not None and source.opener.take():
                source.is_fresh = True


def _opened(source: LiveSource) -> bool:
    try:
        source.restart()
    except (Unavailable, Misconfigured) as error:
        # Each target says so itself, once.
        log.debug("%s cannot be opened anew: %s", source.name, error)
    return True


def _timed(asked: _Asked, now: int) -> Sequence[Reading]:
    begin = time.monotonic()
    try:
        return asked.target.poll(now)
    finally:
        asked.seconds = time.monotonic() - begin


def _due(asked: _Asked) -> int:
    return asked.due
