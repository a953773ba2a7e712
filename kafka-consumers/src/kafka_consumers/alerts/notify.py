"""Tells people: decides each second what is new (stages.py) and hands each contact its messages.

A thread of its own, and one for each contact that is being told: whoever is slow or away holds up neither the judging
nor the others. What was told is written down after it got through; until then it is decided, and tried, again.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter
from threading import Event, Thread
from typing import NamedTuple

from kafka_consumers.alerts.actions import Actions
from kafka_consumers.alerts.channels import Channel
from kafka_consumers.alerts.ledger import Ledger
from kafka_consumers.alerts.notice import Message, Told
from kafka_consumers.alerts.policy import Policy
from kafka_consumers.alerts.retry import Retries, attempt
from kafka_consumers.alerts.stages import decide
from kafka_consumers.waiting import Server
from telemetry.clock import Clock
from telemetry.errors import Unavailable
from telemetry.timestamp import SECOND

logger = logging.getLogger(__name__)

_EVERY_SECONDS = 1.0
_REST_SECONDS = 1.0
"""Between two decisions, however many alerts change: each looks at all that are open, and the judging must not wait."""
_MOST_HELD = 60 * SECOND


class Delivery(NamedTuple):
    """A message, what its contact knows once it was taken, and how it went."""

    message: Message
    told: Told | None
    ok: bool
    detail: str


class Notifier:
    """``is_current``: whether the alerts are as of now. While they are not, a backlog is being judged: alerts of hours
    ago open and end within a second, and nobody is told of them, for a minute at most."""

    def __init__(
        self,
        policy: Policy,
        channels: Mapping[str, Channel],
        actions: Actions,
        ledger: Ledger,
        clock: Clock,
        is_current: Callable[[], bool],
    ) -> None:
        self._policy = policy
        self._channels = channels
        self._actions = actions
        self._ledger = ledger
        self._clock = clock
        self._is_current = is_current
        self._held_since: int | None = None
        self._busy: set[str] = set()
        self._retries = Retries()
        self._done: queue.SimpleQueue[tuple[str, list[Delivery]]] = queue.SimpleQueue()
        self._unwritten: list[tuple[str, list[Delivery]]] = []
        self._began = False
        self._wake = Event()
        self._stop = Event()

    def start(self) -> None:
        """Where there is nobody to tell and nothing to run, there is nothing to do."""
        if self._channels or self._actions:
            Thread(target=self._run, name="notifier", daemon=True).start()

    def wake(self) -> None:
        """Alerts have changed."""
        self._wake.set()

    def close(self) -> None:
        """Messages that are under way may still arrive; those that were not written down are sent again."""
        self._stop.set()
        self._wake.set()

    def _run(self) -> None:
        postgres = Server("postgres", self._clock, self._stop)
        decided = -_REST_SECONDS
        while not self._stop.is_set():
            rests = max(0.0, decided + _REST_SECONDS - time.monotonic())
            self._wake.wait(rests or _EVERY_SECONDS)
            self._wake.clear()
            try:
                if time.monotonic() < decided + _REST_SECONDS:
                    # What was taken is noted at once: a kill would have it sent again.
                    self._write_down()
                else:
                    decided = time.monotonic()
                    self.step()
                postgres.answered()
            except Unavailable as error:
                postgres.pause(error)
            except Exception:
                # A fault of ours must not leave everybody untold for ever.
                logger.exception("fault in telling people")
                self._stop.wait(_EVERY_SECONDS)
        self._ledger.close()

    def step(self) -> None:
        """One decision. Raises Unavailable while PostgreSQL is away."""
        if not self._began:
            self._ledger.forget_strangers(self._channels)
            self._ledger.interrupt()
            self._began = True
        self._write_down()
        now = self._clock.now()
        if self._is_held(now):
            return
        situation = self._ledger.situation(now, now - self._policy.most_messages_within)
        flow = decide(situation, self._policy)
        sending = {(message.contact, message.group) for message in flow.messages}
        for (contact, group), before in situation.told.items():
            if (contact, group) not in sending and flow.told.get((contact, group)) != before:
                self._ledger.note_told(contact, group, flow.told.get((contact, group)))
        for contact, messages in groupby(flow.messages, key=attrgetter("contact")):
            if contact not in self._busy and self._retries.may_try(contact, now):
                self._busy.add(contact)
                of_contact = [(each, flow.told.get((contact, each.group))) for each in messages]
                Thread(target=self._deliver, args=(contact, of_contact), name=f"to-{contact}", daemon=True).start()
        self._actions.step(situation, self._policy, self._ledger)

    def _is_held(self, now: int) -> bool:
        if self._is_current():
            self._held_since = None
            return False
        if self._held_since is None:
            self._held_since = now
        return now - self._held_since < _MOST_HELD

    def _deliver(self, contact: str, messages: Sequence[tuple[Message, Told | None]]) -> None:
        done = []
        for message, told in messages:
            detail = attempt(contact, partial(self._channels[contact].deliver, message))
            done.append(Delivery(message, told, not detail, detail))
            if detail:
                break  # the others would fare no better; they are decided again
        self._done.put((contact, done))
        self._wake.set()

    def _write_down(self) -> None:
        while not self._done.empty():
            self._unwritten.append(self._done.get())
        while self._unwritten:
            contact, deliveries = self._unwritten[0]
            while deliveries:
                each, now = deliveries[0], self._clock.now()
                self._ledger.log(each.message, each.told, now, each.detail, ok=each.ok)
                self._remember(contact, each, now)
                del deliveries[0]
            del self._unwritten[0]
            self._busy.discard(contact)

    def _remember(self, contact: str, delivery: Delivery, now: int) -> None:
        count = len(delivery.message.firing) + len(delivery.message.resolved)
        if delivery.ok:
            self._retries.taken(contact)
            logger.info("told contact=%s why=%s alerts=%d", contact, delivery.message.why, count)
            return
        failures, pause = self._retries.failed(contact, now)
        logger.warning(
            "not_told contact=%s alerts=%d attempts=%d error=%s: tried again in %d s",
            contact,
            count,
            failures,
            delivery.detail,
            pause // SECOND,
        )
