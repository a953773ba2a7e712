"""Sends the reports that the console has put into PostgreSQL: each day and each week once to each of its contacts.

A thread of its own with ways of its own, so that no alert waits for a report. Who has a report is written down after it
got through; one that was under way when the engine was killed may come twice.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Literal, NamedTuple

from kafka_consumers.alerts.channels import Channel
from kafka_consumers.alerts.report_queue import ReportQueue, WaitingReport
from kafka_consumers.alerts.retry import Retries, attempt
from kafka_consumers.waiting import Server
from telemetry.clock import Clock
from telemetry.errors import Unavailable
from telemetry.timestamp import SECOND

logger = logging.getLogger(__name__)

KEPT = 3 * 86_400 * SECOND
"""Who could not be reached for so long gets the next one."""
_EVERY_SECONDS = 5.0


class Attempt(NamedTuple):
    """A report was taken to a contact; ``detail``: what went wrong, empty where it was taken."""

    report: WaitingReport
    contact: str
    detail: str


def lacking(report: WaitingReport, contacts: Sequence[str]) -> list[str]:
    """Those of ``contacts`` that do not have it, in their order, each once."""
    return [contact for contact in dict.fromkeys(contacts) if contact not in report.told]


def end_of(report: WaitingReport, contacts: Sequence[str], now: int) -> Literal["sent", "dropped"] | None:
    """What has become of it by ``now``; None: it waits on."""
    if not lacking(report, contacts):
        return "sent" if report.told else "dropped"
    return "dropped" if now - report.at > KEPT else None


class Postman:
    """``contacts``: kind of report -> who gets it; ``channels`` has the way of each of them."""

    def __init__(
        self, contacts: Mapping[str, Sequence[str]], channels: Mapping[str, Channel], queue: ReportQueue, clock: Clock
    ) -> None:
        self._contacts = contacts
        self._channels = channels
        self._queue = queue
        self._clock = clock
        self._retries = Retries()
        self._unwritten: list[Attempt] = []
        self._began = False
        self._stop = Event()

    def start(self) -> None:
        Thread(target=self._run, name="postman", daemon=True).start()

    def wake(self) -> None:
        """Alerts have changed: nothing to a report."""

    def close(self) -> None:
        """A report that is under way may still arrive; if it is not written down it is sent again."""
        self._stop.set()

    def _run(self) -> None:
        postgres = Server("postgres", self._clock, self._stop)
        while not self._stop.is_set():
            try:
                self.step()
                postgres.answered()
            except Unavailable as error:
                postgres.pause(error)
                continue
            except Exception:
                # A fault of ours must not keep everybody's reports for ever.
                logger.exception("fault in sending reports")
            if self._began and not any(self._contacts.values()):
                break  # nothing comes in any more
            self._stop.wait(_EVERY_SECONDS)
        self._queue.close()

    def step(self) -> None:
        """One round. Raises Unavailable while PostgreSQL is away."""
        if not self._began:
            self._queue.ask_for([kind for kind, contacts in self._contacts.items() if contacts])
        self._write_down()
        for report in self._queue.waiting():
            contacts = self._contacts.get(report.kind, ())
            ended = end_of(report, contacts, self._clock.now())
            if ended is not None:
                self._end(report, ended, lacking(report, contacts))
                continue
            ready = [each for each in lacking(report, contacts) if self._retries.may_try(each, self._clock.now())]
            if ready:
                self._send(report, ready)
        self._began = True

    def _send(self, report: WaitingReport, contacts: Collection[str]) -> None:
        with tempfile.TemporaryDirectory(prefix="gpustream-report-") as folder:
            # A mail has the file attached, by its name.
            document = Path(folder) / f"report-{report.period}.html"
            document.write_text(self._queue.page(report), encoding="utf-8")
            for contact in contacts:
                detail = attempt(contact, partial(self._channels[contact].report, report.title, document))
                self._unwritten.append(Attempt(report, contact, detail))
                self._remember(report, contact, detail)
                self._write_down()

    def _write_down(self) -> None:
        while self._unwritten:
            each = self._unwritten[0]
            self._queue.log(each.report, each.contact, self._clock.now(), each.detail, ok=not each.detail)
            del self._unwritten[0]

    def _remember(self, report: WaitingReport, contact: str, detail: str) -> None:
        if not detail:
            self._retries.taken(contact)
            logger.info("told contact=%s why=report kind=%s period=%s", contact, report.kind, report.period)
            return
        failures, pause = self._retries.failed(contact, self._clock.now())
        logger.warning(
            "not_told contact=%s why=report kind=%s period=%s attempts=%d error=%s: tried again in %d s",
            *(contact, report.kind, report.period, failures, detail, pause // SECOND),
        )

    def _end(self, report: WaitingReport, state: Literal["sent", "dropped"], without: Sequence[str]) -> None:
        self._queue.close_report(report, state)
        if without:
            logger.warning("given_up kind=%s period=%s contacts=%s", report.kind, report.period, ",".join(without))
