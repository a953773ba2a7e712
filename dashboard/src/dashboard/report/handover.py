"""Hands the pages of days and weeks that are over to the alert engine, which sends them to people: each once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, Protocol

from dashboard.report.period import Period
from dashboard.report.shelf import Shelf, ended_lately
from dashboard.report.tables import ALL, SUMMARY
from dashboard.stores.away import Missing
from dashboard.stores.outgoing_postgres import ReportKind
from telemetry.clock import Clock
from telemetry.timestamp import EPOCH

logger = logging.getLogger(__name__)


class Outgoing(Protocol):
    """Where they are left; see ``OutgoingReports``."""

    def kinds(self) -> set[str]: ...

    def known(self, periods: Collection[str]) -> set[str]: ...

    def put(self, kind: ReportKind, period: str, title: str, html: str | None) -> None: ...


class Pages(Protocol):
    """The lake; see ``Documents``."""

    def shelf(self) -> Shelf: ...

    def html(self, period: Period) -> bytes | None: ...


class SummaryRows(Protocol):
    """The reading side of the tables; see ``HdfsReports``."""

    def rows(self, name: str, day: date) -> list[dict[str, Any]]: ...


class Handover:
    """Nothing is remembered here: what is over and reported, and not in PostgreSQL yet, is handed over."""

    def __init__(self, pages: Pages, reports: SummaryRows, outgoing: Outgoing, zone: str, clock: Clock) -> None:
        """``zone``: whose days they are."""
        self._pages = pages
        self._reports = reports
        self._outgoing = outgoing
        self._zone = zone
        self._clock = clock

    def step(self, make: Callable[[Period], None]) -> None:
        """``make`` keeps a page in the lake, or cannot. Raises Unavailable while one of the two stores is away."""
        kinds = self._outgoing.kinds()
        if not kinds:
            return
        shelf, now = self._pages.shelf(), EPOCH + timedelta(microseconds=self._clock.now())
        over = [each for each in ended_lately(now, self._zone) if shelf.is_over(each, self._zone)]
        wanted = [each for each in over if kind_of(each) in kinds]
        known = self._outgoing.known([each.name for each in wanted]) if wanted else set()
        for period in wanted:
            if period.name not in known:
                self._hand_over(period, shelf, make)

    def _hand_over(self, period: Period, shelf: Shelf, make: Callable[[Period], None]) -> None:
        title = f"GPU report, {period.title}"
        gpus = self._gpus(period, shelf)
        if not gpus:
            return  # nobody has sent anything, so there is no page
        if all(row["demo"] for row in gpus):
            # Of the demonstration nobody is told, as with alerts.
            self._outgoing.put(kind_of(period), period.name, title, None)
            logger.info("report=%s is of the demonstration alone: sent to nobody", period.name)
            return
        if not shelf.is_made(period):
            make(period)
            shelf = self._pages.shelf()
        html = self._pages.html(period) if shelf.is_made(period) else None
        if html is not None:
            self._outgoing.put(kind_of(period), period.name, title, html.decode())
            logger.info("report=%s handed over to be sent", period.name)

    def _gpus(self, period: Period, shelf: Shelf) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for day in period.days:
            if day in shelf.tables:
                with suppress(Missing):
                    found += [row for row in self._reports.rows(SUMMARY, day) if row["gpu"] != ALL]
        return found


def kind_of(period: Period) -> ReportKind:
    return "daily" if period.is_day else "weekly"
